"""The OpenCode host against the real program: sessions that go on, servers that die, questions, what was used."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from echelon.errors import HostError
from echelon.hosts.opencode import processes
from echelon.hosts.opencode.host import OpenCodeHost
from echelon.ports import Assignment, TurnEnd
from echelon.testing import opencode
from echelon.testing.model import Asked, Reply, ScriptedModel, call, fail, say
from proofs import longer

AGENTS = dict.fromkeys(("planner", "worker", "reviewer"), "build")
SECONDS = 60.0
# A predecessor: begins a long turn in a server of its own, and is killed in the middle of it.
PREDECESSOR = """
import json, sys
from pathlib import Path
from echelon.hosts.opencode.host import OpenCodeHost
from echelon.ports import Assignment
binary, state, environment, directory, agents = json.loads(sys.argv[1])
host = OpenCodeHost(Path(binary), Path(state), None, environment=environment, agents=agents)
host.work(Assignment("B1", "B1.1", 1, "worker", directory, "Do it."), lambda line: None, lambda: False)
"""


@dataclass
class Desk:
    """A host in a world, a slot, and a model whose scenario each test sets."""

    host: OpenCodeHost
    model: ScriptedModel
    world: opencode.World
    state: Path
    slot: Path = Path()
    events: list[str] = field(default_factory=list)

    def work(self, stopped: Callable[[], bool] = lambda: False, **more: Any) -> TurnEnd:
        given = {"item": "B1", "mission": "B1.1", "attempt": 1, "role": "worker", "prompt": "Do it."} | more
        return self.host.work(Assignment(directory=str(self.slot), **given), self.events.append, stopped)

    def heard(self, word: str) -> bool:
        return any(word in line for line in self.events)

    @property
    def pid(self) -> int:
        return int(json.loads((self.state / "server.json").read_text())["pid"])

    def sessions(self) -> set[str]:
        return {asked.session for asked in self.model.turns()}


@contextlib.contextmanager
def desk_in(folder: Path, **more: Any) -> Iterator[Desk]:
    with ScriptedModel(lambda asked: say("Done.")) as model:
        world = opencode.World(folder / "world", model.url, config={"permission": {"bash": {"touch *": "ask"}}})
        state = folder / "state"
        host = OpenCodeHost(world.binary, state, None, environment=world.environment, agents=AGENTS, **more)
        with contextlib.closing(host):
            yield Desk(host, model, world, state)


@pytest.fixture(scope="module")
def _one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_in(tmp_path_factory.mktemp("host")) as desk:
        yield desk


@pytest.fixture
def desk(_one: Desk, tmp_path: Path) -> Desk:
    """The module's server, and a slot and a count of one's own."""
    slot = tmp_path / "slot"
    slot.mkdir()
    return Desk(_one.host, _one.model, _one.world, _one.state, slot)


def bash(command: str) -> Reply:
    return call("bash", {"command": command, "description": "runs", "timeout": 600_000})


def steps(*replies: Reply) -> Callable[[Asked], Reply]:
    """A reply for each result of a tool that the conversation holds."""
    return lambda asked: replies[min(sum(row["role"] == "tool" for row in asked.messages), len(replies) - 1)]


def until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.05)


def calls_of(desk: Desk) -> int:
    return len(desk.model.turns())


def test_an_end_that_nobody_heard_is_told_without_the_model(desk: Desk) -> None:
    desk.model.scenario = steps(bash("echo x >> a.txt"), say("All done."))
    first, asked = desk.work(), calls_of(desk)
    assert (first.reason, first.text) == ("claimed_done", "All done.") and first.usage.tokens_in == 200
    assert desk.work() == first
    for file in (desk.state / "sessions").iterdir():
        file.unlink()  # as if Echelon had been killed before it could tell
    assert desk.work() == first
    assert calls_of(desk) == asked and (desk.slot / "a.txt").read_text() == "x\n"


def test_a_stopped_turn_goes_on_in_its_session(desk: Desk) -> None:
    desk.model.scenario = steps(bash("echo x >> a.txt; sleep 600"), say("All done."))
    before = desk.sessions()
    assert desk.work((desk.slot / "a.txt").exists).reason == "aborted"
    assert desk.work().reason == "claimed_done" and desk.heard("goes on")
    assert len(desk.sessions() - before) == 1 and (desk.slot / "a.txt").read_text() == "x\n"
    desk.model.scenario = steps(say("Otherwise."))
    assert desk.work(attempt=2).reason == "claimed_done"
    assert len(desk.sessions() - before) == 2


def test_another_prompt_for_the_same_attempt_is_said_in_the_same_session(desk: Desk) -> None:
    before = desk.sessions()
    desk.model.scenario = lambda asked: say(asked.last_user.strip('"'))
    assert "first" in desk.work(prompt="first").text
    assert "second" in desk.work(prompt="second").text
    assert len(desk.sessions() - before) == 1


def test_a_permission_is_asked_for_and_given(desk: Desk) -> None:
    desk.model.scenario = lambda asked: say("Ended.") if asked.tool_results else bash("touch a.txt")
    end = desk.work()
    assert end == TurnEnd("asked", "May it bash: touch a.txt?", end.usage) and not (desk.slot / "a.txt").exists()
    assert desk.work(answers={"other": "yes"}).reason == "asked"
    assert desk.work(answers={end.text: "yes, once"}).reason == "claimed_done" and (desk.slot / "a.txt").exists()
    assert desk.work(attempt=2, answers={end.text: "no, never"}).reason == "claimed_done"
    assert "no, never" in str(desk.model.turns()[-1].messages)


def test_what_sessions_below_use_is_counted(desk: Desk) -> None:
    task = call("task", {"description": "looks", "prompt": "Look.", "subagent_type": "general"})
    desk.model.scenario = lambda asked: say("Seen.") if asked.parent or asked.tool_results else task
    end = desk.work()
    assert end.reason == "claimed_done" and (end.usage.tokens_in, end.usage.tokens_out) == (300, 30)
    assert desk.heard("calls general: looks")


def test_a_question_from_below_ends_the_turn(desk: Desk) -> None:
    task = call("task", {"description": "looks", "prompt": "Look.", "subagent_type": "general"})
    desk.model.scenario = lambda asked: bash("touch b.txt") if asked.parent else task
    assert desk.work().text == "May it bash: touch b.txt?"


def test_an_agent_that_is_late_is_met_when_the_plugins_are_read_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the bridge on a busy machine found no brain. One that never comes is no turn of the agent's."""
    monkeypatch.setattr(desk.host, "_agents", AGENTS | {"worker": "Late"})
    before = calls_of(desk)
    with pytest.raises(HostError) as caught:
        desk.work()
    assert caught.value.code == "AGENT_MISSING" and "Late" in caught.value.message and calls_of(desk) == before
    desk.model.scenario = lambda asked: say("Done.")
    events = desk.events = _Bringing(desk.slot / ".opencode" / "agent" / "Late.md")
    assert desk.work().reason == "claimed_done" and desk.heard("does not know the agent Late")
    assert len([line for line in events if "Late" in line]) == 1


