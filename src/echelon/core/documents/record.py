"""The completion record at the end of todo.md: what the agent touched, what to know, what is left. A soft contract.

Peer-levels.md §9.1 and W5. It is read more widely than open-codining reads it, so that nothing an agent wrote is lost, and
what is odd about it is told: a heading that almost matches, an empty record, a field that is none. Several records are
not odd: each attempt at an item leaves its own in the same file, and the last one counts.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from echelon.core.documents import grammar, lines
from echelon.core.documents.lines import Line

ODDITIES_MAX = 8
LOOKED_MAX = 1_000  # lines that are compared with what they may have been meant to be; the newest
_HEADING_MAX = 60  # characters: a longer line is a sentence
_LIKE = 0.8  # of a heading that was probably meant
_EXACT = re.compile(r"(?:compte-rendu|completion record)(?!\w)")
_LETTERS = re.compile(r"[^a-z]+")
_MEANT = {"compterendu": "fr", "comptesrendus": "fr", "completionrecord": "en", "completionreport": "en"}
_LOOSE = re.compile(r"[ ]{0,3}(?:#{1,6}(?=[^#\s])|\*\*|__)?(.*?)(?:\*\*|__)?[ \t]*[:：]?[ \t]*")

_UNDERLINE = re.compile(r"[ ]{0,3}(?:-{2,}|={2,})[ \t]*")

OddKind = Literal["absent", "near", "empty", "field"]


@dataclass(frozen=True, slots=True)
class Record:
    """What an agent leaves behind."""

    files: tuple[str, ...] = ()
    notes: str = ""
    follow_up: str = ""


class Oddity(NamedTuple):
    """`said` is what stands on the line (from 1; 0: nowhere), `meant` what was probably meant."""

    kind: OddKind
    line: int = 0
    said: str = ""
    meant: str = ""


class Found(NamedTuple):
    """The record that counts, what is odd, and the lines (by index) that go on with a field and hold no tasks."""

    record: Record | None
    oddities: tuple[Oddity, ...]
    lines: frozenset[int]


def find(scanned: list[Line]) -> Found:
    """Of several records the last one counts; one under a heading that almost matches counts where no other does."""
    exact = [at for at, line in enumerate(scanned) if _is_record(line)]
    near: list[int] = [] if exact else _near(scanned)
    odd = [Oddity("near", at + 1, _words(scanned[at]), _canonical(_meant(scanned, at))) for at in near]
    near = [at for at in near if any(key for key, _ in _fields(scanned, at))]
    places = exact or near
    if not places:
        return Found(None, tuple(odd or [Oddity("absent")]), frozenset())
    last = places[-1]
    if exact and not grammar.fold(_words(scanned[last]).lstrip("# ")).startswith(("compte-rendu", "completion record")):
        odd.append(Oddity("near", last + 1, _words(scanned[last]), _canonical("fr")))
    record, unknown, _ = _read(scanned, last, LOOKED_MAX)
    odd += unknown[:ODDITIES_MAX]
    if record == Record() and not any(key for key, _ in _fields(scanned, last)):
        odd.append(Oddity("empty", last + 1))
    return Found(record, tuple(odd), frozenset(at for place in places for at in _read(scanned, place, 0)[2]))


def _is_record(line: Line) -> bool:
    title = lines.heading(line)
    if not title or title[0] != 2:
        return False
    folded = grammar.fold(title[1])
    return grammar.HEADING_KEYS.get(folded) == "record" or _EXACT.match(folded) is not None


def _near(scanned: list[Line]) -> list[int]:
    """The last few lines that are like the heading of a record."""
    marked = [at for at in range(len(scanned)) if _is_marked(scanned, at)]
    return [at for at in marked[-LOOKED_MAX:] if _meant(scanned, at)][-ODDITIES_MAX:]


def _is_marked(scanned: list[Line], at: int) -> bool:
    """Whether the line looks like a heading: by its signs, by bold type, by a colon, by the line below it."""
    line = scanned[at]
    words = _words(line)
    if line.opaque or not words or len(words) > _HEADING_MAX:
        return False
    if lines.heading(line):
        return True
    below = at + 1 < len(scanned) and _UNDERLINE.fullmatch(scanned[at + 1].text)
    marked = below or words.startswith(("#", "**", "__")) or words.endswith((":", "："))
    return bool(marked) and not lines.BULLET.match(line.text)


def _meant(scanned: list[Line], at: int) -> str:
    """The language of the record's heading that this line was probably meant to be, "" when it is not like one."""
    line = scanned[at]
    words, title = _words(line), lines.heading(line)
    loose = _LOOSE.fullmatch(words)
    letters = _LETTERS.sub("", grammar.fold(title[1] if title else loose[1] if loose else words))
    for known, language in _MEANT.items():
        alike = abs(len(letters) - len(known)) < len(known) // 2
        if letters.startswith(known) or (alike and difflib.SequenceMatcher(None, letters, known).ratio() >= _LIKE):
            return language
    return ""


