"""From events to stays: each arrival is ended by the next departure of the same ship."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from quay.logbook import Logbook
from quay.models import Event, Stay


def read_stays(office: Path) -> list[Stay]:
    return stays_of(Logbook(office).events())


def stays_of(events: Iterable[Event]) -> list[Stay]:
    """In order of arrival. Raises ValueError where the logbook contradicts itself."""
    stays: list[Stay] = []
    here: dict[str, int] = {}  # ship -> where its open stay stands in `stays`
    for event in events:
        name = event.ship.name
        if event.kind == "arrived":
            if name in here:
                raise ValueError(f"{name} is here already, at {stays[here[name]].berth}")
            here[name] = len(stays)
            stays.append(Stay(event.ship, event.berth, event.at))
        else:
            if name not in here:
                raise ValueError(f"{name} is not here and cannot leave")
            at = here.pop(name)
            stays[at] = replace(stays[at], left=event.at)
    return stays
