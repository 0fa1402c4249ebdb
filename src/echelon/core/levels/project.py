"""The project level: which item runs, and how it starts, closes, fails, is suspended and resumed.

One transition table (core/states.py), and one function for each request that may change an item's state. What
happens inside an item in flight is the mission level's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from echelon.core import briefing, eligibility, evidence, states
from echelon.core.codes import CODES
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.documents import criteria, entries, grammar, render, sections, spec, todo
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import State
from echelon.core.model import (
    ACTIVE,
    ATTEMPTS,
    BACKLOG,
    CONTEXT,
    MISSIONS,
    PROJECT,
    SPEC,
    TODO,
    Attempt,
    BaseFacts,
    Mission,
    Reason,
    World,
    with_mission,
    without_mission,
    write_missions,
)
from echelon.core.requests import FailItem, Merged, ResumeItem, StartItem, SuspendItem


def held_items(world: World) -> dict[str, str]:
    """Item -> id of the pending escalation that speaks of it (its context begins with the item's id)."""
    held: dict[str, str] = {}
    for entry in world.escalations:
        if entry.pending and (item := escalated_item(entry.context)):
            held[item] = entry.id
    return held


def escalated_item(context: str) -> str:
    first = context.lstrip("> ").split(" ", 1)[0].rstrip(":,—")
    return first if grammar.ITEM_ID.fullmatch(first) else ""


# ----------------------------------------------------------------------------------------------------- start


def start(world: World, request: StartItem, now: str) -> Decision | Refusal:
    backlog = world.backlog
    if backlog is None or world.spec is None:
        missing = [f"{path} is missing" for path, known in ((SPEC, world.spec), (BACKLOG, backlog)) if known is None]
        return refuse("MODE_INACTIVE", *missing, prefix="BLOCKED")
    running = [entry for entry in backlog.entries if entry.state is State.ACTIVE]
    if running:
        return refuse("ITEM_IN_PROGRESS", *(f"{entry.id} — {entry.title}" for entry in running), prefix="BLOCKED")
    chosen = _choose(world, backlog, request)
    if isinstance(chosen, Refusal):
        return replace(chosen, prefix="BLOCKED")
    entry, definition = chosen
    return _started(world, backlog, entry, definition, request.base, now)


def _choose(world: World, backlog: EntriesDocument, request: StartItem) -> tuple[Entry, evidence.Definition] | Refusal:
    held = held_items(world)
    if request.item is not None:
        entry = backlog.find(request.item)
        if entry is None:
            return refuse("ITEM_UNKNOWN", f"the backlog has no item {request.item[:40]}")
        allowed = states.step(entry.id, entry.state, "start")
        if isinstance(allowed, Refusal):
            return allowed
        obstacles = eligibility.obstacles_of(entry, backlog, world.external, held)
        bound = bind(world, backlog, entry, request.base)
        reasons = [row.message for row in obstacles] + (list(bound.reasons) if isinstance(bound, Refusal) else [])
        if reasons:
            code = obstacles[0].code if obstacles else bound.code if isinstance(bound, Refusal) else ""
            return refuse(code if len(reasons) == 1 else "ITEM_NOT_ELIGIBLE", *reasons)
        return (entry, bound) if not isinstance(bound, Refusal) else bound
    eligible, obstacles = eligibility.select(backlog, world.external, held)
    unbound: list[Refusal] = []
    for entry in eligible:
        bound = bind(world, backlog, entry, request.base)
        if not isinstance(bound, Refusal):
            return entry, bound
        unbound.append(bound)
    reasons = [reason for refusal in unbound for reason in refusal.reasons]
    reasons = list(dict.fromkeys([*reasons, *eligibility.explain(obstacles, backlog)]))
    # What stands in the way of the first item that could start otherwise is the next step of all.
    step = unbound[0].step if unbound else CODES[obstacles[0].code].next_step if obstacles else ""
    return _nothing(backlog, reasons, step)


def _nothing(backlog: EntriesDocument, reasons: list[str], step: str) -> Refusal:
    """ "Complete" is said only when every item is delivered (peer-levels.md W8), and none is lost to a bad header."""
    lost = [finding.message for finding in backlog.findings if finding.code == "HEADER_ALMOST"]
    if lost:
        reasons, step = [*lost, *reasons], CODES["HEADER_ALMOST"].next_step
    elif backlog.entries and all(entry.state is State.DELIVERED for entry in backlog.entries):
        return refuse("BACKLOG_COMPLETE")
    elif not backlog.entries:
        return refuse(
            "NOTHING_ELIGIBLE",
            "the backlog has no items",
            next_step="write one: `### B001 — title`, see docs/FORMAT.md",
        )
    rest = [
        f"{entry.id} is {entry.state.value}"
        + ("; backlog_resume_item brings it back" if entry.state is State.SUSPENDED else "")
        for entry in backlog.entries
        if entry.state in (State.FAILED, State.SUSPENDED)
    ]
    shown = (*reasons[: eligibility.SHOWN_MAX], *rest[: eligibility.SHOWN_MAX])
    return refuse("NOTHING_ELIGIBLE", *shown, next_step=step)


def bind(world: World, backlog: EntriesDocument, entry: Entry, base: BaseFacts) -> evidence.Definition | Refusal:
    """The definition an item starts with: from the base commit where state is tracked, else as it stands now."""
    here = define(backlog, world.spec, entry.id, "start")
    if isinstance(here, Refusal):
        return here
    problems = evidence.missing_proof(here, world.config.policy)
    if problems:
        return refuse(problems[0].code, *(f"{entry.id}: {problem.message}" for problem in problems))
    if base.backlog is None:
        return here
    there = define(*_committed(base.backlog, base.spec or ""), entry.id, "base")
    if isinstance(there, Refusal) or there.digest != here.digest:
        detail = "is not in" if isinstance(there, Refusal) else "says something else in"
        return refuse("DEFINITION_NOT_COMMITTED", f"{entry.id} {detail} the committed backlog or spec")
    return there


@lru_cache(maxsize=2)
def _committed(backlog: str, rules: str) -> tuple[EntriesDocument, spec.Spec]:
    """What the base commit says, parsed once: it is asked for every eligible item, and again for the next start."""
    return entries.parse(backlog), spec.parse(rules)


def define(backlog: EntriesDocument, held: spec.Spec | None, item: str, source: str) -> evidence.Definition | Refusal:
    entry = backlog.find(item)
    if entry is None:
        return refuse("ITEM_UNKNOWN", f"the backlog has no item {item}")
    start_at, end = backlog.span(item)
    found, findings = criteria.read(backlog.text, start_at, end, item)
    errors = [row.message for row in (*findings, *(held.findings if held else ())) if row.severity == "error"]
    if errors:
        return refuse("ENTRY_BROKEN", *(f"{item}: {message}" for message in errors))
    return evidence.definition(
        item, entry.title, found, held.done if held else (), "base" if source == "base" else "start"
    )


def _started(
    world: World, backlog: EntriesDocument, entry: Entry, definition: evidence.Definition, base: BaseFacts, now: str
) -> Decision:
    number = briefing.next_attempt(world, entry.id)
    flipped = entries.set_state(backlog, entry.id, State.ACTIVE)
    running = Mission(
        entry.id, number, "working", entry.id, base.commit, world.spec_digest, definition, now, base.in_place
    )
    language = world.language
    active = render.active_item(entry.id, entry.title, flipped.section(entry.id), now, world.spec_digest, language)
    files = briefing.files(world, flipped, running, active)
    writes: dict[str, str | None] = {
        BACKLOG: flipped.text,
        ACTIVE: active,
        MISSIONS: write_missions(with_mission(world.missions, running)),
    }
    writes[PROJECT] = journal(world, "item_started", f"{entry.id} — {entry.title} ({running.name})", now, writes)
    if base.in_place:
        writes.update({path: files[path] for path in (CONTEXT, TODO)})
        writes.update(briefing.set_aside(world, now))
    opening = (
        () if base.in_place else (Effect("open_slot", {"slot": running.slot, "base": base.commit, "files": files}),)
    )
    prompt = briefing.prompt(world, flipped, running)
    message = f"STARTED {entry.id} — {entry.title}\n---\n{prompt}"
    data = {"item": entry.id, "title": entry.title, "mission": running.name, "prompt": prompt}
    return Decision(writes, message, opening, data, flipped)


# ------------------------------------------------------------------------------------------------------- ends


_InFlight = tuple[EntriesDocument, Entry, Mission | None]


def in_flight(world: World, item: str | None, asked: str) -> _InFlight | Refusal:
    """The item that a request without an id means, checked against the transition table."""
    if world.backlog is None:
        return refuse("MODE_INACTIVE", f"{BACKLOG} is missing")
    running = [entry for entry in world.backlog.entries if entry.state is State.ACTIVE]
    if item is None and not running:
        return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
    entry = running[0] if item is None else world.backlog.find(item)
    if entry is None:
        return refuse("ITEM_UNKNOWN", f"the backlog has no item {(item or '')[:40]}")
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
    line = render.summary(todo.parse(request.todo or "").record, world.language)
    french = world.language == "fr"
    label = "Compte-rendu : " if french else "Completion record: "
    absent = "absent (avertissement B2)." if french else "absent (warning B2)."
    tail = f"commit {request.commit[:12]}" if request.commit else "in place"
    ending = _Ending(
        State.DELIVERED,
        "delivered",
        "item_delivered",
        f"{entry.id} — {entry.title}, {tail}. {label}{line or absent}",
        (f"{label}{line}",) if line else (),
        f"CLOSED {entry.id} — {entry.title}: merged and [x].",
        request.commit,
        request.tokens,
        request.cost,
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


def resume(world: World, request: ResumeItem, now: str) -> Decision | Refusal:
    if world.backlog is None:
        return refuse("MODE_INACTIVE", f"{BACKLOG} is missing")
    entry = world.backlog.find(request.item)
    if entry is None:
        return refuse("ITEM_UNKNOWN", f"the backlog has no item {request.item[:40]}")
    allowed = states.step(entry.id, entry.state, "resume")
    if isinstance(allowed, Refusal):
        return allowed
    waiting = held_items(world).get(entry.id)
    if waiting:
        return refuse("ESCALATION_PENDING", f"{entry.id} waits for a decision on {waiting}")
    writes: dict[str, str | None] = {BACKLOG: entries.set_state(world.backlog, entry.id, State.PENDING).text}
    writes[PROJECT] = journal(world, "item_resumed", f"{entry.id} — {entry.title}", now, writes)
    return Decision(
        writes, f"RESUMED {entry.id} — {entry.title}: it is [ ] again and can start.", data={"item": entry.id}
    )


def _end(world: World, found: _InFlight, ending: _Ending, now: str) -> Decision:
    """What every end of an item shares: marker, archive, context, journal, attempt, mission, slot."""
    backlog, entry, running = found
    flipped = entries.set_state(backlog, entry.id, ending.state)
    active = world.texts.get(ACTIVE) or f"# {entry.id} — {entry.title}\n\n{backlog.section(entry.id)}\n"
    name = f".opencode/archive/backlog-items/{render.stamp(now)}-{entry.id}-{ending.state.value}.md"
    writes: dict[str, str | None] = {BACKLOG: flipped.text, ACTIVE: None}
    writes[name] = render.archive(active, ending.lines, world.language)
    if running and running.in_place:
        writes.update(_cleared_context(world))
    writes[PROJECT] = journal(world, ending.kind, ending.entry, now, writes)
    writes[MISSIONS] = write_missions(without_mission(world.missions, entry.id))
    if running:
        writes[ATTEMPTS] = world.text(ATTEMPTS) + _ended(running, ending, now).as_line()
    slot = running.slot if running and not running.in_place else ""
    closing = {"slot": slot, "delivered": ending.state is State.DELIVERED}
    effects = (Effect("close_slot", closing),) if slot else ()
    return Decision(writes, ending.message, effects, {"item": entry.id, "state": ending.state.value}, flipped)


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
    )


def _cleared_context(world: World) -> dict[str, str | None]:
    """The contract leaves context.md byte for byte; a file that held nothing else was ours and goes (W47)."""
    context = world.texts.get(CONTEXT)
    if context is None:
        return {}
    rest = sections.eject_block(context)
    return {CONTEXT: rest or None} if rest != context else {}


def journal(world: World, kind: str, message: str, now: str, writes: dict[str, str | None]) -> str:
    """project.md with one more entry, rotated when it has to be; the archive goes into the same transaction."""
    line = sections.journal_line(now, kind, message, world.language)
    text = sections.append_journal(world.text(PROJECT), line, "Project", world.language)
    rotation = sections.rotate_journal(text, PROJECT)
    if rotation.archive:
        writes[sections.archive_name(PROJECT, now)] = rotation.archive
    return rotation.text
