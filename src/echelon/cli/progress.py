"""Live progress of a delivery: a moving line on a terminal, plain lines elsewhere, nothing with --json."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from echelon.cli import render
from echelon.dispatch.attempts import Event

if TYPE_CHECKING:
    from rich.status import Status

_SIGNS = {
    "started": "▶",
    "agent": "·",
    "attempt": "↻",
    "refused": "✗",
    "delivered": "✓",
    "suspended": "~",
    "escalated": "?",
    "recovered": "↺",
    "warned": "!",
    "level": "◆",
}
_COLOURS = {"delivered": "green", "refused": "red", "escalated": "yellow", "suspended": "yellow", "started": "bold"}


class Progress:
    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if not self._quiet and sys.stdout.isatty():
            from rich.console import Console

            self._status = Console().status("…", spinner="dots")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, event: Event) -> None:
        if self._quiet:
            return
        line = render.safe(f"{_SIGNS.get(event.kind, ' ')} {event.item:<5} {event.text}")
        if self._status is None:
            render.say(line)
            return
        from rich.text import Text

        self._status.console.print(Text(line, style=_COLOURS.get(event.kind, "dim" if event.kind == "agent" else "")))
        self._status.update(Text(f"{event.item} {render.safe(event.text)[:80]}"))
