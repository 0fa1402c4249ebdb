"""Sending work back from the page: a person's, and then it is what the action itself does."""

from __future__ import annotations

from pathlib import Path

from consoles import Console
from echelon.core.levels.rework import REMARKS_MAX
from workspaces import Shop

GONE = {"path": "a.py", "line": 2, "text": "keep it", "side": "old"}
SAY = {"comments": [{"path": "a.py", "line": 3, "text": "name it"}, GONE], "note": "smaller steps"}


def test_comments_are_a_person_s_and_become_the_next_attempt(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    console = Console(shop.places, shop.root)
    assert console.act("parallel_start_item").status == 200
    asked = console.ask("POST", "/api/slots/B001/comments", SAY)
    assert (asked.status, asked.code) == (409, "NEEDS_CONFIRMATION")
    console.confirm()
    done = console.ask("POST", "/api/slots/B001/comments", SAY)
    assert done.status == 200, done.body
    assert "REWORK B001: 2 comment(s)" in done.json()["message"]
    assert done.json()["data"]["told"] == {"how": "none", "session": "", "why": "absent"}, "no OpenCode is there"
    (mission,) = shop.engine().world().missions
    assert mission.attempt == 2
    assert "a.py:3 — name it" in mission.feedback and "removed line 2 of the base — keep it" in mission.feedback
    assert "smaller steps" in mission.feedback
    assert console.get("/api/slots")["slots"][0]["attempt"] == 2


def test_what_cannot_be_sent_is_refused_with_reasons(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    console = Console(shop.places, shop.root)
    assert console.act("parallel_start_item").status == 200
    console.ask("POST", "/api/slots/B001/comments", SAY)
    console.confirm()
    nothing = console.ask("POST", "/api/slots/B001/comments", {})
    assert (nothing.status, nothing.code) == (409, "ARGUMENT_MISSING")
    nowhere = console.ask("POST", "/api/slots/B999/comments", SAY)
    assert (nowhere.status, nowhere.code) == (409, "SLOT_UNKNOWN")
    side = {"comments": [{**GONE, "side": "left"}]}
    assert console.ask("POST", "/api/slots/B001/comments", side).code == "ARGUMENTS_INVALID"
    many = {"comments": SAY["comments"] * (REMARKS_MAX + 1)}  # type: ignore[operator]
    assert console.ask("POST", "/api/slots/B001/comments", many).code == "ARGUMENTS_INVALID"
    (mission,) = shop.engine().world().missions
    assert mission.attempt == 1


def test_the_action_by_its_name_says_who_was_told_too(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    console = Console(shop.places, shop.root)
    console.act("parallel_start_item")
    console.act("backlog_rework_item", note="again")
    console.confirm()
    done = console.act("backlog_rework_item", note="again")
    assert done.json()["data"]["told"]["how"] == "none" and "No session was told" in done.json()["message"]
