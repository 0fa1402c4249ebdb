"""A page that reads in the midst of an action is told, after it, to read again what was different then."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from consoles import Console
from echelon.engine.work import Work
from echelon.store.files import OsDisk
from workspaces import Shop, backlog, wants

AREAS = Path(__file__).parents[2] / "web/src/areas.ts"
READS = ("/api/slots", "/api/backlog", "/api/overview", "/api/mission", "/api/operations", "/api/journal")


def _touching() -> dict[str, set[str]]:
    """Route -> areas, as the page has them: a change in one of these makes it read the route anew."""
    rows = [line.strip() for line in AREAS.read_text("utf-8").splitlines() if line.strip().startswith('"/api/')]
    parts = [row.partition(": [") for row in rows if ": [" in row]
    return {route.strip('"'): set(json.loads("[" + areas.partition("]")[0] + "]")) for route, _, areas in parts}


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("action", ["backlog_suspend_item", "backlog_fail_item", "backlog_close_item"])
def test_what_was_read_half_way_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, number: int
) -> None:
    """After the `number`th thing that the action does: a document is put in its place, or the slot is about to go."""
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {})
    console = Console(shop.places, shop.root)
    assert console.act("backlog_start_item", itemId="B001").status == 200
    (slot,) = console.get("/api/slots")["slots"]
    todo = Path(slot["path"], ".opencode/todo.md")
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
    Path(slot["path"], "B001.txt").write_text("done\n", "utf-8")
    (mirror,) = console.desk.mirrors.values()
    done, seen = list[str](), dict[str, Any]()

    def look(what: str) -> None:
        done.append(what)
        if len(done) == number + 1:
            if changed := mirror.refresh():  # as the watcher does
                console.desk.told(mirror.id, changed)
            seen.update({route: console.get(route) for route in READS})

    monkeypatch.setattr(OsDisk, "rename", _then(OsDisk.rename, look, after=True))
    monkeypatch.setattr(Work, "close_slot", _then(Work.close_slot, look, after=False))
    given = {} if action.endswith("close_item") else {"reason": "the law changed"}
    before = console.desk.hub._number
    assert console.act(action, item_id="B001", **given).status == 200
    told = [set(event.data["areas"]) for event in console.desk.hub._kept if event.kind == "state"]
    assert console.desk.hub._number > before and (seen or len(done) <= number)
    for route, answer in seen.items():
        if _shown(console.get(route)) != _shown(answer):
            assert told[-1] & _touching()[route], f"{route} is left as it was after {done[: number + 1]}: {told[-1]}"


def _then(work: Callable[..., Any], look: Callable[[str], None], *, after: bool) -> Callable[..., Any]:
    def both(self: Any, *given: Any, **more: Any) -> Any:
        if not after:
            look("close_slot")
        answer = work(self, *given, **more)
        if after:
            look(Path(given[-1]).name)
        return answer

    return both


def _shown(answer: Any) -> Any:
    """Without the number of the reading, which is different each time."""
    return {name: value for name, value in answer.items() if name != "revision"}
