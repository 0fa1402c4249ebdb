"""docs/FORMAT.md: the words come from grammar.py, the explanations stand here, the examples are parsed by the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from echelon.core.documents import grammar, render, sections
from echelon.core.documents.criteria import COMMAND_LENGTH_MAX
from echelon.core.documents.grammar import Label
from echelon.core.documents.render import QUOTE_LINES_MAX
from echelon.core.documents.sections import JOURNAL_ENTRIES_KEPT, JOURNAL_ENTRIES_MAX

Table = Callable[[Sequence[str], Iterable[Sequence[object]]], str]

BACKLOG_EN = """# Backlog — Linkshelf

## Legend
Priority: P1 (critical) → P4 (optional)

### B001 — Log in with a password
- Priority: P1
- Size: M
- Status: [ ]
- Depends on: —
- Description: One account, one password.
- Acceptance criteria:
  - [ ] a wrong password answers 401 — check: `pytest -q tests/acceptance/test_login.py`
  - [ ] the tests so far stay green — guard: `pytest -q`
  - [ ] the page reads well on a phone
- Technical notes: no cookie without `HttpOnly`.

### B002 — Log out
- Priority: P2
- Size: S
- Status: [ ]
- Depends on: B001
- Acceptance criteria:
  - [ ] the session is gone — check: `pytest -q tests/acceptance/test_logout.py`
"""
BACKLOG_FR = """# Backlog — Linkshelf

### B001 — Se connecter par mot de passe
- Priorité : P1
- Taille : M
- Statut : [ ]
- Dépend de : —
- Description : un compte, un mot de passe.
- Critères d'acceptation :
  - [ ] un mauvais mot de passe répond 401 — preuve : `pytest -q tests/acceptance/test_login.py`
  - [ ] les tests existants restent verts — garde : `pytest -q`
  - [ ] la page se lit bien sur un téléphone
"""
SPEC = """# Spec — Linkshelf

## Objective
A shelf for links, for one person.

## Definition of done
- no type errors — guard: `pyrefly check`
- the change is explained to the next reader
"""
TODO = """# Mission — B001 : Log in with a password
<!-- echelon:mission B001.1 -->

## Tasks
- [x] read the spec
- [/] the form
  - [ ] the error message

