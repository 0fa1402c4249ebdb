"""What the portfolio's read adds for its view: the steps a state allows, and levers as values."""

from __future__ import annotations

from pathlib import Path

import midway
from consoles import Console
from workspaces import Shop


def test_each_state_allows_its_own_steps(tmp_path: Path) -> None:
    shop = midway.make(tmp_path, running=False)
    said = Console(shop.places, shop.root).get("/api/portfolio")
    rows = {row["key"]: row for program in said["programs"] for row in (program, *program["projects"])}
    assert rows["PGM-001"]["asks"] == ["verify", "close", "fail", "suspend"]
    assert rows["PGM-003"]["asks"] == ["start"]
    assert rows["PGM-001/PRJ-001"]["asks"] == ["reopen"]
    assert rows["PGM-002/PRJ-005"]["asks"] == ["resume"]
    assert rows["PGM-001"]["file"] == ".opencode/programs/PGM-001/program.md"


def test_one_project_is_nobodys_to_step(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    (program,) = Console(shop.places, shop.root).get("/api/portfolio")["programs"]
    assert (program["asks"], program["file"], program["projects"][0]["asks"]) == ([], "", [])


def test_a_lever_says_budget_and_priority(tmp_path: Path) -> None:
    shop = midway.make(tmp_path, running=False)
    said = Console(shop.places, shop.root).get("/api/portfolio")
    why = {row["id"]: row["why"] for row in said["allocation"]}
    assert all(lever["budget"] >= midway.BUDGET for row in why.values() for lever in row["levers"])
    assert any(lever["budget"] > midway.BUDGET for row in why.values() for lever in row["levers"])
    assert all(1 <= lever["priority"] <= 4 for row in why.values() for lever in row["levers"])
