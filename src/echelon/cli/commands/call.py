"""echelon call"""

from __future__ import annotations

import json
from typing import Any

import click

from echelon.actions.table import ACTIONS, describe, perform
from echelon.cli import opening, render
from echelon.core.decide import Refusal
from echelon.errors import InputError

ARGUMENTS_BYTES_MAX = 1_000_000


@click.command(
    name="call", help="Run any action of the table. --json takes its arguments as an object; --list shows them."
)
@click.argument("action", required=False)
@click.option("--json", "arguments", metavar="ARGS", help='Arguments, such as \'{"itemId": "B001"}\'.')
@click.option("--list", "listing", is_flag=True, help="The actions with their arguments and types.")
def command(action: str | None, arguments: str | None, listing: bool) -> int:
    if listing:
        render.say(table())
        return 0
    if not action:
        raise click.UsageError("name an action, or --list")
    answer = perform(opening.engine(), action, _parsed(arguments))
    if isinstance(answer, Refusal):
        if arguments is not None:
            render.document(opening.refusal_json(answer))
        render.complain(str(answer))
        return 1
    if arguments is not None:
        render.document({"ok": True, "message": answer.message, "data": dict(answer.data)})
    else:
        render.say(answer.message)
    return 0


def _parsed(arguments: str | None) -> dict[str, Any]:
    if arguments is None:
        return {}
    try:
        value = json.loads(arguments) if len(arguments) <= ARGUMENTS_BYTES_MAX else None
    except (ValueError, RecursionError) as error:
        raise InputError("ARGUMENTS_INVALID", f"--json is not JSON: {error}.", "write an object in quotes.") from error
    if not isinstance(value, dict):
        raise InputError("ARGUMENTS_INVALID", "--json must be one object.", 'write {"name": value}.')
    return value


def table() -> str:
    rows: list[str] = []
    for action in ACTIONS.values():
        rows.append(f"{action.name}  ({action.level}; {action.callers})")
        rows.append(f"    {action.doc}")
        rows += [
            f"    {name}{'' if required else '?'}: {kind} — {doc}" for name, kind, required, doc in describe(action)
        ]
    return "\n".join(rows)
