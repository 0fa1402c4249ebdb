"""echelon undo"""

from __future__ import annotations

import click

from echelon.cli import opening, render
from echelon.engine.undoing import undo


@click.command(
    name="undo",
    help="Undo a change of state, byte for byte; the newest one when none is named. It is a new operation, so it can be undone too.",
)
@click.argument("operation", required=False)
def command(operation: str | None) -> int:
    engine = opening.engine()
    answer = undo(engine, operation)
    if not isinstance(answer, str):
        return opening.refused(answer, as_json=False)
    render.say(answer)
    return 0
