"""One stream of events for all workspaces: typed, numbered, with what was missed."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from echelon.console.answers import Denial
from echelon.console.routes.given import DeskOf
from echelon.core.decide import refuse

router = APIRouter(prefix="/api")


async def _room(desk: DeskOf) -> None:
    if desk.hub.full:
        raise Denial(refuse("TOO_MANY_STREAMS"), 429)


@router.get("/events", response_class=EventSourceResponse, dependencies=[Depends(_room)])
async def events(
    desk: DeskOf, last_event_id: Annotated[str, Header(max_length=100)] = ""
) -> AsyncIterable[ServerSentEvent]:
    """`hello` first; then `state`, `session`, `text`, `message`, `pending`, `progress`, `workspaces`, or `reset`."""
    yield ServerSentEvent(event="hello", data={"revisions": {key: row.revision for key, row in desk.mirrors.items()}})
    async for event in desk.hub.listen(last_event_id):
        yield ServerSentEvent(event=event.kind, data=dict(event.data), id=event.id or None)
