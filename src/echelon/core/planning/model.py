"""What was answered, as it was said (Draft), and what it amounts to once nothing is missing (Plan)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from echelon.core.documents.criteria import Check
from echelon.core.documents.grammar import Language

TOLD = "\0"  # stands for a value whose gap has been told already


class Said(NamedTuple):
    """A text and where it was said: an offset in the answers, or a number of a place among the arguments."""

    text: str
    at: int


class Gap(NamedTuple):
    """What is missing or wrong, in words, and where."""

    at: int
    message: str


@dataclass(frozen=True, slots=True)
class DraftItem:
    """`fields` by the keys of the grammar; `depends` are its tokens."""

    id: Said
    title: Said
    fields: Mapping[str, Said]
    depends: tuple[Said, ...] = ()
    criteria: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """`lists`: bullets (of the objective: lines) by the key of their question; `places`: where a question stands, or would
    have to; `headed`: the keys of those that stand somewhere."""

    language: Language
    name: Said
    lists: Mapping[str, tuple[Said, ...]]
    items: tuple[DraftItem, ...]
    places: Mapping[str, int]
    headed: frozenset[str] = frozenset()
    gaps: tuple[Gap, ...] = ()


class Promise(NamedTuple):
    """A criterion, or a line of the definition of done: without a check it has to be attested."""

    words: str
    check: Check | None


@dataclass(frozen=True, slots=True)
class PlannedItem:
    id: str
    title: str
    priority: int
    size: str
    description: str
    criteria: tuple[Promise, ...]
    depends: tuple[str, ...] = ()
    touches: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan without a gap. All texts are one line, but for the objective. `notes`: what a person may want to know."""

    language: Language
    name: str
    objective: str
    in_scope: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    items: tuple[PlannedItem, ...]
    constraints: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    done: tuple[Promise, ...] = ()
    notes: tuple[str, ...] = ()
    outside: Mapping[str, int] = field(default_factory=dict)  # dependency on another project -> where it was said
