"""Several workspaces on one page, and the process behind it going away while a person looks."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from houses import House
from workspaces import Shop, backlog, wants

BANNER = "echelon console --open"


def make(house: House, name: str, title: str) -> Path:
    (house.folder / name).mkdir()
    text = backlog(wants("B001")).replace("Title of B001", title)
    root = Shop.make(house.folder / name, text).root
    return root.rename(root.parent / name)


def choose(page: Page, name: str) -> None:
    page.get_by_label("Workspace").first.select_option(label=name)


def test_workspaces_are_told_apart(house: House, visit: Callable[[Path], Any]) -> None:
    one, two = make(house, "one", "A bridge"), make(house, "two", "A tunnel")
    person = visit(one)
    page = person.page("/backlog")
    expect(page.get_by_text("A bridge").first).to_be_visible()
    house.start(two)
    choose(page, "two")
    expect(page.get_by_text("A tunnel").first).to_be_visible()
    expect(page.get_by_text("A bridge")).to_have_count(0)
    (one / ".opencode/backlog.md").write_text((one / ".opencode/backlog.md").read_text().replace("A bridge", "A ferry"))
    page.reload()
    expect(page.get_by_text("A tunnel").first).to_be_visible()
    choose(page, "one")
    expect(page.get_by_text("A ferry").first).to_be_visible()


def test_the_page_goes_on_when_another_process_takes_over(house: House, visit: Callable[[Path], Any]) -> None:
    one, two = make(house, "one", "A bridge"), make(house, "two", "A tunnel")
    person = visit(one)
    heir = house.start(two)
    page = person.page("/backlog")
    choose(page, "two")
    expect(page.get_by_text("A tunnel").first).to_be_visible()
    page.wait_for_timeout(1_000)  # those that stand by hear of a session within half a second
    person.running.end(signal.SIGKILL)
    assert heir.said()["address"] == person.running.address
    file = two / ".opencode/backlog.md"
    file.write_text(file.read_text().replace("A tunnel", "A causeway"))
    expect(page.get_by_text("A causeway").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text(BANNER)).to_have_count(0)


def test_an_edit_from_outside_is_seen_without_a_question(house: House, visit: Callable[[Path], Any]) -> None:
    """And a page at which nobody does anything asks for nothing."""
    root = make(house, "one", "A bridge")
    page = visit(root).page("/backlog")
    expect(page.get_by_text("A bridge").first).to_be_visible()
    page.wait_for_timeout(3_000)  # parts of the page that are wanted soon are fetched beforehand
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3_000)
    assert asked == []
    file = root / ".opencode/backlog.md"
    file.write_text(file.read_text().replace("A bridge", "A ferry"))
    expect(page.get_by_text("A ferry").first).to_be_visible()
    assert 1 <= len(asked) <= 6, asked
