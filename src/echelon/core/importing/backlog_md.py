"""Backlog.md: one Markdown file for each task, with front matter and marked sections, in folders by their fate."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from echelon.core.importing import front, markdown
from echelon.core.importing.model import (
    PRIORITY,
    Fate,
    Files,
    Losses,
    Note,
    Reading,
    Task,
    Words,
    begun,
    fate_of,
    natural,
    priority_of,
    unique,
)

CONFIGS = ("config.yml", "config.yaml", "backlog.config.yml")
_NO_TASK = re.compile(r"(?:decision|doc|milestone|m)-\d", re.IGNORECASE)  # they have a status too
_NUMBERED = re.compile(r"#\d{1,6}[ \t]+")
_FOLDERS: Mapping[str, tuple[Fate, str]] = {
    "completed": ("done", "completed"),
    "archive": ("dropped", "archived"),
    "drafts": ("dropped", "draft"),
}
_KNOWN = frozenset(("id", "title", "status", "dependencies", "priority", "ordinal", "parent_task_id", "parent", "created_date",
                    "updated_date", "description"))  # fmt: skip


def recognise(files: Files) -> bool:
    return any(is_task(text) for path, text in files.items() if path.endswith(".md"))


def is_task(text: str) -> bool:
    """Whether a file is one of Backlog.md's tasks."""
    if not text.removeprefix("\ufeff").startswith("---"):
        return False
    found = front.split(text)[0]
    if "id" not in found or "title" not in found or _NO_TASK.match(found["id"].text):
        return False
    return "status" in found or "dependencies" in found


def read(files: Files) -> Reading:
    losses, notes = Losses(), list[Note]()
    config = _config(files)
    final = config["statuses"].items[-1:] if "statuses" in config else ()
    found: list[tuple[float, Task, tuple[Words, ...]]] = []
    for path, text in files.items():
        if not path.endswith(".md"):
            continue
        if is_task(text):
            found.append(_task(path, text, final, losses))
        elif "/tasks/" in f"/{path}":
            notes.append(Note(path, 1, "no front matter with an id and a title, so it is not read as a task"))
    found.sort(key=lambda row: (row[0], natural(row[1].origin)))
    common = _common([done for _, _, done in found], config)
    tasks = tuple(_with_own(task, done, common) for _, task, done in found)
    name = config["project_name"].text if "project_name" in config else ""
    return Reading(name, tasks, (*notes, *losses.notes()), done=common)


def _config(files: Files) -> Mapping[str, front.Value]:
    for path, text in files.items():
        if posixpath.basename(path) in CONFIGS:
            found = front.mapping(text.removeprefix("\ufeff").split("\n"))
            if "project_name" in found or "statuses" in found or "task_prefix" in found:
                return found
    return {}


def _task(path: str, text: str, final: tuple[str, ...], losses: Losses) -> tuple[float, Task, tuple[Words, ...]]:
    head, below, above = front.split(text)
    status = head["status"].text if "status" in head else ""
    fate, why = _fate(path, status, final)
    _note_losses(path, head, status, losses)
    scanned = markdown.scan(markdown.without_comments(below), above)
    description, criteria, done, notes = head["description"].text if "description" in head else "", (), (), list[str]()
    for section in _sections(scanned):
        key = section.title.casefold()
        if markdown.is_criteria(section.title):
            criteria = _unnumbered(markdown.criteria(section.lines))
        elif key == "definition of done":
            done = _unnumbered(markdown.criteria(section.lines))
        elif key in ("description", "") and not description:
            description = markdown.body(section.lines)
        elif written := markdown.body(section.lines):
            notes.append(f"{section.title}\n{written}")
    parent = next((head[key].text for key in ("parent_task_id", "parent") if key in head), "")
    words, rest = markdown.first_paragraph(description)
    made = Task(
        head["id"].text,
        head["title"].text,
        path,
        head["id"].line,
        words,
        criteria,
        _ids(head["dependencies"]) if "dependencies" in head else (),
        (priority_of(head["priority"].text) if "priority" in head else None) or PRIORITY,
        fate=fate,
        why=why,
        notes="\n\n".join(part for part in (f"Part of {parent}" if parent else "", rest, *notes) if part),
    )
    return _ordinal(head), made, done


def _sections(scanned: list[markdown.Line]) -> list[markdown.Section]:
    """The sections of level 1 and 2, each with the deeper ones in it."""
    found: list[markdown.Section] = []
    for section in markdown.sections(scanned):
        if section.level > 2 and found:
            title = markdown.Line(section.line, f"{'#' * section.level} {section.title}", False)
            found[-1] = found[-1]._replace(lines=(*found[-1].lines, title, *section.lines))
        else:
            found.append(section)
    return found


def _ids(value: front.Value) -> tuple[str, ...]:
    return unique(word.strip(" '\"") for word in (value.items or value.text.split(",")))


def _ordinal(head: Mapping[str, front.Value]) -> float:
    word = head["ordinal"].text if "ordinal" in head else ""
    return float(word) if re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", word) else float("inf")


def _fate(path: str, status: str, final: tuple[str, ...]) -> tuple[Fate, str]:
    for folder in posixpath.dirname(path).split("/")[-2:]:  # completed/x.md, archive/tasks/x.md
        if folder in _FOLDERS:
            return _FOLDERS[folder]
    if status and status in final:
        return "done", status
    return fate_of(status), status


def _note_losses(path: str, head: Mapping[str, front.Value], status: str, losses: Losses) -> None:
    for key, value in head.items():
        if key not in _KNOWN and value.text:
            losses.add(f'"{key}" has no counterpart here', path, value.line)
    if begun(status):
        losses.add(f"{status} starts again as pending", path, head["status"].line)
    if "priority" in head and head["priority"].text and priority_of(head["priority"].text) is None:
        losses.add(
            f'priority "{head["priority"].text[:40]}" is not known; P{PRIORITY} is taken', path, head["priority"].line
        )


def _unnumbered(found: tuple[Words, ...]) -> tuple[Words, ...]:
    """Backlog.md numbers its criteria (`#1 …`); here their place is their number."""
    return tuple(words._replace(text=_NUMBERED.sub("", words.text, count=1)) for words in found)


def _common(found: list[tuple[Words, ...]], config: Mapping[str, front.Value]) -> tuple[str, ...]:
    """The definition of done of the whole: what the configuration says, and lines that more than one task has."""
    counts = Counter(text for lines in found for text in {words.text for words in lines})
    given = config["definition_of_done"].items if "definition_of_done" in config else ()
    return unique((*given, *(text for text, count in counts.items() if count > 1)))


def _with_own(task: Task, done: tuple[Words, ...], common: tuple[str, ...]) -> Task:
    own = tuple(words for words in done if words.text not in common)
    return replace(task, criteria=(*task.criteria, *own))
