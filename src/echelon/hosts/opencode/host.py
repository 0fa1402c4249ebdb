"""OpenCode as a host without a person before it: our own server, one session for each mission, attempt and role.

Theory of operation. A session is found again by what its metadata says, so a mission that was interrupted - by a stop, a
kill of Echelon or of OpenCode - goes on in the session it was in. A small file for each session says which message ended
the last turn that was reported: a turn that ended while nobody listened is reported without asking the model again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from echelon.errors import HostError, InputError
from echelon.hosts.opencode import reading, seed, writing
from echelon.hosts.opencode.server import MEMORY_BYTES, START_SECONDS, Running, Server
from echelon.hosts.opencode.turn import GO_ON, Place, Turn, family
from echelon.ports import Assignment, HostCapabilities, TurnEnd, Usage

AGENTS = {"worker": "Worker", "planner": "Planner", "reviewer": "Reviewer"}  # as the bridge registers them
PARALLEL = 8  # CPU-bound beyond that (host-opencode.md §10)
DEATHS_MAX = 1  # of the server in one turn
RELOADS_MAX = 2  # of a directory in which the bridge found no brain
ANSWERED = "You asked: {question}\nThe answer is: {answer}\nGo on where you stopped."


@dataclass(frozen=True, slots=True)
class _Memory:
    """What was reported of a session. Times are of messages, in ms; `since` to `until` is the last reported turn."""

    digest: str = ""  # of the prompt of the assignment
    reported: str = ""  # id of the message that ended the last reported turn
    since: int = 0
    until: int = 0
    question: str = ""  # with which that turn ended


class OpenCodeHost:
    """A `ports.Host`. `state` is a folder of this host alone; `agents` and `models` ("provider/model") are by role.

    `environment` is all that OpenCode gets, the person's own variables included: providers find their keys there.
    Raises InputError OPENCODE_MODEL_INVALID. `close` ends the server.
    """

    name = "opencode"

    def __init__(
        self,
        binary: Path,
        state: Path,
        config_dir: Path | None,
        *,
        environment: Mapping[str, str],
        agents: Mapping[str, str] = AGENTS,
        models: Mapping[str, str] | None = None,
        start_seconds: float = START_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._state, self._agents = state, agents
        self._models = {role: _model(role, name) for role, name in (models or {}).items()}
        self._server = Server(
            binary, state, config_dir, environment, start_seconds=start_seconds, memory_bytes=memory_bytes
        )

    def capabilities(self) -> HostCapabilities:
        return HostCapabilities(questions=True, usage=True, abort=True, parallel_sessions=PARALLEL)

    def close(self) -> None:
        self._server.close()

    def work(self, assignment: Assignment, on_event: Callable[[str], None], stopped: Callable[[], bool]) -> TurnEnd:
        """See ports.Host. Raises what Server.running raises, OPENCODE_REFUSED when OpenCode refuses a call, HOST_SILENT
        when it does not answer one, and AGENT_MISSING when it does not know the agent."""
        if stopped():
            return TurnEnd("aborted")
        with self._server.turn(stopped):
            for _ in range(DEATHS_MAX + 1):
                try:
                    return _Session(self, self._server.running(), assignment, on_event, stopped).work()
                except HostError as error:
                    if error.code != "OPENCODE_GONE":
                        raise
                    on_event("OpenCode's server is gone")
            return self._given_up(assignment, on_event, stopped)

    def _given_up(
        self, assignment: Assignment, on_event: Callable[[str], None], stopped: Callable[[], bool]
    ) -> TurnEnd:
        """The server died too often in one turn. What was spent is still to be told, if a server can be asked."""
        text = f"OpenCode's server died {DEATHS_MAX + 1} times in one turn"
        with contextlib.suppress(HostError):
            session = _Session(self, self._server.running(), assignment, on_event, stopped)
            return session.report(TurnEnd("crashed", text))
        return TurnEnd("crashed", text)

    # ------------------------------------------------------------------------------------ for sessions

    def body(self, role: str) -> dict[str, Any]:
        """What a prompt says besides its text."""
        return {"agent": self._agents[role]} | ({"model": self._models[role]} if role in self._models else {})

    def remember(self, session: str, memory: _Memory) -> None:
        folder = self._state / "sessions"
        with writing.failing_as("make", folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        writing.put(folder / f"{session}.json", json.dumps(asdict(memory)).encode(), 0o600)

    def recall(self, session: str) -> _Memory:
        """What was remembered; nothing at all when that cannot be read: then a turn is reported twice, not lost."""
        try:
            found = json.loads(writing.read(self._state / "sessions" / f"{session}.json") or b"{}")
            words = [str(found.get(name, "")) for name in ("digest", "reported", "question")]
            return _Memory(words[0], words[1], int(found.get("since", 0)), int(found.get("until", 0)), words[2])
        except (ValueError, TypeError, AttributeError):
            return _Memory()


class _Session:
    """The session of one assignment, in one server."""

    def __init__(
        self,
        host: OpenCodeHost,
        running: Running,
        assignment: Assignment,
        on_event: Callable[[str], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._host, self._running, self._client = host, running, running.client
        self._assignment, self._on_event = assignment, on_event
        self._directory = os.path.realpath(assignment.directory)
        self._digest = hashlib.sha256(assignment.prompt.encode("utf-8", "surrogatepass")).hexdigest()
        self._id = self._find() or self._create()
        self._place = Place(self._id, self._directory, host.body(assignment.role))
        self._turn = Turn(running, self._place, assignment.answers, on_event, stopped)
        self._memory = host.recall(self._id)
        self._since = self._memory.until

    def work(self) -> TurnEnd:
        self._turn.quiet()
        self._meet_agent()
        prompt = self._prompt()
        if isinstance(prompt, TurnEnd):
            return prompt
        self._memory = replace(self._memory, digest=self._digest, question="")
        self._host.remember(self._id, self._memory)
        stop = self._turn.run(prompt, self._since)
        return self.report(TurnEnd(stop.reason, stop.text) if stop else None)

    def report(self, end: TurnEnd | None) -> TurnEnd:
        """The end of the turn with what was used, after it is kept that it was told. None: the messages say the end."""
        messages = self._client.messages(self._id)
        turn = [message for message in messages if reading.created(message) > self._since]
        end = reading.end_of(turn, self._assignment.role) if end is None else end
        last = messages[-1] if messages else {}
        question = end.text if end.reason == "asked" else ""
        memory = _Memory(self._digest, reading.identity(last), self._since, reading.created(last), question)
        self._host.remember(self._id, memory)
        return replace(end, usage=self._usage(turn))

    def _meet_agent(self) -> None:
        """The bridge brings it, if it found a brain when the directory was opened: on a busy machine it may not have."""
        name = str(self._host.body(self._assignment.role)["agent"])
        for _ in range(RELOADS_MAX):
            if name in self._client.agents(self._directory):
                return
            self._on_event(f"OpenCode does not know the agent {name}: it reads its plugins anew")
            self._client.reload(self._directory)
        if name not in self._client.agents(self._directory):
            message = f"OpenCode does not know the agent {name} in {self._directory}."
            raise HostError(
                "AGENT_MISSING", message, "echelon doctor says whether the bridge is there and reaches a brain"
            )

    def _prompt(self) -> str | TurnEnd:
        """What to say to the session now, or the end of the turn when there is nothing to say."""
        memory, messages = self._memory, self._client.messages(self._id)
        if not messages:
            return self._assignment.prompt
        state, changed = reading.state_of(messages), self._digest != memory.digest
        if reading.identity(messages[-1]) != memory.reported:
            if state in ("finished", "failed"):
                return self.report(None)  # it ended while nobody listened
        elif changed:
            return self._assignment.prompt
        elif memory.question:
            return self._answered(memory.question)
        elif state == "finished":  # told before, and not kept by whoever was told: tell it again
            self._since = memory.since
            return self.report(None)
        self._on_event("goes on in the session that was interrupted")
        return self._assignment.prompt if changed else GO_ON

    def _answered(self, question: str) -> str | TurnEnd:
        answer = reading.answer_to(question, self._assignment.answers)
        if answer is None:
            return TurnEnd("asked", question)
        self._on_event(reading.first_line(f"was told: {answer}"))
        return ANSWERED.format(question=question, answer=answer)

    def _usage(self, turn: list[dict[str, Any]]) -> Usage:
        below = [
            message
            for session in family(self._running, self._id)[1:]
            for message in self._client.messages(session)
            if reading.created(message) > self._since
        ]
        return reading.usage_of([*turn, *below])

    # -------------------------------------------------------------------------------------------- which session

    @property
    def _named(self) -> dict[str, Any]:
        given = self._assignment
        return {"mission": given.mission, "attempt": given.attempt, "role": given.role}

    @property
    def _title(self) -> str:
        return f"{self._assignment.mission} {self._assignment.role}, attempt {self._assignment.attempt}"

    def _find(self) -> str:
        """The session of this assignment, "" when there is none yet. Versions without metadata keep the title."""
        for session in self._client.sessions(self._directory):
            metadata = session.get("metadata")
            named = metadata.get("echelon") if isinstance(metadata, dict) else None
            mine = named == self._named if named is not None else session.get("title") == self._title
            if mine and not session.get("parentID") and os.path.realpath(session["directory"]) == self._directory:
                return str(session["id"])
        return ""

    def _create(self) -> str:
        # Without it OpenCode installs 63 MB of npm packages into every slot that has a .opencode, and waits for them.
        state = Path(self._directory) / ".opencode"
        if state.is_dir():
            seed.seed(state)
        body = {
            "title": self._title,
            "permission": reading.rules_of(self._assignment.role),
            "metadata": {"echelon": self._named},
        }
        return self._client.create(self._directory, body)


def _model(role: str, name: str) -> dict[str, str]:
    provider, _, model = name.partition("/")
    if not provider or not model:
        message = f"The model of the {role} is {name!r}, and not written provider/model."
        raise InputError("OPENCODE_MODEL_INVALID", message, "`opencode models` lists the names")
    return {"providerID": provider, "modelID": model}
