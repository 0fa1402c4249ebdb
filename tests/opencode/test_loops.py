"""A loop goes on by itself and no further: questions, wake-ups, stops, on the real OpenCode."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from echelon.core import requests
from echelon.engine.engine import Engine
from echelon.engine.workspace import Workspace
from echelon.testing.model import Asked, Reply, call, fail, say
from opencode_chain import GO, HELLO, House, Stage, role
from workspaces import CONFIG, Shop

WAKE_UPS = 60
ON_ITS_WAY_SECONDS = 0.1  # a busy machine reads a request late; a loop needs longer than this for its next prompt
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = {"type": "file", "mime": "image/png", "filename": "a.png", "url": f"data:image/png;base64,{PIXEL}"}
CONFIGURED = {**CONFIG, "limits": {"loopStillTurns": 100, "loopTurns": WAKE_UPS + 1}}


class Talk:
    """Starts an item when told to, and then talks; `slow` makes each answer take its time."""

    slow = 0.0
    halt = ""
    broken = False
    dark = 0  # requests that find no provider: OpenCode repeats each some times by itself before its turn fails

    def __call__(self, asked: Asked) -> Reply:
        if self.broken:
            return fail(400, "the provider says no")
        if self.dark and asked.tool_results:
            self.dark -= 1
            return fail(503, "out of order", retry_after=0.01)
        if GO in asked.last_user and not asked.tool_results:
            return call("backlog_start_item", {})
        if self.slow and not asked.tool_results:
            return call("backlog_status", {}, delay=self.slow)
        return say(self.halt or "I talk.", delay=self.slow)


@pytest.fixture(scope="module")
def talk() -> Talk:
    return Talk()


@pytest.fixture(scope="module")
def here(house: House, tmp_path_factory: pytest.TempPathFactory, talk: Talk) -> Iterator[Stage]:
    """One workspace for all of them."""
    folder = tmp_path_factory.mktemp("loops")
    with house.stage(Shop.make(folder, config=CONFIGURED), talk) as made:
        yield made


@pytest.fixture(autouse=True)
def _fresh(here: Stage, talk: Talk) -> Iterator[None]:
    yield
    talk.slow, talk.halt, talk.broken, talk.dark = 0.0, "", False, 0
    _free(here)


def _free(here: Stage) -> None:
    """The item in flight goes back: the next loop may start one."""
    made = Engine(Workspace(here.shop.root, here.places))
    if mission := made.world().mission():
        made.end(requests.SuspendItem("the next test", mission.item))
        made.ask(requests.ResumeItem(mission.item))


def test_a_question_is_answered_once(here: Stage) -> None:
    """W2, W-G7: "hello" to a commander starts nothing."""
    session = here.ask(HELLO)
    time.sleep(1.0)  # long enough for a second call, if one were to come
    assert len(here.model.turns(session)) == 1 and here.loop(session) is None
    assert here.texts(session) == [HELLO]


def test_sixty_idle_wake_ups_none_lost_none_doubled(here: Stage) -> None:
    """W3, W-G5: one injector, one prompt per turn; and W30: the limit is compared, not only shown."""
    session = here.ask(GO, seconds=90)
    loop = here.loop(session)
    assert loop and (loop.turns, loop.code) == (WAKE_UPS + 1, "LOOP_LIMIT")
    told = here.texts(session)[1:]
    assert len(told) == WAKE_UPS and len(set(told)) == WAKE_UPS
    assert all("[Echelon, project, turn " in text for text in told)
    agents = {message["info"]["agent"] for message in here.server.messages(session)}
    assert agents == {"ProjectCommander"}, "W19: continued by the agent that runs the loop"


def _aborted(here: Stage, session: str) -> int:
    here.server.post(f"/session/{session}/abort", directory=here.server.directory_of(session))
    moment = time.monotonic()
    time.sleep(0.8)  # long enough for a call, if one were to come
    return len(here.model.turns(session, since=moment))


@pytest.mark.parametrize("first", range(0, 20, 5))
def test_an_abort_at_any_moment_is_final(here: Stage, talk: Talk, first: int) -> None:
    """W1, W-G6, E-10: 20 moments of a loop's turns: while the model thinks, in a tool, between two turns."""
    talk.slow = 0.03
    aborted: list[tuple[str, float]] = []
    for round_ in range(first, first + 5):
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "ProjectCommander")
        here.until(lambda session=session: len(here.model.turns(session)) >= 4)
        time.sleep(0.012 * round_)  # the moment is the subject
        here.server.post(f"/session/{session}/abort", directory=here.server.directory_of(session))
        aborted.append((session, time.monotonic()))
        here.until(lambda session=session: _at_rest(here, session))
        _free(here)
    time.sleep(0.8)  # long enough for a call, if one were to come
    for session, moment in aborted:
        late = here.model.turns(session, since=moment)
        assert [asked for asked in late if not _called_back(here, asked, moment)] == []
        loop = here.loop(session)
        assert loop and (loop.state, loop.code) == ("paused", "LOOP_STOPPED")


