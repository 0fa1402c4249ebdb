"""R3: a system call that fails changes nothing and leaks nothing, and the next attempt works.

Method (SQLite's): let the n-th call fail, n = 1, 2, 3 ... until a run passes without; once, and then that call and
all after it. Each store operation, each errno. A run that raises has left the old world and no operation - unless it
says COMMIT_UNFINISHED, and then asking again with the same id does it once.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from crash.disks import ALL_CALLS, ROOT, Clock, ModelDisk, Watched, report
from crash.test_power_cut import MANY, commit, documents, is_temp, worlds_of
from echelon.errors import WorldError
from echelon.store.apply import Applier, Finding
from echelon.store.transaction import Store

Act = Callable[[Store], object]
WORLDS = worlds_of(MANY)
CODES = {errno.ENOSPC: "DISK_FULL", errno.EIO: "FILE_FAILED", errno.EACCES: "NOT_PERMITTED"}


class Fault:
    """Fails the n-th call, or all from the n-th on."""

    def __init__(self, number: int, error: int, persistent: bool) -> None:
        self.number, self.error, self.persistent = number, error, persistent
        self.calls = 0
        self.healed = False

    def __call__(self, *_: Any) -> None:
        self.calls += 1
        hit = self.calls >= self.number if self.persistent else self.calls == self.number
        if hit and not self.healed:
            raise OSError(self.error, os.strerror(self.error))


def world_after(commits: int) -> ModelDisk:
    disk = ModelDisk()
    for number in range(commits):
        commit(Store(ROOT, Clock(), disk), MANY, number)
    return disk


def interrupted() -> ModelDisk:
    """A world whose second commit is logged and not applied."""
    disk = world_after(1)

    class Killed(BaseException):
        pass

    def kill(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "rename" and str(arguments[1]).endswith("backlog.md"):
            raise Killed

    with pytest.raises(Killed):
        commit(Store(ROOT, Clock(), Watched(disk, kill)), MANY, 1)
    disk.locked.clear()
    return disk


# name: the disk before, what is done, documents and number of operations before and after
CASES: dict[str, tuple[ModelDisk, Act, dict[str, bytes], dict[str, bytes], int, int]] = {
    "first commit": (ModelDisk(), lambda store: commit(store, MANY, 0), WORLDS[0], WORLDS[1], 0, 1),
    "commit": (world_after(1), lambda store: commit(store, MANY, 1), WORLDS[1], WORLDS[2], 1, 2),
    "undo": (world_after(2), lambda store: store.undo("op-1", "test", "back"), WORLDS[2], WORLDS[1], 2, 3),
    "recover": (interrupted(), lambda store: store.recover(), WORLDS[1], WORLDS[2], 2, 2),
}


def fail_each_call(case: str, error: int, persistent: bool, kind: type[Store] = Store) -> Counter[str]:
    """How often each outcome was seen; "" is success."""
    start, act, old, new, operations_before, operations_after = CASES[case]
    outcomes: Counter[str] = Counter()
    for number in count(1):
        disk, fault = start.copy(), Fault(number, error, persistent)
        store = kind(ROOT, Clock(), Watched(disk, fault, ALL_CALLS), wait_seconds=0)
        raised = ""
        try:
            act(store)
        except WorldError as world:
            raised = world.code
            assert str(ROOT) in world.message and world.next_step
        outcomes[raised] += 1
        fault.healed = True
        reached = fault.calls >= number
        if not raised:
            assert documents(disk.tree()) == new, f"call {number}"
        elif raised != "COMMIT_UNFINISHED" and case != "recover":
            assert documents(disk.tree()) == old, f"call {number}"
            assert len(store.operations()) == operations_before
        assert not disk.locked and not disk.handles, f"call {number} leaks"
        act(store)
        assert documents(disk.tree()) == new, f"call {number}"
        assert len(store.operations()) == operations_after
        store.recover()
        assert not any(is_temp(path) for path, _ in disk.tree())
        if not reached:
            return outcomes
    raise AssertionError("not reached")


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "persistent"])
@pytest.mark.parametrize("error", CODES, ids=errno.errorcode.get)
@pytest.mark.parametrize("case", CASES)
def test_the_nth_call_fails(case: str, error: int, persistent: bool) -> None:
    outcomes = fail_each_call(case, error, persistent)
    assert outcomes[CODES[error]] > 20
    report(f"{case}: {dict(outcomes)}")


def test_a_swallowed_error_is_caught() -> None:
    class Deaf(Applier):
        def install(self, *arguments: Any) -> list[Finding]:
            with contextlib.suppress(WorldError):
                return super().install(*arguments)
            return []

    class Swallows(Store):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._applier = Deaf(self._disk, ROOT, ROOT / "rescue")

    with pytest.raises(AssertionError, match="call"):
        fail_each_call("commit", errno.EIO, False, Swallows)


@pytest.mark.parametrize("error", [errno.EIO, errno.EMFILE, errno.EACCES], ids=errno.errorcode.get)
def test_a_document_that_cannot_be_read_is_never_empty(error: int) -> None:
    path = next(iter(WORLDS[1]))
    for number in count(1):
        fault = Fault(number, error, False)
        store = Store(ROOT, Clock(), Watched(world_after(1), fault, ALL_CALLS))
        try:
            assert store.read(path).content == WORLDS[1][path]
        except WorldError:
            continue
        if fault.calls < number:
            break
    assert number > 2
