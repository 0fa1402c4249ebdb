"""What the actions on projects and programs do: each builds the request of its level, or looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from echelon.actions import arguments as given_
from echelon.actions.callers import Caller, program_of, project_id
from echelon.core import requests
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.grammar import State
from echelon.core.levels import enterprise, program
from echelon.core.portfolio import Program, Project
from echelon.core.requests import Verb
from echelon.engine.engine import Engine

Answer = Decision | Refusal
STARTS_MAX = 1_000  # projects or programs that one call starts


def project(verb: Verb, *, parallel: bool = False) -> Callable[[Engine, Any, Caller], Answer]:
    """The action that asks for this step in a project's life."""

    def perform(engine: Engine, given: Any, caller: Caller) -> Answer:
        where = program_of(engine, caller, given.program_file)
        if isinstance(where, Refusal):
            return where
        if parallel and verb == "start" and not engine.world().portfolio.parallel:
            return refuse("PARALLELISM_OFF")
        named = project_id(where, given.project_id)
        if isinstance(named, Refusal):
            return named
        (where, identifier), reason = named, getattr(given, "reason", "")
        answer = engine.ask(requests.MoveProject(verb, identifier or None, where, reason, parallel))
        return _delegated(answer, parallel) if verb == "start" else answer

    return perform


def start_projects(engine: Engine, given: given_.ProjectsArguments, caller: Caller) -> Answer:
    """Start every project of a program that can start, up to `max_projects` at once; or the one that is named."""
    where = program_of(engine, caller, given.program_file)
    if isinstance(where, Refusal):
        return where
    if not engine.world().portfolio.parallel:
        return refuse("PARALLELISM_OFF")
    named = project_id(where, given.project_id)
    if isinstance(named, Refusal):
        return named
    (where, identifier), most = named, max(0, given.max_projects)
    request = requests.MoveProject("start", identifier or None, where, "", True, most if identifier else most or 1)
    starts = 1 if identifier else STARTS_MAX
    return _all(engine, request, "projects", given.slots_per_project, starts)


def program_step(verb: Verb, *, parallel: bool = False) -> Callable[[Engine, Any, Caller], Answer]:
    """The action that asks for this step in a program's life."""

    def perform(engine: Engine, given: Any, _caller: Caller) -> Answer:
        if parallel and verb != "fail" and not engine.world().portfolio.settings.parallel:
            return refuse("PARALLELISM_OFF")
        reason = getattr(given, "reason", "")
        answer = engine.ask(requests.MoveProgram(verb, given.program_id or None, reason, parallel))
        return _delegated(answer, parallel) if verb == "start" else answer

    return perform


def start_programs(engine: Engine, given: given_.ProgramsArguments, _caller: Caller) -> Answer:
    """Start every program that can start, or the one that is named."""
    if not engine.world().portfolio.settings.parallel:
        return refuse("PARALLELISM_OFF")
    request = requests.MoveProgram("start", given.program_id or None, "", True)
    return _all(engine, request, "programs", 0, 1 if given.program_id else STARTS_MAX)


def _all(
    engine: Engine, request: requests.MoveProject | requests.MoveProgram, noun: str, slots: int, starts: int
) -> Answer:
    """Ask again until nothing more starts, `starts` times at the most; the refusal counts only when nothing did."""
    done: list[Decision] = []
    for _ in range(starts):
        answer = _delegated(engine.ask(request), parallel=True, slots=slots)
        if isinstance(answer, Refusal):
            if not done:
                return answer
            break
        done.append(answer)
    return Decision({}, "\n---\n".join(row.message for row in done), data={noun: [dict(row.data) for row in done]})


