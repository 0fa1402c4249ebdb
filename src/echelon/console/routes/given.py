"""What routes are given: the desk, the workspace that is asked about, the caller's token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from echelon.console.answers import Denial
from echelon.console.desk import Desk
from echelon.console.mirror import Mirror
from echelon.core.decide import refuse

ID_CHARS_MAX = 200


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]


def _token(request: Request) -> str:
    return str(request.scope.get("echelon.token", ""))


TokenOf = Annotated[str, Depends(_token)]


def mirror_of(desk: Desk, workspace: str) -> Mirror:
    """The workspace of this id, the first when none is named. Nothing but attached workspaces can be named."""
    if not workspace and desk.mirrors:
        return next(iter(desk.mirrors.values()))
    found = desk.mirrors.get(workspace)
    if found is None:
        raise Denial(refuse("WORKSPACE_UNKNOWN", "no workspace of this name is attached"), 403)
    return found


def _mirror(desk: DeskOf, response: Response, workspace: Annotated[str, Query(max_length=ID_CHARS_MAX)] = "") -> Mirror:
    """The header says which reading of which workspace an answer was made from: the page tells by it what is old."""
    mirror = mirror_of(desk, workspace)
    response.headers["x-revision"] = f"{mirror.id} {mirror.known}"
    return mirror


MirrorOf = Annotated[Mirror, Depends(_mirror)]
