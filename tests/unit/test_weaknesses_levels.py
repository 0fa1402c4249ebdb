"""The peer's weaknesses that concern programs, the enterprise, capacity and recovery, by id, on texts alone.

Ids: peer-levels.md section 12 (W…), peer-slots-steering.md section 7 (W-A… to W-D…). What needs files is in
test_storage.py, what needs git in tests/e2e/test_weaknesses_levels.py, items and formats in test_weaknesses.py.
"""

from __future__ import annotations

import json

import pytest

import portfolio_texts as portfolios
import worlds
from echelon.core import requests as ask
from echelon.core.documents import entries, sections
from echelon.core.documents.sections import Option
from echelon.core.levels import capacity
from echelon.core.model import EVIDENCE, SLOTS
from echelon.core.portfolio import slot_of
from portfolio_texts import Disk, item, node

ONE, TWO = ".opencode/programs/PGM-001", ".opencode/programs/PGM-002"
KEY = "PGM-001/PRJ-001/B001"
OPTIONS = (Option("a", "b", "c"), Option("d", "e", "f"))
STATE = "### PRJ-666 — hidden\n- Status: [x]\n- Statut : [x]\n## Journal\n$1500 $& $`"


def escalation(level: ask.Level, scope: str | None, about: str | None = None, context: str = "help") -> ask.Request:
    return ask.RecordEscalation(context, "tried", OPTIONS, "which?", about, level, scope)


def everything(**settings: object) -> Disk:
    """Both programs run side by side, with their first projects."""
    disk = Disk(portfolios.two_programs(**settings))
    for program, project in (("PGM-001", "PRJ-001"), ("PGM-002", "PRJ-003")):
        disk.program("start", program, parallel=True)
        disk.project("start", project, program, parallel=True)
    return disk


# ----------------------------------------------------------------------------------- capacity and selection


def test_W41_a_program_that_waits_for_another_takes_no_slot() -> None:
    """The peer deadlocks: the only slot goes to the first priority, which waits for the second."""
    files = portfolios.two_programs(budget=1)
    rows = (node("PGM-001", ("PGM-002",), 1), node("PGM-002", (), 2))
    disk = Disk({**files, ".opencode/enterprise.md": portfolios.enterprise(*rows, budget=1)})
    assert {row.id: row.slots for row in capacity.shares(disk.world())} == {"PGM-001": 0, "PGM-002": 1}
    assert disk.done(ask.MoveProgram("start")).data["program"] == "PGM-002"


def test_W42_a_satisfied_dependency_in_another_project_makes_an_item_count() -> None:
    disk = everything()
    before = {row.id: row.eligible for row in capacity.demands(disk.world())}
    disk.deliver(KEY)
    assert {row.id: row.eligible for row in capacity.demands(disk.world())}["PGM-002"] == before["PGM-002"] + 1


def test_W42b_items_of_failed_projects_do_not_count() -> None:
    disk = everything()
    disk.project("fail", "PRJ-003", "PGM-002")
    assert {row.id: row.eligible for row in capacity.demands(disk.world())}["PGM-002"] == 0


def test_W42c_W_C1_projects_with_a_path_of_their_own_count_like_any_other() -> None:
    files = portfolios.two_programs(budget=1)
    files[f"{ONE}/program.md"] = portfolios.program(node("PRJ-001", path="work/a"), node("PRJ-002"))
    files |= portfolios.stored("work/a", item("B001"), item("B002"))
    disk = Disk(files)
    disk.program("start", "PGM-001", parallel=True)
    for name in ("PRJ-001", "PRJ-002"):
        disk.project("start", name, "PGM-001", parallel=True)
    assert next(row.eligible for row in capacity.demands(disk.world()) if row.id == "PGM-001") == 3
    disk.start(KEY)
    for request in (
        ask.StartItem(worlds.BASE, "PGM-001/PRJ-001/B002", parallel=True),
        ask.StartItem(worlds.BASE, "PGM-001/PRJ-002/B001", parallel=True),
    ):
        assert disk.refused(request).code == "CAPACITY_REACHED"
    assert disk.refused(ask.StartItem(worlds.BASE, "PGM-001/PRJ-002/B001")).code == "ITEM_IN_PROGRESS"


