"""The report in the three forms that the command line has: Markdown, JSON, one HTML page."""

from __future__ import annotations

import json
from typing import Literal

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, sound, view
from echelon.core import report as reports

Format = Literal["markdown", "json", "html"]
_TYPES: dict[Format, tuple[str, str]] = {
    "markdown": ("text/markdown", "report.md"),
    "json": ("application/json", "report.json"),
    "html": ("text/html", "report.html"),
}


class Report(Answer):
    """`content` is the whole text; `media_type` and `filename` are for whoever saves it."""

    format: Format
    media_type: str
    filename: str
    content: str


def report(mirror: Mirror, format: Format = "markdown") -> Report:  # noqa: A002 - the query's own word
    """Made once for each world; the HTML page up to the day."""
    seen = view(mirror)
    content = seen.once(f"report {format}", lambda: _content(mirror, format), mirror.now()[: len("2026-01-01")])
    media, name = _TYPES[format]
    return Report(format=format, media_type=media, filename=name, content=content)


def _content(mirror: Mirror, format: Format) -> str:  # noqa: A002 - as the route names it
    seen = view(mirror)
    if format == "markdown":
        return str(sound(reports.markdown(seen.data)))
    if format == "json":
        return json.dumps(sound(seen.data), ensure_ascii=False, indent=2) + "\n"
    from echelon.pages.page import page  # with plotly behind it: only who wants a page pays for it

    return str(sound(page(seen.data, mirror.now(), seen.world.language)))
