"""What the views of slots, operations and settings ask besides lists: since when, who wrote one document, then and now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from consoles import Console
from echelon.console.interface import KEYS_MAX, Interface
from echelon.errors import LimitError
from workspaces import Shop

BACKLOG = ".opencode/backlog.md"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.make(tmp_path)


def _worked_on(shop: Shop) -> Console:
    console = Console(shop.places, shop.root)
    assert console.act("parallel_start_item").status == 200
    assert console.act("backlog_suspend_item", reason="wait", item_id="B001").status == 200
    return console


def _operations(console: Console, **query: Any) -> list[dict[str, Any]]:
    words = "&".join(f"{name}={value}" for name, value in query.items())
    rows: list[dict[str, Any]] = console.get(f"/api/operations?{words}")["operations"]
    return rows


def test_a_slot_says_since_when_its_attempt_runs(shop: Shop) -> None:
    console = Console(shop.places, shop.root)
    assert console.act("parallel_start_item").status == 200
    (row,) = console.get("/api/slots")["slots"]
    (mission,) = shop.engine().world().missions
    assert (row["attempt"], row["since"]) == (1, mission.started)


def test_operations_of_one_document_are_those_that_wrote_it(shop: Shop) -> None:
    console = _worked_on(shop)
    everything = _operations(console)
    mine = _operations(console, path=BACKLOG)
    assert mine == [row for row in everything if BACKLOG in row["documents"]]
    assert len(mine) > 0
    assert _operations(console, path="no.md") == []
    assert _operations(console, path=BACKLOG, limit=1) == mine[:1]
    assert _operations(console, path=BACKLOG, limit=1, before=mine[0]["sequence"]) == mine[1:2]


def test_a_text_as_it_was_is_compared_with_what_stands_there_now(shop: Shop) -> None:
    console = _worked_on(shop)
    newest, *_, oldest = _operations(console, path=BACKLOG)
    asked = f"/api/history?path={BACKLOG}&at={{}}&compare=true"
    assert console.get(asked.format(newest["sequence"]))["since"] == []
    then = console.get(asked.format(oldest["sequence"]))
    (change,) = then["since"]
    lines = [(line["kind"], line["text"]) for hunk in change["hunks"] for line in hunk["lines"]]
    assert ("removed", "- Status: [/]") in lines
    assert "- Status: [/]" in then["text"]
    assert console.get(asked.format(oldest["sequence"]).replace("&compare=true", ""))["since"] == []


def test_a_preference_that_is_nothing_is_forgotten(tmp_path: Path) -> None:
    interface = Interface(tmp_path / "state.sqlite")
    for number in range(KEYS_MAX):
        interface.prefer(f"draft.{number}", number)
    with pytest.raises(LimitError):
        interface.prefer("one-more", 1)
    interface.prefer("draft.0", None)
    interface.prefer("one-more", 1)
    assert (interface.preference("draft.0"), interface.preference("one-more")) == (None, 1)
    interface.close()
