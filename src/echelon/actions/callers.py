"""Who asks: a person, or an agent whose level and place are those of its session, never claimed in an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from echelon.core.decide import Refusal, refuse
from echelon.core.portfolio import Program, local, scope_of
from echelon.core.posts import ambiguous
from echelon.engine.engine import Engine

Level = Literal["work", "review", "mission", "project", "program", "enterprise"]
Who = Literal["agent", "person"]


@dataclass(frozen=True, slots=True)
class Caller:
    """`scope`: the project (or, at the program level, the program) an agent's session is about, None when it is not
    bound to one. `item`: the key of the item whose mission it carries out."""

    who: Who = "person"
    level: Level | None = None
    scope: str | None = None
    item: str | None = None


PERSON = Caller()


def project_of(engine: Engine, caller: Caller, backlog: str, item: str = "") -> str | Refusal | None:
    """The project that a request is about: the session's, else the one whose backlog or item's key is named, else None.

    Refuses WRONG_LEVEL when another one is named than the session is about, ITEM_AMBIGUOUS when an agent has to say.
    """
    named = engine.scope_at(backlog) if backlog else scope_of(item) if "/" in item else None
    if backlog and named is None:
        return refuse("PROJECT_UNKNOWN", f"no project has its backlog at {backlog[:120]}")
    bound = scope_of(caller.item) if caller.item else caller.scope if caller.level == "project" else None
    if bound is not None and named is not None and named != bound:
        return _elsewhere(bound or "the project", named)
    if caller.item and item and local(item) != local(caller.item):
        return _elsewhere(caller.item, item)
    if bound is None and named is None and caller.who == "agent" and caller.level == "project":
        return ambiguous(engine.world())
    return bound if bound is not None else named


def _elsewhere(bound: str, named: str) -> Refusal:
    said = f"this session is about {bound}, not about {named[:120] or 'the whole'}"
    return refuse(
        "WRONG_LEVEL", said, next_step="say it to the session that is about it; echelon status shows what runs"
    )


def program_of(engine: Engine, caller: Caller, file: str) -> str | Refusal | None:
    """The program that a request is about: the session's, else the one whose program.md is named, else None."""
    found = [row for row in engine.world().portfolio.programs if file in (row.files.document, *_copies(row))]
    if file and not found:
        return refuse("PROGRAM_UNKNOWN", f"no program has its file at {file[:120]}")
    bound = caller.scope if caller.level == "program" else None
    named = found[0].key if file else None
    if bound is not None and named is not None and named != bound:
        return _elsewhere(bound or "the program", named)
    return bound if bound is not None else named


def project_id(where: str | None, name: str) -> tuple[str | None, str] | Refusal:
    """(program, id) of a project that is named by its id, or by its key `PGM-001/PRJ-001`."""
    program, _, identifier = name.rpartition("/")
    if program and where not in (None, program):
        return _elsewhere(where or "the program", name)
    return program or where, identifier


def _copies(program: Program) -> tuple[str, ...]:
    return tuple(path for copies in program.files.copies().values() for path in copies)
