"""The rate limit: each caller has a bucket of requests that fills again evenly, once a minute."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from threading import Lock
from time import monotonic

from linkshelf.settings import Settings
from linkshelf.web import HttpError, Request

MAX_CALLERS = 10_000  # buckets kept; the caller who was silent longest is forgotten first


class RateLimit:
    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        self.size = settings.requests_per_minute
        self.clock = clock
        self.buckets: dict[str, tuple[float, float]] = {}  # caller: requests left, and when that was
        self.lock = Lock()

    def __call__(self, request: Request) -> None:
        if self.size == 0:
            return
        with self.lock:
            seconds = self.take(request.client)
        if seconds > 0:
            raise HttpError(429, f"too many requests, try in {seconds} s", {"Retry-After": str(seconds)})

    def take(self, caller: str) -> int:
        """Take one request out of the bucket; when it is empty, say in how many seconds there is one."""
        now = self.clock()
        left, since = self.buckets.pop(caller, (self.size, now))
        left = min(self.size, left + (now - since) * self.size / 60)
        allowed = left >= 1
        self.buckets[caller] = (left - allowed, now)
        if len(self.buckets) > MAX_CALLERS:
            del self.buckets[next(iter(self.buckets))]
        return 0 if allowed else ceil((1 - left) * 60 / self.size)
