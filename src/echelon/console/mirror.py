"""One workspace in memory, so that a read costs no file: the world and what is derived from it, replaced as a whole.

The files stay the only truth. Whoever changes something refreshes the mirror before the answer; edits from outside are
seen by watching.py.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from echelon.core import report
from echelon.core.model import World
from echelon.engine.engine import Engine
from echelon.engine.workspace import Places, Workspace
from echelon.errors import EchelonError

CHANGED_MAX = 200  # rows told with an event; more, and the page reads anew
ACTOR = "person at the console"  # in the log of operations
Areas = tuple[str, ...]
DOCUMENTS: Areas = ("items", "missions", "slots", "journal", "evidence", "operations", "portfolio")
_ROW = ("key", "id", "title", "state", "waived", "priority", "size", "coverage")


class Reading:
    """What one reading of the files gave. Derived values are made once, when somebody asks."""

    def __init__(self, world: World, documents: tuple[str, ...], revision: int) -> None:
        self.world, self.documents, self.revision = world, documents, revision

    @cached_property
    def data(self) -> Mapping[str, Any]:
        return report.status(self.world)

    @cached_property
    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Items by key, as a list shows them."""
        return {
            row["key"]: {**{name: row[name] for name in _ROW}, "attempts": len(row["attempts"])}
            for row in self.data["items"]
        }


@dataclass(frozen=True, slots=True)
class Changed:
    """What a refresh found: the areas of the page it concerns, and the rows of items that are different now."""

    revision: int
    areas: Areas
    items: tuple[Mapping[str, Any], ...]
    running: tuple[str, ...]
    counts: Mapping[str, int]


class Mirror:
    """Safe in threads: one refreshes, the others read what was read last.

    Raises what opening a workspace raises.
    """

    def __init__(self, root: Path, places: Places | None = None) -> None:
        self._lock = threading.Lock()
        self.places = places
        self.workspace = Workspace(root, places)
        self.engine = Engine(self.workspace, ACTOR)
        self.trouble = ""  # why the reading is older than the files, "" mostly
        self._signature: object = None
        self._reading: Reading | None = None

    @property
    def id(self) -> str:
        """A name for the web that tells nothing of the path."""
        return hashlib.sha256(os.fsencode(self.workspace.root)).hexdigest()[:12]

    @property
    def reading(self) -> Reading:
        """Raises what reading the workspace raises, when it could not be read yet."""
        if self._reading is None:
            self.refresh()
        assert self._reading is not None  # refresh raises where there is none
        return self._reading

    @property
    def world(self) -> World:
        return self.reading.world

    @property
    def data(self) -> Mapping[str, Any]:
        return self.reading.data

    @property
    def revision(self) -> int:
        return self.reading.revision

    @property
    def known(self) -> int:
        """The revision without reading for it, 0 when nothing was read yet."""
        return self._reading.revision if self._reading else 0

    def now(self) -> str:
        return self.workspace.clock.now()

    def folders(self) -> tuple[Path, ...]:
        """Where a change may come from: the folders of the documents, our records, the files of open slots."""
        root, state = self.workspace.root, self.workspace.state
        paths = self._reading.documents if self._reading else ()
        found = {root / ".opencode", root / ".opencode/echelon", state, *((root / path).parent for path in paths)}
        missions = self._reading.world.missions if self._reading else ()
        found |= {state / "slots" / row.slot / "work" / ".opencode" for row in missions if row.slot}
        return tuple(sorted(folder for folder in found if folder.is_dir()))

    def refresh(self, *, unless_same: bool = False) -> Changed | None:
        """Read the files again; None when nothing is different. `unless_same`: only where a file looks touched."""
        with self._lock:
            signature = self._look()
            if unless_same and signature == self._signature:
                return None
            old = self._reading
            try:
                settings = self._settle()  # before the files are read: the world holds them
                new = self._read(old.revision + 1 if old else _first())
            except EchelonError as error:
                if old is None:
                    raise
                return self._troubled(old, str(error))
            mended, self.trouble = bool(self.trouble), ""
            self._signature = signature
            if old is not None and new.world == old.world and not mended and not settings:
                return self._beside(old)
            self._reading = new
            return _compare(old, new, settings)

    def _read(self, revision: int) -> Reading:
        loaded = self.engine.loaded()
        return Reading(loaded.world, tuple(sorted(loaded.snapshots)), revision)

    def _settle(self) -> bool:
        """Settings that changed make a new engine. Whether they did."""
        fresh = Workspace(self.workspace.root, self.places)
        if fresh.configured == self.workspace.configured:
            return False
        self.workspace, self.engine = fresh, Engine(fresh, ACTOR)
        return True

    def _troubled(self, old: Reading, why: str) -> Changed | None:
        if why == self.trouble:
            return None
        self.trouble = why
        return Changed(old.revision, ("trouble",), (), (), {})

    def _beside(self, old: Reading) -> Changed:
        """The documents are the same, so what was touched lies beside them: a slot's plan, our logs, loops."""
        old.revision += 1  # so that a page that was away reads them again
        return Changed(
            old.revision, ("missions", "slots", "operations"), (), _running(old), old.data["project"]["items"]
        )

    def _look(self) -> object:
        """What the file system says, without reading a file."""
        rows: list[tuple[str, int, int]] = []
        for folder in self.folders():
            try:
                with os.scandir(folder) as entries:
                    rows += [
                        (entry.path, facts.st_mtime_ns, facts.st_size)
                        for entry in entries
                        if not entry.name.endswith((".lock", ".tmp")) and (facts := entry.stat(follow_symlinks=False))
                    ]
            except OSError:
                continue  # gone since it was listed: the next look knows
        return sorted(rows)


def _first() -> int:
    """Another number in every process: a page that comes back to an heir must not take its first reading for the one it has."""
    return time.time_ns() // 1_000_000


def _running(reading: Reading) -> tuple[str, ...]:
    return tuple(row.item for row in reading.world.missions)


def _compare(old: Reading | None, new: Reading, settings: bool) -> Changed:
    """Everything that is made from documents may be different: which of it is told by rows, for the rest the page asks.

    A narrower answer was wrong for whoever read in the midst of an operation, whose documents are replaced one by one, and
    whose slot comes and goes beside them.
    """
    before = old.rows if old else {}
    changed = [row for key, row in new.rows.items() if before.get(key) != row]
    told = tuple(changed) if len(changed) <= CHANGED_MAX else ()
    areas = (*DOCUMENTS, *(("settings",) if settings else ()))
    return Changed(new.revision, areas, told, _running(new), new.data["project"]["items"])
