"""Who there is inside OpenCode: commanders and their staff, what each is offered, and whom each may call.

A level calls only the level directly below: each role's `calls` become its `task` rules (host-opencode.md §9). All are
registered as primary agents, the staff hidden: a subagent would be listed in the task tool of every other agent and
change what its model reads, and OpenCode calls a primary agent by name just as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from echelon.actions.callers import Level
from echelon.actions.table import ACTIONS, Action
from echelon.core.documents.grammar import Language
from echelon.core.posts import LevelName
from echelon.core.steering.charter import charter

MARK = "<!--echelon:contract-->"  # replaced in the system prompt of our agents, by what the session is about
CHECKS = "echelon_checks"  # the permission that is asked for commands which the person's rules for bash want asked
CHARTER = "{charter}"  # in a template: how to find things in the files of the role's level
_STAFF = ("Planner", "Worker", "Reviewer")


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    description: str
    level: Level  # whose actions it is offered
    calls: tuple[str, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict)  # permissions of its own, besides its tools
    writes: bool = True

    @property
    def commands(self) -> LevelName | None:
        """The level that it is the commander of; None for the staff of a mission."""
        return None if self.level in ("work", "review") else self.level

    @property
    def hidden(self) -> bool:
        """The staff of a mission is called, not chosen."""
        return self.commands is None


_LOOKS: Mapping[str, Any] = {"edit": "deny", "bash": "deny", "todowrite": "deny"}  # of who works through others

ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role(
            "EnterpriseCommander",
            "Delivers all programs of this workspace.",
            "enterprise",
            ("ProgramCommander",),
            _LOOKS,
            writes=False,
        ),
        Role(
            "ProgramCommander",
            "Delivers the projects of a program.",
            "program",
            ("ProjectCommander",),
            _LOOKS,
            writes=False,
        ),
        Role(
            "ProjectCommander",
            "Delivers the backlog of this project, item by item, with proof.",
            "project",
            ("Commander",),
            {**_LOOKS, CHECKS: "ask"},
            writes=False,
        ),
        Role(
            "Commander",
            "Carries out one mission: plan, work, review.",
            "mission",
            _STAFF,
            {"todowrite": "deny", CHECKS: "ask"},
        ),
        Role("Planner", "Writes the plan of a mission.", "work"),
        Role("Worker", "Does one task of a mission.", "work"),
        Role("Reviewer", "Looks at a change it did not write.", "review", rules={"edit": "deny"}, writes=False),
    )
}
DEPTH = 4  # sessions below sessions that a chain of all levels needs


def offered(role: Role) -> tuple[Action, ...]:
    """The actions of the role's own level, and those of other levels that it may look with."""
    return tuple(action for action in ACTIONS.values() if action.told and role.level in (action.level, *action.also))


@cache
def prompt(role: str, language: Language) -> str:
    """The role's text as Echelon gives it, without what changes from session to session."""
    text = (files("echelon.bridge") / "prompts" / language / f"{role}.md").read_text("utf-8")
    return filled(ROLES[role], text, language)


def filled(role: Role, text: str, language: Language) -> str:
    """A template, ours or a person's, as the model reads it. What changes comes last, for the providers' caches."""
    return f"{text.strip().replace(CHARTER, charter(role.commands or 'mission', language))}\n\n{MARK}"
