"""Deliver a portfolio: a list schedule over its slots. No slot idles while an item could start in it.

The main thread starts what may start (upper levels first, then items by their programs' shares) and each mission runs
in a thread of its own to its end. With one slot it is the plain loop that takes one item after another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from echelon.core import report
from echelon.core.decide import Refusal, refuse
from echelon.core.portfolio import item_key
from echelon.dispatch import advance
from echelon.dispatch.attempts import Attempts, Event, Outcome, blocked, halted
from echelon.dispatch.landing import Landing
from echelon.engine.engine import Engine
from echelon.errors import LockedError, StoppedError
from echelon.ports import Host

SHOWN_MAX = 20  # names in one sentence
POLL_SECONDS = 0.2  # how soon a stop is seen while all slots work
REFILL_SECONDS = 2.0  # how soon a free slot sees what a person or another process has made startable
# Nothing more may start: a person has to look, or there is nothing to work in.
PAUSE_CODES = frozenset(
    {"RECORD_CHANGED", "ESCAPED", "BASE_REWOUND", "CONFIG_INVALID", "HOST_UNAVAILABLE", "HOST_DENIED"}
)

_Running = dict["Future[Outcome | None]", str]


class Delivery:
    """One run of `echelon deliver`. `stopped` is asked often; `tell` gets every event, one at a time."""

    def __init__(
        self, engine: Engine, host: Host, tell: Callable[[Event], None], stopped: Callable[[], bool], slots: int = 1
    ) -> None:
        self._engine, self._slots = engine, max(1, min(slots, host.capabilities().parallel_sessions))
        self._asked_to_stop = stopped
        self._failed = threading.Event()  # something broke: the other missions stop where they are
        self._telling = threading.Lock()
        self._listener = tell
        landing = Landing() if self._slots > 1 else None
        self._attempts = Attempts(engine, host, self._tell, self._stopped, landing)
        self._delivered: list[str] = []
        self._stuck: dict[str, Outcome] = {}  # item -> why only a person can go on with it
        self._last: Refusal | None = None  # why nothing more starts

    def _tell(self, event: Event) -> None:
        with self._telling:
            if event.kind == "delivered":
                self._delivered.append(event.item)
            self._listener(event)

    def _stopped(self) -> bool:
        return self._failed.is_set() or self._asked_to_stop()

    def run(self, item: str | None = None, *, in_place: bool = False) -> Outcome:
        """Deliver every eligible item in order, or the one named, by key or by its id in the project that is worked on.

        Raises what the engine's rooms raise.
        """
        if item is not None and "/" not in item:
            item = item_key(self._engine.world().scope, item)
        self._engine.workspace.stopped = self._stopped
        for line in self._engine.recover():
            self._tell(Event("recovered", "", line))
        running: _Running = {}
        pool = ThreadPoolExecutor(self._slots, thread_name_prefix="mission")
        try:
            self._schedule(pool, running, item, in_place)
        finally:
            self._failed.set()  # also after Ctrl-C: no thread goes on behind our back
            pool.shutdown(wait=True, cancel_futures=True)
            self._failed.clear()
        return self._outcome(item)

    def _schedule(self, pool: ThreadPoolExecutor, running: _Running, item: str | None, in_place: bool) -> None:
        looked = -REFILL_SECONDS
        while True:
            due = time.monotonic() - looked >= REFILL_SECONDS
            if due and not self._stopped() and not self._paused():
                self._fill(pool, running, item, in_place)
                looked = time.monotonic()
            if not running:
                return
            done, _ = wait(running, POLL_SECONDS, FIRST_COMPLETED)
            looked = -REFILL_SECONDS if done else looked  # a slot is free, and something moved
            for future in done:
                key = running.pop(future)
                if future.exception() is not None:
                    self._failed.set()
                    wait(running)
                outcome = future.result()
                if outcome is not None:
                    self._stuck[key] = outcome

    def _paused(self) -> bool:
        return any(row.code in PAUSE_CODES for row in self._stuck.values())

    # ------------------------------------------------------------------------------------------------- starting

    def _fill(self, pool: ThreadPoolExecutor, running: _Running, item: str | None, in_place: bool) -> None:
        """Give every free slot something to do: first what is in flight already, then what can start."""
        while len(running) < self._slots and not self._stopped():
            key = self._waiting(running, item)
            if key is None and item is None and self._advanced(parallel=bool(running) or self._slots > 1):
                key = self._waiting(running, item)  # of a project that has been started again
            key = key or self._start(item, in_place, parallel=bool(running) or self._slots > 1)
            if key is None:
                return
            running[pool.submit(self._mission, key)] = key

    def _waiting(self, running: _Running, item: str | None) -> str | None:
        """A mission in flight that nobody here works on."""
        world = self._engine.world()
        busy = {*running.values(), *self._stuck}
        for mission in world.missions:
            project = world.portfolio.project(mission.scope)
            going = project is None or project.running
            if going and mission.item not in busy and item in (None, mission.item):
                return mission.item
        return None

    def _advanced(self, *, parallel: bool) -> bool:
        """Whether projects or programs moved."""
        moves = 0
        for moved in advance.advance(self._engine, parallel=parallel):
            self._tell(Event("level", moved.key, moved.text))
            moves += 1
        return moves > 0

    def _start(self, item: str | None, in_place: bool, *, parallel: bool) -> str | None:
        """Start the next item, or the one named; None when there is none to start."""
        if item is not None and (item in self._delivered or item in self._stuck or self._last is not None):
            return None  # it had its turn
        parallel = parallel and self._engine.world().portfolio.parallel
        if item is not None or in_place:
            decision = self._engine.start(item, in_place=in_place, parallel=parallel)
        else:
            decision = self._engine.start_next(parallel=parallel)
        if isinstance(decision, Refusal):
            self._last = decision
            return None
        self._last = None
        key = str(decision.data["item"])
        self._tell(Event("started", key, str(decision.data["title"])))
        return key

    def _mission(self, key: str) -> Outcome | None:
        """In a thread: one mission to its end."""
        mission = self._engine.find_mission(key)
        if isinstance(mission, Refusal):
            return None
        try:
            with self._engine.hold(mission):
                return self._attempts.run(key)
        except StoppedError as error:  # in the middle of a check
            return halted(error.message)
        except LockedError as error:
            return blocked(refuse(error.code, error.message, next_step=error.next_step))

    # ------------------------------------------------------------------------------------------------- the end

    def _outcome(self, item: str | None) -> Outcome:
        stopped = [row for row in self._stuck.values() if row.status == "stopped"]
        if self._asked_to_stop():
            flying = [mission.name for mission in self._engine.world().missions]
            names = ", ".join(flying[:SHOWN_MAX])
            outcome = halted(f"{names} stays in flight" if flying else "nothing is in flight")
        elif item is not None:
            outcome = self._single(item)
        elif self._stuck or stopped:
            outcome = self._blocked()
        else:
            outcome = self._complete()
        outcome.delivered = self._delivered
        return outcome

    def _blocked(self) -> Outcome:
        first = next(iter(self._stuck.values()))
        reasons = [reason for row in self._stuck.values() for reason in row.reasons]
        return Outcome(first.status, tuple(dict.fromkeys(reasons)), first.next_step, first.code)

    def _complete(self) -> Outcome:
        said = self._last or refuse("NOTHING_ELIGIBLE")
        if said.code in ("BACKLOG_COMPLETE", "PROGRAM_COMPLETE", "ENTERPRISE_COMPLETE"):
            return Outcome("done", (*said.reasons, *self._unproved()), said.step, said.code)
        return blocked(said)

    def _single(self, item: str) -> Outcome:
        if item in self._delivered:
            return Outcome("done", (f"{item} is delivered",))
        if item in self._stuck:
            return self._stuck[item]
        if self._last is not None:
            return blocked(self._last)
        world = self._engine.world(item.rpartition("/")[0] or None)
        entry = world.backlog.find(item.rpartition("/")[2]) if world.backlog else None
        said = f"{item} is {entry.state.value if entry else 'gone'}"
        return blocked(refuse("NOTHING_ELIGIBLE", said))

    def _unproved(self) -> tuple[str, ...]:
        """Items that somebody marked delivered without evidence: "done" does not speak for them."""
        names = report.unproved(self._engine.world())
        more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
        return (f"marked delivered, without evidence: {', '.join(names[:SHOWN_MAX])}{more}",) if names else ()
