"""What code last saw when it looked at an item's work: the verifications of the evidence log, the newest of each item."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from echelon.core.model import EVIDENCE, World

REASONS_MAX = 50
REASON_MAX = 2_000  # characters
_MARK = '"kind":"verification"'


class Verification(NamedTuple):
    """`runs`: (kind, command, outcome on base, on candidate, tail of the output)."""

    mission: str
    at: str
    passed: bool
    reasons: tuple[str, ...]
    runs: tuple[tuple[str, str, str, str, str], ...]

    def says(self, code: str) -> bool:
        return any(reason.startswith(f"[{code}]") for reason in self.reasons)


def last_verification(world: World, item: str) -> Verification | None:
    """The newest look at this item's work, by any attempt; None where the live log holds none."""
    return _by_item(world.text(EVIDENCE)).get(item)


@lru_cache(maxsize=8)
def _by_item(log: str) -> Mapping[str, Verification]:
    """Read without its chain: whoever wants the proof runs it again."""
    found: dict[str, Verification] = {}
    for row in reversed(log.split("\n")):
        if _MARK not in row:
            continue
        try:
            read = _verification(json.loads(row))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # damage is the verification's to tell
        found.setdefault(read.mission.rpartition(".")[0], read)
    return found


def _verification(record: Mapping[str, Any]) -> Verification:
    body = record["body"]
    verdict = body["verdict"]
    reasons = tuple(str(reason)[:REASON_MAX] for reason in verdict.get("reasons", ())[:REASONS_MAX])
    code = str(verdict.get("code", ""))
    if code and not any(reason.startswith("[") for reason in reasons):
        reasons = tuple(f"[{code}] {reason}" for reason in reasons)
    runs = tuple(
        (
            str(run["kind"]),
            str(run["command"]),
            str(run["base"]["outcome"]),
            str(run["candidate"]["outcome"]),
            str(run["candidate"].get("tail", ""))[:REASON_MAX],
        )
        for run in body.get("runs", ())[:REASONS_MAX]
    )
    return Verification(str(body["mission"]), str(record["time"]), not code, reasons, runs)
