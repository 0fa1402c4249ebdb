"""R2: the store survives kill -9 at any time, and a retry after an unknown outcome does it once.

Method: a real process commits and acknowledges on a pipe; it is killed at a random moment; the next one begins with
the first operation that was not acknowledged, under the same id.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crash.disks import Clock, report
from crash.writer import COUNT, LINES
from echelon.store.transaction import Store

LONG = os.environ.get("ECHELON_PROOFS") == "long"
WRITER = Path(__file__).with_name("writer.py")


def start(root: Path, number: int, *modes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(root), str(number), *modes], stdout=subprocess.PIPE, text=True
    )


def kill_after(process: subprocess.Popen[str], acknowledgements: int, seconds: float) -> int:
    """Kill after so many lines and a moment. Returns the last number that was acknowledged, -1 for none."""
    assert process.stdout
    last = -1
    for _ in range(acknowledgements):
        last = int(process.stdout.readline())
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:  # spinning hits moments that a sleep's granularity would miss
        pass
    process.kill()
    rest = process.communicate()[0].split("\n")[:-1]  # a last line without its end was not received
    return int(rest[-1]) if rest else last


def check(root: Path, acknowledged: int) -> int:
    """Both documents and the log tell the same story, nothing acknowledged is missing. Returns how many are done."""
    store = Store(root, Clock())
    store.recover()
    ids = [operation.id for operation in store.operations()]
    lines = (store.read(LINES).content or b"").decode().splitlines()
    assert ids == [f"op-{number}" for number in range(len(ids))]
    assert lines == [f"- operation {number}" for number in range(len(ids))]
    assert (store.read(COUNT).content or b"0\n") == f"{len(ids)}\n".encode()
    assert acknowledged <= len(ids) <= acknowledged + 1
    assert not list(root.rglob("*.tmp"))
    return len(ids)


def test_kill_nine(tmp_path: Path) -> None:
    kills, seed = (300, 7) if LONG else (25, 7)
    chance = random.Random(seed)
    done = unknown = 0
    for _ in range(kills):
        process = start(tmp_path, done)
        last = kill_after(process, chance.randrange(1, 6), chance.random() * 0.004)
        acknowledged = max(done, last + 1)
        after = check(tmp_path, acknowledged)
        unknown += after - acknowledged
        done = acknowledged  # the one that is done but unknown is asked for again
    report(f"{kills} kills, {done} acknowledged, {unknown} unknown outcomes, seed {seed}")
    assert done >= kills, "too little was written for the run to count"


@pytest.mark.parametrize("mode", ["", "forget"])
def test_asking_again_after_an_unknown_outcome_does_it_once(tmp_path: Path, mode: str) -> None:
    """`forget` is the mutant: the same check must find the operation twice."""
    start(tmp_path, 0, "die").communicate()
    assert check(tmp_path, 0) == 1
    last = kill_after(start(tmp_path, 0, mode), 1, 0.0)
    if mode == "forget":
        with pytest.raises(AssertionError):
            check(tmp_path, last + 1)
    else:
        check(tmp_path, last + 1)
