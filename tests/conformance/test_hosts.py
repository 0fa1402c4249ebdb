"""What `ports.Host` promises, held against every host. A new host adds one row to the stages and a way to be told what to do.

A stage directs its host: the suite says in its own words what the agent shall do, the stage puts that into whatever
the host understands (a playbook, a model's canned answers).
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, get_args

import pytest

from echelon.errors import HostError
from echelon.hosts.opencode.host import OpenCodeHost
from echelon.hosts.scripted import ScriptedHost
from echelon.ports import Assignment, EndReason, Host, HostCapabilities, TurnEnd
from echelon.testing import opencode
from echelon.testing.model import Asked, Reply, ScriptedModel, fail, say
from slots_world import write
from workspaces import bytes_of, playbook

Direction = Mapping[str, Any]


class Stage(Protocol):
    """Makes a host whose agent does the given things in order, and then claims something."""

    def __call__(
        self, folder: Path, does: Sequence[Direction], claim: str = "done", review: str = "attest"
    ) -> Host: ...


def scripted(folder: Path, does: Sequence[Direction], claim: str = "done", review: str = "attest") -> Host:
    book = folder / "playbook"
    write(book, {"playbook.toml": playbook({"B001": [{"steps": list(does), "claim": claim, "review": review}]})})
    return ScriptedHost(book, folder / "workspace")


class OpenCodeStage:
    """The real program with a scripted model: one server for all tests, each stage a script that its prompt names."""

    def __init__(self, host: OpenCodeHost) -> None:
        self.host = host
        self.scripts: dict[str, Callable[[Asked], Reply]] = {}

    def __call__(
        self, folder: Path, does: Sequence[Direction], claim: str = "done", review: str = "attest"
    ) -> Directed:
        return Directed(self, does, claim, review)

    def scenario(self, asked: Asked) -> Reply:
        """The script that the conversation began with."""
        script = re.search(r"script-\d+", str(asked.messages))
        return self.scripts[script[0]](asked) if script else say("who am I?")


class Directed:
    """The OpenCode host, and what its model will do in any assignment: each in a mission of its own."""

    name = "opencode"

    def __init__(self, stage: OpenCodeStage, does: Sequence[Direction], claim: str, review: str) -> None:
        self._stage, self._does, self._claim, self._review = stage, does, claim, review
        self._script = f"script-{len(stage.scripts)}"
        stage.scripts[self._script] = lambda asked: say("")

    def capabilities(self) -> HostCapabilities:
        return self._stage.host.capabilities()

    def work(self, assignment: Assignment, on_event: Callable[[str], None], stopped: Callable[[], bool]) -> TurnEnd:
        last = {"done": "It is done.", "gave_up": "HALT: too hard", "nothing": ""}[self._claim]
        if assignment.role == "reviewer":
            last = "It holds." if self._review == "attest" else "REFUSE: it does not hold"
        replies = list(_replies(self._does, last, assignment.directory))
        self._stage.scripts[self._script] = lambda asked: replies[
            min(sum(message["role"] == "tool" for message in asked.messages), len(replies) - 1)
        ]
        given = replace(assignment, mission=self._script, prompt=f"{assignment.prompt} ({self._script})")
        return self._stage.host.work(given, on_event, stopped)


def _replies(does: Sequence[Direction], last: str, slot: str) -> Iterator[Reply]:
    """One reply for each direction that is a call; what is said goes with the next call, or with the end."""
    said = ""
    for step in does:
        match step:
            case {"say": text}:
                said = f"{said}\n{text}".strip()
                continue
            case {"write": name, "text": text}:
                call_ = ("write", {"filePath": f"{slot}/{name}", "content": text})
            case {"delete": name}:
                call_ = ("bash", {"command": f"rm {name}", "description": "deletes"})
            case {"run": command}:
                call_ = ("bash", {"command": command, "description": "runs", "timeout": 600_000})
            case {"sleep": seconds}:
                call_ = ("bash", {"command": f"sleep {seconds}", "description": "waits", "timeout": 600_000})
            case {"ask": question}:
                options = [{"label": "red", "description": "red"}, {"label": "blue", "description": "blue"}]
                call_ = ("question", {"questions": [{"question": question, "header": "Colour", "options": options}]})
            case {"crash": why}:
                yield fail(400, why)
                return
            case {"loop": _}:
                yield say("")
                return
            case _:
                raise AssertionError(step)
        yield Reply(said, (call_,))
        said = ""
    yield say(f"{said}\n{last}".strip() if last else "")


# What real agents are not, or what OpenCode leaves to its model.
OPENCODE_CANNOT = {
    "test_a_command_that_takes_too_long_ends_the_turn": "OpenCode tells the model that a command took too long",
    "test_an_attempt_it_knows_nothing_about_is_given_up": "a real agent is told all it knows in its prompt",
    "test_nothing_of_our_environment_reaches_the_agent": "needs the bridge",
}


def _nobody(asked: Asked) -> Reply:
    return say("who am I?")


@pytest.fixture(scope="module")
def opencode_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenCodeStage]:
    if opencode.binary() is None:
        pytest.skip(opencode.missing())
    folder = tmp_path_factory.mktemp("opencode")
    with ScriptedModel(_nobody) as model:
        world = opencode.World(folder / "world", model.url)
        agents = dict.fromkeys(("planner", "worker", "reviewer"), "build")
        host = OpenCodeHost(world.binary, folder / "state", None, environment=world.environment, agents=agents)
        stage = OpenCodeStage(host)
        model.scenario = stage.scenario
        with contextlib.closing(host):
            yield stage


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "scripted":
        return scripted
    if request.function.__name__ in OPENCODE_CANNOT:
        pytest.skip(OPENCODE_CANNOT[request.function.__name__])
    return request.getfixturevalue("opencode_stage")


every_host = pytest.mark.parametrize("stage", ["scripted", "opencode"], indirect=True)


@dataclass
class Room:
    """A slot, a workspace that must stay as it is, and what was heard."""

    folder: Path
    events: list[str] = field(default_factory=list)

    @property
    def slot(self) -> Path:
        return self.folder / "slots" / "work"

    def assignment(self, **more: Any) -> Assignment:
        given = {"item": "B001", "mission": "B001.1", "attempt": 1, "role": "worker", "prompt": "Do it."} | more
        return Assignment(directory=str(self.slot), **given)

    def work(self, host: Host, stopped: Callable[[], bool] = lambda: False, **more: Any) -> TurnEnd:
        return host.work(self.assignment(**more), self.events.append, stopped)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    write(tmp_path / "workspace", {"mine.txt": "mine\n", ".opencode/backlog.md": "# Backlog\n"})
    write(tmp_path / "slots/work", {".opencode/todo.md": "- [ ] one\n  - [ ] two\n", "a.txt": "a\n"})
    return Room(tmp_path)


@every_host
def test_capabilities_are_declared_and_bounded(stage: Stage, room: Room) -> None:
    held = stage(room.folder, []).capabilities()
    assert isinstance(held, HostCapabilities) and held.parallel_sessions >= 1
    assert stage(room.folder, []).name


@every_host
def test_a_turn_ends_with_an_end(stage: Stage, room: Room) -> None:
    for claim, reason in (("done", "claimed_done"), ("gave_up", "gave_up"), ("nothing", "no_progress")):
        end = room.work(stage(room.folder, [{"say": "on it"}], claim))
        assert isinstance(end, TurnEnd) and end.reason == reason and reason in get_args(EndReason)
        assert min(end.usage.tokens_in, end.usage.tokens_out, end.usage.cost) >= 0


@every_host
def test_events_are_lines_of_text(stage: Stage, room: Room) -> None:
    room.work(stage(room.folder, [{"say": "first"}, {"write": "b.txt", "text": "b\n"}]))
    assert "first" in room.events and len(room.events) >= 2
    assert all(isinstance(event, str) and event for event in room.events)


@every_host
def test_only_the_slot_is_written(stage: Stage, room: Room) -> None:
    before = bytes_of(room.folder, without=("slots", "playbook"))
    host = stage(room.folder, [{"write": "new/b.txt", "text": "b\n"}, {"run": "echo x > c.txt"}, {"delete": "a.txt"}])
    assert room.work(host).reason == "claimed_done"
    assert bytes_of(room.folder, without=("slots", "playbook")) == before
    held = bytes_of(room.slot, without=(".opencode",))
    assert held == {"new/b.txt": b"b\n", "c.txt": b"x\n"}
    assert sorted(path.name for path in (room.folder / "slots").iterdir()) == ["work"]


@every_host
def test_the_same_assignment_gives_the_same_work(stage: Stage, room: Room) -> None:
    directions = [{"write": "b.txt", "text": "b\n"}]
    first = (room.work(stage(room.folder, directions)), bytes_of(room.slot))
    assert (room.work(stage(room.folder, directions)), bytes_of(room.slot)) == first


@every_host
@pytest.mark.parametrize("long", [{"sleep": 600}, {"run": "sleep 600"}, {"run": "sleep 600 & sleep 600; wait"}])
def test_a_stop_is_honoured_in_the_middle(stage: Stage, room: Room, long: Direction) -> None:
    """The agent is busy for ten minutes when the stop comes; the suite's own time limit is far below that."""
    asked = threading.Event()
    host = stage(room.folder, [{"say": "begins"}, long, {"write": "after.txt", "text": ""}])

    def stopped() -> bool:
        if room.events:
            asked.set()
        return asked.is_set()

    assert room.work(host, stopped).reason == "aborted"
    assert not (room.slot / "after.txt").exists()


