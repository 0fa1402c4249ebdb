"""Journals, escalations and the injected block: parts of a file that grow under their own heading.

An entry goes to the end of its own section, never to the end of the file (peer-levels.md W30/31), and the heading is
looked for as a heading, not as a substring.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from echelon.core.documents import grammar, lines
from echelon.core.documents.grammar import Language
from echelon.core.documents.render import one_line, quote, stamp

JOURNAL_ENTRIES_MAX = 200
JOURNAL_ENTRIES_KEPT = 150
OPTIONS_MIN, OPTIONS_MAX = 2, 3

_DATED = re.compile(r"- \[(\d{4}-\d{2}-\d{2}T[^\]\n]{1,30})\] ([^\n]*)")


class JournalEntry(NamedTuple):
    time: str
    kind: str  # key of grammar.JOURNAL_TYPES, or the words as written
    message: str  # continuation lines joined with LF
    start: int
    end: int


class Rotation(NamedTuple):
    text: str
    archive: str  # "" when nothing had to move


def _span(text: str, key: str) -> tuple[int, int] | None:
    """Where the section under the level-2 heading `key` stands, heading included."""
    start = -1
    for line in lines.split(text):
        title = lines.heading(line)
        if not title or title[0] > 2:
            continue
        if start >= 0:
            return start, line.start
        if grammar.HEADING_KEYS.get(grammar.fold(title[1])) == key:
            start = line.start
    return (start, len(text)) if start >= 0 else None


def _append(text: str, key: str, block: str, title: str, language: Language) -> str:
    """Put `block` (ends with LF) after what a section holds, with file title and heading when they are missing.

    One piece is inserted and nothing else changes. A fence or comment that the file leaves open is closed first, for
    inside it nothing could be read again.
    """
    newline = lines.newline_of(text)
    span = _span(text, key)
    if span is None:
        at, lead = len(text), "\n"
        block = f"## {grammar.heading(key, language)}\n{block}"
        if not text.strip("\ufeff \t\r\n"):
            lead = f"# {title}\n\n"
    else:
        filled = [line for line in lines.split(text, *span) if line.text.strip()]
        at, lead = filled[-1].end, ""
    closing = lines.left_open(text) if span is None or span[1] == len(text) else ""
    before, after = text[:at], text[at:]
    if before.strip("\ufeff") and not before.endswith("\n"):
        lead = "\n" + (f"{closing}\n" if closing else "") + lead
    elif closing:
        lead = f"{closing}\n{lead}"
    elif span is None and before.endswith(newline * 2):
        lead = lead.removeprefix("\n")
    tail = "\n" if after and after.split("\n", 1)[0].strip() else ""
    return before + (lead + block + tail).replace("\n", newline) + after


def journal_line(time: str, kind: str, message: str, language: Language) -> str:
    label = grammar.JOURNAL_TYPES[kind].text(language)
    return f"- [{time}] {label} — {one_line(message)}\n"


def append_journal(text: str, entry: str, title: str, language: Language) -> str:
    return _append(text, "journal", entry, title, language)


def read_journal(text: str) -> tuple[JournalEntry, ...]:
    """Entries under the journal heading, each with the lines that continue it. Total."""
    span = _span(text, "journal")
    if span is None:
        return ()
    found: list[JournalEntry] = []
    for line in lines.split(text, *span)[1:]:
        dated = None if line.opaque else _DATED.match(line.text)
        if dated:
            label, dash, message = dated[2].partition(" — ")
            found.append(
                JournalEntry(dated[1], _kind(label) if dash else "", message if dash else label, line.start, line.end)
            )
        elif found:
            last = found[-1]
            extra = f"\n{line.text}" if line.text.strip() else ""
            found[-1] = last._replace(message=last.message + extra, end=line.end if extra else last.end)
    return tuple(found)


def _kind(label: str) -> str:
    folded = grammar.fold(label)
    for mark in (grammar.JOURNAL_PARALLEL.en, grammar.JOURNAL_PARALLEL.fr):
        folded = folded.removesuffix(grammar.fold(mark)).rstrip()
    for key, known in grammar.JOURNAL_TYPES.items():
        if folded in (grammar.fold(known.en), grammar.fold(known.fr)):
            return key
    return label


def rotate_journal(text: str, path: str) -> Rotation:
    """Above 200 entries keep the newest 150; the archive holds the others whole, continuation lines too (W28, W29)."""
    if text.count("- [") <= JOURNAL_ENTRIES_MAX:  # there are no more entries than that: most calls end here
        return Rotation(text, "")
    entries = read_journal(text)
    if len(entries) <= JOURNAL_ENTRIES_MAX:
        return Rotation(text, "")
    moved = entries[: len(entries) - JOURNAL_ENTRIES_KEPT]
    body = "".join(text[entry.start : entry.end] for entry in moved)
    kept: list[str] = []
    position = 0
    for entry in moved:
        kept.append(text[position : entry.start])
        position = entry.end
    live = "".join((*kept, text[position:]))
    return Rotation(live, f"# Journal archivé — {path} ({len(moved)} entrées)\n\n{body}")


def archive_name(path: str, time: str) -> str:
    flat = re.sub(r"[^A-Za-z0-9_-]+", "-", path).strip("-")
    return f".opencode/archive/journals/{stamp(time)}-{flat}.md"


# ------------------------------------------------------------------------------------------- injected block


def inject_block(context: str, block: str) -> str:
    """Put the contract on top of context.md, replacing one that we put there before."""
    rest = eject_block(context)
    return f"{grammar.CONTEXT_START}\n{_disarm(block.strip())}\n{grammar.CONTEXT_END}\n{rest}"


def eject_block(context: str) -> str:
    """Take our block away, byte for byte. Markers in the middle of the person's own text are left alone (W47)."""
    text = context
    while text.startswith(grammar.CONTEXT_START):
        end = text.find(grammar.CONTEXT_END)
        if end < 0:
            return text
        after = end + len(grammar.CONTEXT_END)
        after += 2 if text.startswith("\r\n", after) else 1 if text.startswith("\n", after) else 0
        text = text[after:]
    return text


