"""Killed, interrupted, doubled: `echelon deliver` goes on to the world it would have made without (reliability.md R9).

A `git` first on the PATH counts the calls of the delivery and strikes at one of them, before or after the real git ran:
every effect and every commit of state lies between two of those. Short form here, all points with ECHELON_PROOFS=long.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import warm
from proofs import LONG
from workspaces import COMMAND_SECONDS, HONEST, Shop, backlog, does, wants

POINTS = 400 if LONG else 16
NAMES = ("B001", "B002")
TWO = backlog(wants("B001"), wants("B002", depends="B001"))  # between two items lies every call that three have
# Echelon gives git an environment of its own, so what the script needs stands in it.
# A reader that lives as long as the delivery is no call of it: after it there is nothing left to strike.
# Some calls are made at once: a folder is the lock under which each gets a number of its own.
STRIKE = """#!/bin/sh
case "$*" in *"cat-file --batch"*) exec '{real}' "$@" ;; esac
i=0; until mkdir '{count}.lock' 2>/dev/null || [ $((i=i+1)) -gt 9999 ]; do :; done
n=0; [ -f '{count}' ] && read -r n < '{count}'; n=$((n + 1)); echo $n > '{count}'
rmdir '{count}.lock' 2>/dev/null
[ "${{n}}{when}" = "{at}before" ] && kill -{sign} $PPID && [ '{sign}' = KILL ] && exit 1
'{real}' "$@"; code=$?
[ "${{n}}{when}" = "{at}after" ] && kill -{sign} $PPID
exit $code
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A fresh workspace to copy, and how many git calls its whole delivery makes."""
    folder = tmp_path_factory.mktemp("template")
    Shop.make(folder, TWO)
    counted = copy(folder, tmp_path_factory.mktemp("counted"))
    assert struck(counted, 0, "before", "KILL").returncode == 0
    return folder, int((counted.home.parent / "count").read_text("utf-8"))


def copy(template: Path, folder: Path) -> Shop:
    shutil.copytree(template / "shop", folder / "shop", symlinks=True)
    (folder / "home").mkdir()
    return Shop(folder / "shop", folder / "home")


def struck(shop: Shop, at: int, when: str, sign: str) -> subprocess.CompletedProcess[str]:
    """Run a delivery that is struck at its n-th git call."""
    place, count = shop.home.parent / "bin", shop.home.parent / "count"
    place.mkdir(exist_ok=True)
    count.unlink(missing_ok=True)
    script = STRIKE.format(count=count, when=when, at=at, sign=sign, real=shutil.which("git"))
    (place / "git").write_text(script, "utf-8")
    (place / "git").chmod(0o755)
    env = shop.env(PATH=f"{place}{os.pathsep}{os.environ['PATH']}")
    return warm.run(("deliver",), shop.root, env, COMMAND_SECONDS)


def whole(shop: Shop) -> None:
    """The final world, whatever happened on the way: each item merged once, proved, and nothing left lying about."""
    assert (shop.root / ".opencode/backlog.md").read_text("utf-8") == TWO.replace("Status: [ ]", "Status: [x]")
    assert shop.merges() == list(NAMES)
    assert {name: shop.shown(f"{name}.txt") for name in NAMES} == dict.fromkeys(NAMES, "done")
    assert shop.git("status", "--porcelain", "--", "*.txt") == ""
    assert shop.verify().holds
    engine = shop.engine()
    assert engine.work.slots.open_slots() == () and engine.world().missions == ()
    assert not (shop.root / ".opencode/backlog-item-active.md").exists()
    journal = (shop.root / ".opencode/project.md").read_text("utf-8")
    assert journal.count("ITEM DELIVERED") == len(NAMES)


@pytest.mark.parametrize("point", range(POINTS))
def test_a_kill_at_any_call_loses_and_doubles_nothing(template: tuple[Path, int], tmp_path: Path, point: int) -> None:
    folder, calls = template
    shop = copy(folder, tmp_path)
    at = 1 + point * calls // POINTS
    done = struck(shop, at, ("before", "after")[point % 2], "KILL")
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    shop.git("fsck", "--strict")
    assert shop.deliver().outcome.status == "done"
    whole(shop)


def test_killed_again_and_again_it_still_arrives(template: tuple[Path, int], tmp_path: Path) -> None:
    """Each run is killed a little further on than it could come before; the last one is left alone."""
    folder, calls = template
    shop = copy(folder, tmp_path)
    kills = 0
    for at in range(7, calls, calls // 9 if not LONG else 3):
        done = struck(shop, at, "after", "KILL")
        kills += done.returncode == -signal.SIGKILL
        if done.returncode == 0:
            break
    assert kills >= 2
    assert shop.deliver().outcome.status == "done"
    whole(shop)


@pytest.mark.parametrize("point", range(POINTS if LONG else 5))
def test_ctrl_c_stops_soon_and_goes_on(template: tuple[Path, int], tmp_path: Path, point: int) -> None:
    folder, calls = template
    shop = copy(folder, tmp_path)
    done = struck(shop, 2 + point * (calls * 3 // 4) // (POINTS if LONG else 5), "after", "INT")
    assert done.returncode == 130, done.stdout + done.stderr
    assert "echelon deliver goes on" in done.stderr and "Traceback" not in done.stderr
    assert shop.deliver().outcome.status == "done"
    whole(shop)


@pytest.mark.parametrize("point", range(POINTS if LONG else 3))
def test_ctrl_c_twice_stops_at_once_and_goes_on(template: tuple[Path, int], tmp_path: Path, point: int) -> None:
    folder, calls = template
    shop = copy(folder, tmp_path)
    twice = "INT $PPID && sleep 0.2 && kill -INT"
    done = struck(shop, 12 + point * (calls * 3 // 4) // (POINTS if LONG else 3), "after", twice)
    assert done.returncode == 130, done.stdout + done.stderr
    assert "INTERRUPTED" in done.stderr and "Traceback" not in done.stderr
    assert shop.deliver().outcome.status == "done"
    whole(shop)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_reaches_an_agent_that_is_busy(tmp_path: Path, sign: int) -> None:
    shop = Shop.make(tmp_path, TWO, plays={**HONEST, "B001": [does("B001", {"say": "BUSY"}, {"sleep": 600})]})
    process = subprocess.Popen(
        [sys.executable, "-m", "echelon", "deliver"], cwd=shop.root, env=shop.env(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "BUSY" in line:
            break
    process.send_signal(sign)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and "STOPPED" in errors
    assert shop.states()["B001"] == "active"  # what is in flight stays in flight
    shop.play(HONEST)
    assert shop.deliver().outcome.status == "done"
    whole(shop)


def test_of_two_at_once_one_works_and_the_other_says_who(tmp_path: Path) -> None:
    waits = f"while ! test -e {tmp_path}/go; do sleep 0.05; done"
    shop = Shop.make(tmp_path, TWO, plays={**HONEST, "B001": [does("B001", {"say": "BUSY"}, {"run": waits})]})
    first = subprocess.Popen(
        [sys.executable, "-m", "echelon", "deliver"], cwd=shop.root, env=shop.env(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert first.stdout is not None
    try:
        for line in first.stdout:
            if "BUSY" in line:
                break
        for words in (("deliver",), ("call", "backlog_close_item"), ("undo",), ("doctor", "--repair")):
            second = shop.cli(*words)
            assert second.returncode == 1 and "LOCK_BUSY" in second.stderr
            assert str(first.pid) in second.stderr and "since 20" in second.stderr
        assert shop.cli("status").returncode == 0  # looking is always possible
    finally:
        (tmp_path / "go").touch()
        first.communicate(timeout=60)
    assert first.returncode == 0
    whole(shop)
