"""All four levels on the real OpenCode: a small portfolio delivered by code, by one prompt, and in parallel."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

import opencode_portfolios as portfolios
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import House, Stage, Tree, file_in, headless, role
from proofs import LONG
from workspaces import Shop

GO = "deliver everything"


def workers(asked: list[Asked]) -> dict[str, str]:
    """Session of each Worker -> the file that its contract names."""
    return {one.session: file_in(one.system) for one in asked if role(one) == "Worker"}


def test_deliver_works_on_as_many_items_as_there_are_slots(tmp_path: Path) -> None:
    """One session in each slot, in one OpenCode; a model for missions only."""
    shop = portfolios.shop(tmp_path, parallel=True)
    tree = Tree(together=3)
    with headless(tmp_path, shop, tree) as here:
        done = here.run("deliver", "--host", "opencode", "--slots", "3", "--json")
        assert json.loads(done.stdout)["ok"], done
        assert sorted(portfolios.delivered(shop)) == sorted(portfolios.KEYS)
        assert tree.ready.is_set(), "three Workers were at work at once"
        found = workers(here.model.turns())
        assert sorted(found.values()) == sorted(map(portfolios.file_of, portfolios.KEYS)), "a session for each item"
        assert {role(asked) for asked in here.model.turns()} == {"Worker"}
        assert here.run("verify").returncode == 0


def _descended(here: Stage, session: str) -> None:
    """Everything is delivered, by a chain that skips no level, and one loop did it."""
    loop = here.loop(session)
    assert loop and (loop.state, loop.code) == ("done", "ENTERPRISE_COMPLETE"), (loop, here.texts(session, "assistant"))
    assert set(here.loops()) == {session}, "only the root session has a loop"
    assert sorted(portfolios.delivered(here.shop)) == sorted(portfolios.KEYS)
    turns = here.model.turns()
    for name, above in zip(LEVELS[1:], LEVELS, strict=False):
        parents = {asked.parent for asked in turns if role(asked) == name}
        assert parents <= {asked.session for asked in turns if role(asked) == above}, f"{above} calls {name}"


def _verified(shop: Shop) -> None:
    found = shop.verify()
    assert found.holds, [*found.problems, *(problem for proof in found.proofs for problem in proof.problems)]


LEVELS = ("EnterpriseCommander", "ProgramCommander", "ProjectCommander", "Commander", "Worker")


def test_W_G2_one_prompt_to_the_enterprise_descends_to_the_workers(house: House, tmp_path: Path) -> None:
    """W-G1 (the loop outlives the first program), W-G3 (no child takes it), W-G5 (one prompt for one turn)."""
    shop, tree = portfolios.shop(tmp_path), Tree()
    with house.stage(shop, tree) as here:
        session = here.ask(GO, "EnterpriseCommander", seconds=120)
        _descended(here, session)
        prompts = [text for text in here.texts(session) if text != GO]
        assert len(prompts) == len(set(prompts)) <= 3, prompts
        assert "Next is PGM-002: enterprise_start_program." in prompts[0]
        found = workers(here.model.turns())
        assert sorted(found.values()) == sorted(map(portfolios.file_of, portfolios.KEYS)), "each has its own contract"
    _verified(shop)


def test_W_G8_in_parallel_each_session_is_fenced_into_its_own_slot(house: House, tmp_path: Path) -> None:
    """W-G3: many missions in one OpenCode at once, and one loop. A brain that dies meanwhile finds all of it again."""
    shop, tree = portfolios.shop(tmp_path, parallel=True), Tree(parallel=True, together=3, held=True)
    with house.stage(shop, tree) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "EnterpriseCommander")
        here.until(lambda: tree.workers, 120)
        here.kill_brain()  # others are about to start and to call: they ask again, and hear what was started
        here.until(lambda: len(tree.workers) == 3, 120)  # at work at once
        before = here.brain()
        here.kill_brain()
        here.until(lambda: here.brain() not in (0, before), 60)
        tree.ready.set()
        here.wait(session, 120)
        _descended(here, session)
        assert all(shop.shown(portfolios.file_of(key)) == "done" for key in portfolios.KEYS)
        assert shop.git("status", "--porcelain", "*.txt") == ""
    _verified(shop)


OTHER = "PGM-001/PRJ-002/B002"
OTHERS = {name: f".opencode/programs/PGM-002/{name}" for name in ("program.md", "projects/PRJ-001/backlog.md")}


def task(agent: str, prompt: str) -> tuple[str, dict[str, str]]:
    return "task", {"subagent_type": agent, "description": "d", "prompt": prompt}


# What each role tries, in order; True: it is refused.
TRIES: dict[str, list[tuple[str, dict[str, str], bool]]] = {
    "EnterpriseCommander": [
        ("enterprise_start_programs_parallel", {}, False),
        (*task("ProjectCommander", "PGM-001/PRJ-001"), True),  # a level is skipped
        (*task("ProgramCommander", "PGM-001"), False),
    ],
    "ProgramCommander": [
        ("program_start_project", {"program_file": OTHERS["program.md"]}, True),
        ("program_start_project", {"project_id": "PGM-002/PRJ-001"}, True),
        ("program_start_projects_parallel", {"max_projects": "9"}, False),
        (*task("ProjectCommander", "PGM-002/PRJ-001"), True),
        (*task("Commander", "PRJ-001"), True),
        (*task("ProjectCommander", "PRJ-001"), False),
    ],
    "ProjectCommander": [
        ("parallel_start_item", {"backlog_path": OTHERS["projects/PRJ-001/backlog.md"]}, True),
        ("backlog_start_item", {"itemId": OTHER}, True),
        ("parallel_start_item", {}, False),
        (*task("Commander", OTHER), True),
        (*task("ProgramCommander", "PGM-001"), True),  # and none is climbed
        (*task("Commander", "B001"), False),
    ],
    "Commander": [
        ("backlog_verify_item", {"item_id": OTHER}, True),
        (*task("Commander", "B001"), True),
        (*task("Reviewer", "look"), False),
    ],
    "Reviewer": [("backlog_review_item", {"note": "fine", "item_id": OTHER}, True)],
}


def test_W_G10_no_level_is_skipped_and_nobody_acts_where_another_works(house: House, tmp_path: Path) -> None:
    """A session is about what it was called for: an argument or a call that says something else is refused."""
    shop = portfolios.shop(tmp_path, parallel=True)
    said: dict[str, list[str]] = {}

    def scenario(asked: Asked) -> Reply:
        tries, results = TRIES[role(asked)], [text for _, text in asked.tool_results]
        said[role(asked)] = results
        if len(results) == len(tries):
            return say("HALT: enough")
        name, arguments, _ = tries[len(results)]
        return call(name, {key: int(value) if value.isdigit() else value for key, value in arguments.items()})

    with house.stage(shop, scenario) as here:
        loop = here.loop(here.ask(GO, "EnterpriseCommander", seconds=120))
        assert loop and (loop.code, loop.scope) == ("LOOP_HALTED", "")
        for name, tries in TRIES.items():
            refused = ["[WRONG_LEVEL]" in text for text in said[name]]
            assert refused == [row[2] for row in tries], (name, said[name])
        assert [mission.item for mission in shop.engine().world().missions] == ["PGM-001/PRJ-001/B001"]


def test_several_projects_and_nobody_said_which_is_asked_back(house: House, tmp_path: Path) -> None:
    """A session that a person opened has to say where it acts; its first start binds it."""
    running = {"PGM-001": "/", "PGM-001/PRJ-001": "/", "PGM-001/PRJ-002": "/"}
    shop = portfolios.shop(tmp_path, parallel=True, states=running)
    there = f"{portfolios.folder('PGM-001/PRJ-002')}/backlog.md"
    calls = [{}, {"backlog_path": there}, {}, {"backlog_path": OTHERS["projects/PRJ-001/backlog.md"]}]
    said: list[str] = []

    def scenario(asked: Asked) -> Reply:
        said[:] = [text for _, text in asked.tool_results]
        return call("parallel_start_item", calls[len(said)]) if len(said) < len(calls) else say("HALT: enough")

    with house.stage(shop, scenario) as here:
        loop = here.loop(here.ask(GO))
        assert loop and loop.scope == "PGM-001/PRJ-002"
        assert "[ITEM_AMBIGUOUS]" in said[0] and "PGM-001/PRJ-001" in said[0] and said[1].startswith("STARTED B002")
        assert "1 of 1 slots" in said[2] and "[WRONG_LEVEL]" in said[3]


@pytest.mark.skipif(not LONG, reason="long: make proofs")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("whom", ["deliver", "opencode"])
def test_a_kill_while_three_slots_work_begins_no_item_twice(tmp_path: Path, whom: str) -> None:
    shop, tree = portfolios.shop(tmp_path, parallel=True), Tree(together=3, held=True)
    words = ("deliver", "--host", "opencode", "--slots", "3", "--json")
    with headless(tmp_path, shop, tree) as here:
        process = here.popen(*words)
        until = time.monotonic() + 120
        while len(tree.workers) < 3:
            assert time.monotonic() < until and process.poll() is None, process.communicate()
            time.sleep(0.05)
        if whom == "deliver":
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            tree.ready.set()
            done = here.run(*words, seconds=300).stdout
        else:
            state = Path(here.environment["XDG_STATE_HOME"]) / "echelon" / "workspaces"
            os.kill(json.loads(next(state.glob("*/opencode/server.json")).read_bytes())["pid"], signal.SIGKILL)
            tree.ready.set()
            done = process.communicate(timeout=300)[0]
        assert json.loads(done)["ok"], done
        found = workers(here.model.turns())
        assert sorted(found.values()) == sorted(map(portfolios.file_of, portfolios.KEYS)), "a session for each item"
        assert here.run("verify").returncode == 0
