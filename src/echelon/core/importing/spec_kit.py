"""GitHub Spec Kit: `tasks.md` by phases, and the acceptance scenarios of the stories in the `spec.md` beside it.

Its order is read as its template says it: phases follow each other, stories stand side by side once the phase before
them is done, and in a phase only tasks marked [P] do. A story's scenarios hold when its last task is done, so that is
the task whose criteria they are.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from echelon.core.documents import graph
from echelon.core.importing import markdown
from echelon.core.importing.model import PRIORITY, Files, Note, Part, Reading, Task, Words, unique

_TASK = re.compile(r"\**(T\d{1,6}[a-z]?)\**:?(?=[ \t]|$)[ \t]*(.*)", re.DOTALL)
_MARK = re.compile(r"[ \t]*\[(P|(?:US|Story)[ ]?\d{1,4})\]", re.IGNORECASE)
_AFTER = re.compile(
    r"depends on:?[ \t]+((?:completion of[ \t]+)?T\d{1,6}[a-z]?(?:[ \t]*(?:,|&|and|-|–|to|through)[ \t]*T\d{1,6}[a-z]?)*)",
    re.IGNORECASE,
)
_SAID = re.compile(rf"\({_AFTER.pattern}[^()]*\)", re.IGNORECASE)  # the item has a field for it
_ID = re.compile(r"T(\d{1,6})([a-z]?)")
_RANGE = re.compile(r"T(\d{1,6})[ \t]*(?:-|–|to|through)[ \t]*T(\d{1,6})", re.IGNORECASE)
_PHASE = re.compile(r"phase[ \t]+[\w.]+", re.IGNORECASE)
_PHASE_NUMBER = re.compile(r"phase[ \t]+(\d{1,3})\b(?!\.\d)", re.IGNORECASE)
_STORY_WAITS = re.compile(r"\**(?:US|User Story )(\d{1,4})\b.{0,80}?depends on([^.]{0,300})", re.IGNORECASE)
_STORY = re.compile(r"user story[ \t]+(\d{1,4})", re.IGNORECASE)
_PRIORITY = re.compile(r"priority:?[ \t]*P([1-9])", re.IGNORECASE)
_FIRST = re.compile(r"setup|foundation|prerequisite", re.IGNORECASE)
_SPEC_TITLE = re.compile(
    r"#[ \t]+(?:feature specification|feature|spec(?:ification)?)[ \t]*[:—–-][ \t]*(.+)", re.IGNORECASE
)
_TASKS_TITLE = re.compile(r"#[ \t]+tasks[ \t]*[:—–-][ \t]*(.+)", re.IGNORECASE)
_INPUT = re.compile(r"\*\*Input\*\*:[ \t]*(?:User description:[ \t]*)?(.+)")
_RANGE_MAX = 200
TEXT_READ_MAX = 2_000  # characters of a task in which dependencies are looked for


class Story(NamedTuple):
    number: str
    title: str
    priority: int
    scenarios: tuple[Words, ...]


@dataclass(slots=True)
class Phase:
    title: str
    story: str  # its number, "" for a phase of the whole feature
    priority: int
    purpose: str = ""
    tasks: list[tuple[Task, bool]] = field(default_factory=list)  # (task, marked [P])


def recognise(files: Files) -> bool:
    return any(_is_tasks(path, text) for path, text in files.items())


def _is_tasks(path: str, text: str) -> bool:
    return (
        posixpath.basename(path) == "tasks.md"
        and re.search(r"^[ \t]*[-*] \[[ xX]\] \**T\d", text, re.MULTILINE) is not None
    )


def read(files: Files) -> Reading:
    features = [path for path, text in files.items() if _is_tasks(path, text)]
    tasks, notes, parts = list[Task](), list[Note](), list[Part]()
    name = objective = ""
    for path in features:
        folder = posixpath.dirname(path)
        own = f"{posixpath.basename(folder)}/" if len(features) > 1 else ""
        spec = posixpath.join(folder, "spec.md")
        stories = _stories(files.get(spec, ""))
        found, said = _feature(path, files[path], stories, own)
        if spec in files:
            parts.append(Part(posixpath.basename(folder) if own else "", files[spec]))
        else:
            said.append(Note(path, 0, "there is no spec.md beside it, so no task has the criteria of a story"))
        tasks += found
        notes += said
        if not own:
            name = _title(files.get(spec, ""), _SPEC_TITLE) or _title(files[path], _TASKS_TITLE)
            given = _INPUT.search(files.get(spec, "")[:20_000])
            objective = given[1].strip().strip('"') if given else ""
    return Reading(name, tuple(tasks), tuple(notes), objective, tuple(parts))


def _title(text: str, pattern: re.Pattern[str]) -> str:
    found = pattern.search(text[:20_000])
    return found[1].split("\n", 1)[0].strip() if found else ""


# ------------------------------------------------------------------------------------------------------- stories


def _stories(text: str) -> Mapping[str, Story]:
    """The stories of spec.md by their number, with their scenarios."""
    found: dict[str, Story] = {}
    for section in markdown.sections(markdown.scan(markdown.without_comments(text))):
        story = _STORY.search(section.title)
        if story and section.level and story[1] not in found:
            scenarios: tuple[Words, ...] = ()
            for label, rows in markdown.labelled_blocks(section.lines):
                scenarios += markdown.criteria(rows) if label in markdown.CRITERIA_TITLES else ()
            title = section.title[story.end() :].partition("(")[0].strip(" -–—:")
            found[story[1]] = Story(story[1], title, _priority(section.title) or PRIORITY, scenarios)
    return found


def _priority(title: str) -> int | None:
    found = _PRIORITY.search(title)
    return min(int(found[1]), 4) if found else None


# ------------------------------------------------------------------------------------------------------- tasks


def _feature(path: str, text: str, stories: Mapping[str, Story], own: str) -> tuple[list[Task], list[Note]]:
    phases, notes = _phases(path, text, stories, own)
    ordered = _ordered(phases, _said(text))
    tasks = [task for phase in phases for task, _ in phase.tasks]
    both = {task.line: unique((*task.depends, *ordered[task.line])) for task in tasks}
    if graph.rings({task.origin: both[task.line] for task in reversed(tasks)}):
        notes.append(
            Note(
                path,
                0,
                "what tasks say they depend on contradicts the order of the phases; only what they say is taken",
            )
        )
        both = {task.line: task.depends for task in tasks}
    ends = _ends(phases)
    made = [replace(task, depends=both[task.line], criteria=_criteria(task, stories, ends)) for task in tasks]
    for story in stories.values():
        if story.scenarios and story.number not in {number for number, _ in ends}:
            notes.append(
                Note(path, 0, f"no task belongs to user story {story.number}, so its scenarios are nobody's criteria")
            )
    return made, notes


def _phases(path: str, text: str, stories: Mapping[str, Story], own: str) -> tuple[list[Phase], list[Note]]:
    """The phases that have tasks. A heading that names no phase stays inside the one before it."""
    phases: list[Phase] = [Phase("", "", PRIORITY)]
    notes: list[Note] = []
    for section in markdown.sections(markdown.scan(markdown.without_comments(text))):
        if (
            section.level == 2
            or (section.level and _PHASE.match(section.title))
            or (section.level == 1 and phases[-1].tasks)
        ):
            phases.append(_phase(section, stories))
        for bullet in markdown.every(markdown.bullets(section.lines)):
            found = _TASK.match(bullet.text) if bullet.mark is not None else None
            if found:
                phases[-1].tasks.append(_task(path, bullet, found, phases[-1], own))
            elif bullet.mark is not None:
                notes.append(
                    Note(path, bullet.line, f'"{bullet.text[:60]}" has no id (T001), so it is not read as a task')
                )
    return [phase for phase in phases if phase.tasks], notes


def _phase(section: markdown.Section, stories: Mapping[str, Story]) -> Phase:
    story = _STORY.search(section.title)
    number = story[1] if story else ""
    given = _priority(section.title) or (stories[number].priority if number in stories else None)
    priority = given or (1 if _FIRST.search(section.title) else PRIORITY)
    said = next((row.text for row in section.lines if re.match(r"\*\*(?:Goal|Purpose)\*\*:", row.text)), "")
    return Phase(section.title, number, priority, said.partition(":")[2].strip())


def _task(path: str, bullet: markdown.Bullet, found: re.Match[str], phase: Phase, own: str) -> tuple[Task, bool]:
    words, marks = found[2], list[str]()
    while mark := _MARK.match(words):
        marks.append(mark[1].upper())
        words = words[mark.end() :]
    words = _SAID.sub("", words).strip(" \t:–—-")
    below = [f"- {child.whole()}" for child in bullet.below if child.mark is None or not _TASK.match(child.text)]
    after = tuple(own + name for said in _AFTER.finditer(bullet.text[:TEXT_READ_MAX]) for name in _named(said[1]))
    story = next((re.sub(r"\D", "", mark) for mark in marks if mark != "P"), phase.story)
    notes = "\n".join(part for part in (phase.title, phase.purpose, *below) if part)
    title, _, rest = words.partition("\n")
    made = Task(
        own + found[1], title, path, bullet.line, description=rest, depends=after, priority=phase.priority, size="S",
        fate="done" if bullet.done else "open", why="[x]" if bullet.done else "", notes=notes, names=(f"story {story}",) if story else (),
    )  # fmt: skip
    return made, "P" in marks


def _named(text: str) -> list[str]:
    """`T001, T003-T005` -> the four ids."""
    found = [f"T{number}{letter}" for number, letter in _ID.findall(text)]
    for first, last in _RANGE.findall(text):
        if 0 < int(last) - int(first) <= _RANGE_MAX:
            found += [f"T{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]
    return found


# ------------------------------------------------------------------------------------------------------- order


def _said(text: str) -> dict[str, set[str]]:
    """Story -> the phases and stories that the section about dependencies says it depends on (`phase 3`, `us1`)."""
    found: dict[str, set[str]] = {}
    inside = 0
    for section in markdown.sections(markdown.scan(markdown.without_comments(text))):
        inside = (
            inside
            if inside and section.level > inside
            else section.level
            if "dependenc" in section.title.casefold()
            else 0
        )
        for entry in markdown.every(markdown.bullets(section.lines)) if inside else ():
            said = _STORY_WAITS.match(entry.text[:TEXT_READ_MAX])
            if said:
                named = found.setdefault(said[1], set())
                named |= {f"phase {number}" for number in re.findall(r"phase[ ]?(\d{1,3})", said[2], re.IGNORECASE)}
                named |= {
                    f"us{number}" for number in re.findall(r"(?:US|User Story )(\d{1,4})", said[2], re.IGNORECASE)
                }
    return found


def _ordered(phases: Sequence[Phase], said: Mapping[str, set[str]]) -> dict[int, tuple[str, ...]]:
    """Line of a task -> what it waits for by its phase and its place in it. Ids may repeat, lines do not."""
    waits: dict[int, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()  # the end of the last phase of the whole feature
    side: list[str] = []  # the ends of the stories since then
    ends: dict[str, tuple[str, ...]] = {}
    for phase in phases:
        if not phase.story and side:
            before, side = unique(side), list[str]()
        named = (ends.get(name, ()) for name in sorted(said.get(phase.story, ())))
        end = _within(phase.tasks, unique((*before, *itertools.chain(*named))), waits)
        number = _PHASE_NUMBER.match(phase.title)
        ends.update({f"phase {number[1]}": end} if number else {})
        ends.update({f"us{phase.story}": end} if phase.story else {})
        if phase.story:
            side += end
        else:
            before = end
    return waits


def _within(
    tasks: Sequence[tuple[Task, bool]], before: tuple[str, ...], waits: dict[int, tuple[str, ...]]
) -> tuple[str, ...]:
    """Order one phase; what the next one waits for."""
    last, beside = before, list[str]()
    for task, parallel in tasks:
        if parallel:
            waits[task.line] = last
            beside.append(task.origin)
        else:
            waits[task.line] = tuple(beside) or last
            last, beside = (task.origin,), list[str]()
    return tuple(beside) or last


def _ends(phases: Sequence[Phase]) -> set[tuple[str, str]]:
    """(story, its last task)."""
    last: dict[str, str] = {}
    for phase in phases:
        for task, _ in phase.tasks:
            for name in task.names:
                last[name.removeprefix("story ")] = task.origin
    return set(last.items())


def _criteria(task: Task, stories: Mapping[str, Story], ends: set[tuple[str, str]]) -> tuple[Words, ...]:
    found: tuple[Words, ...] = ()
    for number, story in stories.items():
        if (number, task.origin) in ends:
            found += tuple(words._replace(line=task.line) for words in story.scenarios)
    return found
