"""`echelon deliver --host opencode`: the upper levels in code, a model for missions only, on the real OpenCode."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

import steering_texts
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import Chain, Headless, deliver, headless, item_in, role
from proofs import longer
from workspaces import CONFIG, Shop, backlog, check, item, wants


def test_a_backlog_is_delivered_with_proof_and_its_use_recorded(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, files={"src/a.py": "a = 1\n"})
    with headless(tmp_path, shop, Chain()) as here:
        ended = here.deliver()
        assert ended["ok"], ended
        assert shop.delivered() == ["B001", "B002", "B003"]
        attempts = [
            json.loads(row) for row in (shop.root / ".opencode/echelon/attempts.jsonl").read_text().splitlines()
        ]
        assert [row["tokens"] for row in attempts] == [330, 330, 330]
        assert {role(asked) for asked in here.model.turns()} == {"Worker"}, "no model above the mission"
        assert here.run("verify").returncode == 0
        assert all("# Contract" in asked.system for asked in here.model.turns()), "the bridge is in it"
        assert "(deny)" not in ended


def test_a_question_waits_for_the_person_and_its_answer_goes_on(tmp_path: Path) -> None:
    """Nothing hangs: `question` and every permission that would be asked end the turn and wait in the inbox."""
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {})
    question = {"question": "Which colour?", "header": "Colour", "options": [{"label": "red", "description": "r"}]}

    def scenario(asked: Asked) -> Reply:
        told = "red" in asked.last_user or any("red" in text for _, text in asked.tool_results)
        if role(asked) == "Worker" and item_in(asked.last_user) == "B001" and not told and not asked.tool_results:
            return call("question", {"questions": [question]})
        return Chain()(asked)

    with headless(tmp_path, shop, scenario) as here:
        ended = here.deliver()
        assert not ended["ok"] and shop.delivered() == ["B002"], ended
        project = (shop.root / ".opencode/project.md").read_text("utf-8")
        assert "Which colour?" in project


def test_a_reviewer_with_a_fresh_context_attests_what_no_check_can_and_secrets_reach_no_shell(tmp_path: Path) -> None:
    """And in a slot of its own, too, the Worker searches its project, and the read guard answers."""
    text = backlog(item("B001", check("grep -qx done B001.txt"), "it reads well"))
    shop = Shop.make(tmp_path, text, {}, spec=steering_texts.text("en", "spec.md").replace(" — guard: `", " (`"))
    looks = [
        ("steering_find", {"terms": "criteria B001"}),
        ("read", {"filePath": ".opencode/spec.md"}),
        ("bash", {"command": "env > env.txt", "description": "x"}),
    ]
    worker = Chain(work=lambda name: [*looks, *deliver(name)])

    def scenario(asked: Asked) -> Reply:
        if role(asked) == "Reviewer":
            if not asked.tool_results:
                return call("write", {"filePath": "x.txt", "content": "mine"})
            return say("I looked; it reads well.")
        return worker(asked)

    with headless(tmp_path, shop, scenario) as here:
        assert here.deliver()["ok"]
        reviews = [asked for asked in here.model.turns() if role(asked) == "Reviewer"]
        assert {asked.session for asked in reviews}.isdisjoint(
            asked.session for asked in here.model.turns() if role(asked) == "Worker"
        )
        assert "write" not in reviews[0].tools
        said = [
            said for _, said in next(a for a in here.model.turns() if len(a.tool_results) == len(looks)).tool_results
        ]
        assert said[0].startswith(".opencode/backlog.md:") and "it reads well" in said[0]
        assert "[READ_GUARDED] .opencode/spec.md has 276 lines" in said[1]
        assert "SHOP_TOKEN" in shop.shown("env.txt") and "s3cr3t" not in shop.shown("env.txt")


@pytest.mark.parametrize(
    "whom", ["deliver", pytest.param("opencode", marks=longer), pytest.param("brain", marks=longer)]
)
def test_a_kill_in_the_middle_is_resumed_without_a_second_start(tmp_path: Path, whom: str) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {})
    chain = Chain()

    def scenario(asked: Asked) -> Reply:
        reply = chain(asked)
        return say(reply.text, delay=1.5) if item_in(asked.last_user) == "B001" and not reply.tool_calls else reply

    with headless(tmp_path, shop, scenario) as here:
        process = here.popen("deliver", "--host", "opencode", "--json")
        until = time.monotonic() + 60
        while len(here.model.turns()) < 3:
            assert time.monotonic() < until and process.poll() is None, process.communicate()
            time.sleep(0.02)
        if whom == "deliver":
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            ended = here.deliver()
        else:
            os.kill(_pid(here, whom), signal.SIGKILL)
            out, err = process.communicate(timeout=90)
            ended = json.loads(out) if out else err
        assert ended["ok"], ended
        assert shop.merges() == ["B001", "B002"]
        starts = [
            asked for asked in here.model.turns()
            if not asked.tool_results and "B001" in asked.last_user and "interrupted" not in asked.last_user
        ]  # fmt: skip
        assert len(starts) == 1, "the work of B001 was begun once"


def _pid(here: Headless, whom: str) -> int:
    if whom == "brain":
        lock = Path(here.environment["ECHELON_RUNTIME"]) / "brain-1.lock"
        return int(json.loads(lock.read_bytes())["pid"])
    state = Path(here.environment["XDG_STATE_HOME"]) / "echelon" / "workspaces"
    record = next(state.glob("*/opencode/*.json"))
    return int(json.loads(record.read_bytes())["pid"])


def test_without_opencode_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, config={**CONFIG, "opencode": {"path": ""}})
    done = shop.cli("deliver", "--host", "opencode", PATH="/usr/bin:/bin")
    assert done.returncode == 1
    assert "npm install -g opencode-ai" in done.stderr and "--host scripted" in done.stderr
