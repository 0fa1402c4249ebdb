"""Backlog, program and enterprise files: a text with entries `### ID — title`, read without losing a byte.

Theory of operation. `parse` finds the entries and the five values that decide (title, priority, size, state,
dependencies) and keeps each entry's span. An entry in the canonical form is read by one regular expression; any
other by the line scanner of `_read_entry`, which also says what it found odd. Both give the same values
(tests/property/test_documents.py holds them together). Criteria, notes and details are read from the span when asked.
An edit splices the text and shifts the spans, so that changing one of 10,000 entries does not parse the others again.

What the peer reads differently, on purpose (peer-levels.md §12.4, W6, W7): fields count only in the head of their own
entry, at the level of its first bullet, outside fences; the first of two equal fields counts and the entry is broken.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from echelon.core.documents import grammar, lines
from echelon.core.documents.findings import Finding
from echelon.core.documents.grammar import MARKERS, Language, State

Kind = Literal["backlog", "program", "enterprise"]
ID_OF: dict[Kind, str] = {"backlog": r"B\d{1,9}", "program": r"PRJ-\d{1,9}", "enterprise": r"PGM-\d{1,9}"}


class Entry(NamedTuple):
    """One item, project or program as the file says it. `broken`: an error finding lies in it."""

    id: str
    title: str
    priority: int
    size: str
    state: State
    depends: tuple[str, ...]
    order: int  # 0-based place in the file
    path: str = ""
    broken: bool = False
    waived: bool = False  # a person said to go on without it: it stands in nobody's way
    touches: tuple[str, ...] = ()  # paths it is expected to write, as globs

    @property
    def settled(self) -> bool:
        """Delivered, or failed and waived: whoever waits for it may go on."""
        return self.state is State.DELIVERED or (self.waived and self.state is State.FAILED)


@dataclass(frozen=True)
class EntriesDocument:
    """A parsed file. `spans[i]` is where `entries[i]` stands in `text`, header included."""

    kind: Kind
    text: str
    entries: tuple[Entry, ...]
    spans: tuple[tuple[int, int], ...]
    findings: tuple[Finding, ...] = ()
    preamble_end: int = 0
    _index: dict[str, int] = field(default_factory=dict)

    def find(self, entry_id: str) -> Entry | None:
        at = self._index.get(entry_id)
        return None if at is None else self.entries[at]

    def section(self, entry_id: str) -> str:
        """The entry's text, header line first, without blank lines at the end. Raises KeyError."""
        start, end = self.spans[self._index[entry_id]]
        return self.text[start:end].rstrip()

    def span(self, entry_id: str) -> tuple[int, int]:
        return self.spans[self._index[entry_id]]

    @cached_property
    def language(self) -> Language:
        return language_of(self.text[:20_000])

    @cached_property
    def duplicates(self) -> frozenset[str]:
        seen: set[str] = set()
        return frozenset(entry.id for entry in self.entries if entry.id in seen or seen.add(entry.id))


def _canonical(kind: Kind) -> re.Pattern[str]:
    """One regular expression for an entry written exactly as our own renderer writes it."""
    label = r"[ ]?:[ ]"
    free = r"Description|Critères d'acceptation|Acceptance criteria|Notes techniques|Technical notes"
    identifiers = ID_OF[kind] + (r"|PRJ-\d{1,9}/B\d{1,9}" if kind == "backlog" else "")
    size = rf"- (?:Taille|Size){label}(S|M|L|XL)\r?\n" if kind == "backlog" else "()"
    return re.compile(
        rf"###[ ]({ID_OF[kind]})[ ]—[ ]([^\s#](?:[^\n]*[^\s#])?)\r?\n"
        rf"- (?:Priorité|Priority){label}P([1-4])\r?\n{size}"
        rf"- (?:Statut|Status){label}\[([ x/~-])\]\r?\n"
        rf"- (?:Dépend de|Depends on){label}(—|(?:{identifiers})(?:,[ ](?:{identifiers}))*)\r?(?:\n|\Z)"
        rf"(?:(?:-[ ](?:{free})[ ]?:|[ ][ ](?![ ]?\#))[^\n]*(?:\n|\Z)|[ \t\r]*\n|---\r?(?:\n|\Z))*"
        rf"(?=\#\#?[ ]|\#\#\#[ ]{ID_OF[kind]}[ ]|\Z)"
    )