@every_host
def test_a_stop_before_the_turn_does_nothing(stage: Stage, room: Room) -> None:
    before = bytes_of(room.slot)
    assert room.work(stage(room.folder, [{"write": "b.txt", "text": ""}]), lambda: True).reason == "aborted"
    assert bytes_of(room.slot) == before


@every_host
def test_a_crash_is_told(stage: Stage, room: Room) -> None:
    """A host that knows what was spent until then ends the turn; one whose program is gone raises."""
    try:
        end = room.work(stage(room.folder, [{"write": "b.txt", "text": "half"}, {"crash": "out of memory"}]))
    except HostError as error:
        assert error.code and error.next_step and "out of memory" in error.message
    else:
        assert end.reason == "crashed" and "out of memory" in end.text and end.usage.tokens_in > 0
    assert (room.slot / "b.txt").read_text("utf-8") == "half"  # what was done stays, for the next attempt to look at


@every_host
def test_a_loop_ends_without_a_claim(stage: Stage, room: Room) -> None:
    end = room.work(stage(room.folder, [{"loop": 3}, {"write": "b.txt", "text": ""}]))
    assert end.reason == "no_progress" and not (room.slot / "b.txt").exists()


@every_host
def test_a_command_that_takes_too_long_ends_the_turn(stage: Stage, room: Room) -> None:
    end = room.work(stage(room.folder, [{"run": "sleep 600", "seconds": 0.2}]))
    assert end.reason == "timed_out" and end.text


