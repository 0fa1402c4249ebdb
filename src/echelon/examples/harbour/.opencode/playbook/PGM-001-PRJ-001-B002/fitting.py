"""Which berth suits a ship."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from quay.models import Berth, Ship

LINES = 2.0  # metres of berth that stay free, for the mooring lines
KEEL = 0.5  # metres of water that stay free below the keel


def fits(ship: Ship, berth: Berth) -> bool:
    return ship.length + LINES <= berth.length and ship.draught + KEEL <= berth.depth


def best_berth(ship: Ship, berths: Iterable[Berth], taken: Collection[str] = ()) -> Berth | None:
    """The shortest free berth that fits: long ones are kept for long ships."""
    free = [berth for berth in berths if berth.name not in taken and fits(ship, berth)]
    return min(free, key=lambda berth: (berth.length, berth.name), default=None)
