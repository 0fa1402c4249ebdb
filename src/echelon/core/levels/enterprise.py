"""The enterprise level: which programs run, with how many slots each, and each step of a program's life."""

from __future__ import annotations

from dataclasses import replace

from echelon.core import states
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import render, settings
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import State
from echelon.core.evidence import Problem
from echelon.core.layout import ENTERPRISE
from echelon.core.levels import capacity, journals, nodes, rollup, storage
from echelon.core.levels.holding import held
from echelon.core.levels.journals import Writes
from echelon.core.levels.nodes import Node
from echelon.core.model import World
from echelon.core.portfolio import Program, Project
from echelon.core.requests import MoveProgram, SetBudget


def move(world: World, request: MoveProgram, now: str) -> Decision | Refusal:
    document = world.portfolio.document
    if document is None:
        return refuse("PROGRAM_UNKNOWN", f"{ENTERPRISE} is missing or lists no program", prefix="NO ENTERPRISE")
    node = Node("program", ENTERPRISE, document, states.PROGRAM, held(world.portfolio.escalations, "enterprise"))
    if request.verb == "start":
        started = _start(world, node, request, now)
        return replace(started, prefix="BLOCKED") if isinstance(started, Refusal) else started
    entry = nodes.meant(node, request.program, request.verb)
    reason = nodes.spoken(request.verb, request.reason)
    if isinstance(entry, Refusal):
        return entry
    if isinstance(reason, Refusal):
        return reason
    program = world.portfolio.program(entry.id)
    assert program is not None, "every entry of enterprise.md is a program"
    if request.verb == "close":
        return _close(world, node, program, entry, now)
    return _change(world, node, program, entry, request.verb, reason, now)


# ----------------------------------------------------------------------------------------------------- start


def _start(world: World, node: Node, request: MoveProgram, now: str) -> Decision | Refusal:
    active = [entry for entry in node.document.entries if entry.state is State.ACTIVE]
    if active and not request.parallel:
        return refuse("PROGRAM_IN_PROGRESS", *(f"{entry.id} — {entry.title}" for entry in active))
    desk = [row for row in world.portfolio.programs if row.files.working]
    if request.parallel and desk and any(row.in_place for row in world.missions):
        return refuse("ITEM_IN_PROGRESS", "an item is worked on in place: end it first")
    chosen = _choose(world, node, request)
    if isinstance(chosen, Refusal):
        return chosen
    entry, program = chosen
    chosen_settings = world.portfolio.settings
    shares = capacity.shares(world)
    slots = next((row.slots for row in shares if row.id == entry.id), 0)
    listed = ", ".join(f"{row.id}={row.slots}" for row in shares)
    words = f"{entry.title}: {slots} slot(s); {chosen_settings.strategy}, budget {chosen_settings.budget} → [{listed}]"
    writes = nodes.flipped(world, node, entry, State.ACTIVE, "started", words, now)
    if not request.parallel:
        writes.update(storage.lay_out_program(world, program))
        front = _mid_flight(program)
        for project in front:
            writes.update(storage.lay_out(world, project, now))
        storage.noted(world, writes, program=program.key, project=front[0].key if front else "")
    for row in desk if request.parallel else ():  # with two of them active, nobody could tell whose they are
        writes.update(storage.fold_back_program(world, row, now))
    if request.parallel:
        storage.noted(world, writes, program="", project="")
    data = {"program": program.key, "title": entry.title, "slots": slots, "programFile": program.files.document}
    return Decision(writes, f"STARTED {entry.id} — {entry.title}: {slots} slot(s).", data=data)


def _choose(world: World, node: Node, request: MoveProgram) -> tuple[Entry, Program] | Refusal:
    """The program with the largest share among those that can start now: blocked ones take no slot (W41)."""
    if request.program is not None:
        entry = nodes.meant(node, request.program, "start")
        if isinstance(entry, Refusal):
            return entry
        program = world.portfolio.program(entry.id)
        assert program is not None, "every entry of enterprise.md is a program"
        reasons = [*_problems(world, program, request.parallel), *nodes.obstacles(node, entry)]
        return nodes.barred(reasons) if reasons else (entry, program)
    eligible, obstacles = nodes.candidates(node)
    told: list[Problem] = []
    for entry in capacity.ranked(world, eligible):
        program = world.portfolio.program(entry.id)
        problems = _problems(world, program, request.parallel) if program else []
        if program is not None and not problems:
            return entry, program
        told += problems
    return nodes.nothing(node, obstacles, told)


