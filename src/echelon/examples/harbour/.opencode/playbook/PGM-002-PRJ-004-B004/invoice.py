"""`desk invoice`: the bill of a ship that has left."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from quay.stays import read_stays
from tariff.invoice import invoice
from tariff.prices import read_prices

NAME = "invoice"
HELP = "the bill of a ship's last stay"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ship")


def run(office: Path, arguments: argparse.Namespace) -> str:
    stays = [stay for stay in read_stays(office) if stay.ship.name == arguments.ship]
    if not stays:
        raise ValueError(f"{arguments.ship} was never here")
    return invoice(stays[-1], read_prices(office), datetime.now(UTC).date()).rstrip("\n")
