"""echelon serve"""

from __future__ import annotations

import click

from echelon.engine.places import Places


@click.command(
    name="serve",
    help="Answer OpenCode's bridges. They start it by themselves when it is needed, and it leaves when it is not.",
)
@click.option(
    "--idle", type=click.FloatRange(1), default=600.0, help="Seconds without a connection before it leaves [600]."
)
def command(idle: float) -> int:
    from echelon.bridge import brain  # asyncio and the whole table: only this command pays for it

    brain.run(Places.of_user(), idle)
    return 0
