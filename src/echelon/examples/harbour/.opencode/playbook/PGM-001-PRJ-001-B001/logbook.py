"""The logbook: what happened at the quay, one line each. A line is never changed afterwards."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from quay import settings
from quay.models import Event, Ship


class Logbook:
    def __init__(self, office: Path) -> None:
        self._path = settings.path(office, "logbook")

    def write(self, event: Event) -> None:
        """The line is on the disk when this returns."""
        with self._path.open("ab") as file:
            file.truncate(len(self._whole()))
            file.write(to_line(event))
            file.flush()
            os.fsync(file.fileno())

    def events(self) -> list[Event]:
        """In the order in which they were written."""
        return [from_line(line) for line in self._whole().splitlines()]

    def _whole(self) -> bytes:
        """The lines that were written to their end: a crash may have torn the last one."""
        content = self._path.read_bytes() if self._path.exists() else b""
        return content[: content.rfind(b"\n") + 1]


def to_line(event: Event) -> bytes:
    ship = event.ship
    row = {
        "kind": event.kind,
        "at": event.at.isoformat(),
        "ship": {"name": ship.name, "length": ship.length, "draught": ship.draught},
        "berth": event.berth,
    }
    return json.dumps(row).encode() + b"\n"


def from_line(line: bytes) -> Event:
    row = json.loads(line)
    return Event(row["kind"], datetime.fromisoformat(row["at"]), Ship(**row["ship"]), row["berth"])
