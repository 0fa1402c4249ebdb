"""The headings of a steering file with the lines they cover: what is said instead of the whole text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echelon.core.documents import lines, spec
from echelon.core.documents.render import one_line

ROWS_MAX = 48  # a backlog of forty items fits
ROW_CHARS_MAX = 72
FEW = 6  # fewer headings say too little: the next level is shown as far as it fits


@dataclass(frozen=True, slots=True)
class Heading:
    """`first` and `last` are lines, from 1; `last` is the one before the next heading of its level or above."""

    level: int
    title: str
    key: str  # of a heading that the format knows, else ""
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last} {'#' * self.level} {one_line(self.title, ROW_CHARS_MAX)}"


def count(text: str) -> int:
    """Lines as an editor counts them: a last line feed ends a line and begins none."""
    return text.count("\n") + (text[-1:] not in ("", "\n"))


def headings(text: str) -> tuple[Heading, ...]:
    """All of them, outside of fences and comments, in their order."""
    place, total = lines.Places(text), count(text)
    return tuple(
        Heading(row.level, row.title, row.key, first, total if row.end == len(text) else place(row.end)[0] - 1)
        for row in spec.parse(text).sections
        for first in (place(row.start)[0],)
    )


def rows(found: Sequence[Heading], most: int = ROWS_MAX) -> list[str]:
    """One line for each heading; of many the upper levels alone, as long as they say something, and then the first."""
    shown = list(found)
    while len(shown) > most:
        deepest = max(heading.level for heading in shown)
        upper = [heading for heading in shown if heading.level < deepest]
        if len(upper) < FEW:
            break
        shown = upper
    left = len(found) - len(shown[:most])
    return [*map(str, shown[:most]), *([f"… and {left} more headings"] if left else [])]
