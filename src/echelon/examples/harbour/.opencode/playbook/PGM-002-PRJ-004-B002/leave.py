"""`desk leave`: a ship goes, its berth is free."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from quay.logbook import Logbook
from quay.models import Event
from quay.stays import read_stays

NAME = "leave"
HELP = "a ship leaves"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ship")
    parser.add_argument("--at", type=datetime.fromisoformat, help="UTC, such as 2024-05-01T08:00; now when absent")


def run(office: Path, arguments: argparse.Namespace) -> str:
    at = arguments.at or datetime.now(UTC).replace(tzinfo=None)
    stay = next((stay for stay in read_stays(office) if stay.ship.name == arguments.ship and not stay.left), None)
    if stay is None:
        raise ValueError(f"{arguments.ship} is not here")
    if at < stay.arrived:
        raise ValueError(f"{arguments.ship} arrived at {stay.arrived} and cannot leave before")
    Logbook(office).write(Event("left", at, stay.ship, stay.berth))
    return f"{stay.ship.name} left {stay.berth}"
