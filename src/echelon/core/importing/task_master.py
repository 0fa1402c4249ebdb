"""Task Master: `tasks.json`, either `{"tasks": […]}` or tags, each with its tasks."""

from __future__ import annotations

from typing import Any

from echelon.core.importing import located, markdown
from echelon.core.importing.located import Located, list_of, text_of
from echelon.core.importing.model import (
    PRIORITY,
    Files,
    Losses,
    Note,
    Reading,
    Task,
    Words,
    begun,
    fate_of,
    priority_of,
    unique,
)
from echelon.errors import InputError

MAIN_TAG = "master"
_KNOWN = frozenset(("id", "title", "description", "details", "teststrategy", "acceptancecriteria", "status", "dependencies", "priority",
                    "subtasks", "previousstatus", "updatedat", "createdat"))  # fmt: skip


def recognise(files: Files) -> bool:
    for path, text in files.items():
        if path.endswith(".json") and '"tasks"' in text:
            try:
                if _tags(located.parse(text, path)):
                    return True
            except InputError:
                if path.endswith("tasks.json"):
                    return True  # then reading it says what is wrong
    return False


def _tags(value: Any) -> dict[str, list[Any]]:
    """tag -> tasks; the untagged form has the tag ""."""
    if not isinstance(value, dict):
        return {}
    if isinstance(value.get("tasks"), list):
        return {"": value["tasks"]} if _are_tasks(value["tasks"]) else {}
    inner = {
        tag: entry["tasks"]
        for tag, entry in value.items()
        if isinstance(entry, dict) and isinstance(entry.get("tasks"), list)
    }
    return inner if any(map(_are_tasks, inner.values())) else {}


def _are_tasks(rows: list[Any]) -> bool:
    return any(isinstance(row, dict) and "title" in row for row in rows)


def read(files: Files) -> Reading:
    losses, notes, tasks = Losses(), list[Note](), list[Task]()
    name = ""
    for path, text in files.items():
        if not path.endswith(".json") or '"tasks"' not in text:
            continue
        value = located.parse(text, path)
        tags = _tags(value)
        chosen = _chosen(tags)
        notes += [
            Note(
                path,
                0,
                f'the tag "{tag[:60]}" with {len(rows)} task(s) is left out; put it into a file of its own to import it',
            )
            for tag, rows in tags.items()
            if tag != chosen and rows
        ]
        for row in tags.get(chosen, []):
            tasks += _task(path, row, losses, notes)
        name = name or _name(value)
    return Reading(name, tuple(tasks), (*notes, *losses.notes()))


def _chosen(tags: dict[str, list[Any]]) -> str:
    return MAIN_TAG if tags.get(MAIN_TAG) else next((tag for tag, rows in tags.items() if rows), "")


def _name(value: Any) -> str:
    for holder in (value, value.get("meta"), value.get("metadata")) if isinstance(value, dict) else ():
        if isinstance(holder, dict):
            name = text_of(holder.get("projectName") or holder.get("project"))
            if name:
                return name
    return ""


def _task(path: str, row: Any, losses: Losses, notes: list[Note]) -> list[Task]:
    if not isinstance(row, Located):
        notes.append(Note(path, 0, "an entry in the list of tasks is none; it is left out"))
        return []
    origin, status = text_of(row.get("id")), text_of(row.get("status"))
    subtasks = [entry for entry in list_of(row.get("subtasks")) if isinstance(entry, Located)]
    word = text_of(row.get("priority"))
    if word and priority_of(word) is None:
        losses.add(f'priority "{word[:40]}" is not known; P{PRIORITY} is taken', path, row.line)
    if begun(status):
        losses.add(f"{status} starts again as pending", path, row.line)
    for key, value in row.items():
        if key.casefold() not in _KNOWN and value not in (None, "", [], {}):
            losses.add(f'"{key[:40]}" has no counterpart here', path, row.line)
    made = Task(
        origin,
        text_of(row.get("title")),
        path,
        row.line,
        " ".join(text_of(row.get("description")).split()),
        _criteria(row, subtasks),
        _depends(row, subtasks),
        priority_of(word) or PRIORITY,
        fate=fate_of(status),
        why=status,
        notes="\n\n".join(part for part in (text_of(row.get("details")).strip(), _steps(origin, subtasks)) if part),
        names=tuple(f"{origin}.{text_of(entry.get('id'))}" for entry in subtasks),
    )
    return [made]


def _criteria(row: Located, subtasks: list[Located]) -> tuple[Words, ...]:
    """Said criteria, those of its subtasks, and the strategy by which it is to be tested."""
    found: list[Words] = []
    for entry in (row, *subtasks):
        text = text_of(entry.get("acceptanceCriteria"))
        listed = [bullet.whole() for bullet in markdown.bullets(markdown.scan(text))]
        found += [Words(words, entry.line) for words in listed or [" ".join(text.split())] if words]
    strategy = text_of(row.get("testStrategy"))
    listed = [bullet.whole() for bullet in markdown.bullets(markdown.scan(strategy))]
    prose = markdown.first_paragraph(strategy)[0]
    folded = [" ".join(strategy.split())] if not listed or prose else listed
    return (*found, *(Words(words, row.line) for words in folded if words))


def _depends(row: Located, subtasks: list[Located]) -> tuple[str, ...]:
    """Its own, and what its subtasks wait for in other tasks: an item waits as a whole. A bare number in a subtask
    means a sibling where there is one."""
    own = [text_of(value) for value in list_of(row.get("dependencies"))]
    siblings = {text_of(entry.get("id")) for entry in subtasks}
    origin = text_of(row.get("id"))
    for entry in subtasks:
        for value in list_of(entry.get("dependencies")):
            word = text_of(value)
            if word not in siblings and not word.startswith(f"{origin}.") and "." in word:
                own.append(word)
    return unique(own)


def _steps(origin: str, subtasks: list[Located]) -> str:
    rows: list[str] = []
    for entry in subtasks:
        mark = "x" if fate_of(text_of(entry.get("status"))) == "done" else " "
        rows.append(f"- [{mark}] {origin}.{text_of(entry.get('id'))} {' '.join(text_of(entry.get('title')).split())}")
        rows += [f"  {line}" for line in text_of(entry.get("description")).splitlines() if line.strip()]
    return "\n".join(("Subtasks", *rows)) if rows else ""
