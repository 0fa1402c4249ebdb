"""Changes of texts as values that a page can show: files, hunks, lines. From git's patches, or from two texts.

A patch holds what agents wrote. Its hunks say how many lines are theirs, and those are taken by count: no line of a file
can be read as the head of another. Characters that hide or turn text around are shown as their numbers.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

LINES_MAX = 20_000  # of one answer
LINE_MAX = 2_000  # characters
CONTEXT = 3  # lines around a change
COMPARED_MAX = 4_000  # lines of each side that are compared one by one; more are shown as removed and added

Status = Literal["added", "deleted", "modified", "renamed", "type"]
Kind = Literal["context", "added", "removed", "note"]


@dataclass(frozen=True, slots=True)
class Line:
    """`old` and `new` are line numbers from 1, 0 where the side has no such line. `note`: git's word about the file."""

    kind: Kind
    old: int
    new: int
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    header: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """`too_large`: it changed, and its lines are not shown. `old_path` is another only where it was renamed."""

    path: str
    old_path: str
    status: Status
    added: int = 0
    removed: int = 0
    binary: bool = False
    too_large: bool = False
    hunks: tuple[Hunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One file of a patch: its blobs by full id ("" for a side that is not there, or not named), its hunks."""

    old: str = ""
    new: str = ""
    binary: bool = False
    hunks: tuple[Hunk, ...] = ()


# ------------------------------------------------------------------------------------------------- a patch

_RANGES = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)", re.DOTALL)
_INDEX = re.compile(r"index ([0-9a-f]{40,64})\.\.([0-9a-f]{40,64})(?: \d+)?")


def sections(patch: str) -> tuple[Section, ...]:
    """The files of git's patch in its order. Total: what is no patch gives nothing."""
    rows = patch.split("\n")
    found: list[Section] = []
    at = 0
    while at < len(rows):
        row = rows[at]
        if row.startswith("diff --git "):
            found.append(Section())
        elif found and (ids := _INDEX.fullmatch(row)):
            found[-1] = replace(found[-1], old=_present(ids[1]), new=_present(ids[2]))
        elif found and row.startswith(("Binary files ", "GIT binary patch")):
            found[-1] = replace(found[-1], binary=True)
        elif found and (ranges := _RANGES.fullmatch(row)):
            hunk, at = _hunk(rows, at, ranges)
            found[-1] = replace(found[-1], hunks=(*found[-1].hunks, hunk))
            continue
        at += 1
    return tuple(found)


def _present(identifier: str) -> str:
    return "" if not identifier.strip("0") else identifier


def _hunk(rows: Sequence[str], at: int, ranges: re.Match[str]) -> tuple[Hunk, int]:
    """The lines that the head of a hunk counts, whatever they look like; and where the next row is."""
    old, new = int(ranges[1]), int(ranges[3])
    olds, news = (int(ranges[place]) if ranges[place] else 1 for place in (2, 4))
    lines: list[Line] = []
    at += 1
    while at < len(rows) and (olds > 0 or news > 0 or rows[at].startswith("\\")):
        mark, words = rows[at][:1], rows[at][1:]
        if mark == "\\":
            lines.append(Line("note", 0, 0, shown(words.strip())))
        elif mark == "+" and news > 0:
            lines.append(Line("added", 0, new, shown(words)))
            new, news = new + 1, news - 1
        elif mark == "-" and olds > 0:
            lines.append(Line("removed", old, 0, shown(words)))
            old, olds = old + 1, olds - 1
        elif mark in (" ", "") and olds > 0 and news > 0:
            lines.append(Line("context", old, new, shown(words)))
            old, new, olds, news = old + 1, new + 1, olds - 1, news - 1
        else:  # not what the head promised: what follows is looked at anew
            break
        at += 1
    head = ranges[0].partition("@@")[2].partition("@@")[0].strip()
    return Hunk(shown(f"@@ {head} @@{ranges[5]}".rstrip()), tuple(lines)), at


# ------------------------------------------------------------------------------------------------ two texts


def between(path: str, before: str | None, after: str | None) -> FileDiff:
    """One document before and after; None where it does not exist."""
    status: Status = "added" if before is None else "deleted" if after is None else "modified"
    olds, news = _rows(before), _rows(after)
    start = _same(olds, news)
    rest = min(len(olds), len(news)) - start
    end = _same(olds[len(olds) - rest :][::-1], news[len(news) - rest :][::-1]) if rest else 0
    ops = _operations(olds, news, start, end)
    hunks = tuple(_grouped(ops, olds, news))
    return counted(FileDiff(path, path, status, hunks=hunks))


def _rows(text: str | None) -> list[str]:
    if not text:
        return []
    rows = text.split("\n")
    return rows[:-1] if rows[-1] == "" else rows


def _same(left: Sequence[str], right: Sequence[str]) -> int:
    return next(
        (at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other),
        min(len(left), len(right)),
    )


_Operation = tuple[str, int, int, int, int]


def _operations(olds: list[str], news: list[str], start: int, end: int) -> list[_Operation]:
    """What differs between the common beginning and the common end; compared line by line where that is quick."""
    one, other = olds[start : len(olds) - end], news[start : len(news) - end]
    inner: list[_Operation]
    if len(one) > COMPARED_MAX or len(other) > COMPARED_MAX:
        inner = [("replace", 0, len(one), 0, len(other))]
    else:
        inner = list(difflib.SequenceMatcher(None, one, other, autojunk=len(one) > 500).get_opcodes())
    return [(kind, a + start, b + start, c + start, d + start) for kind, a, b, c, d in inner if kind != "equal"]


def _grouped(ops: Sequence[_Operation], olds: list[str], news: list[str]) -> Iterator[Hunk]:
    """Changes that stand closer than their contexts share a hunk."""
    at = 0
    while at < len(ops):
        last = at
        while last + 1 < len(ops) and ops[last + 1][1] - ops[last][2] <= 2 * CONTEXT:
            last += 1
        yield _hunk_of(ops[at : last + 1], olds, news)
        at = last + 1


def _hunk_of(ops: Sequence[_Operation], olds: list[str], news: list[str]) -> Hunk:
    first, last = ops[0], ops[-1]
    lead = min(CONTEXT, first[1], first[3])
    old, new = first[1] - lead, first[3] - lead
    start = (old, new)
    lines: list[Line] = []

    def same(until: int) -> None:
        nonlocal old, new
        while old < until:
            lines.append(Line("context", old + 1, new + 1, shown(olds[old])))
            old, new = old + 1, new + 1

    for _, a, b, c, d in ops:
        same(a)
        lines += [Line("removed", place + 1, 0, shown(olds[place])) for place in range(a, b)]
        lines += [Line("added", 0, place + 1, shown(news[place])) for place in range(c, d)]
        old, new = b, d
    same(min(last[2] + CONTEXT, len(olds)))
    header = f"@@ -{_range(start[0], old - start[0])} +{_range(start[1], new - start[1])} @@"
    return Hunk(header, tuple(lines))


def _range(start: int, count: int) -> str:
    """As git writes it: a side without lines is named by the line before it."""
    return f"{start + 1 if count else start},{count}"


# ------------------------------------------------------------------------------------------------- both


def counted(found: FileDiff) -> FileDiff:
    """With the numbers of its lines that were added and removed."""
    kinds = [line.kind for hunk in found.hunks for line in hunk.lines]
    return replace(found, added=kinds.count("added"), removed=kinds.count("removed"))


def capped(files: Sequence[FileDiff], lines: int = LINES_MAX) -> tuple[tuple[FileDiff, ...], int]:
    """The files with at most `lines` lines of them all, whole hunks only; and how many hunks are left out.

    A file that loses hunks keeps its counts.
    """
    kept: list[FileDiff] = []
    dropped = 0
    for found in files:
        hunks: list[Hunk] = []
        for hunk in found.hunks:
            if len(hunk.lines) <= lines:
                lines -= len(hunk.lines)
                hunks.append(hunk)
            else:
                dropped += 1
                lines = 0  # what follows would be a picture with holes
        kept.append(replace(found, hunks=tuple(hunks), too_large=found.too_large or len(hunks) < len(found.hunks)))
    return tuple(kept), dropped


def shown(text: str) -> str:
    """A line as a person can trust it: no character that is not seen, or that turns what follows around."""
    text = text.removesuffix("\r")
    cut = text if len(text) <= LINE_MAX else text[: LINE_MAX - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(ch if ch == "\t" or ch.isprintable() or _blank(ch) else _number(ch) for ch in cut)


def _blank(character: str) -> bool:
    return unicodedata.category(character) == "Zs"


def _number(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"
