"""One `git cat-file --batch-command` that stays, so that looking at an object costs no process.

It reads objects and references of the user's repository through our own git directory (owned.py) and no work tree.
References are read anew for every question, new packs are looked for when an object is not found; what it still calls
missing is for the caller to ask a fresh process. Whatever goes wrong here is no answer (None), and the caller asks a
fresh process too, which says what is wrong.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Literal, Protocol

from echelon.errors import EchelonError
from echelon.slots.git import SECONDS, raw
from echelon.slots.objects import Found

NAMES = 500  # questions at once; for more a process of its own is as quick
_ROUND_BYTES = 4096  # of questions before their answers are read: they fit any pipe, so nobody waits for the other
_END_SECONDS = 1.0


class Running(Protocol):
    """What we use of a running process."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class Batch:
    """Answers for all threads of this process, one at a time; the git is started when first needed."""

    def __init__(self, begin: Callable[[], Running], seconds: float = SECONDS) -> None:
        self._begin = begin
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: Running | None = None
        self._ending: weakref.finalize[[Running], Batch] | None = None
        self._unread = bytearray()

    def ask(self, verb: Literal["info", "contents"], names: Sequence[str]) -> dict[str, Found] | None:
        """What there is of `names`, with contents or without; None: ask somebody else."""
        if not hasattr(select, "poll") or any("\n" in name or "\0" in name for name in names) or len(names) > NAMES:
            return None
        with self._lock:
            try:
                return dict(self._answers(verb, names))
            except (OSError, ValueError, EOFError, EchelonError):
                self._end()
                return None
            except BaseException:
                self._end()  # stopped halfway: the rest of an answer must not be taken for the next one
                raise

    def end(self) -> None:
        """Let the git go; the next question starts another."""
        with self._lock:
            self._end()

    # ------------------------------------------------------------------------------------ under the lock

    def _answers(self, verb: str, names: Sequence[str]) -> Iterator[tuple[str, Found]]:
        process = self._running()
        assert process.stdin is not None
        for asked in _rounds(verb, names):
            process.stdin.write(b"".join(raw(f"{verb} {name}\0") for name in asked))
            process.stdin.flush()
            for name in asked:
                found = self._answer(verb, name)
                if found is not None:
                    yield name, found

    def _answer(self, verb: str, name: str) -> Found | None:
        line = self._line()
        if line == raw(name) + b" missing":
            return None
        identifier, kind, size = line.decode("ascii").split(" ")  # anything else is a ValueError
        content = b""
        if verb == "contents":
            content = self._take(int(size))
            if self._take(1) != b"\n":
                raise ValueError("an answer without its end")
        return Found(identifier, kind, int(size), content)

    def _line(self) -> bytes:
        while (end := self._unread.find(b"\n")) < 0:
            self._read()
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        return line

    def _take(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._read()
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        return taken

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        waiting = select.poll()
        waiting.register(self._process.stdout, select.POLLIN)
        if not waiting.poll(self._seconds * 1000):
            raise EOFError("git does not answer")
        part = os.read(self._process.stdout.fileno(), 1 << 20)
        if not part:
            raise EOFError("git ended")
        self._unread += part

    def _running(self) -> Running:
        if self._process is None:
            self._unread.clear()
            self._process = self._begin()
            self._ending = weakref.finalize(self, _end, self._process)
        return self._process

    def _end(self) -> None:
        if self._ending is not None:
            self._ending()
        self._process, self._ending = None, None


def _rounds(verb: str, names: Sequence[str]) -> Iterator[list[str]]:
    size = 0
    asked: list[str] = []
    for name in names:
        length = len(raw(name)) + len(verb) + 2
        if asked and size + length > _ROUND_BYTES:
            yield asked
            size = 0
            asked = []
        size += length
        asked.append(name)
    if asked:
        yield asked


def _end(process: Running) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.kill()  # it only reads
    with contextlib.suppress(Exception):  # a process that cannot be waited for is not worth an error
        process.wait(_END_SECONDS)
