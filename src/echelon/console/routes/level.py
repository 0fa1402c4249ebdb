"""Every action of the table, with the refusals that every other door gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body
from pydantic import Field

from echelon.actions.table import ACTIONS, perform
from echelon.console import rework
from echelon.console.answers import Denial, Done, Given
from echelon.console.desk import Desk
from echelon.console.mirror import Changed, Mirror
from echelon.console.reads import operations, planning
from echelon.console.reads.operations import Undo
from echelon.console.routes.given import DeskOf, MirrorOf, TokenOf
from echelon.console.routes.reads import said
from echelon.core.decide import Refusal, refuse
from echelon.core.planning.reading import ANSWERS_CHARACTERS_MAX

router = APIRouter(prefix="/api")
T = TypeVar("T")

Arguments = Annotated[dict[str, Any], Body()]


class Planned(Given):
    """`answers`: the form of `plan_project`, as far as it is filled in."""

    answers: Annotated[str, Field(max_length=ANSWERS_CHARACTERS_MAX)]
    target_dir: Annotated[str, Field(max_length=400)] = ""


class Undoing(Given):
    """`dryRun`: say what would change, and change nothing."""

    sequence: int
    dry_run: bool = True


@router.post("/level/{action}")
async def level(action: str, desk: DeskOf, mirror: MirrorOf, token: TokenOf, arguments: Arguments) -> Done:
    """Perform an action as the person. One that is a person's alone needs the code of their terminal first."""
    row = ACTIONS.get(action)
    if row is None:
        raise Denial(refuse("ACTION_UNKNOWN", f"there is no action {action[:60]!r}"), 404)
    if row.who == "person":
        require_person(desk, token, action)
    done = await changed(desk, mirror, lambda: _performed(mirror, action, arguments))
    return await rework.tell(desk.hosting, mirror.workspace.root, done) if action == rework.ACTION else done


@router.post("/plan/look")
def look_at_plan(mirror: MirrorOf, body: Planned) -> planning.PlanLook:
    """What is missing in the answers to a plan. Changes nothing; `plan_project` writes it."""
    return said(planning.look(mirror, body.answers, body.target_dir))


@router.post("/undo")
async def undo(desk: DeskOf, mirror: MirrorOf, token: TokenOf, body: Undoing) -> Undo:
    """Undo a change of state, byte for byte. For real it is a person's."""
    if not body.dry_run:
        require_person(desk, token, "undo")
    return await changed(desk, mirror, lambda: said(operations.undo(mirror, body.sequence, body.dry_run)))


def require_person(desk: Desk, token: str, purpose: str) -> None:
    """Raises Denial NEEDS_CONFIRMATION, and shows a code where the person is, until they have typed it."""
    if desk.sessions.confirmed(token):
        return
    shown = desk.sessions.ask_code(token, purpose)
    code = "NEEDS_CONFIRMATION" if shown else "NEEDS_TERMINAL"
    raise Denial(refuse(code, f"{purpose} is a person's to decide"))


async def changed(desk: Desk, mirror: Mirror, work: Callable[[], T]) -> T:
    """Do it in a thread, and let the page see what became of the files before it reads the answer."""
    try:
        return await run_sync(work)
    finally:
        seen: Changed | None = await run_sync(mirror.refresh)
        if seen is not None:
            desk.told(mirror.id, seen)


def _performed(mirror: Mirror, action: str, arguments: dict[str, Any]) -> Done:
    answer = perform(mirror.engine, action, arguments)
    if isinstance(answer, Refusal):
        raise Denial(answer)
    return Done(message=answer.message, data=dict(answer.data))
