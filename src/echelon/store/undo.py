"""Which operation an undo means, and what to say when it cannot be done."""

from __future__ import annotations

from collections.abc import Iterator

from echelon.errors import ConflictError, InputError
from echelon.store.log import OperationLog, Position
from echelon.store.operations import Operation

LATER_LIMIT = 10  # operations named in a conflict


def newest_undoable(operations: Iterator[Operation]) -> Operation:
    """The newest operation that is in force and no undo; `operations` come newest first.

    An undo takes its operation out of force, and an undone undo brings it back.
    """
    cancelled: set[str] = set()
    for operation in operations:
        if operation.id in cancelled:
            continue
        if not operation.undoes:
            return operation
        cancelled.add(operation.undoes)
    raise InputError("UNKNOWN_OPERATION", "there is no operation left to undo.", "see `operations` for the history.")


def to_undo(log: OperationLog, end: Position, operation_id: str | None) -> Operation:
    """The operation to undo. Raises InputError UNKNOWN_OPERATION."""
    if operation_id is None:
        return newest_undoable(log.newest_first(end))
    operation = log.find(operation_id, end)
    if operation is None:
        shown = ascii(operation_id[:80])
        raise InputError("UNKNOWN_OPERATION", f"no operation has the id {shown}.", "take an id from the history.")
    return operation


def undo_conflict(operation: Operation, changed: list[str], newest_first: Iterator[Operation]) -> ConflictError:
    """The error that names the changed documents and the later operations that changed them, newest first."""
    later: list[str] = []
    for other in newest_first:
        if other.sequence <= operation.sequence or len(later) == LATER_LIMIT:
            break
        if any(edit.path in changed for edit in other.edits):
            later.append(other.id)
    blame = f"later operations, newest first: {', '.join(later)}" if later else "somebody edited outside of Echelon"
    message = f"operation {operation.id} cannot be undone, changed since: {', '.join(changed)} ({blame})."
    return ConflictError("UNDO_CONFLICT", message, "undo the later ones first, or make the change by hand.")
