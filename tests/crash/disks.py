"""Disks for the proofs: a model with a volatile and a durable half, and a wrapper that looks at every call.

The model is as unkind as POSIX allows. Data that was not synced may be there, missing, half there, or there with a
hole of NULs; changes of a directory that was not synced may each be there or not (all subsets while there are few,
else every prefix), each directory for itself. Only fsync of the file, and of the directory, make it certain.
"""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echelon.store.files import FileStat, Reading

ROOT = Path("/w")
LOCK = ".opencode/echelon/lock"
SUBSETS_UP_TO = 4  # pending changes of one directory of which every subset is tried

Tree = frozenset[tuple[str, bytes | None]]  # path, content; None for a directory


@dataclass
class Node:
    data: bytes = b""
    durable: bytes = b""
    changes: int = 0

    def possible(self) -> set[bytes]:
        """What a power cut may leave."""
        old, new = self.durable, self.data
        if old == new:
            return {new}
        if new.startswith(old):
            added = new[len(old) :]
            half = len(added) // 2
            return {old, new, old + added[:half], old + bytes(half) + added[half:]}
        half = min(len(old), len(new)) // 2
        return {old, new, new[:half] + old[half:]}


@dataclass
class Folder:
    entries: dict[str, int] = field(default_factory=dict)
    durable: dict[str, int] = field(default_factory=dict)
    pending: list[tuple[str | None, str | None, int]] = field(default_factory=list)  # name that goes, that comes, node

    def change(self, gone: str | None, come: str | None, node: int) -> None:
        self.pending.append((gone, come, node))
        _change(self.entries, gone, come, node)

    def possible(self) -> Iterator[dict[str, int]]:
        count = len(self.pending)
        chosen: list[list[int]] = [list(range(end)) for end in range(count + 1)]
        if count <= SUBSETS_UP_TO:
            chosen = [list(part) for size in range(count + 1) for part in itertools.combinations(range(count), size)]
        for part in chosen:
            entries = dict(self.durable)
            for index in part:
                _change(entries, *self.pending[index])
            yield entries


def _change(entries: dict[str, int], gone: str | None, come: str | None, node: int) -> None:
    if gone is not None:
        entries.pop(gone, None)
    if come is not None:
        entries[come] = node