CANONICAL: dict[Kind, re.Pattern[str]] = {kind: _canonical(kind) for kind in ID_OF}
_HEADING = re.compile(r"\n[ ]{0,3}#[^\n]*")
OPAQUE = re.compile(r"```|~~~|<!--")
_ENTRY_HEADER = {
    kind: re.compile(rf"[ ]{{0,3}}###[ \t\u00a0]+({pattern})[ \t\u00a0]+([{grammar.DASHES}])(.*)", re.DOTALL)
    for kind, pattern in ID_OF.items()
}
_NEAR_HEADER = {
    kind: re.compile(rf"[ ]{{0,3}}#+[ \t\u00a0]*[*_`\[]*({pattern})(?![\w/-]*/)\b", re.IGNORECASE)
    for kind, pattern in ID_OF.items()
}


def parse(text: str, kind: Kind = "backlog", *, quick: bool = True) -> EntriesDocument:
    """Read a file. Total: any text gives a document; what was not understood is in `findings`.

    `quick=False` reads every entry with the line scanner, which finds more to say (`doctor`).
    """
    reader = _Reader(text, kind, quick and text.find("\ufeff", 1) < 0 and not OPAQUE.search(text))
    reader.run()
    entries = tuple(reader.entries)
    index: dict[str, int] = {}
    for at, entry in enumerate(entries):
        index.setdefault(entry.id, at)
    return EntriesDocument(kind, text, entries, tuple(reader.spans), tuple(reader.findings), reader.preamble_end, index)


class _Reader:
    def __init__(self, text: str, kind: Kind, quick: bool) -> None:
        self.text, self.kind, self.quick = text, kind, quick
        self.entries: list[Entry] = []
        self.spans: list[tuple[int, int]] = []
        self.findings: list[Finding] = []
        self.preamble_end = len(text)

    def run(self) -> None:
        if not self.quick:
            self._slow_headings()
            return
        text, match = self.text, CANONICAL[self.kind].match
        entries, spans = self.entries, self.spans
        add_entry, add_span, make = entries.append, spans.append, Entry._make  # 10,000 rounds: worth the locals
        position, order = self._next_heading(0), 0
        while position < len(text):
            found = match(text, position)
            if found is None:
                position = self._one_section(position)
                order = len(entries)
                continue
            identifier, title, priority, size, marker, depends = found.groups()
            waits = () if depends == "—" else tuple(dict.fromkeys(depends.split(", ")))
            values = (
                identifier,
                title,
                int(priority),
                size or "M",
                MARKERS[marker],
                waits,
                order,
                "",
                False,
                False,
                (),
            )
            add_entry(make(values))
            end = found.end()
            add_span((position, end))
            position = end
            order += 1
        self.preamble_end = spans[0][0] if spans else len(text)

    def _next_heading(self, position: int) -> int:
        """Offset of the next line that starts with a heading sign, at or after `position` (a line start)."""
        if position >= len(self.text):
            return len(self.text)
        if self.text[position : position + 5].lstrip(" \ufeff").startswith("#"):
            return position
        found = _HEADING.search(self.text, max(position - 1, 0))
        return found.start() + 1 if found else len(self.text)

    def _one_section(self, start: int) -> int:
        """Quick mode, not canonical: read one heading's section with the scanner; returns where the next starts."""
        end = self._section_end(start)
        self._section(start, end)
        return end

    def _section_end(self, start: int) -> int:
        """A section ends at the next heading of level 1-2, or at a level that looks like an entry."""
        text, near = self.text, _NEAR_HEADER[self.kind]
        position = text.find("\n", start) + 1
        while 0 < position < len(text):
            position = self._next_heading(position)
            end = text.find("\n", position)
            line = text[position : len(text) if end < 0 else end]
            if _ends_entry(line, near) or not self._is_entry(start):
                return position
            position = end + 1
        return len(text)

    def _is_entry(self, start: int) -> bool:
        end = self.text.find("\n", start)
        line = self.text[start : len(self.text) if end < 0 else end]
        return bool(_NEAR_HEADER[self.kind].match(line.lstrip("\ufeff")))

    def _slow_headings(self) -> None:
        """Every line, with fences and comments told apart: used when there are any, and by doctor."""
        near = _NEAR_HEADER[self.kind]
        start = -1
        scanned = lines.split(self.text)
        self._hidden(scanned, near)
        for line in scanned:
            if line.opaque or "#" not in line.text[:5]:
                continue
            raw = line.text.lstrip("\ufeff")
            if lines.heading(line) is None and not near.match(raw):
                continue
            if start >= 0 and not _ends_entry(raw, near):
                continue
            if start >= 0:
                self._section(start, line.start)
                start = -1
            if near.match(raw):
                start = line.start
        if start >= 0:
            self._section(start, len(self.text))
        self.preamble_end = self.spans[0][0] if self.spans else len(self.text)

    def _hidden(self, scanned: list[lines.Line], near: re.Pattern[str]) -> None:
        """A fence or comment that is never closed swallows the rest of the file: that is said, entry by entry."""
        closing = lines.left_open(self.text) if scanned and scanned[-1].opaque else ""
        if not closing:
            return
        for line in reversed(scanned):
            if not line.opaque:
                break
            if near.match(line.text.lstrip("\ufeff")):
                shown = line.text.strip()[:80]
                message = (
                    f'"{shown}" stands in a fence or comment that is never closed by "{closing}"; it is not counted'
                )
                self.findings.append(Finding("HEADER_ALMOST", "error", line.start, message))

    def _section(self, start: int, end: int) -> None:
        scanned = lines.split(self.text, start, end)
        header = scanned[0].text.lstrip("\ufeff") if scanned else ""
        if not _NEAR_HEADER[self.kind].match(header):
            return
        found = _ENTRY_HEADER[self.kind].fullmatch(header)
        title = lines.closed(found[3]) if found and found[3][:1] in lines.BLANKS else ""
        if found is None or not title:
            self._almost(start, header)
            return
        if found[2] != "—":
            message = f'the dash in the header of {found[1]} is "{found[2]}"; the format writes "—"'
            self.findings.append(Finding("HEADER_DASH", "info", start, message, found[1], "write an em dash"))
        entry, findings = _read_entry(scanned, found[1], title, len(self.entries), self.kind)
        self.findings.extend(findings)
        self.entries.append(entry)
        self.spans.append((start, end))

    def _almost(self, start: int, header: str) -> None:
        shown = header.strip()[:80]
        message = f'"{shown}" looks like an entry but is not `### ID — title`; it is not counted'
        self.findings.append(Finding("HEADER_ALMOST", "error", start, message))


