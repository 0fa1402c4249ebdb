"""What the files say of a level whose commander's turn has ended: done, open with what comes next, or waiting. Pure.

One function per level. A level asks the level directly below what it waits for, and knows nothing beneath that. The
tools that it names are those that can be used now: in parallel the parallel ones (peer-slots-steering.md W-G1, W-G4, W-G8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from echelon.core import requests
from echelon.core.decide import Decision, Refusal
from echelon.core.documents import todo
from echelon.core.documents.grammar import State
from echelon.core.levels import decide
from echelon.core.levels.enterprise import missing_for_close as program_lacks
from echelon.core.levels.holding import answered, held, program_held, project_held
from echelon.core.levels.program import missing_for_close as project_lacks
from echelon.core.model import TODO, BaseFacts, World
from echelon.core.portfolio import Program, Project, local
from echelon.core.posts import ambiguous, natural

SHOWN_MAX = 5  # reasons in one prompt
_ANY_BASE = BaseFacts("", in_place=True)  # what git says of the base is for the start itself to ask


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the files say of a level: done, open with what comes next, or waiting for a person."""

    state: Literal["done", "open", "waits"]
    text: str
    code: str = ""


# ------------------------------------------------------------------------------------------------- item, project


def mission(world: World, stale: bool) -> Verdict:
    """A mission of its own, without an item: its plan in todo.md is all there is, and the end says so.

    `stale`: todo.md is as it was before the mission, so its plan is somebody else's.
    """
    plan = todo.parse(world.text(TODO))
    if not plan.tasks or stale:
        return Verdict("open", "todo.md holds no plan of this mission yet: write one, or answer HALT: and why.")
    if not plan.open:
        return Verdict(
            "done", f"todo.md is complete ({plan.progress}): claimed, nothing here proves it", "LOOP_CLAIMED"
        )
    stuck = [task.text for task in plan.open if task.state in (State.FAILED, State.SUSPENDED)]
    if len(stuck) == len(plan.open):
        return Verdict("waits", f"what is left in todo.md has failed or is suspended: {'; '.join(stuck[:SHOWN_MAX])}")
    names = "; ".join(task.text[:120] for task in plan.open[:SHOWN_MAX])
    return Verdict("open", f"todo.md: {plan.progress} done. Open: {names}")


def project(world: World, scope: str | None, item: str) -> Verdict:
    """`scope` None: the session has not said which. `item`: only this one, when a person named it."""
    scope = natural(world, "project") if scope is None else scope
    unsaid = ambiguous(world) if scope is None else None
    if unsaid is not None:
        return Verdict("open", f"Several projects run; say which by backlog_path: {'; '.join(unsaid.reasons)}")
    view = world if scope is None or scope == world.scope else world.at(scope)
    if item and (over := _over(view, item)):
        return over
    whole = project_held(view, held(view.escalations, "project").get("", ""))
    if whole:
        return Verdict("waits", f"it waits for a decision on {whole}", "ESCALATION_PENDING")
    flying = [row for row in view.own_missions if not item or row.item == view.key(item)]
    several = not view.files.in_front and world.portfolio.parallel
    if flying:
        names = ", ".join(f"{row.local} (attempt {row.attempt})" for row in flying[:SHOWN_MAX])
        is_are, them = ("is", "it") if len(flying) == 1 else ("are", "each")
        close = "parallel_close_item" if several else "backlog_close_item"
        more = "backlog_status shows the rest."
        return Verdict("open", f"{names} {is_are} in flight: have a Commander work on {them}, then {close}. {more}")
    start = "parallel_start_item" if several else "backlog_start_item"
    back = {name: row.id for name, row in answered(view).items() if item in ("", name, view.key(name))}
    if back:
        rows = [f"{name} was put aside for {number}, which is decided" for name, number in back.items()]
        return Verdict("open", f"{'; '.join(rows[:SHOWN_MAX])}: backlog_resume_item, then {start}.")
    answer = decide(view, requests.StartItem(_ANY_BASE, item or None, None, several), "")
    if isinstance(answer, Decision):
        return Verdict("open", f"Next is {local(str(answer.data['item']))}: {start}.")
    return _refused(answer, "BACKLOG_COMPLETE")


def _over(view: World, item: str) -> Verdict | None:
    """The end of a loop that is about one item."""
    entry = view.backlog.find(local(item)) if view.backlog else None
    if entry is not None and (entry.state in (State.ACTIVE, State.PENDING) or entry.id in answered(view)):
        return None
    state = entry.state.value if entry else "gone"
    return Verdict("done" if entry and entry.state is State.DELIVERED else "waits", f"{item} is {state}")


def _refused(answer: Refusal, complete: str) -> Verdict:
    text = "; ".join(reason.split("\n", 1)[0] for reason in answer.reasons[:SHOWN_MAX])
    return Verdict("done" if answer.code == complete else "waits", text, answer.code)


# ------------------------------------------------------------------------------------------------- upper levels


