"""The operation log on disk: `operations.jsonl`, and closed segments `operations-000001.jsonl` before it.

The newest segment grows by appending; at SEGMENT_LINES or SEGMENT_BYTES it is renamed and a new one begins, while the
chain of digests runs on. Only the last line of the newest segment can be torn by a crash (no newline, or a hole of
NULs); it was never acknowledged, is never accepted, and is cut off by whoever holds the lock. Every other damage is
TamperError OPERATION_LOG_BROKEN with file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from echelon.errors import TamperError
from echelon.store.files import (
    Disk,
    append_file,
    cut_file,
    directories_up_to,
    read_reading,
    rename_file,
    sync_directories,
    world_errors,
)
from echelon.store.operations import GENESIS, LINE_LIMIT, SEAL_LENGTH, Operation, decode, seal_of

SEGMENT_LINES = 1000
SEGMENT_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Position:
    """The place after an operation: segment from 1, bytes and lines into it, and the operation's number and digest."""

    segment: int = 1
    offset: int = 0
    lines: int = 0
    sequence: int = 0
    digest: str = GENESIS

    def after(self, operation: Operation, line: bytes) -> Position:
        offset = self.offset + len(line)
        return Position(self.segment, offset, self.lines + 1, operation.sequence, operation.digest)


@dataclass(frozen=True, slots=True)
class Tail:
    """The operations after a position, the position after them, and how many torn bytes follow."""

    operations: tuple[Operation, ...]
    end: Position
    torn: int


class OperationLog:
    """`root` is the workspace, `directory` where the segments are. Writing methods need the workspace lock."""

    def __init__(self, disk: Disk, root: Path, directory: Path) -> None:
        self._disk = disk
        self._root = root
        self._directory = directory
        self._active = directory / "operations.jsonl"
        self._closed_ids: dict[int, frozenset[bytes]] = {}  # closed segments never change

    def _closed(self, segment: int) -> Path:
        return self._directory / f"operations-{segment:06}.jsonl"

    def _path(self, segment: int) -> tuple[Path, bool]:
        """The file of `segment` and whether it is closed."""
        closed = self._closed(segment)
        with world_errors(closed, "look at"):
            found = self._disk.stat(closed)
        return (closed, True) if found else (self._active, False)

    # ------------------------------------------------------------------------------------------- reading

    def after(self, position: Position) -> Tail:
        """Everything after `position`, verified."""
        operations: list[Operation] = []
        while True:
            tail, closed = self._segment_after(position)
            operations += tail.operations
            if not closed:
                return Tail(tuple(operations), tail.end, tail.torn)
            position = replace(tail.end, segment=position.segment + 1, offset=0, lines=0)

    def history(self) -> Iterator[Operation]:
        """All operations, oldest first, the whole chain verified; one segment in memory at a time."""
        position, closed = Position(), True
        while closed:
            tail, closed = self._segment_after(position)
            yield from tail.operations
            position = replace(tail.end, segment=position.segment + 1, offset=0, lines=0)

    def newest_first(self, end: Position) -> Iterator[Operation]:
        """The same backwards from `end` or newer, verified segment by segment: cheap when the caller stops early."""
        segment = self._newest(end)
        while segment:
            tail, _ = self._segment_after(Position() if segment == 1 else Position(segment, digest=""))
            yield from reversed(tail.operations)
            segment -= 1

    def _newest(self, end: Position) -> int:
        segment = end.segment
        while self._path(segment)[1]:
            segment += 1
        return segment

    def _segment_after(self, position: Position) -> tuple[Tail, bool]:
        path, closed = self._path(position.segment)
        start = max(0, position.offset - SEAL_LENGTH)
        reading = read_reading(self._disk, path, SEGMENT_BYTES + LINE_LIMIT, start)
        content = reading.content if reading else b""
        known = position.offset - start
        if content[:known] != seal_of(position.digest)[SEAL_LENGTH - known :]:
            raise _broken(path, position.lines, f"operation {position.sequence} is missing or another one")
        operations: list[Operation] = []
        lines = _lines(content[known:])
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n") or b"\0" in line:
                if closed or number < len(lines):
                    raise _broken(path, position.lines + 1, "the line is torn")
                return Tail(tuple(operations), position, len(line)), closed
            operation = _verified(line, path, position)
            position = position.after(operation, line)
            operations.append(operation)
        return Tail(tuple(operations), position, 0), closed

    def find(self, operation_id: str, end: Position) -> Operation | None:
        """The operation of that id, up to `end` or newer. Searches bytes; only the line it finds is parsed."""
        wanted = operation_id.encode()
        segment = self._newest(end)
        path = self._active
        line = self._line_of(path, wanted)
        while line is None and segment > 1:
            segment -= 1
            path = self._closed(segment)
            if wanted in self._ids(segment):
                line = self._line_of(path, wanted)
        try:
            return decode(line) if line else None
        except ValueError as error:
            raise _broken(path, 0, f"operation {operation_id}: {error}") from error

    def _ids(self, segment: int) -> frozenset[bytes]:
        if segment not in self._closed_ids:
            lines = self._content(self._closed(segment)).split(b"\n")
            self._closed_ids[segment] = frozenset(line[7 : line.find(b'"', 7)] for line in lines if line)
        return self._closed_ids[segment]

    def _line_of(self, path: Path, wanted: bytes) -> bytes | None:
        content = b"\n" + self._content(path)
        start = content.find(b'\n{"id":"%b",' % wanted) + 1  # JSON has no raw newline inside: this finds only records
        end = content.find(b"\n", start) + 1
        return content[start:end] if start and end else None  # a torn line is not there yet

    def _content(self, path: Path) -> bytes:
        reading = read_reading(self._disk, path, SEGMENT_BYTES + LINE_LIMIT)
        return reading.content if reading else b""

    # ------------------------------------------------------------------------------------------- writing

    def make_room(self, end: Position) -> Position:
        """Close the newest segment when it is full. Returns where the next line goes."""
        if end.lines < SEGMENT_LINES and end.offset < SEGMENT_BYTES:
            return end
        rename_file(self._disk, self._active, self._closed(end.segment))
        sync_directories(self._disk, [self._directory])
        return replace(end, segment=end.segment + 1, offset=0, lines=0)

    def append(self, line: bytes) -> None:
        """Durable when it returns. When it raises the line may still be there: `cut` it, or let recovery accept it."""
        if append_file(self._disk, self._active, line):
            sync_directories(self._disk, directories_up_to(self._root, self._active))

    def cut(self, end: Position) -> None:
        """Remove what lies behind `end` in the newest segment."""
        cut_file(self._disk, self._active, end.offset)


def _lines(content: bytes) -> list[bytes]:
    """Lines that end in a newline only."""
    parts = content.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _verified(line: bytes, path: Path, position: Position) -> Operation:
    try:
        operation = decode(line)
    except ValueError as error:
        raise _broken(path, position.lines + 1, str(error)) from error
    follows = (operation.previous, operation.sequence) == (position.digest, position.sequence + 1)
    if position.digest and not follows:  # no digest: the walk began in the middle
        raise _broken(path, position.lines + 1, "it does not follow the line before")
    return operation


def _broken(path: Path, line: int, why: str) -> TamperError:
    step = (
        "look at what changed the file and restore it from a backup; or, to begin a new history and lose the old one, "
        f"move {path.parent} away."
    )
    return TamperError("OPERATION_LOG_BROKEN", f"{path}, line {line}: {why}.", step)
