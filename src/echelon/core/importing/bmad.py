"""BMAD: story files (`# Story 1.2: …`), the stories in an epics file (`### Story 1.2: …`), and `sprint-status.yaml`.

A story file says more than the epics do, so it is the one that counts where there are both.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from echelon.core.documents import grammar
from echelon.core.importing import front, markdown
from echelon.core.importing.backlog_md import is_task
from echelon.core.importing.markdown import Line, Section
from echelon.core.importing.model import (
    PRIORITY,
    Files,
    Losses,
    Note,
    Part,
    Reading,
    Task,
    Words,
    begun,
    fate_of,
    natural,
    priority_of,
    unique,
)

_STORY = re.compile(r"\**story[ \t]+(\d{1,4}[.-]\d{1,4}[a-z]?)\**[ \t]*[:—–-]?[ \t]*(.*)", re.IGNORECASE)
_EPIC = re.compile(r"epic[ \t]+(\d{1,4})[ \t]*[:—–-]?[ \t]*(.*)", re.IGNORECASE)
_STATUS = re.compile(r"[ ]{0,3}\**status[ \t*:`\[]{1,20}([A-Za-z][\w -]{0,40})", re.IGNORECASE)
_FIELD = re.compile(r"[ ]{0,3}(?:[-*] )?\*\*([^*\n:]{1,60}):?\*\*[ \t]*:?[ \t]*(.*)")
_NUMBER = re.compile(r"(?<![\d.])(\d{1,4}\.\d{1,4}[a-z]?)(?![\d.])")
_SPRINT = re.compile(r"[ \t]+(\d{1,4})-(\d{1,4}[a-z]?)-[\w-]*[ \t]*:[ \t]*([\w-]+)")
_WAITS = frozenset(("prerequisites", "prerequisite", "dependencies", "depends on", "blocked by"))
_AS_A = re.compile(r"\**as an?\b|as \*\*", re.IGNORECASE)
_SKIPPED = frozenset(("dev agent record", "change log", "qa results", "file list"))


def recognise(files: Files) -> bool:
    return any(_headed(text) for path, text in files.items() if path.endswith(".md"))


def _headed(text: str) -> bool:
    """Stories, and criteria for them: a document that only talks about stories has none, and a task of another tool
    may be about one."""
    if not re.search(r"^#{1,5}[ \t]+\**story[ \t]+\d{1,4}[.-]\d", text, re.IGNORECASE | re.MULTILINE):
        return False
    return re.search(r"acceptance criteria", text, re.IGNORECASE) is not None and not is_task(text)


def read(files: Files) -> Reading:
    losses, notes = Losses(), list[Note]()
    sprint = _sprint(files)
    stories: dict[str, Task] = {}
    parts: list[Part] = []
    for path, text in sorted(files.items(), key=lambda row: natural(row[0])):
        if not path.endswith(".md") or not _headed(text):
            continue
        _, below, above = front.split(text)
        found = markdown.sections(markdown.scan(markdown.without_comments(below), above))
        single = next((section.level for section in found if _STORY.match(section.title)), 0) == 1
        for number, story in _stories(found):
            made = _task(path, number, story, sprint, losses)
            known = stories.get(number)
            if known and (known.path == path or single == _single(files[known.path])):
                notes.append(
                    Note(path, made.line, f"story {number} stands in {known.path}:{known.line} too; that one is taken")
                )
            elif known is None or single:
                stories[number] = _merged(made, known)
        parts += [] if single else _epics(found)
    if not sprint:
        notes += _unordered(list(stories.values()))
    ordered = sorted(stories.values(), key=lambda task: natural(task.origin))
    return Reading("", tuple(ordered), (*notes, *losses.notes()), parts=tuple(parts))


def _single(text: str) -> bool:
    return re.search(r"^#[ \t]+\**story[ \t]+\d", text, re.IGNORECASE | re.MULTILINE) is not None


def _merged(story: Task, epic: Task | None) -> Task:
    """A story file with what only the epics say."""
    if epic is None:
        return story
    return replace(story, depends=unique((*story.depends, *epic.depends)), criteria=story.criteria or epic.criteria)


def _unordered(tasks: list[Task]) -> list[Note]:
    open_ones = [task for task in tasks if task.fate == "open"]
    if len(open_ones) < 2 or any(task.depends for task in open_ones):
        return []
    words = "no story says what it depends on; they start in their order, and side by side where several slots are free"
    return [Note(open_ones[0].path, open_ones[0].line, words)]


def _sprint(files: Files) -> Mapping[str, str]:
    """story -> its state, from sprint-status.yaml."""
    found: dict[str, str] = {}
    for path, text in files.items():
        if posixpath.basename(path) in ("sprint-status.yaml", "sprint-status.yml"):
            for row in text.split("\n"):
                if said := _SPRINT.match(row):
                    found[f"{said[1]}.{said[2]}"] = said[3]
    return found


def _stories(found: Sequence[Section]) -> list[tuple[str, list[Section]]]:
    """(number, its section and the deeper ones below it)."""
    stories: list[tuple[str, list[Section]]] = []
    level = 0
    for section in found:
        head = _STORY.match(section.title) if section.level else None
        if head:
            stories.append((head[1].replace("-", "."), [section]))
            level = section.level
        elif stories and level and section.level > level:
            stories[-1][1].append(section)
        elif section.level:
            level = 0
    return stories


def _epics(found: Sequence[Section]) -> list[Part]:
    """The goals of the epics belong into the spec."""
    return [Part(f"Epic {head[1]}: {head[2]}", markdown.body(section.lines)) for section in found if (head := _EPIC.match(section.title))
            and markdown.body(section.lines)]  # fmt: skip


def _task(path: str, number: str, story: list[Section], sprint: Mapping[str, str], losses: Losses) -> Task:
    head = _STORY.match(story[0].title)
    status = sprint.get(number, "") or _status(story)
    if begun(status):
        losses.add(f"{status} starts again as pending", path, story[0].line)
    fields = _fields(story)
    word = fields.get("priority", ("", 0))[0]
    depends = unique(name for label in _WAITS for name in _NUMBER.findall(fields.get(label, ("", 0))[0]))
    description, notes = _prose(story)
    return Task(
        number,
        (head[2] if head else "").strip(" *"),
        path,
        story[0].line,
        description,
        _criteria(story),
        depends,
        priority_of(word.strip("`")) or PRIORITY,
        fate=fate_of(status),
        why=status,
        notes=notes,
        names=(f"story {number}", number.replace(".", "-")),
    )


def _status(story: list[Section]) -> str:
    for section in story:
        if grammar.fold(section.title).startswith("status"):
            inline = section.title.partition(":")[2].strip()
            return inline or next((row.text.strip(" *`") for row in section.lines if row.text.strip()), "")
    for row in story[0].lines:
        if found := _STATUS.match(row.text):
            return found[1].strip()
    return ""


def _fields(story: list[Section]) -> Mapping[str, tuple[str, int]]:
    """`**Prerequisites:** Story 1.1, 1.2` -> ("Story 1.1, 1.2", line)."""
    found: dict[str, tuple[str, int]] = {}
    for section in story:
        key = grammar.fold(section.title)
        if key in _WAITS:
            found.setdefault(key, (markdown.body(section.lines), section.line))
        for row in section.lines:
            if not row.opaque and (field := _FIELD.match(row.text)):
                found.setdefault(grammar.fold(field[1]), (field[2], row.number))
    return found


def _criteria(story: list[Section]) -> tuple[Words, ...]:
    """The acceptance section with the headings in it, or the block below a label in bold."""
    found: tuple[Words, ...] = ()
    level = 0
    for section in story:
        if markdown.is_criteria(section.title):
            level, found = section.level, (*found, *markdown.criteria(section.lines))
        elif level and section.level > level:
            inner = markdown.criteria(section.lines) or (Words(section.title, section.line),)
            found += tuple(
                Words(f"{section.title}: {row.text}" if row.text != section.title else row.text, row.line)
                for row in inner
            )
        else:
            level = 0
            for label, rows in markdown.labelled_blocks(section.lines):
                found += markdown.criteria(_before_field(rows)) if label in markdown.CRITERIA_TITLES else ()
    return found


def _before_field(rows: Sequence[Line]) -> Sequence[Line]:
    """Up to the next labelled line (`**Prerequisites:** Story 1.1`) that is no step of a scenario."""
    for at, row in enumerate(rows):
        field = None if row.opaque else _FIELD.match(row.text)
        if (
            field
            and ":" in row.text.partition(field[1])[2][:3]
            and grammar.fold(field[1]) not in ("given", "when", "then", "and", "but")
        ):
            return rows[:at]
    return rows


def _prose(story: list[Section]) -> tuple[str, str]:
    """(the story's own sentence, everything that is no criterion and no record of an agent)."""
    description = ""
    kept: list[str] = []
    skipped = 0
    for section in story:
        key = grammar.fold(section.title)
        if skipped and section.level > skipped:
            continue
        skipped = section.level if key in _SKIPPED or markdown.is_criteria(section.title) else 0
        text = _without_criteria(section)
        if skipped or key.startswith("status") or not text.strip():
            continue
        sentence, rest = markdown.first_paragraph(text)
        if (
            not description
            and (section is story[0] or key == "story" or _AS_A.match(sentence))
            and not _STATUS.match(sentence)
        ):
            description, text = sentence.replace("**", ""), rest
        if text.strip():
            kept.append(f"{section.title}\n{text}" if section is not story[0] else text)
    return description, "\n\n".join(kept)


def _without_criteria(section: Section) -> str:
    rows: list[str] = []
    for label, block in markdown.labelled_blocks(section.lines):
        kept = block[len(_before_field(block)) :] if label in markdown.CRITERIA_TITLES else block
        rows += [f"**{label}**"] if label and label not in markdown.CRITERIA_TITLES else []
        rows += [row.text for row in kept if not _is_said(row)]
    return "\n".join(rows).strip("\n")


def _is_said(row: Line) -> bool:
    """Whether the line is a status or a field that the item has a place for."""
    field = _FIELD.match(row.text)
    known = field is not None and grammar.fold(field[1]) in (*_WAITS, "priority")
    return known or _STATUS.match(row.text) is not None or row.text.strip() == "---"
