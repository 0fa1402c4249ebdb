"""Actions as tools, their levels and permissions, the guard, and what it all costs, on the real OpenCode."""

from __future__ import annotations

import contextlib
import json
import random
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.actions.table import ACTIONS, perform
from echelon.bridge.roles import ROLES, offered
from echelon.core.decide import Decision, Refusal
from echelon.engine.engine import Engine
from echelon.engine.workspace import Workspace
from echelon.errors import LockedError
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import GO, Chain, House, Stage, item_in, role
from planned import BRIEF, GOOD
from steering_texts import text
from workspaces import Shop, backlog, check, item, wants

Calls = list[tuple[str, Mapping[str, Any]]]
START: Calls = [("backlog_start_item", {})]
ESCALATE: Calls = [
    (
        "record_escalation",
        {"context": "B001 which colour", "attempts": "-", "option1_label": "red", "option2_label": "blue",
         "expected_decision": "a colour"},
    )
]  # fmt: skip


def plan(calls: Callable[[list[str]], Calls]) -> Callable[[Asked], Reply]:
    """The one who is prompted makes these calls; `calls` may look at the results so far."""

    def scenario(asked: Asked) -> Reply:
        results = [text for _, text in asked.tool_results]
        wanted = calls(results)
        return call(*wanted[len(results)]) if len(results) < len(wanted) else say("HALT: enough")

    return scenario


def configured(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the person has set in their workspace."""
    return {"opencode.json": json.dumps(settings)}


def results(here: Stage, session: str) -> list[str]:
    """What the tools of a session said, errors too."""
    states = [
        part["state"]
        for message in here.server.messages(session)
        for part in message["parts"]
        if part["type"] == "tool"
    ]
    return [state.get("output") or state.get("error") or "" for state in states]


def _answer(here: Stage, session: str, reply: str) -> dict[str, Any]:
    """Wait for OpenCode's dialog and answer it as the person does."""
    where = str(here.shop.root)
    asked = here.until(lambda: here.server.get("/permission", directory=where))[0]
    here.server.post(f"/permission/{asked['id']}/reply", {"reply": reply}, directory=where)
    here.until(lambda: not here.server.is_busy(session))  # a turn that ends with a no has no last answer
    return asked


def test_bash_denied_means_that_no_check_is_run_either(house: House, tmp_path: Path) -> None:
    """W7: a tool of ours is no way around the person's rules."""
    shop = Shop.make(
        tmp_path, backlog(wants("B001")), {}, configured({"permission": {"bash": {"*": "allow", "grep *": "deny"}}})
    )
    with house.stage(shop, plan(lambda _: [*START, ("backlog_verify_item", {})])) as here:
        session = here.ask(GO)
        assert "[PERMISSION_DENIED]" in results(here, session)[1]
        assert here.server.get("/permission", directory=str(shop.root)) == []


@pytest.mark.parametrize(("reply", "said"), [("once", "REFUSED"), ("reject", "rejected")])
def test_bash_asked_means_that_checks_are_asked_for(house: House, tmp_path: Path, reply: str, said: str) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")), {}, configured({"permission": {"bash": "ask"}}))
    calls = plan(lambda _: [*START, ("backlog_verify_item", {})])
    with house.stage(shop, calls) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "ProjectCommander")
        asked = _answer(here, session, reply)
        assert asked["patterns"] == ["grep -qx done B001.txt"]
        assert said in results(here, session)[1]
        if reply == "reject":
            loop = here.loop(session)
            assert loop and loop.code == "LOOP_STOPPED", "a no is a no"
            here.until(lambda: "you declined what it asked for" in here.shown())


