"""The price list of the office, in whole cents."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from quay import settings


@dataclass(frozen=True)
class Prices:
    metre_day: int  # for each metre of the ship and each day
    flat: int  # once for each stay: water, waste, the lines man

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value < 0:
                raise ValueError(f"{field.name} is a number of whole cents, 0 or more")


def read_prices(office: Path) -> Prices:
    """Raises ValueError with the name of a price that is none."""
    row = json.loads(settings.path(office, "prices").read_text("utf-8"))
    return Prices(**{field.name: row.get(field.name) for field in fields(Prices)})
