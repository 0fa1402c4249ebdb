"""Commands as a person runs them: whole processes, start-up included."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import materials
from bench.timing import Samples, echelon, process, scratch, several

ITEMS = 2_000
RUNS = 9
INTERPRETER = [sys.executable, "-c", "pass"]


def measure() -> Samples:
    with scratch() as folder:
        home = folder / "home"
        home.mkdir()
        empty = materials.workspace(folder / "empty", "# Backlog — Vide\n")
        large = materials.workspace(folder / "large", materials.items(ITEMS))
        larger = materials.workspace(folder / "larger", materials.items(5 * ITEMS))

        def run(words: list[str], where: Path, runs: int = RUNS, accept: tuple[int, ...] = (0,)) -> list[float]:
            return several(lambda: process(words, where, home, accept), runs)

        interpreter = run(INTERPRETER, empty, 2 * RUNS)
        bare = min(interpreter)

        def beyond(*words: str) -> list[float]:
            return [sample - bare for sample in run(echelon(*words), empty)]

        return {
            "interpreter": interpreter,
            "startup_version": beyond("--version"),
            "startup_help": beyond("status", "--help"),
            "startup_status": beyond("status"),
            "status": run(echelon("status"), large),
            "status_json": run(echelon("status", "--json"), large, 5),
            "doctor": run(echelon("doctor"), large, 5, (0, 1)),
            "doctor_large": run(echelon("doctor"), larger, 3, (0, 1)),
        }
