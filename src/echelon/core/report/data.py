"""Where things stand, as JSON values. The data holds the fields of the peer's machine form (peer-levels §6.1).

Coverage is what code saw: `proved`, `guarded`, `attested`, or `none` for what was marked delivered without evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echelon.core import eligibility, records
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import MARKER_OF, State
from echelon.core.levels import capacity
from echelon.core.levels.escalations import Held, every
from echelon.core.levels.holding import held_items
from echelon.core.model import Attempt, Mission, World
from echelon.core.portfolio import Program, Project, item_key
from echelon.core.report.advice import of_portfolio, of_project

WAITING_SHOWN_MAX = 50


def closings(world: World) -> dict[str, Attempt]:
    """Item key -> the attempt that delivered it with evidence; the newest where it was delivered more than once."""
    return {attempt.item: attempt for attempt in world.attempts if attempt.coverage}


def unproved(world: World) -> list[str]:
    """Keys of items that are marked delivered and have no evidence."""
    closed = closings(world)
    return [
        key
        for row in world.portfolio.projects()
        for entry in (row.backlog.entries if row.backlog else ())
        if entry.state is State.DELIVERED and (key := item_key(row.key, entry.id)) not in closed
    ]


def status(world: World) -> dict[str, Any]:
    """The whole picture as JSON values: the portfolio, and at depth `project` its one project in full."""
    portfolio = world.portfolio
    front = project(world)
    if portfolio.depth == "project":
        return front
    rows = [_program(world, row) for row in portfolio.programs]
    settings, used = portfolio.settings, portfolio.used
    budget = settings.budget if portfolio.depth == "enterprise" else max(1, used)
    eligible = capacity.next_items(world)
    held = list(every(world))
    pending = [row for row in held if row.escalation.pending]
    return {
        **front,
        "depth": portfolio.depth,
        "mode": "active",
        "strategy": settings.strategy if portfolio.depth == "enterprise" else "",
        "parallel": settings.parallel,
        "budget": budget,
        "capacity": {"used": used, "available": max(0, budget - used)},
        "allocation": _allocation(world),
        "pendingEscalations": len(pending),
        "programs": rows,
        "project": {
            "title": _portfolio_title(world),
            "items": _sum([one["items"] for row in rows for one in row["projects"]]),
        },
        "evidence": _sum([one["evidence"] for row in rows for one in row["projects"]]),
        "items": [entry for row in rows for one in row["projects"] for entry in one["list"]],
        "inFlight": [_mission(world, mission) for mission in world.missions],
        "next": list(eligible[:WAITING_SHOWN_MAX]),
        "waiting": _waits(world)[:WAITING_SHOWN_MAX],
        "escalations": [_escalation(row) for row in pending],
        "advice": of_portfolio(world, eligible, pending),
    }


def _allocation(world: World) -> list[dict[str, Any]]:
    if world.portfolio.depth != "enterprise":
        return []
    return [{"id": row.id, "slots": row.slots} for row in capacity.shares(world)]


def _sum(rows: list[dict[str, int]]) -> dict[str, int]:
    keys = rows[0] if rows else {}
    return {key: sum(row[key] for row in rows) for key in keys}


def _program(world: World, program: Program) -> dict[str, Any]:
    pending = sum(1 for row in program.escalations if row.pending)
    entry = program.entry
    return {
        "id": program.key,
        "title": program.title or _first_line(world.text(program.files.document)),
        "status": MARKER_OF[program.state],
        "state": program.state.value,
        "waived": bool(entry and entry.waived),
        "priority": entry.priority if entry else 1,
        "dependsOn": list(entry.depends) if entry else [],
        "pendingEscalations": pending,
        "refused": program.refused,
        "projects": [_project(world, row) for row in program.projects],
    }


def _project(world: World, row: Project) -> dict[str, Any]:
    closed = closings(world)
    view, items = world.at(row.key), row.backlog.entries if row.backlog else ()
    entry = row.entry
    return {
        "id": row.id,
        "key": row.key,
        "title": entry.title if entry else _title(view),
        "status": MARKER_OF[row.state],
        "state": row.state.value,
        "running": row.running,
        "waived": bool(entry and entry.waived),
        "priority": entry.priority if entry else 1,
        "dependsOn": list(entry.depends) if entry else [],
        "pendingEscalations": sum(1 for one in row.escalations if one.pending),
        "refused": row.refused,
        "items": _counts(items),
        "evidence": _coverage(view, items, closed),
        "list": [_item(view, one, closed) for one in items],
    }


def _counts(items: tuple[Entry, ...]) -> dict[str, int]:
    counts = {state: sum(1 for entry in items if entry.state is state) for state in State}
    return {
        "delivered": counts[State.DELIVERED],
        "inProgress": counts[State.ACTIVE],
        "failed": counts[State.FAILED],
        "suspended": counts[State.SUSPENDED],
        "pending": counts[State.PENDING],
        "total": len(items),
    }


def _escalation(row: Held) -> dict[str, Any]:
    entry = row.escalation
    return {
        "id": entry.id,
        "level": row.level,
        "scope": row.scope,
        "context": entry.context,
        "expected": entry.expected,
    }


def _waits(world: World) -> list[dict[str, Any]]:
    """Why what is pending does not start: items of running projects, then projects and programs that do not run."""
    rows: list[dict[str, Any]] = []
    for row in world.portfolio.projects():
        if row.refused:
            rows.append({"item": row.key, "code": "STORAGE_PATH_INVALID", "why": row.refused})
        elif row.running and row.backlog:
            obstacles = capacity.selected(world, row)[1]
            rows += [{"item": item_key(row.key, one.item), "code": one.code, "why": one.message} for one in obstacles]
        elif not row.running and row.state in (State.PENDING, State.SUSPENDED, State.FAILED):
            waits = ", ".join(row.entry.depends) if row.entry and row.entry.depends else ""
            why = f"{row.key} is {row.state.value}" + (f"; it depends on {waits}" if waits else "")
            rows.append({"item": row.key, "code": "PROJECT_NOT_ACTIVE", "why": why})
    return rows


def project(world: World) -> dict[str, Any]:
    """The picture of the project in front."""
    closed = closings(world)
    items = world.backlog.entries if world.backlog else ()
    pending = [row for row in world.escalations if row.pending]
    eligible, obstacles = (
        eligibility.select(world.backlog, world.external, held_items(world)) if world.backlog else ((), ())
    )
    counts = _counts(items)
    used = counts["inProgress"]
    return {
        "depth": "project" if world.backlog else "none",
        "mode": "active" if world.backlog and world.spec else "inactive",
        "strategy": "",
        "parallel": False,
        "budget": max(1, used),
        "capacity": {"used": used, "available": max(0, 1 - used)},
        "allocation": [],
        "pendingEscalations": len(pending),
        "programs": [],
        "scope": world.scope,
        "project": {"title": _title(world), "items": counts},
        "evidence": _coverage(world, items, closed),
        "items": [_item(world, entry, closed) for entry in items],
        "inFlight": [_mission(world, mission) for mission in world.own_missions],
        "next": [entry.id for entry in eligible[:WAITING_SHOWN_MAX]],
        "waiting": [{"item": row.item, "code": row.code, "why": row.message} for row in obstacles[:WAITING_SHOWN_MAX]],
        "escalations": [
            {"id": row.id, "level": "project", "scope": world.scope, "context": row.context, "expected": row.expected}
            for row in pending
        ],
        "advice": of_project(world, eligible, obstacles),
    }


def _first_line(text: str) -> str:
    first = text.lstrip("\ufeff").split("\n", 1)[0].removeprefix("# ")
    return first.partition(" — ")[2].strip() or first.strip()


def _portfolio_title(world: World) -> str:
    document = world.portfolio.document
    rows = world.portfolio.programs
    return _first_line(document.text if document else world.text(rows[0].files.document) if rows else "")


def _title(world: World) -> str:
    first = (world.spec.text if world.spec else "").lstrip("\ufeff").split("\n", 1)[0]
    return first.removeprefix("# ").partition(" — ")[2].strip() or first.removeprefix("# ").strip()


def _coverage(world: World, items: tuple[Entry, ...], closed: Mapping[str, Attempt]) -> dict[str, int]:
    found = {"proved": 0, "guarded": 0, "attested": 0, "none": 0}
    for entry in items:
        if entry.state is State.DELIVERED:
            closing = closed.get(world.key(entry.id))
            found[closing.coverage if closing else "none"] += 1
    return found


def _item(world: World, entry: Entry, closed: Mapping[str, Attempt]) -> dict[str, Any]:
    closing = closed.get(world.key(entry.id))
    tried = world.attempts_of(entry.id)
    return {
        "id": entry.id,
        "key": world.key(entry.id),
        "title": entry.title,
        "status": MARKER_OF[entry.state],
        "state": entry.state.value,
        "waived": entry.waived,
        "priority": entry.priority,
        "size": entry.size,
        "dependsOn": list(entry.depends),
        "coverage": (closing.coverage if closing else "none") if entry.state is State.DELIVERED else "",
        "commit": closing.commit if closing else "",
        "inPlace": bool(closing and closing.in_place),
        "checks": closing.checks if closing else 0,
        "record": records.as_json(closing.record) if closing else None,
        "attempts": [
            {"attempt": row.attempt, "reason": row.reason, "detail": row.detail, "started": row.started, "ended": row.ended,
             "tokens": row.tokens, "cost": row.cost}
            for row in tried
        ],
    }  # fmt: skip


def _mission(world: World, mission: Mission) -> dict[str, Any]:
    row = world.portfolio.project(mission.scope)
    unattested = [
        {"criterion": number, "text": promise.text}
        for number, promise in enumerate(mission.definition.criteria, 1)
        if promise.check is None and promise.text not in {entry.criterion for entry in mission.attestations}
    ]
    return {
        "item": mission.local,
        "key": mission.item,
        "parked": bool(row and not row.running),
        "mission": mission.name,
        "phase": mission.phase,
        "slot": mission.slot,
        "since": mission.started,
        "inPlace": mission.in_place,
        "conflicts": list(mission.conflicts),
        "feedback": mission.feedback,
        "toAttest": unattested,
    }
