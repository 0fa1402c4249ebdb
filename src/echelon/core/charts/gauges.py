"""Capacity, evidence coverage and burn-up: the charts that count."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.core.charts.portfolio import COVERAGES, Portfolio

SHARES_MAX = 30
COVERED_MAX = 60  # projects in the chart of evidence
POINTS_MAX = 500  # steps of the burn-up


@dataclass(frozen=True, slots=True)
class Share:
    """What a program may use of the budget, and uses. The key of the rest beyond SHARES_MAX is ""."""

    key: str
    title: str
    slots: int
    used: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """`used` above `budget` is possible: a budget may be lowered while slots are open."""

    used: int
    budget: int
    shares: tuple[Share, ...]
    shares_left_out: int


def capacity(portfolio: Portfolio) -> Capacity:
    titles = {row.key: row.title for row in portfolio.projects()} | {row.key: row.title for row in portfolio.programs}
    used: dict[str, int] = {}
    for flight in portfolio.flights:
        for depth in range(flight.key.count("/") + 1):
            group = "/".join(flight.key.split("/")[: depth + 1])
            used[group] = used.get(group, 0) + 1
    shares = [Share(key, titles.get(key, ""), slots, used.get(key, 0)) for key, slots in portfolio.allocation]
    rest = shares[SHARES_MAX:]
    if rest:
        shares = [*shares[:SHARES_MAX], Share("", "", sum(row.slots for row in rest), sum(row.used for row in rest))]
    return Capacity(portfolio.used, portfolio.budget, tuple(shares), len(rest))


@dataclass(frozen=True, slots=True)
class Covered:
    """Delivered items of one project by what proves them: counts in the order of COVERAGES. Key "": the rest."""

    key: str
    title: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    rows: tuple[Covered, ...]
    total: tuple[int, ...]
    rows_left_out: int


def coverage(portfolio: Portfolio) -> Coverage:
    rows = [
        Covered(row.key, row.title, tuple(row.evidence[name] for name in COVERAGES)) for row in portfolio.projects()
    ]
    rest = rows[COVERED_MAX:]
    shown = [*rows[:COVERED_MAX], Covered("", "", _total(rest))] if rest else rows
    return Coverage(tuple(shown), _total(rows), len(rest))


def _total(rows: list[Covered]) -> tuple[int, ...]:
    return tuple(sum(row.counts[place] for row in rows) for place in range(len(COVERAGES)))


@dataclass(frozen=True, slots=True)
class BurnUp:
    """Steps of (milliseconds, items delivered until then), both rising. `undated` items are delivered without a time:
    they are in `delivered` and in no step. `total` is of now: nobody records when an item was written down."""

    steps: tuple[tuple[int, int], ...]
    delivered: int
    total: int
    undated: int


def burn_up(portfolio: Portfolio, now: int, limit: int = POINTS_MAX) -> BurnUp:
    """From the first start of an attempt to `now`; at most `limit` deliveries are steps, evenly chosen."""
    ends = sorted(end for item in portfolio.items() if (end := item.delivered) is not None)
    starts = [attempt.start for item in portfolio.items() for attempt in item.tried]
    counts = [project.counts for project in portfolio.projects()]
    delivered, total = sum(row["delivered"] for row in counts), sum(sum(row.values()) for row in counts)
    every = -(-len(ends) // limit) or 1
    steps = [(min(starts), 0)] if starts and ends else []
    steps += [(end, place) for place, end in enumerate(ends, 1) if place % every == 0 or place == len(ends)]
    if steps and now > steps[-1][0]:
        steps.append((now, steps[-1][1]))
    return BurnUp(tuple(steps), delivered, total, delivered - len(ends))
