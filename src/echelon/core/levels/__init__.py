"""The levels and the one function that sends a request to the level that owns it."""

from __future__ import annotations

from echelon.core import requests as ask
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.levels import ending, enterprise, escalations, mission, program, project, rework
from echelon.core.model import World
from echelon.core.portfolio import scope_of


def decide(world: World, request: ask.Request, now: str) -> Decision | Refusal:
    """Pure: what is to happen, or why it may not. `now` is ISO-8601 UTC with milliseconds.

    The project that the request is about is put in front first (`in_front`).
    """
    missing = _unknown(world, request)
    if missing is not None:
        return missing
    decided = _decided(in_front(world, request), request, now)
    if isinstance(decided, Decision):
        clashes = [path for path in decided.writes if path in world.diverged]
        if clashes:  # whoever wrote one of the copies would throw the other away
            return refuse("COPIES_DIVERGED", *(f"{path}: {world.diverged[path]}" for path in clashes))
    return decided


def _decided(world: World, request: ask.Request, now: str) -> Decision | Refusal:
    match request:
        case ask.MoveProgram():
            return enterprise.move(world, request, now)
        case ask.SetBudget():
            return enterprise.set_budget(world, request, now)
        case ask.MoveProject():
            return program.move(world, request, now)
        case ask.RecordEscalation():
            return escalations.record(world, request, now)
        case ask.ResolveEscalation():
            return escalations.resolve(world, request, now)
        case ask.ReworkItem():
            return rework.rework(world, request, now)
        case _:
            return _about_items(world, request, now)


def _about_items(world: World, request: ask.Request, now: str) -> Decision | Refusal:
    match request:
        case ask.StartItem():
            return project.start(world, request, now)
        case ask.CloseItem():
            return mission.close(world, request)
        case ask.Merged():
            return ending.merged(world, request, now)
        case ask.FailItem():
            return ending.fail(world, request, now)
        case ask.SuspendItem():
            return ending.suspend(world, request, now)
        case ask.ResumeItem():
            return project.resume(world, request, now)
        case ask.ReopenItem():
            return project.reopen(world, request, now)
        case ask.WaiveItem():
            return project.waive(world, request, now)
        case ask.EndAttempt():
            return mission.end_attempt(world, request, now)
        case ask.Attest():
            return mission.attest(world, request)
        case ask.AcceptWeakening():
            return mission.accept_weakening(world, request, now)
    raise AssertionError(f"no level owns {type(request).__name__}")


def in_front(world: World, request: ask.Request) -> World:
    """The world with the request's project in front: named by `scope`, else by the item's key, else as it is."""
    named = _named(request)
    return world if named is None else world.at(named)


def _named(request: ask.Request) -> str | None:
    named = getattr(request, "scope", None)
    if named is None:
        item = getattr(request, "item", None)
        named = scope_of(item) if item and "/" in item else None
    return named


def _unknown(world: World, request: ask.Request) -> Refusal | None:
    """A project that does not exist must not be taken for the one that is in front already."""
    named = _named(request)
    about_project = not isinstance(request, ask.RecordEscalation) or request.level == "project"
    if not named or not about_project or world.portfolio.project(named) is not None:
        return None
    return refuse("PROJECT_UNKNOWN", f"there is no project {named[:80]}")
