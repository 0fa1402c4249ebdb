"""The backlog in a real browser: table, board, graph, filters, and what a change of the files does to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from houses import House
from mirrors import portfolio
from slots_world import write
from workspaces import Shop, backlog, item, wants

Visit = Callable[[Path], Any]
Look = Callable[[Page], None]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MANY = 2_000
NODES_MAX = 1_500
MIXED = backlog(
    wants("B001", marker="x"),
    wants("B002", depends="B001", priority=1),
    wants("B003", depends="B002"),
    wants("B004", depends="B003"),
    wants("B005", marker="-"),
    wants("B006", marker="~"),
    item("B007", "words only"),
)


def made(house: House, text: str) -> Path:
    (house.folder / "w").mkdir()
    return Shop.make(house.folder / "w", text).root


@pytest.fixture
def shop(house: House, visit: Visit) -> Any:
    return visit(made(house, MIXED))


def ids(page: Page) -> list[str]:
    return page.locator('[role="row"] [role="gridcell"]:first-child').all_inner_texts()


def shows(page: Page, *wanted: str) -> None:
    """The rows in the table are these, once it has come to that."""
    cells = page.locator('[role="row"] [role="gridcell"]:first-child')
    expect(cells).to_have_text(list(wanted))


def test_the_table_filters_searches_and_sorts(shop: Any) -> None:
    page = shop.page("/backlog")
    shows(page, "B001", "B002", "B003", "B004", "B005", "B006", "B007")
    page.get_by_role("button", name=re.compile("^ready")).click()
    shows(page, "B002", "B007")
    page.get_by_role("button", name=re.compile("^failed")).click()
    shows(page, "B002", "B005", "B007")
    assert "state=" in page.url
    page.reload()
    shows(page, "B002", "B005", "B007")  # the address keeps it
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_role("button", name=re.compile("no evidence")).click()
    shows(page, "B001")
    page.get_by_role("button", name="Clear the filters").click()
    page.get_by_role("columnheader", name="Priority").get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="Priority")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator('[role="gridcell"]').first).to_have_text("B002")
    page.get_by_role("columnheader", name="Id").get_by_role("button").click()
    page.get_by_role("columnheader", name="Id").get_by_role("button").click()
    expect(page.locator('[role="gridcell"]').first).to_have_text("B007")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("words only")
    shows(page, "B007")
    page.get_by_role("searchbox").fill("nothing of the kind")
    expect(page.get_by_text("No item matches")).to_be_visible()


def test_what_was_typed_before_is_not_asked_for_to_its_end(shop: Any) -> None:
    page = shop.page("/backlog")
    shows(page, "B001", "B002", "B003", "B004", "B005", "B006", "B007")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)
    page.get_by_role("searchbox").press_sequentially("B00", delay=5)
    page.get_by_role("searchbox").press_sequentially("7", delay=5)
    shows(page, "B007")
    assert len(asked) <= 2, asked


def test_the_keyboard_walks_and_opens(shop: Any) -> None:
    page = shop.page("/backlog")
    grid = page.get_by_role("grid")
    expect(grid).to_be_visible()
    grid.focus()
    for key in ("j", "j", "k", "ArrowDown", "Home", "End", "k"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/item/B006"))
    page.go_back()
    page.get_by_role("link", name="Title of B003").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Title of B003")


def test_an_edit_of_the_file_is_seen_as_text(shop: Any) -> None:
    page = shop.page("/backlog")
    shows(page, "B001", "B002", "B003", "B004", "B005", "B006", "B007")
    text = shop.read(".opencode/backlog.md").replace("Title of B004", "Another <b>title</b>") + wants("B008")
    write(shop.root, {".opencode/backlog.md": text})
    shows(page, "B001", "B002", "B003", "B004", "B005", "B006", "B007", "B008")
    expect(page.get_by_text("Another <b>title</b>")).to_be_visible()


def test_a_board_has_a_lane_for_each_state(shop: Any) -> None:
    page = shop.page("/backlog")
    page.get_by_role("radio", name="Board").check()
    lane = page.locator("[data-lane]")
    expect(lane).to_have_count(6)
    expect(page.locator('[data-lane="ready"] h2')).to_contain_text("2")
    waits = page.locator('[data-lane="waiting"] a').first
    expect(waits).to_contain_text("waits for B002")
    page.locator('[data-lane="ready"] a[tabindex="0"]').focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-lane="ready"] a[href$="B007"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-lane="waiting"] a[href$="B003"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/item/B003"))


def test_the_graph_is_walked_by_mouse_and_keyboard(shop: Any) -> None:
    page = shop.page("/backlog")
    page.get_by_role("radio", name="Dependencies").check()
    canvas = page.get_by_role("group", name="Dependencies, as a graph")
    node = page.locator('svg a[data-key="B003"]')
    expect(node).to_have_accessible_name("B003, Title of B003, pending, longest chain of what is left")
    scale = lambda: float(canvas.get_attribute("data-scale") or 0)  # noqa: E731
    before = scale()
    page.get_by_role("button", name="Zoom out").click()
    assert scale() < before
    canvas.focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert scale() > before
    place = node.bounding_box()
    page.keyboard.press("ArrowDown")
    moved = node.bounding_box()
    assert place and moved and moved["y"] < place["y"]
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 65, box["y"] + 45, steps=4)
    page.mouse.up()
    dragged = node.bounding_box()
    assert dragged and dragged["x"] > moved["x"]
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.get_by_role("button", name="See all").click()
    page.get_by_text("As a list").click()
    expect(page.get_by_role("heading", name="Step 4")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Title of B004")).to_contain_text("waits for B003")
    node.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/item/B003"))


def test_a_portfolio_is_narrowed_to_a_project(house: House, visit: Visit) -> None:
    root = house.folder / "fleet"
    write(root, portfolio(2, 2, 3))
    page = visit(root).page("/backlog")
    expect(page.get_by_role("grid")).to_be_visible()
    choice = page.get_by_label("Program or project")
    key = choice.locator("option").nth(2).get_attribute("value") or ""
    choice.select_option(key)
    expect(page.locator('[role="gridcell"]').first).to_contain_text(key)
    assert all(one.startswith(key) for one in ids(page))
    page.goto(f"{page.url.partition('?')[0]}?scope=PRJ-999")
    expect(page.get_by_role("alert")).to_contain_text("PROJECT_UNKNOWN")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.get_by_role("grid")).to_be_visible()


def test_thousands_are_few_nodes(house: House, visit: Visit) -> None:
    page = visit(made(house, backlog(*(wants(f"B{n:04}") for n in range(1, MANY + 1))))).page("/backlog")
    expect(page.get_by_text(f"{MANY:,} rows")).to_be_visible()
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name=f"Title of B{MANY}")).to_be_visible()
    assert page.evaluate("() => document.querySelectorAll('*').length") <= NODES_MAX
    page.get_by_role("radio", name="Board").check()
    expect(page.locator('[data-lane="ready"] a').first).to_be_visible()
    assert page.evaluate("() => document.querySelectorAll('*').length") <= NODES_MAX


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_way_is_accessible_in_french_and_on_a_phone(shop: Any, accessible: Look, scheme: str) -> None:
    page = shop.page("/backlog", locale="fr-FR", color_scheme=scheme, **PHONE)
    expect(page.get_by_role("grid")).to_be_visible()
    for name, there in (("Tableau", '[role="grid"]'), ("Colonnes", "[data-lane] a"), ("Dépendances", "svg a")):
        page.get_by_role("radio", name=name).check()
        expect(page.locator(there).first).to_be_visible()
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, name
        accessible(page)
