"""How many days are paid. A day is 24 hours from the minute of arrival, not a date in the calendar."""

from __future__ import annotations

from datetime import datetime, timedelta

DAY = timedelta(days=1)


def started_days(arrived: datetime, left: datetime) -> int:
    """Each day that was begun, one at least."""
    if left < arrived:
        raise ValueError("a ship cannot leave before it arrives")
    return max(1, -((arrived - left) // DAY))
