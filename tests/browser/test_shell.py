"""The page's frame, in a real browser on a real console: getting in, getting about, losing the line and finding it again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from houses import House

VIEWS = (
    "now", "portfolio", "backlog", "mission", "slots", "chat", "evidence", "journal", "report", "validation", "settings",
)  # fmt: skip


@pytest.fixture
def shop(house: House, visit: Callable[[Path], Any]) -> Any:
    return visit(house.shop("shop"))


def live(page: Page) -> Page:
    """Let in, and nothing is the matter with the line."""
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("navigation").first).to_be_visible()
    expect(page.get_by_text("shop").first).to_be_visible()
    return page


def test_a_link_lets_in_once_and_leaves_no_trace(shop: Any) -> None:
    page = live(shop.page())
    assert "#" not in page.url
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "token" not in kept.lower()
    page.reload()
    live(page)  # by the ticket
    assert page.evaluate("() => performance.getEntriesByType('resource').every((one) => !one.name.includes('k='))")


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible(shop: Any, accessible: Callable[[Page], None], locale: str, scheme: str) -> None:
    page = live(shop.page(locale=locale, color_scheme=scheme))
    assert page.locator("html").get_attribute("lang") == locale[:2]
    for view in VIEWS:
        page.locator(f'nav a[href^="/{view}"]').first.click()
        expect(page.locator(f'main[data-view="{view}"] h1')).to_be_focused()
        expect(page).to_have_title(re.compile(re.escape(page.locator("h1").inner_text())))
        accessible(page)


def test_a_phone_shows_all_in_its_width(shop: Any, accessible: Callable[[Page], None]) -> None:
    page = shop.page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for view in VIEWS:
        page.get_by_role("button", name="More").click()
        page.get_by_role("dialog").locator(f'a[href^="/{view}"]').click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(page.locator(f'main[data-view="{view}"] h1')).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), view
        accessible(page)


def test_keys_lead_everywhere(shop: Any) -> None:
    page = live(shop.page())
    for keys, view in (("gb", "backlog"), ("gj", "journal"), ("gn", "now")):
        page.keyboard.type(keys)
        expect(page.locator(f'main[data-view="{view}"]')).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("g b")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("settin")
    page.keyboard.press("Enter")
    expect(page.locator('main[data-view="settings"]')).to_be_visible()
    page.go_back()
    expect(page.locator('main[data-view="now"]')).to_be_visible()


def test_the_palette_finds_items(shop: Any) -> None:
    page = live(shop.page())
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("title of")
    page.get_by_role("option").filter(has_text="Title of").first.click()
    expect(page.locator('main[data-view="item"]')).to_be_visible()
    assert "/item/" in page.url


def test_theme_and_language_are_kept(shop: Any) -> None:
    page = live(shop.page("/settings", color_scheme="light"))
    page.locator("main").get_by_role("combobox", name="Theme").select_option("dark")
    ground = page.evaluate("() => getComputedStyle(document.body).colorScheme")
    assert ground == "dark"
    page.locator("main").get_by_role("combobox", name="Language").select_option("fr")
    expect(page.locator("h1")).to_have_text("Réglages")
    other = live(shop.page("/settings", color_scheme="light"))  # another browser: the service kept it
    expect(other.locator("h1")).to_have_text("Réglages")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")


def test_twenty_tabs_share_one_stream(shop: Any) -> None:
    first = live(shop.page())
    tabs = [first] + [first.context.new_page() for _ in range(19)]
    for tab in tabs[1:]:
        tab.goto(first.url)
    for tab in tabs:
        live(tab)
    streams = [
        tab.evaluate("() => performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/events')).length")
        for tab in tabs
    ]  # fmt: skip
    assert streams == [0] * 20  # it is the worker's


def test_an_edit_of_a_file_is_read_anew_by_itself(shop: Any) -> None:
    page = live(shop.page())
    backlog = shop.root / ".opencode/backlog.md"
    with page.expect_response(lambda answer: "/api/overview" in answer.url and answer.ok):
        backlog.write_text(backlog.read_text("utf-8").replace("Title of B001", "Another title"), "utf-8")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("another")
    expect(page.get_by_role("option").filter(has_text="Another title")).to_be_visible()


def test_what_only_a_person_may_do_asks_for_the_code_of_the_terminal(shop: Any) -> None:
    page = live(shop.page())
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("backlog_waive")
    page.get_by_role("option").filter(has_text="backlog_waive_item").click()
    form = page.get_by_role("dialog", name="backlog_waive_item")
    form.get_by_label("item_id").fill("B001")
    form.get_by_label("reason").fill("tried")
    form.get_by_role("button", name="Run").click()
    asking = page.get_by_role("dialog", name="Only a person may do this")
    asking.get_by_label("Code").fill("no")
    asking.get_by_role("button", name="Confirm").click()
    expect(asking.get_by_role("alert")).to_contain_text("CODE_INVALID")
    asking.get_by_label("Code").fill(shop.terminal.code())
    asking.get_by_role("button", name="Confirm").click()
    expect(asking).to_be_hidden()
    expect(form.get_by_role("alert")).to_contain_text("Refused")  # the action's own answer: B001 has not failed
    assert "[ ]" in shop.read(".opencode/backlog.md")


def test_without_a_link_the_page_says_how_to_get_in(shop: Any) -> None:
    page = shop.page()
    bare = shop.stranger(page.url)
    expect(bare.get_by_role("status").filter(has_text="echelon console --open")).to_be_visible()
    expect(bare.get_by_text("not signed in")).to_be_visible()


def test_a_lost_line_is_said_and_found_again(house: House, chromium: Browser, shop: Any) -> None:
    page = live(shop.page())
    port = str(shop.running.port)
    shop.running.end()
    banner = page.get_by_role("status").filter(has_text="echelon console --open")
    expect(banner).to_be_visible(timeout=30_000)
    again = house.start(shop.root, "--port", port)
    assert again.port == int(port)
    expect(page.get_by_text(re.compile("not signed in"))).to_be_visible(timeout=30_000)  # its sessions ended with it
