"""Plain Markdown: every `- [ ]` is an item, what hangs below it are its criteria."""

from __future__ import annotations

import re

from echelon.core.importing import front, markdown
from echelon.core.importing.markdown import Bullet
from echelon.core.importing.model import Files, Losses, Note, Reading, Task, Words, natural, unique

_ID = re.compile(
    r"(?:\*\*|\[|`)?((?:[A-Z]{1,10}-?|#)\d{1,9})(?:\*\*|\]|`)?(?=[\s:.)–—-]|$)[ \t]*[:.)–—-]?[ \t]*(.*)", re.DOTALL
)
_WAITS = re.compile(
    r"\(?(?:depends on|blocked by|after|dépend de|après)[ \t]*:?[ \t]*((?:(?:[A-Z]{1,10}-?|#)\d{1,9}[ \t,&]*(?:and|et)?[ \t]*){1,50})\)?",
    re.IGNORECASE,
)
TEXT_READ_MAX = 2_000  # characters of an entry in which dependencies are looked for
_NAME = re.compile(r"(?:[A-Z]{1,10}-?|#)\d{1,9}", re.IGNORECASE)
_BOX = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[ xX~/-]?\](?:[ \t]|$)", re.MULTILINE)


def recognise(files: Files) -> bool:
    return any(_BOX.search(text) for path, text in files.items() if not path.endswith((".json", ".yml", ".yaml")))


def read(files: Files) -> Reading:
    losses, tasks = Losses(), list[Task]()
    notes: list[Note] = []
    name = ""
    for path, text in sorted(files.items(), key=lambda row: natural(row[0])):
        if not recognise({path: text}):
            continue
        _, below, above = front.split(text)
        scanned = markdown.scan(markdown.without_comments(below), above)
        for section in markdown.sections(scanned):
            if section.level == 1 and not name and len(files) == 1:
                name = section.title
            for entry in markdown.bullets(section.lines):
                tasks += _tasks(path, section, entry, losses)
    return Reading(name, tuple(tasks), (*notes, *losses.notes()))


def _tasks(path: str, section: markdown.Section, entry: Bullet, losses: Losses) -> list[Task]:
    """The item of a box. A list entry without one is a heading of a kind: the boxes below it are items."""
    if entry.mark is None:
        found: list[Task] = []
        for child in entry.below:
            found += _tasks(path, section, child, losses)
        return found
    named = _ID.match(entry.first)
    title, description = _title(entry, (named[2] if named else entry.first) or entry.first)
    waits = unique(name for said in _WAITS.findall(entry.text[:TEXT_READ_MAX]) for name in _NAME.findall(said))
    boxes = [child for child in entry.below if child.mark is not None]
    plain = [f"- {child.whole()}" for child in entry.below if child.mark is None]
    if entry.done and any(not box.done for box in boxes):
        losses.add("it is done, and boxes below it are open; they are left out with it", path, entry.line)
    if entry.mark == "/":
        losses.add("[/] starts again as pending", path, entry.line)
    made = Task(
        named[1] if named else f"{path}:{entry.line}",
        title,
        path,
        entry.line,
        description,
        criteria=tuple(Words(child.whole(), child.line) for child in (boxes or entry.below)),
        depends=waits,
        fate="done" if entry.done else "deferred" if entry.mark == "~" else "dropped" if entry.mark == "-" else "open",
        why=f"[{entry.mark}]",
        notes="\n".join((*([section.title] if section.level > 1 else []), *(plain if boxes else []))),
    )
    return [made]


def _title(entry: Bullet, first: str) -> tuple[str, str]:
    """(title, description): what is only wrapped goes on in small letters, other lines below an entry tell about it."""
    first = _WAITS.sub("", first[:TEXT_READ_MAX]).strip() + first[TEXT_READ_MAX:] or first
    words = " ".join(entry.wrapped)
    return (f"{first} {words}", "") if words[:1].islower() else (first, words)
