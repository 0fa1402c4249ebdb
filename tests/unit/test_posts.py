"""What sessions are about: who was called for what, and what a level waits for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

import opencode_portfolios as portfolios
import worlds
from echelon.core import briefing, calling, loops, posts
from echelon.core import requests as ask
from echelon.core.decide import Decision, Refusal
from echelon.core.documents.sections import Option
from echelon.core.levels import capacity, decide, holding
from echelon.core.loops import Loop
from echelon.core.model import CONTEXT, World
from echelon.core.posts import Post
from workspaces import backlog, wants

OPTIONS = (Option("a", "-", "-"), Option("b", "-", "-"))
NOW = "2026-07-01T10:00:00.000Z"
LATER = "2026-07-01T11:00:00.000Z"
RUNNING = {"PGM-001": "/", "PGM-001/PRJ-001": "/", "PGM-001/PRJ-002": "/"}
PROGRAM = Post("program", "PGM-001")
PROJECT = Post("project", "PGM-001/PRJ-001")


def texts(parallel: bool = True, states: Mapping[str, str] = RUNNING, *starts: str) -> worlds.Files:
    """The portfolio with these running, and the items of these keys in flight."""
    found: worlds.Files = portfolios.files(parallel, states=states)
    for key in starts:
        scope, _, name = key.rpartition("/")
        found = worlds.ask(found, ask.StartItem(worlds.BASE, name, scope, True), NOW)
    return found


def world(parallel: bool = True, states: Mapping[str, str] = RUNNING, *starts: str) -> World:
    return worlds.world(texts(parallel, states, *starts))


TWO = ("PGM-001/PRJ-001/B001", "PGM-001/PRJ-002/B002")


@pytest.mark.parametrize(
    ("caller", "text", "about"),
    [
        (PROGRAM, "Deliver project PGM-001/PRJ-002.\nPRJ-001 is another's.", "PGM-001/PRJ-002"),
        (PROGRAM, "Please\ndo PRJ-002 now", "PGM-001/PRJ-002"),
        (PROGRAM, "Go.\n- backlog_path: .opencode/programs/PGM-001/projects/PRJ-002/backlog.md", "PGM-001/PRJ-002"),
        (dataclasses.replace(PROGRAM, started=("PGM-001/PRJ-002",)), "go", "PGM-001/PRJ-002"),
        (dataclasses.replace(PROGRAM, started=("PGM-001/PRJ-002",)), "PRJ-001 is done, do PRJ-002", "PGM-001/PRJ-002"),
        (Post("enterprise", ""), "the one that runs", "PGM-001"),
        (Post("enterprise", ""), "- program_file: .opencode/programs/PGM-001/program.md", "PGM-001"),
        (PROJECT, "B001, see PRJ-002/B002", "PGM-001/PRJ-001/B001"),
        (PROJECT, "look at src/B009.py and go", "PGM-001/PRJ-001/B001"),
        (Post("project"), "PGM-001/PRJ-002/B002: go", "PGM-001/PRJ-002/B002"),
    ],
)  # fmt: skip
def test_a_call_is_about_what_it_names_or_what_was_started(caller: Post, text: str, about: str) -> None:
    assert calling.call(world(True, RUNNING, *TWO), caller, text) == about


@pytest.mark.parametrize(
    ("caller", "text", "code"),
    [
        (PROGRAM, "go", "ITEM_AMBIGUOUS"),  # two run, and neither was started here
        (PROGRAM, "PRJ-001 and PRJ-002", "ITEM_AMBIGUOUS"),
        (PROGRAM, "PRJ-009", "PROJECT_UNKNOWN"),
        (PROGRAM, "PGM-002/PRJ-001", "WRONG_LEVEL"),
        (PROGRAM, "- backlog_path: .opencode/programs/PGM-002/projects/PRJ-001/backlog.md", "WRONG_LEVEL"),
        (PROGRAM, "- backlog_path: elsewhere/backlog.md", "PROJECT_UNKNOWN"),
        (Post("program", "PGM-002"), "PRJ-001", "PROJECT_NOT_ACTIVE"),
        (Post("program", "PGM-002"), "go", "PROJECT_NOT_ACTIVE"),
        (Post("enterprise", ""), "PGM-002", "PROGRAM_NOT_ACTIVE"),
        (Post("enterprise", ""), "PGM-003", "PROGRAM_UNKNOWN"),
        (PROJECT, "B002", "NOTHING_IN_PROGRESS"),
        (PROJECT, "B002 is like B009\nB001 is another's", "NOTHING_IN_PROGRESS"),
        (PROJECT, "PRJ-002/B002", "WRONG_LEVEL"),
        (PROJECT, "go\n- backlog_path: .opencode/programs/PGM-001/projects/PRJ-002/backlog.md", "WRONG_LEVEL"),
        (Post("project"), "B009", "ITEM_UNKNOWN"),
    ],
)
def test_a_call_for_what_is_not_the_callers_to_give_is_refused(caller: Post, text: str, code: str) -> None:
    """W-G10: levels are not skipped, and nobody is sent into another's work."""
    said = calling.call(world(True, RUNNING, *TWO), caller, text)
    assert isinstance(said, Refusal) and said.code == code and said.reasons and said.step


