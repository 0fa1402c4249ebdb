"""How many slots each program gets of the enterprise's capacity budget. Pure; whole numbers only.

Where laws cannot all hold, the earlier one wins:

1. **Budget**: the shares add up to at most the budget.
2. **Cap**: no share is above what the program could run now; nothing is kept from one that still could
   (work-conserving: the sum is min(budget, sum of caps)).
3. **Floor**: each candidate has at least one slot when the budget is at least their number; a smaller budget gives one
   each to the first of them, see `STARVATION_ROUNDS`.
4. **Lower quota** (`proportional`, `equal`): each candidate has at least its held quota, rounded down. That is
   min(cap, max(1, weight × τ)) with the one τ for which the held quotas add up to the budget: the exact proportional
   shares, held between floor and cap. So the plain lower quota, min(cap, ⌊budget × weight / sum of weights⌋), can be
   missed only where the floor lifts a candidate whose plain quota is below one; caps alone never break it.
5. **Ties**: lower priority number, then lower order, then id; never the place in the input.

The slots are those of the highest-averages method (D'Hondt: the next slot goes to the greatest weight / (slots + 1))
with floor and cap, which open-codining 1.0.6 hands out one at a time (peer-levels.md §7). Raising the budget by one
adds one slot to one program and takes none away: no share falls as the budget grows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, get_args

Strategy = Literal["proportional", "equal", "priority-first"]

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
BEST, WORST = 1, 4  # priorities; others weigh as the nearer of these, and are ranked by their own number
STARVATION_ROUNDS = 8  # rounds in a row without a slot, after which a candidate goes before the priorities
_GRID = 12  # least common multiple of the weights 1 to 4: every threshold slots / weight is a whole number of 1/12


@dataclass(frozen=True, slots=True)
class Demand:
    """What a program asks for.

    `eligible`: its items that could run now, running ones included; this is its cap, and below 1 it is no candidate.
    `order`: its position in the document. `waited`: rounds in a row in which it was a candidate and got nothing, as
    `waits` counts them.
    """

    id: str
    priority: int
    eligible: int
    order: int
    paused: bool = False
    waited: int = 0

    @property
    def candidate(self) -> bool:
        return not self.paused and self.eligible > 0


@dataclass(frozen=True, slots=True)
class Share:
    id: str
    slots: int


def allocate(budget: int, strategy: Strategy, demands: Sequence[Demand]) -> tuple[Share, ...]:
    """The shares, in the order of `demands`; a budget below zero counts as zero. O(n log n + log n × log budget).

    Raises ValueError for what only a bug of the caller can bring here, since the parser reports it as a finding: an id
    given twice, an unknown strategy, an amount that is no whole number.
    """
    _check(budget, strategy, demands)
    candidates = ranked(demands)
    if budget <= len(candidates):
        slots = {demand.id: 1 for demand in _first(candidates)[: max(budget, 0)]}
    elif strategy == "priority-first":
        slots = _in_order(budget, candidates)
    else:
        slots = _highest_averages(budget, candidates, [weight(strategy, demand.priority) for demand in candidates])
    return tuple(Share(demand.id, slots.get(demand.id, 0)) for demand in demands)


def waits(before: Mapping[str, int], shares: Sequence[Share], demands: Sequence[Demand]) -> dict[str, int]:
    """`waited` of each demand after the round that gave `shares`, from those before it (absent: 0).

    A slot ends the wait, and so does a round as no candidate: who cannot start anything is not kept waiting by others.
    """
    served = {share.id for share in shares if share.slots}
    return {
        demand.id: before.get(demand.id, 0) + 1 if demand.candidate and demand.id not in served else 0
        for demand in demands
    }


def rounds_until_served(candidates: int, budget: int) -> int:
    """The round, counted from the first that passed it over as 1, in which a candidate is served at the latest.

    STARVATION_ROUNDS + ⌈n / budget⌉ − 1 for a budget of 1 to n − 1, where n candidates (itself included) stood in that
    first round; 1 for a greater one. For budgets b(1), b(2), … that change: the first round r > STARVATION_ROUNDS with
    b(1) + b(STARVATION_ROUNDS + 1) + … + b(r) >= n. Programs that come later, and priorities that change, do not
    lengthen it, as only those who wait as long or longer go before it, and they all stood in its first round. It has to
    stay a candidate. Raises ValueError for a budget below 1, which never serves anybody.
    """
    if budget < 1:
        raise ValueError("a budget below 1 serves nobody")
    return 1 if budget >= candidates else STARVATION_ROUNDS + -(-candidates // budget) - 1


def weight(strategy: Strategy, priority: int) -> int:
    """P1 4, P2 3, P3 2, P4 1 in `proportional`; 1 in the others."""
    return WORST + BEST - min(max(priority, BEST), WORST) if strategy == "proportional" else 1


def ranked(demands: Sequence[Demand]) -> list[Demand]:
    """The candidates, best first: priority, order, id."""
    return sorted(
        (demand for demand in demands if demand.candidate),
        key=lambda demand: (demand.priority, demand.order, demand.id),
    )


def _first(candidates: list[Demand]) -> list[Demand]:
    """In the order in which a budget that is too small serves them: starving ones by their wait, then by rank."""
    return sorted(candidates, key=lambda demand: -demand.waited if demand.waited >= STARVATION_ROUNDS else 0)


def _check(budget: int, strategy: Strategy, demands: Sequence[Demand]) -> None:
    if strategy not in STRATEGIES:
        raise ValueError(f"no such strategy: {strategy!r}")
    amounts = (budget, *(amount for demand in demands for amount in (demand.eligible, demand.waited)))
    if not all(isinstance(amount, int) for amount in amounts):
        raise ValueError("budget, eligible and waited are whole numbers")
    if twice := [name for name, count in Counter(demand.id for demand in demands).items() if count > 1]:
        raise ValueError(f"given more than once: {', '.join(sorted(twice))}")


def _in_order(budget: int, candidates: list[Demand]) -> dict[str, int]:
    slots: dict[str, int] = {}
    left = budget - len(candidates)
    for demand in candidates:
        more = min(left, demand.eligible - 1)
        slots[demand.id] = 1 + more
        left -= more
    return slots


def _highest_averages(budget: int, candidates: list[Demand], weights: list[int]) -> dict[str, int]:
    """At threshold t, in 1/12, each candidate holds every slot k with k / weight <= t: min(cap, max(1, ⌊weight × t⌋)).

    The greatest t that the budget pays is found by bisection; the slots of the next threshold tie, and go by rank.
    Wants a budget above the number of candidates.
    """
    if budget >= sum(demand.eligible for demand in candidates):
        return {demand.id: demand.eligible for demand in candidates}
    classes = _by_weight(candidates, weights)

    def total(t: int) -> int:
        return sum(_held_by_class(caps, sums, max(1, each * t // _GRID)) for each, caps, sums in classes)

    # At 12 × (budget + 1) each weight pays more than the budget, so the total, capped or not, is above it.
    t = bisect_right(range(_GRID * (budget + 1) + 1), budget, key=total) - 1
    left = budget - total(t)
    slots: dict[str, int] = {}
    for demand, each in zip(candidates, weights, strict=True):
        held = min(demand.eligible, max(1, each * t // _GRID))
        if left and held < min(demand.eligible, each * (t + 1) // _GRID):
            held, left = held + 1, left - 1
        slots[demand.id] = held
    return slots


def _by_weight(candidates: list[Demand], weights: list[int]) -> list[tuple[int, list[int], list[int]]]:
    """(weight, caps in rising order, sums of the first 0, 1, … of them), so that a total costs four look-ups."""
    groups: dict[int, list[int]] = {}
    for demand, each in zip(candidates, weights, strict=True):
        groups.setdefault(each, []).append(demand.eligible)
    return [(each, caps := sorted(found), [0, *accumulate(caps)]) for each, found in groups.items()]


def _held_by_class(caps: list[int], sums: list[int], level: int) -> int:
    """Sum of min(cap, level)."""
    below = bisect_right(caps, level)
    return sums[below] + (len(caps) - below) * level
