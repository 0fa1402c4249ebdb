"""The program level: which project runs, and each step of a project's life. It knows projects, never their items' work.

Sequential: one project at a time, with working copies in front. Parallel: several, driven where they are stored.
"""

from __future__ import annotations

from dataclasses import replace

from echelon.core import eligibility, states
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import render
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import State
from echelon.core.evidence import Problem
from echelon.core.layout import STATE
from echelon.core.levels import capacity, nodes, rollup, storage
from echelon.core.levels.holding import held, program_held
from echelon.core.levels.nodes import Node
from echelon.core.model import World
from echelon.core.portfolio import Program, Project
from echelon.core.requests import MoveProject

LISTED_MAX = 20


def move(world: World, request: MoveProject, now: str) -> Decision | Refusal:
    found = _program(world, request.program)
    if isinstance(found, Refusal):
        return found
    program, node = found
    if request.verb == "start":
        started = _start(world, program, node, request, now)
        return replace(started, prefix="BLOCKED") if isinstance(started, Refusal) else started
    entry = nodes.meant(node, request.project, request.verb)
    reason = nodes.spoken(request.verb, request.reason)
    if isinstance(entry, Refusal):
        return entry
    if isinstance(reason, Refusal):
        return reason
    project = program.find(entry.id)
    assert project is not None, "every entry of program.md is a project"
    if request.verb == "close":
        return _close(world, node, project, entry, now)
    return _change(world, node, project, entry, request.verb, reason, now)


def _program(world: World, key: str | None) -> tuple[Program, Node] | Refusal:
    """The program a request is about, which must be active; without a key the only active one."""
    rows = [row for row in world.portfolio.programs if row.document is not None]
    if key is None:
        rows = [row for row in rows if row.state is State.ACTIVE]
    else:
        rows = [row for row in rows if row.key == key]
    if not rows:
        word = f"there is no program {key[:40]}" if key else "no program is active"
        return refuse("PROGRAM_NOT_ACTIVE" if key is None else "PROGRAM_UNKNOWN", word, prefix="NO PROGRAM")
    if len(rows) > 1:
        return refuse("ITEM_AMBIGUOUS", *(f"{row.key} — {row.title}" for row in rows))
    program = rows[0]
    if program.state is not State.ACTIVE:
        return refuse("PROGRAM_NOT_ACTIVE", f"{program.key} is {program.state.value}")
    path = program.files.document
    if path in world.diverged:
        return refuse("COPIES_DIVERGED", f"{path}: {world.diverged[path]}")
    assert program.document is not None, "rows without one were left out"
    stopped = dict(held(program.escalations, "program"))
    whole = stopped.get("", "") or program_held(world.portfolio, program.key)
    return program, Node(
        "project", path, program.document, states.PROJECT, {**stopped, **({"": whole} if whole else {})}
    )


# ----------------------------------------------------------------------------------------------------- start


def _start(world: World, program: Program, node: Node, request: MoveProject, now: str) -> Decision | Refusal:
    active = [entry for entry in node.document.entries if entry.state is State.ACTIVE]
    if active and not request.parallel:
        return refuse("PROJECT_IN_PROGRESS", *(f"{entry.id} — {entry.title}" for entry in active))
    if request.parallel and request.limit and len(active) >= request.limit:
        names = ", ".join(entry.id for entry in active[: eligibility.SHOWN_MAX])
        return refuse("CAPACITY_REACHED", f"{len(active)} of {request.limit} projects are active: {names}")
    in_front = [row for row in program.projects if STATE in row.files.working]
    if request.parallel and any(row.in_place and row.scope in {one.key for one in in_front} for row in world.missions):
        return refuse("ITEM_IN_PROGRESS", "an item is worked on in place: end it first")
    chosen = _choose(world, program, node, request)
    if isinstance(chosen, Refusal):
        return chosen
    entry, project = chosen
    writes = nodes.flipped(world, node, entry, State.ACTIVE, "started", entry.title, now)
    if _laid_out(program, request):
        writes.update(storage.lay_out(world, project, now))
        storage.noted(world, writes, project=project.key)
    for row in in_front if request.parallel else ():  # with two of them active, nobody could tell whose they are
        writes.update(storage.fold_back(world, row, now))
    if request.parallel:
        storage.noted(world, writes, project="")
    data = {
        "project": project.key, "title": entry.title, "backlogPath": project.files.backlog,
        "specPath": project.files.spec, "projectFile": project.files.journal,
    }  # fmt: skip
    waiting = f" {len(project.active_items)} item(s) of it go on." if project.active_items else ""
    return Decision(writes, f"STARTED {entry.id} — {entry.title}.{waiting}", data=data)