def _ends_entry(line: str, near: re.Pattern[str]) -> bool:
    """Headings of level 1-2 end an entry, and so does whatever looks like another entry."""
    found = lines.HEADING.match(line)
    return bool((found and len(found[1]) <= 2) or near.match(line))


class HeadField(NamedTuple):
    """A field in the head of an entry, with the span of its value in the document."""

    key: str
    value: str
    start: int
    end: int
    line_end: int


def head_fields(scanned: list[lines.Line]) -> tuple[list[HeadField], list[Finding]]:
    """The fields of an entry's head: its top-level bullets before any sub-heading, outside fences."""
    found: list[HeadField] = []
    findings: list[Finding] = []
    base = -1
    for line in scanned[1:]:
        if line.opaque:
            continue
        if lines.heading(line):
            break
        bullet = lines.BULLET.match(line.text)
        labelled = lines.labelled(line.text)
        key = grammar.FIELD_KEYS.get(grammar.fold(labelled.label)) if labelled else None
        if not bullet and not (labelled and key and labelled.bullet == "-"):  # the peer reads `-Priority: P1` too
            continue
        indent = lines.width(bullet[1]) if bullet else lines.indent_of(line.text)
        base = indent if base < 0 else base
        if labelled is None or (bullet and lines.BOX.match(bullet[4])):
            continue
        if indent > base:
            if key in ("priority", "size", "status", "depends"):
                message = f'"{labelled.label}" is indented below another bullet; it is not read as a field'
                findings.append(Finding("FIELD_NESTED", "warning", line.start, message))
            continue
        start = line.start + labelled.value_start
        if key is None:
            findings.extend(_unknown_field(labelled.label, line.start))
            continue
        found.append(HeadField(key, labelled.value, start, start + len(labelled.value), line.end))
    return found, findings


def _unknown_field(label: str, offset: int) -> list[Finding]:
    close = difflib.get_close_matches(grammar.fold(label), list(grammar.FIELD_KEYS), n=1, cutoff=0.75)
    if close:
        key = grammar.FIELD_KEYS[close[0]]
        known = grammar.field(key, "en").rstrip(" :") + " / " + grammar.field(key, "fr").rstrip(" :")
        message = f'"{label}" is not a field of the format; did you mean {known}?'
        return [Finding("FIELD_ALMOST", "error", offset, message)]
    return [Finding("FIELD_UNKNOWN", "info", offset, f'"{label}" is not a field of the format; it is kept as text')]


