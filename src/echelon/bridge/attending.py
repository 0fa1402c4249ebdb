"""The web console that opens with OpenCode, where the person's settings say so: one process for each workspace.

It lives as long as an OpenCode of its workspace does: its standard input is a pipe that the brain holds open. What it
prints for the person (its address, the code that somebody types to be let in) is shown in the terminal for some seconds,
and kept nowhere. Whatever happens to it touches nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from echelon.core.documents.render import one_line
from echelon.engine.places import Places
from echelon.errors import EchelonError

if TYPE_CHECKING:
    from echelon.bridge.desk import Desk

PROGRAM = (sys.executable, "-m", "echelon", "console")
STARTS_MAX = 4  # the first, and three more
AGAIN_SECONDS = 1.0  # before the second start, and twice as long before each further one
END_SECONDS = 5.0  # after its input was closed
LINE_MAX = 2_000
SAID_MAX = 300  # characters of what it said last, when it failed
CODE_MAX = 20


@dataclass(slots=True)
class _Console:
    """The console of one workspace, and the desks that are told what it says."""

    desks: list[Desk]
    task: asyncio.Task[None] | None = None
    address: str = ""
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)


class Attending:
    def __init__(self, places: Places, program: Sequence[str] = PROGRAM) -> None:
        self._places, self._program = places, program
        self._consoles: dict[str, _Console] = {}  # workspace -> its console
        self._tasks: set[asyncio.Task[None]] = set()

    def want(self, desk: Desk, environment: Mapping[str, Any]) -> None:
        """A desk that may want one: `environment` is OpenCode's own, which goes before the file."""
        self._later(self._want(desk, {name: str(value) for name, value in environment.items() if value is not None}))

    def left(self, desk: Desk) -> None:
        """Its OpenCode ended; with the last one of a workspace the console ends."""
        for root, found in list(self._consoles.items()):
            if desk in found.desks:
                found.desks.remove(desk)
                if not found.desks:
                    del self._consoles[root]
                    self._later(_end(found))

    def close(self) -> None:
        """The brain ends, and every pipe with it."""
        for found in self._consoles.values():
            _hang_up(found)

    # ---------------------------------------------------------------------------------------------- one

    async def _want(self, desk: Desk, environment: Mapping[str, str]) -> None:
        row = desk.row()
        if not row["workspace"] or row["slot"]:
            return  # the workspace of a delivery is looked at from its own terminal
        root = str(row["workspace"])
        port = await asyncio.to_thread(_port, Path(root), self._places, environment)
        if port is None or not desk.wires:
            return
        found = self._consoles.get(root)
        if found is None:
            found = self._consoles[root] = _Console([])
            found.task = asyncio.ensure_future(self._attend(root, port, found))
        if desk not in found.desks:
            found.desks.append(desk)
            if found.address:
                await desk.toast(_where(found.address), "info")

    async def _attend(self, root: str, port: int, console: _Console) -> None:
        """Start it, and start it again when it falls; what it said last is told once, when nothing helped."""
        said = ""
        for start in range(STARTS_MAX):
            await asyncio.sleep(AGAIN_SECONDS * 2 ** (start - 1) if start else 0)
            code, said = await self._run(root, port, console)
            if code == 0:
                return
        await _tell(console, f"The web console cannot be started. {said}".strip(), "warning")

    async def _run(self, root: str, port: int, console: _Console) -> tuple[int, str]:
        """One life of it: how it ended, and its last words."""
        words = [*self._program, "--workspace", root, "--port", str(port), "--until-closed"]
        try:
            process = await asyncio.create_subprocess_exec(
                *words, cwd=root, env=dict(os.environ), limit=LINE_MAX, start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            return -1, str(error)[:SAID_MAX]
        console.process = process
        try:
            said, _ = await asyncio.gather(_last(process.stderr), _listen(process.stdout, console))
            return await process.wait(), said
        finally:
            console.process, console.address = None, ""
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _port(root: Path, places: Places, environment: Mapping[str, str]) -> int | None:
    """The port that is wanted, 0 for any; None where no console is."""
    from echelon.engine.workspace import Workspace  # heavy, and OpenCode waits for what comes before

    with contextlib.suppress(EchelonError):
        config = Workspace(root, places, environment).config
        return config.count("webConsole.port") if config["webConsole.enabled"] is True else None
    return None


async def _listen(stream: asyncio.StreamReader | None, console: _Console) -> None:
    """Show the person what it prints for them, a JSON object on a line."""
    while stream is not None and (line := await _line(stream)) is not None:
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        if isinstance(told.get("address"), str):
            console.address = one_line(told["address"], SAID_MAX)
            await _tell(console, _where(console.address), "info")
        elif isinstance(told.get("code"), str):
            about = one_line(str(told.get("for") or "let in a browser"), SAID_MAX)
            await _tell(
                console,
                f"The web console asks to {about}. If that is you, type {one_line(told['code'], CODE_MAX)}",
                "warning",
            )


async def _last(stream: asyncio.StreamReader | None) -> str:
    """The last line of what it complains of."""
    said = ""
    while stream is not None and (line := await _line(stream)) is not None:
        said = one_line(line.decode("utf-8", "replace")[-SAID_MAX:], SAID_MAX) or said
    return said


async def _line(stream: asyncio.StreamReader) -> bytes | None:
    """The next line, "" for one that is too long; None at the end."""
    try:
        return await stream.readline() or None
    except ValueError:
        return b""


def _where(address: str) -> str:
    return f"Web console: {address} - echelon console --open lets your browser in"


async def _tell(console: _Console, message: str, variant: str) -> None:
    for desk in list(console.desks):
        with contextlib.suppress(EchelonError):
            await desk.toast(message, variant)


def _hang_up(console: _Console) -> None:
    if console.process is not None and console.process.stdin is not None:
        console.process.stdin.close()


async def _end(console: _Console) -> None:
    """Close its input, and wait for it; one that stays is ended."""
    _hang_up(console)
    if console.task is not None:
        await asyncio.wait({console.task}, timeout=END_SECONDS if console.process else 0)
        console.task.cancel()
        await asyncio.wait({console.task})