@pytest.mark.parametrize("reply", ["once", "reject"])
def test_what_is_a_persons_waits_for_the_person(house: House, tmp_path: Path, reply: str) -> None:
    """W-G11: the decision can be recorded, by the person's own yes in OpenCode's dialog and by nothing else."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {}, configured({"permission": "allow"}))

    def calls(seen: list[str]) -> Calls:
        name = re.search(r"ESC-\S+?(?=[:\s])", seen[0])[0] if seen else ""  # type: ignore[index]  # it is there
        return [*ESCALATE, ("resolve_escalation", {"escalation_id": name, "decision": "red"})]

    with house.stage(shop, plan(calls)) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, "ask", "ProjectCommander")
        asked = _answer(here, session, reply)
        assert asked["permission"] == "resolve_escalation" and "decision: red" in asked["patterns"]
        pending = "red" not in (shop.root / ".opencode/project.md").read_text("utf-8").split("1. ")[0]
        assert pending == (reply == "reject")


def do_the_work(said: str) -> None:
    """What an agent would do in the slot that the answer of a start names."""
    slot = Path(re.search(r"The directory: (.+)", said)[1])  # type: ignore[index]  # a start says it
    (slot / f"{item_in(said)}.txt").write_text("done\n", "utf-8")
    todo = slot / ".opencode" / "todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")


def running(word: str) -> bool:
    """Whether a process on this machine has the word on its command line; one in a sandbox, too."""
    return bool(subprocess.run(["pgrep", "-f", word], capture_output=True).stdout)


def test_a_stop_ends_the_check_that_runs_and_until_then_the_tool_says_which(house: House, tmp_path: Path) -> None:
    """W24: nothing that was started for a turn is left when the person stops the turn."""
    seconds = f"600.{random.randrange(10**8):08}"
    command = f"grep -qx done B001.txt && sleep {seconds}"
    shop = Shop.make(tmp_path, backlog(item("B001", check(command))), {})

    def calls(seen: list[str]) -> Calls:
        if seen:
            do_the_work(seen[0])
        return [*START, ("backlog_verify_item", {})]

    with house.stage(shop, plan(calls)) as here:
        session = here.server.create(title="t")
        here.server.prompt(session, GO, "ProjectCommander")
        here.until(lambda: running(seconds), 60)
        here.until(lambda: f"runs {command}" in titles(here, session))
        here.server.post(f"/session/{session}/abort", directory=str(shop.root))
        here.until(lambda: not running(seconds))
        here.until(lambda: (loop := here.loop(session)) and loop.code == "LOOP_STOPPED")
        here.until(lambda: isinstance(_suspended(here), Decision), 60)


def _suspended(here: Stage) -> Decision | Refusal | None:
    """The workspace is free again: another action may have it."""
    with contextlib.suppress(LockedError):
        return perform(Engine(Workspace(here.shop.root, here.places)), "backlog_suspend_item", {"reason": "r"})
    return None


def titles(here: Stage, session: str) -> list[str]:
    """What is shown at the calls of a session."""
    parts = [part for message in here.server.messages(session) for part in message["parts"]]
    return [part["state"].get("title") or "" for part in parts if part["type"] == "tool"]


def _rules(here: Stage, agent: str) -> list[dict[str, str]]:
    known = here.server.get("/agent", directory=str(here.shop.root))
    return next(row["permission"] for row in known if row["name"] == agent)


def test_each_role_is_offered_its_own_level_and_may_call_only_the_one_below(house: House, tmp_path: Path) -> None:
    """W-G10, W-F3: levels are rules, not advice."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    chain = Chain(staff=("Worker", "ProjectCommander"))
    with house.stage(shop, chain) as here:
        session = here.ask(GO)
        ours = {action.name for one in ROLES.values() for action in offered(one)}
        for asked in here.model.turns():
            mine = {action.name for action in offered(ROLES[role(asked)])}
            assert ours & set(asked.tools) == mine, role(asked)
        commander = next(asked.session for asked in here.model.turns() if role(asked) == "Commander")
        refused = results(here, commander)[1]
        assert "[WRONG_LEVEL]" in refused, refused  # before OpenCode's own rule says it, in words that help
        assert {"permission": "task", "pattern": "*", "action": "deny"} in _rules(here, "Commander")
        assert not any(role(asked) == "ProjectCommander" and asked.parent for asked in here.model.turns())
        assert session


# What ProjectCommander calls, one after the other, and how each answer begins.
TOOLS: tuple[tuple[str, Mapping[str, Any], str], ...] = (
    ("backlog_status", {}, "Mode "),
    ("portfolio_report", {}, "#"),
    ("backlog_start_item", {"itemId": "B001"}, "STARTED B001"),
    ("backlog_attest", {"note": "I read it."}, "ATTESTED"),
    ("backlog_accept_weakening", {"note": "right"}, "ACCEPTED"),
    ("backlog_verify_item", {}, "PROVED B001"),
    ("backlog_close_item", {}, "CLOSED B001"),
    ("backlog_start_item", {"itemId": "B002"}, "STARTED B002"),
    ("backlog_suspend_item", {"reason": "later"}, "SUSPENDED B002"),
    ("backlog_resume_item", {"itemId": "B002"}, "RESUMED B002"),
    ("backlog_start_item", {"itemId": "B002"}, "STARTED B002"),
    ("backlog_fail_item", {"reason": "never"}, "FAILED B002"),
    ("backlog_waive_item", {"item_id": "B002", "reason": "without it"}, "WAIVED B002"),
    ("backlog_reopen_item", {"item_id": "B002", "reason": "once more"}, "REOPENED B002"),
    ("parallel_start_item", {"max_slots": 2}, "STARTED B002"),
    ("parallel_verify_items", {}, "B002 [slot"),
    ("parallel_close_item", {"item_id": "B002"}, "REFUSED"),  # nothing was done for it
    ("parallel_fail_item", {"item_id": "B002", "reason": "never"}, "FAILED B002"),
    ("validate_workspace", {}, ""),
    ("steering_find", {"terms": "criteria B001"}, ".opencode/backlog.md:"),
    ("plan_project", {"brief": BRIEF}, "REFUSED: [PLAN_EXISTS]"),
    ("workspace_accept_base", {"reason": "as it is"}, "ACCEPTED"),
    (*ESCALATE[0], "ESCALATION ESC-"),
    ("resolve_escalation", {"decision": "red"}, "DECIDED ESC-"),
)  # fmt: skip


