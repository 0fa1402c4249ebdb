"""One directory of files and the index that describes it: the git operations slots and gates have in common.

The directory never holds the git directory these commands use, so a `.git` in it is a name like any other to them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from echelon.errors import GitError, WorldError
from echelon.slots.git import Output, raw, text
from echelon.slots.objects import Changed, checked_object, parse_raw
from echelon.slots.places import fresh_name, real_directory, remove_tree
from echelon.slots.repository import Repository

_EXACT_LIMIT = 1000
_CONVERTING = ("eol", "ident", "working-tree-encoding")
_PLAIN = ("100644", "100755")


class NotBelievedError(WorldError):
    """Files were written here by other rules (.gitattributes) than the tree's, and git sees no difference: begin anew."""


@dataclass(frozen=True, slots=True)
class Listing:
    """`untracked` without ignored files, a nested repository ends in "/"; `attributes`: a .gitattributes is tracked."""

    untracked: tuple[str, ...]
    submodules: tuple[str, ...]
    attributes: bool


@dataclass(frozen=True, slots=True)
class WorkTree:
    """`hold` is the descriptor of the lock under which we may write here."""

    repository: Repository
    work: Path
    index: Path
    hold: int

    def git(self, *args: str, input: bytes | None = None, accept: tuple[int, ...] = (0,)) -> Output:  # noqa: A002 - subprocess's own word
        return self.repository.git(
            *args, input=input, accept=accept, work_tree=real_directory(self.work), index=self.index, hold=(self.hold,)
        )

    def reset(self, tree: str) -> None:
        """Make every tracked file that of `tree`; untracked files stay where they are not in the way."""
        self.index.with_name(self.index.name + ".lock").unlink(missing_ok=True)  # ours: we hold the place
        command = ("read-tree", "--reset", "-u", checked_object(tree))
        if self.git(*command, accept=(0, 128)).code:
            self.index.unlink(missing_ok=True)  # damaged by a crash; it can be made from the tree again
            self.git(*command)

    def refresh(self) -> None:
        """Let the index know again files that were written anew with the same content; git would not move those."""
        self.git("update-index", "-q", "--refresh", accept=(0, 1))

    def clean(self, keep: Sequence[str] = ()) -> None:
        """Remove all that is not tracked, ignored or not, nested repositories too, except the top-level names kept."""
        options = [part for name in keep for part in ("-e", "/" + name)]
        self.git("clean", "-ffdxq", *options)
        for path in self._unseen(keep):
            remove_tree(self.work / path)

    def changes(self) -> tuple[Changed, ...]:
        """Tracked files that differ from the index, deletions included."""
        command = ("diff-files", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=all")
        return tuple(parse_raw(self.git(*command).fields()))

    def listing(self) -> Listing:
        """What the index holds and what it does not know, in one walk."""
        untracked: list[str] = []
        submodules: list[str] = []
        attributes = False
        for field in self.git("ls-files", "-s", "-o", "-t", "-z", "--exclude-standard").stdout.split(b"\0"):
            if field.startswith(b"? "):
                untracked.append(text(field[2:]))
            elif field.startswith(b"160000", 2):
                submodules.append(text(field.partition(b"\t")[2]))
            elif field.endswith((b"/.gitattributes", b"\t.gitattributes")):
                attributes = True
        return Listing(tuple(untracked), tuple(submodules), attributes)

    def listing_and_changes(self) -> tuple[Listing, tuple[Changed, ...]]:
        """Both at once: git only reads for them, and neither writes the index (GIT_OPTIONAL_LOCKS)."""
        with ThreadPoolExecutor(1) as other:
            changes = other.submit(self.changes)
            return self.listing(), changes.result()

    def left_over(self, keep: Sequence[str] = ()) -> list[str]:
        """What the index does not know, ignored files and empty directories too; a directory ends in "/".

        Not what is in or at the top-level names kept.
        """
        listed = self.git("ls-files", "-o", "--directory", "-z").fields()
        return [path for path in (*listed, *self._unseen(keep)) if path.partition("/")[0] not in keep]

    def _unseen(self, keep: Sequence[str]) -> list[str]:
        """Every `.git`, which git neither lists nor cleans in a directory of tracked files; and what cannot be read."""
        found: list[str] = []
        places = [""]
        while places:
            place = places.pop()
            try:
                with os.scandir(f"{self.work}/{place}") as entries:
                    for entry in entries:
                        if len(entry.name) == 4 and entry.name.lower() == ".git":
                            found.append(place + entry.name)
                        elif entry.is_dir(follow_symlinks=False) and (place or entry.name not in keep):
                            places.append(f"{place}{entry.name}/")
            except OSError:  # closed by a check
                if not place:
                    raise
                found.append(place)
        return found

    def tree(self) -> str:
        return self.git("write-tree").line()

    def stage(self, changed: Sequence[str], removed: Sequence[str]) -> None:
        """Bring these paths into the index as they are on disk; removals first, a file may have become a directory."""
        if removed:
            self.git("update-index", "--force-remove", "-z", "--stdin", input=_lines(removed))
        if changed:
            self.git("update-index", "--add", "--replace", "-z", "--stdin", input=_lines(changed))

    @contextlib.contextmanager
    def aside(self) -> Iterator[WorkTree]:
        """The same files with a copy of the index, to build another tree from them."""
        copy = fresh_name(self.index.parent, "index-")
        shutil.copy2(self.index, copy)
        try:
            yield WorkTree(self.repository, self.work, copy, self.hold)
        finally:
            copy.unlink(missing_ok=True)

    def verify(self, tree: str, keep: Sequence[str] = (), *, fresh: bool = False) -> None:
        """The files are exactly those of `tree`, and nothing else but `keep`; or WorldError GATE_NOT_EXACT.

        NotBelievedError unless `fresh`: the place was empty, so only git wrote here, and by the rules of `tree`.
        """
        left, changes, found = self._compared(keep)
        foreign = [path for path in left if _is_rules(path)]
        foreign += [change.path for change in changes if _is_rules(change.path) and not self._holds(change)]
        if not fresh and (foreign or found != tree):
            what = foreign[0] if foreign else f"the tree {found}"
            raise NotBelievedError("GATE_NOT_EXACT", f"{self.work} had {what} when files were written.", "Ask again.")
        if changes and not left and len(changes) <= _EXACT_LIMIT:
            self._write([change.path for change in changes])
            changes = self.changes()
            right = self.untouched(changes)
            changes = tuple(change for change in changes if change.path not in right)
        if left or changes or found != tree:
            shown = ", ".join([*left, *(change.path for change in changes)][:5]) or "the index"
            raise WorldError("GATE_NOT_EXACT", f"{self.work} is not the tree {tree}: {shown}.", "Ask again.")

    def exact(self, tree: str, keep: Sequence[str] = ()) -> bool:
        """Whether the files are verified, mended where that is little. Raises NotBelievedError."""
        try:
            self.verify(tree, keep)
        except NotBelievedError:
            raise
        except (GitError, WorldError):
            return False
        return True

    def bring(self, held: str, tree: str, keep: Sequence[str] = ()) -> bool:
        """Go from `held` to `tree` by writing what differs, and verify; False where a reset, which looks at every file,
        may do.

        Raises: NotBelievedError, also where the rules of the two differ: git would write only what else differs; what
        `git` raises for a place that is damaged.
        """
        return (held == tree or self._step(held, tree)) and self.exact(tree, keep)

    def _step(self, held: str, tree: str) -> bool:
        changes = self.repository.changed(checked_object(held), checked_object(tree))
        if any(_is_rules(change.path) for change in changes):
            raise NotBelievedError("GATE_NOT_EXACT", f"{self.work} was written by other rules.", "Ask again.")
        if len(changes) > _EXACT_LIMIT or not all(_only_written(change) for change in changes):
            return False
        lines = (f"{change.new.mode} {change.new.blob}\t{change.path}\0" for change in changes if change.new)
        self.git("update-index", "-z", "--index-info", input=raw("".join(lines)))
        self._write([change.path for change in changes])
        return True

    def _compared(self, keep: Sequence[str]) -> tuple[list[str], tuple[Changed, ...], str]:
        """What is left over, what differs from the index, and the tree of the index, asked at once.

        The first two only read the index. `write-tree` may replace it, whole and by one rename, with the same entries.
        """
        with ThreadPoolExecutor(2) as others:
            left, found = others.submit(self.left_over, keep), others.submit(self.tree)
            changes = self.changes()
            return left.result(), changes, found.result()

    def _write(self, paths: Sequence[str]) -> None:
        self.git("checkout-index", "-f", "-u", "-z", "--stdin", input=_lines(paths))

    def _holds(self, change: Changed) -> bool:
        return has_content(self.work / change.path, change)

    def untouched(self, changes: Sequence[Changed], *, attributes: bool = True) -> set[str]:
        """Of files that git calls modified, those that are byte for byte what a checkout writes.

        A tree may hold files that do not survive its own attributes (CRLF under `text`): git sees them modified right
        after the checkout, and would commit them converted. `attributes`: whether the index has any .gitattributes.
        """
        same = {change.path for change in changes if self._holds(change)}
        if not attributes:
            return same
        others = [change for change in changes if change.path not in same and change.status == "M"]
        converted = {path for path, name, _ in self.attributes([change.path for change in others], _CONVERTING)}
        suspects = [change for change in others if change.path in converted][:_EXACT_LIMIT]
        return same | {change.path for change in suspects if self._as_written(change)}

    def attributes(self, paths: Sequence[str], names: Sequence[str]) -> list[tuple[str, str, str]]:
        """(path, attribute, value) where .gitattributes give the path a value."""
        if not paths:
            return []
        fields = self.git("check-attr", "-z", "--stdin", "--cached", *names, input=_lines(paths)).fields()
        found = zip(fields[::3], fields[1::3], fields[2::3], strict=True)
        return [(path, name, value) for path, name, value in found if value not in ("unspecified", "unset")]

    def _as_written(self, change: Changed) -> bool:
        file = self.work / change.path
        if change.old is None or change.old.mode != mode_of(file):
            return False
        written = self.git("cat-file", "--filters", f"--path={change.path}", change.old.blob).stdout
        return file.read_bytes() == written


def _only_written(change: Changed) -> bool:
    """A file that is new or has other bytes."""
    return change.new is not None and change.new.mode in _PLAIN and change.status in ("A", "M")


def _is_rules(path: str) -> bool:
    return path.rpartition("/")[2].lower() == ".gitattributes"


def has_content(file: Path, change: Changed) -> bool:
    """The file has mode and bytes of the change's old side, no attribute applied."""
    if change.old is None or change.old.mode not in _PLAIN or mode_of(file) != change.old.mode:
        return False
    state = hashlib.sha1(usedforsecurity=False) if len(change.old.blob) == 40 else hashlib.sha256()
    state.update(b"blob %d\0" % file.lstat().st_size)
    with file.open("rb") as content:
        while part := content.read(1 << 20):
            state.update(part)
    return state.hexdigest() == change.old.blob


def mode_of(file: Path) -> str:
    """git's mode of a regular file, "" for anything else."""
    try:
        mode = file.lstat().st_mode
    except OSError:
        return ""
    return "" if not stat.S_ISREG(mode) else "100755" if mode & 0o100 else "100644"


def _lines(paths: Sequence[str]) -> bytes:
    return b"".join(raw(path) + b"\0" for path in paths)
