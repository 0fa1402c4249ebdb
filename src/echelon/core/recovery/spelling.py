"""The same entries in the format's own spelling. Nothing is read differently afterwards."""

from __future__ import annotations

import re

from echelon.core.documents import entries, lines
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.grammar import NO_DEPENDENCY, State, field, fold
from echelon.core.documents.plain import thorough


def respelled(document: EntriesDocument) -> EntriesDocument:
    """The same file with the format's dash in headers, [x], P1, commas, a status line."""
    changes: list[tuple[int, int, str]] = []
    odd = {finding.subject for finding in thorough(document).findings if finding.repair}
    for entry, (start, end) in zip(document.entries, document.spans, strict=True):
        if entry.id in odd and entry.id not in document.duplicates:
            changes += _entry_changes(document, entry, start, end)
    text = document.text
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return entries.parse(text, document.kind) if changes else document


def _entry_changes(document: EntriesDocument, entry: entries.Entry, start: int, end: int) -> list[tuple[int, int, str]]:
    scanned = lines.split(document.text, start, end)
    values = {item.key: item for item in reversed(entries.head_fields(scanned)[0])}
    changes: list[tuple[int, int, str]] = []
    dash = re.match(r"\W*?#+[ \t\u00a0]+\S+[ \t\u00a0]+([—–-])[ \t\u00a0]", scanned[0].text)
    if dash and dash[1] != "—":
        changes.append((start + dash.start(1), start + dash.end(1), "—"))
    if "status" in values and values["status"].value.startswith("[X]"):
        changes.append((values["status"].start, values["status"].start + 3, "[x]"))
    if "status" not in values:
        flipped = entries.set_state(document, entry.id, State.PENDING).text
        line = f"- {field('status', document.language)} [ ]"
        after = next(at for at in range(start, len(flipped)) if flipped[at] != document.text[at : at + 1])
        changes.append((after, after, flipped[after : after + len(flipped) - len(document.text)]))
        assert line in flipped
    if "priority" in values:
        spelled = re.match(r"[pP]?([1-4])(?!\w)", values["priority"].value)
        if spelled and not values["priority"].value.startswith("P"):
            at = values["priority"].start
            changes.append((at, at + len(spelled[0]), f"P{spelled[1]}"))
    if "depends" in values and fold(values["depends"].value) not in NO_DEPENDENCY:
        changes += _commas(values["depends"])
    return changes


def _commas(value: entries.HeadField) -> list[tuple[int, int, str]]:
    joins = re.finditer(r"\s*(?:;|&|\+|\s(?:et|and)\s)\s*", value.value, re.IGNORECASE)
    return [(value.start + join.start(), value.start + join.end(), ", ") for join in joins]
