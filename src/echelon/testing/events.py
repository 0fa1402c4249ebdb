"""The events of a running OpenCode, read by a thread and kept with the time of their arrival."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from echelon.errors import HostError

EVENTS_MAX = 100_000  # older ones are forgotten
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event as host-opencode.md §5.1 lists them; `directory` is the instance it came from."""

    type: str
    properties: Mapping[str, Any] = field(repr=False)
    directory: str
    arrived: float  # time.monotonic()

    @property
    def session(self) -> str:
        """The session it is about, "" for none."""
        info = self.properties.get("info")
        inner = info.get("sessionID") or info.get("id") if isinstance(info, dict) else ""
        return str(self.properties.get("sessionID") or inner or "")


class Events:
    """What arrived on `/global/event` since the reader was opened, the `sync` copies left out. Close it at the end."""

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._kept: deque[Event] = deque(maxlen=EVENTS_MAX)
        self._changed = threading.Condition()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)  # a heartbeat comes every 10 s
        self._connection.connect()
        self._socket: socket.socket = self._connection.sock
        self._connection.request("GET", "/global/event", headers=dict(headers))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def all(self, type: str = "", session: str = "", since: float = 0.0) -> list[Event]:  # noqa: A002 - the event's own word
        """The events so far, of one type and session if named, that arrived after `since` (time.monotonic())."""
        with self._changed:
            kept = list(self._kept)
        return [
            event for event in kept
            if type in ("", event.type) and session in ("", event.session) and event.arrived > since
        ]  # fmt: skip

    def wait(self, wanted: Callable[[Event], bool], seconds: float) -> Event:
        """The first event for which `wanted` is true, also one of the past. HostError OPENCODE_FAILED when none came."""
        until = time.monotonic() + seconds
        with self._changed:
            while True:
                for event in self._kept:
                    if wanted(event):
                        return event
                if not self._changed.wait(until - time.monotonic()):
                    last = ", ".join(event.type for event in list(self._kept)[-10:])
                    raise HostError("OPENCODE_FAILED", f"the event did not come in {seconds:g} s; last were {last}")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(CLOSE_SECONDS)
        self._connection.close()
        self._socket.close()

    def _read(self) -> None:
        # However the stream ends (we close it, the server dies), what was read stays.
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            response = self._connection.getresponse()
            with contextlib.closing(response):
                while line := response.readline():
                    if line.startswith(b"data:"):
                        self._keep(json.loads(line[5:]))

    def _keep(self, frame: Mapping[str, Any]) -> None:
        payload = frame.get("payload")
        if not isinstance(payload, dict) or payload.get("type") in (None, "sync", "server.heartbeat"):
            return
        event = Event(
            payload["type"], payload.get("properties") or {}, str(frame.get("directory") or ""), time.monotonic()
        )
        with self._changed:
            self._kept.append(event)
            self._changed.notify_all()
