"""Validation on the page: what is odd, and its repair after a look at what it would do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from houses import House
from workspaces import THREE, Shop

Visiting = Callable[[Path], Any]
PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "fr-FR", "has_touch": True, "is_mobile": True}
BACKLOG = ".opencode/backlog.md"


def fits(page: Page) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing is cut at this width"


def made(house: House, text: str) -> Shop:
    return Shop(Shop.make(house.folder / "w", text, config={}).root, house.home)


def test_findings_are_repaired_after_a_look(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop = made(house, THREE.replace("- Status: [ ]\n- Depends on: B001", "- Status: [/]\n- Depends on: B001"))
    person = visit(shop.root)
    page = person.page("/validation")
    findings = page.get_by_role("region", name="Findings").get_by_role("listitem")
    expect(findings).to_have_count(1)
    expect(findings).to_contain_text("B002")
    expect(findings).to_contain_text("A repair would:")
    expect(page.get_by_role("button", name="Copy: Place")).to_be_visible()
    page.get_by_role("button", name="All 1").click()
    accessible(page)
    before = person.read(BACKLOG)
    page.get_by_role("button", name="See what a repair would do").click()
    dialog = page.get_by_role("dialog", name="What a repair would do")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    accessible(page)
    assert person.read(BACKLOG) == before
    dialog.get_by_role("button", name="Repair").click()
    expect(page.get_by_text("Everything is in order")).to_be_visible()
    done = page.get_by_role("status").filter(has_text="Repaired")
    expect(done).to_contain_text(BACKLOG)
    assert "- Status: [ ]\n- Depends on: B001" in person.read(BACKLOG)
    done.get_by_role("link").click()
    expect(page.get_by_role("grid").get_by_role("row")).to_have_count(2)  # which can be undone


def test_what_only_a_person_mends_says_how(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop = made(house, THREE.replace("- Status: [ ]\n- Depends on: B001", "- Status: [?]\n- Depends on: B001"))
    page = visit(shop.root).page("/validation", color_scheme="dark", **PHONE)
    expect(page.get_by_text("UNKNOWN_MARKER")).to_be_visible()
    expect(page.get_by_text("Étape suivante :")).to_be_visible()
    expect(page.get_by_text("Rien ici ne peut être réparé sans une personne")).to_be_visible()
    fits(page)
    accessible(page)
    path = shop.root / BACKLOG
    path.write_text(path.read_text("utf-8").replace("[?]", "[ ]"), "utf-8")
    expect(page.get_by_text("Tout est en ordre")).to_be_visible()  # seen without a question
    page.get_by_role("button", name="Regarder à nouveau").click()
    expect(page.get_by_text("Tout est en ordre")).to_be_visible()
