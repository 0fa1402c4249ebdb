"""The portfolio: programs and projects with their progress, shares with reasons, and three charts as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View, milliseconds, view
from echelon.core import report, states
from echelon.core.charts.forecast import forecast
from echelon.core.charts.gantt import gantt
from echelon.core.charts.gauges import burn_up
from echelon.core.documents.grammar import State
from echelon.core.documents.render import one_line
from echelon.core.levels import capacity
from echelon.core.portfolio import Program, Project

WHY_MAX = 50  # programs whose share is explained in one answer
STEP = 10_000  # milliseconds: the charts end "now", which is as good for so long


class Lever(Answer):
    """`budget` and `priority` as they would be, for whoever says it in another language."""

    text: str
    slots: int
    budget: int
    priority: int


class Share(Answer):
    id: str
    slots: int


class WhyShare(Answer):
    """Why a program has its share (docs/PORTFOLIO.md): what it could use, who has the rest, what would change it."""

    slots: int
    cap: int
    weight: int
    rank: int
    why: str
    words: str
    others: list[Share]
    unused: int
    levers: list[Lever]
    waited: int


class Allocation(Answer):
    id: str
    title: str
    slots: int
    used: int
    why: WhyShare | None


class ProjectRow(Answer):
    """`asks`: the steps that its state allows (core/states.py); whether one may be taken now, the core says when asked."""

    id: str
    key: str
    title: str
    state: str
    running: bool
    waived: bool
    priority: int
    depends_on: list[str]
    pending_escalations: int
    refused: str
    asks: list[str]
    counts: dict[str, int]
    evidence: dict[str, int]


class ProgramRow(Answer):
    """`key` is "" for the one program of a workspace without an enterprise.md. `file`: its program.md, "" where there is none."""

    key: str
    file: str
    title: str
    state: str
    waived: bool
    priority: int
    depends_on: list[str]
    pending_escalations: int
    refused: str
    asks: list[str]
    projects: list[ProjectRow]
    counts: dict[str, int]


class Lane(Answer):
    key: str
    title: str


class Bar(Answer):
    lane: int
    attempt: int
    reason: str
    detail: str
    start: int
    end: int
    critical: bool


class GanttChart(Answer):
    """Times are milliseconds since 1970. `took`: of the critical path together."""

    lanes: list[Lane]
    bars: list[Bar]
    critical: list[str]
    took: int
    lanes_left_out: int
    bars_left_out: int


class BurnStep(Answer):
    at: int
    delivered: int


class BurnUpChart(Answer):
    steps: list[BurnStep]
    delivered: int
    total: int
    undated: int


class ForecastChart(Answer):
    """When the rest is delivered; no times while fewer than five deliveries are known (`enough` is false)."""

    left: int
    known: int
    enough: bool
    early: int | None
    likely: int | None
    late: int | None


class CapacityUse(Answer):
    used: int
    available: int


class PortfolioAnswer(Answer):
    depth: str
    title: str
    strategy: str
    parallel: bool
    budget: int
    capacity: CapacityUse
    allocation: list[Allocation]
    programs: list[ProgramRow]
    gantt: GanttChart
    burn_up: BurnUpChart
    forecast: ForecastChart


def portfolio(mirror: Mirror) -> PortfolioAnswer:
    """The whole tree without its items, and the charts up to now."""
    seen = view(mirror)
    now = milliseconds(mirror) // STEP * STEP
    return seen.once("portfolio", lambda: _portfolio(seen, now), now)


def _portfolio(seen: View, now: int) -> PortfolioAnswer:
    data = seen.data
    programs = data["programs"] or [_lone(data)]
    return PortfolioAnswer(
        depth=data["depth"],
        title=one_line(data["project"]["title"]),
        strategy=data["strategy"],
        parallel=data["parallel"],
        budget=data["budget"],
        capacity=CapacityUse(**data["capacity"]),
        allocation=_allocation(seen),
        programs=[_program(seen, row) for row in programs],
        gantt=_gantt(seen, now),
        burn_up=_burn_up(seen, now),
        forecast=_forecast(seen, now),
    )


def _lone(data: Any) -> dict[str, Any]:
    """A workspace with one project, in the shape of the others: one program that is nobody's."""
    nobody: list[str] = []
    project = {
        "id": "", "key": "", "title": data["project"]["title"], "state": "active", "running": data["mode"] == "active",
        "waived": False, "priority": 1, "dependsOn": nobody, "pendingEscalations": data["pendingEscalations"], "refused": "",
        "items": data["project"]["items"], "evidence": data["evidence"],
    }  # fmt: skip
    return {**project, "pendingEscalations": 0, "projects": [project] if data["depth"] != "none" else []}


