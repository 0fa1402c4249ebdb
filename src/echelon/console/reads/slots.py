"""The slots: the work trees of items in flight, as git sees them now, and which of them write the same files.

Only this list runs git. What it found is kept for a moment; while one request looks again, the others get what is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from echelon.console.answers import Answer
from echelon.console.reads.mission import todo_of
from echelon.console.reads.source import Mirror, view
from echelon.core.documents.render import one_line
from echelon.core.model import Mission
from echelon.errors import EchelonError
from echelon.ports import Slot
from echelon.slots.overlap import Overlaps, find_overlaps
from echelon.slots.repository import BRANCH_PREFIX, Repository

SLOTS_MAX = 200
COMMITS_MAX = 50
PATHS_MAX = 50
KEPT_SECONDS = 5.0


class CommitRow(Answer):
    id: str
    subject: str
    at: str


class OverlapRow(Answer):
    """Another slot that changes the same files; `conflicts`: git could not merge them."""

    slot: str
    paths: list[str]
    conflicts: bool


class SlotRow(Answer):
    """`state`: the mission's phase, parked, or orphan for a slot without a mission. `missing`: its directory is gone.

    `dirty`: files differ from its newest commit. `looked` is false where git was not asked, or could not say.
    `since`: when its attempt began, "" for an orphan.
    """

    id: str
    key: str
    title: str
    branch: str
    path: str
    state: str
    attempt: int
    since: str
    missing: bool
    looked: bool
    dirty: bool
    ahead: int
    commits: list[CommitRow]
    done: int
    total: int
    conflicts: list[str]
    overlaps: list[OverlapRow]


class SlotsAnswer(Answer):
    """`trouble`: why git could not be asked, "" mostly."""

    slots: list[SlotRow]
    left_out: int
    trouble: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at the open slots gave."""

    open: Mapping[str, Slot] = field(default_factory=dict[str, Slot])
    tips: Mapping[str, str] = field(default_factory=dict[str, str])
    overlaps: Overlaps | None = None
    commits: Mapping[str, tuple[CommitRow, ...]] = field(default_factory=dict[str, tuple[CommitRow, ...]])
    trouble: str = ""


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    seen: _Seen | None = None
    asked: frozenset[str] = frozenset()  # slots that were in flight when it was looked


_kept: dict[str, _Kept] = {}
_kept_lock = threading.Lock()


def slots(mirror: Mirror) -> SlotsAnswer:
    """Every item in flight outside of the person's folder, and slots that were left over."""
    world = view(mirror).world
    rows = [row for row in world.missions if not row.in_place]
    seen = _look(mirror, frozenset(row.slot for row in rows))
    known = {row.slot for row in rows}
    found = [_of_mission(mirror, row, seen) for row in rows[:SLOTS_MAX]]
    # what was looked at may have been closed since
    found += [_orphan(slot) for slot in seen.open.values() if slot.id not in known and Path(slot.path).is_dir()]
    return SlotsAnswer(slots=found[:SLOTS_MAX], left_out=max(0, len(rows) - SLOTS_MAX), trouble=seen.trouble)


def forget(mirror: Mirror) -> None:
    """Let the next question look again: something was started or ended."""
    with _kept_lock:
        _kept.pop(str(mirror.workspace.root), None)


def _look(mirror: Mirror, wanted: frozenset[str]) -> _Seen:
    """What is known of these slots: not older than KEPT_SECONDS, or of before somebody began to look again."""
    with _kept_lock:
        kept = _kept.setdefault(str(mirror.workspace.root), _Kept())
    seen = kept.seen
    serves = seen is not None and wanted == kept.asked
    if seen is not None and serves and time.monotonic() < kept.until:
        return seen
    if not kept.lock.acquire(blocking=not serves):
        return seen or _Seen()
    try:
        if kept.seen is seen:  # else somebody looked while we waited
            kept.seen, kept.asked = _looked(mirror), wanted
            kept.until = time.monotonic() + KEPT_SECONDS
        return kept.seen or _Seen()
    finally:
        kept.lock.release()


def _looked(mirror: Mirror) -> _Seen:
    if not (mirror.workspace.state / "slots").is_dir():
        return _Seen()
    try:
        repository, rooms = mirror.workspace.repository, mirror.engine.work.slots
        opened = {slot.id: slot for slot in rooms.open_slots()}
        tips = rooms.branches()
        overlaps = find_overlaps(repository, rooms, repository.head(mirror.workspace.branch))
        commits = {name: _commits(repository, slot.base, tips[name]) for name, slot in opened.items() if name in tips}
    except (EchelonError, OSError) as error:
        return _Seen(trouble=one_line(str(error)))
    return _Seen(opened, tips, overlaps, commits)


def _commits(repository: Repository, base: str, tip: str) -> tuple[CommitRow, ...]:
    """From the slot's start to its newest commit, the newest first; remembered, for ids never change."""

    def ask() -> tuple[CommitRow, ...]:
        shape = "--format=tformat:%H%x00%ct%x00%s"
        answer = repository.git("log", "-z", shape, f"--max-count={COMMITS_MAX}", f"{base}..{tip}")
        groups = zip(*[iter(answer.fields())] * 3, strict=True)
        return tuple(
            CommitRow(id=commit, subject=one_line(subject, 200), at=_time(seconds))
            for commit, seconds, subject in groups
        )

    return () if base == tip else repository.reader.memory.get(("slot commits", base, tip), ask)


def _time(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _of_mission(mirror: Mirror, mission: Mission, seen: _Seen) -> SlotRow:
    world = view(mirror).world
    project = world.portfolio.project(mission.scope)
    slot, tip = seen.open.get(mission.slot), seen.tips.get(mission.slot, "")
    work = next((row for row in seen.overlaps.works if row.slot == mission.slot), None) if seen.overlaps else None
    held = todo_of(mirror, world, mission)
    commits = seen.commits.get(mission.slot, ())
    return SlotRow(
        id=mission.slot,
        key=mission.item,
        title=one_line(mission.title or mission.definition.title),
        branch=BRANCH_PREFIX + mission.slot,
        path=one_line(slot.path, 1_000) if slot else "",
        state="parked" if project and not project.running else mission.phase,
        attempt=mission.attempt,
        since=mission.started,
        missing=not seen.trouble and slot is None,
        looked=work is not None,
        dirty=bool(work and work.commit and work.commit != tip),
        ahead=len(commits),
        commits=list(commits),
        done=len(held.tasks) - len(held.open),
        total=len(held.tasks),
        conflicts=[one_line(path) for path in mission.conflicts[:PATHS_MAX]],
        overlaps=_overlaps(mission.slot, seen.overlaps),
    )


def _overlaps(slot: str, found: Overlaps | None) -> list[OverlapRow]:
    return [
        OverlapRow(
            slot=row.second if row.first == slot else row.first,
            paths=[one_line(path) for path in (row.conflicts or row.paths)[:PATHS_MAX]],
            conflicts=bool(row.conflicts),
        )
        for row in (found.meetings if found else ())
        if slot in (row.first, row.second)
    ]


def _orphan(slot: Slot) -> SlotRow:
    return SlotRow(
        id=slot.id, key="", title="", branch=slot.branch, path=one_line(slot.path, 1_000), state="orphan", attempt=0,
        since="", missing=False, looked=False, dirty=False, ahead=0, commits=[], done=0, total=0, conflicts=[], overlaps=[],
    )  # fmt: skip
