"""ProjectCommander → Commander → staff on the real OpenCode, and what must survive on the way."""

from __future__ import annotations

import dataclasses
import json
import random
import re
import shutil
import time
from pathlib import Path

import pytest

from echelon.engine.engine import Engine
from echelon.engine.workspace import Workspace
from echelon.testing.model import Asked, Reply, call, say
from echelon.testing.opencode import MAIN, OLDER, installed, missing, seed
from opencode_chain import GO, Chain, House, role, stage
from proofs import LONG, longer
from slots_world import write
from workspaces import CONFIG, Shop, backlog, bytes_of, wants

CONTRACT = "# Contract"  # where it begins in a session's system prompt


@pytest.mark.parametrize("version", [MAIN, pytest.param(OLDER, marks=longer)])
def test_one_prompt_delivers_the_backlog_with_proof(house: House, tmp_path: Path, version: str) -> None:
    """W9, W10, W12, W19; W-G1 (the loop outlives the first item), W-G2 (the chain descends), W-G3 (no loop is stolen)."""
    if installed(version) is None:
        pytest.skip(missing(version))
    shop, chain = Shop.make(tmp_path), Chain(staff=("Planner", "Worker", "Reviewer"))
    place = house.stage(shop, chain) if version == MAIN else stage(tmp_path / "w", shop, chain, version=version)
    with place as here:
        session = here.ask(GO)
        assert shop.delivered() == ["B001", "B002", "B003"]
        loop = here.loop(session)
        assert loop and (loop.state, loop.code) == ("done", "BACKLOG_COMPLETE")
        assert set(here.loops()) == {session}, "only the root session has a loop"
        workers = [asked for asked in here.model.turns() if role(asked) == "Worker"]
        assert workers and all(CONTRACT in asked.system for asked in workers), "the contract reaches them"
        assert all("grep -qx done" in asked.system for asked in workers), "criteria word for word"
        assert not any(asked.parent == "" for asked in workers)
        assert shop.git("status", "--porcelain", "*.txt") == ""
        assert loop.tokens > 100 * len(workers), "what the staff used is counted"
    assert shop.verify().holds


def test_background_work_is_waited_for(tmp_path: Path) -> None:
    """W8: while a Commander works in the background its caller's loop sends nothing, and its answer is the whole one."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    chain = Chain()

    def scenario(asked: Asked) -> Reply:
        if role(asked) == "ProjectCommander" and "<task" in asked.last_user:
            return call("backlog_close_item", {}) if not asked.tool_results else say("closed")
        if role(asked) == "ProjectCommander" and len(asked.tool_results) == 1:
            prompt = {"subagent_type": "Commander", "description": "B001", "prompt": "Deliver B001", "background": True}
            return call("task", prompt)
        if role(asked) == "ProjectCommander" and len(asked.tool_results) == 2:
            return say("it works in the background")
        if role(asked) == "Worker" and not asked.tool_results:
            time.sleep(1.0)  # the model thinks, long after the caller's turn has ended
        return chain(asked)

    flag = {"OPENCODE_EXPERIMENTAL_BACKGROUND_SUBAGENTS": "true"}
    with stage(tmp_path / "w", shop, scenario, environment=flag) as here:
        session = here.ask(GO)
        assert shop.delivered() == ["B001"]
        assert not any("in flight" in text for text in here.texts(session)), "no prompt while it worked"


def test_a_workspace_that_is_made_while_opencode_is_open_is_found(house: House, tmp_path: Path) -> None:
    """`echelon init` in a terminal beside it: nobody has to start OpenCode again."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    state, later = shop.root / ".opencode", tmp_path / "later"
    state.rename(later)
    with house.stage(shop, Chain()) as here:
        session = here.server.create(title="t")
        command, where = {"command": "status", "arguments": ""}, {"directory": str(shop.root)}
        assert here.server.request("POST", f"/session/{session}/command", command, where)[0] >= 400
        here.ask("hello", session=session)
        assert "no .opencode folder" in here.shown() and not here.loops()
        shutil.rmtree(state, ignore_errors=True)  # OpenCode may have made one of its own
        later.rename(state)
        here.ask(GO, session=session)
        loop = here.loop(session)
        assert loop and loop.code == "BACKLOG_COMPLETE" and shop.delivered() == ["B001"]


