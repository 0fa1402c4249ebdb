"""What a repository is made of, as values; the names we accept, and the readers of git's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from echelon.errors import InputError
from echelon.slots.git import raw, text

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_BAD_REF = re.compile(r"^[-/.]|[\x00-\x20~^:?*\[\\\x7f]|\.\.|//|@\{|/\.|\.lock(?:/|$)|[/.]$|^@$")


@dataclass(frozen=True, slots=True)
class Entry:
    mode: str  # "100644", "100755", "120000" (symbolic link), "160000" (submodule) or "040000" (a folder's tree)
    blob: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One path that differs between two trees; a side that does not exist is None."""

    status: Literal["A", "D", "M", "T"]
    path: str
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its full id, kind ("blob", "tree", "commit", "tag"), size, and content where that was asked for."""

    id: str
    kind: str
    size: int
    content: bytes = b""


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


def is_object(value: str) -> bool:
    """Whether it is a full object id; a branch of that name would not be found by it, as with git itself."""
    return bool(_OBJECT.match(value))


def checked_object(value: str) -> str:
    if not is_object(value):
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


def parse_tree_object(content: bytes, id_bytes: int) -> dict[str, Entry]:
    """Read a tree object: its own entries by name, those of folders with mode "040000"."""
    found: dict[str, Entry] = {}
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + id_bytes
        found[text(name)] = Entry(mode.decode("ascii").zfill(6), content[end + 1 : at].hex())
    return found


def parse_log(fields: Sequence[str]) -> Iterator[LoggedCommit]:
    """Read groups of commit, tree, parents, message."""
    for commit, tree, parents, message in zip(*[iter(fields)] * 4, strict=True):
        yield LoggedCommit(commit, tree, tuple(parents.split()), message)


def parse_found(names: Sequence[str], content: bytes) -> dict[str, Found]:
    """Read `cat-file --batch-check='%(objectname) %(objecttype) %(objectsize)'`; missing names are left out."""
    return {name: found for name, found, _ in _parse_answers(names, content, with_content=False)}


def parse_batch(names: Sequence[str], content: bytes) -> dict[str, bytes]:
    """Read `cat-file --batch` of the same format; names that are missing or no blob are left out."""
    answers = _parse_answers(names, content, with_content=True)
    return {name: held for name, found, held in answers if found.kind == "blob"}


def _parse_answers(names: Sequence[str], content: bytes, *, with_content: bool) -> Iterator[tuple[str, Found, bytes]]:
    at = 0
    for name in names:
        missing = raw(name) + b" missing\n"
        if content.startswith(missing, at):
            at += len(missing)
            continue
        end = content.index(b"\n", at)
        identifier, kind, size = content[at:end].decode("ascii").split(" ")
        at = end + 1
        found = Found(identifier, kind, int(size))
        yield name, found, content[at : at + found.size] if with_content else b""
        at += found.size + 1 if with_content else 0
