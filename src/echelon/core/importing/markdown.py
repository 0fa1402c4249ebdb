"""What the Markdown formats share: front matter, sections, bullets with what hangs below them, criteria.

Built on the scanner of our own documents (`core/documents/lines`), so fences hide what is in them here too. Total: any
text gives a value; whatever is not understood stays text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from echelon.core.documents import grammar, lines
from echelon.core.importing.model import Words

CRITERIA_TITLES = frozenset(
    ("acceptance criteria", "acceptance criterion", "acceptance", "acceptance scenarios", "acceptance criteria (acs)",
     "acceptance criteria (bdd)", "criteria", "success criteria", "done when", "criteres d'acceptation", "criteres")
)  # fmt: skip
NESTED_MAX = 30  # levels of a list
_GIVEN = re.compile(r"(?:[-*+] |\d{1,9}[.)] )?\**given\b", re.IGNORECASE)
_ENDS_LIST = re.compile(r"[ ]{0,3}(?:\*\*|__|[|>]|([-*_])(?:[ \t]*\1){2,}[ \t]*$)")
_STEP_ENTRY = re.compile(r"(?:[-*+]|\d{1,9}[.)]) \**(?:when|then)\b", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_STEP_BOLD = re.compile(r"\*\*(given|when|then|and|but)\*\*:?", re.IGNORECASE)
_LABEL_LINE = re.compile(r"[ ]{0,3}(?:\*\*|__)([^*_:：]{1,60})[:：]?(?:\*\*|__)[ ]?[:：]?[ \t]*$")


class Line(NamedTuple):
    number: int  # from 1
    text: str
    opaque: bool  # inside a code fence


@dataclass(slots=True)
class Bullet:
    """A list entry: its first line and those it is wrapped over. `mark` is the character in its box, None without one."""

    first: str
    mark: str | None
    line: int
    indent: int
    wrapped: list[str] = field(default_factory=list)
    below: list[Bullet] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.first, *self.wrapped) if part)

    @property
    def done(self) -> bool:
        return self.mark in ("x", "X")

    def whole(self) -> str:
        """Its words with those below it, as one line."""
        words = self.text
        for part in filter(None, (child.whole() for child in self.below)):
            words += ("" if not words else " " if words.endswith((":", ":**")) else "; ") + part
        return words


class Section(NamedTuple):
    """A heading (level 0: what stands before the first one) and its own lines, without those of deeper headings."""

    level: int
    title: str
    line: int
    lines: tuple[Line, ...]


def without_comments(text: str) -> str:
    """The text with its HTML comments as blanks; line feeds stay, so that every line keeps its number."""
    parts: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        parts += (text[at:start], "\n" * text.count("\n", start, end))
        at = end + 3
    return "".join((*parts, text[at:]))


def scan(text: str, above: int = 0) -> list[Line]:
    """The lines of a text, each with its number; `above` lines of the file stand before them."""
    return [Line(number, line.text, line.opaque) for number, line in enumerate(lines.split(text), above + 1)]


def sections(scanned: Sequence[Line]) -> list[Section]:
    """The lines by their headings, in order."""
    heads: list[tuple[int, str, int, list[Line]]] = [(0, "", 0, [])]
    for line in scanned:
        found = None if line.opaque else lines.HEADING.match(line.text)
        if found and line.text.lstrip()[:1] == "#":
            heads.append((len(found[1]), lines.closed(found[2]), line.number, []))
        else:
            heads[-1][3].append(line)
    return [Section(level, title, number, tuple(rows)) for level, title, number, rows in heads]


def body(rows: Sequence[Line]) -> str:
    """Lines as text again, without blank ones at both ends."""
    return "\n".join(row.text for row in rows).strip("\n").rstrip()


def bullets(rows: Sequence[Line]) -> list[Bullet]:
    """The list entries of some lines, nested by their indentation."""
    roots: list[Bullet] = []
    stack: list[Bullet] = []
    blank = False
    for row in rows:
        if not row.text.strip():
            blank = True
            continue
        indent = lines.indent_of(row.text)
        found = None if row.opaque else lines.BULLET.match(row.text)
        if found:
            while stack and stack[-1].indent >= indent:
                stack.pop()
            box = lines.BOX.match(found[4])
            words = found[4][box.end() :] if box else found[4]
            entry = Bullet(words.strip(), (box[1] or " ") if box else None, row.number, indent)
            (stack[-1].below if stack else roots).append(entry)
            if len(stack) < NESTED_MAX:  # what is deeper stands side by side
                stack.append(entry)
        elif stack and (indent > stack[-1].indent or not (blank or row.opaque or _ENDS_LIST.match(row.text))):
            stack[-1].wrapped.append(row.text.strip())  # wrapped, or a lazy line as Markdown calls it
        else:
            stack = []
        blank = False
    return roots


def every(found: Sequence[Bullet]) -> list[Bullet]:
    """All list entries, those below others too, in order."""
    waiting, flat = list(reversed(found)), list[Bullet]()
    while waiting:
        entry = waiting.pop()
        flat.append(entry)
        waiting += reversed(entry.below)
    return flat


def criteria(rows: Sequence[Line]) -> tuple[Words, ...]:
    """What an acceptance section promises: scenarios (Given, When, Then), else its top list entries, else nothing."""
    scenarios = _scenarios(rows)
    found = scenarios or [Words(entry.whole(), entry.line) for entry in bullets(rows)]
    return tuple(Words(_STEP_BOLD.sub(r"\1", words.text).strip(), words.line) for words in found if words.text.strip())


def _scenarios(rows: Sequence[Line]) -> list[Words]:
    """Blocks that begin with Given and go on to the next one: paragraphs, or one list entry for each step."""
    begins = [at for at, row in enumerate(rows) if not row.opaque and _GIVEN.match(row.text.strip())]
    listed = [row for row in rows if not row.opaque and _STEP_ENTRY.match(row.text.strip())]
    if not begins or (lines.BULLET.match(rows[begins[0]].text) and not listed):
        return []  # each entry of the list is a whole scenario
    found = [Words(entry.whole(), entry.line) for entry in bullets(rows[: begins[0]])]
    for start, end in itertools.pairwise((*begins, len(rows))):
        words = (_PREFIX.sub("", row.text.strip()) for row in rows[start:end])
        block = " ".join(part for part in words if part and not set(part) <= set("-*_"))
        found.append(Words(block, rows[start].number))
    return found


def labelled_blocks(rows: Sequence[Line]) -> list[tuple[str, Sequence[Line]]]:
    """The lines by labels that stand alone in bold (`**Acceptance Criteria:**`); "" before the first."""
    found: list[tuple[str, list[Line]]] = [("", [])]
    for row in rows:
        label = None if row.opaque else _LABEL_LINE.match(row.text)
        if label:
            found.append((grammar.fold(label[1]), []))
        else:
            found[-1][1].append(row)
    return [(label, block) for label, block in found]


def is_criteria(title: str) -> bool:
    return grammar.fold(title).strip(" :*_") in CRITERIA_TITLES


def first_paragraph(text: str) -> tuple[str, str]:
    """(the first paragraph that is prose, folded; everything else)."""
    rows = text.split("\n")
    start = next((at for at, row in enumerate(rows) if row.strip()), len(rows))
    end = next((at for at, row in enumerate(rows[start:], start) if not row.strip()), len(rows))
    block = rows[start:end]
    if not block or any(re.match(r"\s*([#>|]|```|~~~|[-*+] |\d+[.)] )", row) for row in block):
        return "", text.strip("\n")
    return " ".join(row.strip() for row in block), "\n".join(rows[end:]).strip("\n")
