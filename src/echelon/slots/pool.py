"""Work trees prepared in advance: a checkout of 5,000 files takes most of a second, a rename takes none.

A place is a directory with `work/` and `index`. It appears in the pool by one rename when it is ready and leaves it by
one rename, so no process ever sees half of one. Beside them lies the id of the tree that it should hold: a hint, by which
the nearest place is taken and brought to what is wanted.
"""

from __future__ import annotations

from pathlib import Path

from echelon.errors import EchelonError, WorldError
from echelon.slots.places import fresh_name, locked, private_directory, read_small, remove_tree, write_whole
from echelon.slots.repository import Repository
from echelon.slots.worktree import WorkTree

POOL_LIMIT = 16
WARM_SECONDS = 600.0
HINT = "tree"


class Pool:
    def __init__(self, repository: Repository, directory: Path, lock: Path, limit: int = POOL_LIMIT) -> None:
        self._repository = repository
        self._directory = private_directory(directory)
        self._lock = lock
        self._limit = min(limit, POOL_LIMIT)

    def ready(self) -> list[Path]:
        return sorted(place for place in self._directory.iterdir() if not place.name.startswith("."))

    def take(self, target: Path, tree: str) -> bool:
        """Move a prepared place to `target`, which must not exist; False when there is none. First one with `tree`."""
        for place in sorted(self.ready(), key=lambda place: _held(place) != tree):
            try:
                place.rename(target)
            except OSError:
                continue  # another process took it
            return True
        return False

    def warm(self, number: int, tree: str) -> int:
        """Prepare places until `number` (at most the limit) are ready; returns how many were made."""
        made = 0
        with locked(self._lock, WARM_SECONDS, "the warm pool") as hold:
            for left in self._directory.glob(".new-*"):
                remove_tree(left)  # of a process killed here: we hold the lock
            while len(self.ready()) < min(number, self._limit):
                place = fresh_name(self._directory, ".new-")
                make_place(self._repository, place, tree, hold)
                place.rename(self._directory / place.name.removeprefix(".new-"))
                made += 1
        return made

    def give(self, place: Path, hold: int, head: str) -> bool:
        """Put a used place into the pool, rid of all that is not tracked; it is removed when the pool is full or that
        fails. Its tracked files, of the commit `head` as a rule, are made right when it is taken.
        """
        if len(self.ready()) < self._limit:
            try:
                _emptied(self._repository, place, hold).clean()
                _hint(place, self._repository.tree_of(head))
                place.rename(self._directory / place.name)
            except (EchelonError, OSError):
                pass
            else:
                return True
        remove_tree(place)
        return False


def make_place(repository: Repository, place: Path, tree: str, hold: int) -> WorkTree:
    private_directory(place)
    (place / "work").mkdir(mode=0o700)
    made = WorkTree(repository, place / "work", place / "index", hold)
    made.reset(tree)
    _hint(place, tree)
    return made


def clean_place(repository: Repository, place: Path, tree: str, hold: int) -> WorkTree:
    """Bring a used place to exactly `tree`: nothing of whoever had it before is left.

    Raises EchelonError where it has to be made anew.
    """
    held = _held(place)
    used = _emptied(repository, place, hold)
    if used.bring(held, tree):
        return used
    used.reset(tree)
    if used.left_over():
        used.clean()
        if left := used.left_over():
            what = f"{used.work} cannot be cleaned: {left[0]!r} stays."
            raise WorldError("SLOT_NOT_CLEAN", what, "Remove it by hand.")
    return used


def _emptied(repository: Repository, place: Path, hold: int) -> WorkTree:
    used = WorkTree(repository, place / "work", place / "index", hold)
    for extra in place.iterdir():
        if extra.name not in ("work", "index", "opening"):
            remove_tree(extra)
    remove_tree(used.work / ".git")
    return used


def _held(place: Path) -> str:
    return read_small(place / HINT, 100).decode("ascii", "replace")


def _hint(place: Path, tree: str) -> None:
    write_whole(place / HINT, tree.encode("ascii"), durable=False)
