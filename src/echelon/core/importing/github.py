"""GitHub issues: what `gh issue list --json …` and GitHub's own API write."""

from __future__ import annotations

import re
from typing import Any

from echelon.core.documents import grammar
from echelon.core.importing import located, markdown
from echelon.core.importing.located import Located, list_of, text_of
from echelon.core.importing.model import (
    PRIORITY,
    Fate,
    Files,
    Losses,
    Note,
    Reading,
    Task,
    Words,
    priority_of,
    size_of,
    unique,
)
from echelon.errors import InputError

_WAITS = re.compile(r"(?:depends on|blocked by|depend de|bloqué par)[ \t]*:?[ \t]*([^\n]{0,300})", re.IGNORECASE)
_NUMBERS = re.compile(r"([\w.-]+/[\w.-]+)?#(\d{1,9})\b")
_ONLY_REFERENCE = re.compile(r"\s*(?:[\w.-]+/[\w.-]+)?#\d{1,9}\b|\s*https?://\S+\s*$")
_NO_RESPONSE = re.compile(r"^_No response_[ \t]*\r?$", re.MULTILINE)
_LABEL_PRIORITY = re.compile(r"(?:priority|prio|severity)[ :/_-]+(.+)|(p[0-4])(?:\b.*)?", re.IGNORECASE)
_LABEL_SIZE = re.compile(r"(?:size|effort|estimate|t-?shirt)[ :/_-]+(.+)", re.IGNORECASE)


def recognise(files: Files) -> bool:
    """A list of issues, alone or by its name among other files."""
    for path, text in files.items():
        if not path.endswith(".json") and len(files) > 1:
            continue
        if '"title"' in text and '"number"' in text and (len(files) == 1 or "issue" in path.rpartition("/")[2]):
            try:
                if _issues(located.parse(text, path)):
                    return True
            except InputError:
                if len(files) == 1:
                    return True  # then reading it says what is wrong
    return False


def _issues(value: Any) -> list[Located]:
    rows = [value] if isinstance(value, dict) and "number" in value else list_of(value)
    if isinstance(value, dict) and not rows:
        rows = list_of(value.get("issues")) or list_of(value.get("items"))
    return [row for row in rows if isinstance(row, Located) and "number" in row and "title" in row]


def read(files: Files) -> Reading:
    losses, notes, tasks = Losses(), list[Note](), list[Task]()
    for path, text in files.items():
        if '"title"' not in text or '"number"' not in text:
            continue
        for row in _issues(located.parse(text, path)):
            if "pull_request" in row or "headRefName" in row:
                losses.add("a pull request is no issue; it is left out", path, row.line)
            else:
                tasks.append(_task(path, row, losses, notes))
    tasks.sort(key=lambda task: int(task.origin[1:]) if task.origin[1:].isdecimal() else 0)
    return Reading("", tuple(tasks), (*notes, *losses.notes()))


def _task(path: str, row: Located, losses: Losses, notes: list[Note]) -> Task:
    origin = f"#{text_of(row.get('number'))}"
    written = _NO_RESPONSE.sub("", text_of(row.get("body")).replace("\r\n", "\n"))
    text = markdown.without_comments(written)
    criteria, rest = _criteria(text, row.line)
    description, more = markdown.first_paragraph(rest)
    priority, size = _labels(path, row, losses)
    fate, why = _fate(row)
    for key, name in (("assignees", "assignees"), ("milestone", "milestone"), ("comments", "comments")):
        if row.get(key) not in (None, "", [], {}, 0):
            losses.add(
                f"{name} have no counterpart here" if name != "milestone" else "a milestone has no counterpart here",
                path,
                row.line,
            )
    return Task(
        origin, text_of(row.get("title")), path, row.line, description, criteria, _depends(path, row, text, notes),
        priority, size, fate, why, more,
    )  # fmt: skip


def _fate(row: Located) -> tuple[Fate, str]:
    state = text_of(row.get("state")).casefold()
    if state != "closed" and row.get("closed") is not True:
        return "open", state
    reason = text_of(row.get("stateReason") or row.get("state_reason")).casefold()
    return ("dropped", reason.replace("_", " ")) if reason in ("not_planned", "duplicate") else ("done", "closed")


def _criteria(text: str, line: int) -> tuple[tuple[Words, ...], str]:
    """(what an acceptance section promises, else every box that is not just another issue; the text without them)."""
    scanned = markdown.scan(text)
    found, kept = list[Words](), list[markdown.Line]()
    for section in markdown.sections(scanned):
        if markdown.is_criteria(section.title):
            found += markdown.criteria(section.lines)
            continue
        kept += [scanned[section.line - 1]] if section.level else []
        for label, block in markdown.labelled_blocks(section.lines):
            if label in markdown.CRITERIA_TITLES:
                found += markdown.criteria(block)
            else:
                kept += [scanned[block[0].number - 2]] if label and block else []
                kept += block
    if not found:
        boxes = [entry for entry in markdown.every(markdown.bullets(scanned)) if entry.mark is not None and entry.text]
        boxes = [entry for entry in boxes if not _ONLY_REFERENCE.match(entry.text)]
        found = [Words(entry.text, 0) for entry in boxes]
        taken = {entry.line for entry in boxes if not entry.wrapped}
        kept = [row for row in kept if row.number not in taken]
    return tuple(words._replace(line=line) for words in found), markdown.body(kept)


def _labels(path: str, row: Located, losses: Losses) -> tuple[int, str]:
    priority, size = PRIORITY, "M"
    value = row.get("labels")
    rows = list_of(value.get("nodes")) if isinstance(value, dict) else list_of(value)
    for entry in rows:
        name = text_of(entry.get("name") if isinstance(entry, dict) else entry).strip()
        asked, sized = _LABEL_PRIORITY.fullmatch(name), _LABEL_SIZE.fullmatch(name)
        known = priority_of(asked[1] or asked[2]) if asked else None
        given = size_of(sized[1]) if sized else None
        priority, size = known or priority, given or size
        if name and known is None and given is None:
            losses.add(f'the label "{name[:60]}" has no counterpart here', path, row.line)
    return priority, size


def _depends(path: str, row: Located, text: str, notes: list[Note]) -> tuple[str, ...]:
    """GitHub's own blocking issues, and what the text says: `Depends on #12, #14`."""
    found: list[str] = []
    value = row.get("blockedBy") or row.get("blocked_by")
    for entry in list_of(value.get("nodes")) if isinstance(value, dict) else list_of(value):
        number = text_of(entry.get("number")) if isinstance(entry, dict) else text_of(entry).lstrip("#")
        if isinstance(entry, dict) and _repository(entry) not in ("", _repository(row)):
            notes.append(
                Note(
                    path, row.line, f"waits for {_repository(entry)}#{number}, an issue of another repository; left out"
                )
            )
        elif number:
            found.append(f"#{number}")
    for said in _WAITS.findall(text):
        for other, number in _NUMBERS.findall(said):
            if other and grammar.fold(other) != grammar.fold(_repository(row)):
                notes.append(
                    Note(path, row.line, f"waits for {other}#{number}, an issue of another repository; left out")
                )
            else:
                found.append(f"#{number}")
    return unique(found)


def _repository(row: dict[str, Any]) -> str:
    """`owner/name` from an issue's address, "" when it has none."""
    found = re.search(r"/([\w.-]{1,100}/[\w.-]{1,100})/issues/\d", text_of(row.get("url") or row.get("html_url")))
    return found[1].removeprefix("repos/") if found else ""
