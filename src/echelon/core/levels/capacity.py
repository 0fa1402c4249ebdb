"""How the budget is shared: from the portfolio to demands, from shares to what starts next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from echelon.core import allocation, eligibility, overlap
from echelon.core.allocation import Demand, Share
from echelon.core.decide import Refusal, refuse
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Escalation
from echelon.core.eligibility import Obstacle
from echelon.core.levels.holding import answered, held, held_items, program_held
from echelon.core.model import World
from echelon.core.portfolio import Program, Project, item_key


def selected(world: World, project: Project) -> tuple[tuple[Entry, ...], tuple[Obstacle, ...]]:
    """Items of a project that could start now if it ran, and what keeps its other pending ones; looked at once for a world."""
    if project.backlog is None:
        return (), ()
    known = world.selections
    if project.key not in known:
        view = world.at(project.key)
        known[project.key] = eligibility.select(project.backlog, view.external, held_items(view))
    return known[project.key]


def ready(world: World, project: Project) -> tuple[Entry, ...]:
    """Items of a project that could start now if it ran: nothing they wait for, nothing that holds them."""
    return () if project.refused else selected(world, project)[0]


def waits_outside(world: World) -> bool:
    """Whether the project in front can do nothing but wait for items of other projects, which are still to come."""
    rows = world.backlog.entries if world.backlog else ()
    needed = {name for row in rows if row.state is State.PENDING for name in row.depends if "/" in name}
    found = [world.external[name] for name in needed if name in world.external]
    return not answered(world) and any(row.state in (State.ACTIVE, State.PENDING) for row in found)


def _can_run(project: Project, program: Program) -> bool:
    """Whether a project runs, or could start: its own dependencies are settled."""
    if project.state is State.ACTIVE:
        return True
    if project.state is not State.PENDING or project.entry is None or program.document is None:
        return False
    waits = [program.document.find(name) for name in project.entry.depends]
    stopped = held(program.escalations, "program")
    return all(row is not None and row.settled for row in waits) and not (stopped.get(project.id) or stopped.get(""))


def demand(world: World, program: Program) -> Demand:
    """What a program could use: items in flight there, and those that could start. Blocked programs need nothing."""
    entry = program.entry
    open_ = program.state is State.ACTIVE or (program.state is State.PENDING and _startable(world, program))
    count = 0
    if open_:
        rows = [project for project in program.projects if _can_run(project, program)]
        count = sum(len(row.active_items) + len(ready(world, row)) for row in rows)
    priority, order = (entry.priority, entry.order) if entry else (1, 0)
    return Demand(program.key, priority, count, order, not open_, world.record.waited.get(program.key, 0))


def _startable(world: World, program: Program) -> bool:
    document = world.portfolio.document
    if document is None or program.entry is None or program.document is None or program.refused:
        return False
    waits = [document.find(name) for name in program.entry.depends]
    return all(row is not None and row.settled for row in waits) and not program_held(world.portfolio, program.key)


def demands(world: World) -> tuple[Demand, ...]:
    return tuple(demand(world, program) for program in world.portfolio.programs)


def shares(world: World) -> tuple[Share, ...]:
    """The share of each program now; a program that could start counts as if it had."""
    chosen = world.portfolio.settings
    return allocation.allocate(chosen.budget, chosen.strategy, demands(world))


def no_room(world: World, projects: Iterable[Project]) -> str:
    """Why the items in flight in these projects, which do not run, cannot go on now; "" when they can.

    A budget that has become smaller than what one of them holds must not lock it out for ever: alone it may go on.
    """
    kept, used = sum(len(row.active_items) for row in projects), world.portfolio.used
    budget = world.portfolio.settings.budget
    if world.portfolio.depth != "enterprise" or not kept or not used or used + kept <= budget:
        return ""
    return f"{kept} item(s) in flight would go on, and {used} of {budget} slots are taken"


def waited(world: World) -> Mapping[str, int]:
    """How long each program has waited once this round is over; a start of an item is a round."""
    if world.portfolio.depth != "enterprise":
        return world.record.waited
    return allocation.waits(world.record.waited, shares(world), demands(world))


def ranked(world: World, eligible: Sequence[Entry]) -> tuple[Entry, ...]:
    """Programs that can start, the one with the largest share first; then by priority and place in the file."""
    slots = {row.id: row.slots for row in shares(world)}
    return tuple(sorted(eligible, key=lambda entry: (-slots.get(entry.id, 0), entry.priority, entry.order)))


def next_items(world: World) -> tuple[str, ...]:
    """Keys of the items that could start now, in the order in which they should.

    First the programs that hold fewer items than their share, the emptiest in proportion first; within a program by
    priority, then the projects' and the items' places. Projects that do not run give none. Last come those that would
    write where an item in flight writes: they start when nothing else is ready.
    """
    slots = {row.id: row.slots for row in shares(world)} if world.portfolio.depth == "enterprise" else {}
    rows: list[tuple[tuple[float, ...], str, tuple[str, ...]]] = []
    for program in world.portfolio.programs:
        held_now = sum(len(row.active_items) for row in program.projects if row.running)
        share = slots.get(program.key, 1)
        over = float(held_now >= share) if slots else 0.0
        fill = held_now / share if share else float(held_now + 1)
        for project in program.projects:
            place = project.entry.order if project.entry else 0
            for entry in ready(world, project) if project.running else ():
                rank = (over, fill, entry.priority, float(place), *map(float, eligibility.rank(entry)[1:]))
                rows.append((rank, item_key(project.key, entry.id), entry.touches))
    ordered = {key: writes(world, key, declared) for _, key, declared in sorted(rows)}
    return overlap.prefer(ordered, _writing(world))


def writes(world: World, key: str, declared: tuple[str, ...]) -> tuple[str, ...]:
    """What an item is expected to write: what it declares, and what its attempts conflicted in."""
    learned = (path for attempt in world.attempts if attempt.item == key for path in attempt.files)
    return tuple(dict.fromkeys((*declared, *learned)))


def _writing(world: World) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for mission in world.missions:
        project = world.portfolio.project(mission.scope)
        entry = project.backlog.find(mission.local) if project and project.backlog and project.running else None
        if entry is not None:
            found[mission.item] = writes(world, mission.item, (*entry.touches, *mission.conflicts))
    return found


def nothing(world: World) -> Refusal:
    """Why no item of the portfolio can start, level by level; "complete" only when everything at the top is settled."""
    portfolio = world.portfolio
    top = portfolio.document or (portfolio.programs[0].document if portfolio.programs else None)
    if top is not None and top.entries and all(entry.settled for entry in top.entries):
        return refuse("ENTERPRISE_COMPLETE" if portfolio.depth == "enterprise" else "PROGRAM_COMPLETE")
    rows = [
        *_waiting("enterprise.md", portfolio.escalations),
        *(f"{path}: {why}" for path, why in world.diverged.items()),
    ]
    for program in portfolio.programs:
        rows += _idle_program(world, program)
    return refuse("NOTHING_ELIGIBLE", *rows[: eligibility.SHOWN_MAX], prefix="BLOCKED")


def _waiting(place: str, escalations: Iterable[Escalation]) -> list[str]:
    return [f"{place}: {row.id} waits for a decision" for row in escalations if row.pending]


def _standing(key: str, entry: Entry) -> str:
    waits = f" and depends on {', '.join(entry.depends)}" if entry.depends else ""
    return f"{key} is {entry.state.value}{waits}"


def _idle_program(world: World, program: Program) -> list[str]:
    if program.refused or (program.entry and program.entry.settled):
        return [program.refused] if program.refused else []
    if program.entry and program.document is None:
        return [f"{program.key}: {program.files.document} is missing"]
    rows = _waiting(program.key or program.files.document, program.escalations)
    if program.entry and program.state is not State.ACTIVE:
        return [*rows, _standing(program.key, program.entry)]
    return [*rows, *(row for project in program.projects for row in _idle_project(world, project))]


def _idle_project(world: World, project: Project) -> list[str]:
    if project.refused or (project.entry and project.entry.settled):
        return [project.refused] if project.refused else []
    if project.backlog is None or project.spec is None:
        return [f"{project.key} has no {'backlog' if project.backlog is None else 'spec'}"]
    waiting = _waiting(project.key or project.files.journal, project.escalations)
    if not project.running and project.entry:
        return [*waiting, _standing(project.key, project.entry)]
    obstacles = selected(world, project)[1]
    rest = [row for row in project.backlog.entries if row.state is not State.PENDING and not row.settled]
    rows = [*eligibility.explain(obstacles, project.backlog), *(f"{row.id} is {row.state.value}" for row in rest)]
    return [*waiting, *(f"{project.key}: {row}" for row in rows)]
