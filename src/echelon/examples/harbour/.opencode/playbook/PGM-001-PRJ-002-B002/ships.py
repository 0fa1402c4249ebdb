"""The ships that are here now, for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from board.web import Answer, as_json
from quay.occupancy import lying
from quay.stays import read_stays

PATH = "/ships"


def page(office: Path) -> Answer:
    now = datetime.now(UTC).replace(tzinfo=None)
    found = sorted((ship.name, berth) for berth, ship in lying(read_stays(office), now).items())
    return as_json({"ships": [{"name": name, "berth": berth} for name, berth in found]})