class _Bringing(list[str]):
    """Events; the first of them brings an agent."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def append(self, line: str) -> None:
        super().append(line)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text("---\ndescription: late\nmode: primary\n---\nYou come late.\n")


@pytest.mark.parametrize(("status", "reason"), [(401, "denied"), (503, "unavailable")])
def test_a_provider_that_is_not_there_is_told_from_an_agent_that_fails(desk: Desk, status: int, reason: str) -> None:
    desk.model.scenario = lambda asked: fail(status, "no way in", retry_after=0.01)
    end = desk.work()
    assert end.reason == reason and "no way in" in end.text
    desk.model.scenario = lambda asked: say("Done.")
    assert desk.work().reason == "claimed_done" and desk.heard("goes on")


def test_retries_of_the_provider_are_told(desk: Desk) -> None:
    tries = iter([fail(429, "too many", retry_after=0.1)])
    desk.model.scenario = lambda asked: next(tries, say("Done."))
    assert desk.work().reason == "claimed_done" and desk.heard("too many")


def test_many_sessions_at_once(desk: Desk, tmp_path: Path) -> None:
    desk.model.scenario = lambda asked: say("Done.") if asked.tool_results else bash("echo x >> a.txt")
    ends: dict[int, TurnEnd] = {}

    def one(number: int) -> None:
        slot = tmp_path / str(number)
        slot.mkdir()
        given = Assignment("B1", f"B1.{number}", 1, "worker", str(slot), "Do it.")
        ends[number] = desk.host.work(given, lambda line: None, lambda: False)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert [ends[number].reason for number in range(3)] == ["claimed_done"] * 3
    assert all((tmp_path / str(number) / "a.txt").read_text() == "x\n" for number in range(3))


def test_a_server_that_is_killed_is_begun_anew_and_the_session_goes_on(desk: Desk) -> None:
    desk.model.scenario = steps(bash("echo x >> a.txt"), bash("echo y >> a.txt; exec sleep 600"), say("All done."))
    before, first = desk.sessions(), []

    def killed_once() -> bool:
        if not first and (desk.slot / "a.txt").exists() and "y" in (desk.slot / "a.txt").read_text():
            first.append(desk.pid)
            os.kill(desk.pid, signal.SIGKILL)
        return False

    end = desk.work(killed_once)
    assert end.reason == "claimed_done" and desk.heard("server is gone") and desk.pid != first[0]
    assert len(desk.sessions() - before) == 1 and (desk.slot / "a.txt").read_text() == "x\ny\n"
    assert end.usage.tokens_in >= 200
    assert processes.end_marked("PWD", str(desk.slot)) == 0  # the command of the dead server is gone, too


@longer
def test_a_server_that_is_killed_twice_is_a_crash(desk: Desk) -> None:
    desk.model.scenario = lambda asked: bash(f"echo {len(asked.messages)} >> a.txt; exec sleep 600")
    killed: list[int] = []

    def kill_each() -> bool:
        path = desk.slot / "a.txt"
        if path.exists() and len(path.read_text().splitlines()) > len(killed):
            killed.append(desk.pid)
            os.kill(desk.pid, signal.SIGKILL)
        return False

    end = desk.work(kill_each)
    assert end.reason == "crashed" and "died" in end.text and len(killed) == 2


def test_the_server_of_a_killed_predecessor_is_ended_and_its_session_goes_on(desk: Desk, tmp_path: Path) -> None:
    desk.model.scenario = steps(bash("echo x >> a.txt; exec sleep 600"), say("All done."))
    state = tmp_path / "state"
    given = [str(desk.world.binary), str(state), dict(desk.world.environment), str(desk.slot), AGENTS]
    predecessor = subprocess.Popen([sys.executable, "-c", PREDECESSOR, json.dumps(given)])
    try:
        until((desk.slot / "a.txt").exists)
        host = OpenCodeHost(desk.world.binary, state, None, environment=desk.world.environment, agents=AGENTS)
        with contextlib.closing(host):
            own = Desk(host, desk.model, desk.world, state, desk.slot)
            with pytest.raises(HostError) as caught:
                own.work()
            assert caught.value.code == "OPENCODE_IN_USE"
            orphan = own.pid
            predecessor.kill()
            predecessor.wait()
            begun = processes.started(orphan)
            assert begun
            assert own.work().reason == "claimed_done" and own.heard("goes on")
            assert processes.started(orphan) != begun and own.pid != orphan
    finally:
        predecessor.kill()
        predecessor.wait()
    assert (desk.slot / "a.txt").read_text() == "x\n"
    assert not (state / "server.json").exists()


def test_a_server_that_holds_too_much_is_begun_anew_between_turns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.model.scenario = steps(say("Done."))
    assert desk.work().reason == "claimed_done"
    first = desk.pid
    assert desk.work(attempt=2).reason == "claimed_done" and desk.pid == first
    monkeypatch.setattr(desk.host._server, "_memory_bytes", 1)
    assert desk.work(attempt=3).reason == "claimed_done" and desk.pid != first
    assert (desk.state / "server.json").stat().st_mode & 0o077 == 0


def _both(desk: Desk, tmp_path: Path, first: Callable[[], bool]) -> dict[str, TurnEnd]:
    """Two sessions at once, in a slot each; `first` says when the first one is stopped."""
    ends: dict[str, TurnEnd] = {}
    stops = {"first": first, "second": lambda: False}

    def work(name: str) -> None:
        slot = tmp_path / name
        slot.mkdir()
        given = Assignment(name, f"{name}.1", 1, "worker", str(slot), name)
        ends[name] = desk.host.work(given, desk.events.append, stops[name])

    threads = [threading.Thread(target=work, args=(name,)) for name in stops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return ends


def test_a_stop_of_one_session_leaves_the_other_alone(desk: Desk, tmp_path: Path) -> None:
    stopped, asked = threading.Event(), set[str]()

    def scenario(given: Asked) -> Reply:
        asked.add(given.last_user.strip('"'))
        return bash("sleep 600") if "first" in given.last_user else say("Done.", delay=stopped)

    def stop() -> bool:
        return len(asked) == 2 and (stopped.set() or True)

    desk.model.scenario = scenario
    ends = _both(desk, tmp_path, stop)
    assert {name: end.reason for name, end in ends.items()} == {"first": "aborted", "second": "claimed_done"}


@longer
def test_a_server_that_holds_too_much_is_not_begun_anew_while_a_session_works(tmp_path: Path) -> None:
    with desk_in(tmp_path, memory_bytes=1) as desk:
        ends = _both(desk, tmp_path, lambda: False)
        assert {end.reason for end in ends.values()} == {"claimed_done"} and not desk.heard("gone"), desk.events


def test_a_program_that_is_no_server(tmp_path: Path) -> None:
    given = Assignment("B1", "B1.1", 1, "worker", str(tmp_path), "Do it.")
    for binary in (Path("/bin/false"), tmp_path / "missing"):
        host = OpenCodeHost(binary, tmp_path / "state", None, environment={})
        with contextlib.closing(host), pytest.raises(HostError) as caught:
            host.work(given, lambda line: None, lambda: False)
        assert caught.value.code == "OPENCODE_FAILED" and caught.value.next_step
