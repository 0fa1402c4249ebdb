"""A plan becomes the files of a project: looked at, decided and written under one lock, as one operation that undo takes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.model import World
from echelon.core.planning import checking, placing
from echelon.core.planning.model import Draft, Gap
from echelon.core.planning.placing import Place
from echelon.engine.engine import Engine
from echelon.engine.world import decode

GAPS_SHOWN_MAX = 200
Placed = Callable[[Gap], str]  # a gap as a line that says where it is


def place(engine: Engine, target: str, scope: str | None = None) -> Place | Refusal:
    """Where a plan would go, refused when a backlog stands there: nobody is asked questions in vain."""
    broken = engine.workspace.configured.errors
    if broken:
        return refuse("CONFIG_INVALID", *broken)
    found = placing.find(engine.world().portfolio, target, scope)
    if isinstance(found, Refusal):
        return found
    return placing.taken(found, _held(engine, found.paths)) or found


def gaps(engine: Engine, draft: Draft, where: Place) -> tuple[Gap, ...]:
    """Every gap of the answers as things stand; writes nothing."""
    plan, found = checking.check(draft, engine.workspace.config.policy)
    if plan is None:
        return found
    return placing.outside(engine.world(), plan, where, _held(engine, map(placing.beside, plan.outside)))


def write(engine: Engine, draft: Draft, where: Place, placed: Placed) -> Decision | Refusal:
    """Write the plan, or name every gap. Raises what the store raises."""
    plan, found = checking.check(draft, engine.workspace.config.policy)
    if plan is None:
        return _refused(found, placed)
    answer: Decision | Refusal | None = None

    def decided(world: World, _now: str) -> Mapping[str, str | None]:
        nonlocal answer
        held = _held(engine, (*where.paths, *map(placing.beside, plan.outside)))
        missing = placing.outside(world, plan, where, held)
        answer = _refused(missing, placed) if missing else placing.settle(world, plan, where, held)
        return answer.writes if isinstance(answer, Decision) else {}

    engine.write("plan_project", decided, "plan")
    assert answer is not None, "the plan is decided under the lock"
    return answer


def _refused(found: tuple[Gap, ...], placed: Placed) -> Refusal:
    rows = [placed(gap) for gap in found[:GAPS_SHOWN_MAX]]
    rows += [f"… and {len(found) - GAPS_SHOWN_MAX} more"] if len(found) > GAPS_SHOWN_MAX else []
    return refuse("PLAN_GAPS", *rows)


def _held(engine: Engine, paths: Iterable[str]) -> dict[str, str | None]:
    return {path: decode(engine.workspace.store.read(path).content) for path in paths}
