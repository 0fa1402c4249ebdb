"""How an item in flight ends: merged, failed or suspended. Marker, archive, journal, record and slot in one decision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from echelon.core import briefing, records, states
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.documents import entries, render, sections, todo
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import State
from echelon.core.documents.record import Record
from echelon.core.levels import journals
from echelon.core.levels.journals import Writes
from echelon.core.model import (
    ACTIVE,
    ATTEMPTS,
    CONTEXT,
    Attempt,
    Mission,
    Reason,
    World,
    without_mission,
)
from echelon.core.requests import FailItem, Merged, SuspendItem

InFlight = tuple[EntriesDocument, Entry, Mission | None]


def in_flight(world: World, item: str | None, asked: str) -> InFlight | Refusal:
    """The item that a request without an id means, checked against the transition table."""
    if world.backlog is None:
        return refuse("MODE_INACTIVE", f"{world.files.backlog} is missing")
    running = [entry for entry in world.backlog.entries if entry.state is State.ACTIVE]
    if item is None and not running:
        return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
    if item is None and len(running) > 1:
        return refuse("ITEM_AMBIGUOUS", *(f"{entry.id} — {entry.title}" for entry in running))
    entry = running[0] if item is None else world.find(item)
    if entry is None:
        return refuse("ITEM_UNKNOWN", f"the backlog has no item {(item or '')[:60]}")
    allowed = states.step(entry.id, entry.state, asked)
    return allowed if isinstance(allowed, Refusal) else (world.backlog, entry, world.mission(entry.id))


@dataclass(frozen=True, slots=True)
class _Ending:
    """What is particular to one way in which an item ends. `lines` go below the archived active file."""

    state: State
    reason: Reason
    kind: str  # of the journal entry
    entry: str
    lines: tuple[str, ...]
    message: str
    commit: str = ""
    tokens: int = 0
    cost: float = 0.0
    record: Record | None = None
    warnings: tuple[str, ...] = ()


def merged(world: World, request: Merged, now: str) -> Decision | Refusal:
    """The base branch holds the candidate: everything that says so is written in one transaction."""
    found = in_flight(world, request.item, "close")
    if isinstance(found, Refusal):
        return found
    _, entry, running = found
    if running is None:
        return refuse("NOTHING_IN_PROGRESS", f"no mission runs for {entry.id}")
    if (running.phase, "merged") not in states.MISSION or request.commit != running.candidate:
        return refuse(
            "NOT_PROVED", f"{running.name} is {running.phase}: no evidence lets {request.commit[:12]} close it"
        )
    held = todo.parse(request.todo or "")
    kept = records.kept(held.record)
    line = render.summary(kept, world.language)
    warned = records.warnings(held.oddities, world.language)
    french = world.language == "fr"
    label = "Compte-rendu : " if french else "Completion record: "
    absent = "absent (avertissement B2)." if french else "absent (warning B2)."
    tail = f"commit {request.commit[:12]}" if request.commit else "in place"
    ending = _Ending(
        State.DELIVERED,
        "delivered",
        "item_delivered",
        f"{entry.id} — {entry.title}, {tail}. {label}{line or absent}",
        (f"{label}{line}", *records.lines(kept, world.language)) if kept else (),
        "\n".join((f"CLOSED {entry.id} — {entry.title}: merged and [x].", *warned)),
        request.commit,
        request.tokens,
        request.cost,
        kept,
        warned,
    )
    return _end(world, found, ending, now)


def fail(world: World, request: FailItem, now: str) -> Decision | Refusal:
    found = in_flight(world, request.item, "fail")
    if isinstance(found, Refusal):
        return found
    if not render.one_line(request.reason):
        return refuse("ARGUMENT_MISSING", "say why the item failed: reason")
    item, reason = found[1].id, render.one_line(request.reason)
    label = "Motif d'échec :" if world.language == "fr" else "Reason of failure:"
    message = f"FAILED {item}: {reason}. Its work is kept under refs/orchestrator/rescue."
    ending = _Ending(State.FAILED, "failed", "item_failed", f"{item} — {reason}", (f"{label} {reason}",), message)
    return _end(world, found, ending, now)


def suspend(world: World, request: SuspendItem, now: str) -> Decision | Refusal:
    found = in_flight(world, request.item, "suspend")
    if isinstance(found, Refusal):
        return found
    if not render.one_line(request.reason):
        return refuse("ARGUMENT_MISSING", "say why the item is suspended: reason")
    item, reason = found[1].id, render.one_line(request.reason)
    label = "Motif de suspension :" if world.language == "fr" else "Reason of suspension:"
    message = f"SUSPENDED {item}: {reason}. backlog_resume_item {item} brings it back; its work is kept."
    lines = (f"{label} {reason}",)
    ending = _Ending(State.SUSPENDED, request.because, "item_suspended", f"{item} — {reason}", lines, message)
    return _end(world, found, ending, now)


def _end(world: World, found: InFlight, ending: _Ending, now: str) -> Decision:
    """What every end of an item shares: marker, archive, context, journal, attempt, mission, slot."""
    backlog, entry, running = found
    flipped = entries.set_state(backlog, entry.id, ending.state)
    writes: Writes = {world.files.backlog: flipped.text, **_archived(world, found, ending, now)}
    if running and running.in_place:
        writes.update(_cleared_context(world))
    journals.add(writes, world, world.files.journal, ending.kind, ending.entry, now, world.language)
    writes.update(world.recorded(without_mission(world.missions, world.key(entry.id))))
    if running:
        writes[ATTEMPTS] = world.text(ATTEMPTS) + _ended(running, ending, now).as_line()
    slot = running.slot if running and not running.in_place else ""
    closing = {"slot": slot, "delivered": ending.state is State.DELIVERED}
    effects = (Effect("close_slot", closing),) if slot else ()
    data: dict[str, Any] = {"item": world.key(entry.id), "state": ending.state.value}
    if ending.state is State.DELIVERED:
        data["warnings"] = list(ending.warnings)
    return Decision(writes, ending.message, effects, data, flipped)


def _archived(world: World, found: InFlight, ending: _Ending, now: str) -> Writes:
    """The active file with how it ended; the one that lies in front goes when it is this item's."""
    backlog, entry, running = found
    here = world.texts.get(ACTIVE)
    own = here is not None and world.files.in_front and is_active_file(here, entry.id)
    text = here if own else briefing.active_file(world, backlog, running) if running else None
    active = text or f"# {entry.id} — {entry.title}\n\n{backlog.section(entry.id)}\n"
    prefix = f"{world.scope.replace('/', '-')}-" if world.scope else ""
    name = f".opencode/archive/backlog-items/{render.stamp(now)}-{prefix}{entry.id}-{ending.state.value}.md"
    gone: Writes = {ACTIVE: None} if own else {}
    return {name: render.archive(active, ending.lines, world.language), **gone}


def is_active_file(text: str, item: str) -> bool:
    """Whether this text of backlog-item-active.md is about the item: its title says so."""
    title = text.lstrip("\ufeff \r\n").split("\n", 1)[0]
    return re.search(rf"\b{re.escape(item)}\b", title) is not None


def _ended(running: Mission, ending: _Ending, now: str) -> Attempt:
    delivered = ending.state is State.DELIVERED
    return Attempt(
        running.item,
        running.attempt,
        ending.reason,
        render.one_line(ending.entry),
        running.started,
        now,
        ending.tokens,
        ending.cost,
        running.coverage if delivered else "",
        len(running.definition.checks) if delivered else 0,
        ending.commit,
        running.in_place,
        running.evidence if delivered else "",
        record=ending.record,
    )


def _cleared_context(world: World) -> dict[str, str | None]:
    """The contract leaves context.md byte for byte; a file that held nothing else was ours and goes (W47)."""
    context = world.texts.get(CONTEXT)
    if context is None:
        return {}
    rest = sections.eject_block(context)
    return {CONTEXT: rest or None} if rest != context else {}
