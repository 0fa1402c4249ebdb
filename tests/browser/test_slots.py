"""Slots on the page: what is in flight, its changes, comments that go back to the agent, and the ends of an item."""

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
from workspaces import Shop, backlog, wants

PRICES = "".join(f"def price_{n}(amount: int) -> int:\n    return amount * {n}  # pence\n\n\n" for n in range(30))
Visiting = Callable[[Path], Any]


def living(house: House, started: int) -> tuple[Shop, dict[str, Path]]:
    """A workspace with the first of its three items in flight; the folders of their slots by item."""
    made = Shop.make(
        house.folder / "w",
        backlog(*map(wants, ("B001", "B002", "B003"))),
        files={"src/prices.py": PRICES, "old.md": "# Old\n"},
    )
    shop = Shop(made.root, house.home)
    engine = shop.engine()
    for _ in range(started):
        assert isinstance(perform(engine, "parallel_start_item", {"max_slots": started}), Decision)
    return shop, {slot.id: Path(slot.path) for slot in engine.work.slots.open_slots()}


def fits(page: Page) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing is cut at this width"


def type_code(page: Page, person: Any) -> None:
    dialog = page.get_by_role("dialog", name="Only a person may do this")
    dialog.get_by_role("textbox").fill(person.terminal.code())
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()