_SINGLE = frozenset({"priority", "size", "status", "depends", "path", "waived"})


def _read_entry(
    scanned: list[lines.Line], entry_id: str, title: str, order: int, kind: Kind
) -> tuple[Entry, list[Finding]]:
    fields, findings = head_fields(scanned)
    values: dict[str, HeadField] = {}
    for item in fields:
        if item.key in values and item.key in _SINGLE:
            message = f"{entry_id} says {item.key} twice; which one counts is not clear"
            findings.append(Finding("FIELD_DUPLICATE", "error", item.start, message))
            continue
        values.setdefault(item.key, item)
    priority = _priority(values.get("priority"), entry_id, findings)
    size = _size(values.get("size"), entry_id, findings) if kind == "backlog" else "M"
    state = _state(values.get("status"), entry_id, scanned[0].start, findings)
    depends = _depends(values.get("depends"), entry_id, kind, findings)
    path = values["path"].value.strip("`") if "path" in values and kind != "backlog" else ""
    waived = bool(values["waived"].value) if "waived" in values else False
    touches = (part.strip().strip("`") for part in values["touches"].value.split(",")) if "touches" in values else ()
    marked = [finding if finding.subject else finding._replace(subject=entry_id) for finding in findings]
    broken = any(finding.severity == "error" for finding in marked)
    globs = tuple(part for part in touches if part)
    return Entry(entry_id, title, priority, size, state, depends, order, path, broken, waived, globs), marked


def _priority(value: HeadField | None, entry_id: str, findings: list[Finding]) -> int:
    if value is None:
        return 4
    found = re.match(r"[pP]?([1-4])(?!\w)", value.value)
    if found is None:
        message = f'{entry_id}: priority "{value.value[:40]}" is none of P1 to P4'
        findings.append(Finding("BAD_PRIORITY", "error", value.start, message))
        return 4
    if not value.value.startswith("P"):
        message = f'{entry_id}: priority "{found[0]}" is read as P{found[1]}'
        findings.append(Finding("PRIORITY_SPELLING", "info", value.start, message, repair=f"write P{found[1]}"))
    return int(found[1])


def _size(value: HeadField | None, entry_id: str, findings: list[Finding]) -> str:
    if value is None:
        return "M"
    word = re.split(r"[\s(,;]", value.value, maxsplit=1)[0]
    size = grammar.SIZE_WORDS.get(grammar.fold(word)) or (word.upper() if word.upper() in grammar.SIZES else "")
    if not size:
        message = f'{entry_id}: size "{value.value[:40]}" is none of S, M, L, XL'
        findings.append(Finding("BAD_SIZE", "error", value.start, message))
        return "M"
    return size


def _state(value: HeadField | None, entry_id: str, header: int, findings: list[Finding]) -> State:
    if value is None:
        message = f"{entry_id} has no status line; it is read as pending"
        findings.append(Finding("STATUS_MISSING", "info", header, message, repair="add the status line"))
        return State.PENDING
    found = re.match(r"\[(.)\]", value.value)
    if found and found[1] == "X":
        message = f'{entry_id}: "[X]" is read as "[x]"'
        findings.append(Finding("MARKER_SPELLING", "info", value.start, message, repair="write [x]"))
        return State.DELIVERED
    if found is None or found[1] not in MARKERS:
        message = f'{entry_id}: status "{value.value[:40]}" is none of [ ] [/] [x] [-] [~]'
        findings.append(Finding("UNKNOWN_MARKER", "error", value.start, message))
        return State.SUSPENDED
    return MARKERS[found[1]]


def _depends(value: HeadField | None, entry_id: str, kind: Kind, findings: list[Finding]) -> tuple[str, ...]:
    if value is None or grammar.fold(value.value) in grammar.NO_DEPENDENCY:
        return ()
    known = re.compile(ID_OF[kind] + (r"|PRJ-\d{1,9}/B\d{1,9}" if kind == "backlog" else ""))
    tokens, plain = grammar.dependencies(value.value)
    if not plain:
        message = f'{entry_id}: dependencies "{value.value[:60]}" are read as a list; the format writes commas'
        findings.append(Finding("DEPENDENCY_SPELLING", "info", value.start, message, repair="write commas"))
    waits: list[str] = []
    for token in tokens:
        if not known.fullmatch(token):
            message = f'{entry_id} depends on "{token[:40]}", which is not an id'
            findings.append(Finding("BAD_DEPENDENCY", "error", value.start, message))
        if token not in waits:
            waits.append(token)
    return tuple(waits)


