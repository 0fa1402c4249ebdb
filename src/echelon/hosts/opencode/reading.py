"""What OpenCode's messages and events mean: the end of a turn, what was used, and lines for a person. No input, no output.

A message is `{"info": …, "parts": […]}`; what is in them is in host-opencode.md §5, and was looked at again on 1.18.33.
Nothing in them is trusted: what is missing or of another shape is as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from echelon.ports import EndReason, TurnEnd, Usage

LINE_MAX = 200
LAST_LINES = 3  # of a text, in which a halt is looked for
_HALT = re.compile(r"^[\s>#*_`-]*HALT\b[\s*_`]*[:—–-]\s*(?P<why>.*)", re.DOTALL)
_REFUSE = re.compile(r"^[\s>#*_`-]*REFUSE\b[\s*_`]*[:—–-]?\s*(?P<why>.*)", re.DOTALL)
_YES = re.compile(
    r"^\W*(yes|y|ok|okay|allow|allowed|approve|approved|oui|o|d'accord|autoriser?|accordé)\b", re.IGNORECASE
)

Message = Mapping[str, Any]
State = Literal["nothing", "open", "finished", "failed", "aborted"]
Rule = dict[str, str]


# ------------------------------------------------------------------------------------------- rules of a session


def rules_of(role: str) -> list[Rule]:
    """Permissions of a session that nobody watches: nothing in them waits for a person (host-opencode.md §9)."""
    rules = [
        _rule("external_directory", "*", "deny"),
        _rule("doom_loop", "*", "deny"),
        _rule("read", "*.env", "deny"),
        _rule("read", "*.env.*", "deny"),
        _rule("read", "*.env.example", "allow"),
        _rule("question", "*", "allow"),
    ]
    if role == "reviewer":
        rules.append(_rule("edit", "*", "deny"))  # it looks at the diff and runs checks by bash; the guard watches that
    return rules


def _rule(permission: str, pattern: str, action: str) -> Rule:
    return {"permission": permission, "pattern": pattern, "action": action}


# ------------------------------------------------------------------------------------------------- messages


def info_of(message: Message) -> Mapping[str, Any]:
    info = message.get("info")
    return info if isinstance(info, dict) else {}


def parts_of(message: Message, kind: str) -> Iterator[Mapping[str, Any]]:
    parts = message.get("parts")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and part.get("type") == kind:
            yield part


def created(message: Message) -> int:
    """Milliseconds since the epoch."""
    return _number(info_of(message).get("time"), "created")


def identity(message: Message) -> str:
    return str(info_of(message).get("id", ""))


def text_of(message: Message) -> str:
    texts = (str(part.get("text", "")) for part in parts_of(message, "text") if not part.get("synthetic"))
    return "\n".join(texts).strip()


def state_of(messages: Sequence[Message]) -> State:
    """How a session stands, by its last message, when nothing runs in it.

    "open": a prompt that was not answered, or an answer that was broken off.
    """
    if not messages:
        return "nothing"
    info = info_of(messages[-1])
    error = info.get("error")
    if info.get("role") != "assistant":
        return "open"
    if isinstance(error, dict):
        return "aborted" if error.get("name") == "MessageAbortedError" else "failed"
    ended = _number(info.get("time"), "completed") > 0 and info.get("finish") not in (None, "", "tool-calls")
    return "finished" if ended else "open"


def end_of(turn: Sequence[Message], role: str) -> TurnEnd:
    """What the messages of a turn that is over come to; `turn` has the last of them at its end."""
    state = state_of(turn)
    if state == "failed":
        error = info_of(turn[-1]).get("error")
        return TurnEnd(blame(error), error_of(error))
    if state == "aborted":
        return TurnEnd("aborted")
    if state != "finished":
        return TurnEnd("crashed", "OpenCode ended the turn in the middle")
    text, finish = text_of(turn[-1]), info_of(turn[-1]).get("finish")
    if finish in ("length", "content-filter", "error"):
        return TurnEnd("crashed", f"the model's answer was broken off ({finish}): {text[-LINE_MAX:]}")
    return _judged(text, role, tools=any(True for message in turn for _ in parts_of(message, "tool")))


def _judged(text: str, role: str, *, tools: bool) -> TurnEnd:
    if not text and not tools:
        return TurnEnd("no_progress", "the model neither did nor said anything")
    lines = text.splitlines()
    for at in range(max(0, len(lines) - LAST_LINES), len(lines)):
        found = _HALT.match("\n".join(lines[at:])) or (role == "reviewer" and _REFUSE.match("\n".join(lines[at:])))
        if found:
            return TurnEnd("gave_up", found["why"].strip(" *_`\n") or "it did not say why")
    return TurnEnd("claimed_done", text)


def error_of(error: Any) -> str:
    """The sentence in an error of OpenCode's: `{"name": …, "data": {"message": …}}`."""
    if not isinstance(error, dict):
        return "OpenCode reports an error and does not say which"
    data = error.get("data")
    message = data.get("message") if isinstance(data, dict) else None
    return f"{error.get('name', 'error')}: {message}" if message else str(error.get("name", "an error"))


