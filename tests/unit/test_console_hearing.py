"""What OpenCode says is text from others: read to values, capped, and never an error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echelon.actions.table import ACTIONS
from echelon.bridge.manifest import WATCHED
from echelon.bridge.roles import CHECKS
from echelon.console import hearing

SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
KEYS = st.sampled_from(
    ["id", "sessionID", "messageID", "partID", "part", "info", "delta", "type", "state", "status", "error", "time",
     "tokens", "questions", "options", "patterns", "always", "permission", "parts", "title", "text", "cost", "data"]
)  # fmt: skip
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
ODD = st.dictionaries(KEYS, VALUE, max_size=5)


@given(st.sampled_from(WATCHED), ODD)
def test_no_event_breaks_the_stream(kind: str, properties: dict[str, Any]) -> None:
    told = hearing.told({"type": kind, "properties": properties}, "slot")
    assert told is None or (told[0] in ("session", "text", "message") and json.dumps(told[1]))


@given(ODD)
def test_nothing_that_is_asked_or_listed_breaks_a_page(found: dict[str, Any]) -> None:
    rows = [
        hearing.question_of(found, found), hearing.permission_of(found, found), hearing.said(found),
        hearing.session_of(found, "", "idle"), *hearing.agents_of([found]), *hearing.commands_of([found], ["x"]),
    ]  # fmt: skip
    assert all(row.model_dump_json() for row in rows)


@pytest.mark.parametrize("hostile", ["a\x1b[31mb", "a\x00b", "a\u202eb", "a\u2066b", "a\x9bb", "a\ud800b"])
def test_no_text_of_an_agent_moves_a_terminal_or_turns_a_line_around(hostile: str) -> None:
    part = {"id": "prt_1", "type": "text", "text": hostile}
    permission = {"id": "per_1", "sessionID": "ses_1", "permission": "bash", "patterns": [hostile], "always": [hostile]}
    for text in (
        hearing.part(part).text,  # pyrefly: ignore
        hearing.permission_of(permission, {}).patterns[0],
        hearing.session_of({"title": hostile}, "", "").title,
        hearing.told({"type": "message.part.delta", "properties": {"delta": hostile}}, "")[1]["delta"],  # pyrefly: ignore
    ):
        assert (
            text.startswith("a")
            and text.endswith("b")
            and not any(mark in text for mark in "\x1b\x00\u202e\u2066\x9b\ud800")
        )


def test_words_that_need_their_joiners_keep_them() -> None:
    family, persian = "👨‍👩‍👧", "می‌خواهم"
    for words in (family, persian, "two\nlines\tand a tab"):
        assert hearing.prose(words) == words


def test_what_is_long_is_cut() -> None:
    part = hearing.part({"id": "prt_1", "type": "text", "text": "x" * (hearing.TEXT_MAX + 5)})
    tool = {"status": "completed", "output": "y" * 50_000, "title": "t" * 1_000}
    done = hearing.part({"id": "prt_1", "type": "tool", "tool": "bash", "state": tool})
    assert part and len(part.text) == hearing.TEXT_MAX + 1
    assert done and len(done.text) == hearing.OUTPUT_MAX + 1 and len(done.title) == hearing.TITLE_MAX + 1


def test_a_word_of_the_persons_is_never_given_for_all_time() -> None:
    """Every action of the table that is a person's, and the running of checks."""
    persons = {action.name for action in ACTIONS.values() if action.who == "person"}
    for name in (*persons, CHECKS):
        found = hearing.permission_of({"id": "per_1", "permission": name, "always": ["*"]}, {})
        assert found.person_only and found.always == ()
    assert not any(hearing.person_only(name) for name in ("bash", "edit", "*", "", "backlog_status"))
