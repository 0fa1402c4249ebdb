"""A console in the test's own process, asked as a server would ask it: plain ASGI, no socket, no thread of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from echelon.console.app import create_app
from echelon.console.desk import Desk
from echelon.console.interface import Interface
from echelon.console.mirror import Mirror
from echelon.engine.places import Places

ADDRESS = "127.0.0.1:43210"
Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Said:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json().get("code", "")) if self.body.startswith(b"{") else ""


class Console:
    """`token` is of a session that was let in from a terminal; `codes` are what that terminal showed."""

    def __init__(self, places: Places, *roots: Path, now: list[float] | None = None) -> None:
        self.codes: list[tuple[str, str]] = []
        self.clock = now if now is not None else [1000.0]
        self.desk = Desk(ADDRESS, places, Interface(places.state / "console.sqlite"))
        self.desk.sessions.now = lambda: self.clock[0]
        for root in roots:  # as Desk.attach does, without watching the files
            mirror = Mirror(root, places)
            self.desk.mirrors[mirror.id] = mirror
        self.app: FastAPI = create_app(self.desk)
        self.token = self.enter(self.invite())["token"]

    def _shown(self, code: str, why: str) -> bool:
        self.codes.append((code, why))
        return True

    def invite(self, *, terminal: bool = True) -> str:
        return self.desk.sessions.invite(self._shown if terminal else None)

    def enter(self, secret: str) -> Any:
        said = self.ask("POST", "/api/session", {"secret": secret}, token="")
        assert said.status == 200, said.body
        return said.json()

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, headers: Pairs = ()) -> Said:
        """As the page asks: its Host, its Origin, its token, JSON."""
        given = [("host", ADDRESS), ("sec-fetch-site", "same-origin"), *headers]
        bearer = self.token if token is None else token
        given += [("authorization", f"Bearer {bearer}")] if bearer else []
        raw = b"" if body is None else json.dumps(body).encode()
        if method in ("POST", "PUT", "DELETE"):
            given += [("content-type", "application/json"), ("content-length", str(len(raw)))]
        return self.raw(method, path, given, raw)

    def get(self, path: str) -> Any:
        said = self.ask("GET", path)
        assert said.status == 200, (path, said.status, said.body[:500])
        return said.json()

    def act(self, action: str, **arguments: Any) -> Said:
        return self.ask("POST", f"/api/level/{action}", arguments)

    def confirm(self) -> None:
        """The person types the code that stands in their terminal."""
        assert self.ask("POST", "/api/session/confirm", {"code": self.codes[-1][0]}).status == 200

    def raw(self, method: str, path: str, headers: Pairs, body: bytes | list[bytes] = b"") -> Said:
        return asyncio.run(ask(self.app, method, path, headers, body))


async def ask(app: FastAPI, method: str, path: str, headers: Pairs, body: bytes | list[bytes] = b"") -> Said:
    """One request, to its end or, for a stream, to its first bytes."""
    address, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": address, "raw_path": address.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 43210),
    }  # fmt: skip
    parts = body if isinstance(body, list) else [body]
    coming = [
        {"type": "http.request", "body": part, "more_body": place + 1 < len(parts)} for place, part in enumerate(parts)
    ]
    started: dict[str, Any] = {}
    content = bytearray()
    enough = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop(0)
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            content.extend(message.get("body", b""))
            stream = (b"content-type", b"text/event-stream; charset=utf-8") in started.get("headers", [])
            if stream and content:
                enough.set()

    work = asyncio.ensure_future(app(scope, receive, send))
    waiting = asyncio.ensure_future(enough.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if enough.is_set():
        work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert started, f"{method} {path}: no answer: {work.exception()!r}"
    found = {name.decode().lower(): value.decode("latin-1") for name, value in started["headers"]}
    return Said(started["status"], found, bytes(content))
