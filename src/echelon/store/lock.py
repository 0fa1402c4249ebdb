"""One writer at a time in a workspace, across processes: a kernel lock on one file, with a bounded wait.

The kernel releases the lock when its holder dies, so it is never broken by age. The record inside the file is for
messages, and tells the next holder that the one before died: a holder that ends wipes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path

from echelon.errors import EchelonError, LimitError, LockedError, WorldError
from echelon.store.files import Disk, OsDisk, read_regular, world_errors

WAIT_SECONDS = 10.0  # a commit takes milliseconds: who waits longer waits for a stuck process, and should know
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.005
_RECORD_LIMIT = 4096

_held: set[tuple[int, int, Path]] = set()  # process, thread, lock file


@dataclass(frozen=True, slots=True)
class Owner:
    pid: int
    host: str
    since: str  # ISO-8601 UTC
    command: str


@contextlib.contextmanager
def workspace_lock(
    path: Path, owner: Owner, wait_seconds: float = WAIT_SECONDS, disk: Disk | None = None
) -> Generator[bool]:
    """Hold the lock file `path`, which is created when missing; its directory exists.

    Yields True when the last holder died holding it. Taking it twice in one thread is a bug and asserts.
    Raises LockedError LOCK_BUSY when it is not free within `wait_seconds`; the message says who holds it.
    """
    disk = disk or OsDisk()
    key = (os.getpid(), threading.get_ident(), path)
    assert key not in _held, f"this thread holds {path} already"
    handle = _acquire(disk, path, wait_seconds)
    _held.add(key)
    try:
        with world_errors(path, "lock"):
            record = disk.stat(path)
            died = record is not None and record.size > 0
            disk.truncate(handle, 0)
            disk.write(handle, memoryview(json.dumps(asdict(owner)).encode()[:_RECORD_LIMIT]))
        wipe = False  # anything but an ordinary end: the next holder had better look for left-overs
        try:
            yield died
            wipe = True
        except EchelonError as error:
            wipe = not isinstance(error, WorldError)
            raise
        finally:
            if wipe:
                with contextlib.suppress(OSError):
                    disk.truncate(handle, 0)
    finally:
        _held.discard(key)
        with contextlib.suppress(OSError):
            disk.close(handle)


def _acquire(disk: Disk, path: Path, wait_seconds: float) -> int:
    deadline = time.monotonic() + wait_seconds
    pause = _FIRST_PAUSE
    while True:
        with world_errors(path, "lock"):
            handle = disk.lock(path)
        if handle is not None:
            return handle
        if time.monotonic() >= deadline:
            message = f"this workspace is in use by {_holder(disk, path)} (waited {wait_seconds:g} s)."
            raise LockedError("LOCK_BUSY", message, "wait for it to finish, or stop that process, then ask again.")
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _holder(disk: Disk, path: Path) -> str:
    try:
        owner = Owner(**json.loads(read_regular(disk, path, _RECORD_LIMIT) or b""))
        return f"{owner.command[:80]!a}, process {owner.pid} on {owner.host}, since {owner.since}"
    except (ValueError, TypeError, LimitError):  # between its lock and its record, or not our record
        return "another process"
