"""What the upper levels do by themselves in a delivery: close what is complete, start what may start. No model decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from echelon.core.decide import Decision
from echelon.core.documents.grammar import State
from echelon.core.levels import capacity, decide
from echelon.core.model import World
from echelon.core.portfolio import Program
from echelon.core.requests import MoveProgram, MoveProject
from echelon.engine.engine import Engine

MOVES_MAX = 10_000  # in one round: more than a portfolio has levels to move

Move = MoveProject | MoveProgram


@dataclass(frozen=True, slots=True)
class Moved:
    key: str
    text: str


def advance(engine: Engine, *, parallel: bool) -> Iterator[Moved]:
    """Move projects and programs until nothing moves any more. `parallel` counts where the portfolio allows it."""
    for _ in range(MOVES_MAX):
        world = engine.world()
        moved = None
        for move in _moves(world, parallel):
            # Pure first: most moves are not due, and asking would take the lock each time.
            if isinstance(decide(world, move, engine.workspace.clock.now()), Decision):
                moved = engine.ask(move)
                break
        if not isinstance(moved, Decision):
            return
        key = str(moved.data.get("project") or moved.data.get("program") or "")
        yield Moved(key, moved.message.split("\n", 1)[0])


def _moves(world: World, parallel: bool) -> Iterator[Move]:
    """What could be due, the ends before the starts."""
    portfolio = world.portfolio
    if portfolio.depth == "project":
        return
    several = portfolio.settings.parallel if portfolio.depth == "enterprise" else parallel
    active = [row for row in portfolio.programs if row.state is State.ACTIVE and row.document is not None]
    yield from _ends(active)
    if not several:
        yield from (MoveProgram("start"),) if portfolio.depth == "enterprise" else ()
        yield from (MoveProject("start", None, program.key) for program in active)
    if several or _idle(world):  # in sequence, what waits for a person does not stop the others
        waiting = [row.key for row in portfolio.programs if row.state is State.PENDING and row.entry]
        yield from (MoveProgram("start", key, parallel=True) for key in waiting)
        for program in active:
            names = [row.id for row in program.projects if row.state is State.PENDING]
            yield from (MoveProject("start", name, program.key, parallel=True) for name in names)


def _ends(active: list[Program]) -> Iterator[Move]:
    for program in active:
        done = [row for row in program.projects if row.running and row.complete]
        yield from (MoveProject("close", row.id, program.key) for row in done)
        if program.entry is not None and program.complete:
            yield MoveProgram("close", program.key)


def _idle(world: World) -> bool:
    """Whether nothing is in flight, and nothing could start, in the projects that run."""
    rows = [row for row in world.portfolio.projects() if row.running]
    return not any(row.active_items or capacity.ready(world, row) for row in rows)