def test_a_session_that_was_called_stays_about_what_it_was_called_for() -> None:
    here, called = world(True, RUNNING, *TWO), posts.below("project", TWO[0])
    assert called == Post("mission", "PGM-001/PRJ-001", TWO[0])
    assert calling.still(here, PROJECT, called, "B001 again") is None
    other = calling.still(here, PROJECT, called, "now B002")
    assert other and other.code == "WRONG_LEVEL"
    over = calling.still(world(True, RUNNING, TWO[1]), PROJECT, called, "again")
    assert over and over.code == "NOTHING_IN_PROGRESS"


def test_what_nobody_called_is_about_the_only_one_that_runs_or_what_it_starts_first() -> None:
    assert posts.natural(world(), "program") == "PGM-001"
    assert posts.natural(world(), "project") is None and posts.natural(world(), "enterprise") == ""
    refused = posts.ambiguous(world())
    assert refused and len(refused.reasons) == 2 and "backlog_path" in refused.reasons[0]
    bound = posts.started(Post("project"), {"item": TWO[1]})
    assert bound == Post("project", "PGM-001/PRJ-002", started=(TWO[1],))
    assert posts.given_out(bound, TWO[1]).started == ()
    several = posts.started(
        Post("program"), {"projects": [{"project": "PGM-001/PRJ-001"}, {"project": "PGM-001/PRJ-002"}]}
    )
    assert several.scope == "PGM-001" and len(several.started) == 2
    alone = worlds.world({".opencode/spec.md": "# Spec — x\n", ".opencode/backlog.md": backlog(wants("B001"))})
    assert posts.natural(alone, "project") == "" and posts.place(alone, Post("project", "")) == ""


def test_posts_survive_the_disk_and_damage_binds_nothing() -> None:
    known = {
        "ses_1": PROGRAM,
        "ses_2": Post("mission", "PGM-001/PRJ-001", TWO[0]),
        "ses_3": Post("program", None, "", ("x",)),
    }
    assert posts.read(posts.write(known)) == known
    many = {f"ses_{number}": PROGRAM for number in range(posts.POSTS_MAX + 9)}
    assert (
        list(posts.read(posts.write(many)))[-1] == f"ses_{posts.POSTS_MAX + 8}"
        and len(posts.read(posts.write(many))) == posts.POSTS_MAX
    )
    for damaged in (
        "",
        None,
        "{",
        '{"posts": []}',
        '{"posts": {"a": 1, "b": {"level": "god"}, "c": {"level": "project", "scope": 5}}}',
    ):
        assert posts.read(damaged) == {}


# ----------------------------------------------------------------------------------------------------- verdicts


def loop(level: posts.LevelName, scope: str | None = None, item: str = "") -> Loop:
    return Loop("ses_1", level, "x", "all of it", 0.0, 1, item, scope)


DONE = dict.fromkeys(("PGM-001", "PGM-002", *portfolios.PROJECTS), "x")


def settled(found: worlds.Files, *projects: str) -> worlds.Files:
    paths = [f"{portfolios.folder(key)}/backlog.md" for key in projects]
    return {
        path: text.replace("- Status: [ ]", "- Status: [x]") if path in paths else text for path, text in found.items()
    }


