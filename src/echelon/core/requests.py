"""What may be asked of the core, one dataclass each.

`item` is a key (`PGM-001/PRJ-001/B001`), or an id of the project named by `scope`; None means the one in flight there, or
the next one to start. `scope` None means the project that the item's key names, else the one that is worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from echelon.core.documents.sections import Option
from echelon.core.evidence import CheckResult, Problem
from echelon.core.model import BaseFacts, Reason

Level = Literal["project", "program", "enterprise"]


@dataclass(frozen=True, slots=True)
class StartItem:
    """`parallel`: others may be in flight; `limit` of them in this backlog, this one included (0: no limit of its own)."""

    base: BaseFacts
    item: str | None = None
    scope: str | None = None
    parallel: bool = False
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """What the shell saw when it looked at a mission's work. Everything a verdict depends on is in here."""

    base: BaseFacts  # the base branch as it is now
    tree: str  # tree of the candidate, or of the work tree in place
    work_tree: str  # tree of the slot's snapshot, which attestations are about
    changed: tuple[str, ...]  # paths that differ between base and candidate
    results: tuple[CheckResult, ...] = ()
    problems: tuple[Problem, ...] = ()  # conflicts, weakenings, escapes, slot problems, checkout overlap
    weakenings: str = ""  # digest of the list of weakenings, "" when there are none
    todo: str | None = None
    checklist: str | None = None
    sync_issues: str | None = None
    environment: str = ""


@dataclass(frozen=True, slots=True)
class CloseItem:
    """Close with evidence. `candidate` is the merge commit made for it; "" asks for the verdict only."""

    findings: Findings
    item: str | None = None
    candidate: str = ""
    record: str = ""  # the line for the evidence log
    evidence: str = ""  # digest of that record


@dataclass(frozen=True, slots=True)
class Merged:
    """The base branch has moved to the candidate. `todo` is the slot's todo.md with the completion record."""

    item: str
    commit: str
    todo: str | None
    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class FailItem:
    reason: str
    item: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class SuspendItem:
    reason: str
    item: str | None = None
    because: Reason = "suspended"
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class ResumeItem:
    item: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class ReopenItem:
    """A person tries a failed item again."""

    item: str
    reason: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class WaiveItem:
    """A person goes on without a failed item."""

    item: str
    reason: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class EndAttempt:
    """An attempt did not close its item. `detail` becomes the next attempt's feedback; conflicts are files."""

    item: str
    reason: Reason
    detail: str
    conflicts: tuple[str, ...] = ()
    base: str = ""  # commit the slot works on from now, when the base was brought in
    tokens: int = 0
    cost: float = 0.0
    attempt: int = 0  # the one that is meant; 0: whichever is in flight


@dataclass(frozen=True, slots=True)
class Remark:
    """A person's words about one line of the work; `line` 0 is about the whole file.

    `side` old: a line that the work removed, by its number in the base.
    """

    path: str
    line: int
    text: str
    side: Literal["new", "old"] = "new"


@dataclass(frozen=True, slots=True)
class ReworkItem:
    """A person sends the work back: the attempt ends, and the next one begins with what they said."""

    remarks: Sequence[Remark]
    note: str
    item: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Attest:
    """Criteria without a check are attested for the work as it stands. `criterion` counts from 1; 0 means all."""

    tree: str
    by: Literal["person", "reviewer"]
    note: str
    item: str | None = None
    criterion: int = 0


@dataclass(frozen=True, slots=True)
class AcceptWeakening:
    """A person has looked at what weakens the tests and lets it pass, for exactly this list."""

    weakenings: str
    note: str
    item: str | None = None


@dataclass(frozen=True, slots=True)
class RecordEscalation:
    context: str
    attempts: str
    options: Sequence[Option] = field(default_factory=tuple)
    expected: str = ""
    item: str | None = None  # what it concerns: an item, project or program; an item in flight is suspended
    level: Level = "project"  # whose file it goes to
    scope: str | None = None  # the project, or the program, of that level


@dataclass(frozen=True, slots=True)
class ResolveEscalation:
    escalation: str
    decision: str


Verb = Literal["start", "close", "fail", "suspend", "resume", "reopen", "waive"]


@dataclass(frozen=True, slots=True)
class MoveProject:
    """One step in a project's life, decided in its program. `project` is its id, None the active or next one."""

    verb: Verb
    project: str | None = None
    program: str | None = None  # key of the program; None: the only active one
    reason: str = ""
    parallel: bool = False  # others may be active; no working copies are laid out
    limit: int = 0  # of projects active at once, when parallel; 0: none of its own


@dataclass(frozen=True, slots=True)
class MoveProgram:
    """One step in a program's life, decided in the enterprise."""

    verb: Verb
    program: str | None = None
    reason: str = ""
    parallel: bool = False


@dataclass(frozen=True, slots=True)
class SetBudget:
    """A person changes the capacity budget."""

    budget: int
    reason: str


Request = (
    StartItem
    | CloseItem
    | Merged
    | FailItem
    | SuspendItem
    | ResumeItem
    | ReopenItem
    | WaiveItem
    | EndAttempt
    | ReworkItem
    | Attest
    | AcceptWeakening
    | RecordEscalation
    | ResolveEscalation
    | MoveProject
    | MoveProgram
    | SetBudget
)
