"""The routes on a workspace that lives: what is published is what is answered, and what is done is seen at once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from consoles import Console
from workspaces import THREE, Shop, backlog, check, item


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Three items, of which two are delivered and one is in flight, another has failed."""
    folder = tmp_path_factory.mktemp("delivered")
    text = THREE + item("B004", check("grep -qx done B004.txt"))
    shop = Shop.make(folder, text)
    shop.deliver("B001")
    shop.deliver("B003")
    engine = shop.engine()
    engine.start("B004")
    engine.start("B002")
    return shop


@pytest.fixture
def console(delivered: Shop) -> Console:
    return Console(delivered.places, delivered.root)


def published(console: Console) -> dict[str, Any]:
    document: dict[str, Any] = console.get("/api/openapi.json")
    return document


READS = (
    "/api/overview", "/api/portfolio", "/api/backlog", "/api/backlog?q=title&state=delivered,pending&sort=priority",
    "/api/graph", "/api/item?key=B001", "/api/item?key=B002", "/api/item?key=B004", "/api/item/diff?key=B001", "/api/mission",
    "/api/slots", "/api/journal", "/api/operations", "/api/operations/1", "/api/evidence", "/api/evidence/item?key=B001",
    "/api/report", "/api/report?format=json", "/api/report?format=html", "/api/validation", "/api/settings", "/api/actions",
    "/api/files", "/api/file?path=.opencode/backlog.md", "/api/history?path=.opencode/backlog.md&at=1", "/api/workspaces",
    "/api/preferences", "/api/preferences/theme", "/api/prompts", "/api/pending", "/api/evidence/verify",
)  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_what_is_answered_is_what_is_published(console: Console, path: str) -> None:
    document = published(console)
    route = next(
        name for name in sorted(document["paths"], reverse=True)
        if _matches(name, path.partition("?")[0]) and "get" in document["paths"][name]
    )  # fmt: skip
    schema = document["paths"][route]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = console.get(path)
    jsonschema.validate(answer, {**schema, "components": document["components"]})


def _matches(template: str, path: str) -> bool:
    ours, theirs = template.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(a == b or a.startswith("{") for a, b in zip(ours, theirs, strict=True))


def test_every_read_is_tried(console: Console) -> None:
    tried = {path.partition("?")[0] for path in READS}
    document = published(console)
    waiting = {"/api/events", "/api/sessions", "/api/sessions/{session}/messages", "/api/slots/{slot}/diff"}
    missing = {
        name for name, methods in document["paths"].items()
        if "get" in methods and not any(_matches(name, path) for path in tried) and name not in waiting
    }  # fmt: skip
    assert missing == set()


def test_a_slot_s_diff_is_what_the_agent_wrote(console: Console) -> None:
    (row,) = [row for row in console.get("/api/slots")["slots"] if row["key"] == "B004"]
    Path(row["path"], "B004.txt").write_text("done\n", "utf-8")
    diff = console.get(f"/api/slots/{row['id']}/diff")
    assert [file["path"] for file in diff["files"]] == ["B004.txt"]
    Path(row["path"], "B004.txt").unlink()


def test_without_opencode_it_is_said_so(console: Console) -> None:
    for path in ("/api/sessions", "/api/sessions/ses_1/messages"):
        said = console.ask("GET", path)
        assert (said.status, said.code) == (503, "HOST_ABSENT")
        assert said.json()["next"]
    said = console.ask("POST", "/api/prompt", {"text": "hello"})
    assert (said.status, said.code) == (503, "HOST_ABSENT")
    assert console.get("/api/prompts") == {"prompts": []}


def test_what_is_done_is_seen_in_the_next_answer_and_told(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(item("B001", check("false")), item("B002", check("true"))))
    console = Console(shop.places, shop.root)
    assert console.get("/api/backlog")["counts"]["active"] == 0
    said = console.act("backlog_start_item", itemId="B001")
    assert said.status == 200, said.body
    assert console.get("/api/backlog")["counts"]["active"] == 1
    event = console.desk.hub._kept[-1]
    assert event.kind == "state"
    facts = event.data
    assert [row["state"] for row in facts["items"]] == ["active"]
    assert {"items", "missions", "slots"} <= set(facts["areas"])
    assert shop.json("log", "--json")[-1]["actor"] == "person at the console"


def test_a_changed_setting_counts_at_once(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    console = Console(shop.places, shop.root)
    (mirror,) = console.desk.mirrors.values()
    assert mirror.world.config["policy"] == "proved"
    (shop.root / ".opencode/orchestrator.jsonc").write_text('{"policy": "attested"}', "utf-8")
    changed = mirror.refresh()
    assert changed is not None and "settings" in changed.areas
    assert mirror.world.config["policy"] == "attested"


def test_refusals_are_those_of_every_other_door(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    console = Console(shop.places, shop.root)
    said = console.act("backlog_close_item")
    called = shop.cli("call", "backlog_close_item", "--json", "{}")
    assert said.status == 409
    assert said.json() == json.loads(called.stdout)


def test_the_proof_runs_again_and_is_told(delivered: Shop) -> None:
    console = Console(delivered.places, delivered.root)

    async def whole() -> list[Any]:
        from consoles import ADDRESS, ask

        heard: list[Any] = []
        given = [("host", ADDRESS), ("authorization", f"Bearer {console.token}"), ("content-type", "application/json")]
        listening = console.desk.hub.listen("")

        async def hear() -> None:
            async for event in listening:
                heard.append(event)
                if event.data.get("ended"):
                    return

        hearing = asyncio.ensure_future(hear())
        await asyncio.sleep(0)
        first = await ask(console.app, "POST", "/api/evidence/verify", given, b'{"keys": ["B001"]}')
        again = await ask(console.app, "POST", "/api/evidence/verify", given, b"{}")
        assert (first.status, again.code) == (200, "VERIFY_RUNNING")
        await asyncio.wait_for(hearing, 60)
        return heard

    proved, last = asyncio.run(whole())
    assert (proved.data["state"], proved.data["proof"]["key"]) == ("running", "B001")
    assert (last.data["holds"], last.data["proof"]) == (True, None)
