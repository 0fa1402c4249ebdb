"""When a loop speaks: OpenCode's word of who is busy is one of two, a prompt that is being read is the other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.bridge.keeping import Keeper
from echelon.bridge.looping import Looping
from echelon.bridge.sessions import Sessions
from workspaces import Shop, backlog, wants

ROOT, BELOW = "ses_root", "ses_below"


class OpenCode:
    """What `GET /session…` says of a root and one session below it, and what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.turns = folder, 0
        self.busy: set[str] = set()
        self.sent: list[str] = []

    async def api(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        await asyncio.sleep(0)
        _, kind, *rest = path.split("/")
        if kind == "tui" or method == "POST":
            self.sent += [row["text"] for row in (body or {}).get("parts", ())]
            return True
        if rest == ["status"]:
            return {name: {"type": "busy"} for name in self.busy}
        if rest[1:] == ["message"]:
            self.turns += 1
            return [{"info": {"id": f"msg_{self.turns}", "role": "assistant", "finish": "stop"}, "parts": []}]
        if rest[1:] == ["children"]:
            return []
        return {"id": rest[0], "parentID": ROOT if rest[0] == BELOW else None, "directory": str(self.folder)}


@pytest.mark.parametrize("end", ["idle", "denied"])
def test_a_session_below_whose_prompt_is_being_read_is_at_work(tmp_path: Path, end: str) -> None:
    """A background task's caller may fall idle before OpenCode calls the task busy: hooks of its prompt take time."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode, keeper = OpenCode(shop.root), Keeper(shop.root, shop.places)
    looping = Looping(opencode.api, keeper, Sessions(opencode.api), os.getpid())
    keeper.begin(ROOT, "project", "ProjectCommander", "deliver", os.getpid())

    async def scene() -> None:
        assert looping.message(BELOW, "Deliver B001") == ""
        await looping.idle(ROOT)
        assert opencode.sent == [], "it is about to run"
        if end == "denied":
            looping.denied(BELOW)
        else:
            opencode.busy = {BELOW}
            looping.busy(BELOW)
            await looping.idle(ROOT)
            assert opencode.sent == [], "it runs"
            opencode.busy = set()
            await looping.idle(BELOW)
        await looping.idle(ROOT)
        assert len(opencode.sent) == 1, "nothing is under way any more"

    asyncio.run(scene())
