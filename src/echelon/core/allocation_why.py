"""Why a program has the share it has, who has the rest, and what would change it.

Every lever was tried: the shares were computed anew with it, and it is named only when the program then has more.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from echelon.core.allocation import BEST, WORST, Demand, Strategy, allocate, ranked, weight

# In the order in which they are looked at; the first that is true is given.
Why = Literal[
    "paused",  # it takes part again when it is resumed
    "nothing_eligible",  # none of its items could run now
    "no_budget",  # the budget is zero or below
    "anti_starvation",  # it has its slot because it waited; by rank it would have none
    "cap_reached",  # all that could run has a slot
    "gave_way",  # by rank it would have a slot, and others had waited too long
    "budget_spent",  # others come before it for the next slot
]


@dataclass(frozen=True, slots=True)
class Lever:
    """A change after which the program has `slots`, more than now; `text` says it to a person.

    `budget` and `demand` are the inputs after the change: what is not changed stands as it was.
    """

    text: str
    budget: int
    demand: Demand
    slots: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """`cap`: its items that could run now. `rank`: its place among the candidates by priority, order, id; 0 for none.

    `weight`: what it weighs under the strategy. `others`: who has the rest, (id, slots), best rank first. `unused`:
    slots of the budget that nobody could use. `levers`: each works alone; at least one, the budget before the priority.
    """

    id: str
    slots: int
    cap: int
    weight: int
    rank: int
    why: Why
    others: tuple[tuple[str, int], ...]
    unused: int
    levers: tuple[Lever, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    budget: int
    strategy: Strategy
    demands: tuple[Demand, ...]
    own: Demand
    rejoin: str

    def slots(self, budget: int | None = None, own: Demand | None = None) -> int:
        """What the program would have with these instead."""
        own = own or self.own
        demands = [own if demand.id == own.id else demand for demand in self.demands]
        shares = allocate(self.budget if budget is None else budget, self.strategy, demands)
        return next(share.slots for share in shares if share.id == own.id)


def explain(
    budget: int, strategy: Strategy, demands: Sequence[Demand], program: str, rejoin: str = "resume it"
) -> Explanation:
    """`rejoin` says what lets a paused program take part again.

    Raises ValueError as `allocate` does, and for a program that is not among the demands.
    """
    own = next((demand for demand in demands if demand.id == program), None)
    if own is None:
        raise ValueError(f"{program!r} is not among the demands")
    slots = {share.id: share.slots for share in allocate(budget, strategy, demands)}
    question = _Question(budget, strategy, tuple(demands), own, rejoin)
    order = [demand.id for demand in ranked(demands)]
    return Explanation(
        program,
        slots[program],
        max(0, own.eligible),
        weight(strategy, own.priority),
        order.index(program) + 1 if program in order else 0,
        _why(question, slots[program]),
        tuple((name, slots[name]) for name in order if slots[name] and name != program),
        max(0, budget) - sum(slots.values()),
        _levers(question, slots[program]),
    )


def _why(question: _Question, slots: int) -> Why:
    own = question.own
    if own.paused:
        return "paused"
    if own.eligible < 1:
        return "nothing_eligible"
    if question.budget < 1:
        return "no_budget"
    rested = tuple(dataclasses.replace(demand, waited=0) for demand in question.demands)
    by_rank = dataclasses.replace(question, demands=rested).slots(own=dataclasses.replace(own, waited=0))
    if slots > by_rank:
        return "anti_starvation"
    if slots >= own.eligible:
        return "cap_reached"
    return "gave_way" if slots < by_rank else "budget_spent"


def _levers(question: _Question, slots: int) -> tuple[Lever, ...]:
    """What has to be done in any case comes first; where that is not enough, one thing more is added to it."""
    own, must = _must(question, slots)
    if must and (more := question.slots(own=own)) > slots:
        return (Lever(_sentence(must), question.budget, own, more),)
    found: list[Lever] = []
    budget = _least_budget(question, own, slots)
    by = budget - question.budget
    raised = f"raise the budget by {by}, to {budget}"
    found.append(Lever(_sentence([*must, raised]), budget, own, question.slots(budget, own)))
    for priority in range(min(WORST, own.priority - 1), BEST - 1, -1):
        better = dataclasses.replace(own, priority=priority)
        if (more := question.slots(own=better)) > slots:
            text = _sentence([*must, f"raise its priority to P{priority}"])
            found.append(Lever(text, question.budget, better, more))
            break
    return tuple(found)


def _must(question: _Question, slots: int) -> tuple[Demand, list[str]]:
    """Without these it cannot have a slot more, whatever else is done."""
    own, must = question.own, list[str]()
    if own.paused:
        own, must = dataclasses.replace(own, paused=False), [question.rejoin]
    if own.eligible <= slots:
        more = "1 more" if slots else "1"
        own = dataclasses.replace(own, eligible=slots + 1)
        must.append(f"finish what its items wait for, so that {more} can start")
    return own, must


def _least_budget(question: _Question, own: Demand, slots: int) -> int:
    """The smallest budget that gives it more, from near to far: shares do not fall as the budget grows."""
    start, width = max(0, question.budget) + 1, 1
    enough = sum(max(0, demand.eligible) for demand in question.demands) + own.eligible  # fills every cap, its own too

    def gains(more: int) -> bool:
        return question.slots(start + more, own) > slots

    while width < enough and not gains(width - 1):
        width *= 2
    return start + bisect_left(range(width), True, key=gains)


def _sentence(parts: list[str]) -> str:
    return " and ".join(parts)