## Completion record
- Files: src/login.py, tests/test_login.py
- Notes: passwords are compared in constant time.
- Follow-up: —
"""
TIME = "2026-01-05T09:00:00.000Z"
ESCALATION = sections.Escalation(
    "ESC-2026-01-05T09-00-00-000Z-B001",
    "B001 — Log in with a password does not close: checks_red",
    "1: checks_red; 2: checks_red; 3: timed_out",
    (
        sections.Option("Clarify", "the agent tries again", "costs further attempts"),
        sections.Option("Give up", "the rest goes on", "B002 never starts"),
    ),
    "What shall be done?",
)


def journal_example() -> str:
    text = sections.append_journal(
        "# Project\n", sections.journal_line(TIME, "item_started", "B001 — Log in", "en"), "Project", "en"
    )
    text = sections.append_journal(
        text, sections.journal_line(TIME, "item_delivered", "B001 — Log in", "en"), "Project", "en"
    )
    return sections.append_escalation(text, ESCALATION, "Project", "en")


def words(table: Table, labels: Iterable[Label], head: str = "idea") -> str:
    return table(
        (head, "English", "French", "also read"),
        [
            (label.key, f"`{label.en}`", f"`{label.fr}`", ", ".join(f"`{form}`" for form in label.also))
            for label in labels
        ],
    )


def block(text: str) -> str:
    return f"````markdown\n{text.rstrip()}\n````\n"


def format_page(note: str, table: Table) -> str:
    return "\n".join((f"# Format of the state files\n\n{note}", _INTRO, *_backlog(table), *_others(table), _DOCTOR))


def _backlog(table: Table) -> tuple[str, ...]:
    marks = [(f"`[{mark}]`", state.value) for mark, state in grammar.MARKERS.items()]
    none = ", ".join(f"`{word}`" for word in sorted(grammar.NO_DEPENDENCY) if word)
    dashes = ", ".join(f"`{dash}`" for dash in grammar.DASHES)
    sizes = ", ".join(f"`{size}`" for size in grammar.SIZES)
    priorities = ", ".join(f"`P{number}`" for number in grammar.PRIORITIES)
    return (
        (
            "## The backlog: `.opencode/backlog.md`\n\nAn item is a level-3 heading `### B001 — title` and the bullets below "
            f"it. Its id is `B` and digits.\nThe dash may be any of {dashes}; the format writes the first.\n"
        ),
        block(BACKLOG_EN),
        (
            "The same in French. A file is edited in the language it is written in; new files take `language` from the\n"
            "settings.\n"
        ),
        block(BACKLOG_FR),
        (
            "### Fields\n\nCase, accents, Unicode form and the kind of dash, apostrophe and space do not matter to the "
            "reader. A field counts\nwhen it stands at the level of the item's first bullet, before any sub-heading and "
            "outside code fences.\n"
        ),
        words(table, grammar.FIELDS, "field"),
        (
            f"- Priority is one of {priorities}; P4 when it is missing.\n- Size is one of {sizes}; M when it is missing.\n"
            "- Status is a marker, see below; pending when it is missing.\n- Dependencies are ids with commas between them: "
            f"`B001, B002`, or `PRJ-001/B002` for an item of another\n  project. No dependency is written {none}, or nothing.\n"
            "- Everything else is free text and is kept byte for byte.\n"
        ),
        "### Markers\n",
        table(("marker", "state"), marks),
        _ORDER,
        *_checks(table),
    )


def _checks(table: Table) -> tuple[str, ...]:
    rows = [
        (f"`{label.en}:`", f"`{label.fr} :`", "red on the base, green on the candidate" if key == "check" else
         "green on the base, green on the candidate, and no fewer tests than before")
        for key, label in grammar.CHECK_LABELS.items()
    ]  # fmt: skip
    return (
        (
            "### Criteria and checks\n\nOne bullet below the criteria label is one criterion, with all its wrapped lines and "
            "nested bullets. At its end it\nmay carry a check: a dash, a label, a colon, and a command in backquotes (more "
            "backquotes when the command holds\none).\n"
        ),
        table(("English", "French", "must be"), rows),
        (
            f"A command has 1 to {COMMAND_LENGTH_MAX} characters and is run by `bash` in a clean checkout. "
            "Red means that it ran and said no.\nNot found, timed out or killed is *could not run*, and never red. "
            "A label without a command in backquotes is an\nerror (`CHECK_MALFORMED`), not silence.\n\n"
            "A criterion without a check has to be attested by a person or by a reviewer session. A box that is ticked\n"
            "in the file proves nothing. The [states](reference/states.md) say what may follow what.\n"
        ),
    )


def _others(table: Table) -> tuple[str, ...]:
    pending, decided = grammar.ESCALATION_PENDING, grammar.ESCALATION_DECIDED
    return (
        (
            "## The spec: `.opencode/spec.md`\n\nFree text. Two things of it decide: its digest, so that a change while an "
            "item is in flight is noticed, and the checks\nin its definition of done, which hold for every item.\n"
        ),
        block(SPEC),
        "Headings that are known:\n",
        words(table, grammar.HEADINGS, "heading"),
        (
            "## The mission's list: `.opencode/todo.md`\n\nIt lies in the slot and is the agent's own. The comment names the "
            "mission it belongs to: a list of another mission says\nnothing about this one. Any marker but `[x]` is open, at "
            "any depth.\n\nThe completion record at its end is a soft contract: without one an item closes all the same, and the answer, the\n"
            "journal, `echelon status` and `echelon report` say so. Of several records the last one counts. A heading that almost matches\n"
            "(`### Compte-rendu`) is read where no other does and a field of the record follows; the warning names the right one. Text\n"
            "without a field counts as notes, a box below a field as a part of it, any other box as a task. What is kept of a record\n"
            "(100 files, 2,000 characters of notes and of what is left) stands in the archived item, in the attempt, in the statement of the\n"
            "merge, and in the report; projects and programs roll it up in the journals above them.\n"
        ),
        block(TODO),
        words(table, grammar.RECORD_FIELDS, "record"),
        (
            "Beside it an agent may keep `verification-checklist.md` (open boxes keep the item open) and `sync-issues.md`\n"
            "(empty, or a word for nothing, means that there are none).\n"
        ),
        (
            "## The contract: `.opencode/context.md`\n\nThe item in flight stands on top of it between two markers; the text "
            f"below is the person's and is left alone.\n\n    {grammar.CONTEXT_START}\n    {grammar.CONTEXT_END}\n\n"
            "`backlog-item-active.md` holds a copy of the item while it is in flight; it is archived under\n"
            "`.opencode/archive/backlog-items/` when it ends.\n"
        ),
        (
            "## Journal and escalations: `.opencode/project.md`\n\nAn entry goes to the end of its own section. Above "
            f"{JOURNAL_ENTRIES_MAX} entries the newest {JOURNAL_ENTRIES_KEPT} stay, and the others move to\n"
            "`.opencode/archive/journals/`. `(PARALLÈLE)` or `(PARALLEL)` behind a type changes nothing.\n"
        ),
        block(journal_example()),
        words(table, grammar.JOURNAL_TYPES.values(), "kind"),
        (
            f"An escalation waits while its status line is `{pending.en}` (French `{pending.fr}`), and is decided with\n"
            f"`{decided.en} — the decision (time)` (French `{decided.fr} — …`). A person decides it with the action\n"
            f"`resolve_escalation`. It has {sections.OPTIONS_MIN} or {sections.OPTIONS_MAX} options. When its context begins "
            "with the id of an item, that item waits.\n"
        ),
        words(table, grammar.ESCALATION_PARTS, "part"),
        (
            "## Free text\n\nWords from agents, files and people never become structure: one line is folded and cut at "
            f"{render.LINE_MAX} characters, a\nblock whose lines could be read as structure is written as a quotation, at most "
            f"{QUOTE_LINES_MAX} lines.\n"
        ),
        (
            "## Programs and the enterprise\n\n`program.md` lists projects as `### PRJ-001 — title`, `enterprise.md` programs as "
            "`### PGM-001 — title`, with the fields\nof an item but for the size and the criteria; `Depends on` names entries of the "
            "same file. How they live: [portfolios](PORTFOLIO.md).\nAbove its first program `enterprise.md` carries three settings, "
            "each with the last value said there:\n"
        ),
        words(table, grammar.CONFIGURATION, "setting"),
        (
            f"The budget is a whole number from 1. The strategy is one of {', '.join(f'`{word}`' for word in grammar.STRATEGIES)}. "
            "Parallelism is on\nfor one of "
            f"{', '.join(f'`{word}`' for word in sorted(grammar.ON_WORDS))} and off else;\nother words are a finding "
            "(`BAD_SETTING`), and change nothing: `on hold` is not on.\n\nIn an item, `Files` says what it is expected to "
            "write, as paths and globs with commas between; `Waived`, with a reason, is a person's\nword that everybody goes on "
            "without this failed item, project or program.\n"
        ),
    )


_INTRO = """The files under `.opencode/` are the only truth about the work; people, agents and Echelon read the same text. The
format is that of open-codining 1.0.6, so its files are read as they are, and it is wider: labels in English and French,
and checks on criteria. A file is never rewritten as a whole: an edit changes its own bytes and no others, so line ends,
byte order mark, tabs and a missing last line feed stay as they are. Any bytes can be read; what is not understood is a
finding with file, line and column.

| file | whose |
|---|---|
| `spec.md`, `backlog.md` | yours: commit them, they are what you approve |
| `orchestrator.jsonc` | yours: [settings](reference/settings.md) |
| `enterprise.md`, `program.md` | yours, where there are several projects: commit them too |
| `project.md`, `backlog-item-active.md`, `archive/` | written by Echelon for people to read |
| `echelon/` | Echelon's records: operations, evidence, missions, attempts. Text, hash-chained, not edited by hand |
| `todo.md`, `context.md` | in the slot of a mission; the agent's list and its contract |
"""

_ORDER = """### Order

Among the items that may start, the one with the highest priority goes first, then the oldest, then the smallest. Age is
the position in the file: the item that stands higher is older. No two items of one file share a position, so within one
file size never decides. It can decide only between items that stand at the same position of different files.
"""

_DOCTOR = """## What doctor repairs

`echelon doctor` shows every finding at once. `--repair` rewrites only what is read the same afterwards: the dash of a
header, `[X]`, `p1`, separators of dependencies, a missing status line. It also brings markers and records together in
the direction that keeps work. It is one operation, so `echelon undo` takes it back.
"""
