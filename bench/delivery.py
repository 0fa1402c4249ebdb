"""What Echelon itself costs to deliver one item: everything but the agent, with a check that costs nothing."""

from __future__ import annotations

from pathlib import Path

from bench import materials
from bench.timing import Samples, echelon, process, scratch, timed
from echelon.core.decide import Decision
from echelon.engine.engine import Engine

IN_PROCESS, WHOLE = 4, 4
ITEMS = IN_PROCESS + WHOLE + 2  # the first of each kind warms up


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
        return found


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


def _work(slot: Path, name: str) -> None:
    """What the agent does."""
    (slot / f"{name}.txt").write_text("done\n", "utf-8")
    todo = slot / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")


def _done(answer: object) -> None:
    assert isinstance(answer, Decision), str(answer)
