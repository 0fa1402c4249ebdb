"""The levels and the one function that sends a request to the level that owns it."""

from __future__ import annotations

from echelon.core import requests as ask
from echelon.core.decide import Decision, Refusal
from echelon.core.levels import escalations, mission, project
from echelon.core.model import World


def decide(world: World, request: ask.Request, now: str) -> Decision | Refusal:
    """Pure: what is to happen, or why it may not. `now` is ISO-8601 UTC with milliseconds."""
    match request:
        case ask.StartItem():
            return project.start(world, request, now)
        case ask.CloseItem():
            return mission.close(world, request)
        case ask.Merged():
            return project.merged(world, request, now)
        case ask.FailItem():
            return project.fail(world, request, now)
        case ask.SuspendItem():
            return project.suspend(world, request, now)
        case ask.ResumeItem():
            return project.resume(world, request, now)
        case ask.EndAttempt():
            return mission.end_attempt(world, request, now)
        case ask.Attest():
            return mission.attest(world, request)
        case ask.AcceptWeakening():
            return mission.accept_weakening(world, request, now)
        case ask.RecordEscalation():
            return escalations.record(world, request, now)
        case ask.ResolveEscalation():
            return escalations.resolve(world, request, now)
