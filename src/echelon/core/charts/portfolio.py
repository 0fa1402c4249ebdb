"""The status document read leniently into values: a key that is missing is an empty value, never an error.

Input: the mapping of `core.report.status` at any depth. Texts come from agents and files: each is one cleaned line.
Times are milliseconds since 1970 in UTC; None where there is none, or where it is not a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from echelon.core.documents.render import one_line

ID_MAX = 60  # characters
LABEL_MAX = 80
DETAIL_MAX = 240
LOOKED_AT = 10  # times the limit: a text of a megabyte is not read to its end for one line of it
NUMBER_MAX = 10**12  # above it a number of ours is damage, and a picture of it says nothing

STATES = ("delivered", "active", "pending", "suspended", "failed")
COVERAGES = ("proved", "guarded", "attested", "none")
_COUNTED = {
    "delivered": "delivered",
    "active": "inProgress",
    "pending": "pending",
    "suspended": "suspended",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt. `end` is never before `start`."""

    number: int
    reason: str
    detail: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """`key` names it in the whole portfolio; `depends` are keys as they stand, not yet resolved."""

    key: str
    title: str
    state: str
    depends: tuple[str, ...]
    coverage: str
    tried: tuple[Tried, ...]

    @property
    def delivered(self) -> int | None:
        """When it was delivered; None when it is not, or when no attempt of ours did it."""
        ends = [attempt.end for attempt in self.tried if attempt.reason == "delivered"]
        return max(ends) if ends and self.state == "delivered" else None


@dataclass(frozen=True, slots=True)
class Project:
    """`counts` by STATES and `evidence` by COVERAGES hold also where the items themselves are not listed."""

    key: str
    title: str
    state: str
    depends: tuple[str, ...]
    items: tuple[Item, ...]
    counts: Mapping[str, int]
    evidence: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Program:
    key: str
    title: str
    state: str
    depends: tuple[str, ...]
    projects: tuple[Project, ...]


@dataclass(frozen=True, slots=True)
class Flight:
    """An item that is worked on now; `key` as an item's."""

    key: str
    start: int | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """`depth` is "project", "program", "enterprise", or "none" when nothing is active."""

    depth: str
    title: str
    programs: tuple[Program, ...]
    flights: tuple[Flight, ...]
    budget: int
    used: int
    allocation: tuple[tuple[str, int], ...]  # program or project, slots

    def projects(self) -> Iterator[Project]:
        return (project for program in self.programs for project in program.projects)

    def items(self) -> Iterator[Item]:
        return (item for project in self.projects() for item in project.items)


def read(data: Mapping[str, Any]) -> Portfolio:
    own = mapping(data, "project")
    programs = tuple(_program(row) for row in rows(data, "programs"))
    if not programs and (own or rows(data, "items")):
        lone = {
            "title": own.get("title", ""),
            "items": own.get("items"),
            "evidence": data.get("evidence"),
            "list": data.get("items"),
        }
        programs = (Program("", "", "active", (), (_project(lone, ""),)),)
    return Portfolio(
        depth=text(data, "depth", ID_MAX) or "none",
        title=text(own, "title") or text(data, "title") or next((row.title for row in programs if row.title), ""),
        programs=programs,
        flights=tuple(
            Flight(text(row, "key", ID_MAX) or text(row, "item", ID_MAX), moment(row.get("since")))
            for row in rows(data, "inFlight")
        ),
        budget=number(data, "budget"),
        used=number(mapping(data, "capacity"), "used"),
        allocation=tuple((text(row, "id", ID_MAX), number(row, "slots")) for row in rows(data, "allocation")),
    )  # fmt: skip


def _program(row: Mapping[str, Any]) -> Program:
    key = text(row, "id", ID_MAX)
    projects = tuple(_project(entry, key) for entry in rows(row, "projects"))
    return Program(key, text(row, "title"), state_of(row), words(row, "dependsOn"), projects)


def _project(row: Mapping[str, Any], program: str) -> Project:
    own = text(row, "id", ID_MAX)
    key = text(row, "key", ID_MAX) or "/".join(part for part in (program, own) if part)
    items = tuple(_item(entry, key) for entry in rows(row, "list"))
    counts, evidence = _counts(items), _evidence(items)
    if not items:  # counted, not listed
        given = mapping(row, "items")
        counts = {state: number(given, name) for state, name in _COUNTED.items()}
        evidence = {name: number(mapping(row, "evidence"), name) for name in COVERAGES}
    return Project(key, text(row, "title"), state_of(row), words(row, "dependsOn"), items, counts, evidence)


def _item(row: Mapping[str, Any], project: str) -> Item:
    own = text(row, "id", ID_MAX)
    key = text(row, "key", ID_MAX) or "/".join(part for part in (project, own) if part)
    coverage = text(row, "coverage", ID_MAX)
    tried = tuple(attempt for entry in rows(row, "attempts") if (attempt := _tried(entry)) is not None)
    return Item(key, text(row, "title"), state_of(row), words(row, "dependsOn"), coverage, tried)


def _tried(row: Mapping[str, Any]) -> Tried | None:
    """None without a time: there is nothing to draw."""
    start, end = moment(row.get("started")), moment(row.get("ended"))
    if start is None and end is None:
        return None
    start, end = (end or 0) if start is None else start, (start or 0) if end is None else end
    return Tried(
        number(row, "attempt"), text(row, "reason", ID_MAX), text(row, "detail", DETAIL_MAX), start, max(start, end)
    )


def _counts(items: Iterable[Item]) -> dict[str, int]:
    found = dict.fromkeys(STATES, 0)
    for item in items:
        found[item.state] += 1
    return found


def _evidence(items: Iterable[Item]) -> dict[str, int]:
    found = dict.fromkeys(COVERAGES, 0)
    for item in items:
        if item.state == "delivered":
            found[item.coverage if item.coverage in found else "none"] += 1
    return found


# ------------------------------------------------------------------------------------------------ one value


def rows(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [row for row in _listed(data, name) if isinstance(row, Mapping)]


def mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def text(data: Mapping[str, Any], name: str, limit: int = LABEL_MAX) -> str:
    return line(data.get(name), limit)


def line(value: object, limit: int) -> str:
    """Free text as one cleaned line of at most `limit` characters; what is not a string is an empty one."""
    return one_line(value[: limit * LOOKED_AT], limit) if isinstance(value, str) else ""


def words(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(line(word, ID_MAX) for word in _listed(data, name) if isinstance(word, str))


def _listed(data: Mapping[str, Any], name: str) -> Sequence[object]:
    found = data.get(name)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def number(data: Mapping[str, Any], name: str) -> int:
    """A count: never below zero, never above NUMBER_MAX."""
    found = data.get(name)
    return max(0, min(found, NUMBER_MAX)) if isinstance(found, int) else 0


def state_of(data: Mapping[str, Any]) -> str:
    found = data.get("state")
    return found if isinstance(found, str) and found in STATES else "pending"


def moment(value: object) -> int | None:
    """ISO-8601 -> milliseconds; a time without a zone is UTC, as all of ours are."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        read = read if read.tzinfo else read.replace(tzinfo=UTC)
        return int(read.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
