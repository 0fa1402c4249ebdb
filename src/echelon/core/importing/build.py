"""From what a format found to the two documents: ids, dependencies, what is left out, and a note for every loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from echelon.core.documents import grammar, graph, render
from echelon.core.documents.grammar import Language, State
from echelon.core.importing import writing
from echelon.core.importing.model import (
    CRITERIA_MAX,
    CRITERION_MAX,
    ITEMS_MAX,
    Imported,
    Losses,
    Note,
    Reading,
    Row,
    Task,
    natural,
)
from echelon.errors import InputError, LimitError

_NUMBERED = re.compile(r"[A-Za-z]*[-_ #]*(\d{1,9})")
_WAYS_OUT = "name the file or folder of the tasks, or force a format with --format"


def build(reading: Reading, title: str, language: Language, project: str, *, everything: bool = False) -> Imported:
    """The documents and the report. `title` is what is read, as people call it (`Task Master`); `project` is the name
    where the origin has none.

    Raises InputError IMPORT_EMPTY when there is no task at all, LimitError IMPORT_TOO_LARGE above ITEMS_MAX.
    """
    tasks = reading.tasks
    if not tasks:
        raise InputError("IMPORT_EMPTY", f"no task was found, read as {title}.", _WAYS_OUT)
    if len(tasks) > ITEMS_MAX:
        raise LimitError(
            "IMPORT_TOO_LARGE", f"{len(tasks)} tasks; at most {ITEMS_MAX} can be imported at once.", _WAYS_OUT
        )
    kept = [task for task in tasks if everything or task.fate in ("open", "deferred")]
    work = _Work(tasks, dict(zip(map(id, kept), _ids(kept), strict=True)), list(reading.notes), everything)
    items = [work.item(task, language) for task in kept]
    for ring in graph.rings({item.id: item.depends for item in items}):
        work.notes.append(Note("", 0, "these wait for each other, as they did before: " + " → ".join((*ring, ring[0]))))
    name = reading.name or project
    objective = reading.objective or _objective(title, language)
    spec, cut = writing.spec_text(reading, name, objective, language)
    if cut:
        work.notes.append(
            Note("", 0, f"the texts for the spec are longer than {writing.SPEC_MAX} characters; the rest is left out")
        )
    text = writing.backlog(name, items, language)
    assert writing.reads_back(text, items), "a backlog that says something else than what was read"
    rows = tuple(
        Row(item.id, task.origin, item.title, task.path, task.line, len(item.criteria), item.depends)
        for task, item in zip(kept, items, strict=True)
    )
    notes = sorted((*work.notes, *work.losses.notes()), key=lambda note: (not note.path, natural(note.path), note.line))
    return Imported(title, spec, text, rows, work.left_out(), tuple(notes))


def _objective(title: str, language: Language) -> str:
    return (
        f"Livrer ce que dit le backlog, repris de : {title}."
        if language == "fr"
        else f"Deliver what the backlog says, as imported from {title}."
    )


def _ids(kept: Sequence[Task]) -> list[str]:
    """Our ids: the origin's own where it is one of ours, else its number where it has one, else the next ones that are free."""
    taken: set[str] = set()
    found: list[str] = []
    for task in kept:
        name = task.origin.rpartition("/")[2]
        number = _NUMBERED.fullmatch(name)
        wanted = name if grammar.ITEM_ID.fullmatch(name) else f"B{int(number[1]):03d}" if number else ""
        found.append("" if wanted in taken else wanted)
        taken.add(found[-1])
    following = max((int(name[1:]) for name in taken if name), default=0)
    for at, name in enumerate(found):
        if not name:
            following += 1
            found[at] = f"B{following:03d}"
    return found


