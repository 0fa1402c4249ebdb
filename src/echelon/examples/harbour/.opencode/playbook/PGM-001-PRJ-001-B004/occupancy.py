"""Who lies where. A stay holds its berth from the minute of arrival up to the minute in which the ship leaves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations

from quay.models import Ship, Stay


def lying(stays: Iterable[Stay], at: datetime) -> dict[str, Ship]:
    """Berth -> ship."""
    return {stay.berth: stay.ship for stay in stays if stay.arrived <= at < (stay.left or datetime.max)}


def clashes(stays: Iterable[Stay]) -> list[tuple[Stay, Stay]]:
    """Pairs that hold one berth at the same time."""
    return [(one, other) for one, other in combinations(stays, 2) if one.berth == other.berth and overlap(one, other)]


def overlap(one: Stay, other: Stay) -> bool:
    return one.arrived < (other.left or datetime.max) and other.arrived < (one.left or datetime.max)
