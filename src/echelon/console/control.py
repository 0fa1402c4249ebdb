"""One console for each user and machine: who serves, who stands by, and what they say to each other.

Whoever holds the lock serves the page and listens on a socket in the user's private runtime folder. Every other
`echelon console` attaches its workspace there and stands by. When the one that serves ends, one of those takes the
lock, the port and the open sessions, so that a page goes on where it was. Messages are those of bridge/wire.py:

    attach {root, terminal} -> {address, id}      invite {} -> {link}         stand-by -> host
    code {code, purpose}      heir {port, sessions}                           host -> stand-by
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echelon.bridge import places as meeting
from echelon.bridge.wire import LINE_BYTES_MAX, Refused, Wire
from echelon.console.desk import Desk
from echelon.console.sessions import Show, Shown
from echelon.core.decide import refuse
from echelon.slots.places import read_record, write_whole

PROTOCOL = 1
HEIR_SECONDS = 0.5  # how soon those that stand by know of a new session
BARRED_PORT = 4096  # OpenCode's own


@dataclass(slots=True)
class Heir:
    """What a console that takes over goes on with. `sessions`: digests of tokens and tickets."""

    port: int = 0
    sessions: list[list[str]] = field(default_factory=list)


def lock_file() -> Path:
    return meeting.runtime() / f"console-{PROTOCOL}.lock"


def info_file() -> Path:
    """What tells others of this user where the console is: `{"address", "pid", "since"}`, and nothing that lets them in."""
    return meeting.runtime() / "console.json"


def _socket_file() -> Path:
    return meeting.runtime() / f"console-{PROTOCOL}.sock"


def _port_file() -> Path:
    return meeting.runtime() / f"console-{PROTOCOL}.json"


def bound(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1 at `port`, else at one that the system chooses; never OpenCode's own."""
    for wanted in ([port] if port not in (0, BARRED_PORT) else []) + [0]:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the one before us may have died a moment ago
        try:
            listening.bind(("127.0.0.1", wanted))
        except OSError:
            listening.close()
            if not wanted:
                raise
            continue
        if listening.getsockname()[1] != BARRED_PORT:
            listening.listen(64)
            return listening
        listening.close()
        return bound(0)
    raise AssertionError("unreachable: port 0 is always tried")


class Reception:
    """The host's end of the socket: others attach their workspaces and ask for links."""

    def __init__(self, desk: Desk, port: int) -> None:
        self._desk, self._port = desk, port
        self._wires: set[Wire] = set()
        self._told: list[list[str]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await self._listen()
        telling = asyncio.ensure_future(self._tell_heirs())
        try:
            async with server:
                yield
                server.close()
                for wire in list(self._wires):
                    wire.close()
        finally:
            telling.cancel()

    async def _listen(self) -> asyncio.Server:
        if meeting.by_port():
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=LINE_BYTES_MAX)
            where = {"port": server.sockets[0].getsockname()[1], "secret": os.urandom(32).hex()}
            self._secret = str(where["secret"])
            write_whole(_port_file(), json.dumps(where).encode())
            return server
        self._secret = ""
        _socket_file().unlink(missing_ok=True)  # we hold the lock: whoever made it is dead
        server = await asyncio.start_unix_server(self._connected, _socket_file(), limit=LINE_BYTES_MAX)
        _socket_file().chmod(0o600)
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attached: list[str] = []
        terminal = [False]

        async def handle(method: str, params: Mapping[str, Any]) -> Any:
            if self._secret and params.get("secret") != self._secret:
                raise Refused(refuse("BRIDGE_CONFUSED", "the secret is wrong"))
            if method == "attach":
                terminal[0] = bool(params.get("terminal"))
                attached.append(await self._desk.attach(Path(str(params["root"]))))
                wire.loose(self._tell(wire))
                return {"address": f"http://{self._desk.address}/", "id": attached[-1]}
            if method == "invite":
                return {"link": link(self._desk, self._shows(wire) if terminal[0] else None)}
            raise Refused(refuse("BRIDGE_CONFUSED", "unknown request"))

        wire = Wire(reader, writer, handle)
        self._wires.add(wire)
        try:
            await wire.run()
        finally:
            self._wires.discard(wire)
            for identifier in attached:
                self._desk.detach(identifier)

    def _shows(self, wire: Wire) -> Show:
        loop = asyncio.get_running_loop()

        async def tell(code: str, purpose: str) -> None:
            with contextlib.suppress(Exception):
                await wire.call("code", {"code": code, "purpose": purpose})

        def show(code: str, purpose: str) -> bool:  # from the thread of a request
            loop.call_soon_threadsafe(lambda: wire.loose(tell(code, purpose)))
            return wire in self._wires  # a terminal that was closed shows nothing

        return show

    async def _tell(self, wire: Wire) -> None:
        with contextlib.suppress(Exception):  # it is gone, or slow: nothing of ours depends on it
            await wire.call("heir", {"port": self._port, "sessions": self._desk.sessions.handed_over()})

    async def _tell_heirs(self) -> None:
        while True:
            await asyncio.sleep(HEIR_SECONDS)
            now = self._desk.sessions.handed_over()
            if now != self._told:
                self._told = now
                for wire in self._wires:
                    wire.loose(self._tell(wire))


def link(desk: Desk, show: Shown) -> str:
    """An address that lets one browser in, once, within a minute."""
    return f"http://{desk.address}/#k={desk.sessions.invite(show)}"


class StandBy:
    """The other end: one workspace that is shown by a console that another process serves."""

    def __init__(self, root: Path, show: Shown, heir: Heir) -> None:
        self._root, self._show, self._heir = root, show, heir
        self._wire: Wire | None = None
        self._secret = ""

    async def connect(self) -> asyncio.Task[None] | None:
        """A task that ends when the host is gone; None when none answers."""
        try:
            reader, writer = await self._dial()
        except (OSError, ValueError, KeyError):
            return None
        self._wire = Wire(reader, writer, self._hear)
        return asyncio.ensure_future(self._wire.run())

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if meeting.by_port():
            where = json.loads(_port_file().read_bytes())
            self._secret = str(where["secret"])
            return await asyncio.open_connection("127.0.0.1", int(where["port"]), limit=LINE_BYTES_MAX)
        return await asyncio.open_unix_connection(_socket_file(), limit=LINE_BYTES_MAX)

    async def attach(self) -> str:
        """The address of the console. Raises HostError when it refuses or is gone."""
        answer = await self._call("attach", {"root": str(self._root), "terminal": self._show is not None})
        return str(answer["address"])

    async def invite(self) -> str:
        return str((await self._call("invite", {}))["link"])

    async def _call(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self._wire is not None
        answer: Mapping[str, Any] = await self._wire.call(method, {**params, "secret": self._secret})
        return answer

    async def _hear(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "code" and self._show is not None:
            self._show(str(params["code"])[:20], str(params["purpose"])[:200])
        elif method == "heir":
            self._heir.port = int(params["port"])
            self._heir.sessions = [[str(part) for part in row] for row in params["sessions"]]


def note(address: str, since: str) -> None:
    write_whole(info_file(), json.dumps({"address": address, "pid": os.getpid(), "since": since}).encode())


def forget() -> None:
    """Take our note away, unless another console wrote its own meanwhile."""
    with contextlib.suppress(OSError):
        found = read_record(info_file())
        if found and found.get("pid") == os.getpid():
            info_file().unlink()
