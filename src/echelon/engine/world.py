"""From files to a World (core/assembling.py). Parsed documents are remembered by digest: 10,000 items are parsed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from echelon.core.assembling import assemble
from echelon.core.config import Config
from echelon.core.model import DOCUMENTS, World
from echelon.errors import EchelonError, TamperError
from echelon.ports import Snapshot
from echelon.store.transaction import Store

REMEMBERED_MAX = 4_096  # parsed documents: four of each project of a large portfolio
T = TypeVar("T")


def decode(content: bytes | None) -> str | None:
    """Bytes of a state file as text; what is not UTF-8 survives as surrogates and goes back as it was."""
    return None if content is None else content.decode("utf-8", "surrogateescape")


def encode(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A world, the snapshots it was made from, and the documents that have working copies (stored -> copies)."""

    world: World
    snapshots: dict[str, Snapshot]
    copies: Mapping[str, tuple[str, ...]]


class Loader:
    """Reads the documents of one workspace; keeps what it parsed, by kind and digest. Safe in threads."""

    def __init__(self, store: Store, config: Config, slots_root: str = "") -> None:
        self._store, self._config, self._slots_root = store, config, slots_root
        self._remembered: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, scope: str | None = None) -> Loaded:
        """The world, with the project `scope` in front; None: the one the sequential tools work on, else the first.

        A decision on the world is committed against the snapshots. Raises TamperError RECORD_DAMAGED when a file of
        our own cannot be read, and what the store raises for the files that every workspace has.
        """
        source = _Files(self._store, self)
        try:
            assembled = assemble(source, self._config, scope, self._slots_root)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            path = next(iter(getattr(error, "__notes__", ())), "")
            if not path:
                raise
            what = f"{path} is damaged ({type(error).__name__})."
            raise TamperError(
                "RECORD_DAMAGED", what, "restore it from a copy; echelon log tells what it held."
            ) from error
        return Loaded(assembled.world, source.snapshots, assembled.copies)

    def remember(self, kind: str, digest: str, value: Any) -> None:
        """Keep a document that an edit made, under the digest its bytes will have."""
        with self._lock:
            self._remembered[kind, digest] = value
            while len(self._remembered) > REMEMBERED_MAX:
                self._remembered.popitem(last=False)

    def remembered(self, kind: str, digest: str) -> Any:
        with self._lock:
            return self._remembered.get((kind, digest))


class _Files:
    """The store as a source of texts, each read once."""

    def __init__(self, store: Store, loader: Loader) -> None:
        self._store, self._loader = store, loader
        self._documents = store.documents()
        self._problems: dict[str, str] = {}
        self.snapshots: dict[str, Snapshot] = {}

    def text(self, path: str) -> str | None:
        snapshot = self._snapshot(path)
        if snapshot is None or snapshot.content is None:
            return None
        return self.parsed("text", snapshot.digest, "", lambda _: decode(snapshot.content) or "")

    def _snapshot(self, path: str) -> Snapshot | None:
        if path not in self.snapshots and path not in self._problems:
            try:
                self.snapshots[path] = self._store.read(path)
            except EchelonError as error:
                if path in DOCUMENTS:
                    raise
                self._problems[path] = error.message  # a folder that a person named: told where it is used
        return self.snapshots.get(path)

    def problem(self, path: str) -> str:
        return self._problems.get(path, "")

    def digest(self, path: str) -> str:
        snapshot = self._snapshot(path)
        return snapshot.digest if snapshot else "absent"

    def written(self, path: str) -> str:
        known = self._documents.get(path)
        return known.digest if known else ""

    def parsed(self, kind: str, digest: str, text: str, parser: Callable[[str], T]) -> T:
        known = self._loader.remembered(kind, digest)
        if known is None:
            known = parser(text)
            self._loader.remember(kind, digest, known)
        return known