@pytest.mark.parametrize(
    ("parallel", "states", "level", "scope", "said"),
    [
        (False, {}, "enterprise", None, "Next is PGM-001: enterprise_start_program."),
        (True, {}, "enterprise", None, "Next is PGM-001: enterprise_start_programs_parallel."),
        (False, {"PGM-001": "/"}, "enterprise", None, "PGM-001 runs: have a ProgramCommander"),
        (True, {"PGM-001": "/"}, "enterprise", None, "Next is PGM-002: enterprise_start_programs_parallel."),
        (False, {"PGM-001": "/"}, "program", None, "Next is PGM-001/PRJ-001: program_start_project."),
        (True, {"PGM-001": "/"}, "program", "PGM-001", "program_start_projects_parallel."),
        (True, RUNNING, "program", "PGM-001", "PGM-001/PRJ-002 runs: have a ProjectCommander"),
        (True, RUNNING, "project", "PGM-001/PRJ-002", "Next is B002: parallel_start_item."),
        (True, RUNNING, "project", None, "Several projects run; say which"),
        (True, {"PGM-001": "/", "PGM-002": "/"}, "program", None, "Several programs run; say which"),
    ],
)  # fmt: skip
def test_W_G8_a_level_names_the_tools_that_can_be_used_now(
    parallel: bool, states: Mapping[str, str], level: posts.LevelName, scope: str | None, said: str
) -> None:
    answer = loops.verdict(world(parallel, states), loop(level, scope))
    assert answer.state == "open" and said in answer.text, answer


def test_W_G1_a_level_is_done_when_all_below_is_settled_and_not_before() -> None:
    one = settled(texts(False, {"PGM-001": "/", "PGM-001/PRJ-001": "/"}), "PGM-001/PRJ-001")
    said = loops.verdict(worlds.world(one), loop("program", "PGM-001"))
    assert said.state == "open" and "PGM-001/PRJ-001 is complete: program_close_project." in said.text
    assert loops.verdict(worlds.world(one), loop("project", "PGM-001/PRJ-001")).state == "done"
    all_done = settled(texts(False, {**DONE, "PGM-002": "/"}), *portfolios.PROJECTS)
    here = worlds.world(all_done)
    assert loops.verdict(here, loop("program", "PGM-002")).code == "PROGRAM_COMPLETE"
    assert "PGM-002 is complete: enterprise_close_program." in loops.verdict(here, loop("enterprise")).text
    over = loops.verdict(worlds.world(settled(texts(False, DONE), *portfolios.PROJECTS)), loop("enterprise"))
    assert (over.state, over.code) == ("done", "ENTERPRISE_COMPLETE")


@pytest.mark.parametrize(
    ("level", "scope", "item", "stops"),
    [
        ("enterprise", None, None, ("enterprise", "program", "project")),
        ("enterprise", None, "PGM-001", ("program", "project")),
        ("program", "PGM-001", None, ("program", "project")),
        ("program", "PGM-001", "PRJ-001", ("project",)),
        ("project", "PGM-001/PRJ-001", None, ("project",)),
        ("project", "PGM-001/PRJ-002", "B002", ("project",)),
    ],
)
def test_W_G4_a_pending_escalation_stops_what_it_concerns_and_nothing_beside(
    level: ask.Level, scope: str | None, item: str | None, stops: tuple[str, ...]
) -> None:
    request = ask.RecordEscalation("which way", "-", OPTIONS, "a way", item, level, scope)
    about = {"enterprise": None, "program": "PGM-001", "project": scope if level == "project" else "PGM-001/PRJ-001"}
    here = worlds.world(worlds.ask(texts(), request, LATER))
    for name in posts.LEVELS[1:]:
        said = loops.verdict(here, loop(name, about[name]))
        assert (said.state == "waits") == (name in stops), (name, said)
        assert bool(said.code) == (name in stops) and (item == "B002" or said.code in ("", "ESCALATION_PENDING")), said


def test_a_project_that_waits_in_sequence_is_put_aside_for_the_next() -> None:
    states = {"PGM-001": "/", "PGM-001/PRJ-001": "/"}
    held = ask.RecordEscalation("which way", "-", OPTIONS, "a way", None, "project", "PGM-001/PRJ-001")
    here = worlds.world(worlds.ask(texts(False, states), held, LATER))
    said = loops.verdict(here, loop("program", "PGM-001"))
    assert said.state == "open" and "program_suspend_project puts it aside; then PGM-001/PRJ-002 can start" in said.text


# ------------------------------------------------------------------------------------------- a person's decision


ITEM, ASKED, DECIDED = "PGM-001/PRJ-001/B001", "From which day on?\n## no heading", "From the eighth."


def asked(*, decided: bool = True, item: str | None = "B001") -> worlds.Files:
    """B001 was in flight, its agent asked, and the person decided."""
    found = worlds.ask(texts(True, RUNNING, ITEM), _question(item), LATER)
    return worlds.ask(found, ask.ResolveEscalation(_number(found), DECIDED), LATER) if decided else found


def _question(item: str | None) -> ask.RecordEscalation:
    return ask.RecordEscalation(ASKED, "-", OPTIONS, "a day", item, "project", "PGM-001/PRJ-001")


def _number(found: worlds.Files) -> str:
    project = worlds.world(found).portfolio.project("PGM-001/PRJ-001")
    assert project is not None
    return project.escalations[-1].id