def _program(seen: View, row: Any) -> ProgramRow:
    known = seen.world.portfolio.program(row["id"])
    projects = [_project(seen, one) for one in row["projects"]]
    counts: dict[str, int] = {}
    for one in projects:
        for name, count in one.counts.items():
            counts[name] = counts.get(name, 0) + count
    return ProgramRow(
        **_place(row),
        key=row["id"],
        file=known.files.document if known and known.document else "",
        asks=_asks(known, states.PROGRAM),
        projects=projects,
        counts=counts,
    )


def _asks(known: Program | Project | None, table: Mapping[tuple[State, str], State]) -> list[str]:
    """Nothing for what no file above lists: it runs as long as it is there."""
    if known is None or known.entry is None:
        return []
    waived = known.entry.waived
    return [asked for (state, asked) in table if state is known.state and not (asked == "waive" and waived)]


def _project(seen: View, row: Any) -> ProjectRow:
    return ProjectRow(
        **_place(row),
        asks=_asks(seen.world.portfolio.project(row["key"]), states.PROJECT),
        id=row["id"],
        key=row["key"],
        running=row["running"],
        counts=dict(row["items"]),
        evidence=dict(row["evidence"]),
    )


def _place(row: Any) -> dict[str, Any]:
    return {
        "title": one_line(row["title"]),
        "state": row["state"],
        "waived": row["waived"],
        "priority": row["priority"],
        "depends_on": list(row["dependsOn"]),
        "pending_escalations": row["pendingEscalations"],
        "refused": one_line(row["refused"]),
    }


def _allocation(seen: View) -> list[Allocation]:
    rows = seen.data["allocation"]
    if not rows:
        return []
    demands = capacity.demands(seen.world)
    used = {row.key: sum(len(one.active_items) for one in row.projects if one.running) for row in _programs(seen)}
    titles = {row.key: one_line(row.title) for row in _programs(seen)}
    found: list[Allocation] = []
    for place, row in enumerate(rows):
        said = report.why(seen.world, row["id"], demands) if place < WHY_MAX else None
        found.append(
            Allocation(
                id=row["id"],
                title=titles.get(row["id"], ""),
                slots=row["slots"],
                used=used.get(row["id"], 0),
                why=_why(said) if said else None,
            )
        )
    return found


def _programs(seen: View) -> Any:
    return seen.world.portfolio.programs


def _why(said: Any) -> WhyShare:
    plain = {name: said[name] for name in ("slots", "cap", "weight", "rank", "why", "words", "unused", "waited")}
    return WhyShare(
        **plain, others=[Share(**row) for row in said["others"]], levers=[Lever(**row) for row in said["levers"]]
    )


def _gantt(seen: View, now: int) -> GanttChart:
    found = gantt(seen.drawn, now)
    return GanttChart(
        lanes=[Lane(key=key, title=title) for key, title in found.lanes],
        bars=[
            Bar(
                lane=row.lane,
                attempt=row.number,
                reason=row.reason,
                detail=row.detail,
                start=row.start,
                end=row.end,
                critical=row.critical,
            )
            for row in found.bars
        ],
        critical=list(found.critical),
        took=found.took,
        lanes_left_out=found.lanes_left_out,
        bars_left_out=found.bars_left_out,
    )


def _burn_up(seen: View, now: int) -> BurnUpChart:
    found = burn_up(seen.drawn, now)
    steps = [BurnStep(at=at, delivered=count) for at, count in found.steps]
    return BurnUpChart(steps=steps, delivered=found.delivered, total=found.total, undated=found.undated)


def _forecast(seen: View, now: int) -> ForecastChart:
    found = forecast(seen.drawn, now)
    return ForecastChart(
        left=found.left,
        known=found.known,
        enough=found.enough,
        early=found.early,
        likely=found.likely,
        late=found.late,
    )
