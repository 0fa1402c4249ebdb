"""The table of actions: one row each, many doors. CLI, agent tools, HTTP and the reference are made from it.

A row names the action, its level, who may ask for it, its arguments, and the function that performs it. No door has
logic. An agent's request is held against the level of its session, which acts on the level directly below and no other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from echelon.actions import arguments as args
from echelon.actions import items, looking, nodes, planning
from echelon.actions.callers import PERSON, Caller, Level, Who, project_of
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.model import Mission
from echelon.dispatch import ladder
from echelon.engine.engine import Engine

HOLD_SECONDS = 5.0  # for a mission that somebody looks at this moment

Answer = Decision | Refusal
Perform = Callable[..., Answer]  # (engine, arguments, caller), and the mission where the row is about one


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    level: Level
    doc: str
    arguments: type
    perform: Perform
    who: Who = "agent"  # "person": persons only
    changes: bool = True  # False: only looks
    also: tuple[Level, ...] = ()  # other levels that are offered it
    runs: bool = False  # runs the checks' commands on this machine
    mission: bool = False  # is about one item in flight, which nobody else may work on meanwhile
    settles: bool = False  # a refusal of it ends an agent's attempt
    told: bool = True  # False: models are not told of it, not even to ask the person for it

    @property
    def callers(self) -> str:
        """Who may call it, in words."""
        if self.who == "person":
            return "persons only"
        return "agents only" if self.level == "review" else "agents and persons"


_UPPER: tuple[Level, ...] = ("program", "enterprise")
_STAFF: tuple[Level, ...] = ("work", "review")

_ITEMS = (
    Action("backlog_status", "project", "Mode, counts and one line per item.", args.NoArguments, looking.backlog, changes=False, also=("mission",)),
    Action("backlog_start_item", "project", "Start an item: its slot, its contract.", args.StartArguments, items.start),
    Action(
        "backlog_verify_item", "project", "Run an item's checks and say the verdict.",
        args.InFlightArguments, items.verify, also=("mission",), runs=True, mission=True,
    ),
    Action(
        "backlog_close_item", "project", "Verify, merge and mark the item delivered.",
        args.InFlightArguments, items.close, runs=True, mission=True, settles=True,
    ),
    Action("backlog_fail_item", "project", "Give the item up; its work is kept.", args.ReasonArguments, items.fail, mission=True),
    Action("backlog_suspend_item", "project", "Put the item aside; its work is kept.", args.ReasonArguments, items.suspend, mission=True),
    Action("backlog_resume_item", "project", "Bring a suspended item back to pending.", args.ItemArguments, items.resume),
    Action("backlog_reopen_item", "project", "Try a failed item again.", args.ItemReasonArguments, items.reopen, "person"),
    Action("backlog_waive_item", "project", "Go on without a failed item: what waits for it may start.", args.ItemReasonArguments, items.waive, "person"),
    Action("backlog_attest", "project", "Say that criteria without a check hold.", args.AttestArguments, items.attest, "person", mission=True),
    Action(
        "backlog_review_item", "review", "Say that criteria without a check hold, as one who did not write the change.",
        args.ReviewArguments, items.review, mission=True,
    ),
    Action(
        "backlog_accept_weakening", "project", "Let the present changes to tests pass.",
        args.NoteArguments, items.accept, "person", runs=True, mission=True,
    ),
    Action("backlog_rework_item", "project", "Send the work back with comments; the next attempt begins with them.", args.ReworkArguments, items.rework, "person", told=False),
    Action("parallel_start_item", "project", "Start the next item beside others, up to max_slots.", args.SlotArguments, items.start_parallel),
    Action("parallel_verify_items", "project", "The verdict on every item in flight.", args.NoArguments, items.verify_all, runs=True),
    Action(
        "parallel_close_item", "project", "Verify, merge and mark one of several items delivered.",
        args.InFlightArguments, items.close, runs=True, mission=True, settles=True,
    ),
    Action("parallel_fail_item", "project", "Give one of several items up; its work is kept.", args.ReasonArguments, items.fail, mission=True),
    Action("record_escalation", "project", "Ask a person to decide; what it concerns waits.", args.EscalationArguments, items.escalate, also=_UPPER),
    Action("resolve_escalation", "project", "Decide an escalation.", args.DecisionArguments, items.resolve, "person", also=_UPPER),
)  # fmt: skip
_PROJECTS = (
    Action("program_status", "program", "Counts and one line per project.", args.NoArguments, looking.program, changes=False),
    Action("program_start_project", "program", "Start the next project, with its files in front.", args.ProjectArguments, nodes.project("start")),
    Action("program_verify_project", "program", "Whether the active project is complete.", args.ProjectArguments, nodes.verify_project, changes=False),
    Action("program_close_project", "program", "Mark the complete project delivered.", args.ProjectArguments, nodes.project("close")),
    Action("program_fail_project", "program", "Give the project up; what is in flight in it is kept.", args.ProjectReasonArguments, nodes.project("fail")),
    Action("program_suspend_project", "program", "Put the project aside; what is in flight in it is kept.", args.ProjectReasonArguments, nodes.project("suspend")),
    Action("program_resume_project", "program", "Bring a suspended project back to pending.", args.ProjectArguments, nodes.project("resume")),
    Action("program_reopen_project", "program", "Bring a failed or delivered project back to pending.", args.ProjectReasonArguments, nodes.project("reopen"), "person"),
    Action("program_waive_project", "program", "Go on without a failed project.", args.ProjectReasonArguments, nodes.project("waive"), "person"),
    Action("program_start_projects_parallel", "program", "Start every project that can start, up to max_projects.", args.ProjectsArguments, nodes.start_projects),
    Action("program_verify_projects_parallel", "program", "Which of the active projects are complete.", args.ProgramFileArguments, nodes.verify_projects, changes=False),
    Action("program_close_project_parallel", "program", "Mark one of the active projects delivered.", args.ProjectArguments, nodes.project("close", parallel=True)),
    Action("program_fail_project_parallel", "program", "Give one of the active projects up.", args.ProjectReasonArguments, nodes.project("fail", parallel=True)),
)  # fmt: skip
_PROGRAMS = (
    Action("enterprise_status", "enterprise", "Budget, allocation and one line per program.", args.NoArguments, looking.enterprise, changes=False),
    Action("enterprise_start_program", "enterprise", "Start the program with the largest share.", args.ProgramArguments, nodes.program_step("start")),
    Action("enterprise_verify_program", "enterprise", "Whether the active program is complete.", args.ProgramArguments, nodes.verify_program, changes=False),
    Action("enterprise_close_program", "enterprise", "Mark the complete program delivered.", args.ProgramArguments, nodes.program_step("close")),
    Action("enterprise_fail_program", "enterprise", "Give the program up; what is in flight in it is kept.", args.ProgramReasonArguments, nodes.program_step("fail")),
    Action("enterprise_suspend_program", "enterprise", "Put the program aside; what is in flight in it is kept.", args.ProgramReasonArguments, nodes.program_step("suspend")),
    Action("enterprise_resume_program", "enterprise", "Bring a suspended program back to pending.", args.ProgramArguments, nodes.program_step("resume")),
    Action("enterprise_reopen_program", "enterprise", "Bring a failed or delivered program back to pending.", args.ProgramReasonArguments, nodes.program_step("reopen"), "person"),
    Action("enterprise_waive_program", "enterprise", "Go on without a failed program.", args.ProgramReasonArguments, nodes.program_step("waive"), "person"),
    Action("enterprise_start_programs_parallel", "enterprise", "Start every program that can start.", args.ProgramsArguments, nodes.start_programs),
    Action("enterprise_close_program_parallel", "enterprise", "Mark one of the active programs delivered.", args.ProgramArguments, nodes.program_step("close", parallel=True)),
    Action("enterprise_fail_program_parallel", "enterprise", "Give one of the active programs up.", args.ProgramReasonArguments, nodes.program_step("fail", parallel=True)),
    Action("enterprise_set_budget", "enterprise", "Change how many items may be in flight at once.", args.BudgetArguments, nodes.set_budget, "person"),
)  # fmt: skip
_ALL = (
    Action("plan_project", "project", "Plan: questions for the person; with answers, spec and backlog.", args.PlanArguments, planning.plan, also=("mission", *_UPPER)),
    Action("scaffold_project", "mission", "Write the spec and backlog of a project from values.", args.ScaffoldArguments, planning.scaffolded),
    Action(
        "steering_find", "project", "Find lines of spec, backlog and journal by words, instead of reading the files.",
        args.FindArguments, looking.steering, changes=False, also=("mission", *_STAFF, *_UPPER),
    ),
    Action("web_console_info", "mission", "Where the person's web console is.", args.NoArguments, looking.console, changes=False, also=_UPPER),
    Action("portfolio_report", "project", "The report as Markdown.", args.NoArguments, looking.portfolio, changes=False, also=_UPPER),
    Action("validate_workspace", "project", "What is wrong here; with repair, mend it.", args.ValidateArguments, looking.validate, also=_UPPER),
    Action("workspace_accept_base", "project", "Say that the base branch is right as it is, though it was moved back.", args.BaseArguments, looking.accept_base, "person", also=_UPPER),
)  # fmt: skip
ACTIONS: dict[str, Action] = {action.name: action for action in (*_ITEMS, *_PROJECTS, *_PROGRAMS, *_ALL)}


def perform(engine: Engine, name: str, given: Mapping[str, Any], caller: Caller = PERSON) -> Answer:
    """Run an action for a caller. Raises InputError ARGUMENTS_INVALID with the place of each mistake."""
    action = ACTIONS.get(name)
    if action is None:
        return refuse("ACTION_UNKNOWN", f"there is no action {name[:60]!r}")
    barred = _barred(action, caller)
    if barred is not None:
        return barred
    arguments = _validated(action, given)
    if not action.changes:
        return action.perform(engine, arguments, caller)
    sound = engine.recover_store()
    if not action.mission:
        return action.perform(engine, arguments, caller)
    mission = _mission(engine, arguments, caller)
    if isinstance(mission, Refusal):
        return mission
    with engine.hold(mission, HOLD_SECONDS):
        if sound and not mission.in_place:
            engine.recover_mission(mission)
        answer = action.perform(engine, arguments, caller, mission)
        if caller.who == "agent" and action.settles and isinstance(answer, Refusal):
            return _settled(engine, mission, answer)
        return answer


def _barred(action: Action, caller: Caller) -> Refusal | None:
    if caller.who == "agent":
        if action.who == "person":
            return refuse("NEEDS_PERSON", f"{action.name} is a person's: ask them to run echelon call {action.name}")
        if caller.level is not None and caller.level not in (action.level, *action.also):
            return refuse(
                "WRONG_LEVEL", f"{action.name} is for the {action.level} level, this is the {caller.level} level"
            )
    elif action.level == "review":  # evidence must not call a person's word a reviewer's
        return refuse(
            "WRONG_LEVEL", f"{action.name} is a reviewer's word", next_step="a person's is echelon call backlog_attest"
        )
    return None


def _mission(engine: Engine, arguments: Any, caller: Caller) -> Mission | Refusal:
    item = getattr(arguments, "item_id", "")
    scope = project_of(engine, caller, getattr(arguments, "backlog_path", ""), item)
    if isinstance(scope, Refusal):
        return scope
    return engine.find_mission(caller.item or item or None, scope)


def _settled(engine: Engine, mission: Mission, refusal: Refusal) -> Refusal:
    """A commander's refused close ends the attempt, as in a delivery by code: attempts are counted, none is for ever."""
    found = engine.find_mission(mission.item)
    if isinstance(found, Refusal) or found.attempt != mission.attempt:  # a person sent the work back meanwhile
        return refusal
    kind, answer = ladder.settle(engine, found, refusal)
    if isinstance(answer, Refusal):
        return refusal if kind == "blocked" else answer
    step = _AFTER[kind]
    return dataclasses.replace(refusal, reasons=(*refusal.reasons, answer.message), next_step=step)


_AFTER = {
    "attempt": "give the Commander these reasons and let it try again",
    "suspended": "backlog_resume_item makes it ready again; other items can go on",
    "escalated": "this item waits for the person; backlog_start_item goes on with the others",
}


def _validated(action: Action, given: Mapping[str, Any]) -> Any:
    from echelon.actions.schema import validated  # pydantic is heavy: only those who perform an action pay for it

    return validated(action.name, action.arguments, given)


def describe(action: Action) -> list[tuple[str, str, bool, str]]:
    """(argument, type, required, doc) of each argument."""
    rows: list[tuple[str, str, bool, str]] = []
    for entry in dataclasses.fields(action.arguments):
        required = entry.default is dataclasses.MISSING
        rows.append(
            (entry.name, str(entry.type).replace("Literal", "one of "), required, entry.metadata.get("doc", ""))
        )
    return rows
