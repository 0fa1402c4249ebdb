"""The one room that prints. Text from agents, files and people passes `safe`: no escape sequence reaches a terminal."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from echelon.core.documents.render import clean


def prepare() -> None:
    """A terminal that cannot show a character gets another one for it, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def safe(text: str) -> str:
    return clean(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def say(text: str) -> None:
    """A line for the person who ran the command."""
    print(safe(text), flush=True)


def complain(text: str) -> None:
    print(safe(text), file=sys.stderr, flush=True)


def document(value: Any) -> None:
    """One JSON document, ASCII only, and nothing else on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=True), flush=True)


def page(text: str) -> None:
    """A whole HTML page for another program. It is cleaned where it is made; a byte changed here would break its digests."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def markdown(text: str) -> None:
    """Markdown: drawn on a terminal, plain text elsewhere."""
    if not sys.stdout.isatty():
        say(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(safe(text)))