def _key(name: str) -> str:
    """The form in which ids of an origin are compared: `task-07` and `TASK-7` are one."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", grammar.fold(name)).lstrip("#")


@dataclass(slots=True)
class _Work:
    tasks: Sequence[Task]
    ids: Mapping[int, str]  # by identity: origins may repeat
    notes: list[Note]
    everything: bool
    losses: Losses = field(default_factory=Losses)
    _known: dict[str, Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for task in self.tasks:
            known = self._known.setdefault(_key(task.origin), task)
            if known is not task and task.origin:
                words = f"{_short(task.origin)} stands in {known.path}:{known.line} too; dependencies mean that one"
                self.notes.append(Note(task.path, task.line, words))
        for task in self.tasks:
            for name in task.names:
                self._known.setdefault(_key(name), task)
        for task in self.tasks:
            number = _NUMBERED.fullmatch(task.origin)
            if number:
                self._known.setdefault(_key(number[1]), task)  # a bare number, where the prefix is left out

    def note(self, task: Task, text: str) -> None:
        named = task.origin and not task.origin.startswith(task.path)
        self.notes.append(Note(task.path, task.line, f"{_short(task.origin)}: {text}" if named else text))

    def left_out(self) -> tuple[Row, ...]:
        return tuple(
            Row(
                "",
                task.origin,
                writing.title(task.title),
                task.path,
                task.line,
                why=render.one_line(task.why or task.fate, 60),
            )
            for task in self.tasks
            if id(task) not in self.ids
        )

    def item(self, task: Task, language: Language) -> writing.Item:
        name = writing.title(task.title)
        if not name:
            self.note(task, "it has no title")
            name = "Sans titre" if language == "fr" else "Untitled"
        if task.fate == "deferred":
            self.note(
                task, f'"{render.one_line(task.why, 40)}" comes as suspended [~]; backlog_resume_item brings it back'
            )
        return writing.Item(
            self.ids[id(task)],
            name,
            task.priority,
            task.size,
            State.SUSPENDED if task.fate == "deferred" else State.PENDING,
            self._depends(task),
            render.one_line(task.description or (task.title if _is_cut(task) else ""), writing.DESCRIPTION_MAX),
            self._criteria(task),
            self._notes(task, language),
        )

    def _depends(self, task: Task) -> tuple[str, ...]:
        found: list[str] = []
        for wanted in task.depends:
            other = self._known.get(_key(wanted))
            if other is None:
                self.note(task, f"depends on {_short(wanted)}, which is not in what was read; left out")
            elif other is task:
                self.note(task, "depends on itself; left out")
            elif id(other) in self.ids:
                found.append(self.ids[id(other)])
            elif other.fate == "done":
                self.losses.add("a dependency on something that is done is met, and left out", task.path, task.line)
            else:
                self.note(
                    task,
                    f"depends on {_short(wanted)}, which is left out ({render.one_line(other.why or other.fate, 40)})",
                )
        return tuple(dict.fromkeys(found))

    def _criteria(self, task: Task) -> tuple[str, ...]:
        found: list[str] = []
        for words in task.criteria[:CRITERIA_MAX]:
            plain = render.one_line(words.text, CRITERION_MAX)
            kept = writing.criterion(words.text)
            place = Note(task.path, words.line, "")
            if kept != plain:
                self.notes.append(
                    place._replace(
                        text=f"{_short(task.origin)}: a check is yours to ask for; kept as words: {plain[:120]}"
                    )
                )
            if plain.endswith("…") and len(plain) == CRITERION_MAX:
                self.notes.append(
                    place._replace(text=f"{_short(task.origin)}: a criterion is cut at {CRITERION_MAX} characters")
                )
            found += [kept] if kept else []
        if len(task.criteria) > CRITERIA_MAX:
            self.note(task, f"{len(task.criteria)} criteria; the first {CRITERIA_MAX} are taken")
        if not found:
            self.losses.add(
                "no acceptance criteria, so nothing can prove it: write some with a check", task.path, task.line
            )
        return tuple(found)

    def _notes(self, task: Task, language: Language) -> tuple[str, ...]:
        """Where it comes from, then what else its origin says, as a quotation."""
        word = "importé de" if language == "fr" else "imported from"
        origin, place = render.one_line(task.origin, 200), render.one_line(task.path, 200)
        first = f"{word} {origin} ({place})" if origin and not origin.startswith(place) else f"{word} {origin or place}"
        whole = task.title if _is_cut(task) and (task.description or len(task.title) > writing.DESCRIPTION_MAX) else ""
        long = task.description if len(task.description) > writing.DESCRIPTION_MAX else ""
        rows, cut = writing.quoted("\n\n".join(part for part in (whole, long, task.notes) if part.strip()))
        if cut:
            self.note(
                task,
                f"its text is longer than {render.QUOTE_LINES_MAX} lines; the rest is left out",
            )
        return (first, *rows)


def _short(name: str) -> str:
    return render.one_line(name, 60)


def _is_cut(task: Task) -> bool:
    return len(render.one_line(task.title, writing.CRITERION_MAX)) > writing.TITLE_MAX
