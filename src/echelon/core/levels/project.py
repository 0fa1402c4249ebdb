"""The project level: which item starts, and how items are resumed, reopened and waived. How they end: ending.py.

One transition table (core/states.py), and one function for each request that may change an item's state. What
happens inside an item in flight is the mission level's.
"""

from __future__ import annotations

from dataclasses import replace

from echelon.core import briefing, eligibility, evidence, states
from echelon.core.codes import CODES
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.documents import entries, render, waiver
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import State
from echelon.core.levels import capacity, journals
from echelon.core.levels.binding import bind
from echelon.core.levels.holding import answered, held_items
from echelon.core.levels.journals import Writes
from echelon.core.model import ACTIVE, CONTEXT, TODO, BaseFacts, Mission, World, with_mission
from echelon.core.portfolio import item_key, slot_of
from echelon.core.requests import ReopenItem, ResumeItem, StartItem, WaiveItem

CLOSE_FIRST = "close what is in flight; then the next may start"

# ----------------------------------------------------------------------------------------------------- start


def start(world: World, request: StartItem, now: str) -> Decision | Refusal:
    backlog = world.backlog
    if world.project.refused:
        return refuse("STORAGE_PATH_INVALID", world.project.refused, prefix="BLOCKED")
    if backlog is None or world.spec is None:
        known = ((world.files.spec, world.spec), (world.files.backlog, backlog))
        missing = [f"{path} is missing" for path, found in known if found is None]
        return refuse("MODE_INACTIVE", *missing, prefix="BLOCKED")
    closed = not_open(world) or _no_room(world, backlog, request)
    if closed is not None:
        return replace(closed, prefix="BLOCKED")
    chosen = _choose(world, backlog, request)
    if isinstance(chosen, Refusal):
        return replace(chosen, prefix="BLOCKED")
    entry, definition = chosen
    return _started(world, backlog, entry, definition, request, now)


def not_open(world: World) -> Refusal | None:
    """Why nothing may be decided in the project in front: its files, or its place in the portfolio."""
    project = world.project
    paths = (world.files.spec, world.files.backlog, world.files.journal)
    said = [f"{path}: {world.diverged[path]}" for path in paths if path in world.diverged]
    if said:
        return refuse("COPIES_DIVERGED", *said)
    if not project.running:
        above = world.portfolio.program(project.program)
        state = f"{world.scope} is {project.state.value}"
        upper = f", {above.key} is {above.state.value}" if above and above.key else ""
        return refuse("PROJECT_NOT_ACTIVE", state + upper)
    return None


def _no_room(world: World, backlog: EntriesDocument, request: StartItem) -> Refusal | None:
    """One item at a time, or as many as the budget and the caller's limit allow; all reasons against it at once."""
    portfolio = world.portfolio
    running = [entry for entry in backlog.entries if entry.state is State.ACTIVE]
    if not request.parallel:
        elsewhere = [name for name in _in_flight(world) if world.scope and not name.startswith(f"{world.scope}/")]
        if running or elsewhere:
            return refuse("ITEM_IN_PROGRESS", *(f"{entry.id} — {entry.title}" for entry in running), *elsewhere)
    elif not portfolio.parallel:
        return refuse("PARALLELISM_OFF")
    reasons = []
    if portfolio.depth == "enterprise" and portfolio.used >= portfolio.settings.budget:
        names = ", ".join(_in_flight(world))
        reasons.append(f"{portfolio.used} of {portfolio.settings.budget} slots of the portfolio are taken: {names}")
    if request.limit and len(running) >= request.limit:
        names = ", ".join(entry.id for entry in running[: eligibility.SHOWN_MAX])
        reasons.append(f"{len(running)} of {request.limit} slots of {world.files.backlog} are taken: {names}")
    # who asks may have been called anew and know nothing of what was started before (the session or the brain ended)
    return refuse("CAPACITY_REACHED", *reasons, next_step=CLOSE_FIRST if running else "") if reasons else None


def _in_flight(world: World) -> list[str]:
    """Keys of the items in flight in running projects."""
    rows = [
        item_key(row.key, entry.id) for row in world.portfolio.projects() if row.running for entry in row.active_items
    ]
    return rows[: eligibility.SHOWN_MAX]


