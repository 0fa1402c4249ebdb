"""echelon report"""

from __future__ import annotations

import click

from echelon.cli import opening, render
from echelon.core import report


@click.command(name="report", help="The report: evidence of each item, the story of the attempts, what waits.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(as_json: bool) -> int:
    data = report.status(opening.world())
    if as_json:
        render.document(data)
    else:
        render.markdown(report.markdown(data))
    return 0
