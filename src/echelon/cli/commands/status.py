"""echelon status"""

from __future__ import annotations

import click

from echelon.cli import opening, render
from echelon.core import report


@click.command(name="status", help="Where things stand: items, evidence, what blocks, what to do next.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(as_json: bool) -> int:
    data = report.status(opening.world())
    if as_json:
        render.document(data)
    else:
        render.say(report.plain(data))
    return 0
