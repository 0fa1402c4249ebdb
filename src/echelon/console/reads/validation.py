"""The validation: what is wrong in this workspace, where, and what a repair would do."""

from __future__ import annotations

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror
from echelon.core.documents.render import clean, one_line
from echelon.engine import doctor

FINDINGS_MAX = 1_000


class FindingRow(Answer):
    """`meaning` and `next_step` are the code's; `repair` is "" where only a person can decide."""

    code: str
    severity: str
    path: str
    line: int
    column: int
    message: str
    repair: str
    subject: str
    meaning: str
    next_step: str


class PlannedRepair(Answer):
    code: str
    path: str
    line: int
    repair: str


class Validation(Answer):
    """`plan` is what validate_workspace with `repair` would do, in the order of the findings."""

    findings: list[FindingRow]
    plan: list[PlannedRepair]
    counts: dict[str, int]
    left_out: int


def validation(mirror: Mirror) -> Validation:
    """Looks at every file and at git; errors first. Not for a list that is shown often."""
    placed = doctor.examine(mirror.engine)
    rank = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted(placed, key=lambda row: rank[row.severity])
    counts = {severity: sum(1 for row in placed if row.severity == severity) for severity in rank}
    return Validation(
        findings=[_row(row) for row in ordered[:FINDINGS_MAX]],
        plan=[
            PlannedRepair(code=row.code, path=one_line(row.path), line=row.line, repair=one_line(row.repair))
            for row in placed
            if row.repair
        ][:FINDINGS_MAX],
        counts=counts,
        left_out=max(0, len(placed) - FINDINGS_MAX),
    )


def _row(row: doctor.Placed) -> FindingRow:
    return FindingRow(
        code=row.code,
        severity=row.severity,
        path=one_line(row.path),
        line=row.line,
        column=row.column,
        message=clean(row.message)[:2_000],
        repair=one_line(row.repair),
        subject=one_line(row.subject),
        meaning=row.meaning,
        next_step=row.next_step,
    )
