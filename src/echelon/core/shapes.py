"""Shapes of JSON values: what a setting may be. One description, two readings: as JSON Schema, and as a check that
says in words what is wrong and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

TEXT_MAX = 4_096  # characters of a text
EXACT_MAX = 2**53  # above it a JSON number is no longer exact
_SHOWN = 40
# `$` alone lets a line feed follow, in Python's reading of a pattern and in no other.
END = r"$(?!\n)"
# Control characters, ends of lines, and what turns the direction of writing: invisible in a path or a name.
HIDDEN = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069"

Place = tuple[str | int, ...]
Problem = tuple[Place, str]  # where below the value, and what it must be


class Shape(Protocol):
    def schema(self) -> dict[str, Any]: ...

    def problems(self, value: Any) -> Iterator[Problem]: ...


@dataclass(frozen=True, slots=True)
class Flag:
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def problems(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield (), "must be true or false"


@dataclass(frozen=True, slots=True)
class Number:
    least: float
    most: float
    whole: bool = False

    def schema(self) -> dict[str, Any]:
        return {"type": "integer" if self.whole else "number", "minimum": self.least, "maximum": self._most}

    @property
    def _most(self) -> float:
        return self.most if self.most < EXACT_MAX else EXACT_MAX

    def problems(self, value: Any) -> Iterator[Problem]:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not self.least <= value <= self._most or (self.whole and value != int(value)):
            top = "" if self.most >= EXACT_MAX else f" and at most {self.most:.15g}"
            yield (), f"must be a {'whole ' if self.whole else ''}number, at least {self.least:.15g}{top}"


@dataclass(frozen=True, slots=True)
class Choice:
    words: tuple[str, ...]

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}

    def problems(self, value: Any) -> Iterator[Problem]:
        if value not in self.words:
            yield (), f"is {_shown(value)}; it can be {', '.join(self.words)}"


@dataclass(frozen=True, slots=True)
class Text:
    """`says` completes "must be". `pattern` and `never` are read alike by Python and by JavaScript."""

    says: str = "a text of one line"
    least: int = 0
    most: int = TEXT_MAX
    pattern: str = ""
    never: str = f"[{HIDDEN}]"

    def schema(self) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "string", "maxLength": self.most}
        if self.least:
            found["minLength"] = self.least
        if self.pattern:
            found["pattern"] = self.pattern
        return {**found, "not": {"pattern": self.never}}

    def problems(self, value: Any) -> Iterator[Problem]:
        fits = isinstance(value, str) and self.least <= len(value) <= self.most
        if not fits or re.search(self.never, value) or not re.search(self.pattern, value):
            yield (), f"must be {self.says}"


@dataclass(frozen=True, slots=True)
class ListOf:
    of: Shape
    what: str  # plural, such as "paths"
    most: int
    least: int = 0
    empty: str = ""  # completes "must" where there have to be some

    def schema(self) -> dict[str, Any]:
        found = {"type": "array", "items": self.of.schema(), "maxItems": self.most}
        return {**found, "minItems": self.least} if self.least else found

    def problems(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, list) or len(cast("list[Any]", value)) > self.most:
            yield (), f"must be a list of at most {self.most} {self.what}"
            return
        rows = cast("list[Any]", value)
        if len(rows) < self.least:
            yield (), f"must {self.empty}"
        for index, row in enumerate(rows):
            yield from (((index, *place), words) for place, words in self.of.problems(row))


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with these fields and no other."""

    required: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict[str, Shape])

    def schema(self) -> dict[str, Any]:
        every = {**self.required, **self.optional}
        return {
            "type": "object",
            "properties": {name: shape.schema() for name, shape in every.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }

    def has(self, names: set[str]) -> bool:
        return set(self.required) <= names <= {*self.required, *self.optional}

    def problems(self, value: Mapping[str, Any]) -> Iterator[Problem]:
        """Of an object that has these fields."""
        every = {**self.required, **self.optional}
        for name, below in value.items():
            yield from (((name, *place), words) for place, words in every[name].problems(below))


@dataclass(frozen=True, slots=True)
class OneOf:
    """An object that has the fields of one of these; `says` completes "must"."""

    of: tuple[Fields, ...]
    example: str
    says: str

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [fields.schema() for fields in self.of]}

    def problems(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield (), f"must be an object such as {self.example}"
            return
        names = set(cast("dict[str, Any]", value))
        found = next((fields for fields in self.of if fields.has(names)), None)
        if found is None:
            yield (), f"must {self.says}; it has {_shown(sorted(names))}"
        else:
            yield from found.problems(cast("dict[str, Any]", value))


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with any names of this kind, each with a value of that kind."""

    names: Text | Choice
    values: Shape
    most: int
    says: str  # completes "must be"
    named: str  # what its names are

    def schema(self) -> dict[str, Any]:
        names, values = self.names.schema(), self.values.schema()
        return {"type": "object", "propertyNames": names, "additionalProperties": values, "maxProperties": self.most}

    def problems(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, dict) or len(cast("dict[str, Any]", value)) > self.most:
            yield (), f"must be {self.says}"
            return
        for name, below in cast("dict[str, Any]", value).items():
            if next(self.names.problems(name), None):
                yield (name,), f"cannot be: {self.named}"
            yield from (((name, *place), words) for place, words in self.values.problems(below))


@dataclass(frozen=True, slots=True)
class Anything:
    """An object or a list, looked at by nobody here."""

    def schema(self) -> dict[str, Any]:
        return {"type": ["object", "array"]}

    def problems(self, value: Any) -> Iterator[Problem]:
        if not isinstance(value, (dict, list)):
            yield (), "must be an object or a list"


ANYTHING = Anything()


def named(name: str, place: Place) -> str:
    """`setup[0].link`: a place below a setting, as people write it."""
    return name + "".join(f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}" for step in place)


def _shown(value: Any) -> str:
    words = json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _SHOWN + 2 else f"{words[:_SHOWN]}…"