def block_of(context: str) -> str:
    """The block that `inject_block` put on top, without its markers; "" when there is none."""
    if not context.startswith(grammar.CONTEXT_START):
        return ""
    return context[len(grammar.CONTEXT_START) :].partition(grammar.CONTEXT_END)[0].strip()


def _disarm(block: str) -> str:
    """The delimiters inside the block itself lose their power."""
    for marker in (grammar.CONTEXT_START, grammar.CONTEXT_END):
        block = block.replace(marker, marker.replace("<!--", "‹!--"))
    return block


# ------------------------------------------------------------------------------------------------ escalations


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    pros: str
    cons: str


@dataclass(frozen=True, slots=True)
class Escalation:
    id: str
    context: str
    attempts: str
    options: tuple[Option, ...]
    expected: str
    decision: str = ""  # "" while pending
    start: int = 0
    end: int = 0

    @property
    def pending(self) -> bool:
        return not self.decision


def append_escalation(text: str, escalation: Escalation, title: str, language: Language) -> str:
    """The block of peer-levels.md §10; every free text is quoted, so that none of it can be structure."""
    part = {label.key: label.text(language) for label in grammar.ESCALATION_PARTS}
    pros, cons = ("Pour", "Contre") if language == "fr" else ("For", "Against")
    mark = grammar.colon(language)
    rows = [
        f"\n### {escalation.id}\n{grammar.ESCALATION_PENDING.text(language)}\n",
        f"#### {part['context']}\n{quote(escalation.context)}\n",
        f"#### {part['attempts']}\n{quote(escalation.attempts)}\n",
        f"#### {part['options']}",
    ]
    for number, option in enumerate(escalation.options, 1):
        rows.append(f"{number}. **{one_line(option.label)}**")
        rows.append(f"   - {pros}{mark} {one_line(option.pros)}\n   - {cons}{mark} {one_line(option.cons)}")
    rows.append(f"\n#### {part['expected']}\n{quote(escalation.expected)}\n")
    return _append(text, "escalations", "\n".join(rows), title, language)


