"""Chat: what is said to agents and by them, in a real browser, with a real OpenCode and a model that plays."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

import houses
from echelon.testing import opencode
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import House, Stage
from workspaces import Shop

Visiting = Callable[[Path], Any]
SLOW_MS = 60_000  # the first turn of an OpenCode on a busy machine
QUESTION = {
    "question": "Which colour?",
    "header": "Colour",
    "options": [{"label": "red", "description": "warm"}, {"label": "blue", "description": "cold"}],
}
SEVERAL = {"question": "Which sizes?", "header": "Sizes", "multiple": True, "options": QUESTION["options"]}
MARKDOWN = "## Plan\n\n1. one\n2. two\n\n```py\nif a < b:\n    pass\n```\n\nAfter the fence: **bold**, [a link](https://example.org/x).\n\n<img src=x onerror=alert(1)>\n"
FIRST, SECOND = "It begins with " + "some words " * 20, "and this is the end."


class Play:
    """What the model does is said by the prompt."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def __call__(self, asked: Asked) -> Reply:
        words, results = asked.last_user, [text for _, text in asked.tool_results]
        if "grow" in words:
            return say(FIRST + SECOND, pace=0.15)
        if "ask me" in words:
            asking = {"questions": [QUESTION, SEVERAL]}
            return say(f"You said: {results[-1]}") if results else call("question", asking)
        if "touch it" in words:
            return (
                say("Touched.") if results else call("bash", {"command": "touch a.txt", "description": "Touch a file"})
            )
        if "below" in words and not asked.parent:
            task = {"subagent_type": "general", "description": "A look below", "prompt": "sleep long"}
            return say("Back.") if results else call("task", task)
        if "sleep long" in words:
            return call("bash", {"command": "sleep 600", "description": "Sleep", "timeout": 600_000})
        return say(MARKDOWN if "markdown" in words else "I am here.")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    if opencode.binary() is None:
        pytest.skip(opencode.missing())
    shop = Shop.make(tmp_path_factory.mktemp("chat"))
    (shop.root / "opencode.json").write_text('{"permission": {"bash": {"touch *": "ask"}}}')
    with House(tmp_path_factory.mktemp("house")) as house, house.stage(shop, Play()) as made:
        made.server.get("/session", directory=str(shop.root))  # OpenCode makes the instance, and the bridge comes
        yield made


