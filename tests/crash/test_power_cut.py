"""R1: a write is old or new, never torn, and an acknowledged one survives a power cut.

Method: the real store runs over a model disk. Before every call that changes the disk, and at the end, the power is
cut in every legal way (disks.py); the real store recovers from each state and must show one of two legal worlds.
The short form checks a fixed sample of the states, the long form (ECHELON_PROOFS=long) every one. Four broken stores
and disks show that the same check can fail.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crash.disks import ROOT, Clock, ModelDisk, Tree, Watched, report
from echelon.errors import EchelonError
from echelon.ports import Change
from echelon.store import log
from echelon.store.apply import Applier, Finding, Step
from echelon.store.files import TEMP_NAME
from echelon.store.head import Head
from echelon.store.log import Position
from echelon.store.operations import Operation
from echelon.store.plan import Plan
from echelon.store.transaction import Store

LONG = os.environ.get("ECHELON_PROOFS") == "long"
A, B, C = ".opencode/backlog.md", ".opencode/todo.md", ".opencode/projects/x/spec.md"

Writes = Mapping[str, bytes | None]
World = dict[str, bytes]

ONE: tuple[Writes, ...] = (
    {A: b"# Backlog\n"},
    {A: b"# Backlog\n### B001\n"},
    {A: b"# Backlog\n### B001 [x]\n"},
    {A: None},
)
MANY: tuple[Writes, ...] = (
    {A: b"# Backlog\n### B001 [ ]\n", B: b"- [ ] work\n"},
    {A: b"# Backlog\n### B001 [x]\n", B: None, C: b"# Spec\n"},
    {A: b"# Backlog\n", C: b"# Spec \xff\n"},
)


def worlds_of(commits: tuple[Writes, ...]) -> list[World]:
    worlds: list[World] = [{}]
    for writes in commits:
        merged = {**worlds[-1], **writes}
        worlds.append({path: content for path, content in merged.items() if content is not None})
    return worlds


def commit(store: Store, commits: tuple[Writes, ...], number: int) -> None:
    writes = commits[number]
    expected = {path: store.read(path) for path in writes}
    store.commit(Change(f"op-{number}", "test", {"number": number}, writes, expected))


def is_temp(path: str) -> bool:
    return TEMP_NAME.fullmatch(path.rpartition("/")[2]) is not None


def documents(tree: Tree) -> World:
    own = ".opencode/echelon/"
    return {path: data for path, data in tree if data is not None and not path.startswith(own) and not is_temp(path)}


def verdict(tree: Tree, commits: tuple[Writes, ...], acknowledged: int) -> str:
    """ "" when the store comes back from `tree` with an acceptable world, else what is wrong with it."""
    disk = ModelDisk(tree)
    try:
        store = Store(ROOT, Clock(), disk)
        store.recover()
        worlds, found = worlds_of(commits), documents(disk.tree())
        done = len(store.operations())
        if found != worlds[done]:
            return f"torn or half done: {done} operations and {found}"
        if done < acknowledged:
            return f"{acknowledged} were acknowledged, {done} are there"
        if any(is_temp(path) for path, _ in disk.tree()):
            return "temporary files are left"
        settled = disk.tree()
        Store(ROOT, Clock(), disk).recover()
        if disk.tree() != settled:
            return "recovery is not idempotent"
        if done < len(commits):
            commit(Store(ROOT, Clock(), disk), commits, done)
            if documents(disk.tree()) != worlds[done + 1]:
                return "the next commit went wrong"
    except EchelonError as error:
        return f"recovery failed: {error}"
    return ""


StoreMaker = Callable[[object], Store]
State = tuple[Tree, int]  # and how many commits were acknowledged by then


def honest(disk: object) -> Store:
    return Store(ROOT, Clock(), disk)  # type: ignore[arg-type]


def crash_states(commits: tuple[Writes, ...], disk: ModelDisk, make: StoreMaker = honest) -> tuple[int, list[State]]:
    """The crash points of a run, and all states in which a power cut at one of them may leave it."""
    states: dict[State, None] = {}
    acknowledged = points = 0

    def cut(*_: object) -> None:
        nonlocal points
        points += 1
        states.update(dict.fromkeys((tree, acknowledged) for tree in disk.after_power_cut()))

    store = make(Watched(disk, cut))
    for number in range(len(commits)):
        commit(store, commits, number)
        acknowledged = number + 1
        cut()
    return points, list(states)


def sample(states: list[State], most: int) -> list[State]:
    """All of them in the long form, else `most`, always the same."""
    return states if LONG or len(states) <= most else random.Random(1).sample(states, most)


def wrong(states: Iterable[State], commits: tuple[Writes, ...]) -> str:
    """The first complaint, "" when there is none."""
    return next((found for tree, done in states if (found := verdict(tree, commits, done))), "")


@pytest.mark.parametrize("commits", [ONE, MANY], ids=["one document", "several documents"])
def test_every_power_cut_leaves_the_old_or_the_new_world(commits: tuple[Writes, ...]) -> None:
    points, states = crash_states(commits, ModelDisk())
    chosen = sample(states, 1500)
    assert wrong(chosen, commits) == ""
    report(f"{points} crash points, {len(chosen)} of {len(states)} states")
    assert points > 100 and len(chosen) >= 1500


def test_a_power_cut_while_a_segment_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEGMENT_LINES", 1)
    _, states = crash_states(MANY, ModelDisk())
    assert wrong(sample(states, 400), MANY) == ""


def test_a_power_cut_during_recovery() -> None:
    _, states = crash_states(MANY[:2], ModelDisk())
    again: dict[State, None] = {}
    for tree, acknowledged in random.Random(2).sample(states, 400 if LONG else 25):
        disk = ModelDisk(tree)

        def cut(*_: object, disk: ModelDisk = disk, done: int = acknowledged) -> None:
            again.update(dict.fromkeys((left, done) for left in disk.after_power_cut()))

        honest(Watched(disk, cut)).recover()
    assert wrong(sample(list(again), 500), MANY[:2]) == ""


# ------------------------------------------------------------------------------- proof that the check can fail


class NoFileSync(ModelDisk):
    def sync(self, handle: int) -> None:
        pass


class NoDirectorySync(ModelDisk):
    def sync_directory(self, path: Path) -> None:
        pass


class InPlace(Applier):
    """No temporary files: the target itself is emptied and written."""

    def stage(self, steps: Sequence[Step]) -> None:
        pass

    def install(self, steps: Sequence[Step], operation: Operation) -> list[Finding]:
        for step in steps:
            if step.after is None:
                self._disk.unlink(step.target)
                continue
            new = step.before is None
            handle = self._disk.create(step.target, None) if new else self._disk.open_append(step.target)
            self._disk.truncate(handle, 0)
            rest = memoryview(step.after)
            while rest:
                rest = rest[self._disk.write(handle, rest) :]
            self._disk.sync(handle)
            self._disk.close(handle)
        self._sync([(step.target, True) for step in steps])
        return []


class WritesInPlace(Store):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._applier = InPlace(self._disk, ROOT, ROOT / "rescue")


class AppliesBeforeTheLog(Store):
    def _log_and_install(self, todo: Plan, head: Head) -> Position:
        self._applier.install(todo.steps, todo.operation)
        self._log.append(todo.line)
        return head.position.after(todo.operation, todo.line)


MUTANTS: dict[str, tuple[type[ModelDisk], type[Store], tuple[Writes, ...], str]] = {
    "no fsync of files": (NoFileSync, Store, ONE[:1], "torn or half done"),
    "no fsync of directories": (NoDirectorySync, Store, MANY[:2], "were acknowledged"),
    "write in place": (ModelDisk, WritesInPlace, ONE[:2], "torn or half done"),
    "apply before the log": (ModelDisk, AppliesBeforeTheLog, MANY[:2], "torn or half done"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_check_catches(mutant: str) -> None:
    disk, store, commits, complaint = MUTANTS[mutant]
    _, states = crash_states(commits, disk(), lambda watched: store(ROOT, Clock(), watched))
    assert any(complaint in verdict(tree, commits, done) for tree, done in states)
