"""`desk arrive`: a ship is here and needs a berth."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from quay.arrivals import arrive
from quay.models import Ship

NAME = "arrive"
HELP = "give a ship a berth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ship")
    parser.add_argument("--length", type=float, required=True, help="metres")
    parser.add_argument("--draught", type=float, required=True, help="metres")
    parser.add_argument("--at", type=datetime.fromisoformat, help="UTC, such as 2024-05-01T08:00; now when absent")


def run(office: Path, arguments: argparse.Namespace) -> str:
    ship = Ship(arguments.ship, arguments.length, arguments.draught)
    berth = arrive(office, ship, arguments.at or datetime.now(UTC).replace(tzinfo=None))
    return f"{ship.name} lies at {berth.name}"
