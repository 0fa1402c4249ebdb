"""Getting in, staying in, leaving, and the code that opens what only a person may do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from echelon.console.answers import Answer, Denial, Done, Given
from echelon.console.routes.given import DeskOf, TokenOf
from echelon.console.sessions import CONFIRMED_SECONDS, SESSION_SECONDS
from echelon.core.decide import refuse

router = APIRouter(prefix="/api")


class Secret(Given):
    secret: Annotated[str, Field(min_length=16, max_length=200)]


class Session(Answer):
    """`token` is for the header of every request; `ticket` is good for one reload. Both only in memory of the page's own."""

    token: str
    ticket: str
    expires_in: int


class Code(Given):
    code: Annotated[str, Field(min_length=1, max_length=20)]


@router.post("/session")
def enter(desk: DeskOf, body: Secret) -> Session:
    entered = desk.sessions.enter(body.secret)
    if entered is None:
        raise Denial(refuse("SECRET_INVALID"), 401)
    return Session(token=entered.token, ticket=entered.ticket, expires_in=int(SESSION_SECONDS))


@router.delete("/session")
def leave(desk: DeskOf, token: TokenOf) -> Done:
    desk.sessions.leave(token)
    return Done(message="Signed out.")


@router.post("/session/confirm")
def confirm(desk: DeskOf, token: TokenOf, body: Code) -> Done:
    if not desk.sessions.confirm(token, body.code.strip()):
        raise Denial(refuse("CODE_INVALID"))
    return Done(message="Confirmed.", data={"seconds": int(CONFIRMED_SECONDS)})
