"""Killed at any git call of a slot's life, with that git still running: afterwards nothing is lost and all works.

The child kills itself with SIGKILL right after it has started its n-th git, for every n until it gets through. What
it had been promised (files it wrote, snapshots it was given) must be in the slot or under a reference, and the same
slot must open, work and close again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slots_world import World, write

LONG = os.environ.get("ECHELON_PROOFS") == "long"

CHILD = """
import os, signal, subprocess, sys
from pathlib import Path
from echelon.slots import git
from echelon.slots.repository import Repository
from echelon.slots.worktrees import Slots
top, state, base, moved, fatal = sys.argv[1:]
started = 0

class Popen(subprocess.Popen):
    def __init__(self, *args, **kwargs):
        global started
        super().__init__(*args, **kwargs)
        started += 1
        if str(started) == fatal or (not fatal.isdigit() and fatal in " ".join(map(os.fsdecode, args[0]))):
            os.kill(os.getpid(), signal.SIGKILL)

def say(text):
    os.write(1, (text + "\\\\n").encode())

slots = Slots(Repository.open(Path(top), Path(state)))
git._program(os.environ["PATH"])
git.subprocess.Popen = Popen
slot = slots.open("B001", base)
Path(slot.path, "first").write_text("first")
say("first")
slots.snapshot(slot, "first")
Path(slot.path, "second").write_text("second")
say("second")
slots.bring_base(slot, moved)
Path(slot.path, "third").write_text("third")
say("third")
slots.close("B001")
say("closed")
"""


def run(world: World, base: str, moved: str, fatal: int | str) -> list[str]:
    command = [
        sys.executable,
        "-c",
        CHILD.replace("\\\\n", "\\n"),
        str(world.top),
        str(world.state),
        base,
        moved,
        str(fatal),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, -9), done.stderr
    return done.stdout.split()


def reachable(world: World) -> set[str]:
    found: set[str] = set()
    for ref in world.git("for-each-ref", "--format=%(refname)", "refs/heads/orchestrator", "refs/orchestrator").split():
        found |= set(world.git("ls-tree", "-r", "--name-only", ref).split())
    return found


def test_killed_while_the_base_is_written_into_the_slot(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    base, moved = world.head(), world.commit({"moved": "moved", "a.txt": "moved\n"})
    assert run(world, base, moved, "read-tree -m -u") == ["first", "second"]
    slots = world.slots()
    slot = slots.open("B001", base)
    (Path(slot.path) / "a.txt").write_text("written by a hand in between\n")
    taken = str(slots.snapshot(slot, "after").commit)
    assert world.git("log", "-1", "--format=%P", taken).split()[1:] == [moved]
    assert world.git("diff", "--name-only", moved, taken).split() == ["first", "second"]
    refs = world.git("for-each-ref", "--format=%(refname)", "refs/orchestrator/rescue").split()
    assert any(world.show(ref, "a.txt") == "written by a hand in between" for ref in refs), "kept before it is finished"


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
@pytest.mark.parametrize("part", range(1, 5))
def test_killed_at_any_git_call(tmp_path: Path, part: int) -> None:
    step, reached = 4 if LONG else 12, False  # every git call in the long form, every third in the short
    for fatal in range(part if LONG else 3 * part, 400, step):
        (tmp_path / str(fatal)).mkdir()
        world = World.make(tmp_path / str(fatal))
        base = world.head()
        moved = world.commit({"moved": "moved"})
        promised = run(world, base, moved, fatal)
        slots = world.slots()
        slot = slots.open("B001", base)
        present = {place.name for place in Path(slot.path).iterdir()} | reachable(world)
        assert set(promised) - {"closed"} <= present, f"lost after git {fatal}"
        write(Path(slot.path), {"later": "later"})
        taken = slots.snapshot(slot, "later").commit
        assert world.git("rev-parse", slot.branch) == taken
        merged = world.git("merge-base", str(taken), moved) == moved
        assert merged == ("moved" in world.git("ls-tree", "--name-only", str(taken)).split()), "only as a merge"
        if merged:
            assert world.git("diff", "--name-only", "--diff-filter=D", moved, str(taken)) == "", (
                "a merge undid the base"
            )
        slots.close("B001")
        assert slots.open_slots() == ()
        assert {"later", *promised} - {"closed"} <= reachable(world)
        if "closed" in promised:
            reached = True
            break
    assert reached
