"""The console and the real OpenCode: what is said there is seen here, what is answered here counts there."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from echelon.console.answers import Done
from echelon.console.hosting import Hosting
from echelon.console.talk import Messages, Prompted, Sessions, Stopped
from echelon.core.decide import Refusal
from echelon.errors import HostError
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import GO, House, Stage, role
from workspaces import CONFIG, Shop

SECONDS = 60.0
QUESTION = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "options": [{"label": "red", "description": "r"}, {"label": "blue", "description": "b"}],
        }
    ]
}
DECISION = {"escalation_id": "ESC-20260101-000000", "decision": "x"}
LONG = " ".join(f"word{number}" for number in range(100))


@dataclass
class Seen:
    """A console's client in a thread of its own, and the events it was told."""

    hosting: Hosting
    loop: asyncio.AbstractEventLoop
    events: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    def ask(self, work: Coroutine[Any, Any, Any]) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return done.result(SECONDS)

    def all(self, kind: str, root: Path | None = None) -> list[Mapping[str, Any]]:
        where = str(root.resolve()) if root else ""
        return [payload for at, name, payload in list(self.events) if name == kind and where in ("", at)]

    def until(self, true: Callable[[], Any]) -> Any:
        end = time.monotonic() + SECONDS
        while not (found := true()):
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.02)
        return found


