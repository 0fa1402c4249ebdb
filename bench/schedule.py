"""The list schedule of a delivery on random dependency graphs, in virtual time: makespan over a lower bound.

What starts next is asked of the core (`capacity.next_items`), as a delivery asks; durations are drawn, time is a number.
The lower bound is the larger of the critical path and the area, so a ratio of 1 cannot be improved; (2 - 1/m) is what
any list schedule keeps (Graham 1966, "Bounds for certain multiprocessing anomalies").
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from bench.timing import Samples
from echelon.core import canonical
from echelon.core.assembling import assemble
from echelon.core.config import Config
from echelon.core.documents import entries
from echelon.core.documents.grammar import State
from echelon.core.levels import capacity
from echelon.core.model import World

GRAPHS = 200
T = TypeVar("T")


def measure() -> Samples:
    found = [Graph.drawn(seed).scheduled() for seed in range(GRAPHS)]
    ratios = [row.makespan / row.bound for row in found]
    worst = max(ratio / (2 - 1 / row.slots) for ratio, row in zip(ratios, found, strict=True))
    return {"makespan": ratios, "makespan_worst": [worst], "makespan_median": [statistics.median(ratios)]}


@dataclass(frozen=True, slots=True)
class Schedule:
    slots: int
    makespan: float
    bound: float  # max(critical path, area)


@dataclass(frozen=True, slots=True)
class Graph:
    """A portfolio of one to three programs; `hours`: key of an item -> how long it takes; `waits`: what it waits for."""

    slots: int
    files: Mapping[str, str]
    hours: Mapping[str, float]
    waits: Mapping[str, tuple[str, ...]]

    @classmethod
    def drawn(cls, seed: int) -> Graph:
        dice = random.Random(seed)
        slots, chance = dice.randint(2, 8), dice.choice((0.05, 0.15, 0.3))
        names = [
            f"PGM-{program:03}/PRJ-{10 * program + project:03}"
            for program in range(1, dice.randint(1, 3) + 1)
            for project in range(dice.randint(1, 2))
        ]
        count = dice.randint(12, 30)
        keys = [f"{dice.choice(names)}/B{number:03}" for number in range(1, count + 1)]
        waits = {key: tuple(one for one in keys[:at] if dice.random() < chance) for at, key in enumerate(keys)}
        hours = {key: dice.choice((1.0, 2.0, 4.0, 8.0)) * dice.uniform(0.5, 1.5) for key in keys}
        return cls(slots, _files(names, keys, waits, slots, dice), hours, waits)

    def scheduled(self) -> Schedule:
        """Start whatever may start while a slot is free; take the next one that ends."""
        world = assemble(_Texts(self.files), Config({})).world
        now, running = 0.0, list[tuple[float, str]]()
        while True:
            while len(running) < self.slots and (ready := capacity.next_items(world)):
                heapq.heappush(running, (now + self.hours[ready[0]], ready[0]))
                world = _flipped(world, ready[0], State.ACTIVE)
            if not running:
                break
            now, ended = heapq.heappop(running)
            world = _flipped(world, ended, State.DELIVERED)
        left = [row.key for row in world.portfolio.projects() if not row.complete]
        assert left == [], f"{left} are not complete"
        return Schedule(self.slots, now, max(self._critical_path(), sum(self.hours.values()) / self.slots))

    def _critical_path(self) -> float:
        ends: dict[str, float] = {}
        for key, waits in self.waits.items():  # in an order in which each stands behind what it waits for
            ends[key] = self.hours[key] + max((ends[one] for one in waits), default=0.0)
        return max(ends.values())


def _files(
    names: list[str], keys: list[str], waits: Mapping[str, tuple[str, ...]], slots: int, dice: random.Random
) -> dict[str, str]:
    programs = sorted({name.split("/")[0] for name in names})
    head = f"# Enterprise\n- Capacity budget: {slots}\n- Parallelism: on\n\n"
    files = {".opencode/enterprise.md": head + "".join(_node(name) for name in programs)}
    for program in programs:
        own = [name.split("/")[1] for name in names if name.startswith(program)]
        files[f".opencode/programs/{program}/program.md"] = "# Program\n\n" + "".join(_node(name) for name in own)
    for name in names:
        program, project = name.split("/")
        folder = f".opencode/programs/{program}/projects/{project}"
        rows = [_item(key, waits[key], dice.randint(1, 4)) for key in keys if key.startswith(f"{name}/")]
        rows = rows or ["### B999 — none\n- Status: [x]\n\n"]
        files |= {f"{folder}/spec.md": "# Spec\n", f"{folder}/backlog.md": "# Backlog\n\n" + "".join(rows)}
    return files


def _node(name: str) -> str:
    return f"### {name} — {name}\n- Priority: P2\n- Status: [/]\n- Depends on: —\n\n"


def _item(key: str, waits: tuple[str, ...], priority: int) -> str:
    own = key.rpartition("/")[0]
    names = [one.rpartition("/")[2] if one.startswith(f"{own}/") else one.partition("/")[2] for one in waits]
    return (
        f"### {key.rpartition('/')[2]} — an item\n- Priority: P{priority}\n- Size: M\n- Status: [ ]\n"
        f"- Depends on: {', '.join(names) or '—'}\n- Acceptance criteria:\n  - [ ] holds — check: `true`\n\n"
    )


def _flipped(world: World, key: str, state: State) -> World:
    """The world with one item's marker turned; nothing is parsed again."""
    project = world.portfolio.project(key.rpartition("/")[0])
    assert project is not None and project.backlog is not None, key
    turned = replace(project, backlog=entries.set_state(project.backlog, key.rpartition("/")[2], state))
    programs = tuple(
        replace(row, projects=tuple(turned if one.key == turned.key else one for one in row.projects))
        for row in world.portfolio.programs
    )
    portfolio = replace(world.portfolio, programs=programs)
    return replace(world, portfolio=portfolio, scope="\0").at(world.scope)


class _Texts:
    """A dict as a source of texts."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def text(self, path: str) -> str | None:
        return self._files.get(path)

    def problem(self, path: str) -> str:
        return ""

    def digest(self, path: str) -> str:
        return canonical.text_digest(self._files[path]) if path in self._files else "absent"

    def written(self, path: str) -> str:
        return ""

    def parsed(self, kind: str, digest: str, text: str, parser: Callable[[str], T]) -> T:
        return parser(text)