def _choose(world: World, backlog: EntriesDocument, request: StartItem) -> tuple[Entry, evidence.Definition] | Refusal:
    held = held_items(world)
    if request.item is not None:
        return _named(world, backlog, request.item, request.base, held)
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
    return _nothing(world, backlog, reasons, step)


def _nothing(world: World, backlog: EntriesDocument, reasons: list[str], step: str) -> Refusal:
    """ "Complete" is said only when every item is delivered (peer-levels.md W8), and none is lost to a bad header."""
    lost = [finding.message for finding in backlog.findings if finding.code == "HEADER_ALMOST"]
    if lost:
        reasons, step = [*lost, *reasons], CODES["HEADER_ALMOST"].next_step
    elif backlog.entries and all(entry.settled for entry in backlog.entries):
        return refuse("BACKLOG_COMPLETE")
    elif not backlog.entries:
        return refuse(
            "NOTHING_ELIGIBLE",
            "the backlog has no items",
            next_step="write one: `### B001 — title`, see docs/FORMAT.md",
        )
    rest, first = _under_way(world, backlog)
    shown = (*reasons[: eligibility.SHOWN_MAX], *rest[: eligibility.SHOWN_MAX])
    return refuse("NOTHING_ELIGIBLE", *shown, next_step=first or step)


def _under_way(world: World, backlog: EntriesDocument) -> tuple[list[str], str]:
    """What was started and is not delivered: of a suspended item what it waits for, a decision or a word.

    With what can be done about it first: an answer that came, what is in flight, a decision; "" for none of these.
    """
    pending, decided = held_items(world), answered(world)
    rows: list[str] = []
    for entry in backlog.entries:
        if entry.state is State.SUSPENDED and entry.id in pending:
            rows.append(f"{entry.id} is suspended and waits for a decision on {pending[entry.id]}")
        elif entry.state is State.SUSPENDED:
            why = f"; {decided[entry.id].id} is decided" if entry.id in decided else ""
            rows.append(f"{entry.id} is suspended{why}; backlog_resume_item brings it back")
        elif entry.state is State.ACTIVE:
            rows.append(f"{entry.id} is in flight")
        elif entry.state is State.FAILED and not entry.settled:
            rows.append(f"{entry.id} is failed")
    if decided:
        return rows, f"backlog_resume_item brings back {', '.join(decided)}, unless the decision says otherwise"
    if any(entry.state is State.ACTIVE for entry in backlog.entries):
        return rows, CLOSE_FIRST
    stopped = any(entry.state is State.SUSPENDED and entry.id in pending for entry in backlog.entries)
    return rows, CODES["ESCALATION_PENDING"].next_step if stopped else ""


def _named(
    world: World, backlog: EntriesDocument, item: str, base: BaseFacts, held: dict[str, str]
) -> tuple[Entry, evidence.Definition] | Refusal:
    entry = find(world, item)
    if isinstance(entry, Refusal):
        return entry
    allowed = states.step(entry.id, entry.state, "start")
    if isinstance(allowed, Refusal):
        return allowed
    obstacles = eligibility.obstacles_of(entry, backlog, world.external, held)
    bound = bind(world, backlog, entry, base)
    reasons = [row.message for row in obstacles] + (list(bound.reasons) if isinstance(bound, Refusal) else [])
    if reasons:
        code = obstacles[0].code if obstacles else bound.code if isinstance(bound, Refusal) else ""
        return refuse(code if len(reasons) == 1 else "ITEM_NOT_ELIGIBLE", *reasons)
    return (entry, bound) if not isinstance(bound, Refusal) else bound


def find(world: World, item: str) -> Entry | Refusal:
    """The entry of an item of the project in front, by id or key."""
    if world.backlog is None:
        return refuse("MODE_INACTIVE", f"{world.files.backlog} is missing")
    entry = world.find(item)
    return entry or refuse("ITEM_UNKNOWN", f"the backlog has no item {item[:60]}")


