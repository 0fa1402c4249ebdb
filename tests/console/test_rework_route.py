"""Sending work back from the page: a person's, and then it is what the action itself does."""

from __future__ import annotations

from pathlib import Path

from consoles import Console
from echelon.core.levels.rework import REMARKS_MAX
from workspaces import Shop

SAY = {"comments": [{"path": "a.py", "line": 3, "text": "name it"}], "note": "smaller steps"}


def test_comments_are_a_person_s_and_become_the_next_attempt(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    console = Console(shop.places, shop.root)
    assert console.act("parallel_start_item").status == 200
    asked = console.ask("POST", "/api/slots/B001/comments", SAY)
    assert (asked.status, asked.code) == (409, "NEEDS_CONFIRMATION")
    console.confirm()
    done = console.ask("POST", "/api/slots/B001/comments", SAY)
    assert done.status == 200, done.body
    assert "REWORK B001: 1 comment(s)" in done.json()["message"]
    (mission,) = shop.engine().world().missions
    assert mission.attempt == 2
    assert "a.py:3 — name it" in mission.feedback and "smaller steps" in mission.feedback
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
    many = {"comments": SAY["comments"] * (REMARKS_MAX + 1)}  # type: ignore[operator]
    assert console.ask("POST", "/api/slots/B001/comments", many).code == "ARGUMENTS_INVALID"
    (mission,) = shop.engine().world().missions
    assert mission.attempt == 1
