"""The portfolio as one JSON value: three flat lists that name each other by key. `schemas/export-1.json` is its schema.

The schema's number rises when a reader of the old one could misunderstand the new one; fields may be added without.
"""

from __future__ import annotations

from typing import Any

from echelon.core.documents import criteria, entries, lines
from echelon.core.documents.criteria import Check
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import State
from echelon.core.model import Attempt, World
from echelon.core.portfolio import Program, Project, item_key
from echelon.core.report.data import closings, status

SCHEMA = "https://echelon.dev/schemas/export-1.json"  # a name; the file is in the package and in docs/reference


def export(world: World) -> dict[str, Any]:
    """Everything that the documents say, and what is proved of it. Two exports of the same state are equal."""
    portfolio = world.portfolio
    shown = status(world)
    settings = portfolio.settings
    closed = closings(world)
    projects = [
        row for row in portfolio.projects() if row.entry is not None or row.backlog is not None or row.spec is not None
    ]
    return {
        "$schema": SCHEMA,
        "depth": portfolio.depth,
        "title": str(shown["project"]["title"]),
        "capacity": {"budget": settings.budget, "strategy": settings.strategy, "parallel": settings.parallel}
        if portfolio.depth == "enterprise"
        else None,
        "programs": [_program(row) for row in portfolio.programs if row.entry is not None or row.document is not None],
        "projects": [_project(world, row) for row in projects],
        "items": [item for row in projects for item in _items(world, row, closed)],
    }


def _program(row: Program) -> dict[str, Any]:
    return {"key": row.key, "title": row.title, **_node(row.entry, row.state)}


def _project(world: World, row: Project) -> dict[str, Any]:
    done = row.spec.done if row.spec else ()
    return {
        "key": row.key,
        "program": row.program,
        "title": row.entry.title if row.entry else str(status(world.at(row.key))["project"]["title"]),
        **_node(row.entry, row.state),
        "running": row.running,
        "folder": row.files.folder,
        "objective": row.spec.section("objective") if row.spec else "",
        "definitionOfDone": [{"text": words, "check": _check(check)} for words, check in done],
    }


def _node(entry: Entry | None, state: State) -> dict[str, Any]:
    return {
        "state": state.value,
        "priority": entry.priority if entry else 1,
        "dependsOn": list(entry.depends) if entry else [],
        "waived": bool(entry and entry.waived),
    }


def _items(world: World, project: Project, closed: dict[str, Attempt]) -> list[dict[str, Any]]:
    document = project.backlog
    if document is None:
        return []
    return [
        _item(world, project, entry, document.text, span, closed)
        for entry, span in zip(document.entries, document.spans, strict=True)
    ]


def _item(
    world: World, project: Project, entry: Entry, text: str, span: tuple[int, int], closed: dict[str, Attempt]
) -> dict[str, Any]:
    key = item_key(project.key, entry.id)
    closing = closed.get(key) if entry.state is State.DELIVERED else None
    fields, _ = entries.head_fields(lines.split(text, *span))
    description = next((found.value for found in fields if found.key == "description"), "")
    promises, _ = criteria.read(text, *span, entry.id)
    return {
        "key": key,
        "id": entry.id,
        "project": project.key,
        "title": entry.title,
        "description": description,
        **_node(entry, entry.state),
        "size": entry.size,
        "dependsOn": [{"id": wanted, "key": target(world, project, wanted)} for wanted in entry.depends],
        "files": list(entry.touches),
        "criteria": [{"text": promise.text, "check": _check(promise.check)} for promise in promises],
        "broken": entry.broken,
        "coverage": (closing.coverage if closing else "none") if entry.state is State.DELIVERED else None,
        "commit": closing.commit if closing else "",
        "attempts": len(world.at(project.key).attempts_of(entry.id)),
    }


def target(world: World, project: Project, wanted: str) -> str | None:
    """Key of the item that a dependency means, None when it means nothing."""
    other = world.portfolio.named(project, wanted) if "/" in wanted else project
    name = wanted.rpartition("/")[2]
    return item_key(other.key, name) if other and other.backlog and other.backlog.find(name) else None


def _check(check: Check | None) -> dict[str, str] | None:
    return {"kind": check.kind, "command": check.command} if check else None
