"""The critical path: the longest chain of delivered items through their dependencies, by the time the work took.

An item took the sum of its attempts; pauses between them are a person's or a queue's, and no dependency made them.
A project that waits for another is a dependency of each of its items on all of the other's; a program likewise.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from echelon.core.charts.portfolio import Item, Portfolio

_BEFORE, _AFTER = "<", ">"  # nodes that take no time: what a group waits for, and the whole of a group; no id ends so


def longest_chain(durations: Mapping[str, int], depends: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Nodes in order, each depending on the one before it; the greatest sum of durations of all such chains.

    Durations are not negative. Dependencies on what has no duration are ignored; nodes on a cycle, or behind one, are
    left out. A chain is not made longer by nodes that add nothing before it. Of equals, the one whose last id is the
    least, then whose one before. O(nodes + dependencies).
    """
    waits = {node: {on for on in depends.get(node, ()) if on in durations} for node in durations}
    followers: dict[str, list[str]] = {node: [] for node in durations}
    for node, before in waits.items():
        for on in before:
            followers[on].append(node)
    left = {node: len(before) for node, before in waits.items()}
    free = [node for node, count in left.items() if not count]
    total: dict[str, int] = {}
    previous: dict[str, str] = {}
    while free:
        node = free.pop()
        best = min(waits[node], key=lambda on: (-total[on], on), default=None)
        total[node] = durations[node]
        if best is not None and total[best] > 0:
            total[node] += total[best]
            previous[node] = best
        for follower in followers[node]:
            left[follower] -= 1
            if not left[follower]:
                free.append(follower)
    if not total:
        return ()
    chain = [min(total, key=lambda node: (-total[node], node))]
    while chain[-1] in previous:
        chain.append(previous[chain[-1]])
    return tuple(reversed(chain))


def critical_path(portfolio: Portfolio) -> tuple[tuple[str, ...], int]:
    """Keys of delivered items in order, and the milliseconds their attempts took together."""
    took = {item.key: duration(item) for item in portfolio.items() if item.state == "delivered"}
    durations = dict(took)
    depends: dict[str, set[str]] = {}
    groups = {row.key for row in portfolio.programs} | {row.key for row in portfolio.projects()}
    for program in portfolio.programs:
        _group(program.key, _gates(program.depends, "", groups), durations, depends)
        for project in program.projects:
            if project.key != program.key:  # both are "" at the depth of a project
                gates = _gates(project.depends, program.key, groups)
                _group(project.key, {*gates, program.key + _BEFORE}, durations, depends)
                depends[program.key + _AFTER].add(project.key + _AFTER)
            for item in project.items:
                depends[item.key] = {
                    key for word in item.depends for key in _places(word, project.key) if key in took
                } | {project.key + _BEFORE}
                depends[project.key + _AFTER].add(item.key)
    chain = tuple(node for node in longest_chain(durations, depends) if node in took)
    length = sum(took[key] for key in chain)
    return (chain, length) if length else ((), 0)


def duration(item: Item) -> int:
    return sum(attempt.end - attempt.start for attempt in item.tried)


def _group(key: str, before: Iterable[str], durations: dict[str, int], depends: dict[str, set[str]]) -> None:
    for end in (_BEFORE, _AFTER):
        durations[key + end] = 0
    depends[key + _BEFORE] = set(before)
    depends.setdefault(key + _AFTER, set()).add(key + _BEFORE)  # an empty group still passes on what it waited for


def _gates(words: Iterable[str], where: str, groups: Collection[str]) -> set[str]:
    return {key + _AFTER for word in words for key in _places(word, where) if key in groups}


def _places(word: str, where: str) -> list[str]:
    """What an id can mean from inside of a group: `B001`, `PRJ-001/B001`, or the whole key."""
    parts = where.split("/") if where else []
    return ["/".join([*parts[:depth], word]) for depth in range(len(parts), -1, -1)]
