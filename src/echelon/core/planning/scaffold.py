"""The arguments of `scaffold_project` to a Draft. Total: whatever the JSON holds is an item or a gap (peer-levels.md W40)."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any

from echelon.core.documents.grammar import Language
from echelon.core.documents.render import one_line
from echelon.core.planning.model import TOLD, Draft, DraftItem, Gap, Said
from echelon.core.planning.questions import BY_KEY
from echelon.core.planning.reading import ANSWERS_CHARACTERS_MAX
from echelon.core.planning.words import say

KEYS = ("id", "title", "priority", "size", "description", "criteria", "dependsOn", "files", "notes")
_FIELDS = {"priority": "priority", "size": "size", "description": "description", "files": "touches", "notes": "notes"}
_KINDS = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}
_SHAPED = {
    "in_scope": "in_scope",
    "out_of_scope": "out_of_scope",
    "constraints": "constraints",
    "objective": "objective",
}


class RepeatedError(ValueError):
    """A key that an object of the JSON has twice."""


def read(name: str, texts: dict[str, str], items_json: str, language: Language) -> tuple[Draft, tuple[str, ...]]:
    """The draft, and the names of the places that its values and gaps count: `items_json[0].criteria[2]`.

    `texts`: objective, in_scope, out_of_scope and constraints, one entry on each line.
    """
    reader = _Reader(language)
    title = Said(one_line(name, ANSWERS_CHARACTERS_MAX), reader.at("name"))
    lists = {key: _entries(texts.get(key, ""), reader.at(key)) for key in _SHAPED}
    places = {key: reader.at(key if key in _SHAPED else "items_json") for key in BY_KEY} | {"title": title.at}
    items = tuple(reader.items(items_json))
    draft = Draft(language, title, lists, items, places, frozenset(BY_KEY), tuple(reader.gaps))
    return draft, reader.names


def _entries(text: str, at: int) -> tuple[Said, ...]:
    rows = (row.strip().removeprefix("- ").strip() for row in text.replace("\r", "\n").split("\n"))
    return tuple(Said(row, at) for row in rows if row)


class _Reader:
    def __init__(self, language: Language) -> None:
        self.language = language
        self._numbers: dict[str, int] = {}
        self.gaps: list[Gap] = []

    def at(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._numbers)

    def _gap(self, name: str, key: str, **fields: object) -> None:
        self.gaps.append(Gap(self.at(name), say(key, self.language, **fields)))

    def items(self, text: str) -> list[DraftItem]:
        if len(text) > ANSWERS_CHARACTERS_MAX:
            self._gap("items_json", "too_long", most=ANSWERS_CHARACTERS_MAX)
            return []
        try:
            found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        except RepeatedError as error:
            self._gap("items_json", "json_twice", shown=error)
            return []
        except (ValueError, RecursionError) as error:
            self._gap("items_json", "json", shown=error)
            return []
        if not isinstance(found, list):
            self._gap("items_json", "json_array")
            return []
        made = [self._item(row, f"items_json[{number}]") for number, row in enumerate(found)]
        return [row for row in made if row is not None]

    def _item(self, row: Any, name: str) -> DraftItem | None:
        if not isinstance(row, dict):
            self._gap(name, "json_object", shown=_kind(row))
            return None
        for key in row:
            if key not in KEYS:
                close = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.6)
                self._gap(f"{name}.{key[:40]}", "json_key", shown=key, meant=f"; {close[0]}?" if close else "")
        fields = {ours: self._text(row, key, name) for key, ours in _FIELDS.items() if key in row}
        identifier = self._text(row, "id", name)
        return DraftItem(
            identifier._replace(text=identifier.text.strip()),
            self._text(row, "title", name),
            fields,
            self._texts(row, "dependsOn", name),
            self._texts(row, "criteria", name),
        )

    def _text(self, row: dict[str, Any], key: str, name: str) -> Said:
        value, place = row.get(key, ""), f"{name}.{key}"
        if key == "priority" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None and key in ("description", "files", "notes"):
            value = ""
        if isinstance(value, str):
            return Said(value.replace("\r", "\n").replace("\n", " "), self.at(place))
        meant = "P1-P4" if key == "priority" else "string"
        self._gap(place, "json_type", meant=meant, shown=_kind(value))
        return Said(TOLD, self.at(place))

    def _texts(self, row: dict[str, Any], key: str, name: str) -> tuple[Said, ...]:
        value = row.get(key, [])
        if not isinstance(value, list):
            self._gap(f"{name}.{key}", "json_type", meant="array of strings", shown=_kind(value))
            return (Said(TOLD, self.at(f"{name}.{key}")),)
        found: list[Said] = []
        for number, text in enumerate(value):
            place = f"{name}.{key}[{number}]"
            if isinstance(text, str):
                found.append(Said(text.replace("\r", "\n").replace("\n", " ").strip(), self.at(place)))
            else:
                self._gap(place, "json_type", meant="string", shown=_kind(text))
                found.append(Said(TOLD, self.at(place)))
        return tuple(found)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise RepeatedError(next(key for key in keys if keys.count(key) > 1))
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "something else")
