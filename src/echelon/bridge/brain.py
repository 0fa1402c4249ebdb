"""The brain: one process per user that all bridges speak to. Started on demand, gone when nobody needs it.

All truth is in files, so it may die at any moment; the next call of a bridge starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import json
import os
import secrets
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from echelon.bridge import places as meeting
from echelon.bridge.audience import Audience
from echelon.bridge.greeting import greeting
from echelon.bridge.wire import LINE_BYTES_MAX, PROTOCOL, Refused, Wire
from echelon.core.decide import refuse
from echelon.engine.places import Places
from echelon.errors import LockedError
from echelon.slots.places import write_whole
from echelon.store.lock import Owner, workspace_lock

if TYPE_CHECKING:
    from echelon.bridge.attending import Attending
    from echelon.bridge.desk import Desk

IDLE_SECONDS = 600.0  # without a connection
LOOK_SECONDS = 1.0


class Brain:
    def __init__(self, places: Places, idle_seconds: float) -> None:
        self._places, self._idle_seconds = places, idle_seconds
        self._desks: dict[tuple[int, str], Desk] = {}
        self._watching: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._open: set[Wire] = set()  # bridges
        self._audience = Audience(self._desks)
        self._attending: Attending | None = None
        self._since = time.monotonic()
        self._secret = secrets.token_hex(32) if meeting.by_port() else ""

    async def serve(self) -> None:
        """Until nobody has been connected for a while, or a signal comes."""
        server = await self._listen()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, stop.set)
        async with server:
            while not stop.is_set() and not self._idle():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
            for wire in list(self._open):
                wire.close()
            if self._attending:
                self._attending.close()
            # A thread of a call that was cancelled must not keep the process: all truth is in files.
            os.truncate(meeting.lock_file(), 0)
            os._exit(0)

    def _idle(self) -> bool:
        return not self._open and time.monotonic() - self._since > self._idle_seconds

    async def _listen(self) -> asyncio.Server:
        if meeting.by_port():
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=LINE_BYTES_MAX)
            port = server.sockets[0].getsockname()[1]
            write_whole(meeting.port_file(), json.dumps({"port": port, "secret": self._secret}).encode())
            return server
        path = meeting.socket_path()
        path.unlink(missing_ok=True)  # we hold the lock: whoever made it is dead
        server = await asyncio.start_unix_server(self._connected, path, limit=LINE_BYTES_MAX)
        path.chmod(0o600)  # no umask: files that a merge brings into the person's checkout are theirs
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seat: list[asyncio.Task[Desk]] = []

        async def handle(method: str, params: Mapping[str, Any]) -> Any:
            if method == "hello":
                key = self._admitted(params)
                if not seat:
                    seat.append(asyncio.ensure_future(self._desk(key, wire, params)))
                answer = greeting(key[1], self._places)
                if params.get("rules"):
                    wire.loose(_tell_rules(seat[0], params["rules"]))
                return answer
            if method == "console":
                self._checked(params)
                self._open.discard(wire)  # one that only looks keeps no brain
                return self._audience.admit(wire)
            if wire in self._audience:
                return await self._audience.ask(method, params)
            if not seat:
                raise Refused(refuse("BRIDGE_CONFUSED", "no hello came before"))
            desk = await asyncio.shield(seat[0])
            if method == "watched":
                return self._audience.hear(desk, wire, params)
            return await desk.answer(method, params)

        wire = Wire(reader, writer, handle)
        self._open.add(wire)
        try:
            await wire.run()
        finally:
            if wire in self._open:
                self._open.discard(wire)
                self._since = time.monotonic()
            self._audience.left(wire)
            for task in seat:
                self._leave(task, wire)

    def _admitted(self, hello: Mapping[str, Any]) -> tuple[int, str]:
        """The process and directory that say hello."""
        self._checked(hello)
        return int(hello["pid"]), str(hello["directory"])

    def _checked(self, hello: Mapping[str, Any]) -> None:
        if self._secret and not secrets.compare_digest(str(hello.get("secret") or ""), self._secret):
            raise Refused(refuse("BRIDGE_CONFUSED", "the secret is wrong"))
        if hello.get("protocol") != PROTOCOL:
            raise Refused(refuse("BRIDGE_CONFUSED", "bridge and Echelon speak different protocols"))

    async def _desk(self, key: tuple[int, str], wire: Wire, hello: Mapping[str, Any]) -> Desk:
        """The desk of a process and directory. Its room is imported when the first one comes: hello does not wait."""
        room = await asyncio.to_thread(importlib.import_module, "echelon.bridge.desk")
        found = self._desks.get(key)
        if found is None:
            found = self._desks[key] = room.Desk(key[1], key[0], self._places)
            found.changed = functools.partial(self._changed, found, hello)
            self._watching[key] = asyncio.ensure_future(found.begin())
        found.wires.append(wire)
        found.guard = str(hello.get("guard") or "")
        self._changed(found, hello)
        return found

    def _changed(self, desk: Desk, hello: Mapping[str, Any]) -> None:
        """A desk came, or found its workspace: consoles hear of it, and one is started where the person wants it."""
        self._audience.changed()
        if self._attending is None:
            self._attending = importlib.import_module("echelon.bridge.attending").Attending(self._places)
        self._attending.want(desk, hello.get("console") or {})

    def _leave(self, task: asyncio.Task[Desk], wire: Wire) -> None:
        if not task.done():
            task.cancel()
        elif task.exception() is None and wire in (desk := task.result()).wires:
            desk.wires.remove(wire)
            key = desk.pid, desk.directory
            if not desk.wires and self._desks.get(key) is desk:
                del self._desks[key]
                self._watching.pop(key).cancel()
                self._audience.changed()
                if self._attending:
                    self._attending.left(desk)


async def _tell_rules(seat: asyncio.Task[Desk], rules: Mapping[str, Any]) -> None:
    await (await asyncio.shield(seat)).rules(rules)


def brain_of(runtime: Path) -> int:
    """The process id of the brain that serves there, 0 for none."""
    try:
        return int(json.loads((runtime / f"brain-{PROTOCOL}.lock").read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def run(places: Places, idle_seconds: float = IDLE_SECONDS) -> bool:
    """Serve until idle. False when another brain of this user serves already. Raises WorldError RUNTIME_UNSAFE."""
    owner = Owner(
        os.getpid(),
        os.uname().nodename if hasattr(os, "uname") else "",
        datetime.now(UTC).isoformat(timespec="milliseconds"),
        "serve",
    )
    try:
        with workspace_lock(meeting.lock_file(), owner, 0.0):
            asyncio.run(Brain(places, idle_seconds).serve())
    except LockedError:
        return False
    return True
