"""`desk berths`: which berths there are."""

from __future__ import annotations

import argparse
from pathlib import Path

from quay.berths import read_berths

NAME = "berths"
HELP = "which berths there are"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: it shows them all."""


def run(office: Path, arguments: argparse.Namespace) -> str:
    return "\n".join(f"{berth.name}  {berth.length:g} m  {berth.depth:g} m deep" for berth in read_berths(office))
