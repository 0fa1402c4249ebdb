"""A parallel start that waits for items of other projects: as long as somebody works on them, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import pytest

import opencode_portfolios as portfolios
from echelon.bridge import tools
from echelon.bridge.tools import Call, Tools
from echelon.bridge.wire import Refused
from echelon.core import requests
from echelon.core.decide import Decision
from echelon.core.posts import Post
from workspaces import Shop

RUNNING = {"PGM-001": "/", "PGM-001/PRJ-001": "/", "PGM-001/PRJ-002": "/"}
OTHER, OURS = "PGM-001/PRJ-001", "PGM-001/PRJ-002"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """All that is left in PRJ-002 is B001, which needs B001 of PRJ-001, which is in flight."""
    made = portfolios.shop(tmp_path, parallel=True, states=RUNNING)
    engine = made.engine()
    assert isinstance(engine.start(f"{OURS}/B002", parallel=True), Decision)
    assert isinstance(engine.end(requests.FailItem("not needed", f"{OURS}/B002")), Decision)
    assert isinstance(engine.start(f"{OTHER}/B001", parallel=True), Decision)
    monkeypatch.setattr(tools, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(tools, "POLL_SECONDS", 0.05)
    return made


async def start(shop: Shop, room: Tools, at_work: Collection[str]) -> object:
    async def quiet(_line: str) -> None: ...

    async def working() -> Collection[str]:
        return at_work

    call = Call(
        "parallel_start_item", {"backlog_path": f"{portfolios.folder(OURS)}/backlog.md"}, "ses_1",
        "ProjectCommander", str(shop.root),
    )  # fmt: skip
    return (await room.run(call, Post("project", OURS), {}, quiet, working))[1]


def test_what_nobody_works_on_is_not_waited_for(shop: Shop) -> None:
    """Its commander's turn has ended, and whoever would call it again waits for this call: once, for a quarter of an hour."""
    room = Tools(shop.places)
    with pytest.raises(Refused, match="NOTHING_ELIGIBLE"):
        asyncio.run(asyncio.wait_for(start(shop, room, ()), 30))
    assert not room.waits


def test_while_somebody_works_there_it_waits_and_then_starts(shop: Shop) -> None:
    room, at_work = Tools(shop.places), {OTHER}

    async def scene() -> object:
        waiting = asyncio.ensure_future(start(shop, room, at_work))
        await asyncio.sleep(1.5)  # long past the moment in which nobody may be there
        assert not waiting.done() and room.waits == {"ses_1"}
        engine = shop.engine()
        place = engine.work.slots.open_slots()[0].path
        Path(place, portfolios.file_of(f"{OTHER}/B001")).write_text("done\n", "utf-8")
        todo = Path(place, ".opencode/todo.md")
        todo.write_text(todo.read_text("utf-8").replace("- [ ]", "- [x]"), "utf-8")
        closed = await asyncio.to_thread(engine.close, f"{OTHER}/B001")
        assert isinstance(closed, Decision), closed
        at_work.clear()
        return await asyncio.wait_for(waiting, 30)

    decision = asyncio.run(scene())
    assert isinstance(decision, Decision) and decision.data["item"] == f"{OURS}/B001" and not room.waits