@every_host
def test_a_question_ends_the_turn_and_its_answer_lets_it_go_on(stage: Stage, room: Room) -> None:
    if not stage(room.folder, []).capabilities().questions:
        pytest.skip("this host cannot ask")
    question = "Shall it be red? Or — blue?"
    host = stage(room.folder, [{"ask": question}, {"write": "b.txt", "text": "b\n"}])
    end = room.work(host)
    assert (end.reason, end.text) == ("asked", question) and not (room.slot / "b.txt").exists()
    assert room.work(host, answers={"another question": "no"}).reason == "asked"
    assert room.work(host, answers={question: "red"}).reason == "claimed_done"
    assert any("red" in event for event in room.events) and (room.slot / "b.txt").exists()


@every_host
def test_a_reviewer_writes_nothing(stage: Stage, room: Room) -> None:
    before = bytes_of(room.slot)
    directions = [{"write": "b.txt", "text": "b\n"}]
    assert room.work(stage(room.folder, directions), role="reviewer").reason == "claimed_done"
    assert room.work(stage(room.folder, directions, review="refuse"), role="reviewer").reason != "claimed_done"
    after = bytes_of(room.slot)
    # OpenCode's own, and what keeps it from asking npm; the first ignores itself and the others
    hosts = {f".opencode/{name}" for name in (".gitignore", "package.json", "package-lock.json")}
    assert {name: content for name, content in after.items() if name not in hosts} == before


@every_host
def test_an_attempt_it_knows_nothing_about_is_given_up(stage: Stage, room: Room) -> None:
    host = stage(room.folder, [])
    assert room.work(host, attempt=99).reason == "gave_up"
    assert room.work(host, item="B777").reason == "gave_up"


@every_host
def test_nothing_of_our_environment_reaches_the_agent(
    stage: Stage, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "secret")
    room.work(stage(room.folder, [{"run": "env > env.txt"}]))
    assert "secret" not in (room.slot / "env.txt").read_text("utf-8")
