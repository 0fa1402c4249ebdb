"""Allocation: the published table, every small instance against the slot-by-slot algorithm, the laws, waiting, levers.

The oracle is the algorithm of peer-levels.md §7, written down as it stands there; only who gets the first slots knows
about waiting. An instance is a list of candidates in rank order: as the priorities sort first and the input order does
not matter (a law of its own below), orders within one priority are all that has to be gone through.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import proofs
from echelon.core import allocation
from echelon.core.allocation import STARVATION_ROUNDS, STRATEGIES, Demand, Share, Strategy, allocate, waits
from echelon.core.allocation_why import Why, explain

Slots = tuple[int, ...]
INSTANCES = 485_521  # 1 + 4·6 + 10·36 + 20·216 + 35·1296 + 56·7776
PARTS, STRIDE = 8, 997

# (case, budget, demands, proportional, equal, priority-first); "" means the same as proportional
TABLE = (
    (1, 6, "A:P1/9 B:P1/9 C:P1/9", "A2 B2 C2", "", "A4 B1 C1"),
    (2, 10, "A:P1/99 B:P2/99 C:P3/99 D:P4/99", "A4 B3 C2 D1", "A3 B3 C2 D2", "A7 B1 C1 D1"),
    (3, 7, "A:P1/99 B:P2/99 C:P3/99 D:P4/99", "A3 B2 C1 D1", "A2 B2 C2 D1", "A4 B1 C1 D1"),
    (4, 2, "A:P3/5 B:P1/5 C:P2/5", "A0 B1 C1", "", ""),
    (5, 10, "A:P1/2 B:P2/3 C:P3/50", "A2 B3 C5", "", ""),
    (6, 20, "A:P1/2 B:P2/3 C:P3/1", "A2 B3 C1", "", ""),
    (7, 8, "A:P1/10! B:P2/0 C:P3/10 D:P4/10", "A0 B0 C6 D2", "A0 B0 C4 D4", "A0 B0 C7 D1"),
    (8, 5, "A:P2/9 B:P2/9", "A3 B2", "", "A4 B1"),
    (9, 5, "A:P2/9@1 B:P2/9@0", "A2 B3", "", "A1 B4"),
    (10, 0, "A:P1/9", "A0", "", ""),
    (11, 1, "A:P2/9 B:P1/9", "A0 B1", "", ""),
    (12, 6, "A:P1/1 B:P4/9", "A1 B5", "", ""),
    (13, 12, "A:P1/99 B:P1/99 C:P4/99 D:P4/99", "A5 B5 C1 D1", "A3 B3 C3 D3", "A9 B1 C1 D1"),
    (14, 10, "A:P0/99 B:P9/99", "A8 B2", "A5 B5", "A9 B1"),
    (17, 4, "A:P1/99 B:P2/99", "A2 B2", "", "A3 B1"),
    (18, 9, "A:P1/99 B:P3/99", "A6 B3", "A5 B4", "A8 B1"),
    (19, -3, "A:P1/9", "A0", "", ""),
    (20, 5, "A:P3/3", "A3", "", ""),
    (21, 12, "A:P1/99" + "".join(f" B{n}:P4/99" for n in range(9)), "A3" + 9 * " B1",
     "A2 B2" + 8 * " B1", ""),
)  # fmt: skip


def _demands(text: str) -> list[Demand]:
    rows = re.findall(r"(\w+):P(\d+)/(\d+)(!?)(?:@(\d))?", text)
    return [
        Demand(name, int(priority), int(eligible), int(order or at), bool(paused))
        for at, (name, priority, eligible, paused, order) in enumerate(rows)
    ]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"case{row[0]}")
def test_the_published_table(row: tuple[int, int, str, str, str, str]) -> None:
    _, budget, text, *expected = row
    for strategy, wanted in zip(STRATEGIES, expected, strict=True):
        shares = allocate(budget, strategy, _demands(text))
        assert [share.slots for share in shares] == [int(word[1:]) for word in (wanted or expected[0]).split()], (
            strategy
        )


def test_what_the_table_has_and_no_document_can_say_is_refused() -> None:
    """Cases 15 and 16, where the peer hands out more than the budget."""
    a, b = _demands("A:P1/9 B:P2/9")
    bad: list[tuple[object, object, list[Demand]]] = [
        (4.5, "equal", [a, b]),
        (6, "equal", [a, dataclasses.replace(b, id="A")]),
        (6, "fair", [a]),
        (6, "equal", [dataclasses.replace(a, eligible=2.5)]),  # type: ignore[arg-type]
    ]
    for budget, strategy, demands in bad:
        with pytest.raises(ValueError, match=r"whole numbers|more than once|no such strategy"):
            allocate(budget, strategy, demands)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not among"):
        explain(3, "equal", [a], "B")


# ------------------------------------------------------------------------------------- against slot by slot


def slot_by_slot(budget: int, strategy: str, demands: Sequence[Demand]) -> Slots:
    candidates = sorted(
        (d for d in demands if not d.paused and d.eligible > 0), key=lambda d: (d.priority, d.order, d.id)
    )
    slots = {d.id: 0 for d in demands}
    left = max(budget, 0)
    starving = [d for d in candidates if d.waited >= STARVATION_ROUNDS]
    for d in [*sorted(starving, key=lambda d: -d.waited), *(d for d in candidates if d not in starving)]:
        if left:
            slots[d.id], left = 1, left - 1
    while left and (open_ := [d for d in candidates if slots[d.id] < d.eligible]):
        best = open_[0]
        for d in open_:
            weights = [5 - min(max(each.priority, 1), 4) if strategy == "proportional" else 1 for each in (d, best)]
            if strategy != "priority-first" and weights[0] * (slots[best.id] + 1) > weights[1] * (slots[d.id] + 1):
                best = d
        slots[best.id], left = slots[best.id] + 1, left - 1
    return tuple(slots[d.id] for d in demands)


def _instances(start: int, step: int) -> Iterator[list[Demand]]:
    """Every `step`th list of up to five programs in rank order: priorities rising, each demand 0 to 5."""
    every = (
        (priorities, eligible)
        for count in range(6)
        for priorities in itertools.combinations_with_replacement(range(1, 5), count)
        for eligible in itertools.product(range(6), repeat=count)
    )
    for priorities, eligible in itertools.islice(every, start, None, step):
        yield [Demand("ABCDE"[at], *pair, at) for at, pair in enumerate(zip(priorities, eligible, strict=True))]


@functools.lru_cache(maxsize=200_000)
def _held_quotas(budget: int, rows: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """⌊min(cap, max(1, weight × τ))⌋ for the τ that spends the budget: a line between neighbouring bends of the sum."""

    def at(tau: Fraction) -> list[Fraction]:
        return [min(Fraction(cap), max(Fraction(1), weight * tau)) for weight, cap in rows]

    bends = sorted({Fraction(end, weight) for weight, cap in rows for end in (1, cap)})
    held = at(bends[-1])
    if budget < sum(held):
        low = max((bend for bend in bends if sum(at(bend)) <= budget), default=bends[0])
        high = min(bend for bend in bends if sum(at(bend)) > budget)
        share = (budget - sum(at(low))) / (sum(at(high)) - sum(at(low)))
        held = at(low + share * (high - low))
        assert sum(held) == budget
    return tuple(quota.__floor__() for quota in held)


def _quota_laws(budget: int, strategy: Strategy, demands: list[Demand], slots: Slots) -> None:
    """Law 4 of the module, and which law wins over the plain lower quota."""
    rows = sorted(
        (allocation.weight(strategy, d.priority), d.eligible, mine)
        for d, mine in zip(demands, slots, strict=True)
        if d.candidate
    )
    if not rows or budget < len(rows):
        return
    held = _held_quotas(budget, tuple((weight, cap) for weight, cap, _ in rows))
    assert all(mine >= quota for (_, _, mine), quota in zip(rows, held, strict=True))
    everybody = sum(weight for weight, _, _ in rows)
    if any(mine < min(cap, budget * weight // everybody) for weight, cap, mine in rows):
        assert budget * rows[0][0] < everybody, "only the floor breaks the plain lower quota"


@pytest.mark.parametrize("start", range(PARTS) if proofs.LONG else [random.Random(4).randrange(STRIDE)])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.timeout(1800)
def test_every_small_instance_is_as_slot_by_slot_and_keeps_the_laws(strategy: Strategy, start: int) -> None:
    """485,521 instances × 13 budgets × 3 strategies in the long form, in parts; a seeded stride in the short one."""
    seen = 0
    for demands in _instances(start, PARTS if proofs.LONG else STRIDE):
        caps = [d.eligible for d in demands]
        before: Slots = (0,) * len(demands)
        for budget in range(13):
            slots = tuple(share.slots for share in allocate(budget, strategy, demands))
            assert slots == slot_by_slot(budget, strategy, demands), (budget, demands)
            assert sum(slots) == min(budget, sum(caps))
            assert all(low <= mine <= cap for low, mine, cap in zip(before, slots, caps, strict=True))
            assert budget < sum(map(bool, caps)) or all(mine or not cap for mine, cap in zip(slots, caps, strict=True))
            if strategy != "priority-first":
                _quota_laws(budget, strategy, demands, slots)
            before, seen = slots, seen + 1
    assert seen > 13 * (INSTANCES // (PARTS if proofs.LONG else STRIDE) - 1)


def test_the_floor_wins_over_the_lower_quota_and_the_cap_over_the_floors_rest() -> None:
    many = [Demand("A", 1, 99, 0), *(Demand(f"B{at}", 4, 99, at) for at in range(1, 13))]
    shares = allocate(13, "proportional", many)  # A's plain quota is 13 × 4 / 16 = 3.25
    assert [share.slots for share in shares] == [1] * 13
    assert allocate(9, "proportional", _demands("A:P1/2 B:P4/99"))[0] == Share("A", 2)


# ------------------------------------------------------------------------------------- laws on larger ones


@st.composite
def portfolios(draw: st.DrawFn, most: int = 12, waited: int = 2 * STARVATION_ROUNDS) -> list[Demand]:
    count = draw(st.integers(0, most))
    rows = st.builds(
        Demand,
        id=st.just(""),
        priority=st.integers(0, 6),
        eligible=st.one_of(st.integers(-1, 4), st.integers(0, 60)),
        order=st.integers(0, 3),
        paused=st.sampled_from((False, False, False, True)),
        waited=st.one_of(st.just(0), st.integers(0, waited)) if waited else st.just(0),
    )
    names = draw(st.permutations([f"PGM-{at:03d}" for at in range(count)]))
    return [dataclasses.replace(draw(rows), id=name) for name in names]


strategies = st.sampled_from(STRATEGIES)


@given(portfolios(), st.integers(-2, 150), strategies, st.randoms(use_true_random=False))
def test_laws_hold_whatever_waits_and_however_the_input_is_ordered(
    demands: list[Demand], budget: int, strategy: Strategy, chance: random.Random
) -> None:
    shares = allocate(budget, strategy, demands)
    slots = tuple(share.slots for share in shares)
    assert [share.id for share in shares] == [d.id for d in demands]
    assert slots == slot_by_slot(budget, strategy, demands)
    assert sum(slots) == min(max(budget, 0), sum(d.eligible for d in demands if d.candidate))
    more = [share.slots for share in allocate(budget + 1, strategy, demands)]
    assert all(low <= high for low, high in zip(slots, more, strict=True))
    shuffled = chance.sample(demands, len(demands))
    assert set(allocate(budget, strategy, shuffled)) == set(shares)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 400)), min_size=1, max_size=40), st.integers(1, 9000))
def test_the_lower_quota_on_larger_ones(rows: list[tuple[int, int]], budget: int) -> None:
    demands = [Demand(f"{at}", *row, at) for at, row in enumerate(rows)]
    for strategy in ("proportional", "equal"):
        _quota_laws(budget, strategy, demands, tuple(share.slots for share in allocate(budget, strategy, demands)))


# ------------------------------------------------------------------------------------- nobody waits for ever


@dataclasses.dataclass
class _Wait:
    """A program's wait in the simulation: when it was first passed over, how many stood there, who got slots since."""

    began: int
    candidates: int
    budgets: list[int]


