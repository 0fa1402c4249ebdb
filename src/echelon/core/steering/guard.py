"""The read guard: a call that would give a model more of a steering file than the threshold gets its outline instead.

A pure function that every host's adapter asks: a call and the facts of the files it reads in, what becomes of it out.
It saves tokens and protects nothing: what cannot be understood passes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from echelon.core.decide import Refusal, refuse
from echelon.core.documents.render import one_line
from echelon.core.fence import Ruling
from echelon.core.fence.rooms import PATH_CHARS_MAX
from echelon.core.steering.outline import count, headings, rows
from echelon.core.steering.reading import Reading, mentions, readings

NAMES = frozenset({"spec.md", "backlog.md", "project.md", "program.md", "enterprise.md", "backlog-item-active.md"})
SHOWN_MAX = 3  # files whose outline is shown in one answer
PATH_SHOWN_MAX = 120
OUTLINE_ROWS_MAX = 48
_FOLDER, _ARCHIVE = ".opencode", ".opencode/archive/"


@dataclass(frozen=True, slots=True)
class Facts:
    """A steering file as it is: what it is called where the session works, and what it says."""

    path: str
    text: str


# The steering files that a clean absolute path, or a glob of the shell's, leads to; none for any other file.
Look = Callable[[str], Sequence[Facts]]


def is_steering(inner: str, places: Collection[str] = ()) -> bool:
    """Whether a path, relative to the workspace or a slot, is of a file that is guarded when it is long.

    `places`: documents of the portfolio that lie elsewhere than below `.opencode`. context.md and todo.md never are.
    """
    folded = inner.casefold()
    folder, name = posixpath.split(folded)
    if folded.startswith(_ARCHIVE):
        return name.endswith(".md")
    return (name in NAMES and _FOLDER in folder.split("/")) or inner in places


def judge(tool: str, arguments: Mapping[str, Any], directory: str, look: Look, threshold: int) -> Ruling:
    """What becomes of a call in a session of `directory`. Refuses READ_GUARDED with the outlines.

    A `task` is not refused: its prompt names the file without attaching it, so that the caller need not write it again.
    """
    if tool == "task":
        return _unattached(arguments, directory, look, threshold)
    read: dict[str, tuple[Facts, int]] = {}
    for reading in readings(tool, arguments, directory):
        for facts in look(reading.path):
            before = read.get(facts.path, (facts, 0))[1]
            read[facts.path] = facts, before + given(facts.text, reading)
    wide = [facts for facts, number in read.values() if number > threshold]
    return Ruling(_refusal(tool, wide, threshold)) if wide else Ruling()


def given(text: str, reading: Reading) -> int:
    """The lines of a text that a reading gives."""
    left = max(0, count(text) - reading.span.first + 1)
    return left if reading.span.count is None else min(left, reading.span.count)


def _refusal(tool: str, wide: Sequence[Facts], threshold: int) -> Refusal:
    said = [_told(facts, OUTLINE_ROWS_MAX // len(wide[:SHOWN_MAX]), threshold) for facts in wide[:SHOWN_MAX]]
    if len(wide) > SHOWN_MAX:
        said.append(f"… and {len(wide) - SHOWN_MAX} more files")
    ranges = "offset and limit" if tool == "read" else "sed -n '10,40p'"
    step = f"call steering_find with the words of your task, or read a range ({ranges}, at most {threshold} lines)."
    return refuse("READ_GUARDED", "\n".join(said), next_step=step)


def _told(facts: Facts, most: int, threshold: int) -> str:
    found = headings(facts.text)
    below = [heading for heading in found if heading.level > 1] or found  # the title of a file covers all of it
    head = (
        f"{one_line(facts.path, PATH_SHOWN_MAX)} has {count(facts.text)} lines; at most {threshold} are read at once."
    )
    return "\n".join((head, *(rows(below, most) or ["(no headings)"])))


def _unattached(arguments: Mapping[str, Any], directory: str, look: Look, threshold: int) -> Ruling:
    prompt = arguments.get("prompt")
    if not isinstance(prompt, str):
        return Ruling()
    pieces: list[str] = []
    position, long = 0, dict[str, int]()
    for at, named in mentions(prompt):
        found = _mentioned(named, directory, look)
        if found is None or count(found.text) <= threshold:
            continue
        long[found.path] = count(found.text)
        pieces.append(prompt[position:at])
        position = at + 1  # without the @
    if not long:
        return Ruling()
    listed = ", ".join(f"{one_line(path, PATH_SHOWN_MAX)} ({lines} lines)" for path, lines in long.items())
    note = f"\n\nNot attached, because long: {listed}. steering_find gives the lines you need."
    return Ruling(None, {**arguments, "prompt": "".join((*pieces, prompt[position:], note))})


def _mentioned(named: str, directory: str, look: Look) -> Facts | None:
    """The host resolves a mention against the work tree of its session, which may be a folder above."""
    if named.startswith(("~", "/")) or len(named) > PATH_CHARS_MAX:
        return next(iter(look(named)), None) if named.startswith("/") else None
    folder = directory
    while True:
        if found := next(iter(look(posixpath.normpath(f"{folder}/{named}"))), None):
            return found
        if folder in ("/", "") or posixpath.basename(named).casefold() not in NAMES:
            return None
        folder = posixpath.dirname(folder)
