"""What a process or an agent left behind in a real portfolio is found, told before it is mended, and mended without loss.

The findings of documents are in tests/unit/test_findings.py; here are those of slots, branches and refs (R19), and a
base that somebody moved (issue 4, point 5).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from echelon.core import requests
from echelon.core.decide import Decision
from echelon.engine import doctor
from fleets import KEYS, Fleet
from slots_world import write
from workspaces import bytes_of

SLOT = "PGM-001-PRJ-001-B001"
B1 = ".opencode/programs/PGM-001/projects/PRJ-001/backlog.md"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portfolio that runs in parallel, before its first item."""
    folder = tmp_path_factory.mktemp("template")
    Fleet.start(folder, parallel=True)
    return folder


@pytest.fixture
def fleet(template: Path, tmp_path: Path) -> Fleet:
    """One item in flight whose agent has written a file, and another file on disk that no snapshot has."""
    shutil.copytree(template / "shop", tmp_path / "shop", symlinks=True)
    (tmp_path / "home").mkdir()
    fleet = Fleet(tmp_path / "shop", tmp_path / "home")
    engine = fleet.engine()
    done(engine.ask(requests.MoveProgram("start", "PGM-001", parallel=True)))
    done(engine.ask(requests.MoveProject("start", "PRJ-001", "PGM-001", parallel=True)))
    done(engine.start(KEYS[0], parallel=True))
    mission = engine.world().missions[0]
    write(Path(engine.slot_path(mission)), {"work.txt": "in a snapshot\n"})
    engine.head(mission)
    write(Path(engine.slot_path(mission)), {"late.txt": "in none\n"})
    return fleet


def done(said: object) -> None:
    assert isinstance(said, Decision), said


def codes(fleet: Fleet) -> set[str]:
    return {row.code for row in doctor.examine(fleet.engine())} - {"SANDBOX_ABSENT"}


def kept(fleet: Fleet) -> set[str]:
    """Contents of all files of all commits that a reference reaches, of the live files, and of what slots hold."""
    blobs = fleet.git("rev-list", "--objects", "--no-object-names", "--filter=object:type=blob", "--all").split()
    found = {fleet.git("cat-file", "blob", blob) for blob in blobs if fleet.git("cat-file", "-t", blob) == "blob"}
    for folder in (fleet.root, fleet.home / "state"):
        found |= {text.decode("utf-8", "replace").removesuffix("\n") for text in bytes_of(folder).values()}
    return found


def slot(fleet: Fleet) -> Path:
    (place,) = fleet.places.state.glob(f"workspaces/*/slots/{SLOT}")
    return place


def _gone(fleet: Fleet) -> None:
    shutil.rmtree(slot(fleet))


def _nobodys(fleet: Fleet) -> None:
    fleet.engine().work.slots.open("B077", fleet.git("rev-parse", "main"))
    (place,) = fleet.places.state.glob("workspaces/*/slots/B077/work")
    write(place, {"nobodys.txt": "of nobody\n"})


def _branch_moved(fleet: Fleet) -> None:
    other = fleet.git("commit-tree", "-m", "an agent's own", "main^{tree}", "-p", "main")
    fleet.git("update-ref", f"refs/heads/orchestrator/{SLOT}", other)


def _marker_back(fleet: Fleet) -> None:
    path = fleet.root / B1
    path.write_text(path.read_text("utf-8").replace("- Status: [/]", "- Status: [ ]", 1), "utf-8")


def _no_mission(fleet: Fleet) -> None:
    path = fleet.root / B1
    path.write_text(path.read_text("utf-8").replace("- Status: [ ]", "- Status: [/]", 1), "utf-8")


MENDED: dict[str, Callable[[Fleet], None]] = {
    "SLOT_WORKTREE_MISSING": _gone,
    "UNREGISTERED_WORKTREE": _nobodys,
    "SLOT_BRANCH_MOVED": _branch_moved,
    "SLOT_WITHOUT_ITEM": _marker_back,
    "ITEM_WITHOUT_SLOT": _no_mission,
}


@pytest.mark.parametrize("code", list(MENDED))
def test_disorder_is_told_then_mended_and_nothing_is_lost(fleet: Fleet, code: str) -> None:
    MENDED[code](fleet)
    assert code in codes(fleet)
    before = kept(fleet)
    if code == "SLOT_WITHOUT_ITEM":  # once as a command
        everything = (bytes_of(fleet.root, without=()), bytes_of(fleet.home / "state", without=()))
        told = fleet.cli("doctor", "--repair", "--dry-run").stdout
        assert code in told and "--repair would end the mission" in told
        assert (bytes_of(fleet.root, without=()), bytes_of(fleet.home / "state", without=())) == everything
    doctor.repair(fleet.engine())
    assert code not in codes(fleet)
    lost = {text for text in before - kept(fleet) if text in ("in a snapshot", "in none", "of nobody")}
    assert not lost
    again = (bytes_of(fleet.root), fleet.git("for-each-ref"))
    assert doctor.repair(fleet.engine()).written == ()
    assert (bytes_of(fleet.root), fleet.git("for-each-ref")) == again


def test_a_branch_that_a_dead_process_left_of_a_delivered_item_goes(fleet: Fleet) -> None:
    """Killed between the slot's directory and its branch; the branch is merged, so that nothing is lost with it."""
    work = Path(fleet.engine().slot_path(fleet.engine().world().missions[0]))
    write(work, {f"{SLOT}.txt": "done\n", "shared.txt": "one\n"})
    todo = work / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
    head = fleet.engine().head(fleet.engine().world().missions[0])
    done(fleet.engine().close(KEYS[0]))
    name = f"refs/heads/orchestrator/{SLOT}"
    assert not codes(fleet)
    fleet.git("update-ref", name, head)
    assert codes(fleet) == {"BRANCH_LEFT_OVER"}
    fleet.engine().recover()
    assert not codes(fleet) and fleet.git("for-each-ref", "refs/orchestrator") == ""
    fleet.git("update-ref", name, fleet.git("commit-tree", "-m", "later", f"{head}^{{tree}}", "-p", head))
    fleet.engine().recover()
    assert not codes(fleet) and len(fleet.git("for-each-ref", "refs/orchestrator").splitlines()) == 1
