"""A whole delivery as values: a seed makes a portfolio, a host, a git and its faults, and runs them in virtual time.

The core decides, `dispatch.advance` moves the upper levels, and the list schedule of a delivery is done by hand: no
thread, no file, no process. A kill may come between any decision and its effect; what a new process does then is what
the engine's recovery does. The same seed makes the same run.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import portfolio_texts as portfolios
import worlds
from echelon.core import requests as ask
from echelon.core.decide import Decision, Refusal
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Option
from echelon.core.levels import capacity
from echelon.core.model import World
from echelon.dispatch import advance
from portfolio_texts import Disk

STEPS_MAX = 5_000
PERSON_ROUNDS = 4  # how often a person looks at what waits for them
OPTIONS = (Option("a", "b", "c"), Option("d", "e", "f"))
OUTCOMES = ("done", "checks_red", "conflict", "crashed", "asked", "failed", "suspended")
WEIGHTS = (70, 8, 5, 5, 5, 4, 3)


class KilledError(Exception):
    pass


def portfolio(dice: random.Random) -> worlds.Files:
    """One to three programs of one to three projects of one to four items, with dependencies at each level."""
    files: worlds.Files = {}
    programs: list[str] = []
    rows: list[str] = []
    known: list[str] = []  # items of projects made before, which others may wait for
    count = 0
    for number in range(1, dice.randint(1, 3) + 1):
        name = f"PGM-{number:03}"
        rows.append(
            portfolios.node(name, dice.sample(programs, dice.choice((0, 0, min(1, len(programs))))), dice.randint(1, 4))
        )
        programs.append(name)
        projects: list[str] = []
        listed: list[str] = []
        for _ in range(dice.randint(1, 3)):
            count += 1
            project = f"PRJ-{count:03}"
            waits = dice.sample(projects, dice.choice((0, 0, min(1, len(projects)))))
            listed.append(portfolios.node(project, waits, dice.randint(1, 4)))
            projects.append(project)
            items = list(_items(dice, project, known))
            files.update(portfolios.stored(f".opencode/programs/{name}/projects/{project}", *items))
        files[f".opencode/programs/{name}/program.md"] = portfolios.program(*listed)
    chosen = {"budget": dice.randint(1, 4), "parallel": dice.random() < 0.7}
    strategy = dice.choice(("proportional", "equal", "priority-first"))
    files[".opencode/enterprise.md"] = portfolios.enterprise(*rows, strategy=strategy, **chosen)
    return files


def _items(dice: random.Random, project: str, known: list[str]) -> Iterator[str]:
    own: list[str] = []
    for at in range(1, dice.randint(1, 4) + 1):
        waits = dice.sample(own, dice.choice((0, 0, 1)) if own else 0)
        if known and dice.random() < 0.15:
            waits.append(dice.choice(known))
        yield portfolios.item(f"B{at:03}", waits, dice.randint(1, 4))
        own.append(f"B{at:03}")
    known += [f"{project}/{name}" for name in own]


@dataclass
class Run:
    """One simulated delivery with `slots` slots. `end` says how it ended: "complete" or the reasons."""

    seed: int
    kills: float = 0.03  # chance at each point between a decision and its effect
    slots: int = 1
    disk: Disk = field(init=False)
    time: float = 0.0
    turns: list[tuple[float, int, str]] = field(default_factory=list)  # when, tie, item
    running: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)  # slots: what git would hold
    base: list[str] = field(default_factory=list)  # items on the base branch, in order
    killed: int = 0
    end: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.disk = Disk(portfolio(self.dice))
        self.slots = self.dice.randint(1, 5)
        # what dispatch.advance needs of an engine
        self.workspace: Any = SimpleNamespace(clock=self.disk)
        self._world: World | None = None

    def world(self) -> World:
        if self._world is None:
            self._world = self.disk.world()
        return self._world

    def ask(self, request: ask.Request) -> Decision | Refusal:
        self._world = None
        return self.disk.ask(request)

    # ------------------------------------------------------------------------------------------------- the run

    def go(self) -> Run:
        rounds = 0
        for _ in range(STEPS_MAX):
            try:
                self.fill()
                if self.turns:
                    self.time, _, item = heapq.heappop(self.turns)
                    self.running.discard(item)
                    self.ended(item)
                elif rounds < PERSON_ROUNDS:
                    rounds += 1
                    self.person()
                else:
                    break
            except KilledError:
                self.recover()
        else:
            raise AssertionError(f"seed {self.seed}: no end after {STEPS_MAX} steps")
        said = capacity.nothing(self.world())
        self.end = ("complete",) if said.code == "ENTERPRISE_COMPLETE" else said.reasons
        return self

    def point(self) -> None:
        """Between a decision and its effect."""
        if self.dice.random() < self.kills:
            raise KilledError

    def fill(self) -> None:
        """As Delivery does: what is in flight first, then what can start; upper levels before items."""
        while len(self.running) < self.slots:
            item = self.waiting() or self.start()
            if item is None:
                break
            self.running.add(item)
            self.open.add(item)
            heapq.heappush(self.turns, (self.time + self.dice.uniform(1, 9), len(self.turns), item))
        self.look()

    def waiting(self) -> str | None:
        whole = self.world()
        rows = [
            row.item for row in whole.missions if (project := whole.portfolio.project(row.scope)) and project.running
        ]
        return next((item for item in rows if item not in self.running), None)

    def start(self) -> str | None:
        engine: Any = self
        for _ in advance.advance(engine, parallel=self.slots > 1):
            self.point()
        waiting = self.waiting()  # of a project that has just been started again
        if waiting is not None:
            return waiting
        parallel = self.slots > 1 and self.world().portfolio.parallel
        for item in capacity.next_items(self.world()):
            said = self.ask(ask.StartItem(worlds.BASE, item, parallel=parallel))
            self.point()
            if isinstance(said, Decision):
                return item
            if said.code in ("CAPACITY_REACHED", "ITEM_IN_PROGRESS"):
                return None
        return None

    def ended(self, item: str) -> None:
        """The host's turn is over."""
        kind = self.dice.choices(OUTCOMES, WEIGHTS)[0]
        if kind == "done":
            self.done(self.disk.proof(item))
            self.point()
            self.merge(item)
        elif kind == "asked":
            self.done(ask.RecordEscalation("which way?", "tried", OPTIONS, "which?", item))
        elif kind in ("failed", "suspended"):
            self.done((ask.FailItem if kind == "failed" else ask.SuspendItem)("so it is", item))
        else:
            self.done(ask.EndAttempt(item, kind, "what went wrong"))  # type: ignore[arg-type] - one of OUTCOMES
        self.point()
        self.tidy()
        if self.dice.random() < 0.06:
            self.set_aside(item)

    def set_aside(self, item: str) -> None:
        """The project of an item, or its program, is failed or suspended; what is in flight in it stays as it is."""
        project = self.world().portfolio.project(item.rpartition("/")[0])
        if project is not None and project.running:
            verb = self.dice.choice(("fail", "suspend"))
            if self.dice.random() < 0.7:
                self.done(ask.MoveProject(verb, project.id, project.program, "so it is"))
            else:
                self.done(ask.MoveProgram(verb, project.program, "so it is"))

    def done(self, request: ask.Request) -> None:
        said = self.ask(request)
        assert isinstance(said, Decision), f"seed {self.seed}: {said}"

    def merge(self, item: str) -> None:
        if item not in self.base:  # compare-and-swap: it moves once
            self.base.append(item)
        self.point()
        self.done(ask.Merged(item, worlds.CANDIDATE, None))

    def tidy(self) -> None:
        """Slots of missions that are over are closed."""
        self.open &= {row.item for row in self.world().missions}

    def recover(self) -> None:
        """A new process: nothing in memory is left, what is recorded is finished."""
        self.killed += 1
        self.running.clear()
        self.turns.clear()
        kills, self.kills = self.kills, 0.0
        whole = self.world()
        for mission in whole.missions:
            project = whole.portfolio.project(mission.scope)
            if mission.phase == "merging" and project and project.running:
                self.merge(mission.item)
        self.kills = kills
        self.tidy()

    def person(self) -> None:
        """Decides some escalations, resumes, reopens or waives some of what stands still."""
        whole = self.world().portfolio
        pending = [row for project in whole.projects() for row in project.escalations if row.pending]
        for row in pending:
            if self.dice.random() < 0.7:
                self.done(ask.ResolveEscalation(row.id, "go on"))
        for program in whole.programs:
            if program.state in (State.FAILED, State.SUSPENDED) and self.dice.random() < 0.7:
                verb = {State.FAILED: self.dice.choice(("reopen", "waive")), State.SUSPENDED: "resume"}[program.state]
                self.ask(ask.MoveProgram(verb, program.key, "so it is"))
        for project in whole.projects():
            if project.state in (State.FAILED, State.SUSPENDED) and self.dice.random() < 0.7:
                verb = {State.FAILED: self.dice.choice(("reopen", "waive")), State.SUSPENDED: "resume"}[project.state]
                self.ask(ask.MoveProject(verb, project.id, project.program, "so it is"))
            for entry in project.backlog.entries if project.backlog else ():
                if self.dice.random() < 0.7:
                    self.again(f"{project.key}/{entry.id}", entry.state)

    def again(self, item: str, state: State) -> None:
        if state is State.SUSPENDED:
            self.ask(ask.ResumeItem(item))  # refused while its question is open
        elif state is State.FAILED:
            self.ask(self.dice.choice((ask.ReopenItem, ask.WaiveItem))(item, "so it is"))

    # ------------------------------------------------------------------------------------------------ the laws

    def look(self) -> None:
        """After each round of starts: the budget holds, records and markers agree, and no slot idles for nothing."""
        whole = self.world()
        active = {f"{row.key}/{one.id}" for row in whole.portfolio.projects() for one in row.active_items}
        assert active == {row.item for row in whole.missions}, self.seed
        assert whole.portfolio.used <= whole.portfolio.settings.budget, self.seed
        if not self.running:
            assert self.left(whole) == [], (self.seed, self.left(whole))
        elif len(self.running) < self.slots and whole.portfolio.used < whole.portfolio.settings.budget:
            assert not whole.portfolio.parallel or capacity.next_items(whole) == (), self.seed

    def left(self, whole: World) -> list[str]:
        """What could start, by the plain words of the format, and was not started."""
        held = {row.id for row in whole.portfolio.escalations if row.pending}
        found = [] if held else _startable(whole.portfolio.document)
        for program in whole.portfolio.programs:
            if program.state is State.ACTIVE:
                found += _startable(program.document)
            for project in program.projects if program.state is State.ACTIVE else ():
                if project.state is State.ACTIVE and not any(row.pending for row in project.escalations):
                    found += _startable(project.backlog, whole.portfolio.external(project))
        return found


def _startable(document: EntriesDocument | None, outside: Any = None) -> list[str]:
    rows = {**(outside or {}), **{row.id: row for row in document.entries}} if document else {}
    pending = [row for row in document.entries if row.state is State.PENDING] if document else []
    return [row.id for row in pending if all(one in rows and rows[one].settled for one in row.depends)]
