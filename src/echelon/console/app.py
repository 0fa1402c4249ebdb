"""The application: one guard around every route, the routes, and what every refusal looks like from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from echelon import __version__
from echelon.console import access
from echelon.console.access import BODY_BYTES_MAX, Seen
from echelon.console.answers import Denial, Refused
from echelon.console.desk import Desk
from echelon.console.routes import ROUTERS
from echelon.core.codes import CODES
from echelon.core.decide import Refusal, refuse
from echelon.engine.crashes import record
from echelon.errors import EchelonError, HostError, InputError, LimitError

REASON_CHARS_MAX = 2000


def create_app(desk: Desk) -> FastAPI:
    """The whole console. The OpenAPI document at /api/openapi.json is what the page's client is made from."""
    app = FastAPI(
        title="Echelon console", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False, responses={409: {"model": Refused}, 400: {"model": Refused}, 401: {"model": Refused}},
    )  # fmt: skip
    app.state.desk = desk
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(Denial, _denied)
    app.add_exception_handler(EchelonError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(Guard, desk=desk)
    return app


class Guard:
    """Plain ASGI, so that the stream passes it like everything else. Nothing behind it reads a body beyond the limit."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # there is none here
            return
        seen = Seen(
            scope["method"],
            scope["path"],
            tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]),
        )
        dressed = _dressed(send)
        denied = access.admit(seen, self._desk.address, self._desk.sessions.known)
        if denied is not None:
            answer = _answer(refuse(denied.code, denied.why), access.STATUS[denied.code])
            await answer(scope, receive, dressed)
            return
        scope["echelon.token"] = access.token_of(seen)
        await self._app(scope, _bounded(receive), dressed)


def _dressed(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in access.headers(access.POLICY)]
            given = list(message.get("headers", []))
            if not any(name.lower() == b"cache-control" for name, _ in given):
                own.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*given, *own]}
        await send(message)

    return sending


def _bounded(receive: Receive) -> Receive:
    """A body without a length is counted while it comes."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_BYTES_MAX:
            raise Denial(refuse("BODY_TOO_LARGE", f"a body has at most {BODY_BYTES_MAX} bytes"), 413)
        return message

    return receiving


def _answer(refusal: Refusal, status: int) -> JSONResponse:
    reasons = tuple(reason[:REASON_CHARS_MAX] for reason in refusal.reasons)
    said = Refused(code=refusal.code, reasons=reasons, next=refusal.step)
    return JSONResponse(said.model_dump(), status)


async def _denied(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Denial)
    return _answer(error.refusal, error.status)


_STATUS: Mapping[type[EchelonError], int] = {InputError: 400, HostError: 503, LimitError: 413}


async def _failed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, EchelonError)
    step = error.next_step or (CODES[error.code].next_step if error.code in CODES else "")
    said = Refused(code=error.code, reasons=(error.message[:REASON_CHARS_MAX],), next=step)
    return JSONResponse(said.model_dump(), _STATUS.get(type(error), 409))


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    reasons = [f"{'.'.join(str(part) for part in row['loc'])}: {row['msg']}" for row in error.errors()[:20]]
    return _answer(refuse("ARGUMENTS_INVALID", *reasons), 400)


async def _plain(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Denial):  # FastAPI reads the body for us and hides why it could not
        return _answer(error.__cause__.refusal, error.__cause__.status)
    if error.status_code == 400:
        return _answer(refuse("ARGUMENTS_INVALID", "the body cannot be read as JSON"), 400)
    if error.status_code == 405:
        return _answer(refuse("METHOD_NOT_ALLOWED"), 405)
    return _answer(refuse("NOT_FOUND"), error.status_code)


async def _broken(_request: Request, error: Exception) -> JSONResponse:
    """Our bug: the page is told so, the log keeps it, and everything else goes on."""
    return _answer(refuse("CONSOLE_BUG", f"{type(error).__name__}; it is recorded in {record(error)}"), 500)


def openapi() -> str:
    """The document without a running console: the page's build reads it."""
    app = FastAPI(title="Echelon console", version=__version__, openapi_url="/api/openapi.json")
    for router in ROUTERS:
        app.include_router(router)
    return json.dumps(app.openapi(), indent=1, sort_keys=True) + "\n"
