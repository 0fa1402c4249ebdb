"""Who asks: a person, or an agent whose level and place are those of its session, never claimed in an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from echelon.core.decide import Refusal, refuse
from echelon.core.portfolio import Program, scope_of
from echelon.engine.engine import Engine

Level = Literal["review", "mission", "project", "program", "enterprise"]
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


def project_of(engine: Engine, caller: Caller, backlog: str) -> str | Refusal | None:
    """The project that a request is about: the session's, else the one whose backlog is named, else None."""
    named = engine.scope_at(backlog) if backlog else None
    if backlog and named is None:
        return refuse("PROJECT_UNKNOWN", f"no project has its backlog at {backlog[:120]}")
    bound = scope_of(caller.item) if caller.item else caller.scope if caller.level == "project" else None
    if bound is not None and named is not None and named != bound:
        return refuse("WRONG_LEVEL", f"this session is about {bound or 'the project'}, not about {named}")
    return bound if bound is not None else named


def program_of(engine: Engine, caller: Caller, file: str) -> str | Refusal | None:
    """The program that a request is about: the session's, else the one whose program.md is named, else None."""
    found = [row for row in engine.world().portfolio.programs if file in (row.files.document, *_copies(row))]
    if file and not found:
        return refuse("PROGRAM_UNKNOWN", f"no program has its file at {file[:120]}")
    bound = caller.scope if caller.level == "program" else None
    named = found[0].key if file else None
    if bound is not None and named is not None and named != bound:
        return refuse("WRONG_LEVEL", f"this session is about {bound or 'the program'}, not about {named}")
    return bound if bound is not None else named


def _copies(program: Program) -> tuple[str, ...]:
    return tuple(path for copies in program.files.copies().values() for path in copies)
