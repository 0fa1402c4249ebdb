"""Settings on the page: what counts and why, what the person likes, the workspaces, and leaving."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from echelon.actions.table import perform
from echelon.core.decide import Decision
from houses import House
from slots_world import write
from workspaces import THREE, Shop

Visiting = Callable[[Path], Any]


def fits(page: Page) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing is cut at this width"


def made(house: House, **config: Any) -> Shop:
    return Shop(Shop.make(house.folder / "w", THREE, config=config).root, house.home)


def test_settings_say_what_counts_and_why(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop = made(house, limits={"attempts": 7})
    assert isinstance(perform(shop.engine(), "parallel_start_item", {"max_slots": 1}), Decision)
    page = visit(shop.root).page("/settings")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = page.get_by_role("listitem").filter(
        has=page.get_by_role("button", name="Copy: Command to change limits.attempts", exact=True)
    )
    expect(row).to_contain_text("default: 3")
    expect(row).to_contain_text("orchestrator.jsonc:1:")
    expect(page.get_by_role("progressbar", name="Attempts B001")).to_have_attribute("aria-valuemax", "7")
    accessible(page)
    row.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied")).to_have_count(1)
    assert page.evaluate("() => navigator.clipboard.readText()") == "echelon config set limits.attempts 7"
    settings = page.get_by_role("region", name="Settings of the workspace").get_by_role("listitem")
    page.get_by_label("Only what differs from the default").check()
    expect(settings).to_have_count(1)
    page.get_by_label("Only what differs from the default").uncheck()
    page.get_by_role("searchbox").press_sequentially("readguard")
    expect(settings).to_have_count(1)
    page.get_by_role("searchbox").fill("nothing of the kind")
    expect(page.get_by_text("No setting has these words")).to_be_visible()
    page.get_by_role("searchbox").fill("attempts")
    write(shop.root, {".opencode/orchestrator.jsonc": json.dumps({"limits": {"attempts": 5}})})
    expect(page.get_by_role("progressbar", name="Attempts B001")).to_have_attribute("aria-valuemax", "5")


def test_a_person_s_likes_are_kept_and_they_sign_out(
    house: House, visit: Visiting, accessible: Callable[[Page], None]
) -> None:
    shop = made(house)
    person = visit(shop.root)
    page = person.page("/settings")
    page.locator("main").get_by_role("combobox", name="Theme").select_option("dark")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.get_by_role("combobox", name="Changes").select_option("unified")
    with page.expect_response(
        lambda answer: "/api/preferences/language" in answer.url and answer.request.method == "PUT"
    ):
        page.locator("main").get_by_role("combobox", name="Language").select_option("fr")
    expect(page.get_by_role("heading", level=1)).to_have_text("Réglages")
    expect(page.get_by_role("region", name="Clavier")).to_contain_text("Ctrl K")
    expect(page.get_by_role("region", name="Espaces de travail")).to_contain_text("echelon console")
    accessible(page)
    other = person.page("/settings", viewport={"width": 390, "height": 844})  # another browser of the same person
    expect(other.get_by_role("heading", level=1)).to_have_text("Réglages")
    expect(other.get_by_label("Changements")).to_have_value("unified")
    fits(other)
    accessible(other)
    again = page.context.new_page()  # a second tab of the first
    again.goto(page.url)
    expect(again.get_by_role("heading", level=1)).to_have_text("Réglages")
    page.get_by_role("button", name="Se déconnecter").click()
    for tab in (page, again):
        expect(tab.get_by_text("echelon console --open")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Cette page n'est pas connectée")).to_be_visible()
    expect(other.get_by_role("button", name="Se déconnecter")).to_be_enabled()  # a session of its own


def test_workspaces_are_listed_and_entered(house: House, visit: Visiting) -> None:
    shop = made(house)
    person = visit(shop.root)
    page = person.page("/settings")
    spaces = page.get_by_role("region", name="Workspaces").get_by_role("listitem")
    expect(spaces).to_have_count(1)
    expect(spaces).to_contain_text("no OpenCode")
    expect(spaces).to_contain_text(str(shop.root))
    (house.folder / "other").mkdir()
    two = Shop.make(house.folder / "other").root
    two = two.rename(two.parent / "second")
    house.start(two)
    expect(spaces).to_have_count(2)
    page.get_by_role("button", name="Show: second").click()
    expect(page.get_by_label("Workspace").first).to_have_value(page.url.partition("w=")[2])
    expect(spaces.filter(has_text="second")).to_contain_text("shown")
