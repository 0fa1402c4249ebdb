"""Remembers what a command said about a tree, so that one run counts for every slot and level.

Only green and red are remembered: both are answers about the tree, while "could not run" is about the machine.
A cache is a convenience: an entry that cannot be read is a miss, one that cannot be written is not written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import cast

from echelon.ports import Execution, TestCounts

FORMAT = 1
ENTRIES = 5000
AGE_SECONDS = 30 * 24 * 3600.0
ENTRY_BYTES = 256 * 1024


class CheckCache:
    """One file per entry in `directory`, named by the key; made when first needed, for this user only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @staticmethod
    def key(tree: str, command: str, environment_digest: str) -> str:
        """The same for base and candidate, slot and gate: only what was run on what matters."""
        text = json.dumps([FORMAT, tree, command, environment_digest], ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def get(self, key: str) -> Execution | None:
        """The remembered run, or None when there is none, it is too old, or its file is not as we wrote it."""
        path = self._path(key)
        try:
            status = path.stat()
            if status.st_size > ENTRY_BYTES or abs(time.time() - status.st_mtime) > AGE_SECONDS:
                return None
            entry = json.loads(path.read_bytes())
            fields = entry["execution"]
            return _execution(fields) if entry["seal"] == _seal(key, fields) else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def put(self, key: str, execution: Execution) -> None:
        """Remember a green or red run; anything else is left alone."""
        if execution.outcome not in ("green", "red"):
            return
        fields = asdict(execution)
        text = json.dumps({"execution": fields, "seal": _seal(key, fields)}, sort_keys=True)
        if len(text) > ENTRY_BYTES:
            return
        with contextlib.suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path(key), text.encode("ascii"))
            self._prune()

    def _path(self, key: str) -> Path:
        assert len(key) == 64 and key.isalnum(), "a key is what CheckCache.key returned"
        return self._directory / f"{key}.json"

    def _prune(self) -> None:
        """Remove the oldest entries beyond ENTRIES, a tenth more than needed so that it is not done at each put."""
        with os.scandir(self._directory) as found:
            names = [entry.path for entry in found if entry.name.endswith(".json")]
        if len(names) <= ENTRIES:
            return
        by_age = sorted((Path(name) for name in names), key=_written)
        for path in by_age[: len(names) - ENTRIES + ENTRIES // 10]:
            path.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """The file holds all of `data` or what it held before; not synced to the disk, losing it costs a run only."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # another process removed it


def _seal(key: str, fields: Mapping[str, object]) -> str:
    """Binds an entry to its key and content: a flipped bit or a copied file is a miss."""
    return hashlib.sha256(json.dumps([key, fields], sort_keys=True).encode("ascii")).hexdigest()


def _execution(fields: dict[str, object]) -> Execution | None:
    """The seal says that we wrote it; the outcome is looked at once more because a green one closes items."""
    counts = cast("dict[str, int] | None", fields["counts"])
    if fields["outcome"] not in ("green", "red"):
        return None
    made = {**fields, "counts": TestCounts(**counts) if counts else None}
    return Execution(**made)  # type: ignore[arg-type]  # sealed: they are the fields of an Execution of ours
