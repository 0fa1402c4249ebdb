"""The example of the package - a lie, a skipped test, a conflict, a changed spec - on the real OpenCode, both ways."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from echelon.cli.commands.demo import answer, resume
from echelon.core import report
from echelon.core.levels.escalations import every
from echelon.engine.engine import Engine
from echelon.engine.example import lay_out
from echelon.engine.verification import verify
from echelon.engine.workspace import Places, Workspace
from echelon.testing.model import Asked, Reply, Scenario, call, say
from echelon.testing.playing import playbook_scenario
from opencode_chain import Chain, Stage, headless, role, stage
from opencode_commanders import Commanders
from proofs import LONG
from workspaces import Shop

ROUNDS_MAX = 4
pytestmark = [
    pytest.mark.skipif(not LONG, reason="long: make proofs; test_chain.py and test_deliver.py are the short forms"),
    pytest.mark.timeout(2_000),
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
            ended = here.deliver(seconds=400)
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
            ended = here.deliver(seconds=400)
            engine = Engine(Workspace(shop.root, places))
            if ended["ok"] or not (answer(engine) | resume(engine)):
                break
        assert ended["ok"], ended
        status = report.status(engine.world())
        assert status["project"]["items"]["delivered"] == 21 and status["evidence"]["proved"] == 21
    assert verify(Workspace(shop.root, places)).holds


@dataclass
class Together:
    """A staff whose first attempts at these items are made at the same time, so that they meet."""

    staff: Scenario
    missions: frozenset[str]
    working: set[str] = field(default_factory=set)
    all_there: threading.Event = field(default_factory=threading.Event)

    def __call__(self, asked: Asked) -> Reply:
        reply = self.staff(asked)
        found = re.search(r"^Mission (\S+)[.] ", asked.system, re.MULTILINE)
        if found is None or found[1] not in self.missions:
            return reply
        self.working.add(found[1])
        if self.working == self.missions:
            self.all_there.set()
        return dataclasses.replace(reply, delay=self.all_there)


def test_one_prompt_to_the_enterprise_commander_delivers_the_portfolio(tmp_path: Path) -> None:
    """Two programs, four projects, 21 items: a conflict, a lie, a question. One prompt, one answer, and nothing else."""
    shop = _example(tmp_path, "harbour")
    meeting = Together(staff(shop.root), frozenset({"PGM-001/PRJ-001/B001.1", "PGM-002/PRJ-003/B001.1"}))
    with stage(tmp_path / "w", shop, Commanders(meeting)) as here:
        session = here.ask("deliver everything", "EnterpriseCommander", seconds=900)
        loop, engine = here.loop(session), Engine(Workspace(shop.root, here.places))
        asked = [row.escalation for row in every(engine.world()) if row.escalation.pending]
        assert loop and loop.state == "waiting", (loop, here.texts(session, "assistant"))
        assert [row.context.split(" ", 1)[0] for row in asked] == ["B004"], asked
        assert asked[0].id in loop.reason, "it says for what"
        decided = json.dumps({"escalation_id": asked[0].id, "decision": "From the eighth day on, each day costs half."})
        done = here.run("call", "resolve_escalation", "--json", decided)
        assert done.returncode == 0, done
        here.until(lambda: (found := here.loop(session)) and found.state != "waiting", 60)
        here.wait(session, 900)
        _delivered(here, session)
        reached = [one.system for one in here.model.turns() if role(one) == "Worker" and "B004.2." in one.system]
        assert reached and all("each day costs half" in text for text in reached), "the answer is in the contract"
    assert verify(Workspace(shop.root, here.places)).holds


def _delivered(here: Stage, session: str) -> None:
    """All of it, each item once, with what the example is made to show; and nothing runs any more."""
    loop, world = here.loop(session), Engine(Workspace(here.shop.root, here.places)).world()
    assert loop and (loop.state, loop.code) == ("done", "ENTERPRISE_COMPLETE"), (loop, here.texts(session, "assistant"))
    assert set(here.loops()) == {session}, "one loop, at the top"
    assert not here.server.get("/session/status", directory=str(here.shop.root)), "no session is busy"
    assert here.texts(session)[0] == "deliver everything" and len(here.texts(session)) <= 4, here.texts(session)
    status = report.status(world)
    assert status["project"]["items"]["delivered"] == 21 and status["evidence"]["proved"] == 21
    assert [row["state"] for row in status["programs"]] == ["delivered", "delivered"]
    lines = here.shop.git("log", "--format=%B").splitlines()
    items = [line.removeprefix("Echelon-Item: ") for line in lines if line.startswith("Echelon-Item: ")]
    assert len(items) == len(set(items)) == 21, "none twice"
    reasons = {(row.item, row.reason) for row in world.attempts if row.reason != "delivered"}
    assert {reason for _, reason in reasons} == {"conflict", "checks_red", "suspended"}, reasons


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
            here.until(lambda: (found := here.loop(session)) and found.state != "waiting", 60)  # by itself
            here.wait(session, 200)
        loop = here.loop(session)
        assert loop and loop.code == "BACKLOG_COMPLETE", (loop, shop.states())
        assert len(shop.delivered()) == 9
    assert verify(Workspace(shop.root, here.places)).holds
