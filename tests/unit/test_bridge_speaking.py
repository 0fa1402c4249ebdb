"""A person's words that OpenCode saves and does not run are not lost, and none is said twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from echelon.bridge import speaking
from echelon.bridge.sessions import Session
from echelon.bridge.speaking import GO_ON, Speaking
from echelon.bridge.underway import UnderWay

BELOW, ROOT = Session("ses_below", "Commander", "ses_root", "/w"), "ses_root"


class OpenCode:
    """`last`: the role of the session's newest message."""

    def __init__(self, last: str, *, busy: bool = False) -> None:
        self.last, self.busy = last, busy
        self.said: list[str] = []
        self.aborts = 0

    async def api(self, method: str, path: str, *, body: Mapping[str, Any] | None = None, **_: Any) -> Any:
        if path.endswith("/abort"):
            self.aborts += 1
        elif method == "POST":
            self.said += [part["text"] for part in (body or {})["parts"]]
        elif path.endswith("/status"):
            return {BELOW.id: {"type": "busy"}} if self.busy else {}
        else:
            return [{"info": {"id": "msg_1", "role": self.last, "finish": "stop"}, "parts": []}]
        return True


async def spoken(opencode: OpenCode, *, runs: bool = False, stops: bool = False) -> list[str]:
    """What the session was sent, some time after words were said to it while it rested."""
    under_way, ended = UnderWay(), False
    talk = Speaking(opencode.api, under_way, lambda _root: ended)
    assert await talk.speak(BELOW, ROOT, "name it", busy=False)
    if runs:
        under_way.runs(BELOW.id)
    ended = stops
    await asyncio.sleep(0.3)
    assert talk.began(BELOW.id) and not talk.began(BELOW.id), "asked once"
    return opencode.said


@pytest.mark.parametrize(
    ("opencode", "how", "more"),
    [
        (OpenCode("user"), {}, [GO_ON]),  # saved, and nothing runs
        (OpenCode("assistant"), {}, []),  # answered, and its signal was lost
        (OpenCode("user", busy=True), {}, []),
        (OpenCode("user"), {"runs": True}, []),
        (OpenCode("user"), {"stops": True}, []),  # the person's stop is final
    ],
)
def test_what_was_saved_and_does_not_run_is_begun_once(
    monkeypatch: pytest.MonkeyPatch, opencode: OpenCode, how: dict[str, bool], more: list[str]
) -> None:
    monkeypatch.setattr(speaking, "SENT_SECONDS", 0.05)
    assert asyncio.run(spoken(opencode, **how)) == ["name it", *more]


def test_a_stop_while_the_words_are_on_their_way_calls_them_back() -> None:
    opencode, under_way, ended = OpenCode("user"), UnderWay(), False

    async def api(method: str, path: str, **how: Any) -> Any:
        nonlocal ended
        ended = True
        return await opencode.api(method, path, **how)

    talk = Speaking(api, under_way, lambda _root: ended)
    assert not asyncio.run(talk.speak(BELOW, ROOT, "name it", busy=False))
    assert opencode.aborts == 1 and under_way.sent(BELOW.id) is None
    assert "LOOP_STOPPED" in under_way.message(BELOW.id, "name it"), "no model may see it"
    assert under_way.message(BELOW.id, "hello") == "", "the person may always speak"


def test_where_the_loop_was_stopped_only_a_turn_that_runs_takes_it_up() -> None:
    opencode, bodies = OpenCode("assistant", busy=True), []

    async def api(method: str, path: str, **how: Any) -> Any:
        bodies.append(how.get("body"))
        return await opencode.api(method, path, **how)

    talk = Speaking(api, UnderWay(), lambda _root: True)
    assert not asyncio.run(talk.speak(BELOW, ROOT, "name it", busy=False)) and bodies == []
    assert asyncio.run(talk.speak(BELOW, ROOT, "name it", busy=True))
    assert [body["noReply"] for body in bodies] == [True] and not talk.began(BELOW.id)
