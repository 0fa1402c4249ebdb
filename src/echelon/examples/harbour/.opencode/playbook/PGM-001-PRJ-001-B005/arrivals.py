"""A ship arrives: it is given a berth, and the logbook says so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from quay.berths import read_berths
from quay.fitting import best_berth
from quay.logbook import Logbook
from quay.models import Berth, Event, Ship
from quay.stays import read_stays


def arrive(office: Path, ship: Ship, at: datetime) -> Berth:
    """Raises ValueError when the ship is here already, or when no berth is free for it; then nothing is written."""
    here = {stay.ship.name: stay.berth for stay in read_stays(office) if stay.left is None}
    if ship.name in here:
        raise ValueError(f"{ship.name} is here already, at {here[ship.name]}")
    berth = best_berth(ship, read_berths(office), taken=set(here.values()))
    if berth is None:
        raise ValueError(f"there is no berth free for {ship.name}")
    Logbook(office).write(Event("arrived", at, ship, berth.name))
    return berth