@proofs.examples(100, 5000)
@given(st.data(), strategies)
def test_every_candidate_is_served_within_the_stated_rounds(data: st.DataObject, strategy: Strategy) -> None:
    """Programs come, go, pause, change priority; the budget changes too, or stays, where the formula in n and b holds."""
    changing = data.draw(st.booleans())
    budget = data.draw(st.integers(1, 3))
    programs = {
        f"P{at}": Demand(f"P{at}", data.draw(st.integers(1, 4)), 2, at) for at in range(data.draw(st.integers(2, 9)))
    }
    counters: dict[str, int] = {}
    waiting: dict[str, _Wait] = {}
    for now in range(45):
        budget = data.draw(st.integers(0, 3)) if changing else budget
        _disturb(data, programs, now)
        demands = [dataclasses.replace(d, waited=counters.get(d.id, 0)) for d in programs.values()]
        shares = allocate(budget, strategy, demands)
        counters = waits(counters, shares, demands)
        stood = sum(d.candidate for d in demands)
        for share, d in zip(shares, demands, strict=True):
            if share.slots or not d.candidate:
                waiting.pop(d.id, None)
                assert counters[d.id] == 0
                continue
            wait = waiting.setdefault(d.id, _Wait(now, stood, []))
            wait.budgets.append(budget)
            assert counters[d.id] == len(wait.budgets)
            late = wait.budgets[0] + sum(wait.budgets[STARVATION_ROUNDS:])
            assert len(wait.budgets) <= STARVATION_ROUNDS or late < wait.candidates
            if not changing:
                assert len(wait.budgets) < allocation.rounds_until_served(wait.candidates, budget)