def test_changes_are_read_commented_and_sent_back(
    house: House, visit: Visiting, accessible: Callable[[Page], None]
) -> None:
    shop, folders = living(house, 2)
    for name, folder in folders.items():
        write(folder, {"src/prices.py": PRICES.replace("amount * 7 ", f"amount + {len(name)}{name[-1]} ")})
    write(folders["B001"], {"new.ts": "export const cart: string[] = [];\n", "logo.bin": bytes(range(256))})
    (folders["B001"] / "old.md").unlink()
    person = visit(shop.root)
    page = person.page("/slots")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = page.get_by_role("row", name="B001")
    expect(row).to_contain_text("1 overlap")
    expect(row).to_contain_text("not on the branch yet")
    accessible(page)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("B001 — Title of B001")
    expect(
        page.get_by_text("1 other slot changes the same files", exact=False).or_(
            page.get_by_text("Another slot changes the same files")
        )
    ).to_be_visible()
    expect(page.get_by_role("link", name="B002")).to_be_visible()

    page.get_by_role("button", name="Copy: Branch").click()
    expect(page.get_by_text("Copied")).to_have_count(1)
    assert page.evaluate("() => navigator.clipboard.readText()") == "orchestrator/B001"

    # the files: a list, folding, both shapes, the keys
    files = page.get_by_role("navigation", name="Changed files").get_by_role("listitem")
    expect(files).to_have_count(4)
    expect(
        page.get_by_role("region", name="new.ts", exact=True).or_(page.get_by_label("new.ts", exact=True))
    ).to_contain_text("new")
    expect(page.get_by_label("logo.bin", exact=True)).to_contain_text("Binary file")
    page.get_by_label("Unified").check()
    expect(page.locator("[data-path='src/prices.py'] td.w-1\\/2")).to_have_count(0)
    page.get_by_label("Side by side").check()
    expect(page.locator("[data-path='src/prices.py'] td.w-1\\/2").first).to_be_visible()
    page.get_by_role("button", name="Fold all").click()
    expect(page.locator("[data-line]")).to_have_count(0)
    page.get_by_role("button", name="Open all").click()
    expect(page.locator("[data-path='src/prices.py'] [data-hunk='0']")).to_be_visible()
    files.last.get_by_role("button").click()
    expect(page.locator("[data-file='src/prices.py']")).to_be_focused()
    page.keyboard.press("p")
    expect(page.locator("[data-file='old.md']")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator("[data-file='src/prices.py']")).to_be_focused()
    page.keyboard.press("]")
    expect(page.locator("[data-path='src/prices.py'] [data-hunk='0']")).to_be_focused()
    page.keyboard.press("[")
    expect(page.locator("[data-path='old.md'] [data-hunk='0']")).to_be_focused()

    # a comment: written, kept, edited, another removed; arrows go from line to line
    lines = page.locator("[data-path='src/prices.py'] [data-line]")
    lines.first.focus()
    page.keyboard.press("ArrowDown")
    expect(lines.nth(1)).to_be_focused()
    page.get_by_role("button", name="Comment on line 30", exact=True).click()
    page.keyboard.type("Round it")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Comment on line 30", exact=True)).to_be_focused()
    page.get_by_role("button", name="Edit: src/prices.py:30").click()
    page.get_by_role("textbox", name="Comment on src/prices.py:30").fill("Round it half up")
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Comment on the file: logo.bin").click()
    page.keyboard.type("not here")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 comments")).to_be_visible()
    page.get_by_role("group", name="Your comment").get_by_role(
        "button", name="Remove: logo.bin, the whole file"
    ).click()
    expect(page.get_by_text("1 comment", exact=True)).to_be_visible()
    page.get_by_role("button", name="Comment on line 30", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Your comment")).to_contain_text("Round it half up")
    accessible(page)

    # a line that is gone has a comment of its own
    gone = page.get_by_role("button", name="Comment on removed line 30", exact=True)
    gone.click()
    page.keyboard.type("Why gone?")
    page.keyboard.press("Control+Enter")
    expect(gone).to_be_focused()
    expect(page.get_by_text("2 comments")).to_be_visible()
    expect(page.get_by_role("button", name="src/prices.py, removed line 30", exact=True)).to_be_visible()
    accessible(page)

    # a reload keeps the draft
    with page.expect_response(
        lambda answer: "/api/preferences/rework." in answer.url and answer.request.method == "PUT"
    ):
        page.get_by_role("textbox", name="Note").fill("Smaller steps, please")
    page.reload()
    expect(page.get_by_role("textbox", name="Note")).to_have_value("Smaller steps, please")
    page.get_by_role("button", name="src/prices.py:30", exact=True).click()
    expect(page.get_by_role("textbox", name="Comment on src/prices.py:30")).to_have_value("Round it half up")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Send back as rework").click()
    type_code(page, person)
    expect(page.get_by_role("status").filter(has_text="Sent back")).to_contain_text("REWORK B001: 2 comment(s)")
    expect(page.get_by_text("No OpenCode of this workspace is open, so nobody was told yet.")).to_be_visible()
    (mission,) = [
        row for row in json.loads(person.read(".opencode/echelon/missions.json"))["missions"] if row["item"] == "B001"
    ]
    assert mission["attempt"] == 2
    assert "src/prices.py, removed line 30 of the base — Why gone?" in mission["feedback"]
    assert "src/prices.py:30 — Round it half up" in mission["feedback"] and "Smaller steps" in mission["feedback"]
    expect(page.get_by_role("definition").filter(has_text="2").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Write a note")).to_be_visible()  # nothing of the draft stays
    page.get_by_role("tab", name="Commits").click()
    expect(page.get_by_role("tabpanel")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    accessible(page)


def test_an_item_ends_from_its_slot(house: House, visit: Visiting) -> None:
    shop, folders = living(house, 3)
    person = visit(shop.root)
    page = person.page("/slots/B001")
    page.get_by_role("button", name="Close", exact=True).click()
    dialog = page.get_by_role("dialog", name="Close B001")
    dialog.get_by_role("button", name="Run the checks and close").click()
    refusal = dialog.get_by_role("alert")
    expect(refusal).to_contain_text("Refused")  # nothing was done: shown where it was asked, with reasons
    expect(refusal).to_contain_text("Next step")
    todo = folders["B001"] / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("- [ ]", "- [x]"), "utf-8")
    write(folders["B001"], {"B001.txt": "done\n"})
    dialog.get_by_role("button", name="Run the checks and close").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Slots", timeout=30_000)
    assert shop.states()["B001"] == "delivered"
    for before, name, verb, state in (("B001", "B002", "Suspend", "suspended"), ("B002", "B003", "Fail", "failed")):
        # The row of what has just ended goes, and the others move up: the pointer would meet the one below.
        expect(page.get_by_role("link", name=before)).to_have_count(0)
        page.get_by_role("link", name=name).click()
        page.get_by_role("button", name=verb, exact=True).click()
        dialog = page.get_by_role("dialog", name=f"{verb} {name}")
        dialog.get_by_role("textbox", name="Why").fill("the law changed")
        dialog.get_by_role("button", name=verb, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Slots")
        assert shop.states()[name] == state
    assert "the law changed" in person.read(".opencode/project.md")
    expect(page.get_by_text("No slot is open")).to_be_visible()
    expect(page.get_by_role("link", name="Open the backlog")).to_be_visible()
    page.goto(page.url.replace("/slots", "/slots/B002"))
    expect(page.get_by_text("This slot is not open")).to_be_visible()


def test_a_phone_in_french(house: House, visit: Visiting, accessible: Callable[[Page], None]) -> None:
    shop, folders = living(house, 1)
    write(folders["B001"], {"src/prices.py": PRICES.replace("pence", "a very long comment " * 20)})
    page = visit(shop.root).page(
        "/slots", viewport={"width": 390, "height": 844}, locale="fr-FR", has_touch=True, is_mobile=True
    )
    expect(page.get_by_text("1 slot est ouvert")).to_be_visible()
    fits(page)
    accessible(page)
    page.get_by_role("row", name="B001").get_by_role("link").click()
    expect(page.get_by_role("button", name="Écrire une note")).to_be_visible()
    expect(page.locator("[data-line]").first).to_be_visible()
    fits(page)
    accessible(page)


def test_a_long_change_is_drawn_where_it_is_looked_at(house: House, visit: Visiting) -> None:
    shop, folders = living(house, 1)
    write(folders["B001"], {"long.py": "".join(f"value_{n} = {n}\n" for n in range(6000))})
    page = visit(shop.root).page("/slots/B001")
    page.get_by_role("button", name="long.py").first.click()
    expect(page.get_by_role("button", name="Comment on line 1", exact=True)).to_be_visible()
    assert page.evaluate("() => document.querySelectorAll('*').length") < 3000
    page.locator("[data-path='long.py'] tbody").last.scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Comment on line 6000", exact=True)).to_be_visible()
    assert page.evaluate("() => document.querySelectorAll('*').length") < 3000
