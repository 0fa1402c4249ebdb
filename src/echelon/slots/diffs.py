"""What changed between two trees, as files with hunks, made by git and by no program of the repository.

No external diff, no text conversion, no attributes: our git directory has no work tree here. What is asked of git is
bounded before it is asked, by the sizes of the blobs; state files are Echelon's and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echelon.core import diffs
from echelon.core.diffs import FileDiff, Section, Status
from echelon.slots.objects import Found, checked_object
from echelon.slots.repository import STATE_DIRECTORY, Repository

FILES_MAX = 300
BYTES_MAX = 4 * 1024 * 1024  # of both sides of all files that are shown
FILE_BYTES_MAX = 1024 * 1024  # of one side of one file
LISTED_MAX = 50_000  # changed paths that are looked at
RENAMES_MAX = 300  # files that are compared to find renames
SECONDS = 10.0
_STATUS: dict[str, Status] = {"A": "added", "D": "deleted", "R": "renamed", "T": "type"}
_MODULE = "160000"


@dataclass(frozen=True, slots=True)
class TreeDiff:
    """`left_out`: files and hunks that changed and are not listed."""

    files: tuple[FileDiff, ...]
    files_left_out: int
    hunks_left_out: int


@dataclass(frozen=True, slots=True)
class _Change:
    status: Status
    path: str
    old_path: str
    modes: tuple[str, str]
    blobs: tuple[str, str]  # "" for a side that does not exist


def difference(repository: Repository, old: str, new: str) -> TreeDiff:
    """Between two trees or commits by full id. Remembered: objects never change. Raises: GitError GIT_TIMEOUT and others."""
    trees = (repository.tree_of(old), repository.tree_of(new))
    return repository.reader.memory.get(("difference", *trees), lambda: _difference(repository, *trees), _weight)


def _weight(found: TreeDiff) -> int:
    return sum(200 + sum(100 + len(line.text) for hunk in row.hunks for line in hunk.lines) for row in found.files)


def _difference(repository: Repository, old: str, new: str) -> TreeDiff:
    changes = _changes(repository, old, new)
    listed = changes[:FILES_MAX]
    sizes = repository.reader.find(list(dict.fromkeys(blob for row in listed for blob in row.blobs if blob)))
    chosen = _chosen(listed, sizes)
    found = _sections(repository, old, new, [row for row in listed if row in chosen])
    files = [_file(row, found.get(row)) for row in listed]
    shown, hunks = diffs.capped(files)
    return TreeDiff(shown, len(changes) - len(listed), hunks)


def _changes(repository: Repository, old: str, new: str) -> list[_Change]:
    if old == new:
        return []
    command = ("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "-M", f"-l{RENAMES_MAX}")
    fields = repository.git(*command, checked_object(old), checked_object(new), seconds=SECONDS).fields()
    found: list[_Change] = []
    at = 0
    while at < len(fields) and len(found) < LISTED_MAX:
        old_mode, new_mode, before, after, letter = fields[at].removeprefix(":").split(" ")
        renamed = letter[0] in "RC"
        first, last = fields[at + 1], fields[at + 1 + renamed]
        at += 2 + renamed
        if not all(path == STATE_DIRECTORY or path.startswith(f"{STATE_DIRECTORY}/") for path in (first, last)):
            blobs = (before if before.strip("0") else "", after if after.strip("0") else "")
            found.append(_Change(_STATUS.get(letter[0], "modified"), last, first, (old_mode, new_mode), blobs))
    return found


def _chosen(listed: Sequence[_Change], sizes: dict[str, Found]) -> set[_Change]:
    """Those whose lines are asked for: plain files, none too large, and all of them together not either."""
    left = BYTES_MAX
    chosen: set[_Change] = set()
    for row in listed:
        both = [sizes[blob].size if blob in sizes else FILE_BYTES_MAX + 1 for blob in row.blobs if blob]
        if row.status == "type" or _MODULE in row.modes or max(both, default=0) > FILE_BYTES_MAX or sum(both) > left:
            continue
        left -= sum(both)
        chosen.add(row)
    return chosen


def _sections(repository: Repository, old: str, new: str, rows: Sequence[_Change]) -> dict[_Change, Section]:
    """git's patch of these files, each section held against the blobs it speaks of."""
    if not rows:
        return {}
    options = ("-r", "-p", "-M", f"-l{RENAMES_MAX}", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv")
    shape = (
        f"-U{diffs.CONTEXT}",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--submodule=short",
        "--diff-algorithm=histogram",
    )
    paths = list(dict.fromkeys(path for row in rows for path in (row.old_path, row.path)))
    answer = repository.git("diff-tree", *options, *shape, old, new, "--", *paths, seconds=SECONDS)
    found: dict[_Change, Section] = {}
    # Sections come in the order of the listing; one without blobs is a file whose content is the same.
    sections = diffs.sections(answer.stdout.decode("utf-8", "replace"))
    if len(sections) != len(rows):
        return {}
    for row, section in zip(rows, sections, strict=True):
        named = (section.old, section.new)
        if named == row.blobs or (named == ("", "") and row.blobs[0] == row.blobs[1]):
            found[row] = section
    return found


def _file(row: _Change, section: Section | None) -> FileDiff:
    path, old_path = diffs.shown(row.path), diffs.shown(row.old_path)
    if section is None:
        return FileDiff(path, old_path, row.status, too_large=True)
    return diffs.counted(FileDiff(path, old_path, row.status, binary=section.binary, hunks=section.hunks))
