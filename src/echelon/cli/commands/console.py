"""echelon console"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING, NoReturn

import click

from echelon.cli import opening, render
from echelon.engine.places import Places

if TYPE_CHECKING:
    from echelon.console.serving import Sitting

PORT_MAX = 65535


@click.command(
    name="console",
    help="Follow and steer every workspace in the browser. One page for each user: further ones attach to it.",
)
@click.option("--open", "opens", is_flag=True, help="Open the browser.")
@click.option(
    "--port",
    type=click.IntRange(0, PORT_MAX),
    default=None,
    help="Port on 127.0.0.1 [webConsole.port, else one that is free].",
)
@click.option("--workspace", "folder", metavar="DIR", help="The workspace, instead of the folder you stand in.")
@click.option(
    "--until-closed", is_flag=True, hidden=True, help="End with the standard input; speak JSON: for the brain."
)
def command(opens: bool, port: int | None, folder: str | None, until_closed: bool) -> NoReturn:
    from echelon.console import serving  # asyncio and the store: only this command pays for it

    here = opening.workspace(folder)
    chosen = int(here.config["webConsole.port"]) if port is None else port

    async def sit() -> None:
        speaker = _Json() if until_closed else _Person(opens, sys.stdin.isatty() and sys.stdout.isatty())
        sitting = serving.Sitting(here.root, Places.of_user(), chosen, speaker.serving, speaker.show)
        speaker.begin(sitting)
        await serving.run(sitting)

    asyncio.run(sit())
    sys.stdout.flush()
    os._exit(0)  # a thread that still works on a request must not keep us: all truth is in files


class _Speaker:
    """What is said to whoever started the console, and what they say."""

    def __init__(self) -> None:
        self._sitting: Sitting | None = None
        self._loop = asyncio.get_running_loop()

    def begin(self, sitting: Sitting) -> None:
        self._sitting = sitting

    def _listen(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for _line in sys.stdin:
            self._loop.call_soon_threadsafe(self.entered)
        sitting = self._sitting
        if sitting is not None:
            self._loop.call_soon_threadsafe(sitting.stop.set)

    def entered(self) -> None:
        """A line came in."""


class _Json(_Speaker):
    """One JSON object on a line, for the brain: it shows them to the person in OpenCode."""

    def begin(self, sitting: Sitting) -> None:
        super().begin(sitting)
        self._listen()

    def serving(self, address: str, _ours: bool) -> None:
        render.say(json.dumps({"address": address}))

    def show(self, code: str, purpose: str) -> bool:
        render.say(json.dumps({"code": code, "for": purpose}))
        return True


class _Person(_Speaker):
    """Sentences, for a person. `terminal`: somebody sits there; only then are codes shown and keys heard."""

    def __init__(self, opens: bool, terminal: bool) -> None:
        super().__init__()
        self._opens, self._terminal = opens, terminal
        self.show = self._show if terminal else None

    def begin(self, sitting: Sitting) -> None:
        super().begin(sitting)
        if self._terminal:
            self._listen()

    def serving(self, address: str, ours: bool) -> None:
        render.say(
            f"The console is at {address}" + ("" if ours else " (another process serves it; this one stands by)")
        )
        self._hold = asyncio.ensure_future(self._invite(self._opens))
        self._opens = False

    def entered(self) -> None:
        self._hold = asyncio.ensure_future(self._invite(False))

    async def _invite(self, opens: bool) -> None:
        from echelon.errors import EchelonError

        sitting = self._sitting
        if sitting is None or sitting.link is None:
            return
        try:
            link = await sitting.link()
        except EchelonError as error:
            render.complain(str(error))
            return
        if opens and await asyncio.to_thread(_browse, link):
            render.say(
                "It opens in your browser." + (" Enter: a link for another one. Ctrl-C: end." if self._terminal else "")
            )
            return
        render.say(f"Open this within a minute, once:\n  {link}")
        if self._terminal:
            render.say("Enter: another link. Ctrl-C: end.")

    def _show(self, code: str, purpose: str) -> bool:
        render.say(f"\n{purpose} waits for you. Code for the page: {code}")
        return True


def _browse(link: str) -> bool:
    """Open the browser by a private file: a link in the arguments of a program can be read by every user."""
    from echelon.console.opening import page_for

    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open(page_for(link).as_uri())
    return False
