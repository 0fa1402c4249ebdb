"""One directory of files and the index that describes it: the git operations slots and gates have in common.

The directory never holds the git directory these commands use, so a `.git` in it is a name like any other to them.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from echelon.errors import WorldError
from echelon.slots.git import Output, raw
from echelon.slots.objects import Changed, checked_object, parse_raw
from echelon.slots.places import fresh_name, real_directory
from echelon.slots.repository import Repository

_EXACT_LIMIT = 1000
_CONVERTING = ("eol", "ident", "working-tree-encoding")


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

    def clean(self, keep: Sequence[str] = ()) -> None:
        """Remove all that is not tracked, ignored or not, nested repositories too, except the top-level names kept."""
        options = [part for name in keep for part in ("-e", "/" + name)]
        self.git("clean", "-ffdxq", *options)

    def changes(self) -> tuple[Changed, ...]:
        """Tracked files that differ from the index, deletions included."""
        command = ("diff-files", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=all")
        return tuple(parse_raw(self.git(*command).fields()))

    def untracked(self, *, ignored: bool = False) -> list[str]:
        """Files the index does not know, without (or with) the ignored ones; a nested repository ends in "/"."""
        return self.git("ls-files", "-o", "-z", *([] if ignored else ["--exclude-standard"])).fields()

    def submodules(self) -> list[str]:
        entries = self.git("ls-files", "-s", "-z").fields()
        return [entry.partition("\t")[2] for entry in entries if entry.startswith("160000")]

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

    def verify(self, tree: str, keep: Sequence[str] = ()) -> None:
        """The files are exactly those of `tree`, and nothing else but `keep`; or WorldError GATE_NOT_EXACT."""
        strange = [path for path in self.untracked(ignored=True) if path.partition("/")[0] not in keep]
        differing = [change.path for change in self.changes()]
        if differing and len(differing) <= _EXACT_LIMIT:
            self.git("checkout-index", "-f", "-u", "-z", "--stdin", input=_lines(differing))
            rest = self.changes()
            right = self.untouched(rest)
            differing = [change.path for change in rest if change.path not in right]
        if strange or differing or self.tree() != tree:
            shown = ", ".join([*strange, *differing][:5]) or "the index"
            raise WorldError("GATE_NOT_EXACT", f"{self.work} is not the tree {tree}: {shown}.", "Ask again.")

    def untouched(self, changes: Sequence[Changed]) -> set[str]:
        """Of files that git calls modified, those that are byte for byte what a checkout writes.

        A tree may hold files that do not survive its own attributes (CRLF under `text`): git sees them modified right
        after the checkout, and would commit them converted.
        """
        same = {change.path for change in changes if has_content(self.work / change.path, change)}
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


def has_content(file: Path, change: Changed) -> bool:
    """The file has mode and bytes of the change's old side, no attribute applied."""
    if change.old is None or change.old.mode not in ("100644", "100755") or mode_of(file) != change.old.mode:
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
