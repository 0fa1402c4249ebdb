"""The report in a real browser: read, copied, saved. Its HTML never runs inside of the console."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from workspaces import Shop, backlog, wants

Begin = Callable[[Path], Any]
Look = Callable[[Page], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    hostile = wants("B002").replace("Title of B002", "<img src=x onerror=alert(1)> & co")
    return Shop.make(tmp_path / "here", backlog(wants("B001"), hostile)).root


def saved(page: Page, name: str) -> tuple[str, str]:
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as coming:
        page.get_by_role("menuitem", name=name).click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_text("utf-8")


def test_it_is_read_and_copied(visit: Begin, root: Path, accessible: Look) -> None:
    person = visit(root)
    for scheme in ("light", "dark"):
        page = person.page("/report", color_scheme=scheme, permissions=["clipboard-read", "clipboard-write"])
        expect(page.get_by_role("main").get_by_text("Title of B001").first).to_be_visible()
        assert page.locator("main img").count() == 0
        accessible(page)
    page.get_by_role("button", name="Copy as Markdown").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("# ")
    assert "Title of B001" in copied


def test_it_is_saved_in_three_forms(visit: Begin, root: Path) -> None:
    page = visit(root).page("/report")
    assert saved(page, "Markdown")[0] == "report.md"
    name, text = saved(page, "JSON")
    assert (name, json.loads(text)["project"]["title"]) == ("report.json", "Shop")
    name, text = saved(page, "One HTML page")
    assert name == "report.html"
    assert text.lstrip().lower().startswith("<!doctype html>")
    expect(page.get_by_text("report.html is saved")).to_be_visible()


def test_a_read_that_fails_says_why_and_can_be_tried_again(visit: Begin, root: Path) -> None:
    person = visit(root)
    page = person.page("/report?w=nothing")
    expect(page.get_by_role("main").get_by_text("WORKSPACE_UNKNOWN")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect(page.get_by_role("button", name="Copy as Markdown")).to_be_disabled()


def test_in_french_on_a_phone(visit: Begin, root: Path, accessible: Look) -> None:
    page = visit(root).page("/report", locale="fr-FR", viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.get_by_role("button", name="Copier en Markdown")).to_be_enabled()
    expect(page.get_by_role("main").get_by_text("Title of B001").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Télécharger").click()
    expect(page.get_by_role("menuitem", name="Une page HTML")).to_be_visible()
    page.keyboard.press("Escape")
    accessible(page)
