"""Programs and projects, case by case: what the model machine found first, and what it cannot say in a few words."""

from __future__ import annotations

import pytest

import portfolio_texts as portfolios
import worlds
from echelon.core import evidence_log, report
from echelon.core import requests as ask
from echelon.core.documents.sections import Option
from echelon.core.model import EVIDENCE
from portfolio_texts import Disk, node

ONE, TWO = ".opencode/programs/PGM-001", ".opencode/programs/PGM-002"
OPTIONS = (Option("a", "b", "c"), Option("d", "e", "f"))


def escalation(context: str, level: ask.Level, scope: str, about: str | None = None) -> ask.RecordEscalation:
    return ask.RecordEscalation(context, "tried", OPTIONS, "which?", about, level, scope)


def running(**settings: object) -> Disk:
    """PGM-001 and PRJ-001 started side by side with whatever else may run."""
    disk = Disk(portfolios.two_programs(**settings))
    disk.program("start", "PGM-001", parallel=True)
    disk.project("start", "PRJ-001", "PGM-001", parallel=True)
    return disk


@pytest.mark.parametrize("verb", ["resume", "reopen", "waive"])
def test_without_a_name_the_active_one_is_meant_and_the_table_still_rules(verb: ask.Verb) -> None:
    disk = running()
    assert disk.refused(ask.MoveProject(verb, None, "PGM-001", "why")).code == "TRANSITION_REFUSED"
    assert disk.refused(ask.MoveProgram(verb, None, "why")).code == "TRANSITION_REFUSED"


def test_a_key_of_one_project_is_never_an_item_of_another() -> None:
    disk = running()
    disk.program("start", "PGM-002", parallel=True)
    disk.project("start", "PRJ-003", "PGM-002", parallel=True)
    other = ask.StartItem(worlds.BASE, "PGM-001/PRJ-001/B001", "PGM-002/PRJ-003", parallel=True)
    assert disk.refused(other).code == "ITEM_UNKNOWN"
    disk.start("PGM-002/PRJ-003/B001")
    assert disk.refused(ask.FailItem("no", "PGM-001/PRJ-001/B001", "PGM-002/PRJ-003")).code == "ITEM_UNKNOWN"


@pytest.mark.parametrize(
    "asked", [ask.StartItem(worlds.BASE, None, "PGM-009/PRJ-001"), ask.FailItem("no", "PGM-001/PRJ-9/B001")]
)
def test_a_project_that_does_not_exist_is_not_the_one_in_front(asked: ask.Request) -> None:
    disk = running()
    disk.start("PGM-001/PRJ-001/B001")
    assert disk.refused(asked).code == "PROJECT_UNKNOWN"


def test_a_reopened_item_project_or_program_is_waived_no_longer() -> None:
    disk = running()
    disk.start("PGM-001/PRJ-001/B001")
    disk.done(ask.FailItem("no", "PGM-001/PRJ-001/B001"))
    disk.done(ask.WaiveItem("PGM-001/PRJ-001/B001", "for now"))
    disk.done(ask.ReopenItem("PGM-001/PRJ-001/B001", "again"))
    disk.start("PGM-001/PRJ-001/B001")
    disk.done(ask.FailItem("no", "PGM-001/PRJ-001/B001"))
    second = ask.StartItem(worlds.BASE, "PGM-001/PRJ-001/B002", parallel=True)
    assert disk.refused(second).code == "DEPENDENCY_FAILED"
    for verb in ("fail", "waive", "reopen"):
        disk.project(verb, "PRJ-001", "PGM-001")
    assert not disk.world().portfolio.programs[0].projects[0].entry.waived
    for verb in ("fail", "waive", "reopen"):
        disk.program(verb, "PGM-001")
    assert not disk.world().portfolio.programs[0].entry.waived
    assert "for now" in disk.files[f"{ONE}/projects/PRJ-001/project.md"]


# ------------------------------------------------------------------------------------- sequential and parallel


def test_W59_a_program_started_in_parallel_gets_no_working_copies_from_a_sequential_start() -> None:
    disk = Disk(portfolios.two_programs())
    disk.program("start", "PGM-001", parallel=True)
    disk.project("start", "PRJ-001", "PGM-001")
    assert ".opencode/backlog.md" not in disk.files


