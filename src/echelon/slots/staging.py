"""From the files of a slot to a tree: what is taken, what is refused and reported, and why.

git's own `add -A` would follow nested repositories, run their status and take any link; here every path is looked at
first, and only paths that were looked at reach the index.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from echelon.errors import LimitError
from echelon.slots.git import raw
from echelon.slots.objects import Changed
from echelon.slots.repository import STATE_DIRECTORY, Repository
from echelon.slots.worktree import Listing, WorkTree

FILE_BYTES = 100 * 1024 * 1024  # what the common forges refuse
PATHS = 200_000

ProblemKind = Literal["nested_repository", "submodule", "outside_link", "forbidden_name", "too_large", "filtered"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A path that was not taken into the snapshot (`filtered`: taken as it is), and why."""

    kind: ProblemKind
    path: str
    detail: str = ""


@dataclass(slots=True)
class _Vetting:
    """Paths sorted into those to stage and those to report; nested repositories are remembered by directory."""

    root: Path
    everything: bool
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    nested: dict[str, bool] = field(default_factory=dict)

    def take(self, path: str) -> None:
        found = self._problem(path)
        if found is None or (self.everything and found.kind != "forbidden_name"):
            self.changed.append(path)
        else:
            self.problems.append(found)

    def _problem(self, path: str) -> Problem | None:
        if _forbidden(path):
            return Problem("forbidden_name", path, "git refuses this name")
        parent = path.rpartition("/")[0]
        if parent and self._inside_nested(parent):
            return Problem("nested_repository", path, "it lies in a repository of its own")
        place = self.root / path
        try:
            facts = place.lstat()
        except OSError:
            return None  # vanished since it was listed; git will say so if it matters
        if stat.S_ISLNK(facts.st_mode) and _leaves(self.root, place):
            return Problem("outside_link", path, str(place.readlink()))
        if stat.S_ISREG(facts.st_mode) and facts.st_size > FILE_BYTES:
            return Problem("too_large", path, f"{facts.st_size} bytes, at most {FILE_BYTES}")
        return None

    def _inside_nested(self, directory: str) -> bool:
        if directory not in self.nested:
            above = directory.rpartition("/")[0]
            here = os.path.lexists(self.root / directory / ".git")
            self.nested[directory] = here or bool(above and self._inside_nested(above))
        return self.nested[directory]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the files of a slot gave: changes against the index that are changes in truth."""

    listing: Listing
    changes: tuple[Changed, ...]
    untracked: tuple[str, ...]

    def beyond(self, root: Path, names: Sequence[str]) -> bool:
        """Whether there is anything outside of `names`, in directories of submodules too."""
        paths = (*self.untracked, *(change.path for change in self.changes))
        return any(not _under(path, names) for path in paths) or any(_touched(root, self.listing.submodules))


def look(tree: WorkTree, exclude: Sequence[str]) -> Look:
    """Changed and untracked paths that are neither in nor under `exclude`."""
    listing, differing = tree.listing_and_changes()
    changes = [change for change in differing if not _under(change.path, exclude)]
    untouched = tree.untouched(changes, attributes=listing.attributes)
    true = tuple(change for change in changes if change.path not in untouched)
    return Look(listing, true, tuple(path for path in listing.untracked if not _under(path, exclude)))


def stage(
    tree: WorkTree, exclude: Sequence[str], *, everything: bool = False, seen: Look | None = None
) -> tuple[Problem, ...]:
    """Bring the slot's changes into the index; paths in or under `exclude` keep what the index has.

    `everything` is for rescue: no path is refused, files of nested repositories are taken as plain files. `seen` is a
    look at these files with the same `exclude`, where there is one already.
    Raises: LimitError SLOT_TOO_MANY_FILES.
    """
    vetting = _Vetting(tree.work, everything)
    seen = seen or look(tree, exclude)
    submodules = set(seen.listing.submodules)
    for change in seen.changes:
        _sort(vetting, change, submodules)
    for path in seen.untracked:
        if not path.endswith("/"):
            vetting.take(path)
        elif everything:
            vetting.changed.extend(_plain_files(vetting.root, path))
        else:
            vetting.problems.append(Problem("nested_repository", path.rstrip("/"), "a repository inside the slot"))
    for path in _touched(vetting.root, submodules):
        if everything:
            vetting.changed.extend(_plain_files(vetting.root, path))
        else:
            vetting.problems.append(Problem("submodule", path, "files in it are not part of this repository"))
    if len(vetting.changed) + len(vetting.removed) > PATHS:
        raise LimitError(
            "SLOT_TOO_MANY_FILES", f"{tree.work} changes more than {PATHS} files.", "Ignore generated files."
        )
    tree.stage(vetting.changed, vetting.removed)
    ruled = seen.listing.attributes or any(path.endswith(".gitattributes") for path in vetting.changed)
    if everything or not ruled:
        return tuple(vetting.problems)
    return (*vetting.problems, *_filtered(tree, vetting.changed))


def _sort(vetting: _Vetting, change: Changed, submodules: set[str]) -> None:
    if change.path in submodules:
        vetting.problems.append(Problem("submodule", change.path, "its directory was replaced or removed"))
    elif change.status == "D":
        vetting.removed.append(change.path)
    else:
        vetting.take(change.path)


def _touched(root: Path, submodules: Iterable[str]) -> Iterator[str]:
    # A slot has no submodule checked out: whatever is in their directories was put there and would not be merged.
    return (path for path in submodules if (root / path).is_dir() and any((root / path).iterdir()))


def _filtered(tree: WorkTree, changed: Sequence[str]) -> list[Problem]:
    """Changed files that .gitattributes sends through a program (git-lfs, …): taken without it, so shown."""
    return [Problem("filtered", path, value) for path, _, value in tree.attributes(changed, ("filter",))]


def with_state_of(repository: Repository, treeish: str, donor: str) -> str:
    """The tree `treeish` with the `.opencode` of `donor`: state files are Echelon's, no slot changes them."""
    if repository.entry(treeish, STATE_DIRECTORY) == repository.entry(donor, STATE_DIRECTORY):
        return treeish
    entries = repository.git("ls-tree", "-z", treeish).stdout.split(b"\0")[:-1]
    wanted = repository.git("ls-tree", "-z", donor, STATE_DIRECTORY).stdout
    others = (entry + b"\0" for entry in entries if entry.partition(b"\t")[2] != raw(STATE_DIRECTORY))
    return repository.git("mktree", "-z", input=b"".join(others) + wanted).line()


def _under(path: str, names: Sequence[str]) -> bool:
    return any(path == name or path.startswith(name + "/") for name in names)


def _forbidden(path: str) -> bool:
    parts = path.lower().split("/")
    return any(part == ".git" or part.startswith("git~") for part in parts)


def _leaves(root: Path, link: Path) -> bool:
    target = link.readlink()
    if target.is_absolute():
        return True
    direct = Path(os.path.normpath(link.parent / target))
    if not direct.is_relative_to(root) or ".git" in direct.relative_to(root).parts:
        return True
    return not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(root))


def _plain_files(root: Path, directory: str) -> list[str]:
    found: list[str] = []
    for place, folders, files in os.walk(root / directory):
        folders[:] = [name for name in folders if name.lower() != ".git"]
        links = [name for name in folders if Path(place, name).is_symlink()]
        found += [str(Path(place, name).relative_to(root)) for name in (*files, *links)]
        if len(found) > PATHS:
            raise LimitError("SLOT_TOO_MANY_FILES", f"{directory} holds more than {PATHS} files.", "Save it by hand.")
    return [path for path in found if not _forbidden(path)]
