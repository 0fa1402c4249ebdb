"""Completion records once they are read: what is kept of them, in which words they are told, and how they roll up.

A record is an agent's word: cleaned, capped, and shown; nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echelon.core.documents import grammar
from echelon.core.documents.grammar import Language
from echelon.core.documents.record import Oddity, Record
from echelon.core.documents.render import one_line

FILES_MAX = 100
FILE_MAX = 160  # characters
WORDS_MAX = 2_000  # characters of notes, and of what is left
SHOWN_MAX = 60  # characters of a line of todo.md in a warning

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "absent": "no completion record: add `## {record}` with `{files} …`, `{notes} …`, `{follow_up} …` to todo.md",
        "near": "todo.md line {line}: `{said}` looks like a completion record; write `{meant}`",
        "empty": "todo.md line {line}: the completion record says nothing; write `{files} …`, `{notes} …`, `{follow_up} …`",
        "field": "todo.md line {line}: `{said}` is no field of a completion record; write `{meant}`",
        "warning": "Warning: ",
    },
    "fr": {
        "absent": "pas de compte-rendu : ajoute `## {record}` avec `{files} …`, `{notes} …`, `{follow_up} …` à todo.md",
        "near": "todo.md ligne {line} : `{said}` ressemble à un compte-rendu ; écris `{meant}`",
        "empty": "todo.md ligne {line} : le compte-rendu ne dit rien ; écris `{files} …`, `{notes} …`, `{follow_up} …`",
        "field": "todo.md ligne {line} : `{said}` n'est pas un champ d'un compte-rendu ; écris `{meant}`",
        "warning": "Avertissement : ",
    },
}


def kept(record: Record | None) -> Record | None:
    """What the attempt and the statement keep: one line each, capped, without control characters."""
    if record is None:
        return None
    files = tuple(words for name in record.files[:FILES_MAX] if (words := one_line(name, FILE_MAX)))
    return Record(files, one_line(record.notes, WORDS_MAX), one_line(record.follow_up, WORDS_MAX))


def as_json(record: Record | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {"files": list(record.files), "notes": record.notes, "followUp": record.follow_up}


def from_json(value: Mapping[str, Any] | None) -> Record | None:
    """Raises KeyError or TypeError when it is none."""
    if value is None:
        return None
    return Record(tuple(str(name) for name in value["files"]), str(value["notes"]), str(value["followUp"]))


def warnings(oddities: tuple[Oddity, ...], language: Language) -> tuple[str, ...]:
    """Each oddity as a line that says what to write instead."""
    words = _WORDS[language]
    labels = {key: f"- {_field(key, language)}" for key in ("files", "notes", "follow_up")}
    labels["record"] = grammar.heading("record", language)
    return tuple(
        words["warning"]
        + words[row.kind].format(
            line=row.line, said=one_line(row.said.replace("`", "'"), SHOWN_MAX), meant=row.meant, **labels
        )
        for row in oddities
    )


def lines(record: Record, language: Language) -> tuple[str, ...]:
    """The fields that say something, as they stand in a document."""
    rows = (("files", ", ".join(record.files)), ("notes", record.notes), ("follow_up", record.follow_up))
    return tuple(f"- {_field(key, language)} {words}" for key, words in rows if words)


def _field(key: str, language: Language) -> str:
    """Not grammar.field: an item has notes too, by another label."""
    label = next(row for row in grammar.RECORD_FIELDS if row.key == key)
    return label.text(language) + grammar.colon(language)
