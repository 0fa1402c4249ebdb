"""The peer's weaknesses of levels and slots that need real git, by id: a small portfolio, delivered and looked at.

Ids: peer-levels.md section 12 and peer-slots-steering.md section 7. The others: tests/unit/test_weaknesses_levels.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from echelon.actions.callers import Caller
from echelon.actions.table import perform
from echelon.core import requests
from echelon.core.decide import Decision, Refusal
from echelon.engine import doctor
from echelon.engine.engine import Engine
from fleets import KEYS, Fleet
from slots_world import plain, write

FIRST, OTHER = KEYS[0], KEYS[4]  # B001 of PGM-001/PRJ-001 and of PGM-002/PRJ-003
PLACE = ".opencode/programs/{}/projects/{}/backlog.md"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet.start(tmp_path, parallel=True)


def running(fleet: Fleet, *keys: str) -> Engine:
    """An engine on the portfolio with these items in flight, side by side."""
    engine = fleet.engine()
    for key in keys:
        program, project, _ = key.split("/")
        engine.ask(requests.MoveProgram("start", program, parallel=True))
        engine.ask(requests.MoveProject("start", project, program, parallel=True))
        done(engine.start(key, parallel=True))
    return engine


def done(answer: Decision | Refusal) -> Decision:
    assert isinstance(answer, Decision), str(answer)
    return answer


def refused(answer: Decision | Refusal) -> Refusal:
    assert isinstance(answer, Refusal), answer.message
    return answer


def work(engine: Engine, key: str, files: dict[str, str]) -> Path:
    mission = engine.find_mission(key)
    assert not isinstance(mission, Refusal)
    place = Path(engine.slot_path(mission))
    write(place, files)
    return place


def kept(fleet: Fleet) -> str:
    """Every file under the rescue refs and the slots' branches, with what is in it."""
    refs = fleet.git("for-each-ref", "--format=%(refname)", "refs/orchestrator", "refs/heads/orchestrator").split()
    return "\n".join(fleet.git("grep", "-h", "", ref) for ref in refs)


def test_W16_W56_W_C3_what_was_in_flight_in_a_project_that_was_put_aside_is_delivered_with_it(fleet: Fleet) -> None:
    engine = running(fleet, FIRST)
    place = work(engine, FIRST, {"half.txt": "half done\n"})
    done(engine.ask(requests.MoveProject("suspend", "PRJ-001", "PGM-001", "later")))
    seen = fleet.once()
    assert seen.outcome.status == "blocked"
    assert (place / "half.txt").read_text("utf-8") == "half done\n"
    assert FIRST not in fleet.merges()
    done(engine.ask(requests.MoveProject("resume", "PRJ-001", "PGM-001")))
    fleet.once()
    assert FIRST in fleet.merges()


def test_W_C9_an_id_that_several_projects_have_is_not_guessed(fleet: Fleet) -> None:
    engine = running(fleet, FIRST, OTHER)
    for name in ("parallel_close_item", "backlog_verify_item"):
        said = refused(perform(engine, name, {"item_id": "B001"}))
        assert said.code == "ITEM_AMBIGUOUS"
        assert {FIRST, OTHER} <= set(said.reasons)
    where = PLACE.format("PGM-002", "PRJ-003")
    done(perform(engine, "parallel_fail_item", {"item_id": "B001", "backlog_path": where, "reason": "no"}))
    assert [row.item for row in engine.world().missions] == [FIRST]


@pytest.mark.parametrize("path", ["../../elsewhere/backlog.md", "/etc/passwd", ".opencode/backlog.md", "README.md"])
def test_W_C12_a_backlog_that_is_none_of_the_portfolios_is_refused(fleet: Fleet, path: str) -> None:
    before = fleet.git("status", "--porcelain")
    said = refused(perform(fleet.engine(), "parallel_start_item", {"backlog_path": path, "max_slots": 2}))
    assert said.code == "PROJECT_UNKNOWN"
    assert fleet.git("status", "--porcelain") == before


def test_W_A6_W_A2_a_failed_items_uncommitted_work_is_kept_and_its_name_can_be_used_again(fleet: Fleet) -> None:
    """W-B4: no branch that is left blocks the item."""
    engine = running(fleet, FIRST)
    work(engine, FIRST, {"mine.txt": "uncommitted\n"})
    done(engine.end(requests.FailItem("no", FIRST)))
    assert "uncommitted" in kept(fleet)
    done(engine.ask(requests.ReopenItem(FIRST, "again")))
    done(engine.start(FIRST, parallel=True))
    assert not (work(engine, FIRST, {}) / "mine.txt").exists()


