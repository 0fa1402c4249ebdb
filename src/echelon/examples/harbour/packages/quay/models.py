"""What a harbour talks about. Lengths are metres, times are UTC without a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Ship:
    name: str
    length: float
    draught: float

    def __post_init__(self) -> None:
        if not self.name.strip() or self.length <= 0 or self.draught <= 0:
            raise ValueError("a ship has a name, a length and a draught")


@dataclass(frozen=True)
class Berth:
    name: str
    length: float
    depth: float  # at low water


@dataclass(frozen=True)
class Event:
    """What happened: a ship arrived at a berth, or left it."""

    kind: Literal["arrived", "left"]
    at: datetime
    ship: Ship
    berth: str


@dataclass(frozen=True)
class Stay:
    ship: Ship
    berth: str
    arrived: datetime
    left: datetime | None = None  # None: it is still here