_DENIED = (401, 402, 403, 404)  # HTTP: the key, the money, the right, the model
_LATER = (408, 425, 429, *range(500, 600))


def blame(error: Any) -> EndReason:
    """Whether an error is the provider's, for now or until a person acts, or of this session alone."""
    if not isinstance(error, dict):
        return "crashed"
    if error.get("name") == "ProviderAuthError":
        return "denied"
    data = error.get("data")
    if error.get("name") != "APIError" or not isinstance(data, dict):
        return "crashed"
    status = data.get("statusCode")
    if status in _DENIED:
        return "denied"
    # Without a status nobody answered: OpenCode says whether that may pass (a network that is down).
    return "unavailable" if status in _LATER or (status is None and data.get("isRetryable") is True) else "crashed"


def usage_of(messages: Sequence[Message]) -> Usage:
    """Tokens and cost summed; tokens read from or written to a provider's cache count as read."""
    tokens_in = tokens_out = 0
    cost = 0.0
    for info in map(info_of, messages):
        tokens = info.get("tokens")
        if not isinstance(tokens, dict):
            continue
        cache = tokens.get("cache")
        tokens_in += _number(tokens, "input") + _number(cache, "read") + _number(cache, "write")
        tokens_out += _number(tokens, "output") + _number(tokens, "reasoning")
        spent = info.get("cost")
        cost += spent if isinstance(spent, int | float) else 0.0
    return Usage(tokens_in, tokens_out, cost)


def _number(mapping: Any, name: str) -> int:
    value = mapping.get(name) if isinstance(mapping, dict) else 0
    return int(value) if isinstance(value, int | float) else 0


# ---------------------------------------------------------------------------------------------- for a person


def line_of(part: Mapping[str, Any], directory: str) -> str:
    """One line about a part of a message, "" when there is nothing to say yet."""
    if part.get("type") == "text":
        time = part.get("time")
        over = isinstance(time, dict) and time.get("end") and not part.get("synthetic")
        return first_line(str(part.get("text", ""))) if over else ""
    state = part.get("state")
    if part.get("type") != "tool" or not isinstance(state, dict) or state.get("status") not in ("running", "completed"):
        return ""
    given = state.get("input")
    return first_line(_doing(str(part.get("tool", "")), given if isinstance(given, dict) else {}, directory))


def _doing(tool: str, given: Mapping[str, Any], directory: str) -> str:
    def value(name: str) -> str:
        return str(given.get(name, "")).removeprefix(directory.rstrip("/") + "/")

    match tool:
        case "bash":
            return f"runs {value('command')}"
        case "write" | "edit" | "read":
            return f"{tool}s {value('filePath')}"
        case "glob" | "grep":
            return f"searches {value('pattern')}"
        case "task":
            return f"calls {value('subagent_type')}: {value('description')}"
        case "question":
            return f"asks: {' / '.join(question_texts(given))}"
        case "webfetch":
            return f"fetches {value('url')}"
        case _:
            return f"uses {tool}"


def first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0].strip()
    return line if len(line) <= LINE_MAX else line[: LINE_MAX - 1] + "…"


# ------------------------------------------------------------------------------------- questions, permissions


def question_texts(request: Mapping[str, Any]) -> list[str]:
    questions = request.get("questions")
    return [
        str(entry.get("question", "")).strip()
        for entry in (questions if isinstance(questions, list) else [])
        if isinstance(entry, dict)
    ]


def permission_text(request: Mapping[str, Any]) -> str:
    patterns = request.get("patterns")
    names = ", ".join(map(str, patterns)) if isinstance(patterns, list) else ""
    return f"May it {request.get('permission', 'do this')}: {names}?"


def answer_to(text: str, answers: Mapping[str, str]) -> str | None:
    """The person's answer; white space does not matter, since the question travelled through a document."""
    wanted = " ".join(text.split())
    return next((answer for asked, answer in answers.items() if " ".join(asked.split()) == wanted), None)


def is_yes(answer: str) -> bool:
    return _YES.match(answer) is not None
