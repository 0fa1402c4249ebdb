"""echelon log"""

from __future__ import annotations

from typing import Any

import click

from echelon.cli import opening, render
from echelon.store.operations import Operation


@click.command(name="log", help="The operation log: who changed which state when, newest last.")
@click.option("-n", "last", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(last: int, as_json: bool) -> int:
    operations = opening.workspace().store.operations(last)
    if as_json:
        render.document([operation_json(operation) for operation in operations])
        return 0
    for operation in operations:
        paths = ", ".join(edit.path.removeprefix(".opencode/") for edit in operation.edits)
        undoes = f" (undoes {operation.undoes})" if operation.undoes else ""
        render.say(f"{operation.sequence:>5}  {operation.time}  {operation.actor:<8} {operation.id}{undoes}")
        render.say(f"       {operation.note or operation.request.get('action', '')}  [{paths}]")
    if not operations:
        render.say("no operation yet")
    return 0


def operation_json(operation: Operation) -> dict[str, Any]:
    return {
        "sequence": operation.sequence,
        "id": operation.id,
        "time": operation.time,
        "actor": operation.actor,
        "request": dict(operation.request),
        "documents": [{"path": edit.path, "before": edit.before, "after": edit.after} for edit in operation.edits],
        "effects": [dict(effect) for effect in operation.effects],
        "note": operation.note,
        "undoes": operation.undoes,
        "digest": operation.digest,
    }
