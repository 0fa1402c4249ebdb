"""Events to every open stream: numbered, kept for those that come back, dropped for those that do not listen."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

STREAMS_MAX = 8  # a browser opens one for all its tabs
KEPT_MAX = 500  # events, for who comes back
QUEUE_MAX = 200  # events that one stream may be behind


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is "" for what nobody needs to catch up on."""

    id: str
    kind: str
    data: Mapping[str, Any]


_END = Event("", "end", {})
RESET = Event("", "reset", {})


@dataclass(slots=True)
class Hub:
    """Lives in one event loop. Ids are `<epoch>-<number>`: those of another process are not ours."""

    _epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    _number: int = 0
    _kept: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    _open: set[asyncio.Queue[Event]] = field(default_factory=set)

    @property
    def full(self) -> bool:
        return len(self._open) >= STREAMS_MAX

    @property
    def watched(self) -> bool:
        return bool(self._open)

    def send(self, kind: str, data: Mapping[str, Any], *, keep: bool = True) -> None:
        """`keep`: who was away hears it later. What only matters while it happens (a text that grows) is not kept."""
        event = Event("", kind, data)
        if keep:
            self._number += 1
            event = Event(f"{self._epoch}-{self._number}", kind, data)
            self._kept.append(event)
        for queue in self._open:
            _put(queue, event)

    async def listen(self, last: str) -> AsyncIterator[Event]:
        """What was missed since the id `last`, then what happens, until `close`. A reset says: read everything anew."""
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_MAX + 1)
        self._open.add(queue)
        try:
            for event in self._missed(last):
                yield event
            while (event := await queue.get()) is not _END:
                yield event
        finally:
            self._open.discard(queue)

    def close(self) -> None:
        for queue in self._open:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(_END)

    def _missed(self, last: str) -> list[Event]:
        if not last:
            return []
        kept = list(self._kept)
        if last == f"{self._epoch}-{self._number}":
            return []
        at = next((place for place, event in enumerate(kept) if event.id == last), None)
        return [RESET] if at is None else kept[at + 1 :]


def _put(queue: asyncio.Queue[Event], event: Event) -> None:
    if queue.qsize() >= QUEUE_MAX:  # it does not read: what it has not seen is worth less than that it knows so
        while not queue.empty():
            queue.get_nowait()
        event = RESET
    queue.put_nowait(event)
