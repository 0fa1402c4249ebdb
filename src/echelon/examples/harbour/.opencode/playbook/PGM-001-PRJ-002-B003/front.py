"""The board itself: every berth, and the ship that lies there now."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path

from board.web import Answer
from quay.berths import read_berths
from quay.occupancy import lying
from quay.stays import read_stays

PATH = "/"


def page(office: Path) -> Answer:
    here = lying(read_stays(office), datetime.now(UTC).replace(tzinfo=None))
    names = [(berth.name, here[berth.name].name if berth.name in here else "free") for berth in read_berths(office)]
    rows = "\n".join(row(berth, ship) for berth, ship in names)
    text = f"<!doctype html>\n<title>Harbour</title>\n<table>\n{rows}\n</table>\n"
    return Answer(text.encode(), "text/html")


def row(*names: str) -> str:
    """Names come from the logbook, and people write there what they like."""
    return "<tr>" + "".join(f"<td>{escape(name)}</td>" for name in names) + "</tr>"
