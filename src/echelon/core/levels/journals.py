"""The journals of the levels: project.md, program.md, enterprise.md. One entry for each step of a life."""

from __future__ import annotations

from collections.abc import Mapping

from echelon.core.documents import sections
from echelon.core.documents.grammar import Language
from echelon.core.model import World

TITLES = {"project.md": "Project", "program.md": "Program", "enterprise.md": "Enterprise"}

Writes = dict[str, str | None]


def title_of(path: str) -> str:
    return TITLES.get(path.rpartition("/")[2], "Journal")


def add(writes: Writes, world: World, path: str, kind: str, message: str, now: str, language: Language) -> None:
    """Put one more entry into the journal of `path`, in `writes`, and rotate it when it has to be.

    Above the limit the oldest entries go to an archive that is written in the same transaction (W28, W29).
    """
    text = writes.get(path) or world.text(path)
    line = sections.journal_line(now, kind, message, language)
    rotation = sections.rotate_journal(sections.append_journal(text, line, title_of(path), language), path)
    writes[path] = rotation.text
    if rotation.archive:
        writes[_free(sections.archive_name(path, now), world.texts, writes)] = rotation.archive


def _free(name: str, *taken: Mapping[str, str | None]) -> str:
    """A second rotation within one millisecond gets a name of its own."""
    stem = name.removesuffix(".md")
    names = (name, *(f"{stem}-{number}.md" for number in range(2, 100)))
    return next(free for free in names if not any(free in texts for texts in taken))