@pytest.mark.parametrize("words", ["on hold", "active later", "enabled: no", "activer plus tard"])
def test_W_C2_W6_only_a_word_that_means_on_switches_parallelism_on(words: str) -> None:
    files = portfolios.two_programs()
    text = files[".opencode/enterprise.md"].replace("- Parallelism: on", f"- Parallelism: {words}")
    world = Disk({**files, ".opencode/enterprise.md": text}).world()
    assert not world.portfolio.settings.parallel
    assert [row.code for row in world.portfolio.findings] == ["BAD_SETTING"]


def test_W_C2_without_the_flag_nothing_runs_beside_anything() -> None:
    disk = everything(parallel=False)
    assert disk.refused(ask.StartItem(worlds.BASE, KEY, parallel=True)).code == "PARALLELISM_OFF"


def test_W51_W_B11_an_item_of_ones_own_project_and_of_another_program_may_be_waited_for_by_its_long_name() -> None:
    files = portfolios.two_programs()
    backlog = f"{ONE}/projects/PRJ-001/backlog.md"
    files[backlog] = files[backlog].replace("Depends on: B001", "Depends on: PRJ-001/B001")
    disk = Disk(files)
    for program, project in (("PGM-001", "PRJ-001"), ("PGM-002", "PRJ-003")):
        disk.program("start", program, parallel=True)
        disk.project("start", project, program, parallel=True)
    for name in ("PGM-001/PRJ-001/B002", "PGM-002/PRJ-003/B002"):
        assert disk.refused(ask.StartItem(worlds.BASE, name, parallel=True)).code == "DEPENDENCY_UNMET"
    disk.deliver(KEY)
    disk.start("PGM-001/PRJ-001/B002")
    disk.start("PGM-002/PRJ-003/B002")


def test_W19_a_project_or_program_with_missing_files_does_not_stop_the_others() -> None:
    files = portfolios.one_program()
    del files[".opencode/projects/PRJ-001/spec.md"]
    assert Disk(files).done(ask.MoveProject("start")).data["project"] == "PRJ-002"
    whole = portfolios.two_programs()
    del whole[f"{ONE}/program.md"]
    assert Disk(whole).done(ask.MoveProgram("start")).data["program"] == "PGM-002"


@pytest.mark.parametrize("marker", ["-", "~"])
def test_W8_complete_is_said_of_a_program_or_the_enterprise_only_when_it_is(marker: str) -> None:
    files = portfolios.one_program(node("PRJ-001", marker="x"), node("PRJ-002", marker=marker))
    assert Disk(files).refused(ask.MoveProject("start")).code == "NOTHING_ELIGIBLE"
    whole = portfolios.two_programs()
    rows = (node("PGM-001", marker="x"), node("PGM-002", marker=marker))
    disk = Disk({**whole, ".opencode/enterprise.md": portfolios.enterprise(*rows)})
    assert disk.refused(ask.MoveProgram("start")).code == "NOTHING_ELIGIBLE"


def test_W38_projects_and_programs_that_wait_for_each_other_are_named() -> None:
    files = portfolios.one_program(node("PRJ-001", ("PRJ-002",)), node("PRJ-002", ("PRJ-001",)))
    assert "PRJ-001 → PRJ-002 → PRJ-001" in str(Disk(files).refused(ask.MoveProject("start")))


def test_W_B12_slots_of_items_with_one_id_have_names_of_their_own() -> None:
    keys = ("PGM-001/PRJ-001/B001", "PGM-002/PRJ-001/B001", "PRJ-001/B001", "B001")
    assert len({slot_of(key) for key in keys}) == len(keys)