def _words(line: Line) -> str:
    return line.text.strip(" \t\r\ufeff")


def _canonical(language: str) -> str:
    return f"## {grammar.heading('record', 'fr' if language == 'fr' else 'en')}"


def _span(scanned: list[Line], at: int) -> range:
    """The lines of the record whose heading is at `at`: to the next heading of its level, or of the second."""
    title = lines.heading(scanned[at])
    level = max(2, title[0]) if title else 2
    for end in range(at + 1, len(scanned)):
        other = lines.heading(scanned[end])
        if other and other[0] <= level:
            return range(at, end)
    return range(at, len(scanned))


def _fields(scanned: list[Line], at: int) -> Iterator[tuple[str, str]]:
    """(key, "" where it is no field of a record; the text) of each labelled bullet at the left margin."""
    for index in _span(scanned, at)[1:]:
        if (labelled := lines.labelled(scanned[index].text)) and labelled.indent == 0:
            yield grammar.RECORD_KEYS.get(grammar.fold(labelled.label), ""), labelled.label


def _read(scanned: list[Line], at: int, looks: int) -> tuple[Record, list[Oddity], list[int]]:
    """The fields, with the lines that continue them; text without a field is a note. A box at the margin is a task.

    `looks`: how many fields that are none are compared with what they may have been meant to be.
    """
    values: dict[str, list[str]] = {"files": [], "notes": [], "follow_up": []}
    unknown: list[Oddity] = []
    going: list[int] = []
    key = ""
    for index in _span(scanned, at)[1:]:
        line = scanned[index]
        labelled = lines.labelled(line.text)
        named = grammar.RECORD_KEYS.get(grammar.fold(labelled.label), "") if labelled else ""
        if labelled and named and labelled.indent == 0:
            key = named
            parts = labelled.value.split(",") if key == "files" else [labelled.value]
            values[key].extend(_part(part) for part in parts if _part(part))
        elif _is_text(line) and key and lines.indent_of(line.text) > 0:
            values[key].append(_part(_unbulleted(line)))
            going.append(index)
        elif _is_text(line) and not _is_task(line):
            key = ""
            values["notes"].append(_unbulleted(line))
            if labelled and looks:
                looks -= 1
                close = difflib.get_close_matches(
                    grammar.fold(labelled.label), list(grammar.RECORD_KEYS), n=1, cutoff=0.7
                )
                unknown += [Oddity("field", index + 1, labelled.label, _label(close[0]))] if close else []
    return Record(tuple(values["files"]), _joined(values["notes"]), _joined(values["follow_up"])), unknown, going


def _label(folded: str) -> str:
    """The field as it is spelled in the language in which it was almost spelled."""
    label = next(one for one in grammar.RECORD_FIELDS if one.key == grammar.RECORD_KEYS[folded])
    return label.fr if grammar.fold(label.fr) == folded else label.en


def _is_text(line: Line) -> bool:
    """A line that says something: neither blank, nor a rule, nor a comment."""
    words = line.text.strip()
    return bool(words.strip("-*_=")) and not (line.opaque and words.startswith(("<!--", "-->", "```", "~~~")))


def _is_task(line: Line) -> bool:
    bullet = None if line.opaque else lines.BULLET.match(line.text)
    return bool(bullet and lines.BOX.match(bullet[4]))


def _unbulleted(line: Line) -> str:
    bullet = lines.BULLET.match(line.text)
    return (bullet[4] if bullet else line.text).strip()


def _part(text: str) -> str:
    """A value without quotes; a word for nothing is nothing."""
    words = text.strip().strip("`")
    return "" if grammar.fold(words.rstrip(".")) in grammar.NO_DEPENDENCY else words


def _joined(parts: list[str]) -> str:
    return " ".join(part for part in parts if part)
