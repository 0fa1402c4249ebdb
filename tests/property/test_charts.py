"""The laws of charts: the critical path against brute force, nothing lost by a limit, no document that breaks them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portfolios
import proofs
from echelon.core.charts import gantt as gantts
from echelon.core.charts import portfolio as data
from echelon.core.charts import tree as trees
from echelon.core.charts.chain import critical_path, duration, longest_chain
from echelon.core.charts.gantt import gantt
from echelon.core.charts.gauges import COVERED_MAX, SHARES_MAX, burn_up, capacity, coverage
from echelon.core.charts.tree import tree

NOW = data.moment(portfolios.NOW) or 0
_NODES = "abcdef"
_graphs = st.tuples(
    st.dictionaries(st.sampled_from(_NODES), st.integers(0, 4)),
    st.dictionaries(st.sampled_from(_NODES), st.sets(st.sampled_from(_NODES), max_size=3)),
)


def _sound(depends: Mapping[str, set[str]], nodes: set[str]) -> set[str]:
    """Nodes that are neither on a cycle nor behind one, found by walking every way back from each."""

    def sound(node: str, path: frozenset[str]) -> bool:
        return node not in path and all(sound(on, path | {node}) for on in depends.get(node, set()) & nodes)

    return {node for node in nodes if sound(node, frozenset())}


def _best(durations: Mapping[str, int], depends: Mapping[str, set[str]]) -> int:
    """The longest of all chains, each of them looked at."""
    nodes = _sound(depends, set(durations))

    def chains(node: str) -> Iterator[int]:
        yield durations[node]
        for on in depends.get(node, set()) & nodes:
            yield from (durations[node] + length for length in chains(on))

    return max((length for node in nodes for length in chains(node)), default=0)


@given(_graphs)
@proofs.examples(400, 20_000)
def test_the_longest_chain_is_the_longest_of_all(graph: tuple[dict[str, int], dict[str, set[str]]]) -> None:
    durations, depends = graph
    found = longest_chain(durations, depends)
    assert all(before in depends[after] for before, after in pairwise(found))
    assert sum(durations[node] for node in found) == _best(durations, depends)
    assert len(set(found)) == len(found)
    shuffled = (
        dict(reversed(durations.items())),
        {node: set(on) for node, on in reversed(depends.items())},
    )
    assert longest_chain(*shuffled) == found


def test_a_chain_of_ten_thousand_is_no_deeper_than_one() -> None:
    names = [f"B{number:05}" for number in range(10_000)]
    depends = {after: {before} for before, after in pairwise(names)}
    assert longest_chain(dict.fromkeys(names, 1), depends) == tuple(names)


@cache
def _whole(seed: int, size: int = 4) -> data.Portfolio:
    return data.read(portfolios.enterprise(2, 2, size, seed))


@given(st.integers(0, 100_000))
@proofs.examples(80, 3_000)
def test_the_critical_path_knows_items_projects_and_programs(seed: int) -> None:
    """Against every dependency written out: each item on each item of what its project or program waits for."""
    whole = _whole(seed)
    took = {item.key: duration(item) for item in whole.items() if item.state == "delivered"}
    waits: dict[str, set[str]] = {}
    for program in whole.programs:
        for project in program.projects:
            groups = {f"{program.key}/{word}/" for word in project.depends} | {f"{word}/" for word in program.depends}
            for item in project.items:
                own = {f"{project.key}/{word}" for word in item.depends if "/" not in word}
                far = {f"{program.key}/{word}" for word in item.depends if "/" in word}
                waits[item.key] = own | far | {key for key in took for group in groups if key.startswith(group)}
    chain, length = critical_path(whole)
    sound = _sound(waits, set(took))
    if sound == set(took):  # on a cycle the groups reach further than the items that were delivered
        assert length == sum(took[key] for key in chain) == _best(took, waits)
    assert set(chain) <= set(took)


@given(st.integers(0, 100_000), st.integers(1, 80))
def test_a_tree_within_its_limit_holds_every_item(seed: int, limit: int) -> None:
    whole = _whole(seed)
    grown = tree(whole, limit)
    assert len(grown.nodes) <= limit or grown.grain == "whole"
    assert sum(node.weight for node in grown.nodes) == sum(1 for _ in whole.items())
    assert all(node.parent < place for place, node in enumerate(grown.nodes))
    assert [place for place, node in enumerate(grown.nodes) if node.parent < 0] == [0]


@given(st.integers(0, 100_000), st.integers(1, 9))
def test_steps_rise_to_what_was_delivered_and_bars_hold_every_attempt(seed: int, limit: int) -> None:
    whole = _whole(seed)
    burned = burn_up(whole, NOW, limit)
    assert list(burned.steps) == sorted(burned.steps) and len(burned.steps) <= limit + 2
    dated = [item for item in whole.items() if item.delivered is not None]
    assert (burned.steps[-1][1] if burned.steps else 0) == len(dated) == burned.delivered - burned.undated
    drawn = gantt(whole, NOW)
    flying = sum(1 for flight in whole.flights if flight.key in {item.key for item in whole.items()})
    assert len(drawn.bars) == sum(len(item.tried) for item in whole.items()) + flying
    assert {drawn.lanes[bar.lane][0] for bar in drawn.bars if bar.critical} == set(drawn.critical)
    assert sum(coverage(whole).total) == burned.delivered


def test_limits_hold_and_say_what_they_left_out() -> None:
    whole = data.read(portfolios.enterprise(40, 2, 6))
    drawn = gantt(whole, NOW)
    assert len(drawn.lanes) == gantts.LANES_MAX and drawn.lanes_left_out > 0
    assert set(drawn.critical) <= {key for key, _ in drawn.lanes}
    assert (len(coverage(whole).rows), coverage(whole).rows_left_out) == (COVERED_MAX + 1, 80 - COVERED_MAX)
    assert (len(capacity(whole).shares), capacity(whole).shares_left_out) == (SHARES_MAX + 1, 40 - SHARES_MAX)
    assert tree(data.read(portfolios.project(trees.NODES_MAX))).grain == "projects"


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in below:
        yield from _paths(child, (*path, key))


@pytest.mark.parametrize(
    "document", [portfolios.enterprise(1, 2, 2), portfolios.project(2)], ids=["enterprise", "project"]
)
def test_no_missing_or_odd_value_breaks_a_chart(document: dict[str, Any]) -> None:
    for path in list(_paths(document))[1:]:
        for odd in (None, -7, 10**30, 0.5, True, [], {}, [None], "0001-01-01T00:00:00+14:00", "x", ...):
            changed = copy.deepcopy(document)
            place = changed
            for key in path[:-1]:
                place = place[key]
            if odd is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = odd
            whole = data.read(changed)
            tree(whole), gantt(whole, NOW), capacity(whole), coverage(whole), burn_up(whole, NOW)
