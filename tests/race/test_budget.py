"""Two and eight processes start at once with a budget of 1: exactly one item starts, wherever the start comes from.

The peer lets two in with two callers (peer-slots-steering.md W-C1, W-B13, W21). 20 repetitions, 200 in the long form.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import portfolio_texts as portfolios
from echelon.engine.engine import Engine
from echelon.engine.places import Places
from echelon.engine.workspace import Workspace
from portfolio_texts import item, node
from proofs import LONG
from slots_world import plain, write

REPETITIONS = 200 if LONG else 20
MODES = ("parallel_start_item:PRJ-001", "backlog_start_item:PRJ-001", "deliver", "parallel_start_item:PRJ-002")
LOST = {"CAPACITY_REACHED", "ITEM_IN_PROGRESS", "STOPPED", "LOCK_BUSY"}  # what the others may be told


@pytest.fixture(scope="module")
def crowd() -> Iterator[list[subprocess.Popen[str]]]:
    """Eight processes that have imported everything and wait for the word."""
    script = Path(__file__).with_name("starter.py")
    running = [
        subprocess.Popen([sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    yield running
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two projects run side by side, two items are ready in each, and the budget is 1."""
    root = tmp_path_factory.mktemp("template") / "shop"
    root.mkdir()
    one = ".opencode/programs/PGM-001"
    files = {
        ".opencode/enterprise.md": portfolios.enterprise(node("PGM-001", marker="/"), budget=1),
        f"{one}/program.md": portfolios.program(node("PRJ-001", marker="/"), node("PRJ-002", marker="/")),
        ".gitignore": ".opencode/\n",
        "playbook/playbook.toml": "[[B001]]\nsteps = []\n",
    }
    for name in ("PRJ-001", "PRJ-002"):
        files |= portfolios.stored(f"{one}/projects/{name}", item("B001"), item("B002"))
    write(root, files)
    plain(root, "init", "-q", "-b", "main")
    plain(root, "config", "user.name", "Una")
    plain(root, "config", "user.email", "una@example.org")
    plain(root, "add", "-A")
    plain(root, "commit", "-q", "-m", "as it starts")
    return root


def at_once(crowd: list[subprocess.Popen[str]], modes: list[str], folder: Path) -> list[str]:
    for process, mode in zip(crowd, modes, strict=False):
        assert process.stdin
        process.stdin.write(f"{mode} {folder}\n")
        process.stdin.flush()
    return [process.stdout.readline().rstrip("\n") if process.stdout else "" for process in crowd[: len(modes)]]


@pytest.mark.parametrize("processes", [2, 8])
def test_W_C1_W_B13_W21_exactly_one_item_starts(
    crowd: list[subprocess.Popen[str]], template: Path, tmp_path: Path, processes: int
) -> None:
    dice = random.Random(processes)
    for repetition in range(REPETITIONS):
        folder = tmp_path / str(repetition)
        shutil.copytree(template, folder / "shop", symlinks=True)
        mode = dice.choice((*MODES, "mixed", "mixed"))
        modes = [dice.choice(MODES) for _ in range(processes)] if mode == "mixed" else [mode] * processes
        said = at_once(crowd, modes, folder)
        world = Engine(Workspace(folder / "shop", Places(folder / "state", folder / "cache"))).world()
        assert said.count("started") == 1, (repetition, modes, said)
        assert {*said} - {"started"} <= LOST, (repetition, modes, said)
        assert len(world.missions) == world.portfolio.used == 1, repetition
        assert [path.name for path in (folder / "state").glob("workspaces/*/slots/*")] == [world.missions[0].slot]
        shutil.rmtree(folder)
