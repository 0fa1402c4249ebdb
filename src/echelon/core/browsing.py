"""Looking through the items of a portfolio: which match, in which order. Pure; a row is made once and shown often."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import SIZES, State
from echelon.core.model import World
from echelon.core.portfolio import item_key
from echelon.core.report import closings

WORDS_MAX = 12  # of a question
QUESTION_MAX = 200  # characters
SECTION_MAX = 4_000  # characters of an item that are looked through
FOLDED_KEPT = 24_000  # folded texts that are remembered: two large backlogs

Sort = Literal[
    "order", "-order", "priority", "-priority", "title", "-title", "state", "-state", "size", "-size",
    "depends", "-depends", "coverage", "-coverage", "attempts", "-attempts",
]  # fmt: skip
STATE_ORDER = {state: place for place, state in enumerate(("active", "pending", "suspended", "failed", "delivered"))}
SIZE_ORDER = {size: place for place, size in enumerate(SIZES)}
COVERAGE_ORDER = {coverage: place for place, coverage in enumerate(("", "none", "attested", "guarded", "proved"))}
_MARKS = re.compile("[\u0300-\u036f]")


class Row(NamedTuple):
    """One item of the portfolio. `order`: its place among all. `coverage` is "" unless it is delivered."""

    key: str
    scope: str
    entry: Entry
    coverage: str
    attempts: int
    order: int


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; an empty part asks for nothing. `scope`: the key of a program or project.

    `states` and `coverages` name those that are wanted.
    """

    scope: str = ""
    words: str = ""
    states: frozenset[str] = frozenset()
    coverages: frozenset[str] = frozenset()
    sort: Sort = "order"


def rows(world: World) -> tuple[Row, ...]:
    """Every item of every project, in the order of the files."""
    closed = closings(world)
    tried: dict[str, int] = {}
    for attempt in world.attempts:
        tried[attempt.item] = tried.get(attempt.item, 0) + 1
    found: list[Row] = []
    for project in world.portfolio.projects():
        for entry in project.backlog.entries if project.backlog else ():
            key = item_key(project.key, entry.id)
            coverage = ""
            if entry.state is State.DELIVERED:
                coverage = closed[key].coverage if key in closed else "none"
            found.append(Row(key, project.key, entry, coverage, tried.get(key, 0), len(found)))
    return tuple(found)


def matching(every: Iterable[Row], query: Query, texts: Callable[[], Sequence[str]]) -> list[Row]:
    """The rows that a query asks for, in its order: every word stands somewhere in the text.

    `texts`: what each item says, folded, by its `order`; asked for only where words are looked for.
    """
    found = list(every)
    if query.scope:
        found = [row for row in found if within(row.scope, query.scope)]
    if query.states:
        found = [row for row in found if row.entry.state.value in query.states]
    if query.coverages:
        found = [row for row in found if row.coverage in query.coverages]
    for word in asked(query.words):
        said = texts()
        found = [row for row in found if word in said[row.order]]
    return ordered(found, query.sort)


_RANKS: Mapping[str, Callable[[Row], int | str]] = {
    "priority": lambda row: row.entry.priority,
    "title": lambda row: fold(row.entry.title),
    "state": lambda row: STATE_ORDER[row.entry.state.value],
    "size": lambda row: SIZE_ORDER.get(row.entry.size, len(SIZE_ORDER)),
    "depends": lambda row: len(row.entry.depends),
    "coverage": lambda row: COVERAGE_ORDER.get(row.coverage, 0),
    "attempts": lambda row: row.attempts,
}


def ordered(found: Iterable[Row], sort: str) -> list[Row]:
    """The same rows, the largest first where the word begins with "-"; equals keep their place in the files."""
    rank, backwards = _RANKS.get(sort.removeprefix("-")), sort.startswith("-")
    by_order = sorted(found, key=lambda row: row.order, reverse=backwards and rank is None)
    return sorted(by_order, key=rank, reverse=backwards) if rank else by_order


def within(scope: str, wanted: str) -> bool:
    """Whether a project's key is this scope, or below it."""
    return not wanted or scope == wanted or scope.startswith(f"{wanted}/")


def counted(every: Iterable[Row]) -> dict[str, int]:
    """How many are in each state."""
    counts = {state.value: 0 for state in State}
    for row in every:
        counts[row.entry.state.value] += 1
    return counts


def asked(question: str) -> tuple[str, ...]:
    """The words of a question, folded, each once."""
    return tuple(dict.fromkeys(fold(question[:QUESTION_MAX]).split()))[:WORDS_MAX]


@lru_cache(maxsize=FOLDED_KEPT)
def fold(text: str) -> str:
    """Without case and accents: an edit of one item of 10,000 folds that one anew."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold()


def needed_by(waits: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Item -> the items that wait for it, from item -> what it waits for."""
    found: dict[str, list[str]] = {}
    for key, wanted in waits.items():
        for other in wanted:
            found.setdefault(other, []).append(key)
    return {key: tuple(dict.fromkeys(others)) for key, others in found.items()}