class ModelDisk:
    """A Disk in memory under ROOT."""

    def __init__(self, tree: Tree = frozenset()) -> None:
        self.nodes: dict[int, Node | Folder] = {0: Folder()}
        self.handles: dict[int, int] = {}
        self.locked: set[int] = set()
        self.counter = 0
        for path, content in sorted(tree, key=lambda entry: entry[0]):
            folder, name = self._parent(ROOT / path)
            number = self._new(Folder() if content is None else Node(content, content))
            folder.entries[name] = folder.durable[name] = number

    # ---- the tree

    def _new(self, node: Node | Folder) -> int:
        self.counter += 1
        self.nodes[self.counter] = node
        return self.counter

    def _parent(self, path: Path) -> tuple[Folder, str]:
        *above, name = path.parts[len(ROOT.parts) :]
        here = self.nodes[0]
        for part in above:
            if not isinstance(here, Folder) or part not in here.entries:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            here = self.nodes[here.entries[part]]
        assert isinstance(here, Folder)
        return here, name

    def _find(self, path: Path) -> int:
        if path == ROOT:
            return 0
        folder, name = self._parent(path)
        if name not in folder.entries:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return folder.entries[name]

    def tree(self) -> Tree:
        """What a process sees now."""

        def walk(number: int, path: str) -> Iterator[tuple[str, bytes | None]]:
            node = self.nodes[number]
            if isinstance(node, Node):
                yield path, node.data
                return
            if path:
                yield path, None
            for name, child in node.entries.items():
                yield from walk(child, f"{path}/{name}" if path else name)

        return frozenset(walk(0, ""))

    def after_power_cut(self) -> Iterator[Tree]:
        """Every tree that may be found when the power comes back, some more than once."""

        def walk(number: int, path: str) -> Iterator[tuple[tuple[str, bytes | None], ...]]:
            node = self.nodes[number]
            if isinstance(node, Node):
                # Of the lock's record only matters whether it is there; it would multiply the states by four.
                for content in {b"?"[: len(data)] for data in node.possible()} if path == LOCK else node.possible():
                    yield ((path, content),)
                return
            own: tuple[tuple[str, bytes | None], ...] = ((path, None),) if path else ()
            for entries in node.possible():
                parts = [list(walk(child, f"{path}/{name}" if path else name)) for name, child in entries.items()]
                for chosen in itertools.product(*parts):
                    yield own + tuple(itertools.chain.from_iterable(chosen))

        return (frozenset(entries) for entries in walk(0, ""))

    def copy(self) -> ModelDisk:
        return deepcopy(self)

    # ---- Disk

    def stat(self, path: Path) -> FileStat | None:
        try:
            number = self._find(path)
        except FileNotFoundError:
            return None
        node = self.nodes[number]
        if isinstance(node, Folder):
            return FileStat("directory", 0o755, 0, (number,))
        return FileStat("file", 0o644, len(node.data), (number, node.changes))

    def read(self, path: Path, limit: int, offset: int = 0) -> Reading:
        found = self.stat(path)
        node = self.nodes[self._find(path)]
        assert found
        return Reading(node.data[offset : offset + limit] if isinstance(node, Node) else b"", found)

    def names(self, directory: Path) -> list[str]:
        node = self.nodes[self._find(directory)]
        assert isinstance(node, Folder)
        return list(node.entries)

    def _open(self, number: int) -> int:
        self.counter += 1
        self.handles[self.counter] = number
        return self.counter

    def _node(self, handle: int) -> Node:
        node = self.nodes[self.handles[handle]]
        assert isinstance(node, Node)
        return node

    def create(self, path: Path, mode: int | None) -> int:
        folder, name = self._parent(path)
        if name in folder.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        number = self._new(Node())
        folder.change(None, name, number)
        return self._open(number)

    def open_append(self, path: Path) -> int:
        return self._open(self._find(path))

    def write(self, handle: int, data: memoryview) -> int:
        part = bytes(data[: max(1, (len(data) + 1) // 2)]) if len(data) > 4 else bytes(data)  # a short write
        node = self._node(handle)
        node.data += part
        node.changes += 1
        return len(part)

    def truncate(self, handle: int, size: int) -> None:
        node = self._node(handle)
        node.data = node.data[:size]
        node.changes += 1

    def sync(self, handle: int) -> None:
        node = self._node(handle)
        node.durable = node.data

    def close(self, handle: int) -> None:
        self.locked.discard(self.handles.pop(handle))

    def rename(self, source: Path, target: Path) -> None:
        folder, name = self._parent(source)
        other, new = self._parent(target)
        assert folder is other, "all our renames stay in one directory"
        folder.change(name, new, self._find(source))

    def unlink(self, path: Path) -> None:
        folder, name = self._parent(path)
        self._find(path)
        folder.change(name, None, 0)

    def mkdir(self, path: Path, mode: int) -> None:
        folder, name = self._parent(path)
        if name in folder.entries:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        folder.change(None, name, self._new(Folder()))

    def sync_directory(self, path: Path) -> None:
        node = self.nodes[self._find(path)]
        assert isinstance(node, Folder)
        node.durable = dict(node.entries)
        node.pending.clear()

    def lock(self, path: Path) -> int | None:
        folder, name = self._parent(path)
        if name not in folder.entries:
            folder.change(None, name, self._new(Node()))
        number = folder.entries[name]
        if number in self.locked:
            return None
        self.locked.add(number)
        return self._open(number)


CHANGING = ("create", "write", "truncate", "sync", "rename", "unlink", "mkdir", "sync_directory", "lock")
ALL_CALLS = (*CHANGING, "stat", "read", "names", "open_append", "close")


class Watched:
    """A Disk that calls `before(name, arguments)` ahead of each of `calls`, and then passes it on."""

    def __init__(self, disk: Any, before: Callable[[str, tuple[Any, ...]], None], calls: tuple[str, ...] = CHANGING):
        self._disk = disk
        self._before = before
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._disk, name)
        if name not in self._calls:
            return inner

        def call(*arguments: Any) -> Any:
            if name == "close":  # a close that fails has closed all the same
                inner(*arguments)
                return self._before(name, arguments)
            self._before(name, arguments)
            return inner(*arguments)

        return call


class Clock:
    """Counts milliseconds."""

    def __init__(self) -> None:
        self.ticks = 0

    def now(self) -> str:
        self.ticks += 1
        return f"2026-01-01T00:{self.ticks // 60000:02}:{self.ticks // 1000 % 60:02}.{self.ticks % 1000:03}Z"


def report(text: str) -> None:
    """A proof's load, seen with `pytest -s` or `-rP`: a run that did little proves little."""
    sys.stdout.write(f"{text}\n")