def _disturb(data: st.DataObject, programs: dict[str, Demand], now: int) -> None:
    """A quarter of the rounds change something; a newcomer is always of the best priority, which hurts most."""
    what = data.draw(st.sampled_from(("come", "go", "pause", "priority", "dry", *("",) * 11)))
    if what == "come":
        programs[f"N{now}"] = Demand(f"N{now}", 1, 2, -now)
    if not what or what == "come" or not programs:
        return
    name = data.draw(st.sampled_from(sorted(programs)))
    d = programs.pop(name)
    if what == "priority":
        programs[name] = dataclasses.replace(d, priority=data.draw(st.integers(1, 4)))
    elif what == "pause":
        programs[name] = dataclasses.replace(d, paused=not d.paused)
    elif what == "dry":
        programs[name] = dataclasses.replace(d, eligible=2 - d.eligible)


@pytest.mark.parametrize(("count", "budget"), [(2, 1), (3, 1), (9, 1), (9, 2), (20, 3), (4, 4)])
def test_the_stated_number_of_rounds_is_reached_and_not_passed(count: int, budget: int) -> None:
    counters: dict[str, int] = {}
    first: dict[str, int] = {}
    for now in range(1, 60):
        demands = [Demand(f"{at}", min(at + 1, 4), 3, at, waited=counters.get(f"{at}", 0)) for at in range(count)]
        shares = allocate(budget, "proportional", demands)
        counters = waits(counters, shares, demands)
        for share in shares:
            if share.slots:
                first.setdefault(share.id, now)
    assert len(first) == count and max(first.values()) == allocation.rounds_until_served(count, budget)