def program(world: World, scope: str | None) -> Verdict:
    scope = natural(world, "program") if scope is None else scope
    found = world.portfolio.program(scope) if scope is not None else None
    if found is None or found.document is None:
        listed = ", ".join(row.key for row in world.portfolio.programs if row.state is State.ACTIVE and row.key)
        if listed:
            return Verdict("open", f"Several programs run; say which by program_file: {listed}")
        return Verdict("waits", "there is no program that runs", "PROGRAM_NOT_ACTIVE")
    if ended := _ended(found):
        return ended
    whole = held(found.escalations, "program").get("", "") or program_held(world.portfolio, found.key)
    if whole:
        return Verdict("waits", f"it waits for a decision on {whole}", "ESCALATION_PENDING")
    several = _several(world, found)
    running = [row for row in found.projects if row.running]
    below = [_about_project(world, row, several) for row in running]
    start = "program_start_projects_parallel" if several else "program_start_project"

    def ask(parallel: bool) -> Decision | Refusal:
        return decide(world, requests.MoveProject("start", None, found.key, "", parallel), "")

    return _next(below, ask, several, start, "project", "PROGRAM_COMPLETE")


def _ended(found: Program) -> Verdict | None:
    if found.complete:
        return Verdict("done", f"every project of {found.key or 'the program'} is settled", "PROGRAM_COMPLETE")
    if found.state is not State.ACTIVE:
        return Verdict("waits", f"{found.key} is {found.state.value}", "PROGRAM_NOT_ACTIVE")
    return None


def _several(world: World, found: Program) -> bool:
    """Whether projects of this program run side by side: as the portfolio says, else as it is done already."""
    if world.portfolio.depth == "enterprise":
        return world.portfolio.settings.parallel
    running = [row for row in found.projects if row.running]
    return len(running) > 1 or any(not row.files.in_front for row in running)


def _about_project(world: World, row: Project, several: bool) -> Verdict:
    lacks = project_lacks(world, row)
    if not lacks:
        close = "program_close_project_parallel" if several else "program_close_project"
        return Verdict("open", f"{row.key} is complete: {close}.")
    said = project(world, row.key, "")
    if said.state == "open":
        return Verdict("open", f"{row.key} runs: have a ProjectCommander deliver it.")
    text = said.text if said.state == "waits" else "; ".join(lacks[:SHOWN_MAX])
    return Verdict("waits", f"{row.key}: {text}", said.code if said.state == "waits" else "PROJECT_INCOMPLETE")


def enterprise(world: World) -> Verdict:
    portfolio = world.portfolio
    if portfolio.depth != "enterprise":
        return Verdict("waits", "there is no enterprise.md that lists programs", "PROGRAM_UNKNOWN")
    whole = program_held(portfolio, "")
    if whole:
        return Verdict("waits", f"it waits for a decision on {whole}", "ESCALATION_PENDING")
    several = portfolio.settings.parallel
    below = [_about_program(world, row, several) for row in portfolio.programs if row.state is State.ACTIVE]
    start = "enterprise_start_programs_parallel" if several else "enterprise_start_program"

    def ask(parallel: bool) -> Decision | Refusal:
        return decide(world, requests.MoveProgram("start", None, "", parallel), "")

    return _next(below, ask, several, start, "program", "ENTERPRISE_COMPLETE")


def _about_program(world: World, row: Program, several: bool) -> Verdict:
    lacks = program_lacks(row)
    if not lacks:
        close = "enterprise_close_program_parallel" if several else "enterprise_close_program"
        return Verdict("open", f"{row.key} is complete: {close}.")
    said = program(world, row.key)
    if said.state == "open":
        return Verdict("open", f"{row.key} runs: have a ProgramCommander deliver it.")
    text = said.text if said.state == "waits" else "; ".join(lacks[:SHOWN_MAX])
    return Verdict("waits", f"{row.key}: {text}", said.code if said.state == "waits" else "PROGRAM_INCOMPLETE")


def _next(
    below: list[Verdict],
    ask: Callable[[bool], Decision | Refusal],
    several: bool,
    start: str,
    noun: str,
    complete: str,
) -> Verdict:
    """What the level does next: see to what runs, start what can start, or wait for what everything below waits for."""
    steps = [row.text for row in below if row.state == "open"]
    waits = [row for row in below if row.state == "waits"]
    answer = ask(several)
    if isinstance(answer, Decision):
        steps.append(f"Next is {answer.data[noun]}: {start}.")
    elif not several and waits and not steps and isinstance(beside := ask(True), Decision):
        aside = "program_suspend_project" if noun == "project" else "enterprise_suspend_program"
        steps.append(f"{waits[0].text}. {aside} puts it aside; then {beside.data[noun]} can start.")
    if steps:
        return Verdict("open", "\n".join(steps[:SHOWN_MAX]))
    if waits:
        return Verdict("waits", "; ".join(row.text for row in waits[:SHOWN_MAX]), waits[0].code)
    assert isinstance(answer, Refusal), "a start that can be was a step"
    return _refused(answer, complete)
