"""What a finding is, and what the shell observed."""

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


@dataclass(frozen=True, slots=True)
class Observed:
    """What the shell saw besides the documents: open slots, branches, records of ours that changed behind our back."""

    slots: tuple[str, ...] = ()
    moved_slots: tuple[str, ...] = ()  # whose branch is not where their record says
    branches: tuple[str, ...] = ()  # of slots, `orchestrator/` left out
    rewound: str = ""  # what is wrong with the base branch, by our own record of it
    unfinished_merge: str = ""  # what git is in the middle of in the person's checkout
    changed_records: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()  # (code, message) of a world that cannot be used
    sandbox: str = ""
    long_roles: tuple[str, ...] = ()  # paths of texts for roles that are too long to be used


def place(path: str, places: lines.Places, finding: Finding, scope: str = "") -> Placed:
    line, column = places(finding.offset)
    subject = item_key(scope, finding.subject) if finding.subject else ""
    return Placed(path, line, column, finding.code, finding.severity, finding.message, finding.repair, subject)
