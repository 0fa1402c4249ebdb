"""echelon status"""

from __future__ import annotations

import click

from echelon.cli import opening, render
from echelon.core import report
from echelon.core.decide import refuse


@click.command(name="status", help="Where things stand: items, evidence, what blocks, what to do next.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--why", metavar="PROGRAM", help="Why a program has the slots it has, and what would change it.")
def command(as_json: bool, why: str | None) -> int:
    world = opening.world()
    if why is not None:
        said = report.why(world, why)
        if said is None:
            unknown = refuse("PROGRAM_UNKNOWN", f"enterprise.md has no program {why[:40]}")
            return opening.refused(unknown, as_json=as_json)
        render.document(said) if as_json else render.say(report.why_lines(said))
        return 0
    data = report.status(world)
    if len(world.missions) > 1:
        data["overlaps"] = opening.engine().overlaps()  # asks git; the rest needs only the files
    if as_json:
        render.document(data)
    else:
        render.say(report.plain(data))
    return 0
