"""The berths of the harbour, as the office wrote them down in `berths.json`."""

from __future__ import annotations

import json
from pathlib import Path

from quay import settings
from quay.models import Berth


def read_berths(office: Path) -> list[Berth]:
    """By name. Raises ValueError when a name is there twice."""
    rows = json.loads(settings.path(office, "berths").read_text("utf-8"))
    berths = sorted((Berth(row["name"], row["length"], row["depth"]) for row in rows), key=lambda berth: berth.name)
    for one, next_one in zip(berths, berths[1:]):
        if one.name == next_one.name:
            raise ValueError(f"the berth {one.name} is there twice")
    return berths
