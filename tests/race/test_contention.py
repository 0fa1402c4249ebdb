"""R4, R5: no update is lost between processes, and no interleaving with another writer does harm.

R4 by force: processes that all append to one document with optimistic reads. R5 by schedule: a second writer comes at
every single call of the first, and is either kept out or served whole. The mutant compares before it takes the lock.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from crash.disks import ALL_CALLS, ROOT, Clock, ModelDisk, Watched, report
from echelon.errors import ConflictError, LockedError
from echelon.ports import Change
from echelon.store.operations import Operation
from echelon.store.transaction import Store
from race.appender import PATH, append

PROCESSES, APPENDS = (8, 500) if os.environ.get("ECHELON_PROOFS") == "long" else (8, 60)


def release(running: list[subprocess.Popen[bytes]]) -> list[bytes]:
    """Let all of them begin, and wait for what they say at the end."""
    for process in running:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()
    return [process.communicate()[0] for process in running]


def test_no_append_is_lost_between_processes(tmp_path: Path) -> None:
    script = Path(__file__).with_name("appender.py")
    running = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path), f"p{name}", str(APPENDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout and process.stdout.readline() == b"ready\n"
    refused = sum(int(answer) for answer in release(running))
    assert [process.returncode for process in running] == [0] * PROCESSES
    store = Store(tmp_path, Clock())
    lines = (store.read(PATH).content or b"").decode().splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(PROCESSES * APPENDS))
    for name in range(PROCESSES):
        own = [int(line.split()[2]) for line in lines if line.split()[1] == f"p{name}"]
        assert own == list(range(APPENDS))
    assert len(store.operations()) == PROCESSES * APPENDS
    report(f"{len(lines)} accepted, {refused} refused")
    assert refused > 0, "nobody ever met anybody: the run does not count"


class ComparesBeforeTheLock(Store):
    """The mutant: what it was told to expect is compared, and then whatever is there counts as expected."""

    def commit(self, change: Change) -> Operation:
        for path, snapshot in change.expected.items():
            if self.read(path) != snapshot:
                raise ConflictError("DOCUMENT_CHANGED", path)
        with self.locked():
            now = {path: self.read(path) for path in change.expected}
            return super().commit(Change(change.operation_id, change.actor, {}, change.writes, now))


def meet(number: int, kind: type[Store]) -> tuple[bool, list[str]]:
    """A second writer tries once, before the n-th call of the first. Whether there was an n-th call; the lines."""
    disk = ModelDisk()
    append(Store(ROOT, Clock(), disk), "zero", 0)
    calls = 0

    def other() -> None:
        try:
            append(Store(ROOT, Clock(), disk, wait_seconds=0), "b", 0)
        except LockedError as error:
            assert error.code == "LOCK_BUSY"

    def before(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()

    first = kind(ROOT, Clock(), Watched(disk, before, ALL_CALLS))
    try:
        append(first, "a", 0)
    except ConflictError:
        append(first, "a", 0)
    reached = calls >= number
    append(Store(ROOT, Clock(), disk), "b", 0)  # answered from the log when it was served before
    lines = [f"{line.split()[1]}" for line in (first.read(PATH).content or b"").decode().splitlines()]
    assert len(first.operations()) == 3
    return reached, lines


def test_a_second_writer_at_every_call_of_the_first() -> None:
    orders = set()
    number, reached = 0, True
    while reached:
        number += 1
        reached, lines = meet(number, Store)
        assert sorted(lines) == ["a", "b", "zero"], f"call {number}"
        orders.add(tuple(lines))
    assert number > 50 and len(orders) == 2  # both have been first


def test_comparing_before_the_lock_is_caught() -> None:
    lost = []
    number, reached = 0, True
    while reached:
        number += 1
        reached, lines = meet(number, ComparesBeforeTheLock)
        lost += [number] if sorted(lines) != ["a", "b", "zero"] else []
    assert lost
