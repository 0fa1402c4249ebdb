"""What a scripted model is asked, and what it answers: the values of a scenario."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# How the system prompts of a host's own errands begin (OpenCode 1.17 and 1.18).
TITLE = "You are a title generator"
COMPACTION = ("You are a context summarization agent", "You are an anchored context summarization assistant")
DELAY_SECONDS_MAX = 600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Texts are joined with newlines; `number` counts a session's requests from 1, errands apart."""

    session: str  # "" when the host names none
    parent: str  # session id of the one that spawned it, "" for a root
    system: str
    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[str, ...]  # names
    last_user: str
    tool_results: tuple[tuple[str, str], ...]  # (tool, content) since the last user message
    raw: Mapping[str, Any]  # the whole body
    number: int
    is_title: bool
    is_compaction: bool
    arrived: float  # time.monotonic()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers; made by `say`, `call`, `calls`, `fail` and `cut`.

    `delay` is seconds (at most DELAY_SECONDS_MAX) or an Event that the test sets; it passes before anything is sent.
    `status` other than 200 sends `text` as the error's message. `pace` is seconds between two words of the text, as it is
    streamed; 0 sends it in few large pieces.
    """

    text: str = ""
    tool_calls: tuple[tuple[str, Mapping[str, Any] | str], ...] = ()
    status: int = 200
    retry_after: float | None = None
    is_cut: bool = False
    delay: float | threading.Event = 0.0
    tokens_in: int = 100
    tokens_out: int = 10
    pace: float = 0.0


Scenario = Callable[[Asked], Reply]
Delay = float | threading.Event


def say(text: str, *, delay: Delay = 0.0, tokens_in: int = 100, tokens_out: int = 10, pace: float = 0.0) -> Reply:
    """A text and the end of the turn."""
    return Reply(text, delay=delay, tokens_in=tokens_in, tokens_out=tokens_out, pace=pace)


def call(
    name: str,
    args: Mapping[str, Any] | str,
    *,
    text: str = "",
    delay: Delay = 0.0,
    tokens_in: int = 100,
    tokens_out: int = 10,
) -> Reply:
    """One tool call, `text` before it. Arguments that are a string are sent as they are, valid JSON or not."""
    return Reply(text, ((name, args),), delay=delay, tokens_in=tokens_in, tokens_out=tokens_out)


def calls(
    several: Sequence[tuple[str, Mapping[str, Any] | str]],
    *,
    text: str = "",
    delay: Delay = 0.0,
    tokens_in: int = 100,
    tokens_out: int = 10,
) -> Reply:
    """Several tool calls in one message."""
    return Reply(text, tuple(several), delay=delay, tokens_in=tokens_in, tokens_out=tokens_out)


def fail(status: int, message: str, retry_after: float | None = None, *, delay: Delay = 0.0) -> Reply:
    """An HTTP error; `retry_after` in seconds. OpenCode repeats 429 and 5xx by itself, other 4xx end the turn."""
    return Reply(message, status=status, retry_after=retry_after, delay=delay)


def cut(after_text: str, *, delay: Delay = 0.0) -> Reply:
    """A text whose stream breaks off behind it, as when a provider dies."""
    return Reply(after_text, is_cut=True, delay=delay)


def read(session: str, parent: str, body: Mapping[str, Any], number: int) -> Asked:
    """What a request's body says, as a scenario sees it."""
    messages = tuple(body.get("messages", ()))
    system = "\n".join(text_of(one) for one in messages if one.get("role") in ("system", "developer"))
    users = [at for at, one in enumerate(messages) if one.get("role") == "user"]
    last = users[-1] if users else len(messages)
    names = {
        made.get("id"): made.get("function", {}).get("name", "")
        for one in messages for made in one.get("tool_calls") or ()
    }  # fmt: skip
    return Asked(
        session,
        parent,
        system,
        messages,
        tuple(tool.get("function", {}).get("name", "") for tool in body.get("tools") or ()),
        text_of(messages[last]) if users else "",
        tuple(
            (names.get(one.get("tool_call_id"), ""), text_of(one))
            for one in messages[last:]
            if one.get("role") == "tool"
        ),
        body,
        number,
        system.lstrip().startswith(TITLE),
        system.lstrip().startswith(COMPACTION),
        time.monotonic(),
    )


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")
