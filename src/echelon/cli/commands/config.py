"""echelon config"""

from __future__ import annotations

import json
from typing import Any

import click

from echelon.cli import opening, render
from echelon.core import config, config_schema
from echelon.core.config import SETTINGS, Config, Setting
from echelon.core.configuration import Configured
from echelon.core.decide import Refusal, refuse
from echelon.core.placed import Placed
from echelon.engine import configuring
from echelon.engine.workspace import Workspace

VALUE_SHOWN_MAX = 44  # characters in the list; the whole value with its key


@click.command(
    name="config",
    help=(
        "Each setting with its value and where that was said: a default, a file with its line, or an environment "
        "variable. With KEY, that one or that group, and what it may be. set KEY VALUE writes it into the file and "
        "leaves every other byte alone; undo takes it back."
    ),
)
@click.argument("words", nargs=-1, metavar="[KEY | set KEY VALUE]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--schema", is_flag=True, help="The JSON Schema of the file, for editors and programs.")
def command(words: tuple[str, ...], as_json: bool, schema: bool) -> int:
    if schema:
        if words or as_json:
            raise click.UsageError("--schema stands alone.")
        render.say(config_schema.text().rstrip())
        return 0
    if words[:1] == ("set",):
        if len(words) != 3:
            raise click.UsageError("write: echelon config set KEY VALUE; a value with blanks is in quotes.")
        return _set(words[1], words[2], as_json)
    if len(words) > 1:
        raise click.UsageError("write one KEY, or: set KEY VALUE.")
    return _show(words[0] if words else "", as_json)


# ------------------------------------------------------------------------------------------------- showing


def _show(key: str, as_json: bool) -> int:
    rows = [row for row in SETTINGS if not key or row.key == key or row.key.startswith(f"{key}.")]
    if not rows:
        return opening.refused(refuse("SETTING_UNKNOWN", config.unknown(key)), as_json=as_json)
    workspace = opening.workspace()
    known = workspace.configured
    findings = (*known.findings, *configuring.elsewhere(workspace.store))
    if as_json:
        render.document(_document(known, rows, findings))
    else:
        render.say(_one(rows[0], known.config) if rows[0].key == key else _table(rows, known.config))
        _complain(findings)
    return 1 if known.errors else 0


def _table(rows: list[Setting], effective: Config) -> str:
    cells = [(row.key, _cut(_shown(effective[row.key])), _said_at(row, effective)) for row in rows]
    left, middle = (max(len(cell[at]) for cell in cells) for at in (0, 1))
    return "\n".join(f"{key:<{left}}  {value:<{middle}}  {at}" for key, value, at in cells)


def _one(row: Setting, effective: Config) -> str:
    said = [f"{row.key} = {_shown(effective[row.key])}", f"  {row.doc}", f"  from: {_said_at(row, effective)}"]
    if row.key in effective.said_at:
        said.append(f"  default: {_shown(row.default)}")
    said.append(f"  may be: {_values(row)}")
    return "\n".join([*said, f"  ${row.variable} goes before the file"] if row.variable else said)


def _said_at(row: Setting, effective: Config) -> str:
    return str(effective.said_at.get(row.key, "default"))


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_SHOWN_MAX else text[: VALUE_SHOWN_MAX - 1] + "…"


def _values(row: Setting) -> str:
    if row.kind == "choice":
        return ", ".join(row.choices)
    if row.kind in ("number", "count"):
        top = f" to {row.most:.15g}" if row.most != float("inf") else " or more"
        return f"{'a whole number' if row.kind == 'count' else 'a number'}, {row.least:.15g}{top}"
    if row.kind == "json":
        return f"as this JSON Schema says: {json.dumps(row.shape.schema())}"
    return {"boolean": "true, false", "text": "a text of one line"}[row.kind]


def _document(known: Configured, rows: list[Setting], findings: tuple[Placed, ...]) -> dict[str, Any]:
    return {
        "ok": not known.errors,
        "file": known.config.source,
        "settings": [_row(row, known.config) for row in rows],
        "findings": [
            {
                "path": one.path, "line": one.line, "column": one.column, "code": one.code, "severity": one.severity,
                "message": one.message, "next": one.next_step,
            }
            for one in findings
        ],
    }  # fmt: skip


def _row(row: Setting, effective: Config) -> dict[str, Any]:
    said = effective.said_at.get(row.key)
    kind = "default" if said is None else "file" if said.line else "environment"
    at = {"kind": kind, "place": said.place if said else "", "line": said.line if said else 0}
    return {
        "key": row.key,
        "value": effective[row.key],
        "said": {**at, "column": said.column if said else 0},
        "default": row.default,
        "variable": row.variable,
        "doc": row.doc,
    }


def _complain(findings: tuple[Placed, ...]) -> None:
    for one in findings:
        place = f"{one.path}:{one.line}:{one.column}" if one.line else one.path
        render.complain(f"{place}: {one.severity}: [{one.code}] {one.message}\n    Next: {one.next_step}")


# ------------------------------------------------------------------------------------------------- setting


def _set(key: str, word: str, as_json: bool) -> int:
    workspace = opening.workspace()
    changed = configuring.change(workspace.store, key, word)
    if isinstance(changed, Refusal):
        return opening.refused(changed, as_json=as_json)
    path, edit = changed
    if as_json:
        where = {"path": path, "line": edit.line, "column": edit.column}
        values = {"key": key, "value": edit.value, "before": edit.before, "changed": edit.changes}
        render.document({"ok": True, **where, **values})
        return 0
    place, value = f"{path}:{edit.line}:{edit.column}", _shown(edit.value)
    if not edit.changes:
        render.say(f"{place}: {key} is {value} already")
    else:
        before = f"the default, {_shown(config.default_of(key))}" if edit.before is None else _shown(edit.before)
        render.say(f"{place}: {key} is {value}; before: {before}")
    after = Workspace(workspace.root).configured
    at = after.config.said_at.get(key)
    if at is not None and not at.line:
        render.complain(f"{at} says {_shown(after.config[key])}, and goes before the file")
    _complain(after.findings)
    return 0