def _called_back(here: Stage, asked: Asked, moment: float) -> bool:
    """Whether a request was on its way already when the stop was answered: OpenCode has hung up on it."""
    return asked.arrived - moment < ON_ITS_WAY_SECONDS and asked in here.model.gone


def _at_rest(here: Stage, session: str) -> bool:
    loop = here.loop(session)
    return loop is not None and loop.state != "running" and not here.server.is_busy(session)


def test_after_a_stop_only_an_explicit_word_starts_again(here: Stage, talk: Talk) -> None:
    session = here.server.create(title="t")
    talk.slow = 0.2
    here.server.prompt(session, GO, "ProjectCommander")
    here.until(lambda: len(here.model.turns(session)) >= 3)
    assert _aborted(here, session) == 0
    talk.slow = 0.0
    before = len(here.model.turns(session))
    here.ask(HELLO, session=session)
    assert len(here.model.turns(session)) == before + 1, "talking is no start"
    command = {"command": "deliver", "arguments": ""}
    here.server.post(f"/session/{session}/command", command, directory=here.server.directory_of(session))
    here.until(lambda: len(here.model.turns(session)) > before + 10)
    assert _aborted(here, session) == 0


def test_the_stop_command_costs_no_model_call(here: Stage, talk: Talk) -> None:
    """W1, W-G6: /stop."""
    session = here.server.create(title="t")
    talk.slow = 0.1
    here.server.prompt(session, GO, "ProjectCommander")
    here.until(lambda: len(here.model.turns(session)) >= 3)
    other, moment = here.server.create(title="t"), time.monotonic()
    path, where = f"/session/{other}/command", here.server.directory_of(other)
    here.server.request("POST", path, {"command": "stop", "arguments": ""}, {"directory": where})
    time.sleep(0.8)
    assert len(list(here.model.turns(since=moment + 0.1))) == 0
    loop = here.loop(session)
    assert loop and (loop.state, loop.code) == ("paused", "LOOP_STOPPED")


def test_after_the_stop_command_a_file_without_words_is_a_message_too(here: Stage, talk: Talk) -> None:
    """Nothing of ours was under way, so nothing the person sends can be taken for it."""
    session = here.server.create(title="t")
    talk.slow = 0.1
    here.server.prompt(session, GO, "ProjectCommander")
    here.until(lambda: len(here.model.turns(session)) >= 3)
    where = here.server.directory_of(session)
    here.server.request(
        "POST", f"/session/{session}/command", {"command": "stop", "arguments": ""}, {"directory": where}
    )
    here.until(lambda: not here.server.is_busy(session))
    before = len(here.model.turns(session))
    here.server.prompt(session, "", "ProjectCommander", parts=[PICTURE])
    here.until(lambda: len(here.model.turns(session)) > before)