@lru_cache(maxsize=16)  # asked again after every edit, mostly of the same beginning of a long file
def language_of(text: str) -> Language:
    """The language a file is written in, by its labels and headings; English when it does not show."""
    french = english = 0
    for line in lines.split(text):
        title = lines.heading(line)
        labelled = None if title else lines.labelled(line.text)
        word = grammar.fold(title[1] if title else labelled.label if labelled else "")
        french += word in grammar.FRENCH
        english += word in grammar.ENGLISH
    return "fr" if french > english else "en"


# ------------------------------------------------------------------------------------------------ edits


def set_state(document: EntriesDocument, entry_id: str, state: State) -> EntriesDocument:
    """Flip an entry's marker: three bytes change, or one line is added when it had no status. Raises KeyError."""
    at = document._index[entry_id]  # noqa: SLF001 - same module
    start, end = document.spans[at]
    scanned = lines.split(document.text, start, end)
    fields, _ = head_fields(scanned)
    box = f"[{grammar.MARKER_OF[state]}]"
    status = next((item for item in fields if item.key == "status"), None)
    if status is None:
        known = next((item for item in reversed(fields) if item.key in ("size", "priority")), None)
        after = known.line_end if known else scanned[0].end
        return _splice(document, at, after, after, _new_line(document, after, _lead(scanned), box), state)
    found = re.match(r"\[[^\]\n]?\]", status.value)
    length = len(found[0]) if found else 0
    separator = "" if length or not status.value else " "
    return _splice(document, at, status.start, status.start + length, box + separator, state)


def waive(document: EntriesDocument, entry_id: str, reason: str) -> EntriesDocument:
    """Add the line that says that a person goes on without this entry. `reason` is one line. Raises KeyError."""
    start, end = document.span(entry_id)
    scanned = lines.split(document.text, start, end)
    fields, _ = head_fields(scanned)
    status = next((item for item in fields if item.key == "status"), None)
    after = status.line_end if status else scanned[0].end
    newline = lines.newline_of(document.text)
    row = f"{_lead(scanned)}- {grammar.field('waived', document.language)} {reason}"
    piece = f"{row}{newline}" if document.text[after - 1] == "\n" else f"{newline}{row}"
    return parse(document.text[:after] + piece + document.text[after:], document.kind)


def _lead(scanned: list[lines.Line]) -> str:
    """The blanks before the first bullet of an entry: a new field stands as far to the right, else it would hide it."""
    for line in scanned[1:]:
        if not line.opaque and lines.heading(line):
            break
        if not line.opaque and (lines.BULLET.match(line.text) or lines.labelled(line.text)):
            return line.text[: len(line.text) - len(line.text.lstrip(" \t\u00a0\ufeff"))].replace("\ufeff", "")
    return ""


def _new_line(document: EntriesDocument, after: int, lead: str, box: str) -> str:
    newline = lines.newline_of(document.text)
    row = f"{lead}- {grammar.field('status', document.language)} {box}"
    return f"{row}{newline}" if document.text[after - 1] == "\n" else f"{newline}{row}"


def _splice(document: EntriesDocument, at: int, start: int, end: int, new: str, state: State) -> EntriesDocument:
    text = document.text[:start] + new + document.text[end:]
    shift = len(new) - (end - start)
    spans = document.spans
    if shift:
        own = (spans[at][0], spans[at][1] + shift)
        spans = (*spans[:at], own, *((a + shift, b + shift) for a, b in spans[at + 1 :]))
    found: list[Finding] = []
    broken = False
    for finding in document.findings:
        first, last = document.spans[at]
        here = first <= finding.offset < last or finding.offset == last == len(document.text)
        own_finding = here and finding.subject == document.entries[at].id
        if own_finding and finding.code in ("STATUS_MISSING", "MARKER_SPELLING", "UNKNOWN_MARKER"):
            continue
        broken = broken or (own_finding and finding.severity == "error")
        found.append(finding._replace(offset=finding.offset + shift) if finding.offset >= end else finding)
    edited = document.entries[at]._replace(state=state, broken=broken)
    entries = (*document.entries[:at], edited, *document.entries[at + 1 :])
    return replace(document, text=text, entries=entries, spans=spans, findings=tuple(found))
