"""Objects of the user's repository, read by one long-lived git, and what is known about those that never change.

A name that the long-lived git calls missing is asked of a fresh one before it counts as missing. When the folder of
objects is another one than before (the repository was made anew), nothing that was known counts any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from echelon.errors import LimitError
from echelon.slots.batch import Batch, Found
from echelon.slots.git import begin, raw, run
from echelon.slots.memory import Memory
from echelon.slots.objects import parse_batch, parse_found

BLOB_BYTES = 256 * 1024 * 1024
_FORMAT = "%(objectname) %(objecttype) %(objectsize)"


class Reader:
    """Reads through the git directory `owned`; `check` raises when that was changed by somebody. Safe in threads."""

    def __init__(self, owned: Path, objects: Path, check: Callable[[], None]) -> None:
        self._owned, self._objects, self._check = owned, objects, check
        self._memory = Memory()
        command = ("cat-file", f"--batch-command={_FORMAT}", "-z")
        self._batch = Batch(lambda: begin(command, git_dir=owned, objects=objects))
        self._identity = _identity(objects)

    @property
    def memory(self) -> Memory:
        """What is known of objects by full ids; empty again when the repository was made anew."""
        identity = _identity(self._objects)
        if identity != self._identity:
            self._batch.end()
            self._memory.clear()
            self._identity = identity
        return self._memory

    def find(self, names: Sequence[str]) -> dict[str, Found]:
        """Those of the names (ids, `commit:path`, references) that are something, without contents."""
        found = self._asked(names)
        missing = [name for name in names if name not in found]
        if missing:
            self._check()
            asked = _lines(missing)
            command = ("cat-file", f"--batch-check={_FORMAT}", "-z")
            answer = run(command, git_dir=self._owned, objects=self._objects, input=asked).stdout
            found |= parse_found(missing, answer)
        return found

    def contents(self, names: Iterable[str]) -> dict[str, bytes]:
        """Contents of those names that are blobs. Raises LimitError BLOBS_TOO_LARGE beyond 256 MiB together."""
        blobs = {name: found for name, found in self.find(list(dict.fromkeys(names))).items() if found.kind == "blob"}
        total = sum(found.size for found in blobs.values())
        if total > BLOB_BYTES:
            raise LimitError("BLOBS_TOO_LARGE", f"{total} bytes were asked for at once.", "Leave large files out.")
        ids = list(dict.fromkeys(found.id for found in blobs.values()))
        self._check()
        held = self._batch.ask("contents", ids)
        if held is not None and len(held) == len(ids):
            return {name: held[found.id].content for name, found in blobs.items()}
        command = ("cat-file", f"--batch={_FORMAT}", "-z")
        answer = run(command, git_dir=self._owned, objects=self._objects, input=_lines(ids)).stdout
        fresh = parse_batch(ids, answer)
        return {name: fresh[found.id] for name, found in blobs.items() if found.id in fresh}

    def tree(self, identifier: str) -> bytes:
        """The content of a tree object. Raises GitError GIT_FAILED when it is none."""
        self._check()
        found = (self._batch.ask("contents", [identifier]) or {}).get(identifier)
        if found is not None and found.kind == "tree":
            return found.content
        return run(("cat-file", "tree", identifier), git_dir=self._owned, objects=self._objects).stdout

    def _asked(self, names: Sequence[str]) -> dict[str, Found]:
        if not names:
            return {}
        self._check()
        _ = self.memory  # an older repository's git must not answer
        return self._batch.ask("info", names) or {}


def _identity(objects: Path) -> tuple[int, ...]:
    """Of a repository made anew at least one differs: `git init` writes the description once, nobody does later."""
    found: list[int] = []
    for place in (objects, objects.parent / "description"):
        try:
            facts = place.stat()
        except OSError:
            continue
        found += [facts.st_dev, facts.st_ino] + ([] if place is objects else [facts.st_ctime_ns])
    return tuple(found)


def _lines(names: Sequence[str]) -> bytes:
    return b"".join(raw(name) + b"\0" for name in names)
