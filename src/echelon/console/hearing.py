"""What OpenCode says, read to the values and events of the page.

Everything in here comes from agents, models and files: text, capped, and never more than text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from echelon.actions.table import ACTIONS
from echelon.bridge.roles import CHECKS, ROLES
from echelon.console.talk import Agent, Command, Loop, Option, Part, Permission, Query, Question, Said, Session
from echelon.core.documents.render import clean

TITLE_MAX = 200
TEXT_MAX = 100_000  # characters of one part of a message
OUTPUT_MAX = 4_000  # of what a tool answered
ASKED_MAX = 4_000  # of one question, or of one pattern of a permission
ROWS_MAX = 100  # questions of one request, options of one question, patterns of one permission
PARTS_MAX = 500  # of one message
_HIDING = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
Json = Mapping[str, Any]


def person_only(permission: str) -> bool:
    """Whether a permission is asked for an action that is a person's: nobody may agree to it for the time to come."""
    action = ACTIONS.get(permission)
    return permission == CHECKS or (action is not None and action.who == "person")


def text(value: Any, most: int) -> str:
    """A string of somebody else's, without what moves a terminal or hides words, cut to a length."""
    words = value if isinstance(value, str) else "" if value is None else str(value)
    return clean(words) if len(words) <= most else f"{clean(words[:most])}…"


def prose(value: Any) -> str:
    """As `text`, for what is read and not acted on: the marks that join emoji and Persian words stay."""
    words = _HIDING.sub("", value[: TEXT_MAX + 1]) if isinstance(value, str) else ""
    return words if len(words) <= TEXT_MAX else f"{words[:TEXT_MAX]}…"


