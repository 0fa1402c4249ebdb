"""From a change to the exact steps that carry it out: compare, difference, encode. Reads; writes nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from echelon.errors import InputError, LimitError, WorldError
from echelon.ports import Change
from echelon.store.apply import Step, document_changed
from echelon.store.files import FILE_LIMIT, Disk, Reading, read_reading, resolve, temp_beside
from echelon.store.head import Head
from echelon.store.operations import Edit, Operation, difference, digest_of, encode
from echelon.store.sidecar import raised, sidecar_of

DOCUMENTS_LIMIT = 1000  # writes in one change
SIDECAR_LIMIT = 64 * 1024  # bytes of a peer's version file; they are one line
_OPERATION_ID = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")  # printable ASCII, no quote, backslash or space
_OWN_FILES = re.compile(r"\.opencode/echelon(/(lock|head\.json|operations[^/]*\.jsonl|\.gitignore|rescue(/.*)?))?")


@dataclass(frozen=True, slots=True)
class Plan:
    operation: Operation
    line: bytes
    steps: tuple[Step, ...]


def check_change(change: Change) -> None:
    """What can be said of a change without looking at the disk. Raises InputError, LimitError."""
    blind = sorted(set(change.writes) - set(change.expected))
    assert not blind, f"written without a snapshot: {blind}"
    if not _OPERATION_ID.fullmatch(change.operation_id):
        message = f"the operation id {change.operation_id[:80]!a} is not 1 to 200 plain ASCII characters."
        raise InputError("OPERATION_ID_INVALID", message, "use letters, digits, '-', '.' and ':'.")
    if len(change.writes) > DOCUMENTS_LIMIT:
        message = f"operation {change.operation_id} writes {len(change.writes)} documents, more than {DOCUMENTS_LIMIT}."
        raise LimitError("OPERATION_TOO_LARGE", message, "split it.")
    for path, content in change.writes.items():
        if _OWN_FILES.fullmatch(path.casefold()):
            raise InputError("PATH_NOT_ALLOWED", f"{path} belongs to the store itself.", "choose another name.")
        if content is not None and len(content) > FILE_LIMIT:
            message = f"{path} would be {len(content)} bytes, more than {FILE_LIMIT}."
            raise LimitError("FILE_TOO_LARGE", message, "split it or make it smaller.")


def plan(disk: Disk, root: Path, change: Change, head: Head, now: str, undoes: str = "") -> Plan:
    """Compare the snapshots with the disk and work out what to do; `now` is ISO-8601 UTC.

    Raises ConflictError DOCUMENT_CHANGED, InputError PATH_NOT_ALLOWED or OPERATION_NOT_JSON, WorldError, LimitError.
    """
    readings = _compared(disk, root, change, head)
    writes = {path: after for path, after in change.writes.items() if after != _content(readings[path])}
    for path, reading in _version_files(disk, root, writes).items():
        readings[path] = reading
        writes[path] = raised(reading.content, change.actor, now)
    edits = tuple(_edit(path, readings[path], after, head, change) for path, after in sorted(writes.items()))
    draft = Operation(
        sequence=head.position.sequence + 1,
        id=change.operation_id,
        time=now,
        actor=change.actor,
        request=change.request,
        edits=edits,
        effects=change.effects,
        note=change.note,
        undoes=undoes,
        previous=head.position.digest,
    )
    operation, line = encode(draft)
    steps: list[Step] = []
    for number, edit in enumerate(edits):
        target = root / edit.path
        temp = temp_beside(target, operation.digest, number)
        steps.append(Step(edit, target, temp, readings[edit.path], writes[edit.path]))
    return Plan(operation, line, tuple(steps))


def _compared(disk: Disk, root: Path, change: Change, head: Head) -> dict[str, Reading | None]:
    """The documents as they are now. Raises ConflictError when one is not what was expected."""
    readings: dict[str, Reading | None] = {}
    changed: list[str] = []
    for path, snapshot in sorted(change.expected.items()):
        readings[path] = read_reading(disk, resolve(disk, root, path))
        if (digest_of(_content(readings[path])), _revision(head, path)) != (snapshot.digest, snapshot.revision):
            changed.append(path)
    if changed:
        raise document_changed(changed)
    return readings


def _version_files(disk: Disk, root: Path, writes: Mapping[str, bytes | None]) -> dict[str, Reading]:
    """The peer's version files that lie beside the written documents. One we cannot read is the peer's own affair."""
    found: dict[str, Reading] = {}
    for name in {sidecar_of(path) for path in writes} - set(writes):
        with contextlib.suppress(WorldError, LimitError):
            reading = read_reading(disk, resolve(disk, root, name), SIDECAR_LIMIT) if name else None
            if name and reading:
                found[name] = reading
    return found


def _edit(path: str, reading: Reading | None, after: bytes | None, head: Head, change: Change) -> Edit:
    before = _content(reading)
    compared = change.expected.get(path)  # its digest was just found to be true: 1.6 ms saved on a 3 MB file
    digest = compared.digest if compared else digest_of(before)
    return Edit(path, digest, digest_of(after), _revision(head, path), difference(before, after))


def _content(reading: Reading | None) -> bytes | None:
    return reading.content if reading else None


def _revision(head: Head, path: str) -> int:
    known = head.documents.get(path)
    return known.revision if known else 0
