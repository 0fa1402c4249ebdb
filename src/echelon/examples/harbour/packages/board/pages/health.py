"""Is the board there? For monitors: this answer never changes."""

from __future__ import annotations

from pathlib import Path

from board.web import Answer, as_json

PATH = "/health"


def page(office: Path) -> Answer:
    return as_json({"status": "ok"})
