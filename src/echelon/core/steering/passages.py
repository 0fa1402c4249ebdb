"""Steering files as passages: what stands below each heading, in blocks that are shown whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from echelon.core.documents import lines
from echelon.core.steering import words
from echelon.core.steering.outline import Heading, headings

PARSED_MAX = 128  # files that are kept as passages: agents ask again and again


@dataclass(frozen=True, slots=True)
class Document:
    """A steering file; `path` is what whoever asks may read it by."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A bullet with all that belongs to it, or a paragraph. `first` is its first line, from 1."""

    first: int
    rows: tuple[str, ...]
    words: frozenset[str]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


@dataclass(frozen=True)
class Passage:
    """What stands below one heading, up to the next one. `above` are the headings around it, the outermost first."""

    path: str
    first: int
    last: int
    heading: Heading | None
    above: tuple[Heading, ...]
    blocks: tuple[Block, ...]

    @property
    def titles(self) -> tuple[str, ...]:
        return (*(row.title for row in self.above), *((self.heading.title,) if self.heading else ()))

    @cached_property
    def own(self) -> frozenset[str]:
        return words.said(self.heading.title, self.heading.key) if self.heading else frozenset()

    @cached_property
    def around(self) -> frozenset[str]:
        return frozenset[str]().union(*(words.said(row.title, row.key) for row in self.above))

    @cached_property
    def body(self) -> frozenset[str]:
        found = frozenset[str]().union(*(block.words for block in self.blocks))
        if self.heading is None or self.heading.key != "legend":
            return found
        return frozenset(word for word in found if not word.startswith("="))  # it explains the signs, it uses none


@lru_cache(maxsize=PARSED_MAX)
def passages(document: Document) -> tuple[Passage, ...]:
    """In the order of the file; a heading with nothing of its own below it is none."""
    rows = [line.text for line in lines.split(document.text)]
    heads = headings(document.text)
    starts = [row.first for row in heads]
    found = [_passage(document.path, rows, 1, (starts or [len(rows) + 1])[0] - 1, None, ())]
    open_: list[Heading] = []
    for at, head in enumerate(heads):
        while open_ and open_[-1].level >= head.level:
            open_.pop()
        last = starts[at + 1] - 1 if at + 1 < len(starts) else len(rows)
        found.append(_passage(document.path, rows, head.first, last, head, tuple(filter(_says, open_))))
        open_.append(head)
    return tuple(passage for passage in found if passage.blocks)


def _says(above: Heading) -> bool:
    """The title of a file, and the legend above its items, say nothing about a part of it."""
    return above.level > 1 and above.key != "legend"


def _passage(
    path: str, rows: Sequence[str], first: int, last: int, head: Heading | None, above: tuple[Heading, ...]
) -> Passage:
    begin = first if head is None else first + 1
    return Passage(path, first, last, head, above, tuple(_blocks(rows, begin, last)))


def _blocks(rows: Sequence[str], first: int, last: int) -> Iterator[Block]:
    start, indent = 0, 0
    for number in range(first, last + 2):
        row = rows[number - 1] if number <= last else ""
        bullet = lines.BULLET.match(row)
        begins = bool(bullet) and lines.indent_of(row) <= indent
        if start and (begins or not row.strip()):
            yield _block(rows, start, number - 1)
            start = 0
        if not start and row.strip():
            start, indent = number, lines.indent_of(row) if bullet else 0


def _block(rows: Sequence[str], first: int, last: int) -> Block:
    shown = tuple(rows[first - 1 : last])
    return Block(first, shown, words.said("\n".join(shown)))
