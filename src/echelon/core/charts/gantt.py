"""The attempts over time: one lane for each item, one bar for each attempt, the critical path marked."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.core.charts.chain import critical_path
from echelon.core.charts.portfolio import Item, Portfolio

LANES_MAX = 150  # a taller picture is not looked at
BARS_MAX = 20  # of one lane; the newest stay
REASONS_MAX = 20  # kinds of bars; an attempt's reason is one of a closed list, unless the record is damaged
OTHER = "other"
IN_FLIGHT = "in_flight"  # the reason of an attempt that has not ended


@dataclass(frozen=True, slots=True)
class Bar:
    """`lane` is an index into the lanes, `start` and `end` are milliseconds since 1970, `start <= end`."""

    lane: int
    number: int
    reason: str
    detail: str
    start: int
    end: int
    critical: bool


@dataclass(frozen=True, slots=True)
class Gantt:
    """Lanes by the start of their first bar. `critical` names the whole path, `took` its milliseconds."""

    lanes: tuple[tuple[str, str], ...]  # key, title
    bars: tuple[Bar, ...]
    critical: tuple[str, ...]
    took: int
    lanes_left_out: int
    bars_left_out: int


def gantt(portfolio: Portfolio, now: int) -> Gantt:
    """`now` ends the bars of what is in flight. Beyond LANES_MAX the critical path and the newest lanes stay."""
    chain, took = critical_path(portfolio)
    critical = frozenset(chain)
    flying = {flight.key: flight.start for flight in portfolio.flights if flight.start is not None}
    lanes: dict[str, tuple[Item, list[Bar]]] = {}
    for item in portfolio.items():
        bars = [
            Bar(0, row.number, row.reason, row.detail, row.start, row.end, item.key in critical) for row in item.tried
        ]
        since = flying.get(item.key)
        if since is not None:
            bars.append(Bar(0, len(bars) + 1, IN_FLIGHT, "", since, max(since, now), critical=False))
        if bars:
            lanes[item.key] = (item, bars)
    ranked = sorted(lanes, key=lambda key: (key not in critical, -max(bar.end for bar in lanes[key][1]), key))
    shown = sorted(ranked[:LANES_MAX], key=lambda key: (min(bar.start for bar in lanes[key][1]), key))
    kinds = sorted({bar.reason for key in shown for bar in lanes[key][1]})[:REASONS_MAX]
    drawn = [
        Bar(
            place,
            bar.number,
            bar.reason if bar.reason in kinds else OTHER,
            bar.detail,
            bar.start,
            bar.end,
            bar.critical,
        )
        for place, key in enumerate(shown)
        for bar in lanes[key][1][-BARS_MAX:]
    ]
    over = sum(max(0, len(lanes[key][1]) - BARS_MAX) for key in shown)
    return Gantt(
        tuple((key, lanes[key][0].title) for key in shown), tuple(drawn), chain, took, len(lanes) - len(shown), over
    )
