"""placeholder until the branch alloc is merged"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from echelon.core.documents.grammar import Strategy


@dataclass(frozen=True, slots=True)
class Demand:
    id: str
    priority: int
    eligible: int
    order: int
    paused: bool = False
    waited: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    id: str
    slots: int


def allocate(budget: int, strategy: Strategy, demands: Sequence[Demand]) -> tuple[Share, ...]:
    rows = sorted((d for d in demands if not d.paused and d.eligible), key=lambda d: (d.priority, d.order))
    got = {d.id: 0 for d in demands}
    left = budget
    for d in rows:
        if left:
            got[d.id] = 1
            left -= 1
    while left:
        open_ = [d for d in rows if got[d.id] < d.eligible]
        if not open_:
            break
        best = (
            open_[0]
            if strategy == "priority-first"
            else max(
                open_,
                key=lambda d: (
                    (5 - d.priority if strategy == "proportional" else 1) / (got[d.id] + 1),
                    -d.priority,
                    -d.order,
                ),
            )
        )
        got[best.id] += 1
        left -= 1
    return tuple(Share(d.id, got[d.id]) for d in demands)


def waits(before: Mapping[str, int], shares: Sequence[Share], demands: Sequence[Demand]) -> dict[str, int]:
    slots = {s.id: s.slots for s in shares}
    return {d.id: before.get(d.id, 0) + 1 for d in demands if not d.paused and d.eligible and not slots[d.id]}
