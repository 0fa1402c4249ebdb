"""Now: the inbox answered in place, what runs, what changed, in a real browser. What a click does is seen in the files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import midway
from echelon.actions.table import perform
from echelon.core.decide import Refusal
from echelon.dispatch import ladder
from houses import House
from waits import LESS, do, quiet, started, waiting
from workspaces import Shop

Visiting = Callable[[Path], Any]
ESCALATIONS = ".opencode/project.md"


@pytest.fixture
def shop(house: House) -> Shop:
    return waiting(house)


def inbox(page: Page) -> Locator:
    return page.locator("[data-list=inbox]")


def row(page: Page, kind: str) -> Locator:
    """A row of the inbox, opened."""
    found = inbox(page).locator(f"[data-kind={kind}]")
    head = found.get_by_role("button").first
    if head.get_attribute("aria-expanded") == "false":
        head.click()
    return found


def test_everything_that_waits_is_answered_where_it_stands(visit: Visiting, shop: Shop, accessible: Any) -> None:
    visited = visit(shop.root)
    page = visited.page("/now")
    expect(inbox(page).locator("> li")).to_have_count(5)
    expect(page).to_have_title("(5) Now · Echelon")
    accessible(page)

    asked = row(page, "escalation")
    expect(asked).to_contain_text("Two tax tables disagree.")
    expect(asked.get_by_role("radio", name="not signed yet")).to_be_visible()
    asked.get_by_role("button", name="Decide", exact=True).click()
    expect(asked.get_by_text("Write something first.")).to_be_visible()
    asked.get_by_role("radio", name="Take the table of 2025").check()
    words = asked.get_by_role("textbox", name="Your decision")
    expect(words).to_have_value("Take the table of 2025")
    words.fill("Take the table of 2025: $100 for 90 days")
    asked.get_by_role("button", name="Decide", exact=True).click()
    visited.confirm(page)
    expect(asked).to_be_hidden()
    assert "Take the table of 2025: $100 for 90 days" in visited.read(ESCALATIONS)

    attested = row(page, "attestation")
    expect(attested).to_contain_text("the page reads well on a phone")
    attested.get_by_role("textbox", name="What you looked at").fill("an old phone, at arm's length")
    attested.get_by_role("button", name="Attest", exact=True).click()
    expect(attested).to_be_hidden()
    weaker = row(page, "weakening")
    expect(weaker).to_contain_text("test_b")
    weaker.get_by_role("textbox", name="Why this change").fill("test_b was about the old shop")
    weaker.get_by_role("button", name="Accept the change", exact=True).click()
    expect(weaker).to_be_hidden()
    mission = shop.engine().world().mission()
    assert mission and mission.accepted
    assert [entry.note for entry in mission.attestations] == ["an old phone, at arm's length"]

    failed = row(page, "failed")
    failed.get_by_role("textbox", name="Reason").fill("nobody needs it")
    failed.get_by_role("button", name="Waive", exact=True).click()
    expect(failed).to_be_hidden()
    assert "nobody needs it" in visited.read(ESCALATIONS)
    aside = row(page, "suspended")
    aside.get_by_role("button", name="Waive", exact=True).click()
    expect(aside.get_by_text("Write something first.")).to_be_visible()
    aside.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    assert shop.states()["B004"] == "pending"


def test_what_failed_is_opened_again_and_a_refusal_stays_where_it_was_asked(visit: Visiting, shop: Shop) -> None:
    visited = visit(shop.root)
    page = visited.page("/now")
    failed = row(page, "failed")
    failed.get_by_role("textbox", name="Reason").fill("the list came")
    failed.get_by_role("button", name="Open again", exact=True).click()
    visited.confirm(page)
    expect(failed).to_be_hidden()
    assert shop.states()["B003"] == "pending"

    asked = row(page, "escalation")
    words = asked.get_by_role("textbox", name="Your decision")
    words.fill("the new one")
    page.route("**/api/level/**", lambda route: route.abort())
    asked.get_by_role("button", name="Decide", exact=True).click()
    refusal = asked.get_by_role("alert")
    expect(refusal).to_contain_text("DISCONNECTED")
    expect(words).to_have_value("the new one")
    refusal.get_by_role("button", name="Close", exact=True).click()
    expect(refusal).to_be_hidden()
    page.unroute("**/api/level/**")
    asked.get_by_role("button", name="Decide", exact=True).click()
    expect(asked).to_be_hidden()
    assert "the new one" in visited.read(ESCALATIONS)


def test_the_code_may_be_refused_and_nothing_is_done(visit: Visiting, shop: Shop) -> None:
    visited = visit(shop.root)
    page = visited.page("/now")
    before = visited.read(ESCALATIONS)
    asked = row(page, "escalation")
    asked.get_by_role("textbox", name="Your decision").fill("the new one")
    asked.get_by_role("button", name="Decide", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(asked.get_by_role("alert")).to_contain_text("NEEDS_CONFIRMATION")
    expect(asked.get_by_role("textbox", name="Your decision")).to_have_value("the new one")
    assert visited.read(ESCALATIONS) == before


def test_what_runs_moves_while_one_looks(visit: Visiting, house: House) -> None:
    shop = quiet(house)
    page = visit(shop.root).page("/now")
    expect(page.get_by_text("Nothing runs")).to_be_visible()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    expect(page).to_have_title("Now · Echelon")
    place = started(shop, "B002")
    running = page.locator("[data-list=running] > li")
    expect(running).to_contain_text("Add the tax to the total")
    expect(running.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "2 of 5")
    todo = place / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("- [/]", "- [x]"), "utf-8")
    expect(running.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "3 of 5")
    expect(running).to_contain_text("Rounding of cents")
    running.get_by_role("link", name="Title of B002").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mission")


def test_what_changed_is_new_until_it_was_seen(visit: Visiting, house: House) -> None:
    shop = quiet(house)
    do(shop, "backlog_start_item", itemId="B002")
    page = visit(shop.root).page("/now")
    fresh = page.locator("[data-list=fresh] > li")
    expect(fresh).to_have_count(1)
    expect(page.get_by_text("1 since you last looked")).to_be_visible()
    page.get_by_role("button", name="All seen").click()
    expect(fresh).to_have_count(0)
    do(shop, "backlog_fail_item", reason="no paper")
    expect(fresh).to_have_count(1)
    expect(fresh).to_contain_text("no paper")
    with page.expect_response("**/api/seen*"):  # who leaves has looked
        page.get_by_role("link", name="All operations").click()
    page.go_back()
    expect(page.locator("[data-list=seen] > li").first).to_contain_text("no paper")
    expect(fresh).to_have_count(0)


NOTICES = """
  window.told = [];
  window.Notification = class {
    static permission = 'default';
    static requestPermission() { window.Notification.permission = 'granted'; return Promise.resolve('granted'); }
    constructor(title, more) { this.title = title; Object.assign(this, more); window.told.push(this); }
    close() {}
  };
  document.hasFocus = () => false;
