"""A thin client of OpenCode's HTTP interface: the calls that a headless delivery needs, and the stream of events.

One short connection per call on the loopback, the password in each, a limit on every wait and every answer. Which calls
there are: host-opencode.md §6; `/api/*` is another engine on 1.18 and not used.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from echelon.errors import HostError

CALL_SECONDS = 30.0
FIRST_SECONDS = 90.0  # of the first call in a directory: OpenCode loads its plugins, and the bridge waits for a brain
ANSWER_BYTES = 64 * 1024 * 1024
SESSIONS_MAX = 2_000  # of a directory, newest first, that are looked through
BEAT_SECONDS = 35.0  # the stream beats every 10 s; a silent one is opened again
OPEN_SECONDS = 5.0
AGAIN_SECONDS = 0.5
INBOX_MAX = 5_000  # events of one session not looked at yet; what is lost is found by reading its state
FAMILY_MAX = 1_000  # sessions below one
CLOSE_SECONDS = 5.0
USER = "opencode"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """`type` is OpenCode's, or "reconnected": events may have been lost, so state is to be read again."""

    type: str
    properties: Mapping[str, Any]
    session: str = ""


class Client:
    """One server. Raises HostError OPENCODE_GONE when nobody answers, HOST_SILENT when the answer takes too long,
    OPENCODE_REFUSED when it is an error."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        secret = base64.b64encode(f"{USER}:{password}".encode()).decode()
        self._headers = {"authorization": f"Basic {secret}", "content-type": "application/json"}

    def health(self, seconds: float = CALL_SECONDS) -> str:
        """The version of the server."""
        return str(self._call("GET", "/global/health", seconds=seconds).get("version", ""))

    def sessions(self, directory: str) -> list[Json]:
        query = {"roots": "true", "limit": SESSIONS_MAX}
        return self._call("GET", "/session", directory, query=query, seconds=FIRST_SECONDS)

    def agents(self, directory: str) -> set[str]:
        """The names of all agents there, hidden ones too."""
        found: list[Json] = self._call("GET", "/agent", directory, seconds=FIRST_SECONDS)
        return {str(agent.get("name")) for agent in found}

    def reload(self, directory: str) -> None:
        """Let the directory's configuration and plugins be read anew; whatever runs there ends."""
        self._call("POST", "/instance/dispose", directory, {})

    def create(self, directory: str, body: Mapping[str, Any]) -> str:
        return str(self._call("POST", "/session", directory, body)["id"])

    def children(self, session: str) -> list[Json]:
        return self._call("GET", f"/session/{session}/children")

    def messages(self, session: str, limit: int = 0) -> list[Json]:
        """`{"info": …, "parts": […]}`, oldest first; the newest `limit` of them, 0 for all."""
        return self._call("GET", f"/session/{session}/message", query={"limit": limit} if limit else {})

    def busy(self, directory: str) -> set[str]:
        """The sessions of the directory that are not idle."""
        found: Mapping[str, Mapping[str, Any]] = self._call("GET", "/session/status", directory)
        return {session for session, status in found.items() if status.get("type") != "idle"}

    def prompt(self, session: str, directory: str, body: Mapping[str, Any]) -> None:
        self._call("POST", f"/session/{session}/prompt_async", directory, body)

    def abort(self, session: str, directory: str) -> None:
        self._call("POST", f"/session/{session}/abort", directory, {})

    def permissions(self, directory: str) -> list[Json]:
        return self._call("GET", "/permission", directory)

    def reply(self, permission: str, directory: str, reply: str, message: str = "") -> None:
        """Reply "once" or "reject"; the message goes to the model. One that is gone is no error."""
        body = {"reply": reply} | ({"message": message} if message else {})
        self._call("POST", f"/permission/{permission}/reply", directory, body, missing_ok=True)

    def questions(self, directory: str) -> list[Json]:
        return self._call("GET", "/question", directory)

    def answer(self, question: str, directory: str, answers: Sequence[str]) -> None:
        body = {"answers": [[answer] for answer in answers]}
        self._call("POST", f"/question/{question}/reply", directory, body, missing_ok=True)

    def refuse(self, question: str, directory: str) -> None:
        self._call("POST", f"/question/{question}/reject", directory, {}, missing_ok=True)

    def stream(self, path: str, seconds: float) -> tuple[socket.socket, http.client.HTTPResponse]:
        """Open a stream. Raises OSError and http.client.HTTPException; the caller closes the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path, headers=self._headers)
            line = connection.sock  # the connection forgets it when the answer says that it will close
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK or line is None:
                raise http.client.HTTPException(f"{path} answered {response.status}")
        except BaseException:
            connection.close()
            raise
        return line, response

    def _call(
        self,
        method: str,
        path: str,
        directory: str = "",
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        seconds: float = CALL_SECONDS,
        missing_ok: bool = False,
    ) -> Any:
        asked = {**(query or {}), **({"directory": directory} if directory else {})}
        target = f"{path}?{urlencode(asked)}" if asked else path
        content = None if body is None else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            with contextlib.closing(connection):
                connection.request(method, target, content, self._headers)
                response = connection.getresponse()
                status, answer = response.status, response.read(ANSWER_BYTES + 1)
        except TimeoutError as error:
            message = f"OpenCode did not answer {method} {path} in {seconds:g} s."
            raise HostError("HOST_SILENT", message, "echelon deliver tries again; see its log") from error
        except (OSError, http.client.HTTPException) as error:
            message = f"OpenCode's server does not answer {method} {path}: {error or type(error).__name__}."
            raise HostError("OPENCODE_GONE", message, "echelon deliver starts it again") from error
        if missing_ok and status == http.HTTPStatus.NOT_FOUND:
            return None
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise _failed(f"{method} {path} answered {status}: {answer[:500].decode('utf-8', 'replace')}")
        if len(answer) > ANSWER_BYTES:
            raise _failed(f"{method} {path} answered more than {ANSWER_BYTES} bytes")
        try:
            return json.loads(answer) if answer else None
        except ValueError as error:
            raise _failed(f"{method} {path} answered no JSON: {answer[:200]!r}") from error


def _failed(what: str) -> HostError:
    return HostError(
        "OPENCODE_REFUSED", f"OpenCode: {what}.", "echelon deliver tries again; echelon doctor looks at it"
    )


class Inbox:
    """The events of one session and of those below it, as they come."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.family = {session}
        self._events: queue.Queue[Event] = queue.Queue(INBOX_MAX)

    def put(self, event: Event) -> None:
        with contextlib.suppress(queue.Full):
            self._events.put_nowait(event)

    def get(self, seconds: float) -> Event | None:
        """The next event; None when none comes in time."""
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            return None


