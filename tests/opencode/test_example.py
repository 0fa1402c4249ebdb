"""The example of the package - a lie, a skipped test, a conflict, a changed spec - on the real OpenCode, both ways."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from echelon.cli.commands.demo import answer, resume
from echelon.core import report
from echelon.engine.engine import Engine
from echelon.engine.example import lay_out
from echelon.engine.verification import verify
from echelon.engine.workspace import Places, Workspace
from echelon.testing.model import Asked, Reply, Scenario, call, say
from echelon.testing.playing import playbook_scenario
from opencode_chain import Chain, headless, role, stage
from proofs import LONG
from workspaces import Shop

ROUNDS_MAX = 4
pytestmark = [
    pytest.mark.skipif(not LONG, reason="long: make proofs; test_chain.py and test_deliver.py are the short forms"),
    pytest.mark.timeout(600),
]


def attempt(asked: Asked, item: str, _sessions: int) -> int:
    """The mission's name carries it: `B001.2`."""
    name = re.escape(item).replace(r"\-", "[-/]")
    found = re.search(rf"\b{name}\.(\d+)\b", asked.last_user + asked.system)
    return int(found[1]) if found else 1


def staff(root: Path) -> Scenario:
    """Workers play the playbook; one who works for a commander is told where its slot is."""
    play = playbook_scenario(root / ".opencode" / "playbook", root, attempt)

    def scenario(asked: Asked) -> Reply:
        if role(asked) == "Reviewer" and "backlog_review_item" in asked.tools:
            note = {"note": "I looked; it holds."}
            return say("reviewed") if asked.tool_results else call("backlog_review_item", note)
        slot = re.search(r"Your directory is (.+?): relative paths", asked.system)
        if slot:
            told = re.sub(r"Working directory: .+", lambda _: f"Working directory: {slot[1]}", asked.system)
            asked = dataclasses.replace(asked, system=told)
        return play(asked)

    return scenario


def _example(folder: Path, name: str = "linkshelf") -> Shop:
    shop = Shop(folder / name, folder / "home")
    lay_out(name, shop.root)
    return shop


def test_deliver_takes_it_through_opencode(tmp_path: Path) -> None:
    shop = _example(tmp_path)
    with headless(tmp_path, shop, staff(shop.root)) as here:
        places = Places(tmp_path / "w/state/echelon", tmp_path / "w/cache/echelon")
        for _ in range(ROUNDS_MAX):
            ended = here.deliver()
            if ended["ok"] or not resume(Engine(Workspace(shop.root, places))):
                break
        assert ended["ok"], ended
        assert len(shop.delivered()) == 9
    assert verify(Workspace(shop.root, places)).holds


def test_deliver_takes_the_portfolio_through_opencode_with_four_slots(tmp_path: Path) -> None:
    """One session for each slot; a conflict, a lie, and a question that is answered from a file."""
    shop = _example(tmp_path, "harbour")
    with headless(tmp_path, shop, staff(shop.root)) as here:
        places = Places(tmp_path / "w/state/echelon", tmp_path / "w/cache/echelon")
        for _ in range(ROUNDS_MAX):
            ended = here.deliver()
            engine = Engine(Workspace(shop.root, places))
            if ended["ok"] or not (answer(engine) | resume(engine)):
                break
        assert ended["ok"], ended
        status = report.status(engine.world())
        assert status["project"]["items"]["delivered"] == 21 and status["evidence"]["proved"] == 21
    assert verify(Workspace(shop.root, places)).holds


def test_one_who_prompts_the_project_commander_gets_it_delivered(tmp_path: Path) -> None:
    shop = _example(tmp_path)
    workers = staff(shop.root)
    chain = Chain(staff=("Worker", "Reviewer"))

    def scenario(asked: Asked) -> Reply:
        return workers(asked) if role(asked) in ("Worker", "Reviewer") else chain(asked)

    with stage(tmp_path / "w", shop, scenario) as here:
        session = here.ask("deliver the backlog", seconds=200)
        for _ in range(ROUNDS_MAX):
            if not resume(Engine(Workspace(shop.root, here.places))):
                break
            body = {"command": "deliver", "arguments": ""}
            here.server.post(f"/session/{session}/command", body, directory=str(shop.root))
            here.wait(session, 200)
        loop = here.loop(session)
        assert loop and loop.code == "BACKLOG_COMPLETE", (loop, shop.states())
        assert len(shop.delivered()) == 9
    assert verify(Workspace(shop.root, here.places)).holds