def test_every_tool_that_is_offered_works(house: House, tmp_path: Path) -> None:
    """W11: each is called once with what it needs, in the order in which it makes sense."""
    text = backlog(item("B001", check("grep -qx done B001.txt"), "it reads well"), wants("B002"))
    person = {name: "allow" for name, action in ACTIONS.items() if action.who == "person"}  # said once, for all
    shop = Shop.make(tmp_path, text, {}, configured({"agent": {"ProjectCommander": {"permission": person}}}))

    def calls(seen: list[str]) -> Calls:
        if len(seen) == 3:
            do_the_work(seen[2])
        name = re.search(r"ESC-\S+?(?=[:\s])", seen[-1]) if seen else None
        more = {"resolve_escalation": {"escalation_id": name[0]}} if name else {}
        return [(tool, {**given, **more.get(tool, {})}) for tool, given, _ in TOOLS]

    with house.stage(shop, plan(calls)) as here:
        said = results(here, here.ask(GO))
        assert [(row[0], text[: len(row[2])]) for row, text in zip(TOOLS, said, strict=True)] == [
            (row[0], row[2]) for row in TOOLS
        ]
        assert {row[0] for row in TOOLS} == {action.name for action in offered(ROLES["ProjectCommander"])}
        here.model.scenario = plan(lambda _: [(action.name, GIVEN.get(action.name, {})) for action in mine])
        for name in ("Commander", "Reviewer"):
            mine = offered(ROLES[name])
            answers = results(here, here.ask("look", name))
            known = (
                "[NOTHING_IN_PROGRESS]",
                "Mode",
                "CONSOLE",
                ".opencode/backlog.md:",
                "[PLAN_EXISTS]",
                "[PLAN_GAPS]",
            )
            assert len(answers) == len(mine) and all(any(word in row for word in known) for row in answers)


SCAFFOLD = {
    "name": "x",
    "objective": "one",
    "in_scope": "a",
    "out_of_scope": "b",
    "constraints": "c",
    "items_json": "[]",
}
GIVEN = {
    "backlog_review_item": {"note": "I read it."},
    "steering_find": {"terms": "B001"},
    "plan_project": {"brief": BRIEF},
    "scaffold_project": SCAFFOLD,
}


