"""The levels and the one function that sends a request to the level that owns it."""

from __future__ import annotations

from echelon.core import requests as ask
from echelon.core.decide import Decision, Refusal
from echelon.core.levels import ending, enterprise, escalations, mission, program, project
from echelon.core.model import World
from echelon.core.portfolio import scope_of


def decide(world: World, request: ask.Request, now: str) -> Decision | Refusal:
    """Pure: what is to happen, or why it may not. `now` is ISO-8601 UTC with milliseconds.

    The project that the request is about is put in front first (`in_front`).
    """
    world = in_front(world, request)
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
    named = getattr(request, "scope", None)
    if named is None:
        item = getattr(request, "item", None)
        named = scope_of(item) if item and "/" in item else None
    return world if named is None else world.at(named)
