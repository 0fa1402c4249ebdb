"""The portfolio's view in a real browser: every control used once, its effect seen in the files."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import midway
from houses import House
from workspaces import SPEC, Shop

Visit = Any  # a person at a console: conftest.py
Begin = Callable[[Path], Visit]
Look = Callable[[Page], None]


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def choose(page: Page, name: str, step: str) -> None:
    page.get_by_role("button", name=re.compile(rf"^Steps of {name}")).click()
    page.get_by_role("menuitem", name=re.compile(rf"^{step}")).click()


@pytest.fixture
def harbour(tmp_path: Path, house: House) -> Shop:
    return midway.make(tmp_path / "harbour", home=house.home)


@pytest.fixture
def calm(tmp_path: Path, house: House) -> Shop:
    """The same with nothing in flight."""
    return midway.make(tmp_path / "harbour", running=False, home=house.home)


def marker(visit: Visit, path: str, name: str) -> str:
    found = re.search(rf"### {name} .*?- Status: \[(.)\]", visit.read(path), re.S)
    assert found
    return found[1]


TOP = ".opencode/enterprise.md"


def test_the_whole_at_a_glance(visit: Begin, harbour: Shop, accessible: Look) -> None:
    person = visit(harbour.root)
    for scheme in ("light", "dark"):
        page = person.page("/portfolio", color_scheme=scheme)
        expect(page.get_by_text("14 of 37 items", exact=True)).to_be_visible()
        expect(page.get_by_role("meter")).to_have_attribute("aria-valuetext", "2 of 4 in use")
        expect(row(page, "Quay side").get_by_role("img")).to_have_accessible_name(
            "10 delivered, 1 in flight, 8 to come"
        )
        expect(page.get_by_text(re.compile("left are delivered between .* and .*, most likely"))).to_be_visible()
        expect(page.get_by_text("From the pace of 14 deliveries")).to_be_visible()
        expect(page.get_by_text("It waits for PGM-001.")).to_be_visible()
        page.locator("canvas").wait_for()
        accessible(page)


def test_the_tree_is_walked_folded_and_searched(visit: Begin, calm: Shop) -> None:
    page = visit(calm.root).page("/portfolio")
    page.get_by_role("button", name="Hide the projects of Quay side").click()
    expect(row(page, "Tides")).to_have_count(0)
    row(page, "Quay side").focus()
    page.keyboard.press("ArrowRight")
    expect(row(page, "Tides")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(row(page, "Berths")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(row(page, "Quay side")).to_be_focused()
    page.keyboard.press("End")
    expect(row(page, "Website")).to_be_focused()
    page.get_by_role("button", name="Fold all").click()
    expect(row(page, "Website")).to_have_count(0)
    page.get_by_role("button", name="Unfold all").click()
    row(page, "Tariff").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/backlog\?.*scope=PGM-002%2FPRJ-004"))


def test_steps_change_the_files_or_say_why_not(visit: Begin, calm: Shop, accessible: Look) -> None:
    person = visit(calm.root)
    page = person.page("/portfolio")
    office = ".opencode/programs/PGM-002/program.md"
    choose(page, "Tariff", "Verify")
    expect(page.get_by_role("status").filter(has_text="not complete")).to_contain_text("items 3/8")
    page.get_by_role("button", name="Close the answer").click()
    choose(page, "Tariff", "Close as delivered")
    expect(page.get_by_role("alert")).to_contain_text("PROJECT_INCOMPLETE")
    accessible(page)
    page.get_by_role("alert").get_by_role("button", name="Close").click()
    choose(page, "Tariff", "Suspend")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("The rules change.")
    dialog.get_by_role("button", name="Confirm").click()
    expect(row(page, "Tariff")).to_contain_text("‖suspended")
    assert marker(person, office, "PRJ-004") == "~"
    assert "The rules change." in person.read(office)
    choose(page, "Tariff", "Resume")
    expect(row(page, "Tariff")).to_contain_text("○pending")
    choose(page, "Tariff", "Start")
    expect(row(page, "Tariff")).to_contain_text("◐active")
    assert marker(person, office, "PRJ-004") == "/"
    choose(page, "Tariff", "Give up")
    dialog.get_by_label("Reason").fill("Nobody needs it.")
    accessible(page)
    dialog.get_by_role("button", name="Confirm").click()
    expect(row(page, "Tariff")).to_contain_text("✕")
    assert marker(person, office, "PRJ-004") == "-"


def test_only_a_person_reopens_waives_and_sets_the_budget(visit: Begin, calm: Shop) -> None:
    person = visit(calm.root)
    page = person.page("/portfolio")
    page.get_by_role("button", name="Set the budget …").click()
    dialog = page.get_by_role("dialog", name="How many items")
    dialog.get_by_label("Budget").fill("0")
    dialog.get_by_label("Reason").fill("More agents.")
    dialog.get_by_role("button", name="Set the budget").click()
    code = page.get_by_role("dialog", name="Only a person")
    code.get_by_label("Code").fill(person.terminal.code())
    code.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_role("alert")).to_be_visible()  # refused where it was asked
    dialog.get_by_label("Budget").fill("6")
    dialog.get_by_role("button", name="Set the budget").click()
    expect(page.get_by_role("meter")).to_have_attribute("aria-valuemax", "6")
    assert "Capacity budget: 6" in person.read(TOP)
    choose(page, "Berths", "Reopen")
    again = page.get_by_role("dialog", name="Reopen Berths")
    again.get_by_label("Reason").fill("One more berth.")
    again.get_by_role("button", name="Confirm").click()
    expect(row(page, "Berths")).to_contain_text("○pending")
    assert marker(person, ".opencode/programs/PGM-001/program.md", "PRJ-001") == " "
    choose(page, "Berths", "Start")  # beside the board, which runs
    expect(row(page, "Berths")).to_contain_text("◐active")
    expect(row(page, "The board at the quay")).to_contain_text("◐active")
    assert marker(person, ".opencode/programs/PGM-001/program.md", "PRJ-001") == "/"
    choose(page, "Harbour office", "Give up")
    gone = page.get_by_role("dialog", name="Give up Harbour office")
    gone.get_by_label("Reason").fill("Sold.")
    gone.get_by_role("button", name="Confirm").click()
    expect(row(page, "Harbour office")).to_contain_text("✕")
    choose(page, "Harbour office", "Go on without it")
    on = page.get_by_role("dialog", name="Go on without")
    on.get_by_label("Reason").fill("It is sold.")
    on.get_by_role("button", name="Confirm").click()
    expect(row(page, "Harbour office")).to_contain_text("waived")
    assert "It is sold." in person.read(TOP)


def test_starts_and_levers(visit: Begin, harbour: Shop) -> None:
    person = visit(harbour.root)
    page = person.page("/portfolio")
    page.get_by_role("button", name=re.compile("^Set it to")).first.click()
    dialog = page.get_by_role("dialog")
    assert int(dialog.get_by_label("Budget").input_value()) > midway.BUDGET
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Start programs").click()
    expect(page.get_by_role("alert")).to_contain_text("PGM-003")  # it waits for PGM-001
    choose(page, "Quay side", "Start its projects")
    dialog = page.get_by_role("dialog", name="Start projects of Quay side")
    dialog.get_by_label("Projects at once").fill("5")
    dialog.get_by_role("button", name="Start").click()
    expect(dialog.get_by_role("alert")).to_contain_text("PRJ-003")
    dialog.get_by_role("button", name="Cancel").click()


def test_the_timeline_is_moved_in_by_keys_and_is_a_table_too(visit: Begin, harbour: Shop) -> None:
    page = visit(harbour.root).page("/portfolio")
    chart = page.get_by_role("listbox", name="Timeline of attempts")
    expect(chart.get_by_role("option")).to_have_count(24)
    chart.focus()
    page.keyboard.press("End")
    expect(chart.get_by_role("option", selected=True)).to_have_accessible_name(
        re.compile("Signs: attempt 1, in flight")
    )
    page.get_by_label("How far back").select_option("7 days")
    expect(chart.get_by_role("option")).not_to_have_count(24)
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("grid", name="Timeline of attempts")).to_be_visible()
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/item/PGM-"))


def test_changes_of_the_files_are_seen(visit: Begin, calm: Shop) -> None:
    person = visit(calm.root)
    page = person.page("/portfolio")
    expect(row(page, "Desk")).to_contain_text("‖suspended")
    path = calm.root / ".opencode/programs/PGM-002/program.md"
    path.write_text(path.read_text("utf-8").replace("Status: [~]", "Status: [ ]"), "utf-8")
    expect(row(page, "Desk")).to_contain_text("○pending")


def test_one_project_and_none(visit: Begin, house: House, tmp_path: Path, accessible: Look) -> None:
    page = visit(house.shop("one")).page("/portfolio")
    expect(page.get_by_role("row").filter(has_text="Shop")).to_contain_text("active")
    expect(page.get_by_text("One project or program alone has no budget")).to_be_visible()
    expect(page.get_by_text("No forecast yet: 0 dated deliveries of the 5 it needs.")).to_have_count(0)
    expect(page.get_by_text("Nothing is delivered yet")).to_be_visible()
    accessible(page)
    empty = Shop.make(tmp_path / "none", "", spec=SPEC)
    (empty.root / ".opencode/backlog.md").unlink()
    (empty.root / ".opencode/spec.md").unlink()
    page = visit(empty.root).page(f"/portfolio?w={hashlib.sha256(os.fsencode(empty.root)).hexdigest()[:12]}")
    expect(page.get_by_text("Nothing is planned here yet")).to_be_visible()
    expect(page.get_by_role("link", name="Plan a project")).to_be_visible()
    accessible(page)


def test_in_french_on_a_phone(visit: Begin, harbour: Shop, accessible: Look) -> None:
    page = visit(harbour.root).page(
        "/portfolio", locale="fr-FR", viewport={"width": 390, "height": 844}, has_touch=True
    )
    expect(page.get_by_role("heading", name="Programmes et projets")).to_be_visible()
    expect(page.get_by_text("14 items sur 37", exact=True)).to_be_visible()
    expect(page.get_by_text("Il attend PGM-001.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=re.compile("^Étapes de Tariff")).click()
    expect(page.get_by_role("menuitem", name="Suspendre …")).to_be_visible()
    page.keyboard.press("Escape")
    accessible(page)
