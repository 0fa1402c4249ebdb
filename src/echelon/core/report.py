"""Where things stand, as data and as Markdown. The data holds the fields of the peer's machine form (peer-levels §6.1).

Coverage is what code saw: `proved`, `guarded`, `attested`, or `none` for what was marked delivered without evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echelon.core import eligibility
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import MARKER_OF, State
from echelon.core.documents.render import clean, one_line
from echelon.core.levels.holding import held_items
from echelon.core.model import Attempt, World

WAITING_SHOWN_MAX = 50


def closings(world: World) -> dict[str, Attempt]:
    """item -> the attempt that delivered it with evidence; the newest where it was delivered more than once."""
    return {attempt.item: attempt for attempt in world.attempts if attempt.coverage}


def status(world: World) -> dict[str, Any]:
    """The whole picture of one project as JSON values."""
    closed = closings(world)
    items = world.backlog.entries if world.backlog else ()
    counts = {state: sum(1 for entry in items if entry.state is state) for state in State}
    pending = [entry for entry in world.escalations if entry.pending]
    eligible, obstacles = (
        eligibility.select(world.backlog, world.external, held_items(world)) if world.backlog else ((), ())
    )
    summary = {
        "delivered": counts[State.DELIVERED],
        "inProgress": counts[State.ACTIVE],
        "failed": counts[State.FAILED],
        "suspended": counts[State.SUSPENDED],
        "pending": counts[State.PENDING],
        "total": len(items),
    }
    return {
        "depth": "project" if world.backlog else "none",
        "mode": "active" if world.backlog and world.spec else "inactive",
        "strategy": "",
        "parallel": False,
        "budget": 1,
        "capacity": {"used": counts[State.ACTIVE], "available": max(0, 1 - counts[State.ACTIVE])},
        "allocation": [],
        "pendingEscalations": len(pending),
        "programs": [],
        "project": {"title": _title(world), "items": summary},
        "evidence": _coverage(items, closed),
        "items": [_item(world, entry, closed) for entry in items],
        "inFlight": [_mission(world, mission.item) for mission in world.missions],
        "next": [entry.id for entry in eligible[:WAITING_SHOWN_MAX]],
        "waiting": [{"item": row.item, "code": row.code, "why": row.message} for row in obstacles[:WAITING_SHOWN_MAX]],
        "escalations": [{"id": entry.id, "context": entry.context, "expected": entry.expected} for entry in pending],
        "advice": advice(world, eligible, obstacles),
    }


def _title(world: World) -> str:
    first = (world.spec.text if world.spec else "").lstrip("\ufeff").split("\n", 1)[0]
    return first.removeprefix("# ").partition(" — ")[2].strip() or first.removeprefix("# ").strip()


def _coverage(items: tuple[Entry, ...], closed: Mapping[str, Attempt]) -> dict[str, int]:
    found = {"proved": 0, "guarded": 0, "attested": 0, "none": 0}
    for entry in items:
        if entry.state is State.DELIVERED:
            closing = closed.get(entry.id)
            found[closing.coverage if closing else "none"] += 1
    return found


def _item(world: World, entry: Entry, closed: Mapping[str, Attempt]) -> dict[str, Any]:
    closing = closed.get(entry.id)
    tried = world.attempts_of(entry.id)
    return {
        "id": entry.id,
        "title": entry.title,
        "status": MARKER_OF[entry.state],
        "state": entry.state.value,
        "priority": entry.priority,
        "size": entry.size,
        "dependsOn": list(entry.depends),
        "coverage": (closing.coverage if closing else "none") if entry.state is State.DELIVERED else "",
        "commit": closing.commit if closing else "",
        "inPlace": bool(closing and closing.in_place),
        "checks": closing.checks if closing else 0,
        "attempts": [
            {"attempt": row.attempt, "reason": row.reason, "detail": row.detail, "started": row.started, "ended": row.ended,
             "tokens": row.tokens, "cost": row.cost}
            for row in tried
        ],
    }  # fmt: skip


def _mission(world: World, item: str) -> dict[str, Any]:
    mission = world.mission(item)
    assert mission is not None
    unattested = [
        {"criterion": number, "text": promise.text}
        for number, promise in enumerate(mission.definition.criteria, 1)
        if promise.check is None and promise.text not in {entry.criterion for entry in mission.attestations}
    ]
    return {
        "item": item,
        "mission": mission.name,
        "phase": mission.phase,
        "slot": mission.slot,
        "since": mission.started,
        "inPlace": mission.in_place,
        "conflicts": list(mission.conflicts),
        "feedback": mission.feedback,
        "toAttest": unattested,
    }


def advice(world: World, eligible: tuple[Entry, ...], obstacles: tuple[eligibility.Obstacle, ...]) -> str:
    """The one next step a person can take."""
    pending = [entry for entry in world.escalations if entry.pending]
    if world.backlog is None or world.spec is None:
        return "echelon init writes the files that are missing; then fill in spec.md and backlog.md"
    if not world.backlog.entries:
        return "write the first item into .opencode/backlog.md: `### B001 — title` (docs/FORMAT.md)"
    if world.missions:
        return f"{world.missions[0].name} is in flight: echelon deliver goes on with it"
    if eligible:
        return f"echelon deliver; next is {eligible[0].id}"
    if pending:
        return (
            f'decide {pending[0].id}: echelon call resolve_escalation --json \'{{"escalation_id": …, "decision": …}}\''
        )
    parked = [entry.id for entry in world.backlog.entries if entry.state is State.SUSPENDED]
    if parked:
        return f'echelon call backlog_resume_item --json \'{{"itemId": "{parked[0]}"}}\' brings {parked[0]} back'
    if obstacles:
        return "echelon doctor shows what keeps the rest from starting"
    failed = [entry.id for entry in world.backlog.entries if entry.state is State.FAILED]
    if failed:
        return f"{', '.join(failed[:5])} failed: set it to [ ] to try again, or leave it"
    return "everything is delivered; echelon verify runs the proof again"


# ------------------------------------------------------------------------------------------------ Markdown


def markdown(data: Mapping[str, Any], *, story: bool = True) -> str:
    """A report people read: counts, items with their evidence, the story of the attempts, what to do next."""
    items = data["project"]["items"]
    rows = [f"# Report — {one_line(data['project']['title'], 100) or 'project'}", ""]
    rows.append(
        f"{items['delivered']}/{items['total']} delivered · {items['inProgress']} in progress · "
        f"{items['pending']} pending · {items['suspended']} suspended · {items['failed']} failed"
    )
    cover = data["evidence"]
    rows.append(
        f"Evidence: {cover['proved']} proved · {cover['guarded']} guarded · {cover['attested']} attested · {cover['none']} none"
    )
    rows += ["", "| | item | evidence | checks | attempts | commit |", "|---|---|---|--:|--:|---|"]
    for entry in data["items"]:
        rows.append(
            f"| `[{entry['status']}]` | {entry['id']} — {one_line(entry['title'], 60).replace('|', '/')} | "
            f"{_shown(entry) or '—'} | {entry['checks'] or '—'} | {len(entry['attempts']) or '—'} | {entry['commit'][:10] or '—'} |"
        )
    if story:
        rows += _story(data)
    rows += _waiting(data)
    rows += ["", f"Next: {data['advice']}", ""]
    return "\n".join(rows)


def _shown(entry: Mapping[str, Any]) -> str:
    """Coverage, with the weakness of evidence that is bound to no tree of git."""
    return f"{entry['coverage']}, in place" if entry["inPlace"] else str(entry["coverage"])


def _story(data: Mapping[str, Any]) -> list[str]:
    """Items that did not go straight, attempt by attempt: this is where a person learns what happened."""
    rows: list[str] = []
    for entry in data["items"]:
        tried = entry["attempts"]
        if len(tried) < 2 and not (tried and tried[0]["reason"] != "delivered"):
            continue
        rows += ["", f"### {entry['id']} — {one_line(entry['title'], 80)}"]
        for attempt in tried:
            detail = one_line(clean(attempt["detail"]), 240)
            rows.append(f"- attempt {attempt['attempt']}: **{attempt['reason'].replace('_', ' ')}** — {detail}")
    return ["", "## What did not go straight", *rows] if rows else []


def _waiting(data: Mapping[str, Any]) -> list[str]:
    rows = [f"- {one_line(row['why'])} (`{row['code']}`)" for row in data["waiting"]]
    rows += [f"- {row['id']} waits for your decision: {one_line(row['expected'])}" for row in data["escalations"]]
    return ["", "## What waits", *rows] if rows else []


def lines(data: Mapping[str, Any]) -> str:
    """Plain status, in the peer's shape: mode, counts, one line per item."""
    items = data["project"]["items"]
    rows = [
        f"Mode Spec & Backlog: {data['mode'].upper()}",
        (
            f"{items['pending']} pending, {items['inProgress']} in progress, {items['delivered']} delivered, "
            f"{items['failed']} failed, {items['suspended']} suspended"
        ),
    ]
    for entry in data["items"]:
        waits = ", ".join(entry["dependsOn"]) or "—"
        cover = f" · {_shown(entry)}" if entry["coverage"] else ""
        rows.append(
            f"[{entry['status']}] {entry['id']} (P{entry['priority']}) {one_line(entry['title'], 100)} — depends: {waits}{cover}"
        )
    for row in data["inFlight"]:
        rows.append(f"in flight: {row['mission']} ({row['phase']}) since {row['since']}")
        rows += [f"  to attest: criterion {one['criterion']}: {one_line(one['text'])}" for one in row["toAttest"]]
    rows += [row.removeprefix("- ") for row in _waiting(data)[2:]]
    rows.append(f"next: {data['advice']}")
    return "\n".join(rows)
