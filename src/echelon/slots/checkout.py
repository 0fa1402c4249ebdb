"""The user's own checkout follows the base branch only where that loses nothing.

It is updated through our git directory with the user's index, so no hook and no filter program runs; what git would
overwrite (an ignored file in the way, for one) is looked for by us first, and then nothing is touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from echelon.slots import git
from echelon.slots.git import Output, raw, text
from echelon.slots.objects import Changed, Entry, checked_branch, parse_raw
from echelon.slots.repository import Repository
from echelon.slots.worktree import has_content

CheckoutOutcome = Literal["updated", "not_checked_out", "elsewhere", "blocked", "in_operation", "unsupported"]


@dataclass(frozen=True, slots=True)
class CheckoutUpdate:
    """`paths`: blocked: what would be lost; elsewhere: the work tree; in_operation, unsupported: the reason.

    `filtered` are files that .gitattributes sends through a program (git-lfs, …) and that were written without it.
    """

    outcome: CheckoutOutcome
    paths: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()


def where_checked_out(repository: Repository, branch: str) -> Path | None:
    """The work tree in which the branch is checked out, the workspace or another one of the user's; None for nowhere."""
    name = f"refs/heads/{checked_branch(branch)}"
    if repository.checked_out() == branch:
        return repository.top
    listing = git.run(["worktree", "list", "--porcelain", "-z"], git_dir=repository.git_dir).stdout
    for record in listing.split(b"\0\0"):
        lines = [text(line) for line in record.split(b"\0")]
        if f"branch {name}" in lines and lines[0].startswith("worktree "):
            return Path(lines[0].removeprefix("worktree "))
    return None


def checkout_obstacles(repository: Repository, branch: str, old: str, new: str) -> tuple[str, ...]:
    """Paths of the user's checkout that differ between `old` and `new` and hold something of the user's own.

    Empty when the branch is not checked out in the workspace: then nothing there would be touched.
    """
    if repository.checked_out() != branch:
        return ()
    return _Checkout(repository).look(old, new).obstacles


def update_checkout(repository: Repository, branch: str, old: str, new: str) -> CheckoutUpdate:
    """Bring the workspace's files and index from `old` to `new`; local changes elsewhere are carried along.

    To be called after the branch was moved, and again after a crash: what is done already is recognised.
    Raises: GitError GIT_FAILED, when another git holds the index for one.
    """
    place = where_checked_out(repository, branch)
    if place is None:
        return CheckoutUpdate("not_checked_out")
    if place != repository.top:
        return CheckoutUpdate("elsewhere", (str(place),))
    operation = repository.operation_in_progress()
    if operation is not None:
        return CheckoutUpdate("in_operation", (operation,))
    if repository.settings.get("core.sparsecheckout", "").lower() == "true":
        return CheckoutUpdate("unsupported", ("sparse checkout",))
    checkout = _Checkout(repository)
    found = checkout.look(old, new)
    if found.obstacles:
        return CheckoutUpdate("blocked", found.obstacles)
    checkout.settle(found.done)
    checkout.git("read-tree", "-m", "-u", old, new)
    return CheckoutUpdate(
        "updated", (), checkout.filtered(new, [change.path for change in found.changed if change.new])
    )


def checkout_lags(repository: Repository, branch: str, old: str, new: str) -> bool:
    """The branch is checked out in the workspace and its index still has something of `old` that `new` changes."""
    if repository.checked_out() != branch:
        return False
    changed = repository.changed(old, new)
    index = _Checkout(repository).index([change.path for change in changed])
    return any(index.get(change.path) == change.old for change in changed)


_NAMED_PATHS = 200  # more are looked for in the listing of all: an argument list has its limit
_UNMERGED = Entry("", "")  # equals no tree's entry


@dataclass(frozen=True, slots=True)
class _Look:
    changed: tuple[Changed, ...]
    obstacles: tuple[str, ...]
    done: tuple[Changed, ...]  # already on disk as `new` has them


