"""Threads of one process start and close different slots of one Repository at once, on real git."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from echelon.checks.sandbox import NO_SANDBOX
from echelon.core.documents.criteria import Check
from echelon.engine.running import TreeRunner
from echelon.errors import LimitError
from echelon.ports import CheckLimits
from echelon.slots import guard, merge
from echelon.slots.batch import Batch
from echelon.slots.git import begin
from echelon.slots.memory import Memory
from echelon.slots.objects import Found
from echelon.slots.repository import Repository
from echelon.slots.worktrees import Slots
from proofs import LONG
from slots_world import World, plain, write

THREADS, ROUNDS = 4, 12 if LONG else 3


def together(work: Callable[[int], None], number: int = THREADS) -> None:
    """Run it in so many threads that begin at the same moment; the first error of any of them is raised."""
    gate = threading.Barrier(number, timeout=60)

    def one(which: int) -> None:
        gate.wait()
        work(which)

    with ThreadPoolExecutor(number) as pool:
        for done in [pool.submit(one, which) for which in range(number)]:
            done.result()


def merged(repository: Repository, head: str, message: str) -> str:
    """Merge as the engine does: candidate on the latest base, moved by compare-and-swap, again when it moved."""
    for _ in range(100):
        base = repository.head("main")
        found = merge.candidate(repository, base, head)
        assert found.conflicts == ()
        commit = merge.commit_candidate(repository, found, message, merge.ECHELON, "@1700000000 +0000")
        if merge.move_base(repository, "main", commit, base):
            return commit
    raise AssertionError("the base keeps moving")


def test_threads_start_and_close_their_slots_at_once(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    repository = world.repository()
    slots = Slots(repository)
    slots.warm(2, world.head())
    runner = TreeRunner(
        repository,
        world.top,
        tmp_path / "cache",
        steps=(),
        sandbox=NO_SANDBOX,
        limits=CheckLimits(seconds=60),
        network=False,
        environment={},
    )

    def items(which: int) -> None:
        for number in range(ROUNDS):
            name = f"T{which}-{number}"
            base = repository.head("main")
            slot = slots.open(name, base)
            before = guard.fingerprint(repository, references=False)
            assert plain(Path(slot.path), "status", "--porcelain") == "", "a clean slot, from the pool or not"
            write(Path(slot.path), {f"{name}.txt": name})
            head = slots.snapshot(slot, name).commit
            assert head is not None
            tree, command = merge.candidate(repository, base, head).tree, f"grep -qx {name} {name}.txt"
            found = runner.results([Check("check", command)], repository.tree_of(base), tree)
            assert [(one.base.outcome, one.candidate.outcome) for one in found.results] == [("red", "green")]
            assert guard.compare(before, guard.fingerprint(repository, references=False)) == ()
            commit = merged(repository, head, name)
            assert repository.read_file(commit, f"{name}.txt") == name.encode()
            closed = slots.close(name, merged_into=repository.head("main"))
            assert (closed.rescued, closed.directory, closed.branch_deleted) == ((), None, True)

    together(items)
    names = {f"T{which}-{number}.txt" for which in range(THREADS) for number in range(ROUNDS)}
    assert names <= set(world.git("ls-tree", "--name-only", "main").split()), "no merge undid another"
    assert slots.open_slots() == ()
    assert world.git("for-each-ref", "refs/heads/orchestrator", "refs/orchestrator") == ""
    plain(world.top, "fsck", "--strict")


def test_one_reader_answers_all_threads_with_their_own_answers(tmp_path: Path) -> None:
    world = World.make(tmp_path, {f"f{number}": f"{number}\n" * 5000 for number in range(20)})
    repository = world.repository()
    blobs = {entry.blob: world.show("main", path) + "\n" for path, entry in repository.files(world.head()).items()}

    def read(which: int) -> None:
        mine = sorted(blobs)[which:] + sorted(blobs)[:which]
        for _ in range(ROUNDS):
            assert {name: content.decode() for name, content in repository.blobs(mine).items()} == blobs

    together(read)


def test_a_reader_whose_git_dies_asks_another_and_sees_what_is_new(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    repository = world.repository()
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = ("cat-file", "--batch-command=%(objectname) %(objecttype) %(objectsize)", "-z")
        started.append(begin(command, git_dir=repository.owned, objects=repository.objects))
        return started[-1]

    batch = Batch(start)
    first = world.head()
    assert batch.ask("info", [first, "0" * 40]) == {first: Found(first, "commit", _size(world, first))}
    started[0].kill()
    started[0].wait()
    assert batch.ask("info", [first]) is None, "the caller asks a fresh process"
    second = world.commit({"a.txt": "2"})
    world.git("repack", "-adq")
    tip = batch.ask("info", ["refs/heads/main"])
    assert tip is not None
    assert tip["refs/heads/main"].id == second
    world.git("update-ref", "refs/heads/main", first)
    moved = batch.ask("info", ["refs/heads/main"])
    assert moved is not None
    assert moved["refs/heads/main"].id == first
    assert len(started) == 2
    assert batch.ask("info", ["a\nb"]) is None
    batch.end()


def _size(world: World, name: str) -> int:
    return int(world.git("cat-file", "-s", name))


def test_what_is_remembered_is_bounded_and_goes_with_the_repository(tmp_path: Path) -> None:
    memory = Memory(total=1000)
    for number in range(50):
        memory.put(number, number, 100)
    assert sum(memory.known(number) is not None for number in range(50)) == 3
    assert memory.get(49, lambda: "asked") == 49
    assert memory.get("none", lambda: None) is None
    world = World.make(tmp_path)
    repository = world.repository()
    old = world.head()
    repository.tree_of(old)
    for part in ("objects", "refs"):
        (world.top / ".git" / part).rename(tmp_path / part)
    plain(world.top, "init", "-q", "-b", "main")
    assert repository.ref(old) is None
    assert repository.reader.memory.known(("tree", old)) is None


def test_a_reader_refuses_too_much_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.make(tmp_path)
    repository = world.repository()
    monkeypatch.setattr("echelon.slots.reader.BLOB_BYTES", 10)
    with pytest.raises(LimitError, match="BLOBS_TOO_LARGE"):
        repository.read_file(world.head(), "a.txt")
