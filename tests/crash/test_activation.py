"""R1 for activation and closing: a kill before any call of a disk leaves the old world or the new one, at every level.

Method: each step of a portfolio's life runs over a model disk and stops before its n-th call. What a new process finds
then is decided again; the documents end as they do without the kill. The clock stands still, so that names are equal.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import portfolio_texts as portfolios
import worlds
from crash.disks import ROOT, ModelDisk, Tree, Watched, report
from echelon.core import requests as ask
from echelon.core.config import Config
from echelon.core.configuration import Configured
from echelon.core.decide import Decision
from echelon.engine.asking import Asker
from echelon.store.files import TEMP_NAME
from echelon.store.transaction import Store
from proofs import LONG

KEY = "PGM-001/PRJ-001/B001"
EVERY = 1 if LONG else 4  # of the calls of a step, the store's own proofs cut at each
LIFE: tuple[ask.Request, ...] = (
    ask.MoveProgram("start", "PGM-001"),
    ask.MoveProject("start", "PRJ-001"),
    ask.StartItem(worlds.BASE, KEY),
    ask.MoveProject("suspend", "PRJ-001", None, "later"),
    ask.MoveProgram("suspend", "PGM-001", "later"),
    ask.MoveProgram("resume", "PGM-001"),
    ask.MoveProgram("start", "PGM-001"),
    ask.MoveProject("resume", "PRJ-001"),
    ask.MoveProject("start", "PRJ-001"),
    ask.FailItem("no", KEY),
    ask.WaiveItem(KEY, "without it"),
    ask.MoveProject("close", "PRJ-001"),
    ask.MoveProgram("close", "PGM-001"),
)


class Killed(BaseException):
    pass


class Still:
    def now(self) -> str:
        return "2026-01-01T00:00:00.000Z"


def asker(disk: Any) -> Asker:
    store = Store(ROOT, Still(), disk)
    place: Any = SimpleNamespace(
        store=store, config=Config({}), configured=Configured(Config({})), clock=Still(), state=Path("/s")
    )
    return Asker(place)


def tree_of(files: worlds.Files) -> Tree:
    folders = {str(Path(*Path(path).parts[:length])) for path in files for length in range(1, len(Path(path).parts))}
    return frozenset([(path, text.encode()) for path, text in files.items()] + [(one, None) for one in folders])


def beginning() -> Tree:
    one = ".opencode/programs/PGM-001"
    return tree_of(
        {
            ".opencode/enterprise.md": portfolios.enterprise(portfolios.node("PGM-001")),
            f"{one}/program.md": portfolios.program(portfolios.node("PRJ-001")),
            **portfolios.stored(f"{one}/projects/PRJ-001", portfolios.item("B001")),
        }
    )


def documents(tree: Tree) -> dict[str, bytes]:
    """Everything but the store's own log, and files that are no document yet."""
    own = (
        ".opencode/echelon/.gitignore",
        ".opencode/echelon/lock",
        ".opencode/echelon/head.json",
        ".opencode/echelon/operations.jsonl",
    )
    named = {path: data for path, data in tree if data is not None and not path.startswith(own)}
    return {path: data for path, data in named.items() if TEMP_NAME.fullmatch(path.rpartition("/")[2]) is None}


def done(disk: Any, request: ask.Request) -> None:
    decided = asker(disk).ask(request)
    assert isinstance(decided, Decision), str(decided)


def killed(tree: Tree, request: ask.Request, at: int) -> ModelDisk | None:
    """The disk as a kill before the n-th call leaves it; None when there are fewer calls."""
    disk, calls = ModelDisk(tree), 0

    def before(_name: str, _arguments: tuple[Any, ...]) -> None:
        nonlocal calls
        calls += 1
        if calls > at:
            raise Killed

    try:
        done(Watched(disk, before), request)
    except Killed:
        return ModelDisk(disk.tree())
    return None


@pytest.mark.parametrize("step", range(len(LIFE)), ids=lambda at: f"{at}-{type(LIFE[at]).__name__}")
def test_a_kill_at_any_call_leaves_the_old_world_or_the_new_one(step: int) -> None:
    disk = ModelDisk(beginning())
    for request in LIFE[:step]:
        done(disk, request)
    before, old = disk.tree(), documents(disk.tree())
    done(disk, LIFE[step])
    new = documents(disk.tree())
    assert new != old
    at, rolled = 0, 0
    while (left := killed(before, LIFE[step], at)) is not None:
        asker(left).workspace.store.recover()
        found = documents(left.tree())
        assert found in (old, new), at
        rolled += found == new
        if found == old:
            done(left, LIFE[step])
            assert documents(left.tree()) == new, at
        at += EVERY
    report(f"{at // EVERY} kills, {rolled} rolled forward")
    assert at > 0
