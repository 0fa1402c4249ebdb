"""The scripted model as a client sees it, over a real socket."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from echelon.testing.model import Asked, Reply, ScriptedModel, call, calls, cut, fail, say

USER = {"role": "user", "content": "hello"}


def post(model: ScriptedModel, *messages: dict[str, Any], session: str = "s", parent: str = "", **body: Any) -> bytes:
    content = json.dumps({"model": "m", "messages": list(messages) or [USER], **body}).encode()
    headers = {"content-type": "application/json", "x-session-id": session, "x-parent-session-id": parent}
    request = urllib.request.Request(f"{model.url}/chat/completions", content, headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
        return answer.read()


def streamed(model: ScriptedModel, *messages: dict[str, Any], **body: Any) -> list[dict[str, Any]]:
    lines = post(model, *messages, stream=True, **body).decode().split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def until(condition: Any) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within 10 s"
        time.sleep(0.01)


def test_a_text_in_one_piece() -> None:
    with ScriptedModel(lambda asked: say("hi", tokens_in=7, tokens_out=3)) as model:
        answer = json.loads(post(model))
    assert answer["choices"][0] == {
        "index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop",
    }  # fmt: skip
    assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def test_a_long_text_is_streamed_in_pieces_and_usage_only_when_asked_for() -> None:
    with ScriptedModel(lambda asked: say("é" * 1000)) as model:
        bare, full = streamed(model), streamed(model, stream_options={"include_usage": True})
    texts = [chunk["choices"][0]["delta"].get("content", "") for chunk in bare]
    assert "".join(texts) == "é" * 1000 and len(texts) > 2
    assert not any("usage" in chunk for chunk in bare)
    assert full[-1]["usage"]["total_tokens"] == 110


def test_several_tool_calls_in_one_message_have_ids_of_their_own() -> None:
    with ScriptedModel(lambda asked: calls([("read", {"filePath": "a"}), ("bash", "{not json")], text="so")) as model:
        chunks = streamed(model)
        whole = json.loads(post(model))["choices"][0]
    made = [one for chunk in chunks for one in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert [(one["index"], one["function"]["name"]) for one in made] == [(0, "read"), (1, "bash")]
    assert json.loads(made[0]["function"]["arguments"]) == {"filePath": "a"}
    assert made[1]["function"]["arguments"] == "{not json"
    assert made[0]["id"] != made[1]["id"]
    assert whole["finish_reason"] == "tool_calls" and len(whole["message"]["tool_calls"]) == 2


def test_what_a_scenario_is_told() -> None:
    history = (
        {"role": "system", "content": "You are Worker."},
        {"role": "user", "content": "first"},
        {"role": "tool", "tool_call_id": "old", "content": "of the turn before"},
        {"role": "user", "content": [{"type": "text", "text": "second"}, {"type": "text", "text": "part"}]},
        {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "bash", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "out"},
    )
    with ScriptedModel(lambda asked: say("ok")) as model:
        post(model, *history, session="a", parent="p", tools=[{"type": "function", "function": {"name": "bash"}}])
        post(model, session="b")
        post(model, session="a")
    first, _, third = model.requests
    assert (first.session, first.parent, first.system) == ("a", "p", "You are Worker.")
    assert (first.tools, first.last_user, first.tool_results) == (("bash",), "second\npart", (("bash", "out"),))
    assert (first.number, third.number, third.tool_results) == (1, 2, ())
    assert model.turns("a", since=first.arrived) == [third]


def test_titles_do_not_reach_the_scenario_nor_count() -> None:
    title = {"role": "system", "content": "You are a title generator. You output ONLY a thread title."}
    with ScriptedModel(lambda asked: say(f"turn {asked.number}"), title="T") as model:
        assert b'"T"' in post(model, title, USER)
        assert b"turn 1" in post(model)
    assert [asked.is_title for asked in model.requests] == [True, False]
    with ScriptedModel(lambda asked: say("mine" if asked.is_title else ""), title=None) as model:
        assert b"mine" in post(model, title, USER)


def test_errors_and_rate_limits() -> None:
    replies = iter([fail(400, "context too long"), fail(429, "slow down", retry_after=2)])
    with ScriptedModel(lambda asked: next(replies)) as model:
        with pytest.raises(urllib.error.HTTPError) as bad:
            post(model)
        with pytest.raises(urllib.error.HTTPError) as limited:
            post(model)
    with bad.value, limited.value:
        assert (bad.value.code, json.loads(bad.value.read())["error"]["message"]) == (400, "context too long")
        assert (limited.value.code, limited.value.headers["retry-after"]) == (429, "2")


@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_stream_is_seen_as_cut(stream: bool) -> None:
    with ScriptedModel(lambda asked: cut("half a sen")) as model, pytest.raises(http.client.IncompleteRead) as broken:
        post(model, stream=stream)
    assert b"half a sen" in broken.value.partial and b"[DONE]" not in broken.value.partial


def test_a_delay_lasts_until_the_test_releases_it() -> None:
    gate = threading.Event()
    answers: list[bytes] = []
    with ScriptedModel(lambda asked: say("late", delay=gate)) as model:
        waiting = threading.Thread(target=lambda: answers.append(post(model)))
        waiting.start()
        until(lambda: model.requests)
        assert answers == []
        gate.set()
        waiting.join(20)
    assert b"late" in answers[0]


def test_a_client_that_leaves_during_a_delay_is_noticed() -> None:
    content = json.dumps({"messages": [USER]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {len(content)}\r\n\r\n".encode()
    with ScriptedModel(lambda asked: say("never", delay=threading.Event())) as model:
        with socket.create_connection(("127.0.0.1", model.port)) as client:
            client.sendall(head + content)
            until(lambda: model.requests)
        until(lambda: model.gone)
    assert model.gone == model.requests


def test_the_end_lets_a_delayed_answer_go() -> None:
    def leave() -> None:
        with pytest.raises(OSError):
            post(model)

    with ScriptedModel(lambda asked: say("never", delay=threading.Event())) as model:
        waiting = threading.Thread(target=leave)
        waiting.start()
        until(lambda: model.requests)
    waiting.join(20)
    assert not waiting.is_alive()


def test_a_failing_scenario_is_raised_where_the_model_ends() -> None:
    def broken(asked: Asked) -> Reply:
        return call("write", {"filePath": asked.raw["no such key"]})

    with pytest.raises(KeyError), ScriptedModel(broken) as model:
        with pytest.raises(urllib.error.HTTPError) as bad:
            post(model)
        bad.value.close()