"""  # the browser's own part: what it would show


def test_notifications_come_on_request_and_lead_to_what_waits(visit: Visiting, house: House) -> None:
    shop = quiet(house)
    visited = visit(shop.root)
    page = visited.page("/settings")
    page.add_init_script(NOTICES)
    page.goto(f"{visited.running.address.rstrip('/')}/now")
    switch = page.get_by_role("switch", name="Notify me")
    expect(switch).not_to_be_checked()
    with page.expect_response("**/api/overview*"):  # what waits already is no news
        switch.check()
    expect(switch).to_be_checked()
    do(shop, "backlog_start_item", itemId="B003")
    do(shop, "backlog_fail_item", item_id="B003", reason="no")
    page.wait_for_function("() => told.length")
    assert page.evaluate("() => told.map((one) => [one.title, one.body])") == [["Failed · Echelon", "Title of B003"]]
    page.get_by_role("link", name="Settings").first.click()
    page.evaluate("() => told[0].onclick()")
    expect(page).to_have_url(re.compile(r"/now\?.*open=failed"))
    expect(row(page, "failed").get_by_role("textbox", name="Reason")).to_be_visible()
    assert page.evaluate("() => told.length") == 1
    switch.uncheck()
    expect(switch).not_to_be_checked()


def test_an_empty_folder_says_what_comes_first(visit: Visiting, house: House, accessible: Any) -> None:
    empty = house.folder / "empty"
    (empty / ".opencode").mkdir(parents=True)
    page = visit(empty).page("/now", color_scheme="dark")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    expect(page.get_by_text("Nothing has been used yet")).to_be_visible()
    accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_in_french(visit: Visiting, shop: Shop, accessible: Any, scheme: str) -> None:
    page = visit(shop.root).page(
        "/now", locale="fr-FR", viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True
    )
    expect(page.get_by_role("heading", name="En attente de vous")).to_be_visible()
    asked = row(page, "failed")
    expect(asked.get_by_role("button", name="Rouvrir", exact=True)).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    accessible(page)


def test_the_keyboard_is_enough(visit: Visiting, shop: Shop) -> None:
    page = visit(shop.root).page("/now")
    heads = inbox(page).get_by_role("heading").get_by_role("button")
    expect(heads).to_have_count(5)
    heads.last.focus()
    page.keyboard.press("Enter")
    expect(heads.last).to_have_attribute("aria-expanded", "true")
    expect(heads.first).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(heads.last).to_have_attribute("aria-expanded", "false")


def test_who_types_is_not_disturbed_by_what_comes(visit: Visiting, shop: Shop) -> None:
    """What is more urgent stands above; what is being answered stays open, with its words."""
    page = visit(shop.root).page("/now")
    failed = row(page, "failed")
    words = failed.get_by_role("textbox", name="Reason")
    words.fill("half a sen")
    given = {"context": "Another.", "attempts": "none", "option1_label": "a", "option2_label": "b"}
    perform(shop.engine(), "record_escalation", {**given, "expected_decision": "a or b?", "item": "B006"})
    expect(inbox(page).locator("[data-kind=escalation]")).to_have_count(2)
    expect(words).to_have_value("half a sen")
    expect(words).to_be_focused()


def test_several_in_flight_one_of_them_in_conflict(visit: Visiting, house: House) -> None:
    """Parallel: each has its line, and a real merge conflict of a slot waits until it is settled."""
    shop = quiet(house)
    engine = shop.engine()
    for _ in range(3):
        do(shop, "parallel_start_item", max_slots=3)
    page = visit(shop.root).page("/now")
    running = page.locator("[data-list=running] > li")
    expect(running).to_have_count(3)
    expect(page.get_by_role("heading", name="In progress").locator("..")).to_contain_text("3")
    for name in ("B001", "B002", "B003"):
        expect(running.filter(has_text=name)).to_contain_text("attempt 1")

    mission = next(row for row in engine.world().missions if row.item == "B002")
    place = Path(engine.slot_path(mission))
    (place / "tests/test_a.py").write_text(LESS.replace("1 == 1", "1 + 1 == 2"), "utf-8")
    (place / "B002.txt").write_text("done\n", "utf-8")
    shop.commit("meanwhile", {"tests/test_a.py": LESS.replace("1 == 1", "2 == 2")})
    refusal = engine.close("B002")
    assert isinstance(refusal, Refusal), refusal
    ladder.settle(engine, mission, refusal)  # as a delivery and an agent's close do it
    asked = row(page, "conflict")
    expect(asked).to_contain_text("conflicts with the base: tests/test_a.py")
    expect(running.filter(has_text="B002")).to_contain_text("conflict")
    expect(running.filter(has_text="B002")).to_contain_text("attempt 2")
    asked.get_by_role("link", name="Slots", exact=True).click()
    expect(page.get_by_role("row", name="B002")).to_contain_text("1 conflict")
    page.go_back()
    row(page, "conflict").get_by_role("link", name="Mission", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("tests/test_a.py")
    page.go_back()
    do(shop, "backlog_suspend_item", item_id="B002", reason="a person does it")
    expect(inbox(page).locator("[data-kind=conflict]")).to_have_count(0)
    expect(running).to_have_count(2)


def test_findings_wait_until_the_files_are_right(visit: Visiting, house: House) -> None:
    """A setting that does not fit, a program whose folder lies outside: each leads to where it is mended."""
    shop = midway.make(house.folder / "harbour", home=house.home)
    settings, top = shop.root / ".opencode/orchestrator.jsonc", shop.root / ".opencode/enterprise.md"
    person = visit(shop.root)
    page = person.page("/now")
    found = inbox(page).locator("[data-kind=finding]")
    expect(page.get_by_text("Is the desk open at night?").first).to_be_visible()
    expect(found).to_have_count(0)
    settings.write_text('{\n  "limits": {"attempts": "three"}\n}\n', "utf-8")
    expect(found).to_have_count(1)
    wrong = row(page, "finding")
    expect(wrong).to_contain_text("orchestrator.jsonc:2")
    wrong.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("main")).to_contain_text("orchestrator.jsonc:2")
    page.go_back()
    settings.write_text("{}\n", "utf-8")
    expect(found).to_have_count(0)

    text = top.read_text("utf-8")
    outside = text.replace("- Depends on: PGM-001\n", "- Depends on: PGM-001\n- Path: ../../outside\n")
    assert outside != text
    top.write_text(outside, "utf-8")
    wrong = row(page, "finding")
    expect(wrong).to_contain_text("STORAGE_PATH_INVALID")
    expect(wrong).to_contain_text("PGM-003")
    wrong.get_by_role("link", name="See the repair plan").click()
    expect(page.get_by_role("region", name="Findings")).to_contain_text("STORAGE_PATH_INVALID")
    page.go_back()
    top.write_text(text, "utf-8")
    expect(found).to_have_count(0)
