"""OpenSpec: the changes under `openspec/changes`, each a proposal, a list of tasks, and what it changes in the specs.

A group of tasks (`## 1. …`) is one item and its boxes are the criteria; groups follow each other, as their numbers say.
The scenarios of a change hold when its last group is done, so they are criteria of that one.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from echelon.core.importing import markdown
from echelon.core.importing.model import Files, Note, Part, Reading, Task, Words, natural

_GROUP = re.compile(r"(?:(?:phase|group|step)[ \t]+)?(\d{1,4})[.:)]?(?=[ \t]|$)[ \t]*[-–—:]?[ \t]*(.*)", re.IGNORECASE)
_STEP = re.compile(r"(?:\d{1,4}\.)*\d{1,4}\.?[ \t]+")
_NUMBERED_BOX = re.compile(r"^[ \t]*[-*] \[[ xX]\] \d{1,4}\.\d", re.MULTILINE)
_REQUIREMENT = re.compile(r"requirement:[ \t]*(.+)", re.IGNORECASE)
_SCENARIO = re.compile(r"scenario:[ \t]*(.+)", re.IGNORECASE)
_OPERATION = re.compile(r"(added|modified|removed|renamed) requirements", re.IGNORECASE)
_STEP_WORD = re.compile(r"\*\*(given|when|then|and|but)\*\*", re.IGNORECASE)


def recognise(files: Files) -> bool:
    return bool(_changes(files))


def _changes(files: Files) -> list[str]:
    """The folders of changes: those with a list of tasks and a proposal, or with a list numbered as theirs is."""
    found: list[str] = []
    for path, text in files.items():
        folder = posixpath.dirname(path)
        if posixpath.basename(path) != "tasks.md" or not re.search(r"^[ \t]*[-*] \[[ xX]\]", text, re.MULTILINE):
            continue
        inside = "/changes/" in f"/{folder}/" and not re.search(r"^[ \t]*[-*] \[[ xX]\] \**T\d", text, re.MULTILINE)
        if posixpath.join(folder, "proposal.md") in files or inside or _NUMBERED_BOX.search(text):
            found.append(folder)
    return sorted(found, key=natural)


def read(files: Files) -> Reading:
    changes = _changes(files)
    tasks, notes, parts = list[Task](), list[Note](), list[Part]()
    for folder in changes:
        name = posixpath.basename(folder) or "change"
        archived = posixpath.basename(posixpath.dirname(folder)) == "archive"
        found, said = _change(folder, name, files, archived, alone=len(changes) == 1)
        tasks += found
        notes += said
        proposal = files.get(posixpath.join(folder, "proposal.md"), "")
        if proposal and any(task.fate == "open" for task in found):
            parts.append(Part(name, proposal))
    name = posixpath.basename(changes[0]) if len(changes) == 1 else ""
    return Reading(name, tuple(tasks), tuple(notes), parts=tuple(parts))


def _change(folder: str, name: str, files: Files, archived: bool, alone: bool) -> tuple[list[Task], list[Note]]:
    path = posixpath.join(folder, "tasks.md")
    scenarios, notes = _scenarios(folder, files)
    tasks: list[Task] = []
    for section in markdown.sections(markdown.scan(markdown.without_comments(files[path]))):
        boxes = [entry for entry in markdown.every(markdown.bullets(section.lines)) if entry.mark is not None]
        if not boxes:
            continue
        numbered = _GROUP.match(section.title)
        number = numbered[1] if numbered else str(len(tasks) + 1)
        title = (numbered[2] if numbered else section.title) or name
        done = archived or all(entry.done for entry in boxes)
        ticked = sum(entry.done for entry in boxes)
        if ticked and not done:
            notes.append(
                Note(
                    path,
                    section.line,
                    f"{ticked} of {len(boxes)} boxes are ticked; all are criteria, because ticks prove nothing",
                )
            )
        tasks.append(
            Task(
                number if alone else f"{name}/{number}",
                title if alone else f"{title} ({name})",
                path,
                section.line or boxes[0].line,
                criteria=tuple(Words(_STEP.sub("", entry.text, count=1), entry.line) for entry in boxes),
                depends=(tasks[-1].origin,) if tasks else (),
                fate="done" if done else "open",
                why="archived" if archived else "all boxes ticked",
            )
        )
    return _with_scenarios(tasks, scenarios, path, notes), notes


def _with_scenarios(tasks: list[Task], scenarios: tuple[Words, ...], path: str, notes: list[Note]) -> list[Task]:
    if not tasks or not scenarios:
        return tasks
    last = tasks[-1]
    if last.fate == "done" and any(task.fate == "open" for task in tasks):
        notes.append(
            Note(
                path,
                last.line,
                "the last group is done and others are not; the scenarios are criteria of the last open one",
            )
        )
    at = max((at for at, task in enumerate(tasks) if task.fate == "open"), default=len(tasks) - 1)
    tasks[at] = replace(tasks[at], criteria=(*tasks[at].criteria, *scenarios))
    return tasks


def _scenarios(folder: str, files: Files) -> tuple[tuple[Words, ...], list[Note]]:
    """What the change's specs promise: one criterion for each scenario, or for a requirement without one."""
    found: list[Words] = []
    notes: list[Note] = []
    for path in sorted(
        (path for path in files if path.startswith(f"{folder}/specs/") and path.endswith(".md")), key=natural
    ):
        operation, requirement, bare = "", "", list[Words]()
        for section in markdown.sections(markdown.scan(markdown.without_comments(files[path]))):
            if kind := _OPERATION.search(section.title):
                operation = kind[1].casefold()
            elif said := _REQUIREMENT.match(section.title):
                found += bare
                requirement = said[1].strip()
                bare = [Words(f"{requirement}: {' '.join(markdown.body(section.lines).split())}", section.line)]
                if operation in ("removed", "renamed"):
                    bare = [Words(f"{operation}: {requirement}", section.line)]
            elif scenario := _SCENARIO.match(section.title):
                bare = list[Words]()
                steps = [bullet.whole() for bullet in markdown.bullets(section.lines)] or markdown.body(
                    section.lines
                ).split("\n")
                words = " ".join(part.strip() for part in steps if part.strip())
                found.append(
                    Words(
                        f"{requirement} / {scenario[1].strip()}: {_STEP_WORD.sub(lambda m: m[1], words)}", section.line
                    )
                )
        found += bare
        if not operation:
            notes.append(Note(path, 1, "no ADDED, MODIFIED, REMOVED or RENAMED section: read as promises all the same"))
    return tuple(found), notes
