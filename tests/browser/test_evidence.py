"""Evidence in a real browser: the map and its filters, a record, the proof run again, a chain that was broken."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from houses import House
from workspaces import HONEST, THREE, Shop, backlog, check, does, guard, item, wants

Begin = Callable[[Path], Any]
Look = Callable[[Page], None]


@pytest.fixture
def shop(tmp_path: Path, house: House) -> Shop:
    """Two items proved, one guarded."""
    kept = item("B003", guard("test -f README.md"))
    plays = {**HONEST, "B003": [does("B003")]}
    made = Shop.make(tmp_path / "here", backlog(wants("B001"), wants("B002"), kept), plays)
    delivered = Shop(made.root, house.home)
    assert delivered.deliver().outcome.status == "done"
    return delivered


def cell(page: Page, text: str) -> Any:
    return page.get_by_role("button", name=re.compile(text))


def test_the_map_filters_the_list(visit: Begin, shop: Shop, accessible: Look) -> None:
    person = visit(shop.root)
    for scheme in ("light", "dark"):
        page = person.page("/evidence", color_scheme=scheme)
        expect(page.get_by_text("3 rows")).to_be_visible()
        expect(page.get_by_text(re.compile("The chain holds"))).to_be_visible()
        accessible(page)
    cell(page, "1 guarded item").click()
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("coverage=guarded"))
    expect(cell(page, "1 guarded item")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_text("3 rows")).to_be_visible()
    page.get_by_role("button", name="Copy the command: echelon verify", exact=True).click()
    expect(page.get_by_text("Copied")).to_be_visible()


def test_a_record_and_its_proof_again(visit: Begin, shop: Shop, accessible: Look) -> None:
    page = visit(shop.root).page("/evidence")
    grid = page.get_by_role("grid", name="Delivered items")
    grid.get_by_role("row").filter(has_text="B001").click()
    dialog = page.get_by_role("dialog", name="B001")
    checks = dialog.get_by_role("row").filter(has_text="grep -qx done B001.txt")
    expect(checks).to_contain_text(re.compile("check.*red.*green"))
    expect(checks).to_contain_text(re.compile("[0-9a-f]{12}"))
    expect(dialog.get_by_text("git clone . copy && echelon verify B001 --from copy")).to_be_visible()
    dialog.get_by_text("The whole statement as JSON").click()
    expect(dialog.get_by_text('"predicateType"')).to_be_visible()
    dialog.get_by_role("button", name="Verify again").click()
    expect(dialog.get_by_role("status").filter(has_text="grep -qx done B001.txt")).to_contain_text("red → green")
    accessible(page)
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("key="))
    expect(page.get_by_text("The proof holds: 1 item was verified again.")).to_be_visible()


def test_everything_again_and_what_does_not_hold(visit: Begin, shop: Shop, accessible: Look) -> None:
    log = shop.root / ".opencode/echelon/evidence.jsonl"
    log.write_text(log.read_text("utf-8").replace('"green"', '"red"', 1), "utf-8")
    page = visit(shop.root).page("/evidence")
    expect(page.get_by_text("The chain is broken")).to_be_visible()
    page.get_by_role("button", name="Verify everything again").click()
    expect(page.get_by_text("The proof could not be run, or the records disagree.")).to_be_visible()
    expect(page.get_by_text("EVIDENCE_LOG").first).to_be_visible()
    accessible(page)
    page.reload()
    expect(page.get_by_text("The proof could not be run, or the records disagree.")).to_be_visible()


def test_a_proof_that_runs_is_stopped(visit: Begin, tmp_path: Path, house: House, accessible: Look) -> None:
    gate = tmp_path / "gate"
    slow = f"test ! -e {gate} || sleep 600; grep -qx done B001.txt"
    config = {"checks": {"sandbox": "off"}}  # or the check would not see the gate
    made = Shop.make(tmp_path / "here", backlog(item("B001", check(slow))), {"B001": [does("B001")]}, config=config)
    assert Shop(made.root, house.home).deliver().outcome.status == "done"
    gate.touch()
    page = visit(made.root).page("/evidence")
    page.get_by_role("button", name="Verify everything again").click()
    running = page.get_by_role("region", name="Running the proof again")
    accessible(page)
    running.get_by_role("button", name="Stop").click()
    expect(running.get_by_role("status")).to_contain_text("Stopped. 0 of 1 items had been looked at")
    gate.unlink()
    page.get_by_role("button", name="Verify everything again").click()
    expect(page.get_by_text("The proof holds: 1 item was verified again.")).to_be_visible()


def test_an_unknown_record_says_so(visit: Begin, shop: Shop) -> None:
    page = visit(shop.root).page("/evidence?key=B999")
    expect(page.get_by_role("alert")).to_contain_text("ITEM_UNKNOWN")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_nothing_delivered(visit: Begin, tmp_path: Path, accessible: Look) -> None:
    page = visit(Shop.make(tmp_path / "here", THREE).root).page("/evidence")
    expect(page.get_by_text("Nothing is delivered yet")).to_be_visible()
    expect(page.get_by_role("link", name="Look at the backlog")).to_be_visible()
    expect(page.get_by_role("button", name="Verify everything again")).to_have_count(0)
    accessible(page)


def test_in_french_on_a_phone(visit: Begin, shop: Shop, accessible: Look) -> None:
    page = visit(shop.root).page("/evidence", locale="fr-FR", viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.get_by_role("heading", name="Couverture")).to_be_visible()
    expect(page.get_by_text("3 lignes")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("grid").get_by_role("row").filter(has_text="B002").click()
    expect(page.get_by_role("dialog").get_by_text("Dans n'importe quel clone")).to_be_visible()
    accessible(page)
