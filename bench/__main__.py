"""`python -m bench [GROUP…]`: measure all groups, each in a process of its own, and write docs/PERFORMANCE.md.

With names of groups only those are measured and nothing is written. Exit code 1 when a limit is missed.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from bench import page
from bench.limits import GROUPS
from bench.timing import Samples, load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "PERFORMANCE.md"
INSIDE = "--inside"  # what a group's own process is told
GROUP_SECONDS = 900.0
MODULES = (*(group.name for group in GROUPS), "peer")


def main(words: list[str]) -> int:
    if words[:1] == [INSIDE]:
        print(json.dumps(importlib.import_module(f"bench.{words[1]}").measure()))
        return 0
    unknown = set(words) - set(MODULES)
    if unknown:
        print(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}", file=sys.stderr)
        return 2
    run = page.Run(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
    for name in words or MODULES:
        _group(run, name)
    if not words and all(
        group.name in run.loads or group.name in run.missing for group in GROUPS
    ):  # a page with holes helps nobody
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page.markdown(run), "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")
    missed = [row for row in run.missed() if not words or row.key in run.samples]
    for row in missed:
        print(f"MISSED: {row.what}: {page.pair(run.samples.get(row.key))}, limit {page.bound(row)}", file=sys.stderr)
    return 1 if missed else 0


def _group(run: page.Run, name: str) -> None:
    if why := getattr(importlib.import_module(f"bench.{name}"), "missing", str)():
        run.missing[name] = why.rstrip(".")
        print(f"{name}: not measured ({why})")
        return
    before = load()
    try:
        found = _measured(name)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        if name != "peer":
            print(f"{name}: not measured: {error}", file=sys.stderr)
            return
        run.peer_missing = str(error).strip().rpartition("\n")[2]
        print(f"peer: not measured ({run.peer_missing})")
        return
    run.loads[name] = f"{before} → {load()}"
    if name == "peer":
        run.peer = found
        print("\npeer  " + "  ".join(f"{key} {page.pair(taken)}" for key, taken in found.items()))
        return
    run.samples |= found
    group = next(group for group in GROUPS if group.name == name)
    print(
        f"\n{group.title}  (load {run.loads[name]})", *(page.line(run, row) for row in group.rows), sep="\n", flush=True
    )


def _measured(name: str) -> Samples:
    """What the group's process found. Raises RuntimeError with the end of what it said."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-m", "bench", INSIDE, name]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=GROUP_SECONDS)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found: Samples = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
