"""The evidence log of a workspace: one JSON line for each thing seen, each naming the one before.

`.opencode/echelon/evidence.jsonl` holds everything, refused verifications too; the closing statements travel with the
commits besides. One flipped byte anywhere breaks the chain.
A full log becomes a numbered segment beside it, and the chain goes on in a new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from echelon.core import canonical
from echelon.core.evidence import GENESIS, Problem
from echelon.core.model import EVIDENCE

SEGMENTS = EVIDENCE.removesuffix(".jsonl") + "-"


SEGMENT_BYTES_MAX = 1_000_000


def appended(log: str, record: str) -> dict[str, str | None]:
    """The documents to write so that `record`, made by `line` on this log, stands at its end."""
    if len(log) < SEGMENT_BYTES_MAX:
        return {EVIDENCE: log + record}
    sequence = json.loads(record)["sequence"] - 1
    return {EVIDENCE: record, f"{SEGMENTS}{sequence:09d}.jsonl": log}


def line(log: str | None, kind: str, time: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """The next line (with its LF) and its digest."""
    last = (log or "").rstrip("\n").rpartition("\n")[2]
    previous, sequence = GENESIS, 0
    if last:
        try:
            record = json.loads(last)
            previous, sequence = str(record["digest"]), int(record["sequence"])
        except (ValueError, KeyError, TypeError):
            # a broken last line is verify's to report; the chain goes on from what stands there
            previous = canonical.text_digest(last)
    record = {"sequence": sequence + 1, "time": time, "kind": kind, "body": dict(body), "previous": previous}
    digest = canonical.digest(record)
    return canonical.dumps({**record, "digest": digest}) + "\n", digest


def following(log: str | None, record: str) -> tuple[str, str]:
    """`record`, a line made on this log or on one before it, as the next line of this log; and its digest.

    Others write to the log while a proof is on its way to it: a line that names the wrong one before breaks the chain.
    """
    value = json.loads(record)
    return line(log, value["kind"], value["time"], value["body"])


def read(log: str | None) -> tuple[list[dict[str, Any]], tuple[Problem, ...]]:
    """The records and every break of the chain. Total."""
    records: list[dict[str, Any]] = []
    problems: list[Problem] = []
    previous, sequence = GENESIS, 0
    for number, row in enumerate((log or "").removesuffix("\n").split("\n") if log else [], 1):
        try:
            record = json.loads(row)
            body = {key: value for key, value in record.items() if key != "digest"}
            sound = canonical.digest(body) == record["digest"] and canonical.dumps(record) == row
            follows = record["previous"] == previous and record["sequence"] == sequence + 1
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            problems.append(Problem("EVIDENCE_LOG_CHANGED", f"line {number} cannot be read"))
            previous, sequence = canonical.text_digest(row), sequence + 1
            continue
        if not sound:
            problems.append(Problem("EVIDENCE_LOG_CHANGED", f"line {number} is not what was written"))
        if not follows:
            problems.append(Problem("EVIDENCE_LOG_CHANGED", f"line {number} does not follow the line before it"))
        previous, sequence = record["digest"], record["sequence"]
        records.append(record)
    return records, tuple(problems)
