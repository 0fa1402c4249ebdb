"""The picture of a workspace: the world and the evidence log, as core.report shows them."""

from __future__ import annotations

from typing import Any

from echelon.core import report
from echelon.core.model import EVIDENCE, World
from echelon.core.report import Closing
from echelon.engine import evidence_log


def status(world: World) -> dict[str, Any]:
    return report.status(world, closings(world))


def closings(world: World) -> dict[str, Closing]:
    """item -> what the evidence log says of its closing; the newest where it was closed more than once."""
    found: dict[str, Closing] = {}
    records, _ = evidence_log.read(world.texts.get(EVIDENCE))
    for record in records:
        if record.get("kind") != "closing":
            continue
        statement = record["body"]["statement"]
        predicate = statement["predicate"]
        item = str(statement["subject"][0]["name"])
        found[item] = Closing(
            item,
            str(predicate["coverage"]),
            len(predicate["checks"]),
            str(record["body"]["commit"]),
            str(record["time"]),
            str(predicate["mission"]),
            ", ".join(sorted({entry["candidate"]["sandbox"] for entry in predicate["checks"]})),
            bool(predicate.get("inPlace")),
        )
    return found
