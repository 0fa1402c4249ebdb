"""Where the reads look: the mirror of one workspace, and what follows from its world, each computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol, TypeVar

from echelon.core import browsing, report
from echelon.core.browsing import Row
from echelon.core.charts.chain import longest_chain
from echelon.core.charts.portfolio import Portfolio, moment, read
from echelon.core.eligibility import Obstacle
from echelon.core.levels import capacity
from echelon.core.model import Attempt, World
from echelon.engine.engine import Engine
from echelon.engine.workspace import Workspace

PAGE_MAX = 500  # rows of one answer
VIEWS_KEPT = 16  # worlds whose derived values are remembered
HOURS = {"S": 1, "M": 2, "L": 4, "XL": 8}  # what a size stands for where no attempt says more

T = TypeVar("T")


class Mirror(Protocol):
    """One workspace in memory. `world` is replaced as a whole when a file changes; `revision` then rises."""

    @property
    def workspace(self) -> Workspace: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def world(self) -> World: ...
    @property
    def data(self) -> Mapping[str, Any]:
        """core.report.status of the world."""
        ...

    @property
    def revision(self) -> int: ...
    def now(self) -> str: ...


class View:
    """What follows from one world. Safe in threads: two may compute the same value, both get it right."""

    def __init__(self, world: World, mirror: Mirror) -> None:
        self.world, self._mirror = world, mirror
        self._once: dict[str, tuple[object, Any]] = {}
        self._ready: dict[str, tuple[frozenset[str], Mapping[str, tuple[Obstacle, ...]]]] = {}

    def once(self, name: str, make: Callable[[], T], of: object = None) -> T:
        """What is made of this world and of `of`: made once, and anew for another `of`."""
        known = self._once.get(name)
        if known is None or known[0] != of:
            known = self._once[name] = (of, make())
        return known[1]

    def attempts_of(self, key: str) -> tuple[Attempt, ...]:
        """Of an item by its key, oldest first."""
        return self._attempts.get(key, ())

    @cached_property
    def _attempts(self) -> Mapping[str, tuple[Attempt, ...]]:
        found: dict[str, list[Attempt]] = {}
        for entry in self.world.attempts:
            found.setdefault(entry.item, []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The status document; not asked for until somebody needs it, for it looks at every item."""
        found = self._mirror.data
        return found if self._mirror.world is self.world else report.status(self.world)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        return browsing.rows(self.world)

    @cached_property
    def by_key(self) -> Mapping[str, Row]:
        found: dict[str, Row] = {}
        for row in self.rows:
            found.setdefault(row.key, row)
        return found

    @cached_property
    def counts(self) -> Mapping[str, int]:
        return browsing.counted(self.rows)

    @cached_property
    def closings(self) -> Mapping[str, Attempt]:
        return report.closings(self.world)

    @cached_property
    def waits(self) -> Mapping[str, list[str]]:
        """Item -> the items it depends on, by their keys."""
        return self.world.portfolio.waits()

    @cached_property
    def needed_by(self) -> Mapping[str, tuple[str, ...]]:
        return browsing.needed_by(self.waits)

    @cached_property
    def critical(self) -> frozenset[str]:
        """Keys on the longest chain of what is left, by size."""
        left = {row.key: HOURS[row.entry.size] for row in self.rows if not row.entry.settled}
        return frozenset(longest_chain(left, self.waits)) if len(left) > 1 else frozenset()

    @cached_property
    def drawn(self) -> Portfolio:
        return read(self.data)

    def scope_at(self, path: str) -> str | None:
        """The project whose backlog lies at this path, or has a working copy there."""
        for project in self.world.portfolio.projects():
            files = project.files
            if path in (files.backlog, *files.copies().get(files.backlog, ())):
                return project.key
        return None

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """What each item says, folded, by its order: made at the first search."""
        return tuple(f"{row.key.lower()}\n{browsing.fold(self._text(row))}" for row in self.rows)

    def _text(self, row: Row) -> str:
        project = self.world.portfolio.project(row.scope)
        backlog = project.backlog if project else None
        if backlog is None:
            return row.entry.title
        start, end = backlog.span(row.entry.id)
        return backlog.text[start : min(end, start + browsing.SECTION_MAX)]

    def ready(self, scope: str) -> tuple[frozenset[str], Mapping[str, tuple[Obstacle, ...]]]:
        """Of a project: ids of the items that may start now, and why each other pending one may not."""
        if scope not in self._ready:
            self._ready[scope] = self._readiness(scope)
        return self._ready[scope]

    def _readiness(self, scope: str) -> tuple[frozenset[str], Mapping[str, tuple[Obstacle, ...]]]:
        project = self.world.portfolio.project(scope)
        if project is None or project.backlog is None:
            return frozenset(), {}
        eligible, obstacles = capacity.selected(self.world, project)
        found: dict[str, tuple[Obstacle, ...]] = {}
        for row in obstacles:
            found[row.item] = (*found.get(row.item, ()), row)
        runs = project.running and not project.refused
        return frozenset(entry.id for entry in eligible) if runs else frozenset(), found


_lock = threading.Lock()
_views: OrderedDict[int, View] = OrderedDict()


def view(mirror: Mirror) -> View:
    """The view of the mirror's world: the same one as long as the world is."""
    world = mirror.world
    with _lock:
        known = _views.get(id(world))
        if known is not None and known.world is world:
            _views.move_to_end(id(world))
            return known
    made = View(world, mirror)
    with _lock:
        _views[id(world)] = made
        while len(_views) > VIEWS_KEPT:
            _views.popitem(last=False)
    return made


def milliseconds(mirror: Mirror) -> int:
    """Now, since 1970."""
    return moment(mirror.now()) or 0


def page_of(offset: int, limit: int) -> slice:
    """The part of a list that is asked for, never more than PAGE_MAX rows."""
    start = max(0, offset)
    return slice(start, start + max(0, min(limit, PAGE_MAX)))


def sound(value: Any) -> Any:
    """A JSON value whose texts can be sent: bytes of a file that were no UTF-8 are replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {sound(str(key)): sound(inner) for key, inner in value.items()}
    return [sound(inner) for inner in value] if isinstance(value, (list, tuple)) else value
