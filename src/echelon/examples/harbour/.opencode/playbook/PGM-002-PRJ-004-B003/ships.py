"""`desk ships`: who lies where."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from quay.occupancy import lying
from quay.stays import read_stays

NAME = "ships"
HELP = "who lies where"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", type=datetime.fromisoformat, help="UTC, such as 2024-05-01T08:00; now when absent")


def run(office: Path, arguments: argparse.Namespace) -> str:
    here = lying(read_stays(office), arguments.at or datetime.now(UTC).replace(tzinfo=None))
    return "\n".join(f"{berth}  {ship.name}" for berth, ship in sorted(here.items(), key=lambda row: row[0])) or "nobody is here"