def read_escalations(text: str) -> tuple[Escalation, ...]:
    """Every escalation block in the file; total."""
    heads: list[tuple[int, str]] = []
    ends: list[int] = []
    for line in lines.split(text):
        title = lines.heading(line)
        if not title or title[0] > 3:
            continue
        ends.append(line.start)
        if title[0] == 3 and grammar.ESCALATION_ID.fullmatch(title[1]):
            heads.append((line.start, title[1]))
    found: list[Escalation] = []
    for start, identifier in heads:
        following = bisect_right(ends, start)
        end = ends[following] if following < len(ends) else len(text)
        found.append(_escalation(text, identifier, start, end))
    return tuple(found)


_STATUS = re.compile(r"(?:Statut|Status)\s*:(.*)", re.IGNORECASE | re.DOTALL)
_DECIDED = re.compile(rf"(?:DÉCIDÉ|DECIDED)\s+[{grammar.DASHES}](?=\s|$)", re.IGNORECASE)


def _decision(status: str) -> str:
    """The words of a status that says DECIDED, without the date in brackets behind them; "" while pending."""
    value = unicodedata.normalize("NFC", status.strip())
    found = _DECIDED.match(value)
    if not found:
        return ""
    words = value[found.end() :].strip()
    opening = words.rfind("(")
    dated = words.endswith(")") and ")" not in words[opening:-1] and words[:opening][-1:].strip() == ""
    return words[:opening].strip() if opening >= 0 and dated else words


def _escalation(text: str, identifier: str, start: int, end: int) -> Escalation:
    parts: dict[str, list[str]] = {}
    key, decision = "", ""
    for line in lines.split(text, start, end)[1:]:
        title = lines.heading(line)
        if title:
            key = grammar.ESCALATION_KEYS.get(grammar.fold(title[1]), "")
        elif key:
            parts.setdefault(key, []).append(line.text)
        elif not line.opaque and (status := _STATUS.match(line.text)):
            decision = decision or _decision(status[1])
    words = {name: "\n".join(rows).strip() for name, rows in parts.items()}
    options = _options(parts.get("options", []))
    return Escalation(
        identifier,
        words.get("context", ""),
        words.get("attempts", ""),
        options,
        words.get("expected", ""),
        decision,
        start,
        end,
    )


def _options(rows: list[str]) -> tuple[Option, ...]:
    found: list[list[str]] = []
    for row in rows:
        numbered = re.match(r"\d+\.\s+\*\*(.*)\*\*\s*$", row)
        if numbered:
            found.append([numbered[1], "", ""])
        elif found and (labelled := lines.labelled(row)):
            at = {"pour": 1, "for": 1, "contre": 2, "against": 2}.get(grammar.fold(labelled.label))
            if at:
                found[-1][at] = labelled.value
    return tuple(Option(*row) for row in found)


def resolve_escalation(text: str, escalation: Escalation, decision: str, time: str, language: Language) -> str:
    """Write a person's decision into the pending block; only its status line changes, or comes where there was none."""
    status = f"{grammar.ESCALATION_DECIDED.text(language)} — {one_line(decision)} ({time})"
    for line in lines.split(text, escalation.start, escalation.end)[1:]:
        if lines.heading(line):
            break
        if not line.opaque and _STATUS.match(line.text):
            tail = text[line.start + len(line.text) : line.end]
            return text[: line.start] + status + tail + text[line.end :]
    head = lines.split(text, escalation.start, escalation.end)[0]  # a person's block without a status line gets one
    newline = lines.newline_of(text)
    row = f"{status}{newline}" if text[: head.end].endswith("\n") else f"{newline}{status}"
    return text[: head.end] + row + text[head.end :]