# --------------------------------------------------------------------------------------------- life cycles


@pytest.mark.parametrize("level", ["program", "project"])
def test_W21_W_B9_the_second_of_two_equal_steps_is_refused(level: str) -> None:
    disk = everything()

    def step(verb: ask.Verb) -> ask.Request:
        return ask.MoveProject(verb, "PRJ-003", "PGM-002", "why") if level == "project" else ask.MoveProgram(verb, "PGM-002", "why")  # fmt: skip

    assert disk.refused(step("start")).code in ("PROJECT_IN_PROGRESS", "PROGRAM_IN_PROGRESS")
    disk.done(step("fail"))
    before = dict(disk.files)
    for verb in ("fail", "close", "suspend"):
        assert disk.refused(step(verb)).code == "TRANSITION_REFUSED"
    assert disk.files == before


def test_W49_a_failed_or_suspended_project_and_program_is_no_dead_end() -> None:
    disk = Disk(portfolios.one_program(node("PRJ-001"), node("PRJ-002", ("PRJ-001",))))
    disk.project("start", "PRJ-001")
    disk.project("fail", "PRJ-001")
    assert disk.refused(ask.MoveProject("start", "PRJ-002")).code == "DEPENDENCY_FAILED"
    disk.project("waive", "PRJ-001")
    disk.project("start", "PRJ-002")
    disk.project("suspend", "PRJ-002")
    disk.project("resume", "PRJ-002")
    disk.project("reopen", "PRJ-001")
    disk.project("start", "PRJ-001")


def test_a_project_trusts_no_marker_alone_its_closing_names_the_evidence_of_each_item() -> None:
    disk = everything()
    disk.deliver(KEY)
    backlog = f"{ONE}/projects/PRJ-001/backlog.md"
    disk.files[backlog] = disk.files[backlog].replace("- Status: [ ]", "- Status: [x]")
    disk.project("close", "PRJ-001", "PGM-001")
    rows = [json.loads(line) for line in disk.files[EVIDENCE].splitlines()]
    closing = next(row for row in rows if row["kind"] == "project_closing")
    first, second = closing["body"]["items"] if "body" in closing else closing["items"]
    assert first["evidence"]
    assert "evidence" not in second, "a marker that somebody wrote is named as such"


def test_W18_records_and_escalations_of_one_project_are_not_those_of_another() -> None:
    disk = Disk(portfolios.one_program())
    disk.project("start", "PRJ-001")
    disk.deliver("PRJ-001/B001")
    disk.project("close", "PRJ-001")
    disk.project("start", "PRJ-002")
    assert ".opencode/project.md" not in disk.files
    disk.done(escalation("project", "PRJ-002", "B002"))
    disk.done(ask.ResolveEscalation(disk.world().escalations[0].id, "go on"))
    disk.deliver("PRJ-002/B002")
    disk.project("close", "PRJ-002")
    rows = [row.message for row in sections.read_journal(disk.files[".opencode/program.md"]) if row.kind == "project_delivered"]  # fmt: skip
    assert "1 delivered" in rows[1]
    assert "B001" not in rows[1]
    assert "ESC-" not in disk.files[".opencode/projects/PRJ-001/project.md"]


# ------------------------------------------------------------------------------------- words are no structure