def test_a_persons_files_are_as_they_were_after_a_delivery(house: House, tmp_path: Path) -> None:
    """W4: hundreds of files below .opencode, and those of OpenCode's own plugins, are nobody's to tidy up."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    folder = shop.root / ".opencode"
    seed(folder)
    notes = {f"docs/note-{number}.md": f"{number}\n" for number in range(600)}
    own = {"bun.lock": "{}", "node_modules/mine/index.js": "1\n", "archive/old.md": "old\n", "agent/my.md": "Mine.\n"}
    write(folder, {**notes, **own})
    shop.commit("with notes", {"src/a.py": "a = 1\n"})
    write(shop.root, {"draft.txt": "not in git\n"})
    before = bytes_of(shop.root)
    with house.stage(shop, Chain()) as here:
        here.ask(GO)
        assert shop.delivered() == ["B001"]
    after = bytes_of(shop.root)
    changed = {name for name, content in before.items() if after.get(name) != content}
    assert changed <= {".opencode/backlog.md"}, changed


def test_two_workspaces_in_one_opencode_have_nothing_to_do_with_each_other(house: House, tmp_path: Path) -> None:
    """W12: items, loops, contracts and slots are of the directory that a session is in."""
    shop = Shop.make(tmp_path / "first", backlog(wants("B001"), wants("B002")), {})
    other = Shop.make(tmp_path / "second", backlog(wants("B007")), {})
    with house.stage(shop, Chain()) as here:
        there = dataclasses.replace(here, shop=other)
        sessions = here.server.create(title="t"), here.server.create(other.root, title="t")
        for session in sessions:
            here.server.prompt(session, GO, "ProjectCommander")
        here.wait(sessions[0])
        there.wait(sessions[1])
        assert (shop.delivered(), other.delivered()) == (["B001", "B002"], ["B007"])
        assert (set(here.loops()), set(there.loops())) == ({sessions[0]}, {sessions[1]})
        for asked in here.model.turns():
            if role(asked) == "Worker":
                first, second = (
                    r"done B007[.]txt",
                    r"done B00[12][.]txt",
                )  # of their checks; a bare id may be an example
                mine, theirs = (first, second) if "B007" in asked.last_user else (second, first)
                assert re.search(mine, asked.system) and not re.search(theirs, asked.system)
    assert (sorted(shop.merges()), other.merges()) == (["B001", "B002"], ["B007"])
    assert shop.verify().holds and other.verify().holds


def test_a_refused_close_counts_and_the_reason_reaches_the_next_attempt(house: House, tmp_path: Path) -> None:
    """W5: ticked boxes close nothing; the ladder holds inside OpenCode as in `deliver`."""
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {}, config={**CONFIG, "limits": {"attempts": 2}})
    lies = Chain(work=lambda item: Chain().work(item)[1:] if item == "B001" else Chain().work(item))
    with house.stage(shop, lies) as here:
        session = here.ask(GO)
        assert shop.delivered() == ["B002"] and shop.states()["B001"] != "delivered"
        loop = here.loop(session)
        assert loop and loop.state == "waiting", "an escalation waits for the person"
        workers = [asked for asked in here.model.turns() if role(asked) == "Worker"]
        assert any("The attempt before was refused" in asked.system for asked in workers)


class Unsure(Chain):
    """The Worker of B001 wants to know the colour, unless its contract says it; everybody passes the question on."""

    question = "Which colour?"

    def __call__(self, asked: Asked) -> Reply:
        results = [text for _, text in asked.tool_results]
        last, name = results[-1] if results else "", role(asked)
        if name == "Worker" and "Mission B001." in asked.system and "blue" not in asked.system:
            if results:
                return say(f"I was told: {last}\nHALT: {self.question}")
            options = [{"label": "red", "description": "r"}]
            return call(
                "question", {"questions": [{"question": self.question, "header": "Colour", "options": options}]}
            )
        if name == "Commander" and "HALT: " in last:
            return say(f"HALT: {self.question}")
        if name == "ProjectCommander" and results:
            if "HALT: " in last and "<task_result>" in last:
                words = {"context": self.question, "attempts": "-", "expected_decision": self.question, "item": "B001"}
                return call("record_escalation", {**words, "option1_label": "red", "option2_label": "blue"})
            if "is decided" in last:
                return call("backlog_resume_item", {"itemId": "B001"})
            if last.startswith("ESCALATION"):
                return say("B001 waits for a person.")
            if last.startswith("RESUMED"):
                return say("B001 is back.")
        return super().__call__(asked)


def test_a_question_from_below_waits_for_the_person_and_the_loop_goes_on_when_it_is_answered(
    house: House, tmp_path: Path
) -> None:
    """The others go on meanwhile; one answer, no further prompt; and the answer is in the contract of who asked."""
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {})
    with house.stage(shop, Unsure()) as here:
        session = here.ask(GO)
        loop, told = here.loop(session), here.texts(session)
        assert loop and (loop.state, shop.delivered()) == ("waiting", ["B002"])
        pending = Engine(Workspace(shop.root, here.places)).world().escalations[0]
        assert f"waits for a decision on {pending.id}" in loop.reason
        asked = [one for one in here.model.turns() if role(one) == "Worker" and one.tool_results]
        assert "[ASKED_BELOW]" in asked[0].tool_results[0][1], "no dialog that everybody would wait for"
        assert f"B001 waits for your decision, {pending.id}: {Unsure.question}" in here.shown()
        here.ask("what is going on?", session=session)
        assert here.texts(session) == [*told, "what is going on?"], "talking is no decision"
        decided = json.dumps({"escalation_id": pending.id, "decision": "blue"})
        assert here.run("call", "resolve_escalation", "--json", decided).returncode == 0
        here.until(lambda: (now := here.loop(session)) and now.state == "done", 60)
        assert sorted(shop.delivered()) == ["B001", "B002"]
        assert "is settled" in here.texts(session)[len(told) + 1]
    assert shop.verify().holds


def test_the_contract_and_the_objective_survive_a_compaction(house: House, tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    with house.stage(shop, Chain()) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "ProjectCommander")
        here.wait(session)
        body = {"providerID": "scripted", "modelID": "scripted"}
        here.server.post(f"/session/{session}/summarize", body, directory=here.server.directory_of(session))
        here.server.wait_idle(session, 30)
        compaction = [asked for asked in here.model.requests if asked.is_compaction]
        assert compaction and GO in str(compaction[-1].raw)
        here.ask("and now?", session=session)
        assert f"objective: {GO}" in here.model.turns(session)[-1].system


@pytest.mark.parametrize("seed", range(1, 9) if LONG else [1])
def test_a_killed_brain_loses_nothing_and_does_nothing_twice(tmp_path: Path, seed: int) -> None:
    """kill -9 of the brain again and again, at moments of chance, until everything is delivered."""
    chance = random.Random(seed)
    names = [f"B{number:03}" for number in range(1, 7 if LONG else 6)]
    shop = Shop.make(tmp_path, backlog(*map(wants, names)), {}, config={**CONFIG, "limits": {"loopStillTurns": 30}})
    with stage(tmp_path / "w", shop, Chain()) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "ProjectCommander")
        kills, most, until = 0, 15 if LONG else 7, time.monotonic() + 180
        while shop.delivered() != names:
            assert time.monotonic() < until, (kills, here.loop(session), shop.states())
            time.sleep(chance.uniform(0.1, 1.2))  # the moments are the subject
            kills += kills < most and here.kill_brain()
            if here.loop(session) is None and not here.server.is_busy(session):
                here.server.prompt(session, GO, "ProjectCommander")  # it was told that something is gone
        here.wait(session, 40)
        assert kills >= 5 and sorted(shop.merges()) == names
        told = [text for text in here.texts(session) if text != GO]
        assert sorted(set(told)) == sorted(told), "no prompt was sent twice"
        bare = [
            asked.session for asked in here.model.turns() if role(asked) == "Worker" and CONTRACT not in asked.system
        ]
        assert not bare, "each Worker was told its contract, by the brain that came after"
    assert shop.verify().holds


def test_a_killed_opencode_stops_with_a_clear_word_and_goes_on_when_told(tmp_path: Path) -> None:
    names = ["B001", "B002", "B003"]
    shop = Shop.make(tmp_path, backlog(*map(wants, names)), {})
    with stage(tmp_path / "w", shop, Chain()) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "ProjectCommander")
        here.until(lambda: shop.delivered() == ["B001"])
        here.server.kill()
        calls = len(here.model.requests)
        with type(here.server)(here.world, shop.root) as again:
            again.get("/session", directory=str(shop.root))  # the instance, and with it the bridge, is made here
            here.until(lambda: (loop := here.loop(session)) and loop.state == "paused")
            loop = here.loop(session)
            assert loop and loop.code == "LOOP_HOST_ENDED"
            assert len(here.model.requests) == calls, "nothing starts again by itself"
            again.post(f"/session/{session}/command", {"command": "deliver", "arguments": ""}, directory=str(shop.root))
            here.until(lambda: shop.delivered() == names)
            again.wait_idle(session, 30)
        assert sorted(shop.merges()) == names


@pytest.mark.skipif(not LONG, reason="long: make proofs; the kills above are its short forms")
@pytest.mark.timeout(900)
def test_thirty_kills_of_brain_opencode_or_both(tmp_path: Path) -> None:
    """After each kill of OpenCode the person starts it again and says /deliver; all is delivered, each item once."""
    chance = random.Random(30)
    names = [f"B{number:03}" for number in range(1, 41)]
    limits = {"limits": {"loopStillTurns": 50, "attempts": 20}}
    shop = Shop.make(tmp_path, backlog(*map(wants, names)), {}, config={**CONFIG, **limits})
    with stage(tmp_path / "w", shop, Chain()) as here:
        session, server, kills = here.server.create(title="t"), here.server, 0
        server.prompt(session, GO, "ProjectCommander")
        until = time.monotonic() + 600
        while shop.delivered() != names:
            assert time.monotonic() < until, (kills, here.loop(session), shop.states())
            time.sleep(chance.uniform(0.1, 2.5))  # the moments are the subject
            whom = chance.choice(("brain", "opencode", "both")) if kills < 30 else ""
            kills += bool(whom)
            if whom in ("brain", "both"):
                here.kill_brain()
            if whom in ("opencode", "both"):
                server.kill()
                server.events.close()
                server = type(here.server)(here.world, shop.root).__enter__()
                here.server = server
            loop = here.loop(session)
            if (loop is None or loop.state != "running" or whom in ("opencode", "both")) and not server.is_busy(
                session
            ):
                body = {"command": "deliver", "arguments": ""}
                server.request("POST", f"/session/{session}/command", body, {"directory": str(shop.root)}, seconds=60)
        server.wait_idle(session, 60)
        server.kill()
        server.events.close()
        assert kills == 30 and sorted(shop.merges()) == names
    assert shop.verify().holds
