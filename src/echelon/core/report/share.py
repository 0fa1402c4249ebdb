"""Why a program has the share it has, for `echelon status --why PGM-002`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echelon.core import allocation_why
from echelon.core.levels import capacity
from echelon.core.model import World

_WORDS = {
    "paused": "it does not take part: it is delivered, failed, suspended, or waits for another program or a decision",
    "nothing_eligible": "none of its items could start now",
    "no_budget": "the budget is zero",
    "anti_starvation": "it has waited long enough to go before better priorities",
    "cap_reached": "every item of it that could run has a slot",
    "gave_way": "others had waited too long and went first",
    "budget_spent": "the budget is spent on those before it",
}


def why(world: World, program: str) -> dict[str, Any] | None:
    """The explanation as JSON values; None when there is no such program."""
    demands = capacity.demands(world)
    if world.portfolio.depth != "enterprise" or program not in {row.id for row in demands}:
        return None
    chosen = world.portfolio.settings
    said = allocation_why.explain(chosen.budget, chosen.strategy, demands, program)
    return {
        "id": said.id,
        "slots": said.slots,
        "cap": said.cap,
        "weight": said.weight,
        "rank": said.rank,
        "budget": chosen.budget,
        "strategy": chosen.strategy,
        "why": said.why,
        "words": _WORDS[said.why],
        "others": [{"id": name, "slots": slots} for name, slots in said.others],
        "unused": said.unused,
        "levers": [{"text": row.text, "slots": row.slots} for row in said.levers],
        "waited": world.record.waited.get(program, 0),
    }


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
