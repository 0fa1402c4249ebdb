"""The portfolio as a tree: enterprise, programs, projects, items with their state; an area for each item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from echelon.core.charts.portfolio import STATES, Portfolio, Program, Project

NODES_MAX = 1_500  # more tiles are neither seen nor drawn quickly

Kind = Literal["enterprise", "program", "project", "item", "group"]


@dataclass(frozen=True, slots=True)
class Node:
    """`parent` is the index of a node before this one, -1 for the root. `weight` counts items, in leaves only.

    A group stands for `weight` items of one state; the weight of an empty program or project is 1, so that it is seen.
    """

    parent: int
    kind: Kind
    key: str
    title: str
    state: str
    weight: int


@dataclass(frozen=True, slots=True)
class Tree:
    """`grain` says what the leaves are: items, or the items of one state in each project, program, or in the whole."""

    nodes: tuple[Node, ...]
    grain: Literal["items", "projects", "programs", "whole"]


def tree(portfolio: Portfolio, limit: int = NODES_MAX) -> Tree:
    """The finest tree that has at most `limit` nodes; the coarsest where none has."""
    grow: dict[Literal["items", "projects", "programs", "whole"], Callable[[Portfolio], list[Node]]] = {
        "items": lambda whole: _grown(whole, _items),
        "projects": lambda whole: _grown(whole, _states),
        "programs": _programs,
    }
    size = sum(1 for _ in portfolio.items())
    for grain, made in grow.items():
        if grain == "items" and size > limit:
            continue
        nodes = made(portfolio)
        if len(nodes) <= limit:
            return Tree(tuple(nodes), grain)
    return Tree((_root(portfolio), *_groups(0, _sum(list(portfolio.projects())))), "whole")


def _root(portfolio: Portfolio) -> Node:
    return Node(-1, "enterprise", "", portfolio.title, "", 0)


def _grown(portfolio: Portfolio, leaves: Callable[[int, Project], list[Node]]) -> list[Node]:
    nodes = [_root(portfolio)]
    for program in portfolio.programs:
        parent = 0
        if program.key:  # at the depths of a program and a project there is one that is nobody's
            parent = len(nodes)
            nodes.append(_branch(program, "program", 0, len(program.projects)))
        for project in program.projects:
            place = parent
            if project.key:
                place = len(nodes)
                nodes.append(_branch(project, "project", parent, sum(project.counts.values())))
            nodes += leaves(place, project)
    return nodes


def _branch(row: Program | Project, kind: Kind, parent: int, below: int) -> Node:
    return Node(parent, kind, row.key, row.title, row.state, 0 if below else 1)


def _items(place: int, project: Project) -> list[Node]:
    listed = [Node(place, "item", item.key, item.title, item.state, 1) for item in project.items]
    return listed or _states(place, project)


def _states(place: int, project: Project) -> list[Node]:
    return _groups(place, project.counts)


def _programs(portfolio: Portfolio) -> list[Node]:
    nodes = [_root(portfolio)]
    for program in portfolio.programs:
        counts = _sum(program.projects)
        nodes.append(_branch(program, "program", 0, sum(counts.values())))
        nodes += _groups(len(nodes) - 1, counts)
    return nodes


def _sum(projects: tuple[Project, ...] | list[Project]) -> dict[str, int]:
    return {state: sum(project.counts[state] for project in projects) for state in STATES}


def _groups(place: int, counts: Mapping[str, int]) -> list[Node]:
    return [Node(place, "group", "", "", state, counts[state]) for state in STATES if counts[state]]
