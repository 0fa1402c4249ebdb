"""The Commander Gate: on any other agent nothing changes. The model's requests with and without the bridge are equal."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echelon.testing.model import Asked, Reply, ScriptedModel, call, say
from echelon.testing.opencode import Server, World
from opencode_chain import House, bridged
from slots_world import write
from workspaces import Shop

CALLS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("read", {"filePath": "README.md"}),
    ("read", {"filePath": ".opencode/backlog.md"}),
    ("bash", {"command": "cat .opencode/backlog.md; echo ================", "description": "x"}),
    ("write", {"filePath": "a.txt", "content": "x"}),
    ("task", {"subagent_type": "general", "description": "d", "prompt": "look at @README.md"}),
    ("todowrite", {"todos": [{"content": "x", "status": "pending", "priority": "high"}]}),
)


def scenario(asked: Asked) -> Reply:
    plan = [row for row in CALLS if row[0] in asked.tools]
    return call(*plan[len(asked.tool_results)]) if len(asked.tool_results) < len(plan) else say("|--|\n" + "=" * 16)


def _bodies(model: ScriptedModel) -> list[str]:
    """Every request, without ids; in an order that does not depend on which of two sessions was faster."""
    return sorted(re.sub(r"\b(ses|msg|call|prt)_\w+", "ID", json.dumps(asked.raw)) for asked in model.requests)


def _session(server: Server) -> dict[str, Any]:
    session = server.create(title="t")
    for agent in ("build", "plan", "build"):
        server.prompt(session, f"do things as {agent}", agent)
        server.wait_idle(session, 40, calm=1.0)
    rules = {agent["name"]: agent for agent in server.get("/agent", directory=str(server.directory))}
    seen = server.get("/config", directory=str(server.directory))
    told = [event.type for event in server.events.all() if event.type.startswith("tui.")]
    return {"agents": rules, "default": seen.get("default_agent"), "command": seen.get("command"), "toasts": told}


def test_other_agents_and_their_models_see_no_difference(tmp_path: Path) -> None:
    """W22, W14, W21; W-F1 (tool outputs, prompts, toasts), W-F2 (rules of a table), W-F3 (agents, default, tools)."""
    config = {
        "permission": {"webfetch": "deny"},
        "agent": {"mine": {"prompt": "Mine.", "mode": "subagent", "description": "d"}, "Worker": {"prompt": "My own."}},
        "command": {"task": {"template": "my own task: $ARGUMENTS"}},
    }
    found = []
    for with_bridge in (False, True):
        folder = tmp_path / "same"  # the same paths both times
        shop = Shop.make(folder)
        write(shop.root, {".opencode/todo.md": "- [ ] open\n"})
        with ScriptedModel(scenario) as model:
            runtime = tmp_path / "r"
            made = (
                bridged(folder / "w", model.url, runtime, config=config)
                if with_bridge
                else World(folder / "w", model.url, config=config)
            )
            with Server(made, shop.root) as server:
                facts = _session(server)
            found.append((_bodies(model), facts))
        if with_bridge:
            _end_brain(runtime)
        folder.rename(tmp_path / f"was-{with_bridge}")
    (plain, without), (bridge, with_it) = found
    assert plain == bridge
    assert without["default"] == with_it["default"] and with_it["toasts"] == []
    assert with_it["command"]["task"] == without["command"]["task"], "a command of the person's own stays"
    for name, agent in without["agents"].items():
        now = dict(with_it["agents"][name])
        rules = [rule for rule in now.pop("permission") if rule not in agent["permission"]]
        assert now == {key: value for key, value in agent.items() if key != "permission"}, name
        assert all(rule["action"] == "deny" for rule in rules), "only our own tools are hidden"


def _end_brain(runtime: Path) -> None:
    os.kill(int(json.loads((runtime / "brain-1.lock").read_bytes())["pid"]), signal.SIGTERM)


def test_without_a_brain_opencode_is_as_if_nothing_were_installed(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    with ScriptedModel(lambda _asked: say("hi")) as model:
        world = bridged(tmp_path / "w", model.url, tmp_path / "r")
        (world.config_folder / "echelon.json").write_text(json.dumps({"command": ["/nonexistent/python"]}), "utf-8")
        with Server(world, shop.root) as server:
            session = server.create(title="t")
            server.prompt(session, "hello", "build")
            server.wait_idle(session, 30)
            names = {agent["name"] for agent in server.get("/agent", directory=str(shop.root))}
            assert "Commander" not in names and "build" in names
            assert not any(name.startswith("backlog_") for asked in model.requests for name in asked.tools)


def test_a_brain_that_is_late_is_waited_for_while_it_lives(tmp_path: Path) -> None:
    """A busy machine starts it in five seconds, and OpenCode would have no agent of ours until somebody restarts it."""
    shop = Shop.make(tmp_path)
    with ScriptedModel(lambda _asked: say("hi")) as model:
        world = bridged(tmp_path / "w", model.url, tmp_path / "r")
        late = f'sleep 5; exec "{sys.executable}" -m echelon serve'
        (world.config_folder / "echelon.json").write_text(json.dumps({"command": ["sh", "-c", late]}), "utf-8")
        with Server(world, shop.root) as server:
            names = {agent["name"] for agent in server.get("/agent", directory=str(shop.root))}
    _end_brain(tmp_path / "r")
    assert "Commander" in names


def test_a_bridge_in_a_folder_without_a_workspace_changes_no_file(house: House, tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    bare = tmp_path / "bare"
    bare.mkdir()
    with house.stage(shop, lambda _asked: say("hi")) as here:
        session = here.server.create(bare, title="t")
        here.server.prompt(session, "hello", "Commander")
        here.server.wait_idle(session, 30)
        assert list(bare.iterdir()) == [] and here.loops() == {}
