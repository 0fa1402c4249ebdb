"""An operation: what one accepted change did, small enough to keep for ever and exact enough to run backwards.

An edit keeps only the bytes that differ (common beginning and end are cut off), so a flipped marker in a 3 MB file
costs a few hundred bytes, and the same record applies forwards (recovery) and backwards (undo). A record is one JSON
line `{"id":...,...,"previous":...,"digest":...}`; `digest` is the sha256 of the line without it, `previous` the
digest of the record before: changing, dropping or swapping any byte of the log breaks the chain.
Source: reliability.md section 4 rule 3; jj's operation log; TigerBeetle's hash chain.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from echelon.errors import InputError, LimitError, TamperError

ABSENT = "absent"  # the digest of a document that does not exist
GENESIS = "0" * 64  # `previous` of the first operation
LINE_LIMIT = 64 * 1024 * 1024  # bytes of one record: some documents at their own limit
_SEAL = b',"digest":"%b"}\n'
SEAL_LENGTH = len(_SEAL) - 2 + 64
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Splice:
    """At `offset` bytes, `removed` was replaced by `inserted`."""

    offset: int
    removed: bytes
    inserted: bytes


@dataclass(frozen=True, slots=True)
class Edit:
    """One document: digests `before` and `after` ("absent" when there is none), and the revision it was based on."""

    path: str
    before: str
    after: str
    revision: int
    splices: tuple[Splice, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    sequence: int  # 1, 2, 3, ...
    id: str
    time: str
    actor: str
    request: Mapping[str, Any]
    edits: tuple[Edit, ...]  # in order of path
    effects: tuple[Mapping[str, Any], ...]
    note: str
    undoes: str  # id of the operation it reverses, "" mostly
    previous: str
    digest: str = ""


def digest_of(content: bytes | None) -> str:
    return ABSENT if content is None else hashlib.sha256(content).hexdigest()


# ------------------------------------------------------------------------------------------------ splices


def difference(before: bytes | None, after: bytes | None) -> tuple[Splice, ...]:
    """What turns `before` into `after`: at most one splice, cut at whole UTF-8 characters so that it can be read."""
    old, new = before or b"", after or b""
    shorter = min(len(old), len(new))
    start = _common(old[:shorter], new[:shorter])
    while start and (_inside_character(old, start) or _inside_character(new, start)):
        start -= 1
    rest = shorter - start
    end = _common(old[len(old) - rest :], new[len(new) - rest :], from_end=True)
    while end and (_inside_character(old, len(old) - end) or _inside_character(new, len(new) - end)):
        end -= 1
    splice = Splice(start, old[start : len(old) - end], new[start : len(new) - end])
    return (splice,) if splice.removed or splice.inserted else ()


def _inside_character(text: bytes, at: int) -> bool:
    return at < len(text) and text[at] & 0xC0 == 0x80


def _common(left: bytes, right: bytes, from_end: bool = False) -> int:
    """How many bytes agree, counted from the beginning or the end; both have one length.

    Compares blocks and then halves, because a loop over bytes is slow in Python.
    """
    size = len(left)

    def same(low: int, high: int) -> bool:
        if from_end:
            low, high = size - high, size - low
        return left[low:high] == right[low:high]

    low = 0
    while low < size and same(low, min(low + _CHUNK, size)):
        low = min(low + _CHUNK, size)
    high = min(low + _CHUNK, size)
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def forward(edit: Edit, content: bytes | None) -> bytes | None:
    """The document after the edit, from `content`, whose digest is `edit.before`. Raises TamperError."""
    return _apply(edit, content, edit.after, [(s.offset, s.removed, s.inserted) for s in edit.splices])


def backward(edit: Edit, content: bytes | None) -> bytes | None:
    """The document before the edit, from `content`, whose digest is `edit.after`. Raises TamperError."""
    return _apply(edit, content, edit.before, [(s.offset, s.inserted, s.removed) for s in reversed(edit.splices)])


def _apply(edit: Edit, content: bytes | None, target: str, steps: list[tuple[int, bytes, bytes]]) -> bytes | None:
    text = content or b""
    for offset, old, new in steps:
        text = text[:offset] + new + text[offset + len(old) :]
    result = None if target == ABSENT else text
    if digest_of(result) != target:
        message = f"the recorded edit of {edit.path} does not lead to the text it names."
        raise TamperError("OPERATION_LOG_BROKEN", message, "restore the operation log from a backup.")
    return result


# --------------------------------------------------------------------------------------------------- JSON


def _splice_json(splice: Splice) -> dict[str, Any]:
    try:
        removed, inserted = splice.removed.decode(), splice.inserted.decode()
    except UnicodeDecodeError:
        removed, inserted = (base64.b64encode(part).decode() for part in (splice.removed, splice.inserted))
        return {"offset": splice.offset, "removed": removed, "inserted": inserted, "encoding": "base64"}
    return {"offset": splice.offset, "removed": removed, "inserted": inserted}


def _splice_of(record: Mapping[str, Any]) -> Splice:
    if record.get("encoding") == "base64":
        removed, inserted = (base64.b64decode(record[name], validate=True) for name in ("removed", "inserted"))
    else:
        removed, inserted = record["removed"].encode(), record["inserted"].encode()
    return Splice(int(record["offset"]), removed, inserted)


def _edit_json(edit: Edit) -> dict[str, Any]:
    record: dict[str, Any] = {name: getattr(edit, name) for name in ("path", "before", "after", "revision")}
    return {**record, "splices": [_splice_json(splice) for splice in edit.splices]}


def seal(body: bytes) -> tuple[bytes, str]:
    """A JSON object's text as one line that carries its own digest, and that digest."""
    digest = hashlib.sha256(body).hexdigest()
    return body[:-1] + _SEAL % digest.encode(), digest


