"""`desk report`: the ships that left in a month, for a spreadsheet."""

from __future__ import annotations

import argparse
import csv
import io
from datetime import datetime
from pathlib import Path

from quay.stays import read_stays
from tariff.dues import dues
from tariff.prices import read_prices

NAME = "report"
HELP = "the ships that left in a month, as CSV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("month", help="such as 2024-05")


def run(office: Path, arguments: argparse.Namespace) -> str:
    month = datetime.strptime(arguments.month, "%Y-%m")
    prices = read_prices(office)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["ship", "berth", "days", "cents"])
    for stay in read_stays(office):
        if stay.left and (stay.left.year, stay.left.month) == (month.year, month.month):
            owed = dues(stay, prices, stay.left)
            writer.writerow([stay.ship.name, stay.berth, owed.days, owed.total])
    return table.getvalue().rstrip("\n")
