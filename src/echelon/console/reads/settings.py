"""The settings with where each comes from, the budgets with what is used of them, and the actions that doors call."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from pydantic import Field

from echelon.actions.schema import schema
from echelon.actions.table import ACTIONS
from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, sound, view
from echelon.core import loops
from echelon.core.briefing import tries
from echelon.core.config import SETTINGS
from echelon.core.documents.render import one_line
from echelon.slots.places import read_small


class SettingRow(Answer):
    """`from`: the file with line and column, the environment variable, or "default"."""

    key: str
    value: Any
    default: Any
    source: str = Field(alias="from")
    doc: str
    kind: str
    choices: list[str]
    variable: str


class BudgetRow(Answer):
    """A limit and what is used of it now. `about`: the item or session it is of, "" for the whole."""

    key: str
    about: str
    used: float
    limit: float
    unit: str


class Settings(Answer):
    settings: list[SettingRow]
    budgets: list[BudgetRow]
    problems: list[str]


class ActionRow(Answer):
    name: str
    level: str
    doc: str
    callers: str
    changes: bool
    arguments: dict[str, Any]


class Actions(Answer):
    actions: list[ActionRow]


def settings(mirror: Mirror) -> Settings:
    """As they count now, the workspace's file and the environment together."""
    configured = mirror.workspace.configured
    config = configured.config
    rows = [
        SettingRow(
            key=row.key,
            value=sound(config[row.key]),
            default=sound(row.default),
            source=str(config.said_at.get(row.key, "default")),
            doc=row.doc,
            kind=row.kind,
            choices=list(row.choices),
            variable=row.variable,
        )
        for row in SETTINGS
    ]
    return Settings(settings=rows, budgets=_budgets(mirror), problems=[one_line(row) for row in configured.errors])


def _budgets(mirror: Mirror) -> list[BudgetRow]:
    """Slots of the portfolio, attempts of what is in flight, and everything a loop that goes on may use."""
    seen = view(mirror)
    config = mirror.workspace.config
    found: list[BudgetRow] = []
    if seen.world.portfolio.depth == "enterprise":
        budget = seen.world.portfolio.settings.budget
        found.append(_budget("capacity", "", seen.world.portfolio.used, budget, "items"))
    for mission in seen.world.missions:
        tried = tries(seen.world.at(mission.scope), mission.item)
        found.append(_budget("limits.attempts", mission.item, tried, config.count("limits.attempts"), "attempts"))
    held = read_small(mirror.workspace.state / loops.FILE, loops.FILE_BYTES_MAX).decode("utf-8", "replace")
    for loop in loops.read(held).values():
        if loop.unended:
            used = (
                ("loopTurns", loop.turns, "turns"),
                ("loopTokens", loop.tokens, "tokens"),
                ("loopCost", loop.cost, "money"),
            )
            about = one_line(loop.session, 100)
            found += [
                _budget(f"limits.{name}", about, have, config.number(f"limits.{name}"), unit)
                for name, have, unit in used
            ]
    return found


def _budget(key: str, about: str, used: float, limit: float, unit: str) -> BudgetRow:
    return BudgetRow(key=key, about=about, used=used, limit=limit, unit=unit)


@cache
def actions() -> Actions:
    """The table of actions with the JSON Schema of their arguments; the same in every workspace."""
    return Actions(
        actions=[
            ActionRow(
                name=row.name,
                level=row.level,
                doc=row.doc,
                callers=row.callers,
                changes=row.changes,
                arguments=_documented(row.arguments),
            )
            for row in ACTIONS.values()
        ]
    )


def _documented(arguments: type) -> dict[str, Any]:
    """The schema with what each argument means."""
    made = schema(arguments)
    docs = {row.name: row.metadata.get("doc", "") for row in dataclasses.fields(arguments)}
    for name, shape in made.get("properties", {}).items():
        shape.setdefault("description", docs.get(name, ""))
    return made
