"""Undo of a change of state. Documents go back byte for byte; what happened outside of them is not undone, so an
operation with such effects is refused and the way to reverse it is named."""

from __future__ import annotations

from echelon.core.decide import Refusal, refuse
from echelon.engine.engine import Engine
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
        operation = store.find(identifier) if identifier else _newest(engine)
        if operation is None:
            what = f"there is no operation {identifier[:80]!r}" if identifier else "there is nothing to undo"
            raise InputError("UNKNOWN_OPERATION", f"{what}.", "echelon log lists them.")
        if operation.request.get("action") in _RECORDS:
            return refuse("UNDO_REFUSED", f"{operation.id} recorded evidence; records are not taken back")
        ways = [_WAYS[str(effect["kind"])] for effect in operation.effects if effect.get("kind") in _WAYS]
        if ways:
            return refuse("UNDO_REFUSED", f"{operation.id} did more than write documents: {'; '.join(ways)}")
        done = store.undo(operation.id, engine.actor)
    paths = ", ".join(edit.path for edit in done.edits)
    return f"undid {operation.id} ({operation.note or operation.request.get('action', '')}): {paths}"


def _newest(engine: Engine) -> Operation | None:
    """The newest operation that is neither an undo, nor undone, nor a record."""
    operations = engine.workspace.store.operations(200)
    undone = {operation.undoes for operation in operations}
    for operation in reversed(operations):
        if not operation.undoes and operation.id not in undone and operation.request.get("action") not in _RECORDS:
            return operation
    return None
