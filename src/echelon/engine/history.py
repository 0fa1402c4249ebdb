"""What a document said after an operation: from the text on disk and the log of edits, backwards or forwards.

Backwards from what is there now; where somebody edited outside of Echelon in between, forwards from the operation that
made the document. Where neither leads there the text is not known, and that is said.
"""

from __future__ import annotations

from echelon.core.decide import Refusal, refuse
from echelon.store.operations import ABSENT, Edit, backward, digest_of, forward
from echelon.store.transaction import Store

OPERATIONS_MAX = 20_000  # looked through, newest first


def content_at(store: Store, path: str, sequence: int) -> bytes | Refusal | None:
    """The bytes of a document right after operation `sequence`, None when there was none.

    Refuses HISTORY_UNKNOWN. Raises InputError PATH_NOT_ALLOWED, TamperError OPERATION_LOG_BROKEN.
    """
    now = store.read(path).content
    content, known = now, True
    older: list[Edit] = []  # newest first, up to the one that made the document
    for count, operation in enumerate(store.newest_first()):
        if count >= OPERATIONS_MAX:
            return refuse("HISTORY_UNKNOWN", f"operation {sequence} is more than {OPERATIONS_MAX} operations ago")
        edit = next((row for row in operation.edits if row.path == path), None)
        if edit is None:
            continue
        if operation.sequence > sequence:
            if not known or digest_of(content) != edit.after:
                content, known = None, edit.before == ABSENT
            else:
                content = backward(edit, content)
            continue
        if known and not older and digest_of(content) == edit.after:
            return content
        older.append(edit)
        if edit.before == ABSENT:
            break
    if not older:
        return content if known else _unknown(path, sequence)
    return _forwards(path, older[::-1], sequence)


def _forwards(path: str, edits: list[Edit], sequence: int) -> bytes | Refusal | None:
    content: bytes | None = None
    for edit in edits:
        if digest_of(content) != edit.before:
            return _unknown(path, sequence)
        content = forward(edit, content)
    return content


def _unknown(path: str, sequence: int) -> Refusal:
    return refuse("HISTORY_UNKNOWN", f"{path} was edited outside of Echelon around operation {sequence}")
