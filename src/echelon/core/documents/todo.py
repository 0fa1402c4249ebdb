"""todo.md of a mission: tasks of any depth with the five markers, the mission's name, and the completion record.

Peer-levels.md W1-W5, W53: every marker but [x] is open, at any depth, with any bullet; boxes in code fences are not
tasks; the file names the mission it belongs to, and of several completion records only the last one speaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from echelon.core.documents import grammar, lines
from echelon.core.documents.grammar import MARKERS, State
from echelon.core.documents.record import Oddity, find
from echelon.core.documents.record import Record as Record

_MISSION = re.compile(r"<!--\s*echelon:mission\s+(\S{1,100})\s*-->")


@dataclass(frozen=True, slots=True)
class Task:
    text: str
    state: State | None  # None: a marker nobody knows, counted as open
    depth: int  # 0 for a task at the left margin
    offset: int
    box: int  # offset of the character between the brackets


@dataclass(frozen=True, slots=True)
class Todo:
    mission: str  # "" when the file does not say
    tasks: tuple[Task, ...]
    record: Record | None
    oddities: tuple[Oddity, ...] = ()  # about the record

    @property
    def open(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.state is not State.DELIVERED)

    @property
    def progress(self) -> str:
        """`done/total`, as the peer shows it."""
        return f"{len(self.tasks) - len(self.open)}/{len(self.tasks)}"


def parse(text: str) -> Todo:
    """Total: any text gives a Todo."""
    scanned = lines.split(text)
    mission = _MISSION.search(text[:4000])
    found = find(scanned)
    tasks = _tasks([line for at, line in enumerate(scanned) if at not in found.lines])
    return Todo(mission[1] if mission else "", tasks, found.record, found.oddities)


def _tasks(scanned: list[lines.Line]) -> tuple[Task, ...]:
    tasks: list[Task] = []
    levels: list[int] = []
    for line in scanned:
        bullet = None if line.opaque else lines.BULLET.match(line.text)
        box = lines.BOX.match(bullet[4]) if bullet else None
        if bullet is None or box is None:
            continue
        indent = lines.width(bullet[1])
        while levels and levels[-1] >= indent:
            levels.pop()
        levels.append(indent)
        marker = "x" if box[1] == "X" else box[1] or " "
        words = bullet[4][box.end() :].strip()
        at = line.start + bullet.start(4)
        tasks.append(Task(words, MARKERS.get(marker), len(levels) - 1, at, at + 1))
    return tuple(tasks)


def tick_all(text: str) -> str:
    """Every box that is a task marked done; nothing else changes."""
    pieces: list[str] = []
    position = 0
    for task in parse(text).tasks:
        end = text.index("]", task.box)
        pieces += [text[position : task.box], "x"]
        position = end
    return "".join((*pieces, text[position:]))


def is_quiet(text: str) -> bool:
    """Whether sync-issues.md says that nothing is wrong: blank, headings, rules, or a word for "nothing" (W4)."""
    for line in text.lstrip("\ufeff").split("\n"):
        words = grammar.fold(line.strip(" \t\r.*_-"))
        if words and not line.lstrip().startswith("#") and words not in grammar.NO_DEPENDENCY:
            return False
    return True
