"""A finding where a person can go: a file with line and column."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.core.codes import CODES
from echelon.core.documents import lines
from echelon.core.documents.findings import Finding, Severity
from echelon.core.portfolio import item_key


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding where a person can go: line and column from 1; 0 for a file as a whole. `repair` is "" when only a
    person can decide. `subject`: key of the item, project or program it is about, or a slot or branch."""

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    repair: str = ""
    subject: str = ""

    @property
    def meaning(self) -> str:
        return CODES[self.code].meaning

    @property
    def next_step(self) -> str:
        return CODES[self.code].next_step


def place(path: str, places: lines.Places, finding: Finding, scope: str = "") -> Placed:
    line, column = places(finding.offset)
    subject = item_key(scope, finding.subject) if finding.subject else ""
    return Placed(path, line, column, finding.code, finding.severity, finding.message, finding.repair, subject)
