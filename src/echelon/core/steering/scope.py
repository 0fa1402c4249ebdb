"""Which steering files whoever asks may search: those of their place in the portfolio."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from echelon.core.layout import ENTERPRISE, WORKING_PROGRAM
from echelon.core.model import SPEC, World
from echelon.core.portfolio import Program, Project
from echelon.core.steering.passages import Document

DOCUMENTS_MAX = 300
CHARS_MAX = 4_000_000  # of all of them together


def documents(world: World, level: str | None, scope: str | None) -> tuple[Document, ...]:
    """The files that exist, the nearest first. `level` None: a person, who may look at everything."""
    found: list[Document] = []
    left = CHARS_MAX
    for path, stored in islice(_paths(world, level, scope), DOCUMENTS_MAX):
        text = world.text(stored)[:left]
        left -= len(text)
        if text:
            found.append(Document(path, text))
    return tuple(found)


def _paths(world: World, level: str | None, scope: str | None) -> Iterator[tuple[str, str]]:
    """(what it may be read by, where its text is kept)."""
    portfolio = world.portfolio
    if level == "enterprise" or (level is None and portfolio.depth == "enterprise"):
        yield ENTERPRISE, ENTERPRISE
    if level in ("enterprise", "program", None):
        for program in portfolio.programs:
            if level == "program" and scope not in (None, program.key):
                continue
            yield from _of_program(program)
            for project in program.projects if level != "enterprise" else ():
                yield from _of_project(project)
        return
    project = portfolio.project(world.scope if scope is None else scope)
    if project is not None:
        yield from _of_project(project, in_slot=level != "project" and scope is not None)
        if above := portfolio.program(project.program):
            yield from _of_program(above)


def _of_program(program: Program) -> Iterator[tuple[str, str]]:
    if program.document is not None:
        yield WORKING_PROGRAM if program.files.working else program.files.document, program.files.document


def _of_project(project: Project, *, in_slot: bool = False) -> Iterator[tuple[str, str]]:
    files = project.files
    front = next(iter(files.working), files.folder)
    yield SPEC if in_slot else f"{front}/spec.md", files.spec  # a slot has the spec of its item in front
    yield f"{front}/backlog.md", files.backlog
    yield f"{front}/project.md", files.journal