@pytest.mark.parametrize("files", [portfolios.one_program(), portfolios.two_programs()], ids=["program", "enterprise"])
def test_W59_working_copies_go_back_when_a_second_project_runs_beside(files: worlds.Files) -> None:
    """Else the copies of the first would be taken for those of the second, once only that one runs."""
    files = {path: text.replace("Depends on: PRJ-001\n", "Depends on: —\n") for path, text in files.items()}
    disk = Disk(files)
    if ".opencode/enterprise.md" in files:
        disk.program("start", "PGM-001")
    disk.project("start", "PRJ-001")
    disk.files[".opencode/backlog.md"] += "\nby hand\n"
    disk.project("start", "PRJ-002", parallel=True)
    disk.project("suspend", "PRJ-001")
    second = next(row for row in disk.world().portfolio.projects() if row.id == "PRJ-002")
    assert second.backlog is not None
    assert "by hand" not in second.backlog.text
    first = next(row for row in disk.world().portfolio.projects() if row.id == "PRJ-001")
    assert "by hand" in disk.files[first.files.backlog]


def test_W59_the_working_program_goes_back_when_a_second_one_runs_beside() -> None:
    disk = Disk(portfolios.two_programs())
    disk.program("start", "PGM-001")
    disk.project("start", "PRJ-001")
    disk.program("start", "PGM-002", parallel=True)
    disk.program("suspend", "PGM-001")
    assert [row.id for row in disk.world().portfolio.programs[1].projects] == ["PRJ-003"]
    assert ".opencode/program.md" not in disk.files
    assert ".opencode/backlog.md" not in disk.files


def test_files_that_never_were_copies_of_each_other_are_not_taken_for_it() -> None:
    """A person changes the markers by hand, so the files in front are of a project that runs no more."""
    disk = Disk(portfolios.one_program())
    disk.project("start", "PRJ-001")
    text = disk.files[".opencode/program.md"]
    disk.files[".opencode/program.md"] = text.replace("[/]", "[x]").replace("[ ]", "[/]")
    disk.files[".opencode/backlog.md"] += "\nby hand\n"
    asked = ask.StartItem(worlds.BASE, "PRJ-002/B002", parallel=True)
    assert disk.refused(asked).code == "COPIES_DIVERGED"
    assert disk.files[".opencode/projects/PRJ-002/backlog.md"] == portfolios.backlog(portfolios.item("B002"))


def test_W10_files_of_nobody_are_not_those_of_a_project_that_runs_where_it_is_stored() -> None:
    disk = Disk({**portfolios.one_program(), ".opencode/spec.md": "# Old\n", ".opencode/backlog.md": "# Old\n"})
    assert disk.refused(ask.MoveProject("start", "PRJ-001")).code == "WORKING_FILES_IN_THE_WAY"
    disk.project("start", "PRJ-001", parallel=True)
    disk.deliver("PRJ-001/B001")
    disk.project("close", "PRJ-001")
    assert disk.files[".opencode/backlog.md"] == disk.files[".opencode/spec.md"] == "# Old\n"


def test_a_stored_file_that_was_edited_before_the_start_is_as_good_as_any() -> None:
    """Its own last write of ours is older than that of its working copy, and nobody edited two of them."""
    disk = Disk(portfolios.one_program())
    disk.files[".opencode/projects/PRJ-001/backlog.md"] += "\nbefore\n"
    disk.project("start", "PRJ-001")
    disk.files[".opencode/backlog.md"] += "\nafter\n"
    disk.start("PRJ-001/B001", parallel=False)
    assert "before\n\nafter" in disk.files[".opencode/projects/PRJ-001/backlog.md"]


def test_W16_a_program_in_mid_flight_has_its_project_in_front_again() -> None:
    disk = Disk(portfolios.two_programs())
    disk.program("start", "PGM-001")
    disk.project("start", "PRJ-001")
    disk.start("PGM-001/PRJ-001/B001", parallel=False)
    active = disk.files[".opencode/backlog-item-active.md"]
    disk.program("suspend", "PGM-001")
    assert not [path for path in disk.files if path in (".opencode/backlog.md", ".opencode/backlog-item-active.md")]
    disk.program("resume", "PGM-001")
    disk.program("start", "PGM-001")
    assert disk.files[".opencode/backlog.md"] == disk.files[f"{ONE}/projects/PRJ-001/backlog.md"]
    assert disk.files[".opencode/backlog-item-active.md"] == active
    assert disk.world().scope == "PGM-001/PRJ-001"


# ------------------------------------------------------------------------------------------------- capacity