def test_halt_stops_and_says_why(here: Stage, talk: Talk) -> None:
    """W-G4."""
    talk.halt = "I cannot.\nHALT: the spec says both"
    loop = here.loop(here.ask(GO))
    assert loop and (loop.code, loop.reason) == ("LOOP_HALTED", "the spec says both")


def test_a_provider_that_fails_ends_the_loop_after_a_second_try(here: Stage, talk: Talk) -> None:
    """W17, W20: retries are capped; one error does not end the loop, two in a row do, with their words."""
    session = here.server.create(title="t")
    talk.slow = 0.05
    here.server.prompt(session, GO, "ProjectCommander")
    here.until(lambda: len(here.model.turns(session)) >= 3)
    talk.broken = True
    here.until(lambda: (loop := here.loop(session)) and loop.state == "paused")
    loop = here.loop(session)
    assert loop and loop.code == "LOOP_TURN_FAILED" and "the provider says no" in loop.reason


def test_a_provider_that_is_not_there_is_waited_for(here: Stage, talk: Talk) -> None:
    """Nobody is called in the morning for three minutes at night."""
    session = here.server.create(title="t")
    talk.slow = 0.05
    here.server.prompt(session, GO, "ProjectCommander")
    here.until(lambda: len(here.model.turns(session)) >= 3)
    talk.dark = 1_000
    here.until(lambda: (loop := here.loop(session)) and loop.state == "waiting", 100)
    loop = here.loop(session)
    assert loop and loop.code == "LOOP_OUTAGE" and "out of order" in loop.reason
    talk.dark = 0
    here.until(lambda: (again := here.loop(session)) and again.turns > loop.turns)
    here.server.post(f"/session/{session}/abort", directory=str(here.shop.root))
    here.until(lambda: (ended := here.loop(session)) and ended.code == "LOOP_STOPPED")
    assert any("cut off from outside" in text for text in here.texts(session))


def test_giving_the_session_to_another_agent_ends_its_loop(here: Stage, talk: Talk) -> None:
    talk.slow = 0.1
    session = here.server.create(title="t")
    here.server.prompt(session, GO, "ProjectCommander")
    here.until(lambda: here.loop(session))
    here.server.prompt(session, HELLO, "build")
    here.wait(session)
    loop = here.loop(session)
    assert loop and loop.code == "LOOP_STOPPED" and "build" in loop.reason


def test_two_sessions_have_two_loops(here: Stage, talk: Talk) -> None:
    """W-G3, W12: a second session neither steals nor ends the first one's loop."""
    first = here.server.create(title="t")
    talk.slow = 0.05
    here.server.prompt(first, GO, "ProjectCommander")
    here.until(lambda: here.loop(first))
    second = here.server.create(title="t")
    body = {"command": "task", "arguments": "write a page"}
    here.server.post(f"/session/{second}/command", body, directory=here.server.directory_of(second))
    assert here.loop(first) and here.loop(second)
    assert here.loops()[first].agent == "ProjectCommander" and here.loops()[second].agent == "Commander"
    for session in (first, second):
        _aborted(here, session)


def test_a_task_with_a_left_over_plan_is_not_sealed(here: Stage) -> None:
    """R-6, W5: `- [x] old` in todo.md proves nothing of a new mission."""
    plan = here.shop.root / ".opencode" / "todo.md"
    plan.write_text("- [x] old\n", "utf-8")
    session = here.server.create(title="t")
    body = {"command": "task", "arguments": "build a login page"}
    here.server.post(f"/session/{session}/command", body, directory=here.server.directory_of(session))
    loop = here.until(lambda: (found := here.loop(session)) and found.turns >= 2 and found)
    assert loop.state == "running" and "no plan of this mission" in here.texts(session)[1]
    plan.write_text("- [x] new\n", "utf-8")
    here.wait(session)
    ended = here.loop(session)
    assert ended and (ended.state, ended.code) == ("done", "LOOP_CLAIMED")
    assert role(here.model.turns(session)[-1]) == "Commander"
