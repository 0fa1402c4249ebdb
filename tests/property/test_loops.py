"""Laws of loops: once per turn, never past a stop, never past a limit, whatever order the signals come in."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import proofs
from echelon.core import loops
from echelon.core.config import Config
from echelon.core.documents import entries, spec
from echelon.core.loops import Loop, Turn, Verdict
from echelon.core.model import TODO, World
from workspaces import QUIET_SPEC, backlog, wants

CONFIG = Config(
    {"limits.loopTurns": 9, "limits.loopStillTurns": 3, "limits.loopFailedTurns": 2, "limits.loopTokens": 5000}
)
LOOP = Loop("ses_1", "project", "ProjectCommander", "all of it", since=100.0, host=1)
OPEN = Verdict("open", "Next is B001")


def _turn(outage: bool, **more: Any) -> Turn:
    return Turn(**more, outage=outage and more["error"] == "APIError")


turns = st.builds(
    _turn,
    outage=st.booleans(),
    message=st.integers(0, 30).map(lambda number: f"msg_{number}"),
    role=st.sampled_from(("assistant", "assistant", "assistant", "user")),
    finished=st.booleans(),
    error=st.sampled_from(("", "", "", "APIError", loops.ABORTED)),
    text=st.sampled_from(("done", "HALT: the spec says both", "I will HALT: no", "")),
    tokens=st.integers(0, 2000),
)
verdicts = st.sampled_from((OPEN, OPEN, Verdict("done", "all delivered"), Verdict("waits", "an escalation")))
steps = st.lists(st.tuples(turns, verdicts, st.sampled_from("abc")), max_size=40)


@given(steps)
@proofs.examples(150, 20_000)
def test_one_prompt_per_turn_and_none_after_the_end(rows: list[tuple[Turn, Verdict, str]]) -> None:
    loop, answered, prompts = LOOP, set[str](), 0
    for turn, verdict, seen in rows:
        step = loops.step(loop, turn, verdict, seen, 200.0, CONFIG)
        if loop.state != "running":
            assert step is None
            continue
        if step is None:
            assert turn.message == loop.handled
            continue
        assert bool(step.prompt) == (step.loop.state == "running")
        assert (step.loop.state == "waiting") <= (verdict.state == "waits" or turn.outage)
        if step.prompt:
            assert turn.message != loop.handled and verdict.state == "open" and turn.error != loops.ABORTED
            prompts += 1
        answered.add(turn.message)
        loop = step.loop
    assert loop.turns <= 9 and prompts <= 8 and loop.still <= 3
    assert loops.read(loops.write({loop.session: loop})) == {loop.session: loop}


@pytest.mark.parametrize(
    ("turn", "verdict", "code"),
    [
        (Turn("m1", "assistant", finished=True, error=loops.ABORTED), OPEN, "LOOP_STOPPED"),
        (Turn("m1", "assistant", finished=False, error=loops.ABORTED), Verdict("done", ""), "LOOP_STOPPED"),
        (Turn("m1", "user", finished=False), OPEN, "LOOP_STOPPED"),
        (Turn("m1", "assistant", finished=True, text="no way\nHALT: contradictory spec"), OPEN, "LOOP_HALTED"),
        (Turn("m1", "assistant", finished=True, tokens=5000), OPEN, "LOOP_LIMIT"),
    ],
)
def test_what_ends_a_loop(turn: Turn, verdict: Verdict, code: str) -> None:
    step = loops.step(LOOP, turn, verdict, "a", 200.0, CONFIG)
    assert step and (step.loop.state, step.loop.code, step.prompt) == ("paused", code, "")


@given(steps, st.floats(0, 1_000_000))
@proofs.examples(150, 20_000)
def test_a_loop_that_waits_goes_on_when_its_level_can_and_not_before(
    rows: list[tuple[Turn, Verdict, str]], now: float
) -> None:
    """Only from "waiting"; never past a stop, a limit, or the end; and what is on disk says the same."""
    loop = dataclasses.replace(LOOP, state="waiting", code="ESCALATION_PENDING", reason="ESC-1", handled="msg_0")
    for turn, verdict, _ in rows:
        woken = loops.wake(loop, turn, verdict, now, CONFIG)
        if loop.state != "waiting":
            assert woken is None
            break
        if woken is None:
            assert verdict.state == "waits"
            continue
        stopped = turn.error == loops.ABORTED and turn.message != loop.handled
        assert bool(woken.prompt) == (woken.loop.state == "running") and woken.loop.state != "waiting"
        assert not (stopped and woken.prompt) and (woken.loop.state == "done") <= (verdict.state == "done")
        if woken.prompt:
            assert verdict.text in woken.prompt and "ESC-1" in woken.prompt
            assert loops.step(woken.loop, turn, verdict, "a", now, CONFIG) is None, "that turn is answered"
        loop = woken.loop
        assert loops.read(loops.write({loop.session: loop})) == {loop.session: loop}


def test_a_wait_counts_as_time_of_the_loop() -> None:
    config = Config({**dict(CONFIG.values), "limits.loopSeconds": 60})
    waiting = dataclasses.replace(LOOP, state="waiting", code="ESCALATION_PENDING", reason="ESC-1")
    turn = Turn("m1", "assistant", finished=True)
    soon, late = (loops.wake(waiting, turn, OPEN, LOOP.since + after, config) for after in (59.0, 61.0))
    assert soon and soon.prompt and late and (late.loop.state, late.loop.code) == ("paused", "LOOP_LIMIT")


def test_what_waits_for_a_person_is_waiting() -> None:
    step = loops.step(LOOP, Turn("m1", "assistant", finished=True), Verdict("waits", "ESC-1"), "a", 200.0, CONFIG)
    assert step and (step.loop.state, step.loop.code, step.prompt) == ("waiting", "LOOP_WAITS", "")


def test_a_failed_turn_is_tried_once_more_and_no_more() -> None:
    first = loops.step(LOOP, Turn("m1", "assistant", finished=False, error="APIError"), OPEN, "a", 200.0, CONFIG)
    assert first and first.prompt
    second = loops.step(first.loop, Turn("m2", "assistant", finished=False, error="APIError"), OPEN, "b", 200.0, CONFIG)
    assert second and second.loop.code == "LOOP_TURN_FAILED"


def _dark(number: int) -> Turn:
    return Turn(f"m{number}", "assistant", finished=False, error="APIError", outage=True, detail="503")


def test_a_provider_that_is_not_there_is_waited_for_longer_each_time_and_not_for_ever() -> None:
    """No turn is counted, none is taken for one without a change, and the night goes on when it is back."""
    config = Config({**dict(CONFIG.values), "limits.outageSeconds": 3600})
    loop, now, pauses = dataclasses.replace(LOOP, seen="a"), 200.0, list[float]()
    while True:
        step = loops.step(loop, _dark(len(pauses)), OPEN, "a", now, config)
        assert step and not step.prompt
        if step.loop.state != "waiting":
            break
        assert step.loop.code == "LOOP_OUTAGE" and "503" in step.loop.reason
        assert (step.loop.turns, step.loop.still, step.loop.failed) == (0, 0, 0)
        pauses.append(step.loop.resumes - now)
        assert loops.wake(step.loop, _dark(len(pauses) - 1), OPEN, step.loop.resumes - 0.1, config) is None
        now = step.loop.resumes
        woken = loops.wake(step.loop, _dark(len(pauses) - 1), OPEN, now, config)
        assert woken and "cut off from outside" in woken.prompt and woken.loop.state == "running"
        assert loops.read(loops.write({loop.session: woken.loop})) == {loop.session: woken.loop}
        loop = woken.loop
    assert step.loop.code == "LOOP_TURN_FAILED" and 3000 <= sum(pauses) <= 3600 + max(pauses)
    assert pauses == sorted(pauses) and (pauses[0], max(pauses)) == (5, 600)


def test_after_an_outage_its_count_begins_anew() -> None:
    config = Config({**dict(CONFIG.values), "limits.outageSeconds": 3600})
    dark = dataclasses.replace(LOOP, dark=200.0)
    step = loops.step(dark, Turn("m1", "assistant", finished=True), OPEN, "b", 9000.0, config)
    assert step and step.loop.dark == 0 and step.loop.state == "running"
    again = loops.step(step.loop, _dark(2), OPEN, "b", 9100.0, config)
    assert again and (again.loop.state, again.loop.dark, again.loop.resumes) == ("waiting", 9100.0, 9105.0)


@given(turns, verdicts, st.floats(0, 1_000_000))
@proofs.examples(100, 5_000)
def test_a_stop_during_an_outage_is_final(turn: Turn, verdict: Verdict, now: float) -> None:
    waiting = dataclasses.replace(LOOP, state="waiting", code="LOOP_OUTAGE", dark=50.0, resumes=100.0)
    paused = waiting.ended("paused", "LOOP_STOPPED", "stopped by /stop")
    assert loops.wake(paused, turn, verdict, now, CONFIG) is None
    if turn.error == loops.ABORTED and now >= 100:
        woken = loops.wake(waiting, turn, verdict, now, CONFIG)
        assert woken and (woken.loop.state, woken.prompt) == ("paused", "")


def test_turns_that_change_nothing_are_counted_and_said() -> None:
    loop = dataclasses.replace(LOOP, seen="a")
    for number in range(3):
        step = loops.step(loop, Turn(f"m{number}", "assistant", finished=True), OPEN, "a", 200.0, CONFIG)
        assert step
        loop = step.loop
        assert ("changed nothing" in step.prompt) == (number < 2)
    assert loop.code == "LOOP_LIMIT" and "loopStillTurns" in loop.reason


def test_a_damaged_file_holds_no_loop() -> None:
    for text in (None, "", "{", "[]", '{"loops": 3}', '{"loops": [{"session": 1}]}', "[" * 100_000):
        assert loops.read(text) == {}
    row = {**dataclasses.asdict(LOOP), "more": 1}
    assert loops.read(json.dumps({"loops": [row]})) == {}


# -------------------------------------------------------------------------------------------------- verdicts


def _world(text: str, plan: str = "") -> World:
    document = entries.parse(text)
    return World(Config({}), spec.parse(QUIET_SPEC), document, (), (), (), {TODO: plan})


def test_a_project_is_done_when_every_item_is_delivered_and_not_when_a_todo_is_ticked() -> None:
    """peer-slots-steering.md W-G1."""
    left = _world(backlog(wants("B001", marker="x"), wants("B002")), "- [x] all done\n")
    assert loops.verdict(left, LOOP).state == "open" and "B002" in loops.verdict(left, LOOP).text
    assert loops.verdict(_world(backlog(wants("B001", marker="x"))), LOOP).state == "done"


def test_a_project_with_only_failed_or_suspended_items_waits() -> None:
    """W-G4: it can never complete, so it must not go on for ever."""
    stuck = _world(backlog(wants("B001", marker="-"), wants("B002", depends="B001")))
    assert loops.verdict(stuck, LOOP).state == "waits"


def test_a_mission_without_an_item_ends_claimed_and_a_plan_from_before_is_none() -> None:
    """peer-engine.md W5, R-6: a left-over `- [x] old` seals nothing."""
    plan = "- [x] old\n"
    mission = dataclasses.replace(LOOP, level="mission", todo=loops.todo_digest(_world("", plan)))
    assert loops.verdict(_world("", plan), mission).state == "open"
    assert loops.verdict(_world("", "- [x] new\n"), mission).code == "LOOP_CLAIMED"
    assert loops.verdict(_world("", "- [x] a\n  - [ ] nested\n"), mission).state == "open"
    assert loops.verdict(_world("", "- [x] a\n- [-] b\n"), mission).state == "waits"