class Stream:
    """Reads `/global/event` in a thread of its own and opens it again when it breaks, until it is closed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inboxes: list[Inbox] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connected = threading.Event()
        self._line: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="opencode-events", daemon=True)

    def start(self) -> None:
        """Begin to read. The server has to be ready: one that is not may leave the request unanswered."""
        self._thread.start()

    @contextlib.contextmanager
    def follow(self, session: str, seconds: float = OPEN_SECONDS) -> Iterator[Inbox]:
        """The events of a session from now on. Waits until the stream stands; without it, state is read now and then."""
        inbox = Inbox(session)
        with self._lock:
            self._inboxes.append(inbox)
        try:
            self._connected.wait(seconds)
            yield inbox
        finally:
            with self._lock:
                self._inboxes.remove(inbox)

    def close(self) -> None:
        self._closing.set()
        self._connected.set()
        with self._lock:
            line = self._line
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)  # ends the read that is under way
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        opened = False
        while not self._closing.is_set():
            try:
                line, response = self._client.stream("/global/event", OPEN_SECONDS)
                line.settimeout(BEAT_SECONDS)
            except (OSError, http.client.HTTPException):
                self._closing.wait(AGAIN_SECONDS)
                continue
            with contextlib.closing(line), contextlib.closing(response):
                with self._lock:
                    self._line = line
                self._connected.set()
                if opened:
                    self._tell_all(Event("reconnected", {}))
                opened = True
                with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                    self._read(response)
            with self._lock:
                self._line = None
            self._closing.wait(AGAIN_SECONDS)

    def _read(self, response: http.client.HTTPResponse) -> None:
        while not self._closing.is_set():
            line = response.readline(ANSWER_BYTES)
            if not line:
                return
            if line.startswith(b"data:"):
                self._dispatch(read_event(line[5:]))

    def _dispatch(self, event: Event | None) -> None:
        if event is None or not event.session:
            return
        parent = _parent_of(event)
        with self._lock:
            for inbox in self._inboxes:
                if parent in inbox.family and len(inbox.family) < FAMILY_MAX:
                    inbox.family.add(event.session)
                if event.session in inbox.family:
                    inbox.put(event)

    def _tell_all(self, event: Event) -> None:
        with self._lock:
            for inbox in self._inboxes:
                inbox.put(event)


def read_event(line: bytes) -> Event | None:
    """One event out of its wrapping; None for what is no event of a session, and for the `sync` copies.

    Raises ValueError for what is no JSON: then the stream is broken.
    """
    payload = json.loads(line)
    payload = payload.get("payload", payload) if isinstance(payload, dict) else {}
    kind, properties = payload.get("type"), payload.get("properties")
    if not isinstance(kind, str) or kind == "sync" or not isinstance(properties, dict):
        return None
    info, part = properties.get("info"), properties.get("part")
    session = properties.get("sessionID")
    if not session and isinstance(part, dict):
        session = part.get("sessionID")
    if not session and isinstance(info, dict):
        session = info.get("id") if kind.startswith("session.") else info.get("sessionID")
    return Event(kind, properties, str(session or ""))


def _parent_of(event: Event) -> str | None:
    info = event.properties.get("info")
    return info.get("parentID") if isinstance(info, dict) and event.type.startswith("session.") else None
