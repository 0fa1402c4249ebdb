"""Undo of a change of state. Documents go back byte for byte; what happened outside of them is not undone, so an
operation with such effects is refused and the way to reverse it is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from echelon.core.decide import Refusal, refuse
from echelon.engine.engine import Engine
from echelon.engine.world import decode
from echelon.errors import InputError
from echelon.store.operations import Operation

_WAYS = {
    "open_slot": "backlog_suspend_item ends it and keeps its work",
    "brief_slot": "an attempt was made; it stays in the record",
    "move_base": "git revert the merge commit, then set the item to [ ] in the backlog",
    "close_slot": "the slot is closed; its work is under refs/orchestrator/rescue or merged",
}
# What was seen, and what an attempt ended with, is a record: it is not taken back.
_RECORDS = frozenset({"record"})


def undo(engine: Engine, identifier: str | None) -> str | Refusal:
    """The sentence to show. Raises ConflictError UNDO_CONFLICT, InputError UNKNOWN_OPERATION."""
    store = engine.workspace.store
    with engine.workspace.delivering("undo"):
        operation = _meant(engine, identifier)
        why = why_not(operation)
        if why:
            return refuse("UNDO_REFUSED", why)
        done = store.undo(operation.id, engine.actor)
    paths = ", ".join(edit.path for edit in done.edits)
    return f"undid {named(operation)}: {paths}"


def preview(engine: Engine, identifier: str | None) -> Preview | Refusal:
    """What `undo` would do now; changes nothing. Raises ConflictError UNDO_CONFLICT, InputError UNKNOWN_OPERATION."""
    operation = _meant(engine, identifier)
    why = why_not(operation)
    if why:
        return refuse("UNDO_REFUSED", why)
    writes = engine.workspace.store.would_undo(operation.id)
    return Preview(operation, {path: (decode(now), decode(then)) for path, (now, then) in writes.items()})


@dataclass(frozen=True, slots=True)
class Preview:
    """`documents`: path -> its text now, and after the undo; None where there is none."""

    operation: Operation
    documents: Mapping[str, tuple[str | None, str | None]]


def named(operation: Operation) -> str:
    """An operation as it is told: its id, and in brackets what it did."""
    return f"{operation.id} ({operation.note or operation.request.get('action', '')})"


def why_not(operation: Operation) -> str:
    """Why an operation is never undone, whatever its documents say now; "" when it may be."""
    if operation.request.get("action") in _RECORDS:
        return f"{operation.id} recorded evidence; records are not taken back"
    ways = [_WAYS[str(effect["kind"])] for effect in operation.effects if effect.get("kind") in _WAYS]
    return f"{operation.id} did more than write documents: {'; '.join(ways)}" if ways else ""


def _meant(engine: Engine, identifier: str | None) -> Operation:
    operation = engine.workspace.store.find(identifier) if identifier else _newest(engine)
    if operation is None:
        what = f"there is no operation {identifier[:80]!r}" if identifier else "there is nothing to undo"
        raise InputError("UNKNOWN_OPERATION", f"{what}.", "echelon log lists them.")
    return operation


def _newest(engine: Engine) -> Operation | None:
    """The newest operation that is neither an undo, nor undone, nor a record."""
    operations = engine.workspace.store.operations(200)
    undone = {operation.undoes for operation in operations}
    for operation in reversed(operations):
        if not operation.undoes and operation.id not in undone and operation.request.get("action") not in _RECORDS:
            return operation
    return None