def _choose(world: World, program: Program, node: Node, request: MoveProject) -> tuple[Entry, Project] | Refusal:
    """The first project that can start; one with missing files is told and does not stop the others (W19)."""
    laid_out = _laid_out(program, request)
    if request.project is not None:
        entry = nodes.meant(node, request.project, "start")
        if isinstance(entry, Refusal):
            return entry
        project = program.find(entry.id)
        assert project is not None, "every entry of program.md is a project"
        reasons = [*_problems(world, project, laid_out), *nodes.obstacles(node, entry)]
        return nodes.barred(reasons) if reasons else (entry, project)
    eligible, obstacles = nodes.candidates(node)
    told: list[Problem] = []
    for entry in eligible:
        project = program.find(entry.id)
        problems = _problems(world, project, laid_out) if project else []
        if project is not None and not problems:
            return entry, project
        told += problems
    return nodes.nothing(node, obstacles, told)


def _laid_out(program: Program, request: MoveProject) -> bool:
    """Whether a start puts working copies in front: where the sequential tools work on the program itself."""
    return not request.parallel and (program.entry is None or program.files.working)


def _problems(world: World, project: Project, laid_out: bool) -> list[Problem]:
    if project.refused:
        return [Problem("STORAGE_PATH_INVALID", project.refused)]
    missing = [
        path
        for path, known in ((project.files.spec, project.spec), (project.files.backlog, project.backlog))
        if known is None
    ]
    if missing:
        return [Problem("STORED_PROJECT_MISSING", f"{project.id}: {' and '.join(missing)} missing")]
    paths = [path for path in (project.files.spec, project.files.backlog) if path in world.diverged]
    if paths:
        return [Problem("COPIES_DIVERGED", f"{path}: {world.diverged[path]}") for path in paths]
    full = capacity.no_room(world, [project])
    found: list[Problem] = [Problem("CAPACITY_REACHED", f"{project.id}: {full}")] if full else []
    rows = storage.in_the_way(world, project) if laid_out else []
    return found + [Problem("WORKING_FILES_IN_THE_WAY", f"{project.id}: {row}") for row in rows]


# ------------------------------------------------------------------------------------------------------ ends


def missing_for_close(world: World, project: Project) -> tuple[str, ...]:
    """Every reason why a project is not complete; () when it is."""
    items = project.backlog.entries if project.backlog else ()
    if not items:
        return (f"{project.files.backlog} has no items",)
    rows = [f"{entry.id} is {entry.state.value}" for entry in items if not entry.settled]
    more = len(rows) - LISTED_MAX
    rows = rows[:LISTED_MAX] + ([f"… and {more} more"] if more > 0 else [])
    rows += [f"{row.id} waits for a decision" for row in project.escalations if row.pending]
    rows += [f"slot {row.slot} is open" for row in world.missions if row.scope == project.key]
    return tuple(rows)


def verify(world: World, project: Project) -> tuple[str, ...] | Refusal:
    """The same for whoever asks; only an active project is looked at."""
    allowed = states.step(project.id, project.state, "verify", states.PROJECT)
    return allowed if isinstance(allowed, Refusal) else missing_for_close(world, project)


def _close(world: World, node: Node, project: Project, entry: Entry, now: str) -> Decision | Refusal:
    reasons = missing_for_close(world, project)
    if reasons:
        return refuse("PROJECT_INCOMPLETE", *reasons)
    french = node.document.language == "fr"
    records = rollup.project_words(world, project, node.document.language)
    evidence, digest = rollup.closed(
        world, "project_closing", project.key, rollup.project_statement(world, project), now
    )
    words = (
        f"{entry.title}, {project.files.folder}/. {'Comptes-rendus : ' if french else 'Completion record: '}{records}"
    )
    writes = nodes.flipped(world, node, entry, State.DELIVERED, "delivered", words, now)
    writes.update({**storage.fold_back(world, project, now), **evidence})
    if STATE in project.files.working:
        storage.noted(world, writes, project="")
    message = f"PROJECT CLOSED {entry.id} — {entry.title}: every item is settled. Evidence sha256:{digest[:16]}."
    return Decision(writes, message, data={"project": project.key, "evidence": digest})


def _change(
    world: World, node: Node, project: Project, entry: Entry, verb: str, reason: str, now: str
) -> Decision | Refusal:
    """Fail, suspend, resume, reopen, waive. What is in flight in it stays as it is, and takes no slot meanwhile."""
    state = node.table[entry.state, verb]
    if any(row.in_place and row.scope == project.key for row in world.missions):
        return refuse("ITEM_IN_PROGRESS", f"an item of {entry.id} is worked on in place: end it first")
    writes = nodes.changed(world, node, entry, verb, reason, now)
    if isinstance(writes, Refusal):
        return writes
    if entry.state is State.ACTIVE:
        writes.update(storage.fold_back(world, project, now))
        if STATE in project.files.working:
            storage.noted(world, writes, project="")
    kept = f" {len(project.active_items)} item(s) in flight keep their slots." if project.active_items else ""
    words = render.one_line(f"PROJECT {nodes.PAST[verb].upper()} {entry.id}" + (f": {reason}" if reason else ""))
    return Decision(writes, f"{words}.{kept}", data={"project": project.key, "state": state.value})
