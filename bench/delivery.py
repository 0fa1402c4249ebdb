"""What Echelon itself costs to deliver one item: everything but the agent, with a check that costs nothing.

Where it says "without the checks", the time inside `run_check` (a sandbox is set up for each) is taken off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from bench import materials
from bench.timing import Samples, echelon, process, scratch, timed
from echelon.core.decide import Decision
from echelon.engine import running
from echelon.engine.engine import Engine

IN_PROCESS, WHOLE = 4, 4
ITEMS = IN_PROCESS + WHOLE + 2  # the first of each kind warms up
EIGHT, ROUNDS = 8, 3


def measure() -> Samples:
    with scratch() as folder:
        home = folder / "home"
        home.mkdir()
        root = materials.workspace(folder / "repo", materials.checked_items(ITEMS))
        (root / ".opencode/playbook").mkdir()
        (root / ".opencode/playbook/playbook.toml").write_text(materials.playbook(ITEMS), "utf-8")
        materials.repository(root, home)
        found = _in_process(materials.engine(root, home))
        found["deliver"] = [
            timed(lambda number=number: process(echelon("deliver", "--item", _name(number)), root, home))
            for number in range(IN_PROCESS + 2, ITEMS + 1)
        ][1:]
        verify = echelon("verify", _name(ITEMS))
        found["verify"] = [timed(lambda: process(verify, root, home)) for _ in range(4)][1:]
        records = echelon("verify", "--no-run", _name(ITEMS))
        found["verify_records"] = [timed(lambda: process(records, root, home)) for _ in range(4)][1:]
    with scratch() as folder:
        home = folder / "home"
        home.mkdir()
        root = materials.workspace(folder / "repo", materials.checked_items(EIGHT * (ROUNDS + 1)))
        materials.repository(root, home)
        return found | _eights(materials.engine(root, home))


def _name(number: int) -> str:
    return f"B{number:03d}"


def _in_process(engine: Engine) -> Samples:
    found: Samples = {"engine_start": [], "engine_close": []}
    for number in range(1, IN_PROCESS + 2):
        name = _name(number)
        found["engine_start"].append(timed(lambda name=name: _done(engine.start(name))))
        mission = engine.world().mission(name)
        assert mission is not None
        _work(Path(engine.slot_path(mission)), name)
        found["engine_close"].append(timed(lambda name=name: _done(engine.close(name))))
    return {key: taken[1:] for key, taken in found.items()}


def _eights(engine: Engine) -> Samples:
    """Eight items after one another, in rounds of which the first warms up; then eight slots at once."""
    engine.work.slots.warm(EIGHT, engine.base_facts().commit)
    found: Samples = {"eight_starts": [], "eight_closes": [], "overhead": []}
    with _Checks() as checks:
        for begun in range(0, EIGHT * (ROUNDS + 1), EIGHT):
            pairs = [_one(engine, _name(number), checks) for number in range(begun + 1, begun + EIGHT + 1)]
            if begun:
                found["eight_starts"].append(sum(start for start, _ in pairs))
                found["eight_closes"].append(sum(close for _, close in pairs))
                found["overhead"] += [start + close for start, close in pairs]
    found["eight_open"] = [_at_once(engine, turn) for turn in range(ROUNDS + 1)][1:]
    return found


def _one(engine: Engine, name: str, checks: _Checks) -> tuple[float, float]:
    start = checks.timed(lambda: _done(engine.start(name)))
    mission = engine.world().mission(name)
    assert mission is not None
    _work(Path(engine.slot_path(mission)), name)
    return start, checks.timed(lambda: _done(engine.close(name)))


def _at_once(engine: Engine, turn: int) -> float:
    """Eight slots open at the same time; the level lets one item be in flight, so without the records of items."""
    work, base = engine.work, engine.base_facts().commit
    work.slots.warm(EIGHT, base)
    names = [f"P{turn}-{number}" for number in range(EIGHT)]
    opened = sum(
        timed(lambda name=name: work.begin_slot(name, base, {".opencode/todo.md": "# Todo\n"})) for name in names
    )
    for name in names:
        work.slots.close(name)
    return opened


class _Checks:
    """Times without what the checks take."""

    def __init__(self) -> None:
        self._run: Callable[..., Any] = running.run_check
        self._spent = 0.0

    def __enter__(self) -> Self:
        running.run_check = self._timed_run
        return self

    def __exit__(self, *_: object) -> None:
        running.run_check = self._run

    def _timed_run(self, *args: Any, **words: Any) -> Any:
        begun = time.perf_counter()
        try:
            return self._run(*args, **words)
        finally:
            self._spent += (time.perf_counter() - begun) * 1000

    def timed(self, do: Callable[[], object]) -> float:
        self._spent = 0.0
        return timed(do) - self._spent


def _work(slot: Path, name: str) -> None:
    """What the agent does."""
    (slot / f"{name}.txt").write_text("done\n", "utf-8")
    todo = slot / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")


def _done(answer: object) -> None:
    assert isinstance(answer, Decision), str(answer)
