"""The brain: one process per user that all bridges speak to. Started on demand, gone when nobody needs it.

All truth is in files, so it may die at any moment; the next call of a bridge starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echelon.bridge import places as meeting
from echelon.bridge.desk import Desk
from echelon.bridge.manifest import PROTOCOL
from echelon.bridge.wire import LINE_BYTES_MAX, Refused, Wire
from echelon.engine.workspace import Places, SystemClock
from echelon.errors import LockedError
from echelon.slots.places import write_whole
from echelon.store.lock import Owner, workspace_lock

IDLE_SECONDS = 600.0  # without a connection
LOOK_SECONDS = 1.0


class Brain:
    def __init__(self, places: Places, idle_seconds: float) -> None:
        self._places, self._idle_seconds = places, idle_seconds
        self._desks: dict[tuple[int, str], Desk] = {}
        self._watching: dict[Desk, asyncio.Task[None]] = {}
        self._open: set[Wire] = set()
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
        return await asyncio.start_unix_server(self._connected, path, limit=LINE_BYTES_MAX)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seat: list[Desk] = []

        async def handle(method: str, params: Mapping[str, Any]) -> Any:
            if method == "hello":
                seat[:] = [self._seat(params, wire)]
                return seat[0].greeting(params)
            if not seat or method not in seat[0].methods:
                raise Refused("BRIDGE_CONFUSED", "unknown request")
            return await seat[0].methods[method](params)

        wire = Wire(reader, writer, handle)
        self._open.add(wire)
        try:
            await wire.run()
        finally:
            self._open.discard(wire)
            self._since = time.monotonic()
            for desk in seat:
                self._leave(desk, wire)

    def _seat(self, hello: Mapping[str, Any], wire: Wire) -> Desk:
        if self._secret and not secrets.compare_digest(str(hello.get("secret") or ""), self._secret):
            raise Refused("BRIDGE_CONFUSED", "the secret is wrong")
        if hello.get("protocol") != PROTOCOL:
            raise Refused("BRIDGE_CONFUSED", "bridge and Echelon speak different protocols")
        key = int(hello["pid"]), str(hello["directory"])
        found = self._desks.get(key)
        if found is None:
            found = self._desks[key] = Desk(key[1], key[0], self._places)
            self._watching[found] = asyncio.ensure_future(found.begin())
        found.wires.append(wire)
        return found

    def _leave(self, desk: Desk, wire: Wire) -> None:
        desk.wires.remove(wire)
        if not desk.wires:
            self._desks.pop((desk.pid, desk.directory), None)
            self._watching.pop(desk).cancel()


def brain_of(runtime: Path) -> int:
    """The process id of the brain that serves there, 0 for none."""
    try:
        return int(json.loads((runtime / f"brain-{PROTOCOL}.lock").read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def run(places: Places, idle_seconds: float = IDLE_SECONDS) -> bool:
    """Serve until idle. False when another brain of this user serves already. Raises WorldError RUNTIME_UNSAFE."""
    os.umask(0o077)
    owner = Owner(os.getpid(), os.uname().nodename if hasattr(os, "uname") else "", SystemClock().now(), "serve")
    try:
        with workspace_lock(meeting.lock_file(), owner, 0.0):
            asyncio.run(Brain(places, idle_seconds).serve())
    except LockedError:
        return False
    return True