def _delegated(answer: Answer, parallel: bool, slots: int = 0) -> Answer:
    """The start's message with whom to call and what to tell them (peer-slots-steering.md Appendix D)."""
    if isinstance(answer, Refusal):
        return answer
    data = dict(answer.data)
    rows = [answer.message]
    if "project" in data:
        rows.append(f'Call the agent ProjectCommander: "Deliver project {data["project"] or data["title"]}."')
        if parallel:
            labels = (("backlog_path", "backlogPath"), ("spec_path", "specPath"), ("project_file", "projectFile"))
            rows += [f"- {label}: {data[key]}" for label, key in labels]
            rows += [f"Up to {slots} item(s) of it at once (parallel_start_item)."] if slots > 0 else []
    else:
        rows.append(f'Call the agent ProgramCommander: "Deliver program {data["program"]}."')
        if parallel:
            rows.append(f"- program_file: {data['programFile']}")
    return Decision(answer.writes, "\n".join(rows), answer.effects, data)


# ----------------------------------------------------------------------------------------------------- verdicts


def verify_project(engine: Engine, given: given_.ProjectArguments, caller: Caller) -> Answer:
    where = program_of(engine, caller, given.program_file)
    if isinstance(where, Refusal):
        return where
    named = project_id(where, given.project_id)
    if isinstance(named, Refusal):
        return named
    where, name = named
    if name:
        rows = [row for row in engine.world().portfolio.projects() if where in (None, row.program)]
        wanted = [row for row in rows if row.id == name]
        unknown = refuse("PROJECT_UNKNOWN", f"there is no project {name[:40]}")
    else:
        wanted, unknown = _active(engine, where), refuse("PROJECT_NOT_ACTIVE", prefix="NO PROJECT ACTIVE")
    return _project_verdicts(engine, wanted) if wanted else unknown


def verify_projects(engine: Engine, given: given_.ProgramFileArguments, caller: Caller) -> Answer:
    where = program_of(engine, caller, given.program_file)
    if isinstance(where, Refusal):
        return where
    rows = _active(engine, where)
    return _project_verdicts(engine, rows) if rows else Decision({}, "NO PROJECT ACTIVE.", data={"projects": []})


def _active(engine: Engine, where: str | None) -> list[Project]:
    rows = engine.world().portfolio.projects()
    return [row for row in rows if row.entry and row.running and where in (None, row.program)]


def _project_verdicts(engine: Engine, rows: list[Project]) -> Answer:
    world = engine.world()
    blocks: list[str] = []
    data: list[dict[str, object]] = []
    for row in rows:
        reasons = program.verify(world, row)
        if isinstance(reasons, Refusal):
            return reasons
        items = row.backlog.entries if row.backlog else ()
        delivered = sum(1 for entry in items if entry.settled)
        verdict = "complete, ready to close" if not reasons else "not complete"
        blocks.append(
            "\n".join((f"{row.key}: items {delivered}/{len(items)}, {verdict}", *(f"  - {one}" for one in reasons)))
        )
        data.append({"project": row.key, "complete": not reasons, "reasons": list(reasons)})
    return Decision({}, "\n".join(blocks), data={"projects": data})


def verify_program(engine: Engine, given: given_.ProgramArguments, _caller: Caller) -> Answer:
    rows: list[Program] = [
        row
        for row in engine.world().portfolio.programs
        if row.entry and (given.program_id == row.key or (not given.program_id and row.state is State.ACTIVE))
    ]
    if not rows and given.program_id:
        return refuse("PROGRAM_UNKNOWN", f"there is no program {given.program_id[:40]}")
    if not rows:
        return refuse("PROGRAM_NOT_ACTIVE", prefix="NO PROGRAM ACTIVE")
    blocks: list[str] = []
    for row in rows:
        reasons = enterprise.verify(row)
        if isinstance(reasons, Refusal):
            return reasons
        found = row.document.entries if row.document else ()
        done = sum(1 for entry in found if entry.settled)
        verdict = "complete, ready to close" if not reasons else "not complete"
        blocks.append(
            "\n".join((f"{row.key}: projects {done}/{len(found)}, {verdict}", *(f"  - {one}" for one in reasons)))
        )
    return Decision({}, "\n".join(blocks), data={"programs": [row.key for row in rows]})


def set_budget(engine: Engine, given: given_.BudgetArguments, _caller: Caller) -> Answer:
    return engine.ask(requests.SetBudget(given.budget, given.reason))
