"""From start to end of one `echelon console`: serve when nobody else does, stand by otherwise, take over when it falls to us."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from echelon.console import control
from echelon.console.control import Heir, StandBy
from echelon.console.sessions import Shown
from echelon.engine.places import Places
from echelon.errors import EchelonError, LockedError
from echelon.store.lock import Owner, workspace_lock

AGAIN_SECONDS = 0.2  # between a console that ended and the next try
GONE_SECONDS = 1  # for open requests, once it is to end
REQUESTS_MAX = 200  # at once; more are told to come back


@dataclass(slots=True)
class Sitting:
    """What the command gives: the workspace, and how to speak to whoever started it.

    `serving` is told the address and whether it is ours; `show` a code, None when nobody could read it. `link` makes
    an address that lets one browser in; it is there once `serving` was called.
    """

    root: Path
    places: Places
    port: int
    serving: Callable[[str, bool], None]
    show: Shown = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    link: Callable[[], Any] | None = None


async def run(sitting: Sitting) -> None:
    """Until `sitting.stop`. Raises what opening the workspace raises, WorldError RUNTIME_UNSAFE, OSError without a port."""
    _hear_signals(sitting.stop)
    heir = Heir(sitting.port)
    while not sitting.stop.is_set():
        with ExitStack() as held:
            try:
                held.enter_context(workspace_lock(control.lock_file(), _owner(), 0.0))
            except LockedError:
                await _stand_by(sitting, heir)
            else:
                await _host(sitting, heir)
        if not sitting.stop.is_set():
            await asyncio.sleep(AGAIN_SECONDS)


def _hear_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stop.set)


def _owner() -> Owner:
    host = os.uname().nodename if hasattr(os, "uname") else ""
    return Owner(os.getpid(), host, _now(), "console")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


async def _host(sitting: Sitting, heir: Heir) -> None:
    from echelon.console.desk import Desk  # whoever stands by needs none of this
    from echelon.console.interface import Interface

    with contextlib.closing(control.bound(heir.port)) as listening:
        port = listening.getsockname()[1]
        interface = Interface(sitting.places.state / "console.sqlite")
        desk = Desk(f"127.0.0.1:{port}", sitting.places, interface)
        desk.sessions.take_over(heir.sessions, sitting.show)
        await desk.attach(sitting.root)
        desk.open()
        address = f"http://{desk.address}/"
        control.note(address, _now())
        sitting.link = lambda: _at_once(control.link(desk, sitting.show))
        try:
            async with control.Reception(desk, port).open():
                sitting.serving(address, True)
                await _serve(desk, listening, sitting.stop)
        finally:
            control.forget()
            desk.close()
            interface.close()


async def _at_once(value: str) -> str:
    return value


async def _serve(desk: Any, listening: socket.socket, stop: asyncio.Event) -> None:
    import uvicorn

    from echelon.console.app import create_app

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield  # they are ours: _hear_signals

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            desk.hub.close()  # or it would wait for the open streams
            await super().shutdown(sockets)

    config = uvicorn.Config(
        create_app(desk), log_config=None, access_log=False, server_header=False, date_header=False, ws="none",
        lifespan="off", limit_concurrency=REQUESTS_MAX, timeout_graceful_shutdown=GONE_SECONDS, timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
    )  # fmt: skip
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)  # a bug of ours is recorded by app.py, once
    server = Server(config)

    async def ending() -> None:
        await stop.wait()
        server.should_exit = True

    waiting = asyncio.ensure_future(ending())
    try:
        await server.serve(sockets=[listening])
    finally:
        waiting.cancel()


async def _stand_by(sitting: Sitting, heir: Heir) -> None:
    standing = StandBy(sitting.root, sitting.show, heir)
    gone = await standing.connect()
    if gone is None:
        return  # it is only starting, or just ended
    stopped = asyncio.ensure_future(sitting.stop.wait())
    try:
        address = await standing.attach()
        sitting.link = standing.invite
        sitting.serving(address, False)
        await asyncio.wait({gone, stopped}, return_when=asyncio.FIRST_COMPLETED)
    except EchelonError as error:
        if error.code not in ("HOST_GONE", "HOST_SILENT"):
            raise
    finally:
        stopped.cancel()
        gone.cancel()
