"""Values of an import: what every format is read to, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from echelon.core.documents import grammar

ITEMS_MAX = 5_000
CRITERIA_MAX = 200  # of one item
CRITERION_MAX = 2_000  # characters of one criterion; it stays one bullet
PLACES_SHOWN_MAX = 3  # of one kind of loss

Files = Mapping[str, str]  # path as it is shown to the person -> text
Fate = Literal["open", "deferred", "done", "dropped"]


class Words(NamedTuple):
    """A criterion as it stands in the origin."""

    text: str
    line: int


class Note(NamedTuple):
    """What could not be taken over as it was. `line` is 0 when it is about the whole file, `path` "" about all files."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}" if place else self.text


class Part(NamedTuple):
    """A text of the origin that belongs into the spec, under a heading of its own ("" takes its own headings)."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work as the origin says it. `depends` and `names` are words of the origin: ids and other names."""

    origin: str
    title: str
    path: str
    line: int
    description: str = ""
    criteria: tuple[Words, ...] = ()
    depends: tuple[str, ...] = ()
    priority: int = 3
    size: str = "M"
    fate: Fate = "open"
    why: str = ""  # the origin's word for the fate
    notes: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format found. `done` are lines of a definition of done that hold for every task."""

    name: str
    tasks: tuple[Task, ...]
    notes: tuple[Note, ...] = ()
    objective: str = ""
    parts: tuple[Part, ...] = ()
    done: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one task. `id` is "" for one that was left out, and `why` says why then."""

    id: str
    origin: str
    title: str
    path: str
    line: int
    criteria: int = 0
    depends: tuple[str, ...] = ()
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            name: list(value) if isinstance(value := getattr(self, name), tuple) else value for name in self.__slots__
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """The two documents, and the report of how they came about."""

    format: str
    spec: str
    backlog: str
    rows: tuple[Row, ...]
    left_out: tuple[Row, ...]
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Losses:
    """Things of one kind that have no counterpart: said once, with a count and the first places."""

    _found: dict[str, list[tuple[str, int]]] = field(default_factory=dict)

    def add(self, what: str, path: str, line: int) -> None:
        self._found.setdefault(what, []).append((path, line))

    def notes(self) -> tuple[Note, ...]:
        return tuple(Note(*places[0], f"{what}{_more(places)}") for what, places in self._found.items())


def _more(places: list[tuple[str, int]]) -> str:
    others = [f"{path}:{line}" for path, line in places[1:PLACES_SHOWN_MAX]]
    rest = len(places) - 1 - len(others)
    shown = ", ".join(others) + (f" and {rest} more" if rest else "")
    return f" (also {shown})" if shown else ""


_DONE = frozenset(
    [
        "done",
        "completed",
        "complete",
        "closed",
        "finished",
        "merged",
        "shipped",
        "implemented",
        "delivered",
        "termine",
        "fini",
    ]
)
_DROPPED = frozenset(
    ("cancelled", "canceled", "wontfix", "won't do", "won't fix", "wont do", "rejected", "duplicate", "not planned", "not_planned",
     "archived", "obsolete", "abandoned", "annule", "draft idea")
)  # fmt: skip
_DEFERRED = frozenset(
    ("deferred", "blocked", "on hold", "on-hold", "paused", "postponed", "icebox", "someday", "reporte")
)
_BEGUN = frozenset(
    (
        "in progress",
        "in-progress",
        "inprogress",
        "in_progress",
        "doing",
        "started",
        "review",
        "in review",
        "ready for review",
    )
)


def fate_of(status: str) -> Fate:
    """What a word for a state means here; words that are not known mean that there is work to do."""
    word = grammar.fold(status)
    if word in _DONE:
        return "done"
    return "dropped" if word in _DROPPED else "deferred" if word in _DEFERRED else "open"


def begun(status: str) -> bool:
    """Whether somebody works on it already, which an import cannot take over."""
    return grammar.fold(status) in _BEGUN


_PRIORITIES = {
    "critical": 1, "highest": 1, "urgent": 1, "blocker": 1, "p0": 1, "p1": 1, "must": 1, "must have": 1,
    "high": 2, "p2": 2, "should": 2, "should have": 2, "medium": 3, "normal": 3, "p3": 3, "could": 3,
    "low": 4, "lowest": 4, "minor": 4, "trivial": 4, "p4": 4, "p5": 4, "none": 4, "won't": 4,
    "critique": 1, "haute": 2, "moyenne": 3, "basse": 4,
}  # fmt: skip
PRIORITY = 3  # where the origin says nothing


def priority_of(word: str) -> int | None:
    """P1 to P4 for a word of the origin, None when it is not known."""
    return _PRIORITIES.get(grammar.fold(word).partition(" (")[0])


def size_of(word: str) -> str | None:
    folded = grammar.fold(word)
    known = {**grammar.SIZE_WORDS, "xs": "S", "s": "S", "m": "M", "l": "L", "xl": "XL", "xxl": "XL"}
    return known.get(folded)


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which `2` sorts before `10`, in any mixture of words and numbers."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return tuple((0, int(part[:18]), "") if part[0] in "0123456789" else (1, 0, part) for part in parts)


def unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))
