"""Journal and operations on the page: entries and decisions, each change of state and its undo, files as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from echelon.actions.table import perform
from echelon.core.decide import Decision
from houses import House
from workspaces import THREE, Shop

Visiting = Callable[[Path], Any]
BACKLOG = ".opencode/backlog.md"
QUESTION = {
    "context": "Which rounding?\n\nTwo laws disagree.", "attempts": "both were tried", "expected_decision": "one of them",
    "option1_label": "Half up: $1 & $&", "option2_label": "Half even", "option1_pros": "what people expect",
    "option2_cons": "surprises",
}  # fmt: skip


def lived_in(house: House, *actions: tuple[str, dict[str, Any]]) -> Shop:
    made = Shop.make(house.folder / "w", THREE)
    shop = Shop(made.root, house.home)
    engine = shop.engine()
    for name, given in actions:
        done = perform(engine, name, given)
        assert isinstance(done, Decision), done
    return shop


START = ("parallel_start_item", {"max_slots": 1})
SUSPEND = ("backlog_suspend_item", {"item_id": "B001", "reason": "the law changed"})
RESUME = ("backlog_resume_item", {"itemId": "B001"})


def fits(page: Page) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing is cut at this width"


def type_code(page: Page, person: Any) -> None:
    dialog = page.get_by_role("dialog", name="Only a person may do this")
    dialog.get_by_role("textbox").fill(person.terminal.code())
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()


def test_the_journal_is_searched_and_a_question_decided_in_it(
    house: House, visit: Visiting, accessible: Callable[[Page], None]
) -> None:
    shop = lived_in(house, START, SUSPEND, ("record_escalation", QUESTION))
    person = visit(shop.root)
    page = person.page("/journal")
    expect(page.get_by_role("heading", name="1 escalation waits for your decision")).to_be_visible()
    entries = page.get_by_role("region", name="Entries").get_by_role("listitem")
    expect(entries).to_have_count(3)
    page.get_by_role("button", name="item suspended").click()
    expect(entries).to_have_count(1)
    expect(entries).to_contain_text("the law changed")
    page.get_by_role("button", name="All").click()
    page.keyboard.press("/")
    page.keyboard.type("nowhere at all")
    expect(page.get_by_text("No entry has these words")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(entries).to_have_count(3)
    accessible(page)

    question = page.get_by_role("article")
    expect(question).to_contain_text("Two laws disagree.")
    question.get_by_role("radio", name="Half up").check()
    expect(question.get_by_role("textbox")).to_have_value("Half up: $1 & $&")
    question.get_by_role("textbox").fill("Half up: $1 & $& as the bank does")
    question.get_by_role("button", name="Decide").click()
    type_code(page, person)
    expect(page.get_by_role("article")).to_have_count(0)
    decided = page.get_by_role("region", name="Decided escalations")
    decided.get_by_text("Which rounding?").first.click()
    expect(decided).to_contain_text("both were tried")
    assert "Half up: $1 & $& as the bank does" in person.read(".opencode/project.md")
    page.emulate_media(color_scheme="dark")
    accessible(page)


def test_an_operation_is_read_and_undone(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop = lived_in(house, START, SUSPEND, ("record_escalation", QUESTION))
    person = visit(shop.root)
    before = person.read(".opencode/project.md")
    page = person.page("/journal?tab=operations")
    rows = page.get_by_role("grid", name="Operations, newest first").get_by_role("row")
    expect(rows).to_have_count(4)
    accessible(page)
    rows.nth(3).get_by_role("link").click()  # the first: an item was started
    expect(page.get_by_role("heading", name="Operation 1")).to_be_visible()
    expect(page.get_by_text("Cannot be undone:")).to_be_visible()
    page.get_by_role("link", name="ESCALATION").first.click()
    expect(page.get_by_role("heading", name="Operation 3")).to_be_visible()
    expect(page.get_by_label(".opencode/project.md", exact=True)).to_contain_text("Two laws disagree.")
    accessible(page)
    page.get_by_role("button", name="See what undoing would change").click()
    dialog = page.get_by_role("dialog", name="Undo operation 3")
    expect(dialog).to_contain_text("Two laws disagree.")
    assert person.read(".opencode/project.md") == before  # nothing yet
    accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="See what undoing would change").click()
    dialog.get_by_role("button", name="Undo it").click()
    type_code(page, person)
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="Operation 3")).to_have_count(0)
    expect(rows).to_have_count(5)
    expect(rows.nth(2)).to_contain_text("undone")
    assert "Two laws" not in person.read(".opencode/project.md")
    rows.nth(2).click()
    expect(page.get_by_text("It is undone already.")).to_be_visible()
    page.get_by_role("button", name="All operations").click()
    expect(page.get_by_role("heading", name="Operation 3")).to_have_count(0)


def test_an_undo_that_cannot_be_is_refused_with_reasons(house: House, visit: Visiting) -> None:
    shop = lived_in(house, ("record_escalation", QUESTION))
    path = shop.root / ".opencode/project.md"
    path.write_text(path.read_text("utf-8").replace("Two laws disagree.", "Two laws agree."), "utf-8")
    page = visit(shop.root).page("/journal?tab=operations&op=1")
    page.get_by_role("button", name="See what undoing would change").click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("UNDO_CONFLICT")
    expect(refusal).to_contain_text("Next step")


def test_a_file_is_read_as_it_was(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop = lived_in(house, START, SUSPEND, RESUME)
    page = visit(shop.root).page("/journal")
    page.get_by_role("tab", name="Time travel").click()
    page.get_by_label("Document").select_option(BACKLOG)
    slider = page.get_by_role("slider", name="Moment")
    expect(slider).to_have_value("2")
    text = page.get_by_role("region", name=BACKLOG)
    expect(text.get_by_role("heading", name="B001 — Title of B001")).to_be_visible()
    accessible(page)
    page.get_by_role("radio", name="Source").check()
    page.get_by_role("button", name="One back").click()
    expect(text).to_contain_text("- Status: [~]")
    page.get_by_role("button", name="First").click()
    expect(text).to_contain_text("- Status: [/]")
    expect(page.get_by_role("button", name="One back")).to_be_disabled()
    page.get_by_role("radio", name="Compared with now").check()
    expect(page.get_by_label(BACKLOG, exact=True)).to_contain_text("Status: [/]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 / 3")).to_be_visible()
    page.get_by_role("button", name="Newest").click()
    expect(page.get_by_text("It says the same now.")).to_be_visible()
    page.get_by_role("link", name="Open the operation").click()
    expect(page.get_by_role("heading", name="Operation 3")).to_be_visible()
    page.get_by_role("link", name=f"As it was then: {BACKLOG}").click()
    expect(page.get_by_role("slider", name="Moment")).to_be_visible()
    page.get_by_label("Document").select_option(".opencode/spec.md")
    expect(page.get_by_text("Echelon has not changed this file")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    accessible(page)


def test_nothing_yet_on_a_phone_in_french(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop = lived_in(house)
    phone = {"viewport": {"width": 390, "height": 844}, "locale": "fr-FR", "has_touch": True, "is_mobile": True}
    page = visit(shop.root).page("/journal", **phone)
    expect(page.get_by_text("Ce niveau n'a pas encore de journal")).to_be_visible()
    fits(page)
    page.get_by_role("tab", name="Opérations").click()
    expect(page.get_by_text("Echelon n'a encore rien changé")).to_be_visible()
    fits(page)
    assert isinstance(perform(shop.engine(), *START), Decision)  # seen without a question
    page.get_by_role("row", name="STARTED").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Opération 1")).to_be_visible()
    expect(page.get_by_label(BACKLOG, exact=True)).to_be_visible()
    fits(page)
    accessible(page)
    page.get_by_role("tab", name="Remonter le temps").click()
    page.get_by_label("Document").select_option(BACKLOG)
    expect(page.get_by_role("slider", name="Moment")).to_be_disabled()  # one change, one moment
    fits(page)
    accessible(page)
