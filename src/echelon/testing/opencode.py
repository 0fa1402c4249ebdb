"""A real OpenCode, offline, in a world of its own: for tests and trials.

    with ScriptedModel(scenario) as model, Server(World(folder, model.url), workspace) as server:
        session = server.create()
        server.prompt(session, "hello")
        server.wait_idle(session, 30)

Its home, environment and configuration are made in world.py.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from echelon.errors import HostError
from echelon.testing.events import Event, Events
from echelon.testing.world import (
    FOLDER,
    MAIN,
    OLDER,
    PASSWORD,
    World,
    binary,
    configuration,
    installed,
    missing,
    package,
    seed,
)

__all__ = [
    "FOLDER", "MAIN", "OLDER", "Event", "Server", "World", "binary", "configuration", "installed", "missing", "package", "seed",
]  # fmt: skip

START_SECONDS = 40.0
END_SECONDS = 5.0
REQUEST_SECONDS = 60.0
# A request that comes between "listening" and the first handler is never answered: ask again soon.
HEALTH_SECONDS = 0.5
POLL_SECONDS = 0.05
TAIL_BYTES = 4_000


class Server:
    """`opencode serve` in a directory: a context manager and a thin client. Errors are HostError OPENCODE_FAILED."""

    def __init__(self, world: World, directory: Path, *, start_seconds: float = START_SECONDS) -> None:
        self.world, self.directory = world, directory
        self.log = world.folder / "serve.log"
        self.port = 0
        self.events: Events
        self.process: subprocess.Popen[bytes]
        self._start_seconds = start_seconds
        self._directories: dict[str, str] = {}
        self._prompted: dict[str, int] = {}

    # ----------------------------------------------------------------------------------------- the process

    def __enter__(self) -> Self:
        self.port = _free_port()
        words = [str(self.world.binary), "serve", "--port", str(self.port), "--hostname", "127.0.0.1"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*words, "--print-logs", "--log-level", "INFO"],
                cwd=self.directory, env=self.world.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            self._wait_healthy()
            self.events = Events(self.port, _headers())
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.events.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it and what it started at once, as a crash does. A Server of the same World goes on where it was."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self) -> str:
        """The end of its log."""
        with contextlib.suppress(OSError):
            return self.log.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace")
        return ""

    def _wait_healthy(self) -> None:
        until = time.monotonic() + self._start_seconds
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _ = self.request("GET", "/global/health", seconds=HEALTH_SECONDS)
                if status == 200:
                    return
            time.sleep(POLL_SECONDS)
        ended = self.process.poll()
        how = f"did not answer in {self._start_seconds:g} s" if ended is None else f"ended with {ended} while starting"
        raise HostError("OPENCODE_FAILED", f"opencode serve {how}; its log ends:\n{self.tail()}")

    # ------------------------------------------------------------------------------------------ the client

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        *,
        seconds: float = REQUEST_SECONDS,
    ) -> tuple[int, Any]:
        """One request: (status, JSON value; None for an empty body, text for what is no JSON)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        with contextlib.closing(connection):
            target = f"{path}?{urlencode(query)}" if query else path
            content = None if body is None else json.dumps(body)
            connection.request(method, target, content, {"content-type": "application/json", **_headers()})
            response = connection.getresponse()
            answer = response.read()
            try:
                return response.status, json.loads(answer) if answer else None
            except ValueError:
                return response.status, answer.decode("utf-8", "replace")

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, None, query)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        return self._ask("POST", path, {} if body is None else body, query)

    def patch(self, path: str, body: Any, **query: Any) -> Any:
        return self._ask("PATCH", path, body, query)

    def delete(self, path: str, **query: Any) -> Any:
        return self._ask("DELETE", path, None, query)

    def _ask(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Any:
        status, value = self.request(method, path, body, query)
        if status >= 400:
            raise HostError("OPENCODE_FAILED", f"{method} {path} answered {status}: {json.dumps(value)[:500]}")
        return value

    # ---------------------------------------------------------------------------------------- the sessions

    def create(self, directory: Path | None = None, **body: Any) -> str:
        """The id of a new session in a directory; fields of the body are in host-opencode.md §6."""
        place = str(directory or self.directory)
        session = str(self.post("/session", body, directory=place)["id"])
        self._directories[session] = place
        return session

    def directory_of(self, session: str) -> str:
        if session not in self._directories:
            self._directories[session] = str(self.get(f"/session/{session}")["directory"])
        return self._directories[session]

    def prompt(self, session: str, text: str, agent: str = "", **body: Any) -> None:
        """Give it a prompt and do not wait (`prompt_async`)."""
        self._prompted[session] = self._users(session)
        named = {"agent": agent} if agent else {}
        content = {"parts": [{"type": "text", "text": text}], **named, **body}
        self.post(f"/session/{session}/prompt_async", content, directory=self.directory_of(session))

    def messages(self, session: str) -> list[dict[str, Any]]:
        """The messages of a session, oldest first: `{"info": …, "parts": […]}`."""
        return self.get(f"/session/{session}/message")

    def last_text(self, session: str) -> str:
        """The text of the last message."""
        parts = self.messages(session)[-1]["parts"]
        return "\n".join(part["text"] for part in parts if part["type"] == "text")

    def is_busy(self, session: str) -> bool:
        return session in self.get("/session/status", directory=self.directory_of(session))

    def wait_idle(self, session: str, seconds: float, calm: float = 0.0) -> dict[str, Any]:
        """Wait until the last prompt is answered and nothing runs, for `calm` seconds on end: the last message's info.

        A model error ends a turn, too: the info then has `error`. Raises HostError when it takes longer than `seconds`.
        """
        until, since = time.monotonic() + seconds, 0.0
        while (now := time.monotonic()) < until:
            info = None if self.is_busy(session) else self._answer(session)
            since = (since or now) if info else 0.0
            if info and now - since >= calm:
                return info
            time.sleep(POLL_SECONDS)
        told = [event.properties for event in self.events.all("session.error", session)][-3:]
        raise HostError(
            "OPENCODE_FAILED", f"session {session} is not idle after {seconds:g} s; errors: {told}\n{self.tail()}"
        )

    def _users(self, session: str) -> int:
        return sum(message["info"]["role"] == "user" for message in self.messages(session))

    def _answer(self, session: str) -> dict[str, Any] | None:
        """The last message, when it ends the turn that the last prompt began."""
        messages = self.messages(session)
        info = messages[-1]["info"] if messages else {}
        begun = sum(message["info"]["role"] == "user" for message in messages) > self._prompted.get(session, 0)
        done = info.get("role") == "assistant" and (info.get("error") or info.get("finish") not in (None, "tool-calls"))
        return info if begun and done and "completed" in info.get("time", {}) else None


def _headers() -> dict[str, str]:
    secret = base64.b64encode(f"opencode:{PASSWORD}".encode()).decode()
    return {"authorization": f"Basic {secret}"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
