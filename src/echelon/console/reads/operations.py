"""Operations: the log of what Echelon changed, newest first; one with its documents before and after; undo."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from echelon.console.answers import Answer
from echelon.console.reads.diffs import DiffFile, shown
from echelon.console.reads.source import PAGE_MAX, Mirror
from echelon.core import diffs
from echelon.core.decide import Refusal, refuse
from echelon.core.diffs import FileDiff
from echelon.core.documents.render import one_line
from echelon.engine import history as past
from echelon.engine import undoing
from echelon.engine.world import decode
from echelon.store.operations import Edit, Operation, backward
from echelon.store.transaction import Store

LOADED_FIRST = 500  # operations that are read before anybody asks for older ones
KEPT_MAX = 50_000  # operations of one workspace that can be listed
NOTE_MAX = 300
PATHS_SHOWN_MAX = 50
TEXT_MAX = 4_000_000  # characters of a text as it was


class OperationRow(Answer):
    """`undoable`: nothing but its documents would have to go back; whether they still can shows when it is tried."""

    sequence: int
    id: str
    at: str
    actor: str
    action: str
    note: str
    documents: list[str]
    item: str
    undone: bool
    undoable: bool
    undoes: str


class Operations(Answer):
    """`more`: there are older ones, before the last of these."""

    operations: list[OperationRow]
    more: bool


class OperationDetail(Answer):
    """`unknown`: documents whose whole text is not known any more; of those only what was replaced is shown."""

    operation: OperationRow
    why_not_undoable: str
    files: list[DiffFile]
    hunks_left_out: int
    unknown: list[str]


class HistoryText(Answer):
    """`exists` is false where the document was not there then. `cut`: the text is longer than what is shown.

    `since`: from then to now, where that was asked for; nothing where both say the same.
    """

    path: str
    sequence: int
    exists: bool
    text: str
    cut: bool
    since: list[DiffFile]
    hunks_left_out: int


class Undo(Answer):
    """With `dry_run` nothing changed, and `files` says what would."""

    dry_run: bool
    message: str
    files: list[DiffFile]
    hunks_left_out: int


# ------------------------------------------------------------------------------------------------ the list


@dataclass(frozen=True, slots=True)
class _Row:
    """An operation without what it wrote."""

    sequence: int
    id: str
    time: str
    actor: str
    action: str
    note: str
    paths: tuple[str, ...]
    undoes: str
    undoable: bool
    item: str  # what its request was about, "" where it does not say


@dataclass(slots=True)
class _Ledger:
    """The operations of one workspace, oldest first, as far back as somebody asked; read on as the log grows."""

    rows: list[_Row] = field(default_factory=list)
    seen: int = -1  # what the head said last
    lock: threading.Lock = field(default_factory=threading.Lock)

    def upto_date(self, store: Store, before: int, wanted: int) -> list[_Row]:
        """All that is known, with `wanted` operations older than `before` where there are so many."""
        with self.lock:
            head = max((known.revision for known in store.documents().values()), default=0)
            if head != self.seen:
                self._read_on(store, head)
                self.seen = head
            while self._lacks(before, wanted):
                known = len(self.rows)
                self.rows = _light(store.operations(min(KEPT_MAX, max(2 * known, known + LOADED_FIRST))))
                if len(self.rows) <= known:
                    break
            return self.rows

    def _read_on(self, store: Store, head: int) -> None:
        newest = self.rows[-1].sequence if self.rows else 0
        fresh = _light(store.operations(head - newest)) if self.rows and head > newest else []
        if fresh and fresh[0].sequence == newest + 1:
            self.rows = [*self.rows, *fresh][-KEPT_MAX:]
        elif head != newest:
            self.rows = _light(store.operations(LOADED_FIRST)) if head else []

    def _lacks(self, before: int, wanted: int) -> bool:
        if not self.rows or self.rows[0].sequence <= 1 or len(self.rows) >= KEPT_MAX:
            return False
        return sum(1 for row in self.rows if row.sequence < before) < wanted


def _light(operations: tuple[Operation, ...]) -> list[_Row]:
    return [
        _Row(
            row.sequence,
            row.id,
            row.time,
            row.actor,
            str(row.request.get("action", "")),
            row.note,
            tuple(edit.path for edit in row.edits),
            row.undoes,
            not undoing.why_not(row),
            _item(row),
        )
        for row in operations
    ]


def _item(operation: Operation) -> str:
    given = operation.request.get("arguments")
    said = given.get("item") or given.get("mission") if isinstance(given, Mapping) else ""
    return said if isinstance(said, str) else ""


_ledgers: dict[str, _Ledger] = {}
_ledgers_lock = threading.Lock()
NEWEST = 2**62  # before it lies every operation


def operations(mirror: Mirror, before: int = NEWEST, limit: int = 50, path: str = "") -> Operations:
    """Newest first, older than `before`; with `path` those that wrote it. Raises TamperError OPERATION_LOG_BROKEN."""
    wanted = max(1, min(limit, PAGE_MAX))
    store = mirror.workspace.store
    with _ledgers_lock:
        ledger = _ledgers.setdefault(str(mirror.workspace.root), _Ledger())
    # what wrote one document may lie anywhere in the log
    rows = ledger.upto_date(store, before, KEPT_MAX if path else wanted + 1)
    undone = _undone(rows)
    older = [row for row in rows if row.sequence < before and (not path or path in row.paths)]
    found = older[-wanted:][::-1]
    return Operations(operations=[_shown(row, row.id in undone) for row in found], more=len(older) > len(found))


def _undone(rows: list[_Row]) -> set[str]:
    """Ids of operations that are not in force: an undo takes one out, an undone undo brings it back."""
    out: set[str] = set()
    for row in reversed(rows):
        if row.undoes and row.id not in out:
            out.add(row.undoes)
    return out


def _shown(row: _Row, undone: bool) -> OperationRow:
    return OperationRow(
        sequence=row.sequence,
        id=row.id,
        at=row.time,
        actor=one_line(row.actor, 80),
        action=one_line(row.action, 80),
        note=one_line(row.note, NOTE_MAX),
        documents=[diffs.shown(path) for path in row.paths[:PATHS_SHOWN_MAX]],
        item=one_line(row.item, 120),
        undone=undone,
        undoable=row.undoable and not undone,
        undoes=row.undoes,
    )


# ---------------------------------------------------------------------------------------------------- one


def operation(mirror: Mirror, sequence: int) -> OperationDetail | Refusal:
    """One operation with each of its documents before and after. Refuses UNKNOWN_OPERATION."""
    listed = operations(mirror, sequence + 1, 1).operations
    if not listed or listed[0].sequence != sequence:
        return _no_operation(sequence)
    found = mirror.workspace.store.find(listed[0].id)
    if found is None:
        return _no_operation(sequence)
    unknown: list[str] = []
    files: list[FileDiff] = []
    for edit in found.edits:
        after = past.content_at(mirror.workspace.store, edit.path, sequence)
        if isinstance(after, Refusal):
            unknown.append(diffs.shown(edit.path))
            files.append(_replaced(edit))
        else:
            files.append(_between(edit.path, decode(backward(edit, after)), decode(after)))
    kept, left_out = diffs.capped(files)
    return OperationDetail(
        operation=listed[0],
        why_not_undoable=undoing.why_not(found),
        files=shown(kept),
        hunks_left_out=left_out,
        unknown=unknown,
    )


def _no_operation(sequence: int) -> Refusal:
    return refuse("UNKNOWN_OPERATION", f"there is no operation {sequence}")


def _between(path: str, before: str | None, after: str | None) -> FileDiff:
    return diffs.between(diffs.shown(path), before, after)


def _replaced(edit: Edit) -> FileDiff:
    """What the log itself holds: the bytes that were replaced, without what stands around them."""
    before = "".join(decode(row.removed) or "" for row in edit.splices)
    after = "".join(decode(row.inserted) or "" for row in edit.splices)
    return _between(edit.path, before, after)


def history(mirror: Mirror, path: str, at: int, compare: bool = False) -> HistoryText | Refusal:
    """The text of a document right after operation `at`; with `compare`, what has changed since.

    Refuses DOCUMENT_UNKNOWN for what was never written, HISTORY_UNKNOWN.
    """
    store = mirror.workspace.store
    if path not in store.documents():
        return refuse("DOCUMENT_UNKNOWN", f"no operation wrote {one_line(path, 120)}")
    content = past.content_at(store, path, at)
    if isinstance(content, Refusal):
        return content
    text = "" if content is None else content.decode("utf-8", "replace")
    changes = _between(path, decode(content), decode(store.read(path).content)) if compare else None
    since, left_out = diffs.capped([changes] if changes and changes.hunks else [])
    return HistoryText(
        path=path, sequence=at, exists=content is not None, text=text[:TEXT_MAX], cut=len(text) > TEXT_MAX,
        since=shown(since), hunks_left_out=left_out,
    )  # fmt: skip


def undo(mirror: Mirror, sequence: int, dry_run: bool = True) -> Undo | Refusal:
    """Take an operation back, or show what that would change. Refuses UNKNOWN_OPERATION, UNDO_REFUSED.

    Raises: ConflictError UNDO_CONFLICT; LockedError LOCK_BUSY while something is delivered.
    """
    listed = operations(mirror, sequence + 1, 1).operations
    if not listed or listed[0].sequence != sequence:
        return _no_operation(sequence)
    seen = undoing.preview(mirror.engine, listed[0].id)
    if isinstance(seen, Refusal):
        return seen
    files, left_out = diffs.capped([_between(path, *texts) for path, texts in seen.documents.items()])
    message = f"would undo {undoing.named(seen.operation)}"
    if not dry_run:
        done = undoing.undo(mirror.engine, listed[0].id)
        if isinstance(done, Refusal):
            return done
        message = done
    return Undo(dry_run=dry_run, message=one_line(message), files=shown(files), hunks_left_out=left_out)
