"""Escalations of the project level: recorded by code or agents, decided by a person only."""

from __future__ import annotations

from dataclasses import replace

from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import render, sections
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import OPTIONS_MAX, OPTIONS_MIN, Escalation
from echelon.core.levels import project
from echelon.core.model import PROJECT, World
from echelon.core.requests import RecordEscalation, ResolveEscalation, SuspendItem


def record(world: World, request: RecordEscalation, now: str) -> Decision | Refusal:
    """Write the block; an item it concerns that is in flight is suspended in the same transaction."""
    named = {"context": request.context, "attempts": request.attempts, "expected_decision": request.expected}
    gaps = [f"{name} is empty" for name, value in named.items() if not render.one_line(value)]
    if not OPTIONS_MIN <= len(request.options) <= OPTIONS_MAX:
        gaps.append(f"{OPTIONS_MIN} or {OPTIONS_MAX} options are needed, there are {len(request.options)}")
    gaps += [
        f"option {at} has no label" for at, option in enumerate(request.options, 1) if not render.one_line(option.label)
    ]
    if gaps:
        return refuse("ARGUMENT_MISSING", *gaps)
    known = {entry.id for entry in world.escalations}
    base = f"ESC-{render.stamp(now)}"
    identifier = next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(known) + 3))) if name not in known)
    context = request.context if not request.item else f"{request.item} — {request.context}"
    block = Escalation(identifier, context, request.attempts, tuple(request.options), request.expected)
    text = sections.append_escalation(world.text(PROJECT), block, "Project", world.language)
    after = replace(world, texts={**world.texts, PROJECT: text})
    entry = world.backlog.find(request.item) if world.backlog and request.item else None
    message = f"ESCALATION {identifier}: stop until a person has decided."
    if entry and entry.state is State.ACTIVE:
        decided = project.suspend(after, SuspendItem(f"decision needed: {identifier}", entry.id), now)
        return decided if isinstance(decided, Refusal) else replace(decided, message=message)
    writes: dict[str, str | None] = {}
    writes[PROJECT] = project.journal(after, "escalation", f"{identifier} {request.context}", now, writes)
    return Decision(writes, message, data={"escalation": identifier})


def resolve(world: World, request: ResolveEscalation, now: str) -> Decision | Refusal:
    if not render.one_line(request.decision):
        return refuse("ARGUMENT_MISSING", "say what is decided: decision")
    matching = [entry for entry in world.escalations if entry.id == request.escalation]
    pending = next((entry for entry in matching if entry.pending), None)
    if pending is None:
        state = "is already decided" if matching else "does not exist"
        return refuse("ESCALATION_UNKNOWN", f"{request.escalation[:80]} {state}")
    text = sections.resolve_escalation(world.text(PROJECT), pending, request.decision, now, world.language)
    after = replace(world, texts={**world.texts, PROJECT: text})
    writes: dict[str, str | None] = {}
    writes[PROJECT] = project.journal(after, "decision", f"{pending.id} — {request.decision}", now, writes)
    return Decision(writes, f"DECIDED {pending.id}.", data={"escalation": pending.id})
