"""The journals of the levels and the escalations that stand in the same files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View, view
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import sections
from echelon.core.documents.render import clean, one_line
from echelon.core.documents.sections import Escalation, JournalEntry
from echelon.core.layout import ENTERPRISE
from echelon.core.portfolio import scope_of

ENTRIES_MAX = 500
ESCALATIONS_MAX = 200
MESSAGE_MAX = 2_000  # characters
TEXT_MAX = 4_000

JournalFile = Literal["project", "program", "enterprise"]


class JournalLine(Answer):
    at: str
    type: str
    text: str


class OptionRow(Answer):
    label: str
    pros: str
    cons: str


class EscalationRow(Answer):
    id: str
    pending: bool
    context: str
    attempts: str
    options: list[OptionRow]
    expected: str
    decision: str


class Journal(Answer):
    """`entries` and `escalations`, the newest first; `exists` is false where the level has no such file yet.

    `archives`: older entries that were moved out of the file. `left_out`: entries of the file that are not here.
    """

    file: JournalFile
    scope: str
    path: str
    exists: bool
    entries: list[JournalLine]
    escalations: list[EscalationRow]
    archives: list[str]
    left_out: int


def journal(mirror: Mirror, file: JournalFile = "project", scope: str = "") -> Journal | Refusal:
    """Of one level. `scope`: key of the project or program; the one that is worked on without.

    Refuses PROJECT_UNKNOWN, PROGRAM_UNKNOWN.
    """
    seen = view(mirror)
    path = path_of(seen, file, scope)
    if isinstance(path, Refusal):
        return path
    text = seen.world.texts.get(path)
    entries = read(text or "")
    escalations = sections.read_escalations(text) if text and "ESC-" in text else ()
    return Journal(
        file=file,
        scope=scope,
        path=path,
        exists=text is not None,
        entries=[line_of(row) for row in entries[: -ENTRIES_MAX - 1 : -1]],
        escalations=[_escalation(row) for row in escalations[: -ESCALATIONS_MAX - 1 : -1]],
        archives=[name for name in mirror.workspace.store.documents() if _archived(name, path)],
        left_out=max(0, len(entries) - ENTRIES_MAX),
    )


def path_of(seen: View, file: JournalFile, scope: str) -> str | Refusal:
    """Where the journal of a level lies."""
    portfolio = seen.world.portfolio
    if file == "project":
        project = portfolio.project(scope or seen.world.scope)
        return project.files.journal if project else refuse("PROJECT_UNKNOWN", _no("project", scope))
    if file == "program":
        key = scope if portfolio.program(scope) else scope_of(scope or seen.world.scope)
        program = portfolio.program(key)
        if program is None or program.document is None:
            return refuse("PROGRAM_UNKNOWN", _no("program", scope))
        return program.files.document
    return ENTERPRISE if portfolio.document else refuse("PROGRAM_UNKNOWN", "there is no enterprise.md")


def _no(level: str, scope: str) -> str:
    return f"there is no {level} {one_line(scope, 80)}".rstrip()


def _archived(name: str, path: str) -> bool:
    """The archives of a journal are named after it (core.documents.sections.archive_name)."""
    flat = sections.archive_name(path, "").rpartition("/")[2].removesuffix(".md")
    return name.startswith(".opencode/archive/journals/") and f"{flat}." in f"{name}."


@lru_cache(maxsize=256)
def read(text: str) -> tuple[JournalEntry, ...]:
    """The entries of a journal, oldest first, read once for each text."""
    return sections.read_journal(text)


def about(seen: View, key: str, limit: int) -> Iterator[JournalLine]:
    """The newest lines of its project's journal that name this item."""
    scope, _, item = key.rpartition("/")
    project = seen.world.portfolio.project(scope)
    entries = read(seen.world.text(project.files.journal)) if project else ()
    named = (row for row in reversed(entries) if _names(row.message, item, key))
    for _, row in zip(range(limit), named, strict=False):
        yield line_of(row)


def _names(message: str, item: str, key: str) -> bool:
    words = message[:MESSAGE_MAX].replace(",", " ").replace(":", " ").split()
    return any(word in (item, key) or word.startswith((f"{item}.", f"{key}.")) for word in words)


def line_of(row: JournalEntry) -> JournalLine:
    return JournalLine(at=row.time, type=one_line(row.kind, 80), text=clean(row.message[:MESSAGE_MAX]))


def _escalation(row: Escalation) -> EscalationRow:
    return EscalationRow(
        id=row.id,
        pending=row.pending,
        context=clean(row.context[:TEXT_MAX]),
        attempts=clean(row.attempts[:TEXT_MAX]),
        options=[
            OptionRow(label=one_line(one.label), pros=one_line(one.pros), cons=one_line(one.cons))
            for one in row.options
        ],
        expected=clean(row.expected[:TEXT_MAX]),
        decision=one_line(row.decision),
    )
