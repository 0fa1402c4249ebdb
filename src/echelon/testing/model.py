"""A model that follows a script, behind the chat-completions protocol that hosts speak to their providers.

def scenario(asked: Asked) -> Reply:
    return say("done") if asked.tool_results else call("write", {"filePath": "a.txt", "content": "a"})

with ScriptedModel(scenario) as model:
    ...  # a host whose provider is at model.url
"""

from __future__ import annotations

import json
import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from echelon.testing.exchange import (
    DELAY_SECONDS_MAX,
    Asked,
    Delay,
    Reply,
    Scenario,
    call,
    calls,
    cut,
    fail,
    read,
    say,
    text_of,
)

__all__ = [
    "Asked", "Delay", "Reply", "Scenario", "ScriptedModel", "call", "calls", "cut", "fail", "say", "text_of",
]  # fmt: skip

REQUESTS_MAX = 10_000
BODY_BYTES_MAX = 64 * 1024 * 1024
PIECE = 400  # characters in one chunk of streamed text
_WORDS = re.compile(r"\s*\S+\s*")
POLL_SECONDS = 0.05  # how soon a client that left, or the end of the server, is noticed during a delay
CLOSE_SECONDS = 10.0


class ScriptedModel:
    """The server; a context manager. The scenario is called by one thread at a time, so it may keep state.

    What the scenario raises is answered with HTTP 400 and raised again where the context ends. Titles are answered by
    the server with `title`; with None they go to the scenario, too.
    """

    def __init__(self, scenario: Scenario, *, title: str | None = "A scripted title") -> None:
        self.scenario = scenario
        self._title = title
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._requests: list[Asked] = []
        self._gone: list[Asked] = []
        self._errors: list[Exception] = []
        self._numbers: Counter[str] = Counter()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self.port: int = self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> list[Asked]:
        """Every request so far, in the order of arrival, titles and compactions among them."""
        with self._lock:
            return list(self._requests)

    @property
    def gone(self) -> list[Asked]:
        """The requests whose client left before it was answered."""
        with self._lock:
            return list(self._gone)

    @property
    def errors(self) -> list[Exception]:
        """What the scenario raised."""
        with self._lock:
            return list(self._errors)

    def begin(self, scenario: Scenario) -> None:
        """Take another part: the requests so far are forgotten; what the part before raised is raised here."""
        with self._lock:
            errors = list(self._errors)
            self._errors.clear()
            self._requests.clear()
            self._gone.clear()
            self.scenario = scenario
        if errors:
            raise errors[0]

    def turns(self, session: str = "", since: float = 0.0) -> list[Asked]:
        """The requests that are no titles, of one session if named, that arrived after `since` (time.monotonic())."""
        return [
            asked for asked in self.requests
            if not asked.is_title and asked.arrived > since and session in ("", asked.session)
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.closing.set()
        self._server.shutdown()
        self._server.server_close()  # waits for the handlers, which `closing` lets go
        self._thread.join(CLOSE_SECONDS)
        if self._errors and error is None:
            raise self._errors[0]

    def answer(self, session: str, parent: str, body: Mapping[str, Any]) -> tuple[Asked, Reply]:
        """Record one request and ask the scenario; what the handler of the server calls."""
        with self._lock:
            asked = read(session, parent, body, self._numbers[session] + 1)
            if not (asked.is_title or asked.is_compaction):
                self._numbers[session] += 1
            if len(self._requests) >= REQUESTS_MAX:
                return asked, fail(400, f"more than {REQUESTS_MAX} requests")
            self._requests.append(asked)
        if asked.is_title and self._title is not None:
            return asked, say(self._title)
        try:
            with self._turn:
                return asked, self.scenario(asked)
        except Exception as error:  # whatever a scenario raises is a finding of the test that wrote it
            with self._lock:
                self._errors.append(error)
            return asked, fail(400, f"the scenario failed: {error!r}")

    def abandoned(self, asked: Asked) -> None:
        """Record that a client left; what the handler of the server calls."""
        with self._lock:
            self._gone.append(asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close joins them: nothing of a test outlives it
    request_queue_size = 64

    def __init__(self, model: ScriptedModel) -> None:
        self.model = model
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is a thing to be expected; a scenario's errors are kept elsewhere."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5.0  # seconds to send a request in
    server: _Server  # pyrefly: ignore[bad-override] - it serves this one only

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Not on the terminal of whoever runs the tests."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if not self.path.endswith("/chat/completions") or length > BODY_BYTES_MAX:
            return self._json(404, _error("no such path"))
        body = json.loads(self.rfile.read(length))
        header = self.headers.get
        asked, reply = self.server.model.answer(header("x-session-id") or "", header("x-parent-session-id") or "", body)
        try:
            if not self._wait(reply.delay):
                self.server.model.abandoned(asked)
                self.close_connection = True
            elif reply.status != 200:
                self._json(reply.status, _error(reply.text), reply.retry_after)
            elif body.get("stream"):
                self._stream(asked, reply)
            else:
                self._whole(asked, reply)
        except OSError:
            self.server.model.abandoned(asked)
            self.close_connection = True

    def _wait(self, delay: Delay) -> bool:
        """Let the delay pass; False when the client left or the server ends before it has."""
        seconds = DELAY_SECONDS_MAX if isinstance(delay, threading.Event) else min(delay, DELAY_SECONDS_MAX)
        released = delay if isinstance(delay, threading.Event) else threading.Event()
        until = time.monotonic() + seconds
        while not released.is_set() and (left := until - time.monotonic()) > 0:
            if self.server.closing.is_set() or _left(self.connection):
                return False
            released.wait(min(left, POLL_SECONDS))
        return not _left(self.connection)

    def _json(self, status: int, body: Mapping[str, Any], retry_after: float | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        if retry_after is not None:
            self.send_header("retry-after", f"{retry_after:g}")
        self._close_after()
        self.wfile.write(content)

    def _close_after(self) -> None:
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True

    def _whole(self, asked: Asked, reply: Reply) -> None:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
        if reply.tool_calls:
            message["tool_calls"] = _tool_calls(asked, reply)
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply)}
        body = {**_frame(asked), "object": "chat.completion", "choices": [choice], "usage": _usage(reply)}
        if not reply.is_cut:
            return self._json(200, body)
        self.send_response(200)
        self.send_header("content-length", "1000000")  # never fulfilled
        self._close_after()
        self.wfile.write(json.dumps(body).encode()[:-1])
        return None

    def _stream(self, asked: Asked, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")  # so that a client can tell a cut stream from a whole one
        self._close_after()
        for chunk in _chunks(asked, reply):
            self._piece(f"data: {json.dumps(chunk)}\n\n")
            if reply.pace and not self._wait(reply.pace):
                return self.server.model.abandoned(asked)
        if not reply.is_cut:
            self._piece("data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")
        return None

    def _piece(self, text: str) -> None:
        content = text.encode()
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")


def _left(connection: socket.socket) -> bool:
    """Whether the client has closed its end."""
    nothing: list[socket.socket] = []
    try:
        ready, _, _ = select.select([connection], nothing, nothing, 0)
        return bool(ready) and not connection.recv(1, socket.MSG_PEEK)
    except OSError:
        return True


def _chunks(asked: Asked, reply: Reply) -> Iterator[dict[str, Any]]:
    def chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return {**_frame(asked), "object": "chat.completion.chunk", "choices": choices}

    whole = range(0, len(reply.text), PIECE)
    pieces = _WORDS.findall(reply.text) if reply.pace else [reply.text[at : at + PIECE] for at in whole]
    for piece in pieces:
        yield chunk({"role": "assistant", "content": piece})
    for at, made in enumerate(_tool_calls(asked, reply)):
        yield chunk({"role": "assistant", "tool_calls": [{"index": at, **made}]})
    if reply.is_cut:
        return
    yield chunk({}, _finish(reply))
    if (asked.raw.get("stream_options") or {}).get("include_usage"):
        yield {**_frame(asked), "object": "chat.completion.chunk", "choices": [], "usage": _usage(reply)}


def _tool_calls(asked: Asked, reply: Reply) -> list[dict[str, Any]]:
    # An id must differ from every other in its session; the number of messages grows with each request.
    return [
        {
            "id": f"call_{asked.number}_{len(asked.messages)}_{at}",
            "type": "function",
            "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
        }
        for at, (name, args) in enumerate(reply.tool_calls)
    ]


def _frame(asked: Asked) -> dict[str, Any]:
    return {"id": f"scripted-{asked.number}", "created": 1, "model": str(asked.raw.get("model", "scripted"))}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.tool_calls else "stop"


def _usage(reply: Reply) -> dict[str, int]:
    total = reply.tokens_in + reply.tokens_out
    return {"prompt_tokens": reply.tokens_in, "completion_tokens": reply.tokens_out, "total_tokens": total}


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "scripted", "code": None}}
