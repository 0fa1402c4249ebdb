"""Why a program has the share it has, for `echelon status --why PGM-002`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from echelon.core import allocation_why
from echelon.core.allocation import Demand
from echelon.core.documents.grammar import State
from echelon.core.levels import capacity
from echelon.core.levels.holding import program_held
from echelon.core.model import World
from echelon.core.portfolio import Program

_WORDS = {
    "nothing_eligible": "none of its items could start now",
    "no_budget": "the budget is zero",
    "anti_starvation": "it has waited long enough to go before better priorities",
    "cap_reached": "every item of it that could run has a slot",
    "gave_way": "others had waited too long and went first",
    "budget_spent": "the budget is spent on those before it",
}


def why(world: World, program: str, demands: Sequence[Demand] | None = None) -> dict[str, Any] | None:
    """The explanation as JSON values; None when there is no such program. `demands`: the world's, where they are known."""
    found = world.portfolio.program(program)
    if world.portfolio.depth != "enterprise" or found is None:
        return None
    chosen = world.portfolio.settings
    absent, rejoin = _absence(world, found)
    said = allocation_why.explain(chosen.budget, chosen.strategy, demands or capacity.demands(world), program, rejoin)
    levers = said.levers if rejoin or said.why != "paused" else ()
    return {
        "id": said.id,
        "slots": said.slots,
        "cap": said.cap,
        "weight": said.weight,
        "rank": said.rank,
        "budget": chosen.budget,
        "strategy": chosen.strategy,
        "why": said.why,
        "words": absent if said.why == "paused" else _WORDS[said.why],
        "others": [{"id": name, "slots": slots} for name, slots in said.others],
        "unused": said.unused,
        "levers": [
            {"text": row.text, "slots": row.slots, "budget": row.budget, "priority": row.demand.priority}
            for row in levers
        ],
        "waited": world.record.waited.get(program, 0),
    }


def _absence(world: World, program: Program) -> tuple[str, str]:
    """Why a program takes no part in the sharing, and what lets it: "" when nothing has to."""
    states = {
        State.DELIVERED: ("it is delivered", ""),
        State.FAILED: ("it failed", "reopen it"),
        State.SUSPENDED: ("it is suspended", "resume it"),
    }
    if program.state in states:
        return states[program.state]
    if escalation := program_held(world.portfolio, program.key):
        return f"it waits for a person to decide {escalation}", f"decide {escalation}"
    document, depends = world.portfolio.document, program.entry.depends if program.entry else ()
    rows = {name: document.find(name) if document else None for name in depends}
    waits = ", ".join(name for name, row in rows.items() if row is None or not row.settled)
    if waits:
        return f"it waits for {waits}", f"finish {waits}"
    return "its program.md is missing or cannot be read", "mend it: echelon doctor says where"


def why_lines(said: Mapping[str, Any]) -> str:
    rest = ", ".join(f"{row['id']}={row['slots']}" for row in said["others"]) or "nobody"
    place = f"place {said['rank']} by priority" if said["rank"] else "no candidate"
    rows = [
        f"{said['id']}: {said['slots']} of {said['budget']} slot(s) ({said['strategy']}); {said['words']}",
        f"could use {said['cap']} · weight {said['weight']} · {place} · waited {said['waited']} round(s)",
        f"the rest: {rest}; unused: {said['unused']}",
    ]
    rows += [f"to get {row['slots']}: {row['text']}" for row in said["levers"]]
    return "\n".join(rows)
