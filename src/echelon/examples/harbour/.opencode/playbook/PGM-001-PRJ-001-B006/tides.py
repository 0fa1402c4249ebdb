"""A ship that is too deep for low water waits for the tide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from quay.fitting import KEEL
from quay.models import Ship


def passage(ship: Ship, depth: float, tides: Iterable[tuple[datetime, float]], after: datetime) -> datetime | None:
    """When the ship may pass a place `depth` metres deep: at once, at one of the coming `tides`, or not with these.

    `tides` are times and metres above low water, earliest first.
    """
    needed = ship.draught + KEEL - depth
    if needed <= 0:
        return after
    return next((time for time, height in tides if time >= after and height >= needed), None)
