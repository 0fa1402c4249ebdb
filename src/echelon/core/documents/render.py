"""New documents and blocks, in the canonical form of the format, in the workspace's language.

Free text (from agents, files, people) goes through `one_line` or `quote`: no line of it can be read as structure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from echelon.core.documents import grammar
from echelon.core.documents.criteria import Check, Criterion, render_check
from echelon.core.documents.grammar import Language, State
from echelon.core.documents.todo import Record

LINE_MAX = 500
WORDS_MAX = 2_000  # of a criterion or a description, which may be long and are one line all the same
QUOTE_LINES_MAX = 200
SUMMARY_MAX = 200
CLOSING_LINE_MAX = 20_000  # of an archived item: holds the longest field of a record that is kept

_STRUCTURE = re.compile(r"\s*(#|[-*+]|\d+[.)](\s|\[)|```|~~~|<!--|>|(statut|status)\s*:|\|)", re.IGNORECASE)


def clean(text: str) -> str:
    """Text without control characters and direction overrides; line feeds and tabs stay."""
    if text.isprintable():  # most texts: nothing to take out, and nothing to look at sign by sign
        return text
    kept = (ch for ch in text if ch in "\n\t" or unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    return "".join(kept)


def one_line(text: str, limit: int = LINE_MAX) -> str:
    """Free text as one line: white space folded, control characters gone, cut at `limit` with an ellipsis."""
    plain = len(text) <= limit and "  " not in text and "--" not in text and text.isprintable()
    if plain and text[:1] != " " and text[-1:] != " ":  # most lines are that already
        return text
    folded = " ".join(clean(text).replace("<!--", "‹!--").replace("-->", "--›").split())
    return folded if len(folded) <= limit else folded[: limit - 1].rstrip() + "…"


def quote(text: str) -> str:
    """Free text as a block: as it stands when no line of it can be structure, else as a Markdown quotation."""
    rows = [row.rstrip() for row in clean(text).strip().split("\n")][:QUOTE_LINES_MAX]
    if not any(_STRUCTURE.match(row) for row in rows):
        return "\n".join(rows)
    return "\n".join(f"> {row}".rstrip() for row in rows)


def stamp(time: str) -> str:
    """`2026-01-05T09:00:00.000Z` as it stands in file names and escalation ids."""
    return time.replace(":", "-").replace(".", "-")


def summary(record: Record | None, language: Language, limit: int = SUMMARY_MAX) -> str:
    """One line for journals; "" when there is no record."""
    if record is None:
        return ""
    count = len(record.files)
    files = f"{count} fichier(s)" if language == "fr" else f"{count} file(s)"
    follow = ("suivi" if language == "fr" else "follow-up") if record.follow_up else ""
    tail = f", {follow}: {record.follow_up}" if follow else ""
    return one_line(f"{files}, notes: {record.notes or '—'}{tail}", limit)


def criterion(words: str, check: Check | None, language: Language) -> str:
    return f"  - [ ] {one_line(words, WORDS_MAX)}{render_check(check, language)}"


def active_item(item_id: str, title: str, section: str, since: str, fingerprint: str, language: Language) -> str:
    """backlog-item-active.md; only its fingerprint line is ever read back, by the peer."""
    if language == "fr":
        words = ("Item actif", "Spec de référence", "Lire", "Item (copié depuis backlog.md)", "Statut")
        status = f"En cours depuis : {since}\nEmpreinte spec : {fingerprint}"
    else:
        words = ("Active item", "Reference spec", "Read", "Item (copied from backlog.md)", "Status")
        status = f"In progress since: {since}\nSpec fingerprint: {fingerprint}"
    return (
        f"# {words[0]} — {item_id} : {title}\n\n## {words[1]}\n{words[2]} `.opencode/spec.md`.\n\n"
        f"## {words[3]}\n{section}\n\n## {words[4]}\n{status}\n"
    )


def mission_todo(mission: str, item_id: str, title: str, criteria: Sequence[Criterion], language: Language) -> str:
    """The todo.md a mission starts with: one task per criterion, to be broken down by the agent."""
    heading = "Tâches" if language == "fr" else "Tasks"
    tasks = "\n".join(f"- [ ] {one_line(entry.text)}" for entry in criteria) or f"- [ ] {one_line(title)}"
    return f"# Mission — {item_id} : {one_line(title)}\n<!-- echelon:mission {mission} -->\n\n## {heading}\n{tasks}\n"


def completion_record(files: Sequence[str], notes: str, follow_up: str, language: Language) -> str:
    labels = [grammar.field(key, language) for key in ("files", "notes", "follow_up")]
    labels[1] = "Notes :" if language == "fr" else "Notes:"
    values = (", ".join(files) or "—", one_line(notes) or "—", one_line(follow_up) or "—")
    body = "\n".join(f"- {label} {value}" for label, value in zip(labels, values, strict=True))
    return f"\n## {grammar.heading('record', language)}\n{body}\n"


def archive(active: str, closing: Sequence[str], language: Language) -> str:
    """The archived active file with its closing lines (peer-levels.md §3.10)."""
    heading = "Clôture" if language == "fr" else "Closing"
    return f"{active.rstrip()}\n\n## {heading}\n" + "\n".join(one_line(row, CLOSING_LINE_MAX) for row in closing) + "\n"


def spec_skeleton(name: str, language: Language) -> str:
    """What `echelon init` writes when there is no spec: headings to fill in."""
    if language == "fr":
        rows = ("Ce que l'on veut obtenir, mesurable.", "…", "…", "…", "les tests existants passent")
    else:
        rows = ("What is wanted, measurable.", "…", "…", "…", "existing tests pass")
    head = {
        key: grammar.heading(key, language)
        for key in ("objective", "scope", "in_scope", "out_of_scope", "constraints", "done")
    }
    return (
        f"# Spec — {name}\n\n## {head['objective']}\n{rows[0]}\n\n## {head['scope']}\n### {head['in_scope']}\n- {rows[1]}\n\n"
        f"### {head['out_of_scope']}\n- {rows[2]}\n\n## {head['constraints']}\n- {rows[3]}\n\n## {head['done']}\n- {rows[4]}\n"
    )


def legend(language: Language) -> str:
    """The legend block at the top of a backlog, word for word as the format has it in French."""
    if language == "fr":
        return (
            "## Légende\nPriorité : P1 (critique) → P4 (optionnel)\nTaille : S (<2h) | M (2-4h) | L (4-8h) | XL (>8h)\n"
            "Statut : [ ] à faire | [/] en cours | [x] livré | [-] annulé | [~] suspendu\n\n---\n"
        )
    return (
        "## Legend\nPriority: P1 (critical) → P4 (optional)\nSize: S (<2h) | M (2-4h) | L (4-8h) | XL (>8h)\n"
        "Status: [ ] to do | [/] in progress | [x] delivered | [-] failed | [~] suspended\n\n---\n"
    )


def backlog_skeleton(name: str, language: Language) -> str:
    return f"# Backlog — {name}\n\n{legend(language)}"


@dataclass(frozen=True, slots=True)
class NewItem:
    """A backlog entry to be written. `criteria`: words and check. `notes`: lines that are plain or quoted already."""

    id: str
    title: str
    priority: int
    size: str
    depends: tuple[str, ...] = ()
    description: str = ""
    criteria: tuple[tuple[str, Check | None], ...] = ()
    state: State = State.PENDING
    touches: str = ""
    notes: tuple[str, ...] = ()


def item(new: NewItem, language: Language) -> str:
    """The entry in canonical form, with a blank line after it; a field that says nothing is left out."""

    def row(key: str, value: str) -> str:
        return f"- {grammar.field(key, language)} {value}".rstrip()

    rows = [
        f"### {new.id} — {one_line(new.title)}",
        row("priority", f"P{new.priority}"),
        row("size", new.size),
        row("status", f"[{grammar.MARKER_OF[new.state]}]"),
        row("depends", ", ".join(new.depends) or "—"),
    ]
    rows += [row("description", one_line(new.description, WORDS_MAX))] if new.description else []
    if new.criteria:
        rows += [row("criteria", ""), *(criterion(words, check, language) for words, check in new.criteria)]
    rows += [row("touches", new.touches)] if new.touches else []
    rows += [row("notes", new.notes[0]), *(f"  {line}".rstrip() for line in new.notes[1:])] if new.notes else []
    return "\n".join(rows) + "\n\n"
