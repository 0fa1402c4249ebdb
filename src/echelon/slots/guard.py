"""Seeing what an agent did to the user's git directory: a digest of all that can run, steer or point, before and after.

Our commands are not steered by any of it (owned.py); the user's own next `git status` would be. This notices, it does
not prevent. Source: 13 of 13 plantings noticed, tests/adversarial/test_plantings.py.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from echelon.errors import LimitError
from echelon.slots.git import text
from echelon.slots.repository import BRANCH_PREFIX, Repository

GUARDED_FILES = 10_000
_OURS = (f"refs/heads/{BRANCH_PREFIX}", "refs/orchestrator/")
_FETCHED = "refs/remotes/"  # a person's fetch, and nothing of ours reads them
_SHARED = ("config", "config.worktree", "info", "hooks", "objects/info/alternates", "shallow", "modules")
_LOGS = "logs/refs/heads"


def fingerprint(repository: Repository, *, references: bool = True) -> dict[str, str]:
    """What is executable, configurable or a reference in the user's git directory: name -> digest, commit or size.

    Without `references` only what can run something or steer git. Sizes are those of the reflogs ("size:N"): they grow
    by rights and must not shrink.
    Raises: LimitError GUARD_TOO_MANY_FILES.
    """
    found: dict[str, str] = {}
    for name, place in _places(repository):
        found[name] = _digest(place)
        if len(found) > GUARDED_FILES:
            raise LimitError(
                "GUARD_TOO_MANY_FILES", f"{repository.common} holds too many.", "Look into hooks and info."
            )
    return found | _references(repository) if references else found


def _references(repository: Repository) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in repository.git("for-each-ref", "--format=%(refname) %(objectname)").stdout.splitlines():
        name, _, commit = text(line).partition(" ")
        if not name.startswith((*_OURS, _FETCHED)):
            found[name] = commit
    found["HEAD"] = _digest(repository.git_dir / "HEAD")
    for name, place in _files(repository.common / _LOGS, _LOGS):
        if not name.startswith(f"{_LOGS}/{BRANCH_PREFIX}"):
            found[name] = f"size:{place.lstat().st_size}"
    return found


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The names that appeared, vanished or changed, sorted; a reflog only when it shrank or vanished."""
    names = sorted(before.keys() | after.keys())
    return tuple(name for name in names if not _equal(before.get(name), after.get(name)))


def _equal(old: str | None, new: str | None) -> bool:
    if new is not None and new.startswith("size:"):
        return old is None or int(new[5:]) >= int(old[5:])
    return old == new


def _places(repository: Repository) -> Iterator[tuple[str, Path]]:
    common = repository.common
    for name in _SHARED:
        yield from (found for found in _files(common / name, name) if found[0] != "info/refs")  # housekeeping writes it
    for tree in sorted((common / "worktrees").glob("*")):
        for name in ("config.worktree", "gitdir", "commondir"):
            yield from _files(tree / name, f"worktrees/{tree.name}/{name}")
    if (repository.top / ".git").is_symlink() or not (repository.top / ".git").is_dir():
        yield ".git", repository.top / ".git"


def _files(place: Path, name: str) -> Iterator[tuple[str, Path]]:
    if name == "modules":  # submodules' git directories: only what steers them, their objects are many
        for directory, folders, files in os.walk(place):
            folders[:] = sorted(set(folders) - {"objects", "logs", "refs"})
            steering = [
                file for file in files if file.startswith("config") or Path(directory).name in ("hooks", "info")
            ]
            yield from (
                (f"{name}/{Path(directory, file).relative_to(place)}", Path(directory, file)) for file in steering
            )
    elif place.is_dir() and not place.is_symlink():
        for directory, folders, files in os.walk(place):
            links = [folder for folder in folders if Path(directory, folder).is_symlink()]
            for file in sorted((*files, *links)):
                yield f"{name}/{Path(directory, file).relative_to(place)}", Path(directory, file)
    elif os.path.lexists(place):
        yield name, place


def _digest(place: Path) -> str:
    """Digest of kind, mode and content; a link is its target and, where it leads to a file, that file's content."""
    try:
        facts = place.lstat()
        target = str(place.readlink()) if place.is_symlink() else ""
        state = hashlib.sha256(f"{facts.st_mode:o} {target}\n".encode(errors="surrogateescape"))
        if place.is_file():
            with place.open("rb") as file:
                while part := file.read(1 << 20):
                    state.update(part)
        return state.hexdigest()
    except OSError as error:
        return f"unreadable:{error.errno}"
