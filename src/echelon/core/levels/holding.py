"""What pending escalations hold back: exactly the part of the tree they concern, and nothing beside it.

An escalation says what it concerns with the id its context begins with: an item in project.md, a project in
program.md, a program in enterprise.md; without one it concerns all that the file is about.
"""

from __future__ import annotations

from collections.abc import Iterable

from echelon.core.documents import grammar
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Escalation
from echelon.core.model import World
from echelon.core.portfolio import Portfolio
from echelon.core.requests import Level

DECISION_NEEDED = "decision needed: "  # and the escalation's id: why an item was suspended, at the end of the reason
_IDS = {"project": grammar.ITEM_ID, "program": grammar.PROJECT_ID, "enterprise": grammar.PROGRAM_ID}


def subject(escalation: Escalation, level: Level) -> str:
    """The id that an escalation of this level's file concerns, of the level below; "" when it concerns all of it."""
    first = escalation.context.lstrip("> ").split(" ", 1)[0].rstrip(":,—")
    return first if _IDS[level].fullmatch(first) else ""


def held(escalations: Iterable[Escalation], level: Level) -> dict[str, str]:
    """Id of what is held -> id of the escalation; "" -> the one that holds everything of the file."""
    found: dict[str, str] = {}
    for entry in escalations:
        if entry.pending:
            found.setdefault(subject(entry, level), entry.id)
    return found


def held_items(world: World) -> dict[str, str]:
    """Item of the project in front -> pending escalation that concerns it; all of them when the project is held."""
    found = held(world.escalations, "project")
    whole = project_held(world, found.get("", ""))
    if whole and world.backlog:
        return {entry.id: found.get(entry.id, whole) for entry in world.backlog.entries}
    return found


def project_held(world: World, own: str = "") -> str:
    """The escalation that holds the whole project in front: its own, its program's, the enterprise's; "" for none."""
    if own:
        return own
    key = world.project.program
    program = world.portfolio.program(key)
    above = held(program.escalations, "program") if program else {}
    return above.get(world.project.id, "") or above.get("", "") or program_held(world.portfolio, key)


def answered(world: World) -> dict[str, Escalation]:
    """Item of the project in front that is suspended for an escalation -> that escalation, which is decided by now.

    What was put aside for any other reason is not in it, whatever was decided about it before.
    """
    decided = {entry.id: entry for entry in world.escalations if not entry.pending}
    found: dict[str, Escalation] = {}
    for entry in world.backlog.entries if world.backlog and decided else ():
        last = world.attempts_of(entry.id)[-1:] if entry.state is State.SUSPENDED else ()
        for attempt in last:
            name = attempt.detail.rpartition(DECISION_NEEDED)[2] if attempt.reason == "suspended" else ""
            found.update({entry.id: decided[name]} if name in decided else {})
    return found


def program_held(portfolio: Portfolio, key: str) -> str:
    """The escalation of enterprise.md that holds this program; "" for none."""
    found = held(portfolio.escalations, "enterprise")
    return (found.get(key, "") if key else "") or found.get("", "")
