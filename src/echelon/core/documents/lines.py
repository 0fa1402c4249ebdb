"""Lines, fences and comments: what every parser of a state file stands on. Concatenating the lines gives the text.

Only LF ends a line (`str.splitlines` also breaks on U+2028, form feed and others). CR stays part of the line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

BLANKS = " \t\u00a0"
HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?![^ \t\u00a0\r])(.*)", re.DOTALL)
BULLET = re.compile(r"([ \t\ufeff]*)([-*+]|\d{1,9}[.)])([ \t\u00a0]+|(?=\[))(.*)", re.DOTALL)
BOX = re.compile(r"\[([^\]]?)\](?:[ \t\u00a0]|$)")
_LEAD = BLANKS + "\ufeff"
_TRIMMED = BLANKS + "\r"
_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})([^\n]*)")
_LABELLED = re.compile(
    r"([ \t\u00a0\ufeff]*)([-*+])[ \t\u00a0]*([*_]{0,3})([^:：`\[\]\n]{1,60}?)[*_]{0,3}[ \t\u00a0\u202f]*[:：][*_]{0,3}"
)


class Line(NamedTuple):
    """`start` and `end` are offsets in the text; `end` is after the LF. `opaque`: inside a fence or a comment."""

    start: int
    end: int
    text: str  # without LF and CR
    opaque: bool


class Labelled(NamedTuple):
    """A bullet that looks like `- Label: value`."""

    indent: int
    bullet: str
    label: str
    value: str
    value_start: int  # offset of the value inside the line


def split(text: str, start: int = 0, end: int | None = None) -> list[Line]:
    """The lines of `text[start:end]`, each told whether it lies in a code fence or an HTML comment."""
    return _scan(text, start, end)[0]


def left_open(text: str) -> str:
    """The line that would close the fence or comment which the text leaves open, "" when it leaves none."""
    return _scan(text, 0, None)[1]


def _scan(text: str, start: int, end: int | None) -> tuple[list[Line], str]:
    stop = len(text) if end is None else end
    lines: list[Line] = []
    fence = ""
    comment = False
    position = start
    while position < stop:
        found = text.find("\n", position, stop)
        after = stop if found < 0 else found + 1
        raw = text[position : after if found < 0 else found].removesuffix("\r")
        opaque = bool(fence) or comment
        mark = None if comment else _FENCE.match(raw)
        if fence:
            closes = mark and mark[1][0] == fence[0] and len(mark[1]) >= len(fence) and not mark[2].strip()
            fence = "" if closes else fence
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence, opaque = mark[1], True
        elif comment:
            comment = "-->" not in raw
        elif raw.lstrip(_LEAD).startswith("<!--"):
            # only at the start of a line, as in CommonMark: in the middle it is text, which hides no heading
            comment, opaque = "-->" not in raw[raw.index("<!--") + 4 :], True
        lines.append(Line(position, after, raw, opaque))
        position = after
    return lines, fence or ("-->" if comment else "")


def heading(line: Line) -> tuple[int, str] | None:
    """(level, text) when the line is an ATX heading outside fences and comments."""
    if line.opaque or "#" not in line.text[:5]:
        return None
    found = HEADING.match(line.text.lstrip("\ufeff"))
    return (len(found[1]), closed(found[2])) if found else None


def closed(title: str) -> str:
    """The words of a heading: without blanks around them and the closing signs (`## Title ##`)."""
    words = title.strip(_TRIMMED)
    bare = words.rstrip("#")
    return bare.rstrip(_TRIMMED) if not bare or bare[-1] in BLANKS else words


def labelled(text: str) -> Labelled | None:
    """Read `- Label: value`; bold around the label and any bullet sign are accepted."""
    found = _LABELLED.match(text)
    if not found:
        return None
    value = text[found.end() :]
    lead = len(value) - len(value.lstrip(_TRIMMED))
    indent = width(found[1])
    return Labelled(indent, found[2], found[4].strip(), value.strip(_TRIMMED), found.end() + lead)


def width(blanks: str) -> int:
    """Columns of leading white space; a tab counts to the next multiple of four."""
    columns = 0
    for ch in blanks:
        if ch == "\t":
            columns += 4 - columns % 4
        elif ch != "\ufeff":
            columns += 1
    return columns


def indent_of(text: str) -> int:
    return width(text[: len(text) - len(text.lstrip(" \t\u00a0\ufeff"))])


def newline_of(text: str) -> str:
    """The line end of a file: that of its first line, LF for an empty one."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


class Places:
    """Offset -> (line, column), both from 1, column in characters."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        find = text.find
        at = find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = find("\n", at + 1)

    def __call__(self, offset: int) -> tuple[int, int]:
        row = bisect_right(self._starts, offset)
        return row, offset - self._starts[row - 1] + 1
