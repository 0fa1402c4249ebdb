"""One run at a time of a command on a tree, in this process: whoever comes second finds it in the cache.

Missions that are tested ahead share trees: the candidate of one is the base of the next, and checks of the definition
of done are asked on both.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from echelon.errors import StoppedError

WAIT_SECONDS = 0.2  # between two looks at whether a person said stop; the end of the other run wakes at once

_changed = threading.Condition()
_running: set[str] = set()


@contextlib.contextmanager
def alone(key: str, stopped: Callable[[], bool]) -> Iterator[None]:
    """Be the only one in this process who runs what `key` names. As long as the other's time limit, at the most.

    Raises: StoppedError STOPPED soon after `stopped()` says True while it waits.
    """
    with _changed:
        while key in _running:
            if stopped():
                raise StoppedError("STOPPED", "a check was waiting for the same run by another mission.")
            _changed.wait(WAIT_SECONDS)
        _running.add(key)
    try:
        yield
    finally:
        with _changed:
            _running.discard(key)
            _changed.notify_all()
