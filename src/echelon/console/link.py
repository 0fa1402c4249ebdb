"""The console's one connection to the brain: kept while there is a brain, looked for while there is none.

It never starts a brain: without an OpenCode there is nothing to see.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from echelon.bridge import places as meeting
from echelon.bridge.wire import LINE_BYTES_MAX, PROTOCOL, Wire
from echelon.core.codes import CODES
from echelon.errors import EchelonError, HostError
from echelon.slots.places import read_small

LOOK_SECONDS = 2.0  # between two looks for a brain
LOOK_SECONDS_MAX = 16.0  # where something lies there and does not answer
HELLO_SECONDS = 5.0
PORT_BYTES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Seat:
    """One directory of one OpenCode. `workspace` is "" where there is none, `slot` the name of the slot that it is."""

    directory: str
    pid: int
    workspace: str
    slot: str


def absent(where: str = "") -> HostError:
    meaning = f"no OpenCode of {where} is connected" if where else CODES["HOST_ABSENT"].meaning
    return HostError("HOST_ABSENT", meaning, CODES["HOST_ABSENT"].next_step)


class Link:
    """`changed` is called when the seats are others, `heard` with each event of a seat. Both in this loop, both short."""

    def __init__(self, changed: Callable[[], None], heard: Callable[[Seat, Mapping[str, Any]], None]) -> None:
        self._changed, self._heard = changed, heard
        self._wire: Wire | None = None
        self.seats: tuple[Seat, ...] = ()

    async def run(self) -> None:
        """Until it is cancelled."""
        pause = LOOK_SECONDS
        while True:
            try:
                met = await self._meet()
            except (OSError, ValueError, TypeError, KeyError, EchelonError):
                met = None
            if met is not None:
                pause = LOOK_SECONDS if await self._stay(*met) else min(pause * 2, LOOK_SECONDS_MAX)
            await asyncio.sleep(pause)

    async def ask(self, seat: Seat, method: str, params: Mapping[str, Any], seconds: float) -> Any:
        """A request through the brain. Raises HostError."""
        if self._wire is None:
            raise absent(seat.workspace)
        given = {"directory": seat.directory, "pid": seat.pid, "seconds": seconds, **params}
        return await self._wire.call(method, given, seconds + 1)

    async def _meet(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str] | None:
        """A connection, and the secret that has to be said; None when no brain is there."""
        if meeting.by_port():
            where = json.loads(read_small(meeting.port_file(), PORT_BYTES_MAX) or b"null")
            if where is None:
                return None
            reader, writer = await asyncio.open_connection("127.0.0.1", int(where["port"]), limit=LINE_BYTES_MAX)
            return reader, writer, str(where["secret"])
        path = meeting.socket_path()
        if not path.exists():
            return None
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_BYTES_MAX)
        return reader, writer, ""

    async def _stay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str) -> bool:
        """As long as the brain stays; whether it let us in."""
        wire = Wire(reader, writer, self._take)
        reading = asyncio.ensure_future(wire.run())
        admitted = False
        try:
            self._wire = wire
            await wire.call("console", {"protocol": PROTOCOL, "pid": os.getpid(), "secret": secret}, HELLO_SECONDS)
            admitted = True
            await reading
        except HostError:
            pass  # no brain of ours, or one that is going
        finally:
            self._wire = None
            wire.close()
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            self._sit({})
        return admitted

    async def _take(self, method: str, params: Mapping[str, Any]) -> None:
        if method == "desks":
            self._sit(params)
        elif method == "event":
            key = str(params.get("directory")), int(params.get("pid") or 0)
            seat = next((row for row in self.seats if (row.directory, row.pid) == key), None)
            if seat is not None and seat.workspace:
                self._heard(seat, params.get("event") or {})

    def _sit(self, told: Mapping[str, Any]) -> None:
        rows = told.get("desks") or ()
        self.seats = tuple(
            Seat(str(row["directory"]), int(row["pid"]), str(row["workspace"]), str(row["slot"])) for row in rows
        )
        self._changed()
