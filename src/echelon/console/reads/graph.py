"""The dependencies as nodes and edges, with what is left on the longest chain marked."""

from __future__ import annotations

from pydantic import Field

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View, view
from echelon.core import browsing
from echelon.core.browsing import Row
from echelon.core.decide import Refusal, refuse
from echelon.core.documents.render import one_line

NODES_MAX = 400
EDGES_MAX = 2_000


class Node(Answer):
    """`outside`: of another project than the scope, shown because something here waits for it."""

    key: str
    title: str
    state: str
    critical: bool
    outside: bool


class Edge(Answer):
    """`from` comes first, `to` waits for it."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class Graph(Answer):
    """`left_out`: items of the scope beyond NODES_MAX; the open ones stay, and those on the longest chain first."""

    scope: str
    nodes: list[Node]
    edges: list[Edge]
    left_out: int
    edges_left_out: int


def graph(mirror: Mirror, scope: str = "") -> Graph | Refusal:
    """Items of a program or project (all without one), and what they wait for elsewhere. Refuses PROJECT_UNKNOWN."""
    seen = view(mirror)
    portfolio = seen.world.portfolio
    if scope and portfolio.project(scope) is None and portfolio.program(scope) is None:
        return refuse("PROJECT_UNKNOWN", f"there is no program or project {one_line(scope, 80)}")
    return seen.once(f"graph {scope}", lambda: _graph(seen, scope))


def _graph(seen: View, scope: str) -> Graph:
    inside = [row for row in seen.rows if browsing.within(row.scope, scope)]
    ranked = sorted(inside, key=lambda row: (row.key not in seen.critical, row.entry.settled, row.order))
    kept = sorted(ranked[:NODES_MAX], key=lambda row: row.order)
    keys = {row.key for row in kept}
    outside: dict[str, Row] = {}
    for row in kept:
        for wanted in seen.waits.get(row.key, ()):
            other = seen.by_key.get(wanted)
            elsewhere = other is not None and not browsing.within(other.scope, scope)
            if other is not None and elsewhere and len(kept) + len(outside) < NODES_MAX:
                outside[wanted] = other
    every = keys | outside.keys()
    edges = [
        Edge(source=wanted, target=row.key)
        for row in kept
        for wanted in dict.fromkeys(seen.waits.get(row.key, ()))
        if wanted in every
    ]
    return Graph(
        scope=scope,
        nodes=[
            _node(seen, row, key in outside) for key, row in [(row.key, row) for row in kept] + list(outside.items())
        ],
        edges=edges[:EDGES_MAX],
        left_out=len(inside) - len(kept),
        edges_left_out=max(0, len(edges) - EDGES_MAX),
    )


def _node(seen: View, row: Row, outside: bool) -> Node:
    return Node(
        key=row.key,
        title=one_line(row.entry.title, 120),
        state=row.entry.state.value,
        critical=row.key in seen.critical,
        outside=outside,
    )
