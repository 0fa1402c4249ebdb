"""The shape in which every change of files is shown: of a slot, of a merged commit, of a document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, view
from echelon.core.decide import Refusal, refuse
from echelon.core.diffs import FileDiff
from echelon.core.documents.render import one_line
from echelon.core.model import Mission
from echelon.slots.diffs import TreeDiff, difference

PROBLEMS_MAX = 50  # files of a slot that no snapshot takes


class DiffLine(Answer):
    kind: str
    old: int
    new: int
    text: str


class DiffHunk(Answer):
    header: str
    lines: list[DiffLine]


class DiffFile(Answer):
    path: str
    old_path: str
    status: str
    added: int
    removed: int
    binary: bool
    too_large: bool
    hunks: list[DiffHunk]


class Diff(Answer):
    """`left_out` says in words what changed and is not here. `base` and `head`: commits, "" where there are none."""

    files: list[DiffFile]
    left_out: list[str]
    base: str
    head: str


def shown(files: Iterable[FileDiff]) -> list[DiffFile]:
    return [DiffFile.model_validate(asdict(row)) for row in files]


def item_diff(mirror: Mirror, key: str) -> Diff | Refusal:
    """What an item changed: its merged commit, or the work in its slot. Refuses ITEM_UNKNOWN."""
    seen = view(mirror)
    if key not in seen.by_key:
        return refuse("ITEM_UNKNOWN", f"no item has the key {one_line(key, 80)}")
    mission = next((row for row in seen.world.missions if row.item == key), None)
    if mission is not None:
        return _of_mission(mirror, mission)
    closing = seen.closings.get(key)
    if closing is None or not closing.commit:
        return Diff(files=[], left_out=[], base="", head="")
    repository = mirror.workspace.repository
    commit = next(iter(repository.log_messages(closing.commit, 1)))
    base = commit.parents[0] if commit.parents else commit.id
    return _diff(difference(repository, base, commit.id), base, commit.id)


def slot_diff(mirror: Mirror, slot: str) -> Diff | Refusal:
    """The work in a slot since it left the base: committed, uncommitted and untracked, without Echelon's own files.

    Refuses SLOT_UNKNOWN. Raises: GitError, TamperError.
    """
    mission = next((row for row in view(mirror).world.missions if row.slot == slot), None)
    if mission is None:
        return refuse("SLOT_UNKNOWN", f"no item in flight has the slot {one_line(slot, 80)}")
    return _of_mission(mirror, mission)


def _of_mission(mirror: Mirror, mission: Mission) -> Diff | Refusal:
    if mission.in_place:
        return Diff(files=[], left_out=["it is worked on in place: there is no slot to compare"], base="", head="")
    engine, repository = mirror.engine, mirror.workspace.repository
    slot = next((row for row in engine.work.slots.open_slots() if row.id == mission.slot), None)
    if slot is None:
        return refuse("SLOT_UNKNOWN", f"the slot {mission.slot} is not open")
    seen = engine.work.slots.look(slot)
    head = repository.head(mirror.workspace.branch)
    # not what it was opened from: a newer base may have been brought in since
    base = repository.git("merge-base", head, seen.commit).line() if seen.commit else mission.base
    left_out = [f"{one_line(row.path)}: {row.kind.replace('_', ' ')}" for row in seen.problems[:PROBLEMS_MAX]]
    return _diff(difference(repository, base, seen.tree), base, seen.commit or "", left_out)


def _diff(found: TreeDiff, base: str, head: str, more: Iterable[str] = ()) -> Diff:
    left_out = [*more]
    if found.files_left_out:
        left_out.append(f"{found.files_left_out} further file(s)")
    large = sum(1 for row in found.files if row.too_large)
    if large:
        left_out.append(f"the lines of {large} file(s) that are too large, or no plain files")
    return Diff(files=shown(found.files), left_out=left_out, base=base, head=head)
