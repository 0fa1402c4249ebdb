"""The files of an office. One folder holds them; every package finds them by these names."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "berths": "berths.json",
    "logbook": "logbook.jsonl",
    "prices": "prices.json",
}


def path(office: Path, name: str) -> Path:
    return office / FILES[name]
