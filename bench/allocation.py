"""Sharing a capacity budget: the peer's own 1,000 programs, the same with caps that bind less, and the peer's way."""

from __future__ import annotations

from collections.abc import Sequence

from bench.timing import Samples, several
from echelon.core.allocation import STRATEGIES, Demand, allocate, weight
from echelon.core.allocation_why import explain

PROGRAMS, BUDGET = 1_000, 50_000
SLOTWISE_BUDGET = 5_000  # a tenth: slot by slot the whole takes ten seconds and more in Python
RUNS = 15


def measure() -> Samples:
    published, wide = programs(1), programs(10)
    assert sum(demand.eligible for demand in wide if demand.candidate) > 2 * BUDGET, "the caps must not decide alone"
    found: Samples = {}
    for strategy in STRATEGIES:
        key = f"allocate_{strategy.replace('-', '_')}"
        found[key] = several(lambda strategy=strategy: allocate(BUDGET, strategy, published), RUNS)
        found[f"{key}_wide"] = several(lambda strategy=strategy: allocate(BUDGET, strategy, wide), RUNS)
    found["explain"] = several(lambda: explain(BUDGET, "proportional", wide, "PGM-0999"), 5)
    found["allocate_tenth"] = several(lambda: allocate(SLOTWISE_BUDGET, "proportional", wide), RUNS)
    found["slot_by_slot_tenth"] = several(lambda: slot_by_slot(SLOTWISE_BUDGET, wide), 2)
    return found


def programs(factor: int) -> list[Demand]:
    """The generator of peer-levels.md §13, its eligible items times `factor`."""
    return [Demand(f"PGM-{i:04d}", 1 + i % 4, 13 * i % 40 * factor, i, i % 17 == 0) for i in range(PROGRAMS)]


def slot_by_slot(budget: int, demands: Sequence[Demand]) -> dict[str, int]:
    """The peer's algorithm for `proportional`, one slot at a time; the same shares, or this is no comparison."""
    candidates = sorted(
        (demand for demand in demands if demand.candidate), key=lambda each: (each.priority, each.order)
    )
    weights = {demand.id: weight("proportional", demand.priority) for demand in candidates}
    slots = {demand.id: 1 for demand in candidates}
    for _ in range(budget - len(candidates)):
        below = (demand.id for demand in candidates if slots[demand.id] < demand.eligible)
        best = max(below, key=lambda name: weights[name] / (slots[name] + 1))
        slots[best] += 1
    assert all(slots.get(share.id, 0) == share.slots for share in allocate(budget, "proportional", demands))
    return slots