class _Checkout:
    """The user's files and index, through our git directory."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._root = repository.top

    def git(self, *args: str, input: bytes | None = None, accept: tuple[int, ...] = (0,)) -> Output:  # noqa: A002 - subprocess's own word
        repository = self._repository
        return repository.git(
            *args,
            input=input,
            accept=accept,
            work_tree=repository.top,
            index=repository.git_dir / "index",
            settings=repository.checkout_settings(),
        )

    def look(self, old: str, new: str) -> _Look:
        changed = self._repository.changed(old, new)
        index = self.index([change.path for change in changed])
        touched = self._touched(list(index))  # of what the index does not know, git has nothing to tell
        removed = {change.path for change in changed if change.old is not None}
        obstacles: list[str] = []
        done: list[Changed] = []
        for change in changed:
            staged = index.get(change.path)
            if staged == change.new:
                continue  # git keeps what is there: an earlier call of ours came this far, or the user staged the same
            if (
                staged == change.old
                and change.path not in touched
                and (staged is not None or not self._is_file(change))
            ):
                obstacles += self._in_the_way(change, removed) if change.new else []
            elif self._same(change) and staged != _UNMERGED:
                done.append(change)
            else:
                obstacles.append(change.path)
        return _Look(changed, tuple(dict.fromkeys(obstacles)), tuple(done))

    def index(self, paths: Sequence[str]) -> dict[str, Entry]:
        wanted = set(paths)
        lines = self._about(paths, "ls-files", "-s", "-z")
        entries = (line.partition("\t") for line in lines)
        split = ((path, facts.split(" ")) for facts, _, path in entries if path in wanted)
        return {path: Entry(mode, blob) if stage == "0" else _UNMERGED for path, (mode, blob, stage) in split}

    def _about(self, paths: Sequence[str], *command: str) -> list[str]:
        """What the command says about these paths, or about all where there are many."""
        if not paths:
            return []
        if len(paths) <= _NAMED_PATHS:
            answer = self.git(*command, "--", *paths, accept=(0, 128))
            if answer.code == 0:
                return answer.fields()
        return self.git(*command).fields()

    def _touched(self, paths: Sequence[str]) -> set[str]:
        """Those of the paths whose file is not what the index says."""
        changes = self._differing(paths)
        if changes:
            # Some may only look it, by their times. 128: another git holds the index; then a touched file counts as
            # changed, which is the safe side.
            self.git("update-index", "-q", "--refresh", accept=(0, 1, 128))
            changes = self._differing(paths)
        same = {change.path for change in changes if has_content(self._place(change.path), change)}
        there = {change.path for change in changes if change.status != "D" or os.path.lexists(self._place(change.path))}
        return there - same

    def _differing(self, paths: Sequence[str]) -> list[Changed]:
        command = ("diff-files", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=all")
        return list(parse_raw(self._about(paths, *command)))

    def _is_file(self, change: Changed) -> bool:
        place = self._place(change.path)
        return os.path.lexists(place) and not _plain_directory(place)

    def _place(self, path: str) -> Path:
        return self._root / path

    def _same(self, change: Changed) -> bool:
        """The file on disk is what `new` has, so a crash, or the user, was faster than we are."""
        place = self._place(change.path)
        if change.new is None:
            return not os.path.lexists(place)
        if change.new.mode not in ("100644", "100755") or place.is_symlink() or not place.is_file():
            return False
        executable = bool(place.stat().st_mode & 0o100)
        believed = self._repository.settings.get("core.filemode", "true").lower() != "false"
        if believed and executable != (change.new.mode == "100755"):
            return False
        return self.git("hash-object", "--", change.path).line() == change.new.blob

    def _in_the_way(self, change: Changed, removed: set[str]) -> list[str]:
        """Files on disk, ignored ones too, that would have to go for this path and that the move does not remove."""
        place = self._place(change.path)
        if os.path.lexists(place) and _plain_directory(place):
            if change.new and change.new.mode == "160000":
                return []
            return [path for path in self._below(place) if path not in removed]
        parents = change.path.split("/")[:-1]
        above = ("/".join(parents[:size]) for size in range(1, len(parents) + 1))
        blocking = (path for path in above if not _plain_directory(self._place(path)))
        return [path for path in blocking if path not in removed]

    def _below(self, place: Path) -> Iterable[str]:
        for directory, folders, files in os.walk(place):
            links = [name for name in folders if Path(directory, name).is_symlink()]
            for name in (*files, *links):
                yield str(Path(directory, name).relative_to(self._root))

    def settle(self, done: Sequence[Changed]) -> None:
        if not done:
            return
        zero = self._repository.zero
        lines = (
            f"{change.new.mode} {change.new.blob}\t{change.path}\0" if change.new else f"0 {zero}\t{change.path}\0"
            for change in done
        )
        self.git("update-index", "-z", "--index-info", input=raw("".join(lines)))
        self.git("update-index", "-q", "--refresh", accept=(0, 1))

    def filtered(self, tree: str, paths: Sequence[str]) -> tuple[str, ...]:
        above = {"/".join(parts[:size]) for parts in (path.split("/") for path in paths) for size in range(len(parts))}
        rules = (f"{folder}/.gitattributes".lstrip("/") for folder in above)
        if not any(self._repository.entry(tree, rule) for rule in rules):
            return ()
        asked = b"".join(raw(path) + b"\0" for path in paths)
        fields = self.git("check-attr", "-z", "--stdin", "--cached", "filter", input=asked).fields()
        named = zip(fields[::3], fields[2::3], strict=True)
        return tuple(path for path, value in named if value not in ("unspecified", "unset"))


def _plain_directory(place: Path) -> bool:
    # Absent is fine too: it will be made.
    return not os.path.lexists(place) or (place.is_dir() and not place.is_symlink())