@contextlib.contextmanager
def console() -> Iterator[Seen]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    seen = Seen(Hosting(), loop)
    seen.hosting.subscribe(lambda root, kind, payload: seen.events.append((root, kind, payload)))
    running = asyncio.run_coroutine_threadsafe(seen.hosting.run(), loop)
    try:
        yield seen
    finally:
        running.cancel()

        async def rest() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(rest(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Play:
    """What the model does is said by the prompt."""

    slow = 0.0

    def __call__(self, asked: Asked) -> Reply:
        words, results = asked.last_user, [text for _, text in asked.tool_results]
        if GO in words:
            return say("I talk.", delay=self.slow) if results else call("backlog_start_item", {})
        if "[Echelon, " in words:
            return say("I talk.", delay=self.slow)
        if "ask me" in words:
            return say(f"You said: {results[-1]}") if results else call("question", QUESTION)
        if "touch it" in words:
            return say("Touched.") if results else call("bash", {"command": "touch a.txt", "description": "t"})
        if "decide it" in words:
            return say("Decided.") if results else call("resolve_escalation", DECISION)
        if "below" in words and not asked.parent:
            task = {"subagent_type": "general", "description": "d", "prompt": "sleep long"}
            return say("Back.") if results else call("task", task)
        if "sleep long" in words:
            return call("bash", {"command": "sleep 600", "description": "s", "timeout": 600_000})
        return say(LONG, pace=0.01) if "long" in words else say(f"I am {role(asked) or 'somebody'}.")


@pytest.fixture(scope="module")
def play() -> Play:
    return Play()


@pytest.fixture(scope="module")
def here(house: House, tmp_path_factory: pytest.TempPathFactory, play: Play) -> Iterator[Stage]:
    shop = Shop.make(tmp_path_factory.mktemp("console"), config={**CONFIG, "limits": {"loopStillTurns": 100}})
    (shop.root / "opencode.json").write_text('{"permission": {"bash": {"touch *": "ask"}}}')
    with house.stage(shop, play) as made:
        made.server.get("/session", directory=str(shop.root))  # OpenCode makes the instance, and the bridge comes
        yield made


@pytest.fixture(scope="module")
def seen(here: Stage) -> Iterator[Seen]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHELON_RUNTIME", str(here.runtime))
        with console() as made:
            made.until(lambda: made.hosting.present(here.shop.root))
            yield made


@pytest.fixture(autouse=True)
def _quiet(here: Stage, seen: Seen, play: Play) -> Iterator[None]:
    seen.events.clear()
    yield
    play.slow = 0.0


def prompted(seen: Seen, here: Stage, text: str, agent: str = "build", session: str = "") -> str:
    answer = seen.ask(seen.hosting.prompt(here.shop.root, text, agent, session))
    assert isinstance(answer, Prompted), answer
    return answer.session


def answered(seen: Seen, session: str) -> None:
    seen.until(lambda: any(row["session"] == session and row.get("status") == "idle" for row in seen.all("session")))


def page(seen: Seen, here: Stage, session: str, **more: Any) -> Messages:
    found = seen.ask(seen.hosting.messages(here.shop.root, session, **more))
    assert isinstance(found, Messages), found
    return found


def test_a_prompt_is_answered_in_pieces_that_make_the_whole(here: Stage, seen: Seen) -> None:
    session = prompted(seen, here, "say something long")
    answered(seen, session)
    pieces = [row for row in seen.all("text") if row["session"] == session]
    grown = "".join(row["delta"] for row in pieces)
    assert grown and LONG.startswith(grown)
    whole = [part for row in seen.all("message") if row["session"] == session for part in row["message"]["parts"]]
    assert any(part["text"] == LONG and part["id"] == pieces[0]["part"] for part in whole)
    assert 2 <= len(pieces) <= 20, "it grows while one looks, and a word of the model's is no event"
    last = page(seen, here, session).messages[-1]
    assert (last.role, last.agent, last.tokens, last.error) == ("assistant", "build", 110, "")
    assert [part.text for part in last.parts] == [LONG]


def test_messages_come_in_pages(here: Stage, seen: Seen) -> None:
    session = ""
    for number in range(3):
        seen.events.clear()
        session = prompted(seen, here, f"number {number}", session=session)
        answered(seen, session)
    newest = page(seen, here, session, limit=4)
    assert len(newest.messages) == 4 and newest.more
    older = page(seen, here, session, limit=4, before=newest.next)
    assert [row.role for row in older.messages] == ["user", "assistant"] and not older.more
    assert "number 0" in older.messages[0].parts[0].text
    wrong = seen.ask(seen.hosting.messages(here.shop.root, session, before="nonsense"))
    assert isinstance(wrong, Refusal) and wrong.code == "ARGUMENTS_INVALID"


def test_what_there_is_to_talk_to(here: Stage, seen: Seen) -> None:
    session = prompted(seen, here, "hello", "ProjectCommander")
    answered(seen, session)
    found: Sessions = seen.ask(seen.hosting.sessions(here.shop.root))
    assert [row.name for row in found.agents][:4] == [
        "EnterpriseCommander",
        "ProgramCommander",
        "ProjectCommander",
        "Commander",
    ]
    assert not {"Worker", "title", "general"} & {row.name for row in found.agents}
    assert {"task", "plan", "deliver", "stop"} <= {row.name for row in found.commands if row.ours}
    row = next(row for row in found.sessions if row.id == session)
    assert (row.agent, row.status, row.parent, row.tokens) == ("ProjectCommander", "idle", "", 110)
    assert row.updated.endswith("Z") and row.directory == str(here.shop.root)


def test_a_question_is_answered_in_the_console_and_the_turn_goes_on(here: Stage, seen: Seen) -> None:
    session = prompted(seen, here, "ask me")
    asked = seen.until(
        lambda: next((row["questions"] for row in reversed(seen.all("pending")) if row["questions"]), None)
    )
    pending = seen.ask(seen.hosting.pending(here.shop.root))
    (question,) = pending.questions
    assert asked[0]["id"] == question.id and question.session == session
    assert [row.label for row in question.questions[0].options] == ["red", "blue"]
    for wrong in ([], [["red"], ["blue"]], [[" "]]):
        refused = seen.ask(seen.hosting.reply_question(here.shop.root, question.id, wrong))
        assert isinstance(refused, Refusal) and refused.code == "ARGUMENTS_INVALID"
    assert isinstance(seen.ask(seen.hosting.reply_question(here.shop.root, question.id, [["blue"]])), Done)
    answered(seen, session)
    assert "blue" in page(seen, here, session).messages[-1].parts[0].text
    seen.until(lambda: seen.all("pending")[-1]["questions"] == ())
    again = seen.ask(seen.hosting.reply_question(here.shop.root, question.id, [["blue"]]))
    assert isinstance(again, Refusal) and again.code == "REQUEST_GONE"


@pytest.mark.parametrize("reply", ["once", "reject"])
def test_a_permission_is_given_or_not_in_the_console(here: Stage, seen: Seen, reply: str) -> None:
    session = prompted(seen, here, "touch it")
    seen.until(lambda: any(row["permissions"] for row in seen.all("pending")))
    (asked,) = seen.ask(seen.hosting.pending(here.shop.root)).permissions
    assert (asked.permission, asked.patterns, asked.person_only) == ("bash", ("touch a.txt",), False)
    wrong = seen.ask(seen.hosting.reply_permission(here.shop.root, asked.id, "yes"))
    assert isinstance(wrong, Refusal) and wrong.code == "ARGUMENTS_INVALID"
    assert isinstance(seen.ask(seen.hosting.reply_permission(here.shop.root, asked.id, reply)), Done)
    answered(seen, session)
    assert (here.shop.root / "a.txt").exists() is (reply == "once")
    (here.shop.root / "a.txt").unlink(missing_ok=True)
    assert f"({asked.id}) of {session}: {reply}, answered in the console" in here.server.log.read_text(
        "utf-8", "replace"
    )


def test_an_answer_for_all_time_is_none_where_only_a_person_may(here: Stage, seen: Seen) -> None:
    """A person-only action: the word counts for one call."""
    session = prompted(seen, here, "decide it", "ProjectCommander")
    seen.until(lambda: any(row["permissions"] for row in seen.all("pending")))
    (asked,) = seen.ask(seen.hosting.pending(here.shop.root)).permissions
    assert asked.person_only and seen.ask(seen.hosting.person_only(here.shop.root, asked.id))
    refused = seen.ask(seen.hosting.reply_permission(here.shop.root, asked.id, "always"))
    assert isinstance(refused, Refusal) and refused.code == "ALWAYS_REFUSED"
    assert isinstance(seen.ask(seen.hosting.reply_permission(here.shop.root, asked.id, "once")), Done)
    answered(seen, session)


@pytest.mark.parametrize("moment", range(3))
def test_an_abort_ends_the_loop_for_good(here: Stage, seen: Seen, play: Play, moment: int) -> None:
    """Peer: 36 further model requests after an abort (peer-console.md §5.4)."""
    play.slow = 0.1
    session = prompted(seen, here, GO, "ProjectCommander")
    here.until(lambda: len(here.model.turns(session)) >= 4)
    time.sleep(0.04 * moment)  # the moment is the subject
    stopped = seen.ask(seen.hosting.abort(here.shop.root, session))
    assert isinstance(stopped, Stopped) and stopped.loops == (session,)
    since = time.monotonic()
    time.sleep(1.0)  # long enough for a call, if one were to come
    assert here.model.turns(session, since=since) == []
    loop = here.loop(session)
    assert loop and (loop.state, loop.code) == ("paused", "LOOP_STOPPED")
    found: Sessions = seen.ask(seen.hosting.sessions(here.shop.root))
    row = next(row for row in found.sessions if row.id == session)
    assert row.loop and row.loop.code == "LOOP_STOPPED" and row.status == "idle"
    seen.ask(seen.hosting.command(here.shop.root, "stop"))
    _free(here)


def _free(here: Stage) -> None:
    from echelon.core import requests
    from echelon.engine.engine import Engine
    from echelon.engine.workspace import Workspace

    engine = Engine(Workspace(here.shop.root, here.places))
    if mission := engine.world().mission():
        engine.end(requests.SuspendItem("the next test", mission.item))
        engine.ask(requests.ResumeItem(mission.item))


def test_an_abort_ends_what_was_called_too(here: Stage, seen: Seen) -> None:
    session = prompted(seen, here, "below", "build")
    child = seen.until(
        lambda: next((row["session"] for row in seen.all("session") if row.get("parent") == session), "")
    )
    seen.until(lambda: child in here.server.get("/session/status", directory=str(here.shop.root)))
    stopped = seen.ask(seen.hosting.abort(here.shop.root, session))
    assert set(stopped.sessions) == {session, child}, "all that it stopped are named"
    seen.until(lambda: not here.server.get("/session/status", directory=str(here.shop.root)))


@pytest.mark.parametrize("words", ['build the shop\'s door, $100 for "two"', "plusieurs mots: é ü 漢"])
def test_task_keeps_its_words(here: Stage, seen: Seen, words: str) -> None:
    """Peer: an empty task in a doubled template (peer-console.md §5.3)."""
    answer = seen.ask(seen.hosting.command(here.shop.root, "/task", words))
    assert isinstance(answer, Prompted) and answer.agent == "Commander"
    here.until(lambda: here.model.turns(answer.session))
    assert f"Your mission:\n\n{words}" in here.model.turns(answer.session)[0].last_user
    seen.ask(seen.hosting.abort(here.shop.root, answer.session))


def test_what_is_not_there_is_refused_and_nothing_happens(here: Stage, seen: Seen) -> None:
    """Peer: 200, and nothing (peer-console.md §5.16)."""
    root, ask = here.shop.root, seen.hosting
    before = len(here.model.requests)
    listed = len(seen.ask(ask.sessions(root)).sessions)
    for work, code in (
        (ask.prompt(root, "x", "Nobody"), "AGENT_UNKNOWN"),
        (ask.prompt(root, "x", "Worker"), "AGENT_UNKNOWN"),
        (ask.prompt(root, "x", "build", "ses_nobody"), "SESSION_UNKNOWN"),
        (ask.prompt(root, "x", "build", "../../session"), "SESSION_UNKNOWN"),
        (ask.prompt(root, "  "), "ARGUMENT_MISSING"),
        (ask.command(root, "nosuch"), "COMMAND_UNKNOWN"),
        (ask.command(root, "task", "x", agent="Nobody"), "AGENT_UNKNOWN"),
        (ask.command(root, "task", "x", "ses_nobody"), "SESSION_UNKNOWN"),
        (ask.command(root, "deliver", "PGM-009/PRJ-009"), "PROJECT_UNKNOWN"),
        (ask.abort(root, "ses_nobody"), "SESSION_UNKNOWN"),
        (ask.messages(root, "ses_nobody"), "SESSION_UNKNOWN"),
        (ask.reject_question(root, "que_nobody"), "REQUEST_GONE"),
        (ask.reply_permission(root, "per_nobody", "once"), "REQUEST_GONE"),
    ):
        answer = seen.ask(work)
        assert isinstance(answer, Refusal) and answer.code == code, answer
    assert len(here.model.requests) == before
    assert len(seen.ask(ask.sessions(root)).sessions) == listed, "what was begun for it is gone"


def test_two_directories_do_not_mix(here: Stage, seen: Seen, tmp_path: Path) -> None:
    other = Shop.make(tmp_path)
    with pytest.raises(HostError) as absent:
        seen.ask(seen.hosting.sessions(other.root))
    assert absent.value.code == "HOST_ABSENT" and not seen.hosting.present(other.root)
    where = str(other.root)
    here.server.get("/session", directory=where)
    seen.until(lambda: seen.hosting.present(other.root))
    first = prompted(seen, here, "hello here")
    second = seen.ask(seen.hosting.prompt(other.root, "hello there", "build")).session
    for session in (first, second):
        answered(seen, session)
    assert {row["session"] for row in seen.all("session", here.shop.root)} == {first}
    assert {row["session"] for row in seen.all("session", other.root)} == {second}
    assert second not in {row.id for row in seen.ask(seen.hosting.sessions(here.shop.root)).sessions}
    assert seen.ask(seen.hosting.prompt(here.shop.root, "x", "build", second)).code == "SESSION_UNKNOWN"
    assert seen.ask(seen.hosting.abort(here.shop.root, second)).code == "SESSION_UNKNOWN"
    here.server.post("/instance/dispose", directory=where)
    seen.until(lambda: not seen.hosting.present(other.root))
    assert {"present": False} in seen.all("host", other.root)


def test_a_brain_that_is_killed_is_found_again(here: Stage, seen: Seen) -> None:
    session = prompted(seen, here, "hello", "ProjectCommander")
    answered(seen, session)
    seen.events.clear()
    assert here.kill_brain()
    seen.until(lambda: {"present": False} in seen.all("host", here.shop.root))
    seen.until(lambda: seen.hosting.present(here.shop.root))  # the bridge started the next one
    seen.events.clear()
    prompted(seen, here, "hello again", "ProjectCommander", session)
    answered(seen, session)
    assert seen.all("message")
