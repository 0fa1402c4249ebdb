"""An office of its own for each test, and short words for what happened there in May 2024."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from datetime import datetime
from pathlib import Path
from wsgiref.util import setup_testing_defaults

from quay.models import Event, Ship, Stay

BERTHS = [
    {"name": "North", "length": 60, "depth": 6},
    {"name": "South", "length": 45, "depth": 4},
    {"name": "Pier", "length": 30, "depth": 3},
]
PRICES = {"metre_day": 150, "flat": 2500}  # cents


def at(text: str) -> datetime:
    """`at("01 08:00")` is the first of May, eight in the morning."""
    return datetime.fromisoformat(f"2024-05-{text}")


def ship(name: str, length: float = 40.0, draught: float = 3.0) -> Ship:
    return Ship(name, length, draught)


def arrived(name: str, berth: str, when: str, length: float = 40.0) -> Event:
    return Event("arrived", at(when), ship(name, length), berth)


def left(name: str, berth: str, when: str, length: float = 40.0) -> Event:
    return Event("left", at(when), ship(name, length), berth)


def stay(name: str, berth: str, since: str, until: str | None = None, length: float = 40.0) -> Stay:
    return Stay(ship(name, length), berth, at(since), at(until) if until else None)


class OfficeCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.office = Path(folder.name)
        (self.office / "berths.json").write_text(json.dumps(BERTHS), "utf-8")
        (self.office / "prices.json").write_text(json.dumps(PRICES), "utf-8")

    def log(self, *events: Event) -> None:
        from quay.logbook import Logbook

        for event in events:
            Logbook(self.office).write(event)

    def look(self, path: str, **environ: str) -> tuple[str, dict[str, str], str]:
        """What the board answers: status, headers, text."""
        from board.app import Board

        asked: dict = {"PATH_INFO": path, **environ}
        setup_testing_defaults(asked)
        said: list = []
        body = b"".join(Board(self.office)(asked, lambda status, headers: said.extend([status, dict(headers)])))
        return said[0], said[1], body.decode()

    def desk(self, *words: str) -> tuple[int, str, str]:
        """What the desk answers: exit code, output, complaint."""
        from desk.__main__ import main

        out, complaint = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaint):
            try:
                code = main(["--office", str(self.office), *words])
            except SystemExit as end:  # how argparse says that it does not know a command
                code = int(end.code or 0)
        return code, out.getvalue(), complaint.getvalue()
