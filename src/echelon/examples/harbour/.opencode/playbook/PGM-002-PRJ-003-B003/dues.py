"""What a stay costs before reductions, in cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from quay.models import Stay
from tariff.days import started_days
from tariff.prices import Prices


@dataclass(frozen=True)
class Dues:
    days: int
    per_day: int
    flat: int

    @property
    def total(self) -> int:
        return self.days * self.per_day + self.flat


def dues(stay: Stay, prices: Prices, now: datetime) -> Dues:
    """A ship that is still here owes until `now`. A metre that was begun is a metre."""
    days = started_days(stay.arrived, stay.left or now)
    return Dues(days, ceil(stay.ship.length) * prices.metre_day, prices.flat)
