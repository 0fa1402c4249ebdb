"""What the brain keeps of a workspace for as long as an OpenCode is open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from echelon.bridge.keeping import Keeper
from echelon.core.loops import Turn
from echelon.engine.workspace import Workspace
from slots_world import write
from workspaces import Shop

STILL = {"loopStillTurns": 100}


def test_settings_that_are_changed_while_a_loop_runs_hold_from_its_next_turn(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, config={"limits": {**STILL, "loopTurns": 50}})
    keeper = Keeper(shop.root, shop.places)
    step = keeper.step(keeper.begin("s", "project", "ProjectCommander", "go", 1), Turn("m1", "assistant", True))
    assert step and step.prompt
    write(shop.root, {".opencode/orchestrator.jsonc": json.dumps({"limits": {**STILL, "loopTurns": 2}})})
    step = keeper.step(step.loop, Turn("m2", "assistant", True))
    assert step and step.loop.code == "LOOP_LIMIT" and "loopTurns" in step.loop.reason
    assert keeper.running("s") is None


def test_W_E6_what_counts_is_the_environment_of_opencode_and_not_that_of_the_brain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The brain is started by the first OpenCode, and serves all that come after it."""
    monkeypatch.setenv("ORCHESTRATOR_STEERING_GUARD", "0")
    shop = Shop.make(tmp_path)
    assert Workspace(shop.root, shop.places).config["steering.readGuard"] is False
    assert Keeper(shop.root, shop.places).workspace.config["steering.readGuard"] is True