@pytest.fixture(scope="module")
def visited(stage: Stage, visitor: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A console beside that OpenCode, and the console of another workspace attached to it."""
    house = houses.House(tmp_path_factory.mktemp("user"))
    state = stage.places.state.parent
    house.env |= {"ECHELON_RUNTIME": str(stage.runtime), "XDG_STATE_HOME": str(state)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHELON_RUNTIME", str(stage.runtime))
        visit = visitor(house.start(stage.shop.root), stage.shop.root)
        house.start(house.shop("other"))
        yield visit
        visit.close()
        house.close()
        assert visit.complaints == []


def chat(visited: Any, path: str = "/chat", **options: Any) -> Page:
    page = visited.page(path, **options)
    page.set_default_timeout(SLOW_MS)
    expect(page.get_by_role("combobox", name=re.compile("Agent"))).to_be_visible(timeout=SLOW_MS)
    return page


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def tell(page: Page, text: str, agent: str = "build") -> None:
    page.get_by_role("combobox", name="Agent").select_option(agent)
    box(page).fill(text)
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("", timeout=SLOW_MS)


def said(page: Page, role: str = "assistant") -> Locator:
    return page.locator(f"[data-role={role}]")


def idle(page: Page) -> None:
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0, timeout=SLOW_MS)


def test_no_opencode_says_how_to_start_one(visit: Visiting, house: houses.House, accessible: Any) -> None:
    page = visit(house.shop("shop")).page("/chat")
    expect(page.get_by_text("No OpenCode is connected here")).to_be_visible()
    expect(page.get_by_label("Command to start OpenCode")).to_contain_text("/shop && opencode")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()").endswith("/shop && opencode")
    accessible(page)


def test_an_answer_grows_while_one_looks_and_few_requests_are_made(visited: Any) -> None:
    page = chat(visited)
    asked: list[str] = []

    def count(request: Request) -> None:
        if "/api/" in request.url:
            asked.append(request.url)

    tell(page, "let it grow")
    expect(page).to_have_url(re.compile(r"/chat/ses_\w+"))
    expect(box(page)).to_be_focused()
    expect(said(page, "user")).to_contain_text("let it grow")
    expect(said(page)).to_contain_text("It begins with", timeout=SLOW_MS)
    page.on("request", count)
    assert SECOND not in (said(page).text_content() or ""), "it grows, and is not there at once"
    expect(said(page)).to_contain_text(SECOND, timeout=SLOW_MS)
    idle(page)
    assert len(asked) <= 6, asked
    expect(page.get_by_role("navigation", name="Sessions").get_by_role("link")).not_to_have_count(0)


def test_markdown_is_shown_as_it_is_meant_and_runs_nothing(visited: Any, accessible: Any) -> None:
    page = chat(visited)
    tell(page, "say markdown")
    answer = said(page).last
    expect(answer.locator("pre code")).to_contain_text("if a < b:")
    expect(answer.locator("strong")).to_have_text("bold")
    expect(answer.get_by_role("link")).to_have_text("a link (example.org)")
    expect(answer.locator("ol > li")).to_have_count(2)
    assert page.locator("img[src=x]").count() == 0
    idle(page)
    accessible(page)


def test_commands_keep_their_words(visited: Any, stage: Stage) -> None:
    """Peer: the words after /task were lost (peer-console.md §5.3)."""
    page = chat(visited)
    box(page).press_sequentially("/ta")
    expect(page.get_by_role("list", name="Commands").get_by_role("button")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("/task ")
    box(page).press_sequentially("paint the fence green")
    page.get_by_role("button", name="Send").click()
    expect(said(page, "user").first).to_contain_text("paint the fence green", timeout=SLOW_MS)
    stage.until(lambda: any("paint the fence green" in turn.last_user for turn in stage.model.turns()), 60)
    stop = page.get_by_role("button", name="Stop", exact=True)
    if stop.count():
        stop.click()
    idle(page)
    box(page).fill("/nonsense here")
    page.keyboard.press("Enter")
    refusal = page.get_by_role("alert").filter(has_text="COMMAND_UNKNOWN")
    expect(refusal).to_contain_text("task")
    expect(box(page)).to_have_value("/nonsense here")


def test_questions_are_answered_beside_the_talk(visited: Any, accessible: Any) -> None:
    page = chat(visited)
    tell(page, "ask me")
    card = page.get_by_role("region", name=re.compile("Waits for your answer"))
    expect(card).to_be_visible()
    card.get_by_role("button", name="Answer", exact=True).click()
    expect(card.get_by_role("alert")).to_contain_text("Choose an option")
    card.get_by_role("radio", name="blue").check()
    card.get_by_role("checkbox", name="red").check()
    card.get_by_role("textbox", name="Your own words").last.fill("and tiny")
    accessible(page)
    card.get_by_role("button", name="Answer", exact=True).click()
    expect(card).to_be_hidden()
    expect(said(page).last).to_contain_text("blue")
    expect(said(page).last).to_contain_text("and tiny")


def test_a_question_and_a_permission_are_answered_in_now(visited: Any) -> None:
    page = chat(visited)
    tell(page, "touch it")
    expect(page.get_by_role("region", name=re.compile("Waits for your answer"))).to_be_visible()
    page.get_by_role("link", name="Now").first.click()
    row = page.locator("[data-list=inbox] [data-kind=permission]")
    expect(row).to_contain_text("touch a.txt")
    expect(page).to_have_title(re.compile(r"^\(\d+\) Now"))
    row.get_by_role("button", name="Allow once").click()
    expect(row).to_be_hidden()
    made = visited.root / "a.txt"
    page.go_back()
    expect(said(page).last).to_contain_text("Touched.")
    tool = page.locator("[data-tool=bash]")
    expect(tool).to_contain_text("done")
    tool.locator("summary").click()
    expect(tool.locator("pre")).to_be_visible()
    assert made.exists()
    made.unlink()

    tell(page, "touch it")
    card = page.get_by_role("region", name=re.compile("Waits for your answer"))
    card.get_by_role("textbox", name=re.compile("instead")).fill("write b.txt")
    card.get_by_role("button", name="Reject", exact=True).click()
    expect(card).to_be_hidden()
    expect(page.locator("[data-tool=bash]").last).to_contain_text("failed")
    assert not made.exists()

    tell(page, "ask me")
    expect(card).to_be_visible()
    page.get_by_role("link", name="Now").first.click()
    asked = page.locator("[data-list=inbox] [data-kind=question]")
    asked.get_by_role("button", name="Decline").click()
    expect(asked).to_be_hidden()


def test_stop_stops_it_and_those_below(visited: Any, stage: Stage) -> None:
    """Peer: an abort stopped nothing (peer-console.md §5.4)."""
    page = chat(visited)
    tell(page, "go below")
    below = page.get_by_role("navigation", name="Sessions").get_by_role("link", name=re.compile("A look below"))
    expect(below.first).to_contain_text("at work")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile(r"Stopped \d session"))).to_be_visible()
    idle(page)
    stage.until(lambda: not stage.server.get("/session/status", directory=str(stage.shop.root)))
    below.first.click()
    expect(page.locator("[data-tool=bash]")).to_be_visible()


def test_what_was_sent_comes_back_with_its_agent(visited: Any) -> None:
    page = chat(visited)
    tell(page, "remember this", "ProjectCommander")
    expect(said(page)).to_contain_text("I am here.")
    page.get_by_role("link", name="New session").click()
    box(page).click()
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_have_value("remember this")
    expect(page.get_by_role("combobox", name="Agent")).to_have_value("ProjectCommander")
    page.keyboard.press("ArrowDown")
    expect(box(page)).to_have_value("")
    page.get_by_role("button", name="Sent before").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("remember this")).click()
    expect(box(page)).to_have_value("remember this")
    box(page).fill("a draft")
    page.get_by_role("link", name="Now").first.click()
    page.go_back()
    expect(box(page)).to_have_value("a draft")


def test_older_messages_come_in_pages(visited: Any, stage: Stage) -> None:
    session = stage.server.create(title="A long talk")
    for number in range(17):
        stage.server.prompt(session, f"number {number}.", "build")
        stage.server.wait_idle(session, 60)
    page = chat(visited, f"/chat/{session}")
    expect(page.get_by_text("number 16.")).to_be_visible()
    expect(page.get_by_text("number 0.")).to_have_count(0)
    page.get_by_role("button", name="Older messages").click()
    expect(page.get_by_text("number 0.")).to_have_count(1)
    expect(page.get_by_role("button", name="Older messages")).to_have_count(0)
    page.get_by_role("log").evaluate("(log) => log.scrollTo({top: 0})")
    page.get_by_role("button", name="Newest").click()
    expect(page.get_by_text("number 16.")).to_be_in_viewport()


def test_a_session_of_one_workspace_hears_nothing_of_another(visited: Any, stage: Stage) -> None:
    """Peer: a prompt went to workspace B with a session of A (peer-console.md §5.12)."""
    page = chat(visited)
    tell(page, "hello")
    session = page.url.partition("/chat/")[2].partition("?")[0]
    expect(said(page)).to_contain_text("I am here.")
    before = len(stage.model.turns())
    page.get_by_role("combobox", name="Workspace").select_option(label="shop")
    options = page.get_by_role("combobox", name="Workspace").locator("option")
    other = options.evaluate_all("(all) => all.map((one) => [one.value, one.title])")
    ids = {Path(path).parent.name: key for key, path in other}
    answer = page.evaluate("() => location.search")
    assert answer is not None
    page.goto(f"{visited.running.address.rstrip('/')}/chat/{session}?w={ids['other']}")
    expect(page.get_by_text("No OpenCode is connected here")).to_be_visible()
    assert len(stage.model.turns()) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_in_french(visited: Any, accessible: Any, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    page = chat(visited, locale="fr-FR", color_scheme=scheme, **phone)
    page.get_by_role("navigation", name="Sessions").get_by_role("link").first.click()
    expect(page.get_by_role("log")).to_be_visible()
    expect(page.get_by_role("button", name="Envoyer")).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    accessible(page)
    page.get_by_role("link", name="Toutes les sessions").click()
    expect(page.get_by_role("link", name="Nouvelle session")).to_be_visible()
