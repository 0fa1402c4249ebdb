"""What OpenCode's messages and events come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from echelon.hosts.opencode import reading
from echelon.hosts.opencode.client import read_event
from echelon.hosts.opencode.host import OpenCodeHost
from echelon.hosts.opencode.reading import Message


def answer(text: str = "", *, tools: int = 0, **info: Any) -> Message:
    given = {"id": "msg_2", "role": "assistant", "time": {"created": 2, "completed": 3}, "finish": "stop"} | info
    parts: list[dict[str, Any]] = [{"type": "tool", "tool": "bash"} for _ in range(tools)]
    return {"info": given, "parts": [*parts, {"type": "text", "text": text}]}


PROMPT: Message = {"info": {"id": "msg_1", "role": "user", "time": {"created": 1}}, "parts": []}


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        ("Did it.\nTests pass.", "claimed_done", "Did it.\nTests pass."),
        ("Stopped.\n\nHALT: the spec contradicts itself", "gave_up", "the spec contradicts itself"),
        ("**HALT:** twice red\nSee above.", "gave_up", "twice red\nSee above."),
        ("HALT — no network", "gave_up", "no network"),
        ("HALT:", "gave_up", "it did not say why"),
        ("The word HALT: is only named", "claimed_done", "The word HALT: is only named"),
        ("HALTING: no", "claimed_done", "HALTING: no"),
        ("HALT: early\nbut\nwent\non", "claimed_done", "HALT: early\nbut\nwent\non"),
        ("REFUSE: not for a worker", "claimed_done", "REFUSE: not for a worker"),
    ],
)
def test_the_last_lines_say_whether_it_gave_up(text: str, reason: str, said: str) -> None:
    end = reading.end_of([PROMPT, answer(text)], "worker")
    assert (end.reason, end.text) == (reason, said)


def test_a_reviewer_refuses() -> None:
    assert reading.end_of([answer("a.py:3 wrong\nREFUSE: it is wrong")], "reviewer").text == "it is wrong"
    assert reading.end_of([answer("Looked at all.")], "reviewer").reason == "claimed_done"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("APIError", {"statusCode": 529}, "unavailable"),
        ("APIError", {"statusCode": 429, "isRetryable": False}, "unavailable"),
        ("APIError", {"isRetryable": True}, "unavailable"),  # measured: the network is down
        ("APIError", {"statusCode": 402}, "denied"),
        ("ProviderAuthError", {"providerID": "x"}, "denied"),
        ("APIError", {"statusCode": 400, "isRetryable": False}, "crashed"),
        ("APIError", {"isRetryable": "yes", "statusCode": None}, "crashed"),
        ("APIError", None, "crashed"),
        ("ContextOverflowError", {"message": "too long"}, "crashed"),
        (None, {"statusCode": 503}, "crashed"),
    ],
)
def test_whose_fault_an_error_is(name: str | None, data: Any, reason: str) -> None:
    assert reading.end_of([answer("half", error={"name": name, "data": data})], "worker").reason == reason
    assert reading.blame("an error") == "crashed"


def test_ends_that_are_no_claims() -> None:
    error = {"name": "APIError", "data": {"message": "out of memory"}}
    ends = {
        "no_progress": [answer("")],
        "crashed": [answer("half", error=error)],
        "aborted": [answer("half", error={"name": "MessageAbortedError", "data": {}})],
    }
    assert {name: reading.end_of(turn, "worker").reason for name, turn in ends.items()} == {name: name for name in ends}
    assert reading.end_of(ends["crashed"], "worker").text == "APIError: out of memory"
    for broken in ([], [PROMPT], [answer("x", finish="tool-calls")], [answer("x", finish="length")]):
        assert reading.end_of(broken, "worker").reason == "crashed"
    assert reading.end_of([answer("", tools=1)], "worker").reason == "claimed_done"


def test_a_state_of_another_shape_is_open_and_uses_nothing() -> None:
    for odd in ({}, {"info": None}, {"info": {"role": "assistant", "time": "now", "tokens": 3}, "parts": 7}):
        assert reading.state_of([odd]) == "open" and reading.usage_of([odd]).tokens_in == 0


def test_usage_counts_the_cache_and_the_reasoning() -> None:
    tokens = {"input": 1, "output": 2, "reasoning": 4, "cache": {"read": 8, "write": 16}}
    used = reading.usage_of([PROMPT, answer(tokens=tokens, cost=0.5), answer(tokens=tokens, cost=1)])
    assert (used.tokens_in, used.tokens_out, used.cost) == (50, 12, 1.5)


def test_nothing_waits_for_a_person() -> None:
    for role in ("worker", "reviewer", "planner"):
        rules = reading.rules_of(role)
        assert {"external_directory", "doom_loop", "read", "question"} <= {rule["permission"] for rule in rules}
        assert all(rule["action"] != "ask" for rule in rules)


def test_lines_for_a_person() -> None:
    def line(tool: str, **given: Any) -> str:
        return reading.line_of({"type": "tool", "tool": tool, "state": {"status": "running", "input": given}}, "/s")

    assert line("write", filePath="/s/src/a.py") == "writes src/a.py"
    assert line("bash", command="pytest -q\nls") == "runs pytest -q"
    assert line("echelon_report") == "uses echelon_report"
    assert len(line("bash", command="x" * 999)) == reading.LINE_MAX
    assert reading.line_of({"type": "text", "text": "first\nsecond", "time": {"end": 1}}, "/s") == "first"
    assert reading.line_of({"type": "text", "text": "half", "time": {"start": 1}}, "/s") == ""


def test_an_answer_is_found_by_its_words() -> None:
    assert reading.answer_to("Red?\nOr blue?", {"Red? Or  blue?": "red"}) == "red"
    assert reading.answer_to("Red?", {"Blue?": "yes"}) is None
    assert all(map(reading.is_yes, ("yes", "Allow once", "oui, vas-y", "OK.")))
    assert not any(map(reading.is_yes, ("no", "never", "yesterday", "", "not okay")))


def test_events_are_unwrapped() -> None:
    def event(payload: Any) -> Any:
        return read_event(json.dumps({"directory": "/s", "payload": payload}).encode())

    idle = event({"type": "session.idle", "properties": {"sessionID": "ses_1"}})
    assert (idle.type, idle.session) == ("session.idle", "ses_1")
    assert event({"type": "session.created", "properties": {"info": {"id": "ses_2"}}}).session == "ses_2"
    assert (
        event({"type": "message.updated", "properties": {"info": {"sessionID": "ses_3", "id": "m"}}}).session == "ses_3"
    )
    assert event({"type": "sync", "name": "message.updated.1", "data": {}}) is None
    assert event({"type": "server.heartbeat", "properties": {}}).session == ""
    assert read_event(b"[]") is None


def test_a_model_is_written_with_its_provider(tmp_path: Any) -> None:
    with pytest.raises(Exception, match="OPENCODE_MODEL_INVALID"):
        OpenCodeHost(tmp_path, tmp_path, None, environment={}, models={"worker": "opus"})
