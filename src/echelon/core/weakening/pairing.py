"""Follows tests through a change: who became whom, and where cases and assertions went that are no longer there.

Nearly linear in the number of tests: an index finds the few that are worth comparing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from echelon.core.weakening.model import Test

ALIKE = 0.5  # share of a test's assertions and calls that its successor must keep
TRIED = 24  # tests that one test without a successor is compared with

Pair = tuple[Test, Test | None]

# Same place, same name elsewhere, same function name, same assertions, same sorts of assertions and calls.
_RULES: tuple[Callable[[Test], object], ...] = (
    lambda test: (test.path, test.name),
    lambda test: test.name,
    lambda test: test.name.split(".")[-1],
    lambda test: frozenset(test.strict.items()),
    lambda test: frozenset(test.loose.items()),
)


class Index:
    """Tests by what they assert and call."""

    def __init__(self, tests: Iterable[Test]) -> None:
        self._places: dict[str, list[Test]] = {}
        for test in tests:
            for shape in test.loose:
                self._places.setdefault(shape, []).append(test)

    def near(self, test: Test, share: float) -> Iterator[Test]:
        """At most TRIED tests, those that share rare shapes first.

        `share`, 0 <= share < 1, is the test's place among those that are asked for: of many that are equally
        near, the ones at the same place come, so that files rewritten from top to bottom are followed in order.
        """
        seen: set[int] = set()
        for places in sorted((self._places[shape] for shape in test.loose if shape in self._places), key=len):
            start = max(0, min(int(share * len(places)) - TRIED // 2, len(places) - TRIED))
            for other in places[start : start + TRIED]:
                if id(other) not in seen:
                    seen.add(id(other))
                    yield other
                    if len(seen) == TRIED:
                        return


def pair(old: Sequence[Test], new: Sequence[Test]) -> list[Pair]:
    """Each old test with its successor by the first rule that has one, else with the test most like it."""
    partner: dict[int, Test] = {}
    rest, free = list(old), list(new)
    for rule in _RULES:
        by_key: dict[object, list[Test]] = {}
        for test in reversed(free):
            by_key.setdefault(rule(test), []).append(test)
        for test in rest:
            if (key := rule(test)) and (found := by_key.get(key)):
                partner[id(test)] = found.pop()
        taken = {id(test) for test in partner.values()}
        rest = [test for test in rest if id(test) not in partner]
        free = [test for test in free if id(test) not in taken]
    for test, other in _most_alike(rest, free):
        partner[id(test)] = other
    return [(test, partner.get(id(test))) for test in old]


def _most_alike(old: Sequence[Test], new: Sequence[Test]) -> Iterator[tuple[Test, Test]]:
    index = Index(new)
    order = {id(test): place for place, test in enumerate(new)}
    ranked = [
        (-score, place, order[id(other)])
        for place, test in enumerate(old)
        for other in index.near(test, place / len(old))
        if (score := _alike(test, other)) >= ALIKE
    ]
    used_old, used_new = set[int](), set[int]()
    for _, i, j in sorted(ranked):
        if i not in used_old and j not in used_new:
            used_old.add(i)
            used_new.add(j)
            yield old[i], new[j]


def _alike(old: Test, new: Test) -> float:
    kept = sum(min(count, new.loose.get(shape, 0)) for shape, count in old.loose.items())
    return kept / max(1, old.loose.total())


@dataclass(slots=True)
class Surplus:
    """What the candidate has more than the base: assertions and cases that something lost may have become."""

    assertions: Counter[str] = field(default_factory=Counter[str])
    cases: dict[int, int] = field(default_factory=dict[int, int])  # id of a test -> cases gained
    index: Index = field(default_factory=lambda: Index(()))

    @classmethod
    def of(cls, pairs: Sequence[Pair], new: Sequence[Test]) -> Surplus:
        assertions: Counter[str] = Counter()
        for test in new:
            assertions.update(test.strict)
        cases = {id(test): test.known_cases for test in new}
        for test, partner in pairs:
            if partner:
                cases[id(partner)] -= min(test.known_cases, partner.known_cases)
                assertions.subtract(test.strict & partner.strict)
        return cls(assertions, cases, Index(test for test in new if cases[id(test)] > 0))

    def take_assertions(self, wanted: Counter[str]) -> bool:
        """Whether all that is wanted is asserted elsewhere now; what is taken cannot be taken again."""
        if not wanted or any(self.assertions[shape] < count for shape, count in wanted.items()):
            return False
        self.assertions.subtract(wanted)
        return True

    def take_cases(self, test: Test, lost: int, share: float) -> bool:
        """Whether tests like this one have gained as many cases as it lost: merged, split or parametrized."""
        for other in self.index.near(test, share):
            if lost > 0 and self.cases[id(other)] > 0 and _alike(test, other) >= ALIKE:
                taken = min(lost, self.cases[id(other)])
                self.cases[id(other)] -= taken
                lost -= taken
        return lost <= 0
