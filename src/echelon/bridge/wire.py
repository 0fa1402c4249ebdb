"""Newline-delimited JSON in both directions over one stream: requests with ids, answers, notifications.

{"id": 7, "method": "tool", "params": {…}}     a request
{"id": 7, "result": {…}} or {"id": 7, "error": "text for the agent"}
{"method": "event", "params": {…}}             a notification: nobody answers
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from echelon.core.decide import Refusal, refuse
from echelon.errors import EchelonError, HostError

PROTOCOL = 1  # what bridge and brain agree on; both names of the meeting place carry it
LINE_BYTES_MAX = 16 * 1024 * 1024
CALL_SECONDS = 20.0  # for an answer of the other side

Handler = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """Raised by a handler: the refusal that the agent reads."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))


class Wire:
    """One connection. `handler` answers requests and hears notifications; each runs as a task of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
        self._reader, self._writer, self._handler = reader, writer, handler
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._loose: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read until the other side is gone. Never raises."""
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (ValueError, OSError, TypeError, AttributeError):  # not our bridge, or it died in the middle of a line
            pass
        finally:
            self.close()

    def close(self) -> None:
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(HostError("HOST_GONE", "OpenCode closed the connection.", "start it again"))
        for task in (*self._tasks.values(), *self._loose):
            task.cancel()
        self._writer.close()

    async def call(self, method: str, params: Mapping[str, Any], seconds: float = CALL_SECONDS) -> Any:
        """Ask the other side. Raises HostError HOST_GONE, HOST_SILENT or HOST_FAILED."""
        number = next(self._numbers)
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiter
        try:
            self._write({"id": number, "method": method, "params": params})
            async with asyncio.timeout(seconds):
                return await waiter
        except TimeoutError as error:
            raise HostError("HOST_SILENT", f"OpenCode did not answer in {seconds:g} s.", "see its log") from error
        finally:
            self._waiting.pop(number, None)

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Say something that nobody answers."""
        self._write({"method": method, "params": params})

    @property
    def unread(self) -> int:
        """Bytes that the other side has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    def loose(self, work: Awaitable[None]) -> None:
        """Run something that nobody waits for; it ends with the connection."""
        task = asyncio.ensure_future(work)
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)

    def _write(self, message: Mapping[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n")

    def _take(self, message: Mapping[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None:
            waiter = self._waiting.get(number) if isinstance(number, int) else None
            if waiter is not None and not waiter.done():
                if "error" in message:
                    waiter.set_exception(HostError("HOST_FAILED", str(message["error"])[:500], "see OpenCode's log"))
                else:
                    waiter.set_result(message.get("result"))
            return
        params = message.get("params") or {}
        if method == "cancel":
            task = self._tasks.get(params.get("id", -1))
            if task is not None:
                task.cancel()
        elif number is None:
            self.loose(self._hear(method, params))
        else:
            task = asyncio.ensure_future(self._answer(number, method, params))
            self._tasks[number] = task
            task.add_done_callback(lambda _done: self._tasks.pop(number, None))

    async def _hear(self, method: str, params: Mapping[str, Any]) -> None:
        with contextlib.suppress(Exception):  # nobody asked, and nobody could be told
            await self._handler(method, params)

    async def _answer(self, number: int, method: str, params: Mapping[str, Any]) -> None:
        try:
            self._write({"id": number, "result": await self._handler(method, params)})
        except EchelonError as error:
            told = refuse(error.code, error.message, next_step=error.next_step)
            self._write({"id": number, "error": str(told)})
        except Refused as error:
            self._write({"id": number, "error": str(error)})
        except Exception as error:  # every request gets an answer: OpenCode waits for a tool for ever
            self._write({"id": number, "error": str(refuse("BUG", f"Echelon made a mistake: {error!r}"[:500]))})