def test_the_guard_keeps_a_mission_in_its_slot(house: House, tmp_path: Path) -> None:
    """W6, W10: it looks where the host really puts the arguments, in subagents too."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {}, {"src/a.py": "a = 1\n"})
    tries: Calls = [
        ("write", {"filePath": ".opencode/backlog.md", "content": "- [x] all"}),
        ("write", {"filePath": str(shop.root / "src" / "a.py"), "content": "a = 2\n"}),
        ("bash", {"command": f"cp {shop.root}/README.md x", "description": "x"}),
        ("bash", {"command": "git push origin main", "description": "x"}),
        ("read", {"filePath": "../../../../../../etc/shadow"}),
        ("edit", {"filePath": "src/a.py", "oldString": "a = 2", "newString": "a = 3"}),
    ]
    with house.stage(shop, Chain(work=lambda _item: tries)) as here:
        here.server.prompt(here.server.create(title="t"), GO, "ProjectCommander")
        worker = here.until(lambda: next((a.session for a in here.model.turns() if role(a) == "Worker"), ""), 60)
        said = here.until(lambda: len(found := results(here, worker)) == len(tries) and all(found) and found, 60)
        assert "[STATE_FILE]" in said[0] and "[OUTSIDE_SLOT]" in said[2] and "[GIT_NOT_YOURS]" in said[3]
        assert "[OUTSIDE_SLOT]" in said[4]
        assert shop.root.joinpath("src/a.py").read_text() == "a = 1\n", "the person's checkout is untouched"
        slot = next(Workspace(shop.root, here.places).state.rglob("work/src/a.py"))
        assert slot.read_text() == "a = 3\n", "the same paths in the slot are what was written"


# What a Worker calls to read the spec of 276 lines, and whether that is guarded.
READS: tuple[tuple[str, Mapping[str, Any], bool], ...] = (
    ("read", {"filePath": ".opencode/spec.md"}, True),
    ("read", {"filePath": ".opencode/spec.md", "offset": 1, "limit": 5000}, True),
    ("read", {"filePath": ".opencode/spec.md", "offset": 61, "limit": 8}, False),
    ("bash", {"command": "cat .opencode/spec.md", "description": "x"}, True),
    ("bash", {"command": "cd .opencode && sed -n '1,$p' spec.md", "description": "x"}, True),
    ("bash", {"command": "sed -n '61,68p' .opencode/spec.md", "description": "x"}, False),
    ("steering_find", {"terms": "definition of done"}, False),
)


def test_W_E1_the_read_guard_answers_with_the_outline_in_subagents_too(house: House, tmp_path: Path) -> None:
    """The peer's guard never fired in a real OpenCode. Here: a Worker in its slot, a commander above, `@file`, `build`."""
    spec = text("en", "spec.md") + "\nthe very last line\n"
    shop = Shop.make(tmp_path, backlog(wants("B001")), {}, spec=spec)
    calls: Calls = [(tool, given) for tool, given, _ in READS]

    def scenario(asked: Asked) -> Reply:
        results = [said for _, said in asked.tool_results]
        if role(asked) == "Commander" and not results:
            prompt = "For B001, by @.opencode/spec.md"
            return call("task", {"subagent_type": "Worker", "description": "d", "prompt": prompt})
        if role(asked) in ("", "EnterpriseCommander"):
            return say("looked") if results else call(*READS[0][:2])
        return Chain(work=lambda _item: calls)(asked)

    with house.stage(shop, scenario) as here:
        here.server.prompt(here.server.create(title="t"), GO, "ProjectCommander")
        worker = here.until(lambda: next((a.session for a in here.model.turns() if role(a) == "Worker"), ""), 60)
        said = here.until(lambda: len(found := results(here, worker)) == len(READS) and all(found) and found, 60)
        for (tool, given, guarded), answer in zip(READS, said, strict=True):
            assert ("[READ_GUARDED]" in answer) == guarded, (tool, given, answer[:300])
            assert "the very last line" not in answer, (tool, given)
            assert "61-68 ## Definition of done" in answer if guarded else "at level AA" in answer, (tool, given)
        first = next(asked for asked in here.model.turns(worker))
        assert "the very last line" not in json.dumps(first.raw) and "Not attached, because long" in first.last_user
        assert "[READ_GUARDED]" in results(here, here.ask("look", "EnterpriseCommander"))[0]
        assert "the very last line" in results(here, here.ask("look", "build"))[0], "other agents are never touched"


def test_the_fixed_cost_of_a_request(house: House, tmp_path: Path) -> None:
    """W13, W25: peer 20,717 tokens beyond the host's own. Four characters a token is what the peer's figure counts."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    with house.stage(shop, Chain()) as here:
        here.ask(GO)
        for agent in ("build", "ProgramCommander", "EnterpriseCommander"):
            here.ask("hello", agent)
        fixed = {}
        for asked in here.model.turns():
            name = role(asked) or "build"
            fixed.setdefault(name, len(asked.system) + len(json.dumps(asked.raw.get("tools") or [])))
        own = {name: (size - fixed["build"]) / 4 for name, size in fixed.items()}
        assert all(size <= (2_000 if name == "Worker" else 3_000) for name, size in own.items()), own
        assert len(own) == 6, own


def test_status_and_agents_are_shown_and_start_nothing(house: House, tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    with house.stage(shop, lambda _asked: say("shown")) as here:
        for name, word in (("status", "B001"), ("agents", "Reviewer")):
            session = here.server.create(title="t")
            body = {"command": name, "arguments": ""}
            here.server.post(f"/session/{session}/command", body, directory=str(shop.root))
            assert word in here.model.turns(session)[-1].last_user and here.loop(session) is None


def test_plan_puts_the_questions_and_writes_the_answers_where_there_is_no_backlog(house: House, tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, "", {})
    calls: Calls = [("plan_project", {"brief": BRIEF}), ("plan_project", {"brief": BRIEF, "answers": GOOD})]
    with house.stage(shop, plan(lambda _: calls)) as here:
        session = here.server.create(title="t")
        body = {"command": "plan", "arguments": BRIEF}
        here.server.post(f"/session/{session}/command", body, directory=str(shop.root))
        asked, written = results(here, session)
        assert "# Plan — shop" in asked and BRIEF in asked and "SCAFFOLDED Webshop" in written
        assert here.loop(session) is None and role(here.model.turns(session)[-1]) == "Commander"
        assert "### B001 — Login" in (shop.root / ".opencode/backlog.md").read_text("utf-8")
        other = here.server.create(title="t")
        here.server.post(f"/session/{other}/command", body, directory=str(shop.root))
        assert all("PLAN_EXISTS" in said for said in results(here, other))
