"""Slots of a repository of 5,000 files: what each step of an item's life in git costs."""

from __future__ import annotations

from pathlib import Path

from bench import materials
from bench.timing import Samples, scratch, timed
from echelon.slots import merge
from echelon.slots.gates import Gates
from echelon.slots.repository import Repository
from echelon.slots.worktrees import Slots

RUNS = 7


def measure() -> Samples:
    with scratch() as folder:
        home = folder / "home"
        home.mkdir()
        root = materials.workspace(folder / "repo", materials.checked_items(3))
        commit = materials.repository(root, home)
        found: Samples = {key: [] for key in ("slot_warm", "slot_cold", "snapshot", "candidate", "gate", "close")}
        repository = Repository.open(root, folder / "state")
        _warm(repository, commit, found)
        _cold(Repository.open(root, folder / "state-cold"), commit, found)
        found["slot_briefed"] = _briefed(root, home, commit)
        return found


def _warm(repository: Repository, commit: str, found: Samples) -> None:
    slots, gates = Slots(repository), Gates(repository)
    with gates.checkout(repository.tree_of(commit)):
        pass
    for number in range(RUNS):
        name = f"W{number}"
        slots.warm(1, commit)
        found["slot_warm"].append(timed(lambda name=name: slots.open(name, commit)))
        slot = slots.open(name, commit)
        (Path(slot.path) / "src/part00/module0000.py").write_text(f"changed = {number}\n", "utf-8")
        found["snapshot"].append(timed(lambda slot=slot: slots.snapshot(slot, "work")))
        head = slots.snapshot(slot, "work").commit
        assert head is not None
        found["candidate"].append(timed(lambda head=head: merge.candidate(repository, commit, head)))
        tree = merge.candidate(repository, commit, head).tree
        found["gate"].append(timed(lambda tree=tree: _visit(gates, tree)))
        found["close"].append(timed(lambda slot=slot: slots.close(slot.id)))


def _visit(gates: Gates, tree: str) -> None:
    with gates.checkout(tree):
        pass


def _cold(repository: Repository, commit: str, found: Samples) -> None:
    slots = Slots(repository, pool_limit=0)
    for number in range(3):
        found["slot_cold"].append(timed(lambda number=number: slots.open(f"C{number}", commit)))
        slots.close(f"C{number}")


def _briefed(root: Path, home: Path, commit: str) -> list[float]:
    work = materials.engine(root, home).work
    taken: list[float] = []
    for number in range(RUNS):
        work.slots.warm(1, commit)
        files = {".opencode/todo.md": "# Todo\n", ".opencode/context.md": "the contract\n"}
        taken.append(timed(lambda number=number, files=files: work.open_slot(f"E{number}", commit, files)))
        work.slots.close(f"E{number}")
    return taken[1:]
