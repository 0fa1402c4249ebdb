"""The page of an item in a real browser: everything it shows, and everything that can be done there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from houses import House
from workspaces import Shop, backlog, check, command, does, item, wants

Visit = Callable[[Path], Any]
Look = Callable[[Page], None]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SPEC = "# Spec — Shop\n\n## Objective\nA shop.\n\n## Cart\nB001 is the **cart**.\n"
TEXT = backlog(
    wants("B001").replace("- Acceptance", "- Description: It *keeps* items.\n- Files: cart.py\n- Acceptance"),
    item("B002", check("grep -qx done B002.txt"), "the words read well", depends="B001"),
    wants("B003", depends="B002, B009"),
    wants("B004", marker="-"),
    wants("B005", marker="~"),
)


@pytest.fixture
def made(house: House) -> Path:
    (house.folder / "w").mkdir()
    plays = {"B001": [{"steps": [{"write": "other.txt", "text": "no\n"}]}, does("B001")]}
    return Shop.make(house.folder / "w", TEXT, plays, spec=SPEC).root


@pytest.fixture
def delivered(house: House, made: Path) -> Path:
    """B001 was delivered in its second attempt."""
    done = command(made, house.home, "deliver", "--item", "B001")
    assert done.returncode == 0, done.stdout
    return made


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=re.compile(f"^{name}")).click()


def state(page: Page, word: str) -> None:
    expect(page.locator("main header + div").first).to_contain_text(word)


def test_a_delivered_item_shows_how_it_was_proved(delivered: Path, visit: Visit) -> None:
    page = visit(delivered).page("/item/B001", permissions=["clipboard-read", "clipboard-write"])
    state(page, "delivered")
    state(page, "proved")
    expect(page.get_by_text("cart.py", exact=True)).to_be_visible()
    expect(page.locator("em", has_text="keeps")).to_be_visible()
    expect(page.locator("strong", has_text="cart")).to_be_visible()
    page.get_by_role("button", name="Copy: Prove it again").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_attached()
    assert page.evaluate("() => navigator.clipboard.readText()") == "echelon verify B001"
    page.get_by_text("The statement", exact=True).click()
    expect(page.get_by_role("region", name="The statement")).to_contain_text('"item"')
    page.get_by_text("As it stands in the backlog").click()
    expect(page.get_by_role("region", name="As it stands")).to_contain_text("### B001")
    tab(page, "Attempts")
    expect(page.get_by_text("checks red")).to_be_visible()
    expect(page.get_by_text("Attempt 2")).to_be_visible()
    tab(page, "Changes")
    expect(page.get_by_text("B001.txt").first).to_be_visible()
    tab(page, "Journal")
    expect(page.locator("main li").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("tab", name=re.compile("^Journal"))).to_have_attribute("aria-selected", "true")
    tab(page, "Overview")
    page.get_by_role("link", name=re.compile("B002")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Title of B002")


def test_what_holds_an_item_back_is_said(made: Path, visit: Visit) -> None:
    page = visit(made).page("/item/B003")
    state(page, "waiting")
    why = page.get_by_role("region", name="Why it does not start")
    expect(why).to_contain_text("B002")
    expect(page.get_by_text("does not exist", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)


def test_an_item_goes_through_its_life(delivered: Path, visit: Visit) -> None:
    shop = visit(delivered)
    page = shop.page("/item/B002")
    page.get_by_role("button", name="Start").click()
    state(page, "active")
    assert "- Status: [/]" in shop.read(".opencode/backlog.md")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_text("not attested it").or_(page.get_by_text("NOT_ATTESTED")).first).to_be_visible()
    page.get_by_role("button", name="Verify and merge").click()
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("NOT_PROVED")
    expect(refused).to_contain_text("Next step")
    refused.get_by_role("button", name="Close").click()
    expect(refused).to_have_count(0)
    page.get_by_role("button", name="Attest").click()
    form = page.get_by_role("dialog", name="Attest")
    form.get_by_label("Note").fill("read twice")
    form.get_by_label("Criterion").select_option("2")
    form.get_by_role("button", name="Attest").click()
    code = page.get_by_role("dialog", name="Only a person")
    code.get_by_label("Code").fill(shop.terminal.code())
    code.get_by_role("button", name="Confirm").click()
    expect(form).to_be_hidden()
    expect(page.locator("main").get_by_text("attested").first).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Put aside").click()
    form = page.get_by_role("dialog", name="Put aside")
    form.get_by_role("button", name="Put aside").click()
    expect(form).to_be_visible()  # the browser asks for the reason
    form.get_by_label("Why").fill("the words $& are not ready")
    form.get_by_role("button", name="Put aside").click()
    state(page, "suspended")
    assert "the words $& are not ready" in shop.read(".opencode/project.md")
    page.get_by_role("button", name="Bring back").click()
    state(page, "ready")


def test_a_failed_item_is_waived_or_tried_again(made: Path, visit: Visit) -> None:
    shop = visit(made)
    page = shop.page("/item/B004")
    state(page, "failed")
    page.get_by_role("button", name="Try again").click()
    form = page.get_by_role("dialog", name="Try again")
    form.get_by_label("Why").fill("the library is there now")
    form.get_by_role("button", name="Try again").click()
    page.get_by_role("dialog", name="Only a person").get_by_label("Code").fill(shop.terminal.code())
    page.get_by_role("button", name="Confirm").click()
    state(page, "ready")
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def test_an_item_that_is_none_is_said_so(made: Path, visit: Visit) -> None:
    page = visit(made).page("/item/B999")
    expect(page.get_by_role("alert")).to_contain_text("ITEM_UNKNOWN")
    page.get_by_role("link", name="To the backlog").click()
    expect(page.get_by_role("grid")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_in_french_and_on_a_phone(
    delivered: Path, visit: Visit, accessible: Look, scheme: str
) -> None:
    page = visit(delivered).page("/item/B001", locale="fr-FR", color_scheme=scheme, **PHONE)
    expect(page.get_by_text("Le prouver à nouveau").first).to_be_visible()
    for name in ("Vue d’ensemble", "Tentatives", "Changements", "Journal"):
        tab(page, name)
        expect(page.get_by_role("tab", name=re.compile(f"^{name}"))).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, name
        accessible(page)
