"""A workspace where everything that can wait for a person waits at once, made by the actions themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from echelon.actions.table import perform
from echelon.core.decide import Decision
from houses import House
from workspaces import Shop, backlog, check, item, wants

WHOLE = "def test_a():\n    assert 1 == 1\n\n\ndef test_b():\n    assert 2 == 2\n"
LESS = "def test_a():\n    assert 1 == 1\n"
OUTPUT = "tax.txt: 19 expected, 7 found"
FIRST = item(
    "B001",
    check(f"grep -qx done B001.txt || {{ echo '{OUTPUT}'; false; }}", "the total has the tax"),
    "the page reads well on a phone",
)
TEXT = backlog(FIRST, *(wants(f"B00{number}") for number in range(2, 7)))
PLAN = (
    "<!-- echelon:mission {mission} -->\n# Plan\n\n- [x] Read the price list\n- [/] Add the tax to the total\n"
    "  - [x] Rates by country\n  - [ ] Rounding of cents\n- [ ] Look at the page on a phone\n"
)
RECORD = "\n## Completion report\n- Files: tax.txt, tests/test_a.py\n- Notes: the rates are in one table\n"


def do(shop: Shop, action: str, **given: object) -> Any:
    answer = perform(shop.engine(), action, given)
    assert isinstance(answer, Decision), answer
    return answer.data


def quiet(house: House, text: str = TEXT) -> Shop:
    """A workspace whose places are those of the house: what the console sees is what is done here."""
    (house.folder / "a").mkdir()
    return Shop(Shop.make(house.folder / "a", text, files={"tests/test_a.py": WHOLE}).root, house.home)


def waiting(house: House) -> Shop:
    """B001 is in flight: its check is red, its other criterion is a person's, a test is gone. B003 failed, B004 was put
    aside, about B005 somebody asks."""
    shop = quiet(house)
    do(shop, "backlog_start_item", itemId="B003")
    do(shop, "backlog_fail_item", item_id="B003", reason="the price list is missing")
    do(shop, "backlog_start_item", itemId="B004")
    do(shop, "backlog_suspend_item", item_id="B004", reason="the supplier is closed")
    do(
        shop, "record_escalation", context="Two tax tables disagree.", attempts="read both", item="B005",
        option1_label="Take the table of 2025", option1_pros="it is newer", option1_cons="not signed yet",
        option2_label="Take the table of 2024", option2_pros="it is signed", option2_cons="it is old",
        expected_decision="Which table holds?",
    )  # fmt: skip
    place = started(shop, "B001")
    (place / "tests/test_a.py").write_text(LESS, "utf-8")
    perform(shop.engine(), "backlog_verify_item", {"item_id": "B001"})
    return shop


def started(shop: Shop, name: str) -> Path:
    """The item in flight, with a plan; its place of work."""
    place = Path(do(shop, "backlog_start_item", itemId=name)["directory"])
    mission = shop.engine().world().mission()
    assert mission
    (place / ".opencode/todo.md").write_text(PLAN.format(mission=mission.name) + RECORD, "utf-8")
    return place
