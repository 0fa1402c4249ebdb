"""Answers about objects named by full ids, remembered: such an answer never changes.

Safe in threads: two may compute the same answer, both get it right. What an answer weighs is the caller's estimate.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

TOTAL_BYTES = 64 * 1024 * 1024
ANSWER_BYTES = 16 * 1024 * 1024  # a larger answer is not kept
SMALL_BYTES = 200  # what the shortest answer takes with its key

T = TypeVar("T")


class Memory:
    """The answers used last, at most `total` bytes of them; values are immutable."""

    def __init__(self, total: int = TOTAL_BYTES) -> None:
        self._total = total
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: Hashable, ask: Callable[[], T], weigh: Callable[[T], int] = lambda _answer: 0) -> T:
        """The remembered answer, else that of `ask`, which is called without the lock; None is an answer too."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return cast("T", found[0])
        answer = ask()
        self.put(key, answer, weigh(answer))
        return answer

    def known(self, key: Hashable) -> object | None:
        """The remembered answer, None when there is none."""
        with self._lock:
            return self._known.get(key, (None, 0))[0]

    def put(self, key: Hashable, answer: object, weight: int = 0) -> None:
        if weight > min(ANSWER_BYTES, self._total):
            return
        weight += SMALL_BYTES
        with self._lock:
            _, before = self._known.pop(key, (None, 0))
            self._known[key] = (answer, weight)
            self._weight += weight - before
            while self._weight > self._total:
                _, (_, gone) = self._known.popitem(last=False)
                self._weight -= gone

    def clear(self) -> None:
        with self._lock:
            self._known.clear()
            self._weight = 0
