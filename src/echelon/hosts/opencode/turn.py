"""One turn of one session, watched from its prompt until nothing runs any more.

Events say when to look; what is true is read: a turn is over when its session is not busy and its last message is a
finished or failed answer. An idle event alone proves nothing (host-opencode.md §5.2), and one that was lost is made up
for by a slow look. Every wait in here ends: by an event, the next look, the caller's stop, or a named limit.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from echelon.errors import HostError
from echelon.hosts.opencode import reading
from echelon.hosts.opencode.client import FAMILY_MAX, Event, Inbox
from echelon.hosts.opencode.server import Running
from echelon.ports import EndReason

POLL_SECONDS = 0.2  # how long a person's stop may go unheard
LOOK_SECONDS = 5.0  # between two looks at the state that need no event
LOST_SECONDS = 15.0  # a prompt that made nothing happen for so long is lost; the first in a directory takes 5 s
ABORT_SECONDS = 10.0
ABORT_PAUSE_SECONDS = 0.3
TURN_SECONDS = 12 * 3600.0  # the caller's own limit comes long before
RETRIES_MAX = 8  # of the model's provider, which OpenCode waits for: two minutes and more
PARTS_MAX = 50_000  # parts of messages that were told once
GO_ON = "You were interrupted; go on where you stopped."


@dataclass(frozen=True, slots=True)
class Place:
    """The session that a turn is in, and what its prompts need besides their text (agent, model)."""

    session: str
    directory: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a turn was ended from outside."""

    reason: EndReason
    text: str = ""