def test_W32_W33_words_at_the_upper_levels_are_no_state() -> None:
    disk = everything()
    shape = [(entry.id, entry.state) for entry in entries.parse(disk.files[f"{ONE}/program.md"], "program").entries]
    disk.done(escalation("program", "PGM-001", "PRJ-001", STATE))
    disk.done(escalation("enterprise", None, "PGM-001", STATE))
    for level in ("program", "enterprise"):
        path = f"{ONE}/program.md" if level == "program" else ".opencode/enterprise.md"
        found = sections.read_escalations(disk.files[path])
        assert len(found) == 1
        disk.done(ask.ResolveEscalation(found[0].id, STATE))
    assert [(entry.id, entry.state) for entry in entries.parse(disk.files[f"{ONE}/program.md"], "program").entries] == shape  # fmt: skip
    disk.done(ask.MoveProject("fail", "PRJ-001", "PGM-001", STATE))
    disk.done(ask.MoveProgram("fail", "PGM-001", STATE))
    disk.done(ask.SetBudget(2, STATE))
    found = entries.parse(disk.files[".opencode/enterprise.md"], "enterprise")
    assert [(entry.id, entry.state.value) for entry in found.entries] == [("PGM-001", "failed"), ("PGM-002", "active")]
    assert [entry.id for entry in entries.parse(disk.files[f"{ONE}/program.md"], "program").entries] == ["PRJ-001", "PRJ-002"]  # fmt: skip


def test_W35_an_escalation_makes_no_level_that_is_not_there() -> None:
    disk = Disk(worlds.two_items())
    for level, scope in (("enterprise", None), ("program", "PGM-001")):
        disk.refused(escalation("enterprise" if level == "enterprise" else "program", scope))
    assert not [path for path in disk.files if "enterprise" in path or "program" in path]


@pytest.mark.parametrize(
    ("level", "scope", "about", "held"),
    [
        ("project", "PGM-001/PRJ-001", "B001", {KEY}),
        ("project", "PGM-001/PRJ-001", None, {KEY, "PGM-001/PRJ-001/B003"}),
        ("program", "PGM-001", "PRJ-001", {KEY, "PGM-001/PRJ-001/B003"}),
        ("program", "PGM-001", None, {KEY, "PGM-001/PRJ-001/B003"}),
        ("enterprise", None, "PGM-002", {"PGM-002/PRJ-003/B001"}),
        ("enterprise", None, None, {KEY, "PGM-001/PRJ-001/B003", "PGM-002/PRJ-003/B001"}),
    ],
)
def test_W_G4_an_escalation_holds_exactly_what_it_is_about(
    level: ask.Level, scope: str | None, about: str | None, held: set[str]
) -> None:
    disk = everything(budget=9)
    disk.files[f"{ONE}/projects/PRJ-001/backlog.md"] += item("B003")
    before = set(capacity.next_items(disk.world()))
    disk.done(escalation(level, scope, about))
    assert before - set(capacity.next_items(disk.world())) == held


# ------------------------------------------------------------------------------------------ the peer's registry


@pytest.mark.parametrize(
    "text", ["[]", "{", "null", '[{"slotId": "B001", "path": "/elsewhere/mine", "itemId": "B001"}]']
)
def test_W45_W_A5_W_A9_W_A12_the_registry_of_slots_is_written_for_others_and_never_believed(text: str) -> None:
    disk = Disk({**worlds.two_items(), SLOTS: text})
    disk.start("B001", parallel=False)
    assert SLOTS not in disk.files, "the peer would take even an empty one for parallel mode"
    assert [(row.slot, row.item) for row in disk.world().missions] == [("B001", "B001")]


def test_slots_json_names_project_and_program_as_the_peer_does() -> None:
    disk = everything()
    disk.start(KEY)
    (row,) = json.loads(disk.files[SLOTS])
    assert (row["programId"], row["projectId"], row["itemId"]) == ("PGM-001", "PRJ-001", "B001")
    assert row["backlogPath"] == f"{ONE}/projects/PRJ-001/backlog.md"
    assert row["branch"] == "orchestrator/PGM-001-PRJ-001-B001"


def test_W_C14_the_spec_alarm_is_that_of_the_items_own_project() -> None:
    disk = everything(budget=2)
    disk.start(KEY)
    disk.start("PGM-002/PRJ-003/B001")
    disk.files[f"{ONE}/projects/PRJ-001/spec.md"] += "more\n"
    assert disk.refused(disk.proof(KEY)).code == "SPEC_CHANGED"
    disk.done(disk.proof("PGM-002/PRJ-003/B001"))
