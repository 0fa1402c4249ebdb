"""echelon report"""

from __future__ import annotations

import sys

import click

from echelon.cli import opening, render
from echelon.core import report


@click.command(name="report", help="The report: evidence of each item, the story of the attempts, what waits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option(
    "--html", metavar="FILE", help="One page with pictures that needs nothing else; - writes it to a pipe or a file."
)
@click.option("--force", is_flag=True, help="Replace FILE even when it is not a report of Echelon.")
def command(as_json: bool, html: str | None, force: bool) -> int:
    if as_json and html is not None:
        raise click.UsageError("--json and --html are two kinds of report: give one.")
    if force and html is None:
        raise click.UsageError("--force belongs to --html FILE.")
    if html == "-" and sys.stdout.isatty():
        raise click.UsageError("--html - writes a page of several megabytes: name a file, or lead it into one.")
    if html is not None:
        return _page(html, force)
    data = report.status(opening.world())
    if as_json:
        render.document(data)
    else:
        render.markdown(report.markdown(data))
    return 0


def _page(name: str, force: bool) -> int:
    from echelon.cli.saving import save_text
    from echelon.engine.workspace import SystemClock
    from echelon.pages.page import is_ours, page  # with plotly behind it: only who wants a page pays for it

    language = opening.workspace().config.language
    text = page(report.status(opening.world()), SystemClock().now(), language)
    if name == "-":
        render.page(text)
    else:
        render.say(f"wrote {save_text(text, name, ours=is_ours, force=force)}")
    return 0
