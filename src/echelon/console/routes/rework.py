"""Comments on the work in a slot, sent back to whoever works there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from echelon.console import rework
from echelon.console.answers import Denial, Done, Given
from echelon.console.mirror import Mirror
from echelon.console.rework import LineComment
from echelon.console.routes.given import DeskOf, MirrorOf, TokenOf
from echelon.console.routes.level import changed, require_person
from echelon.core.decide import Refusal
from echelon.core.levels.rework import REMARKS_MAX

router = APIRouter(prefix="/api")
Text = Annotated[str, Field(max_length=20_000)]


class Rework(Given):
    """What has to change: comments on lines, new or removed ones, and a note about the whole."""

    comments: Annotated[list[LineComment], Field(default_factory=list, max_length=REMARKS_MAX)]
    note: Text = ""


@router.post("/slots/{slot}/comments")
async def comments(slot: str, desk: DeskOf, mirror: MirrorOf, token: TokenOf, body: Rework) -> Done:
    """End the attempt by the person's word; the next one begins with what they said, in the same slot.

    `data.told` says whether the session that works on it heard it too: `how`, `session`, `why`.
    """
    require_person(desk, token, rework.ACTION)
    done = await changed(desk, mirror, lambda: _sent(mirror, slot, body))
    return await rework.tell(desk.hosting, mirror.workspace.root, done)


def _sent(mirror: Mirror, slot: str, body: Rework) -> Done:
    answer = rework.comments(mirror, slot, body.comments, body.note)
    if isinstance(answer, Refusal):
        raise Denial(answer)
    return Done(message=answer.message, data=dict(answer.data))
