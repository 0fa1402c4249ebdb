"""Now: what runs, what waits for the person, what changed, what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from echelon import __version__
from echelon.console.answers import Answer
from echelon.console.reads.operations import operations
from echelon.console.reads.source import Mirror, View, view
from echelon.console.reads.waiting import Waiting, waiting
from echelon.core import loops
from echelon.core.documents.render import one_line
from echelon.errors import EchelonError
from echelon.slots.places import read_small

CHANGES_MAX = 40
DAYS_MAX = 30
LOOPS_MAX = 20
RUNNING_MAX = 200
DAY = len("2026-01-01")
_ATTEMPT = re.compile(r"\.\d+\Z")  # of a mission's name, after its item
_QUIET = {"record": "RECORDED what the checks said"}  # operations without a line of their own


class WorkspaceName(Answer):
    name: str
    path: str


class Running(Answer):
    """One item in flight. `parked`: its project does not run, so it waits."""

    key: str
    title: str
    phase: str
    attempt: int
    since: str
    slot: str
    mission: str
    parked: bool


class ChangeRow(Answer):
    at: str
    sequence: int
    actor: str
    text: str
    key: str


class DayCost(Answer):
    day: str
    tokens: int
    cost: float
    attempts: int
    delivered: int


class Cost(Answer):
    """Of ended attempts and of loops, as the host counted them; days are UTC's, the last DAYS_MAX with something in them.

    A loop counts on the day it began.
    """

    today_tokens: int
    today_cost: float
    tokens: int
    cost: float
    by_day: list[DayCost]


class LoopRow(Answer):
    session: str
    level: str
    agent: str
    objective: str
    item: str
    scope: str
    state: str
    code: str
    reason: str
    turns: int
    tokens: int
    cost: float
    since: float


class CapacityGauge(Answer):
    used: int
    available: int
    budget: int


class Overview(Answer):
    """`trouble`: why part of it could not be read, "" mostly. `inbox_left_out`: of what waits, beyond the limit."""

    version: str
    workspace: WorkspaceName
    language: str
    depth: str
    mode: str
    title: str
    counts: dict[str, int]
    evidence: dict[str, int]
    running: list[Running]
    inbox: list[Waiting]
    inbox_left_out: int
    changes: list[ChangeRow]
    cost: Cost
    loops: list[LoopRow]
    capacity: CapacityGauge
    next: list[str]
    advice: str
    trouble: str
    revision: int


def overview(mirror: Mirror) -> Overview:
    """The whole of it in one answer: the first view asks for nothing else."""
    seen = view(mirror)
    data = seen.data
    inbox, left_out = seen.once("inbox", lambda: waiting(mirror, seen))
    changes, trouble = changed(mirror, CHANGES_MAX)
    held = _held(mirror)
    return Overview(
        version=__version__,
        workspace=WorkspaceName(name=one_line(mirror.workspace.root.name), path=one_line(str(mirror.workspace.root))),
        language=seen.world.language,
        depth=data["depth"],
        mode=data["mode"],
        title=one_line(data["project"]["title"]),
        counts=dict(seen.counts),
        evidence=dict(data["evidence"]),
        running=running(seen),
        inbox=inbox,
        inbox_left_out=left_out,
        changes=changes,
        cost=_cost(seen, held, mirror.now()[:DAY]),
        loops=[LoopRow(**_loop(row)) for row in sorted(held, key=lambda row: not row.unended)[:LOOPS_MAX]],
        capacity=CapacityGauge(**data["capacity"], budget=data["budget"]),
        next=list(data["next"]),
        advice=data["advice"],
        trouble=trouble,
        revision=mirror.revision,
    )


def running(seen: View) -> list[Running]:
    """The items in flight, those of projects that run first."""
    found: list[Running] = []
    for row in seen.world.missions[:RUNNING_MAX]:
        project = seen.world.portfolio.project(row.scope)
        found.append(
            Running(
                key=row.item,
                title=one_line(row.title or row.definition.title),
                phase=row.phase,
                attempt=row.attempt,
                since=row.started,
                slot=row.slot,
                mission=row.name,
                parked=bool(project and not project.running),
            )
        )
    return sorted(found, key=lambda row: row.parked)


def changed(mirror: Mirror, limit: int) -> tuple[list[ChangeRow], str]:
    """The newest operations in one line each; and why they cannot be read, "" when they can."""
    try:
        rows = operations(mirror, limit=limit).operations
    except EchelonError as error:  # a damaged log must not hide what runs
        return [], f"[{error.code}] {error.message}"
    return [
        ChangeRow(
            at=row.at,
            sequence=row.sequence,
            actor=row.actor,
            text=row.note or _QUIET.get(row.action, row.action),
            key=_ATTEMPT.sub("", row.item),
        )
        for row in rows
    ], ""


def _cost(seen: View, held: Iterable[loops.Loop], today: str) -> Cost:
    """An attempt knows what a delivery used. In OpenCode it knows nothing, and the loop that made it has counted."""
    days = {day: list(row) for day, row in seen.once("cost", lambda: _days(seen)).items()}
    for loop in held:
        day = days.setdefault(_day(loop.since), [0, 0.0, 0, 0])
        day[0] += loop.tokens
        day[1] += loop.cost
    rows = [
        DayCost(day=day, tokens=int(row[0]), cost=row[1], attempts=int(row[2]), delivered=int(row[3]))
        for day, row in sorted(days.items())
    ]
    now = next((row for row in rows if row.day == today), None)
    return Cost(
        today_tokens=now.tokens if now else 0,
        today_cost=now.cost if now else 0.0,
        tokens=sum(row.tokens for row in rows),
        cost=sum(row.cost for row in rows),
        by_day=rows[-DAYS_MAX:],
    )


def _days(seen: View) -> Mapping[str, Sequence[float]]:
    """What ended attempts used by day: tokens, cost, attempts, and those that delivered."""
    days: dict[str, list[float]] = {}
    for attempt in seen.world.attempts:
        day = days.setdefault(attempt.ended[:DAY], [0, 0.0, 0, 0])
        day[0] += attempt.tokens
        day[1] += attempt.cost
        day[2] += 1
        day[3] += attempt.reason == "delivered"
    return days


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return ""  # a file of ours that somebody edited


def _held(mirror: Mirror) -> list[loops.Loop]:
    """The loops of the workspace, the newest first."""
    text = read_small(mirror.workspace.state / loops.FILE, loops.FILE_BYTES_MAX).decode("utf-8", "replace")
    return list(loops.read(text).values())[::-1]


def _loop(row: loops.Loop) -> dict[str, Any]:
    words = {name: one_line(getattr(row, name)) for name in ("session", "agent", "objective", "item", "code", "reason")}
    counts = {name: getattr(row, name) for name in ("level", "state", "turns", "tokens", "cost", "since")}
    return {**words, **counts, "scope": one_line(row.scope or "")}
