"""Now beside a real OpenCode: what its agents ask is answered in the inbox, their loops are stopped, their use is counted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from beside import beside
from echelon.core import requests
from echelon.core.decide import Decision
from echelon.engine.engine import Engine
from echelon.engine.workspace import Workspace
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import GO, Stage
from workspaces import CONFIG, Shop

SLOW_MS = 60_000
ASKED = {
    "question": "Which colour?",
    "header": "Colour",
    "options": [{"label": "red", "description": "warm"}, {"label": "blue", "description": "cold"}],
}
DECISION = {
    "level": "project", "item": "B003", "context": "Two lists differ.", "attempts": "read both",
    "option1_label": "the old", "option2_label": "the new", "expected_decision": "Which list holds?",
}  # fmt: skip
LONG_LOOPS = {**CONFIG, "limits": {"loopStillTurns": 100, "loopTurns": 100}}


class Play:
    """What the model does is said by the prompt."""

    def __call__(self, asked: Asked) -> Reply:
        words, results = asked.last_user, [text for _, text in asked.tool_results]
        if made := re.search(r"make (\w+)", words):
            command = {"command": f"touch {made[1]}.txt", "description": f"Make {made[1]}"}
            return say(f"It said: {results[-1]}") if results else call("bash", command)
        if "ask me" in words:
            return say(f"You said: {results[-1]}") if results else call("question", {"questions": [ASKED]})
        if GO in words and not results:
            return call("backlog_start_item", {})
        if "needs a person" in words and len(results) < 2:
            return call("record_escalation", DECISION) if results else call("backlog_start_item", {"itemId": "B003"})
        return say("I talk.", delay=0.1, tokens_in=1_000, tokens_out=100)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, visitor: Callable[..., Any]) -> Iterator[tuple[Stage, Any]]:
    folder = tmp_path_factory.mktemp("now")
    shop = Shop.make(folder / "w", config=LONG_LOOPS)
    (shop.root / "opencode.json").write_text(json.dumps({"permission": {"bash": {"touch *": "ask"}}}), "utf-8")
    with beside(shop, Play(), folder, visitor) as made:
        yield made


@pytest.fixture
def here(both: tuple[Stage, Any]) -> Stage:
    return both[0]


@pytest.fixture
def now(both: tuple[Stage, Any]) -> Page:
    page = both[1].page("/now")
    page.set_default_timeout(SLOW_MS)
    return page


def told(here: Stage, text: str, session: str = "", agent: str = "build") -> str:
    """A person prompts an agent in OpenCode; the session."""
    session = session or here.server.create(title="A talk")
    here.server.prompt(session, text, agent)
    return session


def row(page: Page, kind: str) -> Locator:
    """The only row of the inbox that is of this kind, open."""
    found = page.locator(f"[data-list=inbox] > [data-kind={kind}]")
    expect(found).to_have_count(1, timeout=SLOW_MS)
    head = found.get_by_role("button").first
    if head.get_attribute("aria-expanded") == "false":
        head.click()
    return found


def answers(here: Stage, session: str) -> str:
    """The last of what the agent said, once its turn has ended."""
    here.server.wait_idle(session, 60)
    return here.texts(session, "assistant")[-1]


def test_a_permission_is_given_once_refused_and_given_for_good(here: Stage, now: Page) -> None:
    root = here.shop.root
    session = told(here, "make one")
    asked = row(now, "permission")
    expect(asked).to_contain_text("bash: touch one.txt")
    expect(asked).to_contain_text("build asks")
    expect(asked.get_by_role("link", name="A talk")).to_have_attribute("href", re.compile(f"/chat/{session}"))
    asked.get_by_role("button", name="Allow once").click()
    expect(asked).to_be_hidden()
    answers(here, session)
    assert (root / "one.txt").exists()

    told(here, "make two", session)
    asked = row(now, "permission")  # once was for once
    asked.get_by_role("textbox", name=re.compile("instead")).fill("ask the shop first")
    asked.get_by_role("button", name="Reject", exact=True).click()
    expect(asked).to_be_hidden()
    assert "ask the shop first" in answers(here, session)
    assert not (root / "two.txt").exists()

    told(here, "make three", session)
    asked = row(now, "permission")
    expect(asked).to_contain_text("until this OpenCode ends: touch *")
    asked.get_by_role("button", name="Allow always").click()
    expect(asked).to_be_hidden()
    answers(here, session)
    kinds = now.evaluate_handle(
        "() => { const seen = []; new MutationObserver(() => document.querySelectorAll('[data-list=inbox] > li')"
        ".forEach((one) => seen.push(one.dataset.kind))).observe(document.body, {childList: true, subtree: true}); return seen; }"
    )
    told(here, "make four", session)
    answers(here, session)
    assert (root / "three.txt").exists() and (root / "four.txt").exists()
    assert "permission" not in kinds.json_value(), "the same is not asked again"


def test_a_question_is_answered_and_another_declined(here: Stage, now: Page) -> None:
    session = told(here, "ask me")
    asked = row(now, "question")
    expect(asked).to_contain_text("Which colour?")
    expect(now).to_have_title(re.compile(r"^\(1\) Now"))
    asked.get_by_role("button", name="Answer", exact=True).click()
    expect(asked.get_by_role("alert")).to_contain_text("Choose an option")
    asked.get_by_role("radio", name="red").check()
    words = asked.get_by_role("textbox", name="Your own words")
    words.fill("green, of the door")
    expect(asked.get_by_role("radio", name="red")).not_to_be_checked()  # one answer, and it is the words
    asked.get_by_role("button", name="Answer", exact=True).click()
    expect(asked).to_be_hidden()
    assert "green, of the door" in answers(here, session)

    told(here, "ask me", session)
    asked = row(now, "question")
    before = len(here.model.turns(session))
    asked.get_by_role("button", name="Decline").click()
    expect(asked).to_be_hidden()
    here.until(lambda: not here.server.is_busy(session))
    assert len(here.model.turns(session)) == before, "the turn has ended"
    expect(now).to_have_title(re.compile(r"^Now"))


def test_a_loop_is_stopped_where_it_is_seen_and_what_it_used_is_counted(here: Stage, now: Page) -> None:
    session = told(here, GO, agent="ProjectCommander")
    loop = now.locator("[data-list=loops] > li").filter(has_text="ProjectCommander")
    expect(loop).to_contain_text("running", timeout=SLOW_MS)
    here.until(lambda: len(here.model.turns(session)) >= 4)
    expect(now.locator("[data-list=fresh]")).to_contain_text(f"ProjectCommander in {session}")  # who began it
    loop.get_by_role("button", name="Stop").click()
    expect(loop).to_contain_text("stopped")
    expect(loop).to_contain_text("LOOP_STOPPED")
    expect(loop.get_by_role("button", name="Stop")).to_have_count(0)
    here.until(lambda: not here.server.is_busy(session))
    moment = time.monotonic()
    for _ in range(3):  # whole turns elsewhere are long enough for a request, if one were to come
        answers(here, told(here, "hello"))
    assert here.model.turns(session, since=moment) == []

    used = here.loop(session)
    assert used and used.tokens > 1_000
    expect(loop).to_contain_text(re.compile(r"\d(\.\d)?[kK] tokens"))
    cost = now.get_by_role("region", name="Cost")
    expect(cost.locator("dd").first).to_contain_text(re.compile(r"[1-9]\S* tokens"))
    now.get_by_role("link", name="ProjectCommander · B001").or_(loop.get_by_role("link")).first.click()
    expect(now).to_have_url(re.compile(f"/chat/{session}"))


def test_a_loop_that_waits_for_a_person_is_stopped_too(here: Stage, both: tuple[Stage, Any]) -> None:
    """It would go on by itself once the person has decided: there must be a way to say that it shall not."""
    _put_aside(here, "B001")  # B002 needs it, so B003 is all that can be worked on
    page = both[1].page("/now", locale="fr-FR")
    session = told(here, "this needs a person", agent="ProjectCommander")
    expect(row(page, "escalation")).to_contain_text("Two lists differ.")
    loop = page.locator("[data-list=loops] > li").filter(has_text="vous attend")
    expect(loop).to_have_count(1, timeout=SLOW_MS)
    loop.get_by_role("link").click()
    talk = page.get_by_role("region", name="A talk")
    expect(talk.get_by_text("Boucle : projet")).to_contain_text("vous attend")
    talk.get_by_role("button", name="Arrêter", exact=True).click()
    expect(talk.get_by_text("Boucle : projet")).to_contain_text("arrêtée")
    held = here.loop(session)
    assert held and (held.state, held.code) == ("paused", "LOOP_STOPPED")


def _put_aside(here: Stage, item: str) -> None:
    """Suspended, whatever was done with it before: nothing is in flight, and it waits for the person."""
    engine = Engine(Workspace(here.shop.root, here.places))
    if here.shop.states()[item] == "pending" and not engine.world().missions:
        assert isinstance(engine.start(item), Decision)
    if mission := engine.world().mission():
        assert isinstance(engine.end(requests.SuspendItem("for later", mission.item)), Decision)
    assert here.shop.states()[item] == "suspended"


def test_what_one_has_seen_is_seen_in_the_next_browser_too(here: Stage, both: tuple[Stage, Any]) -> None:
    _put_aside(here, "B001")
    resumed = Engine(Workspace(here.shop.root, here.places)).ask(requests.ResumeItem("B001"))
    assert isinstance(resumed, Decision)  # what nobody looked at yet
    first = both[1].page("/now")
    newest = first.locator("[data-list=fresh] > li").first
    expect(newest).to_contain_text("B001")
    with first.expect_response("**/api/seen*"):
        first.get_by_role("button", name="All seen").click()
    second = both[1].page("/now", locale="fr-FR")
    expect(second.locator("[data-list=seen] > li").first).to_contain_text("B001")
    expect(second.locator("[data-list=fresh]")).to_have_count(0)