def seal_of(digest: str) -> bytes:
    return _SEAL % digest.encode()


def unseal(line: bytes) -> tuple[dict[str, Any], str]:
    """The object of a sealed line and its digest. Raises ValueError when a byte of it was changed."""
    body = line[:-SEAL_LENGTH] + b"}"
    digest = hashlib.sha256(body).hexdigest()
    if line[-SEAL_LENGTH:] != seal_of(digest):
        raise ValueError("the digest does not match")
    try:
        return json.loads(body), digest
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def encode(operation: Operation) -> tuple[Operation, bytes]:
    """The operation with its digest, and its line.

    Raises InputError OPERATION_NOT_JSON when request or effects are no JSON values, LimitError OPERATION_TOO_LARGE.
    """
    fields = ("id", "sequence", "time", "actor", "request", "edits", "effects", "note", "undoes", "previous")
    record = {name: getattr(operation, name) for name in fields}
    record["edits"] = [_edit_json(edit) for edit in operation.edits]
    record["effects"] = [dict(effect) for effect in operation.effects]
    record["request"] = dict(operation.request)
    try:
        body = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:  # ValueError: also text that is no Unicode
        message = f"operation {operation.id} cannot be written as JSON: {ascii(str(error))[:200]}."
        raise InputError("OPERATION_NOT_JSON", message, "give plain JSON values in request and effects.") from error
    if len(body) + SEAL_LENGTH > LINE_LIMIT:
        message = f"operation {operation.id} needs {len(body)} bytes in the log, more than {LINE_LIMIT}."
        raise LimitError("OPERATION_TOO_LARGE", message, "change fewer or smaller documents at once.")
    line, digest = seal(body)
    return replace(operation, digest=digest), line


def decode(line: bytes) -> Operation:
    """The operation of a line. Raises ValueError for anything but an untouched line of `encode`."""
    record, digest = unseal(line)
    try:
        edits = tuple(
            Edit(edit["path"], edit["before"], edit["after"], edit["revision"], tuple(map(_splice_of, edit["splices"])))
            for edit in record.pop("edits")
        )
        return Operation(edits=edits, effects=tuple(record.pop("effects")), digest=digest, **record)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an operation") from error