# ------------------------------------------------------------------------------------- explanations are true


@proofs.examples(200, 20_000)
@given(portfolios(7), st.integers(-1, 25), strategies)
def test_what_is_explained_is_true(demands: list[Demand], budget: int, strategy: Strategy) -> None:
    shares = {share.id: share.slots for share in allocate(budget, strategy, demands)}
    rested = [dataclasses.replace(d, waited=0) for d in demands]
    by_rank = {share.id: share.slots for share in allocate(budget, strategy, rested)}
    for d in demands:
        told = explain(budget, strategy, demands, d.id)
        assert told.slots == shares[d.id]
        assert dict(told.others) == {name: slots for name, slots in shares.items() if slots and name != d.id}
        assert told.unused == max(budget, 0) - sum(shares.values())
        assert (told.rank > 0) == d.candidate
        first_true: dict[Why, bool] = {
            "paused": d.paused,
            "nothing_eligible": d.eligible < 1,
            "no_budget": budget < 1,
            "anti_starvation": told.slots > by_rank[d.id],
            "cap_reached": told.slots == d.eligible,
            "gave_way": told.slots < by_rank[d.id],
            "budget_spent": sum(shares.values()) == budget and told.slots < d.eligible,
        }
        assert tuple(first_true) == get_args(Why)
        assert told.why == next(why for why, holds in first_true.items() if holds)
        assert told.levers
        for lever in told.levers:
            changed = [lever.demand if each.id == d.id else each for each in demands]
            _lever_is_true(lever.text, lever.budget, lever.demand, d, budget)
            now = {share.id: share.slots for share in allocate(lever.budget, strategy, changed)}
            assert now[d.id] == lever.slots > told.slots
            less = {share.id: share.slots for share in allocate(lever.budget - 1, strategy, changed)}
            assert lever.budget == budget or less[d.id] <= told.slots, "a smaller raise would do"


def _lever_is_true(text: str, budget: int, after: Demand, before: Demand, was: int) -> None:
    """The sentence names exactly what was changed."""
    assert ("resume it" in text) == (before.paused and not after.paused)
    assert ("finish what" in text) == (after.eligible > before.eligible)
    assert (f"by {budget - was}, to {budget}" in text) == (budget > was)
    assert (f"to P{after.priority}" in text) == (after.priority < before.priority)


def test_an_explanation_as_a_person_reads_it() -> None:
    demands = [Demand("PGM-001", 1, 9, 0), Demand("PGM-002", 3, 9, 1), Demand("PGM-003", 2, 1, 2)]
    told = explain(6, "proportional", demands, "PGM-002")
    assert (told.slots, told.cap, told.weight, told.rank, told.why) == (1, 9, 2, 3, "budget_spent")
    assert told.others == (("PGM-001", 4), ("PGM-003", 1)) and told.unused == 0
    assert [lever.text for lever in told.levers] == ["raise the budget by 1, to 7", "raise its priority to P2"]
    capped = explain(6, "proportional", demands, "PGM-003")
    assert capped.why == "cap_reached"
    assert [lever.text for lever in capped.levers] == ["finish what its items wait for, so that 1 more can start"]