class Turn:
    def __init__(
        self,
        running: Running,
        place: Place,
        answers: Mapping[str, str],
        on_event: Callable[[str], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._running, self._client, self._place = running, running.client, place
        self._answers, self._on_event, self._stopped = answers, on_event, stopped
        self._told: set[str] = set()
        self._settled: set[str] = set()  # requests that were answered
        self._error = ""  # what OpenCode said of a prompt that it did not take
        self._resent = False
        self._sent = float("-inf")
        self._since = 0  # messages until then are of turns before, in ms

    def run(self, text: str, since: int) -> Stop | None:
        """Prompt and wait; None when the turn ended by itself. Messages until `since`, in ms, are of turns before.

        Raises HostError OPENCODE_GONE when the server died, OPENCODE_REFUSED when it refuses an ordinary call.
        """
        self._since = since
        with self._running.stream.follow(self._place.session) as inbox:
            try:
                self._send(text)
                stop = self._wait(inbox, text)
            except HostError as error:
                if error.code != "OPENCODE_GONE":
                    self._abort(inbox)
                raise
            if stop is not None:
                self._abort(inbox)
            return stop

    def quiet(self) -> None:
        """End what still runs in the session from before, so that a prompt begins a turn of its own."""
        if self._place.session in self._client.busy(self._place.directory):
            self._abort(Inbox(self._place.session))

    def _send(self, text: str) -> None:
        self._sent = time.monotonic()
        body = {**self._place.body, "parts": [{"type": "text", "text": text}]}
        self._client.prompt(self._place.session, self._place.directory, body)

    def _wait(self, inbox: Inbox, text: str) -> Stop | None:
        until, look = time.monotonic() + TURN_SECONDS, time.monotonic() + LOOK_SECONDS
        while True:
            event = inbox.get(POLL_SECONDS)
            if self._stopped():
                return Stop("aborted")
            if not self._running.alive:
                raise HostError("OPENCODE_GONE", "OpenCode's server died.", "echelon deliver starts it again")
            stop = self._take(event) if event else None
            due = time.monotonic() > look
            if due and stop is None:
                look = time.monotonic() + LOOK_SECONDS
                stop = self._look(inbox)
            if stop is not None:
                return stop
            if (due or (event and self._is_end(event))) and self._over(text):
                return Stop("crashed", self._error) if self._error and not self._newest(self._since) else None
            if time.monotonic() > until:
                return Stop("timed_out", f"longer than {TURN_SECONDS:g} s")

    # ------------------------------------------------------------------------------------------ what happens

    def _take(self, event: Event) -> Stop | None:
        match event.type:
            case "message.part.updated":
                self._tell(event.properties.get("part"))
            case "question.asked":
                return self._asked(event.properties)
            case "permission.asked":
                return self._permission(event.properties)
            case "session.status":
                return self._status(event.properties.get("status"))
            case "session.error" if event.session == self._place.session:
                self._error = reading.error_of(event.properties.get("error"))
        return None

    def _is_end(self, event: Event) -> bool:
        if event.type == "reconnected":
            return True
        status = event.properties.get("status")
        idle = isinstance(status, dict) and status.get("type") == "idle"
        mine = event.session == self._place.session
        return mine and (event.type in ("session.idle", "session.error") or (event.type == "session.status" and idle))

    def _tell(self, part: Any) -> None:
        if not isinstance(part, dict) or len(self._told) >= PARTS_MAX or part.get("id") in self._told:
            return
        line = reading.line_of(part, self._place.directory)
        if line:
            self._told.add(str(part.get("id")))
            self._on_event(line)

    def _status(self, status: Any) -> Stop | None:
        if not isinstance(status, dict) or status.get("type") != "retry":
            return None
        message, attempt = str(status.get("message", "")), status.get("attempt")
        self._on_event(reading.first_line(f"the model's provider fails, try {attempt}: {message}"))
        if isinstance(attempt, int) and attempt > RETRIES_MAX:
            return Stop("unavailable", f"the model's provider failed {attempt} times: {message}")
        return None

    def _asked(self, request: Mapping[str, Any]) -> Stop | None:
        """Answer a question of the agent's when a person has decided it; end the turn with it otherwise."""
        number, texts = str(request.get("id", "")), reading.question_texts(request)
        if number in self._settled:
            return None
        given = [reading.answer_to(text, self._answers) for text in texts]
        known = [answer for answer in given if answer is not None]
        whole = reading.answer_to("\n".join(texts), self._answers)
        if len(known) < len(texts):
            known = [whole] * len(texts) if whole is not None else []
        if not known:
            return Stop("asked", "\n".join(texts))
        self._client.answer(number, self._place.directory, known)
        self._settled.add(number)
        self._on_event(reading.first_line(f"was told: {' / '.join(known)}"))
        return None

    def _permission(self, request: Mapping[str, Any]) -> Stop | None:
        number, text = str(request.get("id", "")), reading.permission_text(request)
        if number in self._settled:
            return None
        answer = reading.answer_to(text, self._answers)
        if answer is None:
            return Stop("asked", text)
        self._on_event(reading.first_line(f"{text} was told: {answer}"))
        yes = reading.is_yes(answer)
        said = "" if yes else f"A person decided: {answer}"
        self._client.reply(number, self._place.directory, "once" if yes else "reject", said)
        self._settled.add(number)
        return None

    # ------------------------------------------------------------------------------------------ what is true

    def _look(self, inbox: Inbox) -> Stop | None:
        """Requests whose event was lost."""
        for request in self._pending(inbox, self._client.questions):
            if (stop := self._asked(request)) is not None:
                return stop
        for request in self._pending(inbox, self._client.permissions):
            if (stop := self._permission(request)) is not None:
                return stop
        return None

    def _pending(self, inbox: Inbox, ask: Callable[[str], list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        found = ask(self._place.directory)
        if any(request.get("sessionID") not in inbox.family for request in found):
            inbox.family.update(family(self._running, self._place.session))
        yield from (request for request in found if request.get("sessionID") in inbox.family)

    def _over(self, text: str) -> bool:
        """Whether the turn is over. Prompts once more when the prompt was lost."""
        if self._place.session in self._client.busy(self._place.directory):
            return False
        new = self._newest(self._since)
        if reading.state_of(new) in ("finished", "failed", "aborted"):
            return True
        if self._error and not new:
            return True
        if time.monotonic() < self._sent + LOST_SECONDS:
            return False
        if self._resent or any(reading.info_of(message).get("role") == "assistant" for message in new):
            return True
        self._resent = True
        self._on_event("the prompt was lost and is sent again")
        self._send(GO_ON if new else text)
        return False

    def _newest(self, since: int) -> list[dict[str, Any]]:
        found = self._client.messages(self._place.session, limit=2)
        return [message for message in found if reading.created(message) > since]

    def _abort(self, inbox: Inbox) -> None:
        """Stop what runs, and clear what it asked: an aborted session's requests would stay (host-opencode.md §16.13)."""
        session, directory = self._place.session, self._place.directory
        until = time.monotonic() + ABORT_SECONDS
        with contextlib.suppress(HostError):
            self._client.abort(session, directory)
            for request in self._pending(inbox, self._client.questions):
                self._client.refuse(str(request.get("id")), directory)
            for request in self._pending(inbox, self._client.permissions):
                self._client.reply(str(request.get("id")), directory, "reject", "The turn was ended.")
            while not self._still() and time.monotonic() < until:
                time.sleep(ABORT_PAUSE_SECONDS)
                self._client.abort(session, directory)  # one that overtook the prompt was for nothing

    def _still(self) -> bool:
        """Whether nothing runs in the session, and nothing is about to."""
        if self._place.session in self._client.busy(self._place.directory):
            return False
        new = self._newest(self._since)
        over = reading.state_of(new) in ("finished", "failed", "aborted") or (self._error and not new)
        return bool(over) or time.monotonic() > self._sent + LOST_SECONDS


def family(running: Running, session: str) -> list[str]:
    """The session and all below it, itself first."""
    found = [session]
    for one in found:  # grows while it is walked
        found += [str(child["id"]) for child in running.client.children(one) if str(child["id"]) not in found]
        if len(found) >= FAMILY_MAX:
            break
    return found