def _started(
    world: World, backlog: EntriesDocument, entry: Entry, definition: evidence.Definition, request: StartItem, now: str
) -> Decision:
    base, key = request.base, world.key(entry.id)
    flipped = entries.set_state(backlog, entry.id, State.ACTIVE)
    running = Mission(
        key, briefing.next_attempt(world, key), "working", slot_of(key), base.commit, world.spec_digest, definition, now,
        base.in_place, title=entry.title,
    )  # fmt: skip
    files = briefing.files(world, flipped, running)
    writes: Writes = {
        world.files.backlog: flipped.text,
        **world.recorded(with_mission(world.missions, running), capacity.waited(world)),
    }
    if world.files.in_front and not request.parallel:
        writes[ACTIVE] = files[ACTIVE]
    said = f"{entry.id} — {entry.title} ({running.name})"
    journals.add(writes, world, world.files.journal, "item_started", said, now, world.language)
    if base.in_place:
        writes.update({path: files[path] for path in (CONTEXT, TODO)})
        writes.update(briefing.set_aside(world, now))
    opening = (
        () if base.in_place else (Effect("open_slot", {"slot": running.slot, "base": base.commit, "files": files}),)
    )
    prompt = briefing.prompt(world, flipped, running)
    place = f" in slot {running.slot}" if request.parallel else ""
    message = f"STARTED {entry.id} — {entry.title}{place}\n---\n{prompt}"
    data = {"item": key, "title": entry.title, "mission": running.name, "slot": running.slot, "prompt": prompt}
    return Decision(writes, message, opening, data, flipped)


# --------------------------------------------------------------------------------------------- back to pending


def resume(world: World, request: ResumeItem, now: str) -> Decision | Refusal:
    entry = find(world, request.item)
    if isinstance(entry, Refusal):
        return entry
    waiting = held_items(world).get(entry.id)
    if entry.state is State.SUSPENDED and waiting:
        return refuse("ESCALATION_PENDING", f"{entry.id} waits for a decision on {waiting}")
    message = f"RESUMED {entry.id} — {entry.title}: it is [ ] again and can start."
    return _flip(world, entry, "resume", "item_resumed", "", message, now)


def reopen(world: World, request: ReopenItem, now: str) -> Decision | Refusal:
    entry = find(world, request.item)
    if isinstance(entry, Refusal):
        return entry
    if not render.one_line(request.reason):
        return refuse("ARGUMENT_MISSING", "say why it is worth another try: reason")
    message = f"REOPENED {entry.id} — {entry.title}: it is [ ] again and can start."
    return _flip(world, entry, "reopen", "item_reopened", render.one_line(request.reason), message, now)


def waive(world: World, request: WaiveItem, now: str) -> Decision | Refusal:
    """A person goes on without a failed item: what waits for it may start, and its project may close."""
    entry = find(world, request.item)
    if isinstance(entry, Refusal):
        return entry
    allowed = states.step(entry.id, entry.state, "waive")
    if isinstance(allowed, Refusal):
        return allowed
    reason = render.one_line(request.reason)
    if not reason or entry.waived or world.backlog is None:
        return refuse("ARGUMENT_MISSING", f"{entry.id} is waived already" if entry.waived else "say why: reason")
    edited = entries.waive(world.backlog, entry.id, f"{reason} ({now[:10]})")
    writes: Writes = {world.files.backlog: edited.text}
    journals.add(writes, world, world.files.journal, "item_waived", f"{entry.id} — {reason}", now, world.language)
    return Decision(writes, f"WAIVED {entry.id}: the others go on without it.", data={"item": world.key(entry.id)})


def _flip(world: World, entry: Entry, asked: str, kind: str, reason: str, message: str, now: str) -> Decision | Refusal:
    allowed = states.step(entry.id, entry.state, asked)
    if isinstance(allowed, Refusal):
        return allowed
    assert world.backlog is not None, "find() has looked"
    before = waiver.without(world.backlog, entry.id) if asked == "reopen" else world.backlog
    writes: Writes = {world.files.backlog: entries.set_state(before, entry.id, allowed).text}
    said = f"{entry.id} — {reason or entry.title}"
    journals.add(writes, world, world.files.journal, kind, said, now, world.language)
    return Decision(writes, message, data={"item": world.key(entry.id)})
