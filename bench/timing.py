"""Taking times: wall clock, milliseconds, several runs; the collector is left on, as it is for users."""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

Samples = dict[str, list[float]]  # key of limits.ROWS -> milliseconds of each run

WORK = Path(__file__).parent / ".work"
COMMAND_SECONDS = 120.0


def timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000


def timed_with_cpu(do: Callable[[], object]) -> tuple[float, float]:
    """(wall, processor): on a shared machine the difference is mostly waiting for the disk and for a turn."""
    cpu = time.process_time()
    wall = timed(do)
    return wall, (time.process_time() - cpu) * 1000


def several(do: Callable[[], object], runs: int) -> list[float]:
    """One run to warm up, then `runs` that count."""
    do()
    gc.collect()
    return [timed(do) for _ in range(runs)]


def shown(samples: Sequence[float]) -> tuple[float, float]:
    return min(samples), statistics.median(samples)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one measurement, on the disk of the clone: a memory disk would flatter fsync."""
    WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=WORK))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(home: Path) -> Mapping[str, str]:
    """A user's: private places in `home`, bytecode written (an installer compiles; ours is written by the warm-up)."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    places = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache")}
    return {**kept, **places, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def process(words: Sequence[str], where: Path, home: Path, accept: Sequence[int] = (0,)) -> str:
    """Run to the end; its output. Raises RuntimeError for another exit code: a failed run is no measurement."""
    done = subprocess.run(
        words, cwd=where, env=environment(home), stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS
    )
    if done.returncode not in accept:
        raise RuntimeError(
            f"{' '.join(words)} gave {done.returncode}: {done.stderr.decode('utf-8', 'replace')[-2000:]}"
        )
    return done.stdout.decode("utf-8", "replace")


def echelon(*words: str) -> list[str]:
    """The command as an installer writes it: no `-m`, which would look around first."""
    return [sys.executable, "-c", "from echelon.cli.main import main; main()", *words]


def load() -> str:
    return " ".join(f"{value:.2f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
