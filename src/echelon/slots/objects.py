"""What a repository is made of, as values; the names we accept, and the readers of git's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from echelon.errors import InputError
from echelon.slots.git import raw

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_BAD_REF = re.compile(r"^[-/.]|[\x00-\x20~^:?*\[\\\x7f]|\.\.|//|@\{|/\.|\.lock(?:/|$)|[/.]$|^@$")


@dataclass(frozen=True, slots=True)
class Entry:
    mode: str  # "100644", "100755", "120000" (symbolic link) or "160000" (submodule)
    blob: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One path that differs between two trees; a side that does not exist is None."""

    status: Literal["A", "D", "M", "T"]
    path: str
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    id: str
    tree: str
    parents: tuple[str, ...]
    message: str


def checked_id(value: str) -> str:
    if not _ID.match(value):
        raise InputError(
            "SLOT_ID_INVALID", f"{value[:80]!r} cannot name a slot.", "Use letters, digits, - and _, at most 64."
        )
    return value


def checked_object(value: str) -> str:
    if not _OBJECT.match(value):
        raise InputError("OBJECT_ID_INVALID", f"{value[:80]!r} is not a full object id.", "Resolve the name first.")
    return value


def checked_branch(value: str) -> str:
    if not value or len(value) > 200 or _BAD_REF.search(value):
        raise InputError("BRANCH_NAME_INVALID", f"{value[:80]!r} is not a branch name.", "Name an existing branch.")
    return value


def parse_raw(fields: Sequence[str]) -> Iterator[Changed]:
    """Read git's `--raw -z` answer."""
    for facts, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old, new, status = facts.removeprefix(":").split(" ")
        yield Changed(_status(status), path, _entry(old_mode, old), _entry(new_mode, new))


def _status(letter: str) -> Literal["A", "D", "M", "T"]:
    return "A" if letter == "A" else "D" if letter == "D" else "T" if letter == "T" else "M"


def _entry(mode: str, blob: str) -> Entry | None:
    return None if mode == "000000" else Entry(mode, blob)


def parse_tree(fields: Sequence[str]) -> dict[str, Entry]:
    """Read `ls-tree -z`."""
    found = (line.partition("\t") for line in fields)
    return {path: Entry(facts[:6], facts.rpartition(" ")[2]) for facts, _, path in found}


def parse_log(fields: Sequence[str]) -> Iterator[LoggedCommit]:
    """Read groups of commit, tree, parents, message."""
    for commit, tree, parents, message in zip(*[iter(fields)] * 4, strict=True):
        yield LoggedCommit(commit, tree, tuple(parents.split()), message)


def parse_batch(names: Sequence[str], content: bytes) -> dict[str, bytes]:
    """Read `cat-file --batch='%(objecttype) %(objectsize)'`; names that are missing or no blob are left out."""
    found: dict[str, bytes] = {}
    at = 0
    for name in names:
        missing = raw(name) + b" missing\n"
        if content.startswith(missing, at):
            at += len(missing)
            continue
        end = content.index(b"\n", at)
        kind, _, size = content[at:end].rpartition(b" ")
        at = end + 1
        if kind == b"blob":
            found[name] = content[at : at + int(size)]
        at += int(size) + 1
    return found
