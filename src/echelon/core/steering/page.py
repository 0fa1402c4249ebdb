"""One answer of the steering search: as many of the best passages' blocks as its size allows, each with its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from echelon.core.documents.render import clean, one_line
from echelon.core.steering.passages import Block, Passage

# What one answer may cost: characters, where digits and what is outside of ASCII count twice, as they do about in tokens.
# On the fixture set the dearest answer is then below 460 tokens of o200k or cl100k (docs/STEERING.md).
COST_MAX = 1_400
MORE_COST = 120  # kept free for naming what did not fit
PASSAGES_MAX = 8  # shown in one answer
POINTERS_MAX = 4  # further ones, named with their place
NEAR = 0.5  # of the best score: what is shown
FAINT = 0.35  # what is named
TITLE_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class Found:
    """`places`: (path, first line, last line) of what is shown."""

    message: str
    places: tuple[tuple[str, int, int], ...] = ()


@dataclass(slots=True)
class Hit:
    """A passage that answers. `wanted` are its blocks in the order in which they should be shown, `also` if there is room."""

    passage: Passage
    score: float
    wanted: tuple[Block, ...]
    also: tuple[Block, ...] = ()
    terms: frozenset[str] = frozenset()
    shown: list[Block] = field(default_factory=list)
    cut: bool = False  # the last one of them is not whole

    @property
    def whole(self) -> bool:
        return len(self.shown) >= len(self.wanted) and not self.cut


def cost(text: str) -> int:
    return len(text) + sum(not sign.isascii() or sign.isdigit() for sign in text)


def page(ranked: Sequence[Hit], overview: Sequence[str] = ()) -> Found:
    """The answer, of at most COST_MAX. `ranked`: the best first; `overview`: lines that stand above."""
    left = COST_MAX - MORE_COST - sum(cost(row) + 1 for row in overview)
    best = ranked[0].score if ranked else 0.0
    near = [hit for hit in ranked if hit.score >= NEAR * best][:PASSAGES_MAX]
    for hit in near:
        left = _show(hit, hit.wanted, left)
    for hit in near[:1]:
        left = _show(hit, hit.also, left)
    rows = list(overview)
    places: list[tuple[str, int, int]] = []
    for hit in near:
        for number, group in enumerate(_groups(hit.shown)):
            places.append((hit.passage.path, group[0].first, group[-1].last))
            rows.append(_place(*places[-1]) + (f" {_title(hit.passage)}" if number == 0 else ""))
            rows += [f"|{row}" for block in group for row in block.rows]
    more = [hit for hit in near if not hit.whole]
    faint = [hit for hit in ranked if not hit.shown and hit not in more and hit.score >= FAINT * best]
    return Found("\n".join((*rows, *_pointers([*more, *faint], left + MORE_COST))), tuple(places))


def _show(hit: Hit, blocks: Sequence[Block], left: int) -> int:
    """As many of the blocks as there is room for; the first one of an answer is cut rather than left out."""
    for block in blocks:
        piece = dataclasses.replace(block, rows=tuple(clean(row).rstrip() for row in block.rows))
        beside = any(block.first == other.last + 1 or other.first == block.last + 1 for other in hit.shown)
        title = "" if hit.shown else f" {_title(hit.passage)}"
        head = 0 if beside else cost(f"{_place(hit.passage.path, block.first, hit.passage.last)}{title}\n")
        if head + _cost_of(piece.rows) > left:
            if hit.shown or left < COST_MAX // 2:
                continue
            piece, hit.cut = dataclasses.replace(piece, rows=_fitting(piece.rows, left - head)), True
        if piece.rows:
            left -= head + _cost_of(piece.rows)
            hit.shown.append(piece)
    return left


def _cost_of(rows: Sequence[str]) -> int:
    return sum(cost(row) + 2 for row in rows)  # with its bar and its line feed


def _fitting(rows: Sequence[str], room: int) -> tuple[str, ...]:
    """The first rows that fit; of one that is too long by itself, its beginning."""
    for number in range(len(rows), 0, -1):
        if _cost_of(rows[:number]) <= room:
            return tuple(rows[:number])
    short = rows[0][: max(0, room // 2 - 4)]
    return (f"{short}…",) if short else ()


def _pointers(hits: Sequence[Hit], left: int) -> Iterator[str]:
    """Where more is, in what is left of the room."""
    for hit in hits[:POINTERS_MAX]:
        row = f"more: {_place(hit.passage.path, hit.passage.first, hit.passage.last)} {_title(hit.passage)}"
        left -= cost(row) + 1
        if left >= 0:
            yield row


def _groups(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks in the order of the file, those that follow each other together."""
    found: list[list[Block]] = []
    for block in sorted(blocks, key=lambda block: block.first):
        if found and block.first == found[-1][-1].last + 1:
            found[-1].append(block)
        else:
            found.append([block])
    return found


def _place(path: str, first: int, last: int) -> str:
    return f"{path}:{first}-{last}" if last > first else f"{path}:{first}"


def _title(passage: Passage) -> str:
    return one_line(" > ".join(passage.titles), TITLE_CHARS_MAX)
