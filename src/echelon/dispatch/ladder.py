"""What follows when an attempt did not close its item: try again, suspend, resolve, escalate, or wait for a person.

The same for a delivery by code and for a commander's refused close inside a host: attempts count in both.
"""

from __future__ import annotations

from typing import Literal

from echelon.core import requests
from echelon.core.decide import Decision, Refusal
from echelon.core.documents.sections import Option
from echelon.core.model import Mission
from echelon.dispatch.outcome import codes_of, definition_is_wrong, reason_of, waits_for_person
from echelon.engine.engine import Engine

Kind = Literal["blocked", "escalated", "suspended", "attempt"]
Settled = tuple[Kind, Decision | Refusal]  # "blocked": the refusal itself, and nothing moved


def settle(engine: Engine, mission: Mission, refusal: Refusal, tokens: int = 0, cost: float = 0.0) -> Settled:
    """After a refused close."""
    if waits_for_person(refusal):
        return "blocked", refusal
    reason = reason_of(refusal)
    detail = "\n".join(refusal.reasons)
    if definition_is_wrong(codes_of(refusal)):
        return "escalated", escalate(engine, mission, detail)
    if reason == "spec_changed":
        return "suspended", engine.end(requests.SuspendItem(refusal.reasons[0], mission.item, "spec_changed"))
    if reason != "conflict":
        return end_attempt(
            engine, requests.EndAttempt(mission.item, reason, detail, (), "", tokens, cost, mission.attempt)
        )
    # the slot gets the base with conflict markers; the next attempt resolves them
    base, files = engine.bring_base(mission)
    conflicts = files or mission.conflicts
    return end_attempt(
        engine, requests.EndAttempt(mission.item, reason, detail, conflicts, base, tokens, cost, mission.attempt)
    )


def end_attempt(engine: Engine, request: requests.EndAttempt) -> Settled:
    decision = engine.end(request)
    escalated = isinstance(decision, Decision) and "escalation" in decision.data
    return "escalated" if escalated else "attempt", decision


def escalate(engine: Engine, mission: Mission, detail: str) -> Decision | Refusal:
    """The definition has to change, which is a person's to do: the item waits, the others go on."""
    options = (Option("mend the check", "the item can be proved", "—"), Option("give up", "—", "not delivered"))
    request = requests.RecordEscalation(detail, "—", options, "Sharpen the check, or call it a guard.", mission.item)
    return engine.end(request)
