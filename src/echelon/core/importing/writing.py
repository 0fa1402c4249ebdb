"""The two documents of an import, in the canonical form of the format. Everything of the origin is data in them.

No line of a text from outside can become structure: words are one line, longer texts are quoted, and what looks like a
check is put so that it is none, because a check is a command that will be run and only a person may ask for that.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from echelon.core.documents import entries, grammar, lines, render, spec
from echelon.core.documents.criteria import split_check
from echelon.core.documents.grammar import Language, State
from echelon.core.importing.model import CRITERION_MAX, Part, Reading

TITLE_MAX = 120  # a longer one is a description
DESCRIPTION_MAX = 2_000
SPEC_MAX = 400_000  # characters taken over into the spec
_CHECK_WORD = re.compile(rf"({'|'.join(grammar.CHECK_WORDS)})[ \u00a0]*[:：]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the backlog to be. All its texts are plain already."""

    id: str
    title: str
    priority: int
    size: str
    state: State
    depends: tuple[str, ...]
    description: str
    criteria: tuple[str, ...]
    notes: tuple[str, ...]  # lines; the first says where it comes from


def title(text: str) -> str:
    """Words that a header gives back as they are; "" when there are none."""
    words = render.one_line(text, TITLE_MAX)
    while (bare := lines.closed(words)) != words:  # `Title ##` is read without its signs
        words = bare
    return "" if set(words) <= set("#") else words


def criterion(text: str) -> str:
    """A criterion as one line that carries no check."""
    return defused(render.one_line(text, CRITERION_MAX))


def defused(words: str) -> str:
    """The same words, and no check: `check: `command`` becomes `(check) `command``."""
    _, check, problem = split_check(words)
    return _CHECK_WORD.sub(r"(\1)", words) if check or problem else words


def quoted(text: str) -> tuple[list[str], bool]:
    """A text as lines of a quotation, and whether something had to be cut."""
    limit = render.LINE_MAX * render.QUOTE_LINES_MAX
    whole = render.clean(text).strip("\n")
    rows: list[str] = []
    for row in whole[:limit].rstrip().split("\n") if whole.strip() else []:
        rows += textwrap.wrap(row, render.LINE_MAX) if len(row) > render.LINE_MAX else [row]
    cut = len(rows) > render.QUOTE_LINES_MAX or len(whole.rstrip()) > limit
    return [f"> {row}".rstrip() for row in rows[: render.QUOTE_LINES_MAX]], cut


def backlog(name: str, items: Sequence[Item], language: Language) -> str:
    return (
        render.backlog_skeleton(render.one_line(name, TITLE_MAX), language)
        + "\n"
        + "".join(_entry(item, language) for item in items)
    )


def _entry(item: Item, language: Language) -> str:
    label = {
        key: grammar.field(key, language)
        for key in ("priority", "size", "status", "depends", "description", "criteria", "notes")
    }
    rows = [
        f"### {item.id} — {item.title}",
        f"- {label['priority']} P{item.priority}",
        f"- {label['size']} {item.size}",
        f"- {label['status']} [{grammar.MARKER_OF[item.state]}]",
        f"- {label['depends']} {', '.join(item.depends) or '—'}",
    ]
    rows += [f"- {label['description']} {item.description}"] if item.description else []
    rows += [f"- {label['criteria']}", *(f"  - [ ] {words}" for words in item.criteria)] if item.criteria else []
    rows += [f"- {label['notes']} {item.notes[0]}", *(f"  {row}".rstrip() for row in item.notes[1:])]
    return "\n".join(rows) + "\n\n"


def spec_text(reading: Reading, name: str, objective: str, language: Language) -> tuple[str, bool]:
    """spec.md, and whether something had to be cut."""
    chunks = [f"# Spec — {render.one_line(name, TITLE_MAX)}\n"]
    taken = "\n\n".join(_part(part) for part in reading.parts)
    cut = len(taken) > SPEC_MAX
    taken = taken[:SPEC_MAX]
    held = {section.key for section in spec.parse(taken).sections}
    if "objective" not in held:
        chunks.append(f"## {grammar.heading('objective', language)}\n{render.one_line(objective, DESCRIPTION_MAX)}\n")
    if taken.strip():
        chunks.append(taken.strip("\n") + "\n")
    if "done" not in held:
        usual = "les tests existants passent" if language == "fr" else "existing tests pass"
        rows = [f"- {criterion(line)}" for line in reading.done if line.strip()] or [f"- {usual}"]
        chunks.append(f"## {grammar.heading('done', language)}\n" + "\n".join(rows) + "\n")
    return "\n".join(chunks), cut


def _part(part: Part) -> str:
    """A text with its title taken off, and below a heading of ours where it gets one; no bullet of it is a check."""
    rows: list[str] = []
    text = render.clean(part.text.replace("\r\n", "\n").replace("\r", "\n"))
    if lines.left_open(text):
        text += f"\n{lines.left_open(text)}"  # else the fence would swallow what follows
    for line in lines.split(text):
        head = lines.heading(line)
        if head and head[0] == 1 and not rows:
            continue
        level = min(6, head[0] + 1) if head else 0
        lowered = f"{'#' * level} {head[1]}" if head and part.title else line.text
        rows.append(defused(lowered) if not head and not line.opaque and lines.BULLET.match(line.text) else lowered)
    written = "\n".join(rows).strip("\n")
    return f"## {title(part.title) or 'Origin'}\n\n{written}" if part.title else written


def reads_back(text: str, items: Sequence[Item]) -> bool:
    """Whether a backlog says exactly these items: what is written must be what is meant."""
    found = entries.parse(text, quick=False).entries
    return [(one.id, one.title, one.priority, one.size, one.state, one.depends) for one in found] == [
        (one.id, one.title, one.priority, one.size, one.state, one.depends) for one in items
    ]