def _problems(world: World, program: Program, parallel: bool) -> list[Problem]:
    if program.refused:
        return [Problem("STORAGE_PATH_INVALID", program.refused)]
    if program.document is None:
        return [Problem("STORED_PROGRAM_MISSING", f"{program.key}: {program.files.document} is missing")]
    full = capacity.no_room(world, [row for row in program.projects if row.state is State.ACTIVE])
    found: list[Problem] = [Problem("CAPACITY_REACHED", f"{program.key}: {full}")] if full else []
    rows: list[str] = []
    if not parallel:
        rows = storage.program_in_the_way(world, program)
        rows += [row for project in _mid_flight(program) for row in storage.in_the_way(world, project)]
    return found + [Problem("WORKING_FILES_IN_THE_WAY", f"{program.key}: {row}") for row in rows]


def _mid_flight(program: Program) -> list[Project]:
    """The project that was worked on when the program was left: it comes back to the front with it (W16)."""
    active = [row for row in program.projects if row.state is State.ACTIVE and not row.refused]
    return active if len(active) == 1 else []


# ------------------------------------------------------------------------------------------------------ ends


def missing_for_close(program: Program) -> tuple[str, ...]:
    """Every reason why a program is not complete; () when it is."""
    rows = program.document.entries if program.document else ()
    if not rows:
        return (f"{program.files.document} lists no project",)
    waiting = [f"{row.id} waits for a decision" for row in program.escalations if row.pending]
    return (*(f"{row.id} is {row.state.value}" for row in rows if not row.settled), *waiting)


def verify(program: Program) -> tuple[str, ...] | Refusal:
    """The same for whoever asks; only an active program is looked at."""
    allowed = states.step(program.key, program.state, "verify", states.PROGRAM)
    return allowed if isinstance(allowed, Refusal) else missing_for_close(program)


def _close(world: World, node: Node, program: Program, entry: Entry, now: str) -> Decision | Refusal:
    reasons = missing_for_close(program)
    if reasons:
        return refuse("PROGRAM_INCOMPLETE", *reasons)
    records = rollup.program_words(world, program, node.document.language)
    others = [row for row in node.document.entries if row.id != entry.id]
    evidence, digest = rollup.program_closed(world, program, now, last=all(row.settled for row in others))
    french = node.document.language == "fr"
    words = f"{entry.title}. {'Comptes-rendus : ' if french else 'Completion record: '}{records}"
    writes = nodes.flipped(world, node, entry, State.DELIVERED, "delivered", words, now)
    writes.update({**storage.fold_back_program(world, program, now), **evidence})
    if program.files.working:
        storage.noted(world, writes, program="", project="")
    message = f"PROGRAM CLOSED {entry.id} — {entry.title}. Evidence sha256:{digest[:16]}."
    return Decision(writes, message, data={"program": program.key, "evidence": digest})


def _change(
    world: World, node: Node, program: Program, entry: Entry, verb: str, reason: str, now: str
) -> Decision | Refusal:
    """Fail, suspend, resume, reopen, waive. Its projects and their items stay as they are, and take no slot meanwhile."""
    state = node.table[entry.state, verb]
    writes = nodes.changed(world, node, entry, verb, reason, now)
    if isinstance(writes, Refusal):
        return writes
    if entry.state is State.ACTIVE:
        writes.update(storage.fold_back_program(world, program, now))
        if program.files.working:
            storage.noted(world, writes, program="", project="")
    kept = sum(len(row.active_items) for row in program.projects)
    tail = f" {kept} item(s) in flight keep their slots." if kept else ""
    words = render.one_line(f"PROGRAM {nodes.PAST[verb].upper()} {entry.id}" + (f": {reason}" if reason else ""))
    return Decision(writes, f"{words}.{tail}", data={"program": program.key, "state": state.value})


# -------------------------------------------------------------------------------------------------- capacity


def set_budget(world: World, request: SetBudget, now: str) -> Decision | Refusal:
    document, reason = world.portfolio.document, render.one_line(request.reason)
    if document is None:
        return refuse("PROGRAM_UNKNOWN", f"{ENTERPRISE} is missing or lists no program", prefix="NO ENTERPRISE")
    if not reason or not 1 <= request.budget <= settings.BUDGET_MAX:
        return refuse("ARGUMENT_MISSING", f"a budget from 1 to {settings.BUDGET_MAX} and a reason are needed")
    before = world.portfolio.settings.budget
    writes: Writes = {ENTERPRISE: settings.with_budget(document, request.budget)}
    said = f"{before} → {request.budget} — {reason}"
    journals.add(writes, world, ENTERPRISE, "budget_changed", said, now, document.language)
    return Decision(writes, f"BUDGET {request.budget} (was {before}).", data={"budget": request.budget})
