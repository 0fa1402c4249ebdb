"""From files to a World. Parsed documents are remembered by digest, so that 10,000 items are parsed once."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from echelon.core.config import Config
from echelon.core.documents import entries, sections, spec
from echelon.core.documents.grammar import State
from echelon.core.model import (
    ATTEMPTS,
    BACKLOG,
    DOCUMENTS,
    MISSIONS,
    PROJECT,
    SPEC,
    Attempt,
    World,
    read_attempts,
    read_missions,
)
from echelon.errors import TamperError
from echelon.ports import Snapshot
from echelon.store.transaction import Store

REMEMBERED_MAX = 64
T = TypeVar("T")


def decode(content: bytes | None) -> str | None:
    """Bytes of a state file as text; what is not UTF-8 survives as surrogates and goes back as it was."""
    return None if content is None else content.decode("utf-8", "surrogateescape")


def encode(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


class Loader:
    """Reads the documents of one workspace; keeps what it parsed, by kind and digest."""

    def __init__(self, store: Store, config: Config) -> None:
        self._store = store
        self._config = config
        self._parsed: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def load(self) -> tuple[World, dict[str, Snapshot]]:
        """The world and the snapshots it was made from: a decision on the one is committed against the others.

        Raises TamperError RECORD_DAMAGED when a file of our own cannot be read.
        """
        snapshots = {path: self._store.read(path) for path in DOCUMENTS}
        texts = {path: decode(snapshot.content) for path, snapshot in snapshots.items()}
        backlog = self._parse("backlog", snapshots[BACKLOG], entries.parse)
        world = World(
            config=self._config,
            spec=self._parse("spec", snapshots[SPEC], spec.parse),
            backlog=backlog,
            missions=self._own("missions", snapshots[MISSIONS], read_missions) or (),
            attempts=self._attempts(snapshots[ATTEMPTS]),
            escalations=self._parse("escalations", snapshots[PROJECT], sections.read_escalations) or (),
            texts=texts,
            external=self._external(backlog, snapshots),
        )
        return world, snapshots

    def _attempts(self, snapshot: Snapshot) -> tuple[Attempt, ...]:
        """The attempts; their coverage counts only while the file is what Echelon wrote."""
        attempts = self._own("attempts", snapshot, read_attempts) or ()
        known = self._store.documents().get(ATTEMPTS)
        if known is not None and known.digest == snapshot.digest:
            return attempts
        return tuple(replace(attempt, coverage="") for attempt in attempts)

    def remember(self, kind: str, digest: str, value: Any) -> None:
        """Keep a document that an edit made, under the digest its bytes will have."""
        self._parsed[kind, digest] = value
        while len(self._parsed) > REMEMBERED_MAX:
            self._parsed.popitem(last=False)

    def _parse(self, kind: str, snapshot: Snapshot, parser: Callable[[str], T]) -> T | None:
        if snapshot.content is None:
            return None
        known = self._parsed.get((kind, snapshot.digest))
        if known is None:
            known = parser(decode(snapshot.content) or "")
            self.remember(kind, snapshot.digest, known)
        return known

    def _own(self, kind: str, snapshot: Snapshot, parser: Callable[[str], T]) -> T | None:
        try:
            return self._parse(kind, snapshot, parser)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"{snapshot.path} is damaged ({type(error).__name__})."
            raise TamperError(
                "RECORD_DAMAGED", what, "restore it from a copy; echelon log tells what it held."
            ) from error

    def _external(self, backlog: entries.EntriesDocument | None, snapshots: dict[str, Snapshot]) -> Mapping[str, State]:
        """States of items of other projects that this backlog waits for, from their stored backlogs."""
        wanted = _external_ids(backlog.entries) if backlog else set()
        found: dict[str, State] = {}
        for project in sorted({name.partition("/")[0] for name in wanted}):
            path = f".opencode/projects/{project}/backlog.md"
            snapshots[path] = self._store.read(path)
            other = self._parse("backlog", snapshots[path], entries.parse)
            for entry in other.entries if other else ():
                found[f"{project}/{entry.id}"] = entry.state
        return found


def _external_ids(items: Iterable[entries.Entry]) -> set[str]:
    known = re.compile(r"PRJ-\d{1,9}/B\d{1,9}")
    return {name for entry in items for name in entry.depends if "/" in name and known.fullmatch(name)}
