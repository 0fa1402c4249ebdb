"""Status documents of a whole portfolio, in the shape of `core.report.status`, for charts and pages."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = "2026-01-20T10:00:00.000Z"
STATES = ("delivered", "pending", "active", "failed", "suspended")
REASONS = ("checks_red", "weakened", "conflict", "asked", "timed_out")
MARKER = {"delivered": "x", "pending": " ", "active": "/", "failed": "-", "suspended": "~"}
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def enterprise(programs: int, projects: int, items: int, seed: int = 1) -> dict[str, Any]:
    """Every key of the document, filled; the same for the same numbers."""
    draw = random.Random(seed)
    rows = [_program(draw, place, projects, items) for place in range(1, programs + 1)]
    return {
        "depth": "enterprise", "title": "Shop", "mode": "active", "strategy": "proportional", "parallel": True, "budget": 4,
        "capacity": {"used": 3, "available": 1}, "allocation": [{"id": row["id"], "slots": 2} for row in rows],
        "pendingEscalations": 1, "programs": rows, "next": ["PGM-001/PRJ-001/B001"], "advice": "echelon deliver goes on",
        "inFlight": [{"item": "B002", "key": "PGM-001/PRJ-001/B002", "mission": "B002.1", "phase": "working", "slot": "B002",
                      "since": "2026-01-19T20:00:00.000Z", "conflicts": ["a.py"], "feedback": "a word"}],
        "waiting": [{"item": "PGM-001/PRJ-001/B004", "code": "DEPENDENCY_UNMET", "why": "B004 waits for B003"}],
        "escalations": [{"id": "ESC-1", "level": "project", "scope": "PRJ-001", "context": "which way?", "expected": "one word"}],
        "overlaps": [{"slots": ["B001", "B002"], "paths": ["shop/cart.py"]}],
    }  # fmt: skip


def project(items: int, seed: int = 1) -> dict[str, Any]:
    """The document at the depth of one project."""
    whole = enterprise(1, 1, items, seed)
    rows = [{**row, "key": row["id"]} for row in whole["programs"][0]["projects"][0]["list"]]
    counts = {"delivered": 0, "inProgress": 0, "failed": 0, "suspended": 0, "pending": 0, "total": items}
    return {**whole, "depth": "project", "programs": [], "allocation": [], "items": rows,
            "project": {"title": "Cart", "items": counts}, "evidence": {}}  # fmt: skip


def _program(draw: random.Random, place: int, projects: int, items: int) -> dict[str, Any]:
    name = f"PGM-{place:03}"
    return {
        "id": name, "title": f"Program {place}", "status": "/", "state": "active", "priority": 1, "pendingEscalations": 0,
        "dependsOn": [f"PGM-{place - 1:03}"] if place > 1 and draw.random() < 0.3 else [],
        "projects": [_project(draw, name, number, items) for number in range(1, projects + 1)],
    }  # fmt: skip


def _project(draw: random.Random, program: str, place: int, items: int) -> dict[str, Any]:
    name, time = f"PRJ-{place:03}", _START + timedelta(hours=draw.randint(0, 200))
    rows = []
    for number in range(1, items + 1):
        row, time = _item(draw, f"{program}/{name}", number, time)
        rows.append(row)
    return {
        "id": name, "key": f"{program}/{name}", "title": f"Project {place}", "status": "/", "state": "active", "priority": 1,
        "dependsOn": [f"PRJ-{place - 1:03}"] if place > 1 and draw.random() < 0.4 else [], "items": {}, "evidence": {}, "list": rows,
    }  # fmt: skip


def _item(draw: random.Random, project: str, number: int, time: datetime) -> tuple[dict[str, Any], datetime]:
    state = draw.choice((*STATES, "delivered", "delivered"))
    tried = []
    for attempt in range(1, draw.randint(1, 3) + 1 if state != "pending" else 1):
        end = time + timedelta(minutes=draw.randint(1, 90))
        tried.append({"attempt": attempt, "reason": draw.choice(REASONS), "detail": "3 tests failed", "started": iso(time),
                      "ended": iso(end), "tokens": 5, "cost": 0.5})  # fmt: skip
        time = end
    if state == "delivered":
        tried[-1]["reason"] = "delivered"
    depends = [f"B{on:03}" for on in range(max(1, number - 3), number) if draw.random() < 0.4]
    if draw.random() < 0.2:
        depends.append(f"PRJ-{draw.randint(1, 2):03}/B{draw.randint(1, number):03}")
    return {
        "id": f"B{number:03}", "key": f"{project}/B{number:03}", "title": f"Item {number}", "status": MARKER[state], "state": state,
        "priority": 2, "size": "M", "dependsOn": depends, "checks": 2, "attempts": tried, "inPlace": False,
        "coverage": draw.choice(("proved", "guarded", "attested", "none")) if state == "delivered" else "",
        "commit": "abcdef0123456789" if state == "delivered" else "",
    }, time  # fmt: skip