def test_W_A2_W_A5_a_slot_whose_folder_is_gone_and_a_registry_that_is_garbage_lose_no_work(fleet: Fleet) -> None:
    """What was seen once is in the repository, not in the folder."""
    engine = running(fleet, FIRST, OTHER)
    place = work(engine, FIRST, {"mine.txt": "seen once\n"})
    other = work(engine, OTHER, {"theirs.txt": "uncommitted\n"})
    refused(engine.verify(FIRST))
    shutil.rmtree(place)
    (fleet.root / ".opencode/slots.json").write_text("{", "utf-8")
    for _ in range(2):
        doctor.repair(fleet.engine())
    engine = fleet.engine()
    assert {row.item for row in engine.world().missions} == {FIRST, OTHER}
    assert (other / "theirs.txt").read_text("utf-8") == "uncommitted\n"
    again = work(engine, FIRST, {})
    assert (again / "mine.txt").exists() or "seen once" in kept(fleet)


def test_W_A12_a_path_in_the_registry_is_never_removed(fleet: Fleet, tmp_path: Path) -> None:
    engine = running(fleet, FIRST)
    mine = tmp_path / "mine"
    plain(fleet.root, "worktree", "add", "-q", "-b", "mine", str(mine))
    write(mine, {"precious.txt": "uncommitted\n"})
    registry = fleet.root / ".opencode/slots.json"
    rows = json.loads(registry.read_text("utf-8"))
    registry.write_text(json.dumps([{**row, "path": str(mine)} for row in rows]), "utf-8")
    done(perform(engine, "parallel_fail_item", {"item_id": FIRST, "reason": "no"}))
    assert (mine / "precious.txt").read_text("utf-8") == "uncommitted\n"


def test_W_B7_W_B2_a_persons_own_edits_and_tracked_state_stop_no_closing(fleet: Fleet) -> None:
    """`.opencode` is tracked here, and so is what the person works on meanwhile."""
    engine = running(fleet, OTHER)
    write(fleet.root, {"notes.txt": "mine\n", "README.md": "edited\n"})
    work(engine, OTHER, {"PGM-002-PRJ-003-B001.txt": "done\n", "shared.txt": "two\n"})
    work(engine, OTHER, {".opencode/todo.md": "- [x] all of it\n"})
    done(engine.close(OTHER))
    assert fleet.merges() == [OTHER]
    assert (fleet.root / "README.md").read_text("utf-8") == "edited\n"
    assert (fleet.root / "notes.txt").read_text("utf-8") == "mine\n"


def test_W_C10_W_C6_W_A4_a_sequential_close_of_a_parallel_item_needs_the_same_evidence(fleet: Fleet) -> None:
    engine = running(fleet, OTHER)
    (fleet.root / ".opencode/todo.md").write_text("- [x] all of it\n", "utf-8")
    said = refused(perform(engine, "backlog_close_item", {"item_id": OTHER}))
    assert said.code in ("NOT_PROVED", "NOTHING_CHANGED", "CHECK_RED", "TASKS_OPEN")
    assert fleet.merges() == []
    assert [row.item for row in engine.world().missions] == [OTHER]


def test_W_C11_W_C8_an_item_that_marks_others_delivered_in_the_workspace_delivers_none_of_them(fleet: Fleet) -> None:
    engine = running(fleet, OTHER)
    path = fleet.root / PLACE.format("PGM-002", "PRJ-003")
    text = path.read_text("utf-8").replace("### B002", "<!-- here --> \n### B002")
    path.write_text(text.replace("Status: [ ]", "Status: [x]"), "utf-8")
    done(engine.ask(requests.SuspendItem("later", OTHER)))
    said = engine.ask(requests.MoveProject("close", "PRJ-003", "PGM-002"))
    assert isinstance(said, Refusal)
    assert fleet.merges() == []


@pytest.mark.parametrize(
    ("level", "action", "given"),
    [
        ("enterprise", "backlog_start_item", {}),
        ("enterprise", "program_start_project", {}),
        ("program", "parallel_close_item", {"item_id": "B001"}),
        ("project", "enterprise_start_program", {}),
        ("mission", "program_fail_project", {"reason": "x"}),
        ("mission", "backlog_fail_item", {"reason": "x"}),
    ],
)
def test_W_G10_a_level_acts_on_the_one_below_and_on_no_other(
    fleet: Fleet, level: str, action: str, given: dict[str, str]
) -> None:
    caller = Caller("agent", level)  # type: ignore[arg-type]
    assert refused(perform(fleet.engine(), action, given, caller)).code == "WRONG_LEVEL"


@pytest.mark.parametrize(
    "action", ["resolve_escalation", "backlog_waive_item", "enterprise_set_budget", "program_reopen_project"]
)
def test_W_G11_W49_a_persons_word_is_not_an_agents(fleet: Fleet, action: str) -> None:
    assert refused(perform(fleet.engine(), action, {}, Caller("agent", "enterprise"))).code == "NEEDS_PERSON"


def test_W_C4_W45_two_programs_side_by_side_are_healthy_and_repair_does_nothing(fleet: Fleet) -> None:
    engine = running(fleet, FIRST, OTHER)
    before = {path: path.read_bytes() for path in (fleet.root / ".opencode").rglob("*.md")}
    assert [row.code for row in doctor.examine(engine) if row.severity != "info"] == []
    doctor.repair(engine)
    assert {path: path.read_bytes() for path in (fleet.root / ".opencode").rglob("*.md")} == before
