"""The slash commands. `/enterprise`, `/program`, `/deliver` and `/task` start a loop, of a level each; the others look,
stop or plan, and start nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from echelon.core.posts import LevelName


@dataclass(frozen=True, slots=True)
class Command:
    """`starts`: the level whose loop it starts. `template`: what the agent reads; `$ARGUMENTS` is the person's text."""

    description: str
    template: str
    agent: str
    starts: LevelName | None = None

    def as_json(self) -> dict[str, str]:
        return {"description": self.description, "template": self.template, "agent": self.agent}


COMMANDS: Mapping[str, Command] = {
    "enterprise": Command(
        "Deliver all programs.",
        "Deliver all programs of this workspace now. $ARGUMENTS",
        "EnterpriseCommander",
        "enterprise",
    ),
    "program": Command(
        "Deliver the program, or the one named.",
        "Deliver the projects of the program now. $ARGUMENTS",
        "ProgramCommander",
        "program",
    ),
    "deliver": Command(
        "Deliver the backlog, or the one project or item named.",
        "Deliver the backlog of this project now. $ARGUMENTS",
        "ProjectCommander",
        "project",
    ),
    "task": Command("Carry out one mission to its end.", "Your mission:\n\n$ARGUMENTS", "Commander", "mission"),
    "plan": Command(
        "Plan the project; with a backlog, write a plan into .opencode/todo.md. Nothing else.",
        "Call `plan_project` with this as its `brief` and do what it answers. Where it says PLAN_EXISTS there is a backlog: have a "
        "Planner write the plan for this into `.opencode/todo.md` instead. Start no work, then show the plan.\n\n$ARGUMENTS",
        "Commander",
    ),
    "status": Command(
        "Where the project stands.",
        "Show this to the person as it stands, without a tool call:\n\n$STATUS",
        "ProjectCommander",
    ),
    "agents": Command(
        "Who there is and who may call whom.",
        "Show this to the person as it stands, without a tool call:\n\n$AGENTS",
        "ProjectCommander",
    ),
    "stop": Command("Stop what runs by itself here; nothing starts again until you say so.", "(stopped)", "Commander"),
}