def test_W56_W_C3_what_was_in_flight_takes_a_slot_again_only_when_there_is_one() -> None:
    disk = running(budget=1)
    disk.start("PGM-001/PRJ-001/B001")
    disk.project("suspend", "PRJ-001", "PGM-001")
    disk.program("start", "PGM-002", parallel=True)
    disk.project("start", "PRJ-003", "PGM-002", parallel=True)
    disk.start("PGM-002/PRJ-003/B001")
    disk.project("resume", "PRJ-001", "PGM-001")
    again = ask.MoveProject("start", "PRJ-001", "PGM-001", parallel=True)
    assert disk.refused(again).code == "CAPACITY_REACHED"
    disk.program("suspend", "PGM-001")
    disk.program("resume", "PGM-001")
    disk.program("start", "PGM-001", parallel=True)  # its project is pending, so nothing of it counts yet
    disk.done(ask.FailItem("no", "PGM-002/PRJ-003/B001"))
    disk.done(again)
    assert disk.world().portfolio.used == 1
    disk.program("suspend", "PGM-001")
    disk.program("resume", "PGM-001")
    disk.done(ask.ReopenItem("PGM-002/PRJ-003/B001", "again"))
    disk.start("PGM-002/PRJ-003/B001")
    assert disk.refused(ask.MoveProgram("start", "PGM-001", parallel=True)).code == "CAPACITY_REACHED"


def test_a_budget_below_what_was_in_flight_never_locks_a_project_out() -> None:
    disk = running(budget=2)
    disk.files[f"{ONE}/projects/PRJ-001/backlog.md"] += portfolios.item("B003")
    disk.start("PGM-001/PRJ-001/B001")
    disk.start("PGM-001/PRJ-001/B003")
    disk.project("suspend", "PRJ-001", "PGM-001")
    disk.done(ask.SetBudget(1, "less"))
    disk.project("resume", "PRJ-001", "PGM-001")
    disk.project("start", "PRJ-001", "PGM-001", parallel=True)
    assert disk.refused(ask.StartItem(worlds.BASE, None, "PGM-001/PRJ-001", parallel=True)).code == "CAPACITY_REACHED"


def test_a_full_limit_names_what_holds_it() -> None:
    """Who was called anew, after its session or the brain had ended, learns only from the refusal what to go on with."""
    disk = running(budget=3)
    disk.files[f"{ONE}/projects/PRJ-001/backlog.md"] += portfolios.item("B003")
    disk.start("PGM-001/PRJ-001/B001")
    disk.start("PGM-001/PRJ-001/B003")
    full = disk.refused(ask.StartItem(worlds.BASE, None, "PGM-001/PRJ-001", parallel=True, limit=2))
    assert full.code == "CAPACITY_REACHED"
    assert [reason.partition("taken: ")[2] for reason in full.reasons] == ["B001, B003"]
    assert full.next_step.startswith("close what is in flight")


# ------------------------------------------------------------------------------------------------- refusals


def test_a_named_project_or_program_that_cannot_start_is_refused_with_the_code_of_the_reason() -> None:
    disk = running()
    asked = ask.MoveProject("start", "PRJ-002", "PGM-001", parallel=True)
    assert disk.refused(asked).code == "DEPENDENCY_UNMET"
    files = portfolios.two_programs()
    del files[f"{TWO}/program.md"]
    del files[f"{ONE}/projects/PRJ-001/spec.md"]
    disk = Disk(files)
    assert disk.refused(ask.MoveProgram("start", "PGM-002")).code == "STORED_PROGRAM_MISSING"
    disk.program("start", "PGM-001")
    assert disk.refused(ask.MoveProject("start", "PRJ-001")).code == "STORED_PROJECT_MISSING"
    disk.files[".opencode/backlog.md"] = "# somebody's\n"
    disk.files[f"{ONE}/projects/PRJ-001/spec.md"] = "# Spec\n"
    assert disk.refused(ask.MoveProject("start", "PRJ-001")).code == "WORKING_FILES_IN_THE_WAY"


@pytest.mark.parametrize("context", ["PRJ-001 is stuck", "PGM-001: no"])
def test_an_id_of_another_level_does_not_narrow_what_an_escalation_holds(context: str) -> None:
    disk = running()
    disk.done(escalation(context, "project", "PGM-001/PRJ-001"))
    asked = ask.StartItem(worlds.BASE, "PGM-001/PRJ-001/B001", parallel=True)
    assert disk.refused(asked).code == "ESCALATION_PENDING"


@pytest.mark.parametrize("asked", [
    ask.StartItem(worlds.BASE, "PGM-001/PRJ-001/B002", parallel=True), ask.FailItem("no", "PGM-001/PRJ-001/B001"),
    ask.MoveProject("suspend", "PRJ-001", "PGM-001", "why"), ask.MoveProgram("suspend", "PGM-001", "why"),
    escalation("help", "project", "PGM-001/PRJ-001", "B001"),
], ids=lambda asked: type(asked).__name__)  # fmt: skip
def test_nothing_is_decided_on_copies_that_a_person_edited_differently(asked: ask.Request) -> None:
    disk = Disk(portfolios.two_programs())
    disk.program("start", "PGM-001")
    disk.project("start", "PRJ-001")
    disk.start("PGM-001/PRJ-001/B001", parallel=False)
    stored = f"{ONE}/projects/PRJ-001/backlog.md"
    disk.files[".opencode/backlog.md"] += "\nmine\n"
    disk.files[stored] += "\ntheirs\n"
    refused = disk.refused(asked)
    assert refused.code == "COPIES_DIVERGED"
    assert stored in str(refused)
    for path in (".opencode/backlog.md", stored, ".opencode/projects/PRJ-001/backlog.md"):
        disk.files[path] = disk.files[stored]
    assert not disk.world().diverged
    if not isinstance(asked, ask.StartItem):
        disk.done(asked)


