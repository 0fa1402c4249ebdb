"""The berths, for programs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from board.web import Answer, as_json
from quay.berths import read_berths

PATH = "/berths"


def page(office: Path) -> Answer:
    return as_json({"berths": [asdict(berth) for berth in read_berths(office)]})
