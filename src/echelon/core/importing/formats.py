"""The formats that are known, and which of them some files are written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from echelon.core.documents.grammar import Language
from echelon.core.importing import backlog_md, bmad, checklist, github, openspec, spec_kit, task_master
from echelon.core.importing.build import build
from echelon.core.importing.model import Files, Imported, Reading
from echelon.errors import InputError


class Format(NamedTuple):
    """`name` is the word for --format; `plain` is taken only where none of the others is found."""

    name: str
    title: str
    recognise: Callable[[Files], bool]
    read: Callable[[Files], Reading]
    plain: bool = False


FORMATS = {
    row.name: row
    for row in (
        Format("backlog-md", "Backlog.md", backlog_md.recognise, backlog_md.read),
        Format("spec-kit", "GitHub Spec Kit", spec_kit.recognise, spec_kit.read),
        Format("task-master", "Task Master", task_master.recognise, task_master.read),
        Format("openspec", "OpenSpec", openspec.recognise, openspec.read),
        Format("bmad", "BMAD stories", bmad.recognise, bmad.read),
        Format("github", "GitHub issues", github.recognise, github.read),
        Format("markdown", "a Markdown list", checklist.recognise, checklist.read, plain=True),
    )
}


def read(files: Files, language: Language, project: str, name: str = "", *, everything: bool = False) -> Imported:
    """What some files say, as our two documents. `project` is the name where they have none; `name` forces a format.

    Raises InputError IMPORT_UNKNOWN when no format is found, IMPORT_AMBIGUOUS when several are, IMPORT_EMPTY and
    IMPORT_BROKEN as the formats say; LimitError IMPORT_TOO_LARGE.
    """
    texts = {path: content.removeprefix("\ufeff").replace("\r\n", "\n") for path, content in files.items()}
    chosen = FORMATS[name] if name else recognise(texts)
    return build(chosen.read(texts), chosen.title, language, project, everything=everything)


def recognise(files: Files) -> Format:
    found = [row for row in FORMATS.values() if not row.plain and row.recognise(files)]
    found = found or [row for row in FORMATS.values() if row.plain and row.recognise(files)]
    if len(found) == 1:
        return found[0]
    if not found:
        known = ", ".join(row.title for row in FORMATS.values())
        raise InputError(
            "IMPORT_UNKNOWN", f"{len(files)} file(s) read, and none is one of: {known}.",
            f"name the file or folder of the tasks, or say --format {'|'.join(FORMATS)}",
        )  # fmt: skip
    names = " and ".join(row.title for row in found)
    raise InputError("IMPORT_AMBIGUOUS", f"there is more than one kind of task here: {names}.",
                     f"name one folder or file, or say --format {' or --format '.join(row.name for row in found)}")  # fmt: skip