def at(value: Any) -> str:
    """Milliseconds since the epoch as ISO 8601; "" for none."""
    try:
        return (
            datetime.fromtimestamp(float(value) / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def rows(value: Any) -> list[Json]:
    """The objects of a list, whatever it is."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def part_of(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def tokens_of(info: Json) -> int:
    counted = part_of(info.get("tokens"))
    return int(sum(_number(counted.get(name)) for name in ("input", "output", "reasoning")))


def session_of(info: Json, slot: str, status: str, loop: Loop | None = None) -> Session:
    return Session(
        id=text(info.get("id"), TITLE_MAX),
        title=text(info.get("title"), TITLE_MAX),
        agent=text(info.get("agent"), TITLE_MAX),
        parent=text(info.get("parentID"), TITLE_MAX),
        directory=text(info.get("directory"), ASKED_MAX),
        slot=slot,
        status=status,
        cost=_number(info.get("cost")),
        tokens=tokens_of(info),
        updated=at(part_of(info.get("time")).get("updated")),
        loop=loop,
    )


def loop_of(row: Json) -> Loop:
    told = {name: row.get(name) for name in ("level", "state", "scope", "turns", "tokens", "cost")}
    return Loop(**told, code=text(row.get("code"), TITLE_MAX), reason=text(row.get("reason"), ASKED_MAX))  # pyrefly: ignore - pydantic looks


def agents_of(found: Any) -> tuple[Agent, ...]:
    """Those that a person can talk to, ours first in the order of the hierarchy."""
    seen = [row for row in rows(found) if row.get("mode") != "subagent" and not row.get("hidden")]
    order = list(ROLES)
    seen.sort(key=lambda row: order.index(row["name"]) if row.get("name") in order else len(order))
    return tuple(
        Agent(
            name=text(row.get("name"), TITLE_MAX),
            description=text(row.get("description"), ASKED_MAX),
            level=ROLES[row["name"]].level if row.get("name") in ROLES else "",
        )
        for row in seen
    )


def commands_of(found: Any, ours: Iterable[str]) -> tuple[Command, ...]:
    known = set(ours)
    return tuple(
        Command(
            name=text(row.get("name"), TITLE_MAX),
            description=text(row.get("description"), ASKED_MAX),
            agent=text(row.get("agent"), TITLE_MAX),
            ours=row.get("name") in known,
        )
        for row in rows(found)
        if row.get("source") != "skill"
    )


def part(found: Json) -> Part | None:
    """None for what marks a step and says nothing."""
    kind, state = text(found.get("type"), TITLE_MAX), part_of(found.get("state"))
    if kind in ("step-start", "step-finish", "snapshot", "patch"):
        return None
    if kind == "tool":
        said = state.get("error") if state.get("status") == "error" else state.get("output")
        return Part(
            id=text(found.get("id"), TITLE_MAX), type=kind, tool=text(found.get("tool"), TITLE_MAX),
            state=text(state.get("status"), TITLE_MAX), text=text(said, OUTPUT_MAX), title=_title(state),
        )  # fmt: skip
    title = text(found.get("filename") or found.get("agent") or found.get("description"), TITLE_MAX)
    return Part(id=text(found.get("id"), TITLE_MAX), type=kind, text=prose(found.get("text")), title=title)


def _title(state: Json) -> str:
    """What a tool is about: as it says itself, else the shortest thing it was given that says it."""
    given = part_of(state.get("input"))
    first = (given.get(name) for name in ("description", "filePath", "path", "command", "pattern"))
    return text(state.get("title") or next((word for word in first if word), ""), TITLE_MAX)


def said(message: Json) -> Said:
    info = part_of(message.get("info"))
    parts = [made for row in rows(message.get("parts"))[:PARTS_MAX] if (made := part(row)) is not None]
    return _head(info).model_copy(update={"parts": tuple(parts)})


def _head(info: Json) -> Said:
    error = part_of(info.get("error"))
    detail = part_of(error.get("data")).get("message")
    return Said(
        id=text(info.get("id"), TITLE_MAX),
        role=text(info.get("role"), TITLE_MAX),
        agent=text(info.get("agent") or info.get("mode"), TITLE_MAX),
        at=at(part_of(info.get("time")).get("created")),
        cost=_number(info.get("cost")),
        tokens=tokens_of(info),
        error=text(": ".join(str(word) for word in (error.get("name"), detail) if word), ASKED_MAX),
    )


def question_of(found: Json, session: Json) -> Question:
    return Question(
        id=text(found.get("id"), TITLE_MAX),
        session=text(found.get("sessionID"), TITLE_MAX),
        agent=text(session.get("agent"), TITLE_MAX),
        title=text(session.get("title"), TITLE_MAX),
        questions=tuple(
            Query(
                question=text(row.get("question"), ASKED_MAX),
                header=text(row.get("header"), TITLE_MAX),
                options=tuple(
                    Option(label=text(one.get("label"), ASKED_MAX), description=text(one.get("description"), ASKED_MAX))
                    for one in rows(row.get("options"))[:ROWS_MAX]
                ),
                multiple=bool(row.get("multiple")),
                custom=row.get("custom") is not False,
            )
            for row in rows(found.get("questions"))[:ROWS_MAX]
        ),
    )


def permission_of(found: Json, session: Json) -> Permission:
    name = text(found.get("permission"), TITLE_MAX)
    given = {key: found.get(key) if isinstance(found.get(key), list) else [] for key in ("patterns", "always")}
    return Permission(
        id=text(found.get("id"), TITLE_MAX),
        session=text(found.get("sessionID"), TITLE_MAX),
        agent=text(session.get("agent"), TITLE_MAX),
        title=text(session.get("title"), TITLE_MAX),
        permission=name,
        patterns=tuple(text(row, ASKED_MAX) for row in (given["patterns"] or [])[:ROWS_MAX]),
        always=() if person_only(name) else tuple(text(row, ASKED_MAX) for row in (given["always"] or [])[:ROWS_MAX]),
        person_only=person_only(name),
    )


# ------------------------------------------------------------------------------------------------- events


def told(event: Json, slot: str) -> tuple[str, dict[str, Any]] | None:
    """An event of OpenCode's as one of the stream: its kind and what it carries; None for what the page has no use for.

    `session {session, status, …}`, `text {session, message, part, delta}`, `message {session, message}`.
    """
    kind, found = str(event.get("type")), part_of(event.get("properties"))
    info, piece = part_of(found.get("info")), part_of(found.get("part"))
    session = text(
        found.get("sessionID") or piece.get("sessionID") or info.get("sessionID") or info.get("id"), TITLE_MAX
    )
    if kind.startswith("session."):
        return "session", {"session": session, **_change(kind, found, info, slot)}
    message = text(found.get("messageID") or piece.get("messageID") or info.get("id"), TITLE_MAX)
    if kind == "message.part.delta":
        grown = {"part": text(found.get("partID"), TITLE_MAX), "delta": prose(found.get("delta"))}
        return "text", {"session": session, "message": message, **grown}
    if kind == "message.part.updated":
        made = part(piece)
        return ("message", _message(session, Said(id=message, parts=(made,)))) if made else None
    if kind == "message.updated":
        return "message", _message(session, _head(info) if info else Said(id=message))
    if kind in ("message.removed", "message.part.removed"):
        return "message", {
            **_message(session, Said(id=message)),
            "removed": text(found.get("partID"), TITLE_MAX) or message,
        }
    return None


def _message(session: str, message: Said) -> dict[str, Any]:
    return {"session": session, "message": message.model_dump(exclude_none=True)}


def _change(kind: str, found: Json, info: Json, slot: str) -> dict[str, Any]:
    match kind:
        case "session.status":
            return {"status": text(part_of(found.get("status")).get("type"), TITLE_MAX)}
        case "session.idle":
            return {"status": "idle"}
        case "session.deleted":
            return {"status": "deleted"}
        case "session.error":
            return {"error": _head({"error": found.get("error")}).error}
    known = session_of(info, slot, "").model_dump(exclude={"id", "status", "loop"}) if info else {}
    return {"created": kind == "session.created", **known}
