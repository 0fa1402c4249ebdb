"""When a loop speaks: OpenCode's word of who is busy is one of two, a prompt that is being read is the other."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.bridge.keeping import Keeper
from echelon.bridge.looping import Looping
from echelon.bridge.sessions import Sessions
from echelon.core import requests
from echelon.core.documents.sections import Option
from workspaces import Shop, backlog, wants

ROOT, BELOW = "ses_root", "ses_below"


class OpenCode:
    """What `GET /session…` says of a root and one session below it, and what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.turns = folder, 0
        self.busy: set[str] = set()
        self.sent: list[str] = []
        self.agents = 0  # prompts that reached an agent
        self.error = ""

    async def api(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        await asyncio.sleep(0)
        _, kind, *rest = path.split("/")
        if kind == "tui" or method == "POST":
            self.sent += [row["text"] for row in (body or {}).get("parts", ())]
            self.agents += path.endswith("prompt_async")
            return True
        if rest == ["status"]:
            return {name: {"type": "busy"} for name in self.busy}
        if rest[1:] == ["message"]:
            self.turns += 1
            error = {"error": {"name": self.error, "data": {}}} if self.error else {}
            info = {"id": f"msg_{self.turns}", "role": "assistant", "finish": "stop", **error}
            return [{"info": info, "parts": []}]
        if rest[1:] == ["children"]:
            return []
        return {"id": rest[0], "parentID": ROOT if rest[0] == BELOW else None, "directory": str(self.folder)}


def waiting(shop: Shop, opencode: OpenCode) -> tuple[Looping, Keeper]:
    """A loop whose only item was put aside for a question."""
    engine, keeper = shop.engine(), Keeper(shop.root, shop.places)
    looping = Looping(opencode.api, keeper, Sessions(opencode.api), os.getpid())
    keeper.begin(ROOT, "project", "ProjectCommander", "deliver", os.getpid())
    engine.start("B001")
    options = (Option("red", "-", "-"), Option("blue", "-", "-"))
    engine.end(requests.RecordEscalation("Which colour?", "-", options, "a colour", "B001"))
    asyncio.run(looping.idle(ROOT))
    loop = keeper.unended(ROOT)
    assert loop and (loop.state, opencode.agents) == ("waiting", 0)
    return looping, keeper


def decide(shop: Shop) -> None:
    engine = shop.engine()
    engine.ask(requests.ResolveEscalation(engine.world().escalations[0].id, "blue"))


@pytest.mark.parametrize("word", ["stop", "left", "declined", "deleted", "aborted"])
def test_a_word_of_the_persons_ends_a_loop_that_waits(tmp_path: Path, word: str) -> None:
    """And then a decision starts nothing."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode = OpenCode(shop.root)
    looping, keeper = waiting(shop, opencode)

    async def scene() -> None:
        if word == "stop":
            assert [row.session for row in await looping.stop()] == [ROOT]
            assert looping.under_way.message(ROOT, "hello") == "", "the person may always speak"
        elif word == "left":
            looping.left(ROOT, "build")
        elif word == "declined":
            await looping.declined(BELOW)
        elif word == "deleted":
            looping.deleted(ROOT)
        else:
            opencode.error = "MessageAbortedError"
            await looping.idle(ROOT)
        assert keeper.loops()[ROOT].code == "LOOP_STOPPED"
        decide(shop)
        await looping.idle(ROOT)
        assert opencode.agents == 0

    asyncio.run(scene())


def test_a_decision_wakes_a_loop_once_and_not_while_somebody_works_or_speaks(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode = OpenCode(shop.root)
    looping, keeper = waiting(shop, opencode)

    async def scene() -> None:
        await looping.resume()
        assert opencode.agents == 0, "nothing is decided yet"
        decide(shop)
        opencode.busy = {ROOT}
        await looping.resume()
        opencode.busy = {BELOW}
        await looping.resume()
        opencode.busy = set()
        looping.under_way.message(ROOT, "what is going on?")
        await looping.resume()
        assert opencode.agents == 0
        await looping.idle(ROOT)  # the person's turn has ended
        assert opencode.agents == 1 and keeper.running(ROOT)
        await asyncio.gather(looping.resume(), looping.resume())
        assert opencode.agents == 1

    asyncio.run(scene())


def test_a_loop_that_waits_ends_with_its_opencode(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode = OpenCode(shop.root)
    looping, keeper = waiting(shop, opencode)
    gone = dataclasses.replace(keeper.loops()[ROOT], host=2**22 + 1)  # above every process id
    keeper.save(gone)
    asyncio.run(looping.resume())
    assert keeper.loops()[ROOT].code == "LOOP_HOST_ENDED"


@pytest.mark.parametrize("end", ["idle", "denied"])
def test_a_session_below_whose_prompt_is_being_read_is_at_work(tmp_path: Path, end: str) -> None:
    """A background task's caller may fall idle before OpenCode calls the task busy: hooks of its prompt take time."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode, keeper = OpenCode(shop.root), Keeper(shop.root, shop.places)
    looping = Looping(opencode.api, keeper, Sessions(opencode.api), os.getpid())
    keeper.begin(ROOT, "project", "ProjectCommander", "deliver", os.getpid())

    async def scene() -> None:
        assert looping.under_way.message(BELOW, "Deliver B001") == ""
        await looping.idle(ROOT)
        assert opencode.sent == [], "it is about to run"
        if end == "denied":
            looping.under_way.over(BELOW)
        else:
            opencode.busy = {BELOW}
            looping.under_way.runs(BELOW)
            await looping.idle(ROOT)
            assert opencode.sent == [], "it runs"
            opencode.busy = set()
            await looping.idle(BELOW)
        await looping.idle(ROOT)
        assert len(opencode.sent) == 1, "nothing is under way any more"

    asyncio.run(scene())


def test_a_person_s_words_below_that_end_while_the_loop_is_decided_are_not_its_last_signal(tmp_path: Path) -> None:
    """What was read of the session below is older than its end; nothing else would make the loop go on."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode, keeper = OpenCode(shop.root), Keeper(shop.root, shop.places)
    read, ended = asyncio.Event(), asyncio.Event()

    async def api(method: str, path: str, **how: Any) -> Any:
        answer = await opencode.api(method, path, **how)
        if path == f"/session/{ROOT}/message" and not read.is_set():  # a slow answer: who is busy was read by now
            await asyncio.sleep(0.05)
            read.set()
            await ended.wait()
        return answer

    looping = Looping(api, keeper, Sessions(api), os.getpid())
    keeper.begin(ROOT, "project", "ProjectCommander", "deliver", os.getpid())

    async def scene() -> None:
        below = await Sessions(api).get(BELOW)
        assert await looping.speaking.speak(below, ROOT, "name it", busy=False)
        opencode.busy = {BELOW}
        looping.under_way.runs(BELOW)
        deciding = asyncio.ensure_future(looping.idle(ROOT))
        await read.wait()
        opencode.busy = set()
        await looping.idle(BELOW)
        assert opencode.sent == ["name it"]
        ended.set()
        await deciding
        assert opencode.sent[0] == "name it" and len(opencode.sent) == 2, "the loop goes on, once"

    asyncio.run(scene())


@pytest.mark.parametrize("error", ["", "APIError"])
def test_a_stop_that_comes_while_the_files_are_read_is_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    """The console's abort has no idle of its own to wait for: what is on disk counts."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode, keeper = OpenCode(shop.root), Keeper(shop.root, shop.places)
    opencode.error = error
    looping = Looping(opencode.api, keeper, Sessions(opencode.api), os.getpid())
    keeper.begin(ROOT, "project", "ProjectCommander", "deliver", os.getpid())
    step = keeper.step

    def stopped_before(loop: Any, turn: Any) -> Any:
        asyncio.run_coroutine_threadsafe(looping.stop(ROOT, "stopped"), there[0]).result(10)
        return step(loop, turn)

    def stopped_after(loop: Any, turn: Any) -> Any:
        answer = step(loop, turn)
        asyncio.run_coroutine_threadsafe(looping.stop(ROOT, "stopped"), there[0]).result(10)
        return answer

    there: list[asyncio.AbstractEventLoop] = []

    async def idle() -> None:
        there[:] = [asyncio.get_running_loop()]
        await looping.idle(ROOT)

    for moment in (stopped_before, stopped_after):
        keeper.begin(ROOT, "project", "ProjectCommander", "deliver", os.getpid())
        monkeypatch.setattr(keeper, "step", moment)
        asyncio.run(idle())
        loop = keeper.loops()[ROOT]
        assert (loop.state, loop.code, opencode.agents) == ("paused", "LOOP_STOPPED", 0)


def test_a_stop_of_one_session_leaves_the_others(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    opencode, keeper = OpenCode(shop.root), Keeper(shop.root, shop.places)
    looping = Looping(opencode.api, keeper, Sessions(opencode.api), os.getpid())
    for session in (ROOT, "ses_other"):
        keeper.begin(session, "project", "ProjectCommander", "deliver", os.getpid())
    assert [loop.session for loop in asyncio.run(looping.stop(ROOT))] == [ROOT]
    assert keeper.running("ses_other") and not keeper.running(ROOT)
