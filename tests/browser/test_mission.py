"""Mission: the plan, what was verified, and every action a person can take, seen in the files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from houses import House
from waits import OUTPUT, do, quiet, started, waiting
from workspaces import backlog, wants

Visiting = Callable[[Path], Any]


def ask(page: Page, button: str, label: str, words: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog.get_by_text("Write something first.")).to_be_visible()
    dialog.get_by_label(label).fill(words)
    dialog.get_by_role("button", name=button, exact=True).click()


def test_a_mission_shows_its_plan_its_checks_and_its_record(visit: Visiting, house: House, accessible: Any) -> None:
    shop = waiting(house)
    visited = visit(shop.root)
    page = visited.page("/mission/B001")
    tasks = page.locator("[data-list=tasks] > li")
    expect(tasks).to_have_count(5)
    assert tasks.evaluate_all("(rows) => rows.map((row) => row.dataset.depth)") == ["0", "0", "1", "1", "0"]
    expect(page.get_by_role("progressbar", name="Tasks done")).to_have_attribute("aria-valuetext", "2 of 5")
    red = page.locator("[data-state=red]")
    expect(red).to_contain_text("the total has the tax")
    expect(red.locator("pre")).to_contain_text(OUTPUT)
    expect(page.locator("[data-state=open]")).to_contain_text("the page reads well on a phone")
    expect(page.get_by_text("the rates are in one table")).to_be_visible()
    accessible(page)

    page.get_by_role("button", name="Verify").click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("CHECK_RED")
    expect(refusal).to_contain_text("Next step")
    page.get_by_role("button", name="Close", exact=True).first.click()
    expect(refusal).to_contain_text("Refused")

    ask(page, "Attest", "What you looked at", "read it on a phone")
    visited.confirm(page)
    expect(page.locator("[data-state=attested]")).to_contain_text("the page reads well on a phone")
    expect(page.get_by_role("button", name="Attest", exact=True)).to_have_count(0)
    ask(page, "Accept the weakened tests", "Why this change", "test_b was wrong")
    expect(page.get_by_text("The weakening was accepted.")).to_be_visible()
    mission = shop.engine().world().mission()
    assert mission and mission.accepted and [row.note for row in mission.attestations] == ["read it on a phone"]

    ask(page, "Suspend", "Reason", "the shop is closed on Mondays")
    expect(page.get_by_text("B001 is not in flight")).to_be_visible()
    assert shop.states()["B001"] == "suspended"
    assert "the shop is closed on Mondays" in visited.read(".opencode/project.md")


def test_work_that_is_done_is_verified_and_closed(visit: Visiting, house: House) -> None:
    shop = quiet(house, backlog(wants("B001"), wants("B002")))
    place = started(shop, "B001")
    todo = place / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]").replace("[/]", "[x]"), "utf-8")
    (place / "B001.txt").write_text("done\n", "utf-8")
    page = visit(shop.root).page("/mission")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("passed", exact=True)).to_be_visible()
    expect(page.locator("[data-state=green]")).to_have_count(1)
    page.get_by_role("button", name="Close", exact=True).first.click()
    expect(page.get_by_text("No mission is in flight")).to_be_visible()
    assert shop.delivered() == ["B001"]
    page.get_by_role("link", name="Choose an item to start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Backlog")


def test_a_mission_is_failed_with_a_reason(visit: Visiting, house: House) -> None:
    shop = quiet(house)
    do(shop, "backlog_start_item", itemId="B002")
    visited = visit(shop.root)
    page = visited.page("/mission")
    expect(page.get_by_text("Nothing was verified yet")).to_be_visible()
    ask(page, "Fail", "Reason", "the format is not known")
    expect(page.get_by_text("No mission is in flight")).to_be_visible()
    assert shop.states()["B002"] == "failed"
    assert "the format is not known" in visited.read(".opencode/project.md")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_in_french(visit: Visiting, house: House, accessible: Any, scheme: str) -> None:
    shop = waiting(house)
    page = visit(shop.root).page(
        "/mission", locale="fr-FR", viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True
    )
    expect(page.get_by_role("button", name="Vérifier")).to_be_visible()
    expect(page.get_by_text("pas réussie")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    accessible(page)


def test_an_item_its_mission_and_its_slot_lead_to_each_other(visit: Visiting, house: House) -> None:
    """To that one, and not to the first of several."""
    shop = quiet(house)
    for _ in range(3):
        do(shop, "parallel_start_item", max_slots=3)
    page = visit(shop.root).page("/item/B002")
    page.get_by_role("main").get_by_role("link", name="Mission").click()
    expect(page.get_by_role("main").get_by_role("link", name="B002", exact=True).last).to_be_visible()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Title of B002")
    page.get_by_role("link", name=re.compile("Slot B002")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("B002 — Title of B002")
    page.get_by_role("link", name="Open the item").click()
    expect(page).to_have_url(re.compile("/item/B002"))
