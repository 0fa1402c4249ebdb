"""Missions of one process land one at a time, in the order they asked, and are tested ahead while they wait.

Theory of operation. Testing ahead does nothing but fill the cache of runs: when a mission's turn comes, its own `close`
examines the base as it is, and finds its runs there when those ahead landed as forecast. So nothing here is trusted,
and a test ahead that fails, is late or is thrown away costs time only. Between processes there is no queue: whoever
moves the base first does, and the other examines again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from echelon.core.merge_queue import WINDOW, MergeQueue, Stack, Ticket, Verdict, carried, own_stack
from echelon.errors import EchelonError, StoppedError

WAIT_SECONDS = 0.5  # the longest between two looks at whether a person said stop; what others do wakes at once

T = TypeVar("T")
Speculate = Callable[[tuple[str, ...], Callable[[], bool]], Verdict]


class Landing:
    """Shared by the threads that carry missions; every method may be called from any of them.

    `window`: how many tickets are tested ahead, 0 for none.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self._changed = threading.Condition()
        self._queue = MergeQueue(window=window)
        self._known: dict[Stack, Verdict] = {}
        self._testing: dict[Ticket, Stack] = {}

    def land(
        self,
        ticket_id: str,
        head: str,
        speculate: Speculate,
        close: Callable[[], T],
        stopped: Callable[[], bool],
        landed: Callable[[T], bool] = lambda _result: False,
    ) -> T:
        """Wait for this ticket's turn, tested ahead meanwhile, and return what `close` says.

        `speculate(heads, obsolete)` tests the ticket on the heads ahead of it, oldest first, and may end with StoppedError
        soon after `obsolete()` says True. `landed` tells from the result whether the base moved to this ticket's
        candidate; without it, tests ahead are forgotten at every turn. One call at a time for each id.
        Raises: StoppedError STOPPED soon after `stopped()` says True while it waits; whatever `close` raises.
        """
        ticket = Ticket(ticket_id, head)
        with self._in_queue(ticket) as leave_landed:
            self._wait(ticket, speculate, stopped)
            result = close()
            if landed(result):
                leave_landed()
            return result

    def waiting(self) -> tuple[str, ...]:
        """The ids in the order in which they land, for a person to see."""
        with self._changed:
            return tuple(ticket.id for ticket in self._queue.tickets)

    @contextlib.contextmanager
    def _in_queue(self, ticket: Ticket) -> Iterator[Callable[[], None]]:
        """Hold a place in the queue; it is given up whatever happens."""
        base_moved = False

        def leave_landed() -> None:
            nonlocal base_moved
            base_moved = True

        with self._changed:
            assert self._queue.find(ticket.id) is None, f"{ticket.id} is landing already"
            self._queue = self._queue.join(ticket)
            self._changed.notify_all()
        try:
            yield leave_landed
        finally:
            with self._changed:
                self._queue = self._queue.leave(ticket.id)
                self._known = carried(self._known, ticket, landed=base_moved)
                if base_moved:  # what is being tested on top of it goes on, as a stack on the new base
                    running = self._testing.items()
                    self._testing = {one: s[1:] if s[0] == ticket and len(s) > 1 else s for one, s in running}
                self._changed.notify_all()

    def _wait(self, ticket: Ticket, speculate: Speculate, stopped: Callable[[], bool]) -> None:
        failed: set[Stack] = set()
        while (stack := self._next(ticket, failed, stopped)) is not None:
            try:
                self._test(ticket, stack, speculate, stopped)
            except StoppedError:
                if stopped():
                    raise  # else it was obsolete
            except EchelonError:
                failed.add(stack)  # `close` meets the same and says it where it counts

    def _next(self, ticket: Ticket, failed: set[Stack], stopped: Callable[[], bool]) -> Stack | None:
        """Wait until it is this ticket's turn (None), or there is a stack to test."""
        with self._changed:
            while True:
                if stopped():
                    raise StoppedError("STOPPED", f"{ticket.id} was waiting to land; its work is kept in its slot.")
                if self._queue.may_land(ticket.id):
                    return None
                stack = own_stack(self._queue, self._known, ticket.id)
                if stack is not None and stack not in self._known and stack not in failed:
                    self._testing[ticket] = stack
                    return stack
                self._changed.wait(WAIT_SECONDS)

    def _test(self, ticket: Ticket, stack: Stack, speculate: Speculate, stopped: Callable[[], bool]) -> None:
        def obsolete() -> bool:
            if stopped():
                return True
            with self._changed:
                return own_stack(self._queue, self._known, ticket.id) != self._testing.get(ticket)

        said: Verdict | None = None
        try:
            said = speculate(tuple(one.head for one in stack[:-1]), obsolete)
        finally:
            with self._changed:
                now = self._testing.pop(ticket)
                # what left the queue unlanded meanwhile will never be in a stack again
                if said is not None and all(one in self._queue.tickets for one in now):
                    self._known[now] = said
                    self._changed.notify_all()
