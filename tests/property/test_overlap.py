"""Write sets: whatever two patterns both name is seen, and what starts last is never dropped."""

from __future__ import annotations

import itertools
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.core.overlap import overlapping, prefer

NAMES = ("a", "b", "ab", "a.b")
PATHS = ["/".join(parts) for depth in (1, 2, 3) for parts in itertools.product(NAMES, repeat=depth)]
names = st.lists(st.sampled_from(("a", "b", "*", "?", "[ab]", ".")), min_size=1, max_size=3).map("".join)
patterns = st.lists(st.one_of(names, st.just("**")), min_size=1, max_size=3).map("/".join)
sets = st.lists(patterns, max_size=3)


def matches(pattern: list[str], path: list[str]) -> bool:
    """Whether the pattern names the path itself, part by part; no part of it is "."."""
    if not pattern or not path:
        return not path and not pattern
    if pattern[0] == "**":
        return matches(pattern, path[1:]) or matches(pattern[1:], path) or (len(pattern) == 1 and len(path) == 1)
    return fnmatchcase(path[0], pattern[0]) and matches(pattern[1:], path[1:])


def names_path(pattern: str, path: str) -> bool:
    return matches([part for part in pattern.split("/") if part != "."], path.split("/"))


@given(sets, sets)
def test_what_both_name_is_seen_from_both_sides(first: list[str], second: list[str]) -> None:
    found = overlapping(first, second)
    assert set(found) <= {one.strip() for one in first} and list(found) == sorted(set(found))
    for one, other in itertools.product(first, second):
        if any(names_path(one, path) and names_path(other, path) for path in PATHS):
            assert overlapping([one], [other]) and overlapping([other], [one]), (one, other)
    assert bool(found) == bool(overlapping(second, first))


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("src/app.py", "src/app.py", True),
        ("src", "src/app.py", True),
        ("src/", "./src/app.py", True),
        ("src/v1.0/", "src/*/app.py", True),
        ("src/**", "src/deep/app.py", True),
        ("**/test_*.py", "tests/unit/test_app.py", True),
        ("src/*.py", "src/app.??", True),
        ("src/app.py", "src/app.py.bak", False),
        ("src", "srcs/app.py", False),
        ("**/test_*.py", "src/app.py", False),
        ("src/*.py", "src/*.js", False),
        ("src/*.py", "docs/**", False),
        ("", "src", False),
    ],
)
def test_patterns_as_people_write_them(one: str, other: str, meet: bool) -> None:
    assert (bool(overlapping([one], [other])), bool(overlapping([other], [one]))) == (meet, meet)


@given(st.dictionaries(st.text(max_size=3), sets, max_size=6), st.dictionaries(st.text(max_size=3), sets, max_size=3))
def test_order_is_kept_and_nobody_is_dropped(eligible: dict[str, list[str]], running: dict[str, list[str]]) -> None:
    order, writing = prefer(eligible, running), [path for paths in running.values() for path in paths]
    free = [name for name, paths in eligible.items() if not overlapping(paths, writing)]
    assert list(order) == free + [name for name in eligible if name not in free]
