"""When the rest will be delivered, with an interval: from the pace so far, and nothing else.

What is looked at are the times between deliveries, the newest RECENT_MAX of them. Their mean, times what is left, is the
middle. The ends are as far from it as one such time's tenth and ninetieth percentile are from the mean, times the root of
what is left: that is how far the sum of independent times strays. Where the times do not differ the interval is a point.
Deterministic: the same deliveries give the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from echelon.core.charts.portfolio import Portfolio

LEAST = 5  # deliveries below which nothing is said
RECENT_MAX = 100  # times between deliveries that count
LOW, HIGH = 0.1, 0.9
MOMENT_MAX = 253_402_300_799_000  # the end of the year 9999: beyond it a date cannot be written


@dataclass(frozen=True, slots=True)
class Forecast:
    """Milliseconds since 1970, `early <= likely <= late`; all None when too little is known (`known` < LEAST) or nothing
    is left. `known`: deliveries with a time."""

    left: int
    known: int
    early: int | None = None
    likely: int | None = None
    late: int | None = None

    @property
    def enough(self) -> bool:
        return self.known >= LEAST


def forecast(portfolio: Portfolio, now: int) -> Forecast:
    """For everything that is not delivered and not given up."""
    counts = [project.counts for project in portfolio.projects()]
    left = sum(row["active"] + row["pending"] + row["suspended"] for row in counts)
    return of(sorted(end for item in portfolio.items() if (end := item.delivered) is not None), left, now)


def of(deliveries: Sequence[int], left: int, now: int) -> Forecast:
    """`deliveries` rise; `now` is where the rest begins, or the last delivery where that is later."""
    known = len(deliveries)
    if known < LEAST or left < 1:
        return Forecast(max(0, left), known)
    recent = deliveries[-RECENT_MAX - 1 :]
    gaps = sorted(later - earlier for earlier, later in pairwise(recent))
    mean = sum(gaps) / len(gaps)
    stray = sqrt(left)
    below, above = (mean - quantile(gaps, LOW)) * stray, (quantile(gaps, HIGH) - mean) * stray
    start, middle = max(now, deliveries[-1]), mean * left
    early, late = max(0.0, middle - max(0.0, below)), middle + max(0.0, above)
    return Forecast(left, known, *(min(MOMENT_MAX, start + round(rest)) for rest in (early, middle, late)))


def quantile(rising: Sequence[int], share: float) -> float:
    """Of at least one number; between two, by how far the share lies between them."""
    place = share * (len(rising) - 1)
    low = int(place)
    high = min(low + 1, len(rising) - 1)
    return rising[low] + (rising[high] - rising[low]) * (place - low)