def test_a_project_whose_path_is_refused_says_so_and_the_others_go_on() -> None:
    files = portfolios.one_program(node("PRJ-001", path="../outside"), node("PRJ-002"))
    disk = Disk(files)
    assert disk.refused(ask.MoveProject("start", "PRJ-001")).code == "STORAGE_PATH_INVALID"
    assert disk.done(ask.MoveProject("start")).data["project"] == "PRJ-002"
    disk.files[".opencode/program.md"] = disk.files[".opencode/program.md"].replace("[ ]", "[/]", 1)
    asked = ask.StartItem(worlds.BASE, "PRJ-001/B001", parallel=True)
    assert disk.refused(asked).code == "STORAGE_PATH_INVALID"
    disk.start("PRJ-002/B002")


def test_evidence_is_rolled_up_to_the_enterprise_each_level_by_the_digests_below() -> None:
    """Item, project, program, enterprise: the last program that closes closes the enterprise's statement too."""
    disk = running()
    disk.program("start", "PGM-002", parallel=True)
    disk.project("start", "PRJ-003", "PGM-002", parallel=True)
    for key in ("PGM-001/PRJ-001/B001", "PGM-001/PRJ-001/B002", "PGM-002/PRJ-003/B001", "PGM-002/PRJ-003/B002"):
        disk.deliver(key)
    disk.project("close", "PRJ-001", "PGM-001")
    disk.project("start", "PRJ-002", "PGM-001", parallel=True)
    disk.deliver("PGM-001/PRJ-002/B001")
    disk.project("close", "PRJ-002", "PGM-001")
    disk.project("close", "PRJ-003", "PGM-002")
    disk.program("close", "PGM-001")
    disk.program("close", "PGM-002")
    records, problems = evidence_log.read(disk.files[EVIDENCE])
    assert not problems
    closed = {(row["kind"], row["body"].get("project") or row["body"].get("program")): row for row in records}
    top = closed["enterprise_closing", None]
    assert top is records[-1]
    for program in top["body"]["programs"]:
        below = closed["program_closing", program["program"]]
        assert program["closing"] == below["digest"]
        for project in below["body"]["projects"]:
            assert project["closing"] == closed["project_closing", project["project"]]["digest"]
    items = [item for row in records if row["kind"] == "project_closing" for item in row["body"]["items"]]
    assert len(items) == 5 and all(item["evidence"] in {row["digest"] for row in records} for item in items)


@pytest.mark.parametrize(
    ("depends", "marker", "words", "lever"),
    [
        ((), "x", "it is delivered", ""),
        ((), "-", "it failed", "reopen it"),
        ((), "~", "it is suspended", "resume it"),
        (("PGM-001",), " ", "it waits for PGM-001", "finish PGM-001"),
    ],
)
def test_a_program_that_takes_no_part_is_told_why_and_what_lets_it(
    depends: tuple[str, ...], marker: str, words: str, lever: str
) -> None:
    files = dict(portfolios.two_programs())
    rows = node("PGM-001", priority=1), node("PGM-002", depends, marker=marker)
    files[".opencode/enterprise.md"] = portfolios.enterprise(*rows, budget=1)
    told = report.why(Disk(files).world(), "PGM-002")
    assert told and (told["why"], told["words"]) == ("paused", words)
    assert [row["text"].split(" and ")[0].split(",")[0] for row in told["levers"]][:1] == ([lever] if lever else [])


def test_a_program_that_a_decision_holds_is_told_which() -> None:
    disk = running()
    disk.done(escalation("which way", "enterprise", "", "PGM-002"))
    told = report.why(disk.world(), "PGM-002")
    assert told and told["words"].startswith("it waits for a person to decide ESC-")
    assert all(row["text"].startswith("decide ESC-") for row in told["levers"])


def test_a_program_without_a_file_is_told_to_be_mended() -> None:
    disk = Disk(portfolios.two_programs())
    del disk.files[f"{TWO}/program.md"]
    told = report.why(disk.world(), "PGM-002")
    assert told and "program.md is missing" in told["words"] and "echelon doctor" in told["levers"][0]["text"]