def test_what_was_put_aside_for_a_decision_is_open_again_when_it_came() -> None:
    before, after = worlds.world(asked(decided=False)), worlds.world(asked())
    project = loop("project", "PGM-001/PRJ-001")
    assert loops.verdict(before, project).state == "waits"
    said = loops.verdict(after, project)
    assert said.state == "open" and "B001 was put aside for ESC-" in said.text and "backlog_resume_item" in said.text
    assert loops.verdict(after, loop("project", "PGM-001/PRJ-001", "B001")).state == "open", "and when it was named"
    assert "PRJ-001 runs: have a ProjectCommander" in loops.verdict(after, loop("program", "PGM-001")).text


def test_a_refused_start_says_what_each_item_that_was_put_aside_waits_for() -> None:
    start = ask.StartItem(worlds.BASE, None, "PGM-001/PRJ-001", True)
    rows = (
        (False, "waits for a decision on ESC-", "resolve_escalation"),
        (True, "is decided; ", "backlog_resume_item"),
    )
    for decided, words, step in rows:
        refusal = worlds.refused(asked(decided=decided), start, LATER)
        assert any(row.startswith("B001 is suspended") and words in row for row in refusal.reasons), refusal
        assert step in refusal.step
    flying = worlds.refused(texts(True, RUNNING, ITEM), start, LATER)
    assert "B001 is in flight" in flying.reasons and flying.step.startswith("close what is in flight")


def test_an_item_that_a_person_put_aside_stays_aside_whatever_was_decided_before() -> None:
    found = worlds.ask(asked(), ask.ResumeItem(ITEM, None), LATER)
    found = worlds.ask(found, ask.StartItem(worlds.BASE, "B001", "PGM-001/PRJ-001", True), LATER)
    found = worlds.ask(found, ask.SuspendItem("not now", ITEM), LATER)
    assert not holding.answered(worlds.world(found).at("PGM-001/PRJ-001"))
    assert loops.verdict(worlds.world(found), loop("project", "PGM-001/PRJ-001")).state == "waits"


def test_who_decides_is_told_what_follows() -> None:
    found = asked(decided=False)
    decision = decide(worlds.world(found), ask.ResolveEscalation(_number(found), DECIDED), LATER)
    assert isinstance(decision, Decision) and decision.message.endswith(
        f"{ITEM} is suspended: backlog_resume_item brings it back."
    )


@pytest.mark.parametrize("item", ["B001", None])
def test_the_decision_stands_in_the_contract_and_none_of_it_is_structure(item: str | None) -> None:
    found = asked(item=item)
    if item:
        found = worlds.ask(found, ask.ResumeItem(ITEM, None), LATER)
        found = worlds.ask(found, ask.StartItem(worlds.BASE, "B001", "PGM-001/PRJ-001", True), LATER)
    here = worlds.world(found).at("PGM-001/PRJ-001")
    mission = here.mission("B001")
    assert here.backlog and mission
    for text in (briefing.files(here, here.backlog, mission)[CONTEXT], briefing.prompt(here, here.backlog, mission)):
        assert "> From which day on?\n> ## no heading\n> → From the eighth." in text
    elsewhere = worlds.world(found).at("PGM-001/PRJ-002")
    assert briefing.decisions(elsewhere, "B001") == {}, "another project's"
    assert briefing.decisions(here, "B002") == ({} if item else {ASKED: DECIDED}), "another item's"


@pytest.mark.parametrize(
    ("starts", "waits"),
    [
        (("PGM-001/PRJ-001/B001", "PGM-001/PRJ-002/B002"), True),  # PRJ-002/B001 waits for PRJ-001/B001
        (("PGM-001/PRJ-002/B002",), True),  # it can still start there
    ],
)  # fmt: skip
def test_a_project_waits_outside_as_long_as_what_it_needs_may_still_come(starts: tuple[str, ...], waits: bool) -> None:
    assert capacity.waits_outside(world(True, RUNNING, *starts).at("PGM-001/PRJ-002")) == waits
    assert not capacity.waits_outside(world(True, RUNNING, *starts).at("PGM-001/PRJ-001")), "all it needs is its own"


def test_a_project_that_can_do_something_itself_waits_for_nobody() -> None:
    assert not capacity.waits_outside(worlds.world(asked(decided=False)).at("PGM-001/PRJ-002")), (
        "put aside: it may not come"
    )
    assert not capacity.waits_outside(worlds.world(asked()).at("PGM-001/PRJ-001")), "B001 can be brought back"
