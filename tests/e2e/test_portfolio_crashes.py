"""A portfolio whose delivery is killed at its effects ends in the world it would have made without (reliability.md R9).

Method: real processes (tests/crash/striking.py) that kill themselves before or after the n-th effect of a kind, and a
fresh process that goes on. Short form: in each mode one workspace that is killed at every kind of effect in a row, in
an order drawn from SEED. ECHELON_PROOFS=long: each point by itself, and pairs of points.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fleets import Fleet
from proofs import LONG
from repo_sources import ROOT

SEED = int(os.environ.get("ECHELON_SEED", "9"))
STRIKING = Path(__file__).parent.parent / "crash" / "striking.py"
KILLS = 40 if LONG else 7
KILLS_MIN = 3  # a chain that was not killed as often as this proves little
PAIRS = 100
# Kinds that every delivery of the fleet has, and how often at least; a conflict only comes by chance.
ALWAYS = {
    "commit": 20, "log": 20, "install": 60, "open_slot": 6, "close_slot": 6, "close_worktree": 6, "snapshot": 6,
    "merge_commit": 6, "move_base": 6, "record": 6, "checkout": 6,
}  # fmt: skip
MODES = pytest.mark.parametrize("parallel", [True, False], ids=["parallel", "sequential"])

Point = tuple[str, int, str]
NONE: Point = ("none", 0, "before")


def run(fleet: Fleet, point: Point) -> tuple[int, str]:
    """Deliver in a process of its own that is struck at the point: its exit code and all that it said."""
    kind, number, when = point
    words = [sys.executable, str(STRIKING), str(fleet.home / "counts"), kind, str(number), when]
    env = fleet.env(PYTHONPATH=os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests"))))
    done = subprocess.run(words, cwd=fleet.root, env=env, capture_output=True, text=True, timeout=100)
    said = f"{point}: {done.returncode}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in said, said
    return done.returncode, said


def finished(fleet: Fleet, told: list[str]) -> None:
    """Go on in a fresh process, to the end; then look at everything."""
    fleet.git("fsck", "--strict")
    code, said = run(fleet, NONE)
    assert code == 0, "\n".join((*told, said))
    try:
        fleet.whole()
        assert fleet.verify(rerun=LONG).holds
    except AssertionError as error:
        error.add_note("\n".join((*told, said)))
        raise


@MODES
def test_killed_at_one_effect_after_another_it_arrives(tmp_path: Path, parallel: bool) -> None:
    fleet = Fleet.start(tmp_path, parallel=parallel)
    dice = random.Random(f"{SEED} {parallel}")
    points = [(kind, dice.choice((1, 1, 2)), when) for kind in ALWAYS for when in ("before", "after")]
    dice.shuffle(points)
    told: list[str] = []
    kills = 0
    for point in points[:KILLS]:
        code, said = run(fleet, point)
        told.append(said)
        assert code in (0, -signal.SIGKILL), "\n".join(told)
        kills += code != 0
        if code == 0:
            break
    assert kills >= KILLS_MIN, "\n".join(told)
    finished(fleet, told)


@pytest.fixture(scope="module", params=[True, False], ids=["parallel", "sequential"])
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, dict[str, int]]:
    """How many effects of each kind a whole delivery has."""
    fleet = Fleet.start(tmp_path_factory.mktemp("counted"), parallel=request.param)
    finished(fleet, [])
    counts = json.loads((fleet.home / "counts").read_text("utf-8"))
    assert all(counts[kind] >= least for kind, least in ALWAYS.items()), counts
    return request.param, counts


@pytest.mark.skipif(not LONG, reason="an hour: the long form of the chain above")
def test_a_kill_before_and_after_each_effect(counted: tuple[bool, dict[str, int]], tmp_path: Path) -> None:
    parallel, counts = counted
    points = [(kind, number, when) for kind, most in counts.items() for number in range(1, most + 1) for when in ("before", "after")]  # fmt: skip
    struck = 0
    for at, point in enumerate(points):
        struck += _killed_at(tmp_path / str(at), parallel, [point])
    assert struck >= len(points) * 9 // 10  # the last ones of a kind are not always reached


@pytest.mark.skipif(not LONG, reason="the long form of the chain above")
def test_two_kills(counted: tuple[bool, dict[str, int]], tmp_path: Path) -> None:
    parallel, counts = counted
    dice = random.Random(SEED)
    for at in range(PAIRS):
        kinds = dice.choices(list(counts), k=2)
        points = [(kind, dice.randint(1, counts[kind]), dice.choice(("before", "after"))) for kind in kinds]
        _killed_at(tmp_path / str(at), parallel, points)


def _killed_at(folder: Path, parallel: bool, points: list[Point]) -> int:
    fleet = Fleet.start(folder, parallel=parallel)
    told = [run(fleet, point) for point in points]
    assert {code for code, _ in told} <= {0, -signal.SIGKILL}, told
    finished(fleet, [said for _, said in told])
    return sum(code != 0 for code, _ in told)
