"""`head.json`: what the operation log adds up to, so that nobody has to read the log to know where it ends.

A cache: it is written without fsync after an operation is durable and applied, carries its own digest, and is rebuilt
from the log when it is missing, torn or behind. That it names an operation means that the documents of that operation
are on disk: only an operation behind the head can be unfinished. It can never be ahead of an honest log.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from echelon.errors import TamperError, WorldError
from echelon.store.files import Disk, read_regular, replace_file
from echelon.store.log import OperationLog, Position
from echelon.store.operations import Operation, seal, unseal

HEAD_LIMIT = 64 * 1024 * 1024  # bytes; some hundred thousand documents


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the log says of a document: the operation that wrote it last, and the digest it left."""

    revision: int
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    position: Position = field(default_factory=Position)
    documents: Mapping[str, Recorded] = field(default_factory=dict)  # by path

    def after(self, operations: Iterable[Operation], end: Position) -> Head:
        documents = dict(self.documents)
        for operation in operations:
            for edit in operation.edits:
                documents[edit.path] = Recorded(operation.sequence, edit.after)
        return Head(end, documents)


def dump(head: Head) -> bytes:
    documents = {path: [known.revision, known.digest] for path, known in head.documents.items()}
    record = {"format": 1, "position": asdict(head.position), "documents": documents}
    return seal(json.dumps(record, separators=(",", ":")).encode())[0]


def load(content: bytes) -> Head | None:
    """None for anything that `dump` did not write: the caller rebuilds."""
    try:
        record, _ = unseal(content)
        documents = {path: Recorded(*known) for path, known in record["documents"].items()}
        return Head(Position(**record["position"]), documents) if record["format"] == 1 else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class HeadFile:
    """The cache on disk, and in memory as long as the disk says the same."""

    def __init__(self, disk: Disk, path: Path, log: OperationLog) -> None:
        self._disk = disk
        self._path = path
        self._log = log
        self._cached: tuple[bytes, Head] | None = None  # stats are too coarse to tell two versions apart: compare

    def stored(self) -> Head | None:
        """What the file says; None when it is missing or no good. May be behind the log."""
        content = read_regular(self._disk, self._path, HEAD_LIMIT)
        if content is None:
            return None
        cached = self._cached
        if cached and cached[0] == content:
            return cached[1]
        head = load(content)
        if head:
            self._cached = (content, head)
        return head

    def current(self) -> Head:
        """For readers without the lock: what the file says, else what the log adds up to."""
        head = self.stored()
        if head:
            return head
        try:
            tail = self._log.after(Position())
        except TamperError:  # a segment may have been closed between two of our looks: look again
            tail = self._log.after(Position())
        return Head().after(tail.operations, tail.end)

    def save(self, head: Head) -> None:
        content = dump(head)
        # The operation stands without its cache, and the next holder reads on from the older one: no error of ours.
        with contextlib.suppress(WorldError):
            replace_file(self._disk, self._path, content, 0o600, durable=False)
            self._cached = (content, head)
