"""The ways a delivery can go besides straight on: questions, limits, reviews, a moving base, a changing spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from echelon.actions.callers import PERSON, Caller
from echelon.actions.table import perform
from echelon.core import requests
from echelon.core.decide import Decision, Refusal
from workspaces import HONEST, QUIET_SPEC, THREE, Shop, backlog, check, does, guard, item, wants

SPEC = ".opencode/spec.md"


def do(shop: Shop, action: str, **given: object) -> Decision:
    answer = perform(shop.engine(), action, given)
    assert isinstance(answer, Decision), answer
    return answer


def no(shop: Shop, action: str, caller: str = "person", **given: object) -> Refusal:
    answer = perform(shop.engine(), action, given, Caller("agent") if caller == "agent" else PERSON)
    assert isinstance(answer, Refusal), answer
    return answer


def pending(shop: Shop) -> list[str]:
    return [entry.id for entry in shop.engine().world().escalations if entry.pending]


# ------------------------------------------------------------------------------------------------ questions


QUESTIONS = [
    "Red or blue?",
    "Which — the first, or the second?",
    "Zwei\nZeilen?",
    "> quoted?",
    "B002 or not?",
    "**Context**: x?",
]


def test_questions_wait_for_their_answers_and_the_others_go_on(tmp_path: Path) -> None:
    names = [f"B{number:03}" for number, _ in enumerate(QUESTIONS, 1)]
    asks = {name: [does(name, {"ask": words})] * 2 for name, words in zip(names, QUESTIONS, strict=True)}
    text = backlog(*map(wants, names), wants("B077", depends="B001"), wants("B078"))
    shop = Shop.make(tmp_path, text, {**asks, "B077": [does("B077")], "B078": [does("B078")]})
    seen = shop.deliver()
    assert seen.outcome.status == "blocked" and seen.outcome.delivered == ["B078"]
    assert shop.states() == {**dict.fromkeys(names, "suspended"), "B077": "pending", "B078": "delivered"}
    for name, escalation in zip(names, pending(shop), strict=True):  # in the order in which they were asked
        given = {"escalation_id": escalation, "decision": f"red for {name}"}
        assert no(shop, "backlog_resume_item", itemId=name).code == "ESCALATION_PENDING"
        assert no(shop, "resolve_escalation", "agent", **given).code == "NEEDS_PERSON"
        do(shop, "resolve_escalation", **given)
        assert no(shop, "resolve_escalation", **{**given, "decision": "blue"}).code == "ESCALATION_UNKNOWN"
        do(shop, "backlog_resume_item", itemId=name)
    seen = shop.deliver()
    assert all(f"was told: red for {name}" in seen.texts("agent") for name in names)
    assert (seen.outcome.status, sorted(seen.outcome.delivered)) == ("done", [*names, "B077"])
    assert shop.verify().holds


def test_a_question_without_words_is_still_a_question(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, plays={**HONEST, "B001": [does("B001", {"ask": ""})]})
    assert shop.deliver().outcome.delivered == ["B003"]
    assert len(pending(shop)) == 1


# ------------------------------------------------------------------------------------------------ attempts


def test_attempts_end_with_an_escalation_that_tells_the_story(tmp_path: Path) -> None:
    bad = [{"steps": [{"write": f"x{n}.txt", "text": ""}]} for n in range(9)]
    shop = Shop.make(tmp_path, plays={**HONEST, "B001": bad})
    seen = shop.deliver()
    assert seen.outcome.delivered == ["B003"] and shop.states()["B001"] == "suspended"
    assert [entry.reason for entry in shop.engine().world().attempts_of("B001")][:3] == ["checks_red"] * 3
    (escalation,) = pending(shop)
    report = shop.cli("report").stdout
    assert "attempt 3" in report and escalation in report
    shop.play({**HONEST, "B001": [*bad[:3], *bad[:1], does("B001")]})
    do(shop, "resolve_escalation", escalation_id=escalation, decision="look at the file's name")
    do(shop, "backlog_resume_item", itemId="B001")
    assert shop.deliver().outcome.status == "done"  # the count of attempts began anew, their numbers did not
    assert [entry.attempt for entry in shop.engine().world().attempts_of("B001")][-2:] == [4, 5]


HOSTS_ENDS = {
    "gives up": {"steps": [], "claim": "gave_up"},
    "goes in circles": {"steps": [{"loop": 3}]},
    "crashes": {"steps": [{"crash": "out of memory"}]},
    "does nothing": {"steps": [], "claim": "nothing"},
    "takes too long": {"steps": [{"sleep": 60}]},
}


@pytest.mark.parametrize("name", HOSTS_ENDS)
def test_an_agent_that_fails_is_tried_again(tmp_path: Path, name: str) -> None:
    config = {"limits": {"attemptSeconds": 1}}
    shop = Shop.make(tmp_path, backlog(wants("B001")), {"B001": [HOSTS_ENDS[name], does("B001")]}, config=config)
    seen = shop.deliver()
    assert seen.outcome.status == "done"
    assert len(shop.engine().world().attempts_of("B001")) == 2


def test_a_failed_item_blocks_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    do(shop, "backlog_start_item", itemId="B001")
    do(shop, "backlog_fail_item", reason="not wanted any more")
    seen = shop.deliver()
    assert seen.outcome.delivered == ["B003"]
    assert "B002 waits for B001, which is failed" in seen.outcome.reasons


# ------------------------------------------------------------------------------------------------ attestation


def test_what_has_no_check_is_attested_by_a_reviewer_and_shown(tmp_path: Path) -> None:
    text = backlog(item("B001", check("grep -qx done B001.txt"), "it reads well"))
    shop = Shop.make(tmp_path, text, {"B001": [does("B001", review="refuse"), does("B001", {"say": "better"})]})
    seen = shop.deliver()
    assert seen.outcome.status == "done" and "NOT_ATTESTED" in seen.texts("refused")
    message = shop.git("log", "-1", "--format=%B")
    assert '"by":"reviewer"' in message and "it reads well" in message
    assert shop.verify().holds


def test_the_policy_attested_lets_an_item_without_checks_close_as_attested(tmp_path: Path) -> None:
    text = backlog(item("B001", "it reads well"))
    shop = Shop.make(tmp_path, text, {"B001": [does("B001")]}, config={"policy": "attested"})
    assert shop.deliver().outcome.status == "done"
    assert shop.json("status", "--json")["evidence"] == {"proved": 0, "guarded": 0, "attested": 1, "none": 0}


def test_a_persons_attestation_holds_for_the_tree_they_saw_only(tmp_path: Path) -> None:
    text = backlog(item("B001", check("grep -qx done B001.txt"), "it reads well"))
    shop = Shop.make(tmp_path, text)
    place = Path(do(shop, "backlog_start_item").data["directory"])
    (place / "B001.txt").write_text("done\n", "utf-8")
    todo = place / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
    assert no(shop, "backlog_attest", "agent", note="fine").code == "NEEDS_PERSON"
    do(shop, "backlog_attest", note="read it")
    (place / "more.txt").write_text("unseen\n", "utf-8")
    assert "NOT_ATTESTED" in str(no(shop, "backlog_close_item"))
    do(shop, "backlog_attest", note="read it again")
    do(shop, "backlog_close_item")
    assert shop.verify().holds


def test_a_reviewers_word_cannot_be_given_by_a_person(tmp_path: Path) -> None:
    """The statement names who looked, so each has an action of their own."""
    text = backlog(item("B001", check("grep -qx done B001.txt"), "it reads well"))
    shop = Shop.make(tmp_path, text)
    do(shop, "backlog_start_item")
    refused = no(shop, "backlog_review_item", note="fine")
    assert refused.code == "WRONG_LEVEL" and "backlog_attest" in refused.step
    assert isinstance(perform(shop.engine(), "backlog_review_item", {"note": "fine"}, Caller("agent")), Decision)


def test_an_agents_refused_close_ends_the_attempt_and_a_persons_does_not(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")))

    def attempt() -> int:
        mission = shop.engine().world().mission()
        return mission.attempt if mission else 0

    do(shop, "backlog_start_item")
    no(shop, "backlog_close_item")
    assert attempt() == 1
    assert no(shop, "backlog_verify_item", "agent").code and attempt() == 1, "only the close settles"
    no(shop, "backlog_close_item", "agent")
    assert attempt() == 2


def test_an_item_of_guards_is_shown_as_guarded(tmp_path: Path) -> None:
    text = backlog(item("B001", guard("test -f README.md")))
    shop = Shop.make(tmp_path, text, {"B001": [does("B001")]})
    assert shop.deliver().outcome.status == "done"
    assert shop.json("status", "--json")["evidence"]["guarded"] == 1
    assert shop.verify().holds


def test_a_person_may_accept_a_weaker_test_and_only_that_one(tmp_path: Path) -> None:
    files = {"tests/test_a.py": "def test_a():\n    assert 1 == 1\n\n\ndef test_b():\n    assert 2 == 2\n"}
    less = {"write": "tests/test_a.py", "text": "def test_a():\n    assert 1 == 1\n"}
    lesser = {"write": "tests/test_a.py", "text": "X = 1\n"}
    shop = Shop.make(tmp_path, backlog(wants("B001")), {"B001": [does("B001", less)]}, files)
    place = Path(do(shop, "backlog_start_item").data["directory"])
    (place / "B001.txt").write_text("done\n", "utf-8")
    (place / "tests/test_a.py").write_text(less["text"], "utf-8")
    todo = place / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
    assert no(shop, "backlog_close_item").code == "WEAKENED"
    assert no(shop, "backlog_accept_weakening", "agent", note="fine").code == "NEEDS_PERSON"
    do(shop, "backlog_accept_weakening", note="test_b was wrong")
    (place / "tests/test_a.py").write_text(lesser["text"], "utf-8")
    assert no(shop, "backlog_close_item").code == "WEAKENED"
    (place / "tests/test_a.py").write_text(less["text"], "utf-8")
    do(shop, "backlog_close_item")


# ------------------------------------------------------------------------------------------------ a moving world


def test_a_spec_that_changes_suspends_and_goes_on_when_resumed(tmp_path: Path) -> None:
    edit = {"person_edits": SPEC, "append": "\n- blue\n"}
    shop = Shop.make(
        tmp_path, backlog(wants("B001"), wants("B003")), {**HONEST, "B001": [does("B001", edit), does("B001")]}
    )
    seen = shop.deliver("B001")
    assert seen.outcome.status == "blocked" and shop.states()["B001"] == "suspended"
    assert "SPEC_CHANGED" in seen.texts("refused")
    shop.commit("docs: blue")
    do(shop, "backlog_resume_item", itemId="B001")
    assert shop.deliver().outcome.status == "done" and shop.verify().holds


def test_the_base_moves_while_the_agent_works(tmp_path: Path) -> None:
    commits = {"person_commits": "theirs.txt", "text": "theirs\n", "message": "feat: theirs"}
    shop = Shop.make(tmp_path, backlog(wants("B001")), {"B001": [does("B001", commits)]})
    assert shop.deliver().outcome.status == "done"
    assert (shop.shown("theirs.txt"), shop.shown("B001.txt")) == ("theirs", "done")
    assert shop.git("log", "--format=%s", "--first-parent").splitlines()[1] == "feat: theirs"
    assert shop.verify().holds


def test_the_base_moves_while_the_checks_run(tmp_path: Path) -> None:
    """The check itself is where the person commits, once: the proved candidate is too old and is made again."""
    once = (
        f"grep -qx done B001.txt && {{ test -f {tmp_path}/moved || {{ touch {tmp_path}/moved; cd {tmp_path}/shop && "
        "echo late > late.txt && git add late.txt && git -c user.name=P -c user.email=p@example.org commit -qm late; }; }"
    )
    shop = Shop.make(
        tmp_path, backlog(item("B001", check(once))), {"B001": [does("B001")]}, config={"checks": {"sandbox": "off"}}
    )
    seen = shop.deliver()
    assert seen.outcome.status == "done", seen.texts("refused")
    assert shop.shown("late.txt") == "late" and shop.merges() == ["B001"]
    assert shop.git("log", "--format=%s", "--first-parent").splitlines()[1] == "late"


def test_an_edit_of_the_backlog_meanwhile_is_kept(tmp_path: Path) -> None:
    """A person adds an item, in another spelling, while one is in flight: both are in the file, and both are delivered."""
    extra = wants("B004")
    plays = {
        **HONEST,
        "B001": [does("B001", {"person_edits": ".opencode/backlog.md", "append": extra})],
        "B004": [does("B004")],
    }
    shop = Shop.make(tmp_path, plays=plays)
    assert shop.deliver().outcome.delivered == ["B001", "B002", "B003"]
    assert shop.states()["B004"] == "pending"  # not committed, so not approved
    shop.commit("docs: B004")
    assert shop.deliver().outcome.delivered == ["B004"]
    assert (shop.root / ".opencode/backlog.md").read_text("utf-8") == (THREE + extra).replace("[ ] \n", "").replace(
        "Status: [ ]", "Status: [x]"
    )


def test_a_conflict_is_brought_to_the_agent_and_resolved(tmp_path: Path) -> None:
    theirs = {"person_commits": "B001.txt", "text": "theirs\n"}
    text = backlog(item("B001", check("grep -q done B001.txt")))
    second = {"steps": [{"write": "B001.txt", "text": "theirs\ndone\n"}]}
    shop = Shop.make(tmp_path, text, {"B001": [does("B001", theirs), second]})
    seen = shop.deliver()
    assert seen.outcome.status == "done" and "MERGE_CONFLICT" in seen.texts("refused")
    assert shop.shown("B001.txt") == "theirs\ndone" and shop.verify().holds


def test_a_stop_between_items_is_final_until_asked_again(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    rounds = iter([False] * 12)
    seen = shop.deliver(stopped=lambda: next(rounds, True))
    assert seen.outcome.status == "stopped"
    again = shop.deliver(stopped=lambda: True)
    assert again.outcome.status == "stopped" and again.outcome.delivered == []
    assert shop.deliver().outcome.status == "done"
    assert sorted(shop.merges()) == ["B001", "B002", "B003"]


def test_two_workspaces_of_one_user_do_not_meet(tmp_path: Path) -> None:
    shops = [Shop.make(tmp_path / name) for name in ("a", "b")]
    other = Shop(shops[1].root, shops[0].home)
    assert shops[0].deliver().outcome.status == other.deliver().outcome.status == "done"
    assert QUIET_SPEC and json.dumps(shops[0].merges()) == json.dumps(other.merges())


def test_a_french_workspace_stays_french(tmp_path: Path) -> None:
    text = (
        "# Backlog — Boutique\n\n### B001 — Écran\n- Priorité : P1\n- Taille : S\n- Statut : [ ]\n- Dépend de : —\n"
        "- Critères d'acceptation :\n  - [ ] c'est fait — preuve : `grep -qx done B001.txt`\n"
    )
    shop = Shop.make(tmp_path, text, spec="# Spec — Boutique\n\n## Objectif\nVendre.\n")
    assert shop.deliver().outcome.status == "done"
    journal = (shop.root / ".opencode/project.md").read_text("utf-8")
    assert "ITEM LIVRÉ" in journal and "DELIVERED" not in journal
    assert (shop.root / ".opencode/backlog.md").read_text("utf-8") == text.replace("Statut : [ ]", "Statut : [x]")


def test_nothing_is_decided_twice(tmp_path: Path) -> None:
    """A request whose item has moved on is refused by the table, whoever repeats it."""
    shop = Shop.make(tmp_path)
    assert shop.deliver().outcome.status == "done"
    engine = shop.engine()
    for request in (requests.FailItem("no", "B001"), requests.SuspendItem("no", "B001"), requests.ResumeItem("B001")):
        answer = engine.ask(request)
        assert isinstance(answer, Refusal) and answer.code == "TRANSITION_REFUSED"
