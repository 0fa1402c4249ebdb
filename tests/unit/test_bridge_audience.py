"""Consoles on the brain's socket: what they see, what they may ask, and that nobody waits for one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.bridge import places as meeting
from echelon.bridge.attending import Attending
from echelon.bridge.audience import BEHIND_BYTES_MAX, CONSOLES_MAX
from echelon.bridge.brain import Brain
from echelon.bridge.keeping import leave_record
from echelon.bridge.wire import LINE_BYTES_MAX, PROTOCOL, Wire
from echelon.engine.workspace import Workspace
from echelon.errors import HostError
from workspaces import Shop

SECONDS = 60.0


class Peer:
    """The other side of a connection: what it was told, and what it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.wire: Wire
        self.answer: Callable[[Mapping[str, Any]], Any] = lambda _params: {"status": 200, "data": None, "error": None}

    async def handle(self, method: str, params: Mapping[str, Any]) -> Any:
        self.told.append((method, params))
        return self.answer(params) if method == "api" else None

    def last(self, method: str) -> Mapping[str, Any]:
        return next((params for name, params in reversed(self.told) if name == method), {})

    def all(self, method: str) -> list[Mapping[str, Any]]:
        return [params for name, params in self.told if name == method]


class Room:
    """A brain that listens, and who connects to it."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self._open = contextlib.AsyncExitStack()

    async def connect(self) -> Peer:
        peer = Peer()
        reader, writer = await asyncio.open_unix_connection(meeting.socket_path(), limit=LINE_BYTES_MAX)
        peer.wire = Wire(reader, writer, peer.handle)
        reading = asyncio.ensure_future(peer.wire.run())
        self._open.callback(reading.cancel)
        self._open.callback(peer.wire.close)
        return peer

    async def bridge(self, directory: Path, pid: int = 0, **more: Any) -> Peer:
        peer = await self.connect()
        hello = {"protocol": PROTOCOL, "pid": pid or os.getpid(), "directory": str(directory), **more}
        await peer.wire.call("hello", hello)
        return peer

    async def console(self) -> Peer:
        peer = await self.connect()
        await peer.wire.call("console", {"protocol": PROTOCOL, "pid": 1})
        return peer

    async def close(self) -> None:
        await self._open.aclose()


async def until(true: Callable[[], Any]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (found := true()):
            await asyncio.sleep(0.005)
        return found


@contextlib.asynccontextmanager
async def room(shop: Shop) -> AsyncIterator[Room]:
    with tempfile.TemporaryDirectory(prefix="ech-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECHELON_RUNTIME", folder)
        brain = Brain(shop.places, 60.0)
        async with await brain._listen():
            made = Room(brain)
            try:
                yield made
            finally:
                await made.close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.make(tmp_path, git=False)


def event(kind: str, identifier: str = "", **properties: Any) -> dict[str, Any]:
    return {"id": identifier, "type": kind, "properties": {"sessionID": "ses_1", **properties}}


def test_a_console_sees_desks_come_and_go_and_bridges_hear_whether_one_looks(shop: Shop) -> None:
    async def run() -> None:
        async with room(shop) as here:
            bridge = await here.bridge(shop.root)
            console = await here.console()
            row = (await until(lambda: console.last("desks").get("desks")))[0]
            assert row == {"directory": str(shop.root), "pid": os.getpid(), "workspace": str(shop.root), "slot": ""}
            await until(lambda: bridge.last("watch") == {"on": True})
            other = await here.bridge(shop.home, pid=77)
            await until(lambda: len(console.last("desks")["desks"]) == 2)
            assert console.last("desks")["desks"][1]["workspace"] == ""
            await until(lambda: other.last("watch") == {"on": True})
            other.wire.close()
            await until(lambda: len(console.last("desks")["desks"]) == 1)
            console.wire.close()
            await until(lambda: bridge.last("watch") == {"on": False})

    asyncio.run(run())


def test_an_event_is_told_once_though_two_instances_of_the_bridge_tell_it(shop: Shop) -> None:
    async def run() -> None:
        async with room(shop) as here:
            console = await here.console()
            first, second = await here.bridge(shop.root), await here.bridge(shop.root)
            for delta in ("a", "b"):
                first.wire.tell("watched", event("message.part.delta", partID="prt_1", delta=delta))
            await until(lambda: len(console.all("event")) == 2)  # who began to tell a part tells the rest of it
            second.wire.tell("watched", event("message.part.delta", partID="prt_1", delta="ab"))
            for peer in (first, second):
                peer.wire.tell("watched", event("message.updated", "evt_1"))
            await until(lambda: len(console.all("event")) >= 3)
            first.wire.close()
            await until(lambda: len(here.brain._desks[os.getpid(), str(shop.root)].wires) == 1)
            second.wire.tell("watched", event("message.part.delta", partID="prt_1", delta="c"))
            await until(lambda: len(console.all("event")) == 4)
            told = [row["event"] for row in console.all("event")]
            grown = [row["properties"]["delta"] for row in told if row["type"] == "message.part.delta"]
            assert grown == ["a", "b", "c"] and sum(row["type"] == "message.updated" for row in told) == 1

    asyncio.run(run())


def test_a_console_asks_through_the_desk_it_names_and_no_other(shop: Shop) -> None:
    async def run() -> None:
        async with room(shop) as here:
            one, other = await here.bridge(shop.root), await here.bridge(shop.home, pid=77)
            console = await here.console()
            one.answer = lambda params: {"status": 200, "data": params["path"], "error": None, "next": "older"}
            given = {"directory": str(shop.root), "pid": os.getpid(), "method": "GET", "path": "/session"}
            answer = await console.wire.call("api", given)
            assert (answer["data"], answer["next"]) == ("/session", "older")
            assert other.all("api") == [] and one.last("api")["query"] == {}
            for wrong in ({"pid": 78}, {"directory": "/nowhere"}, {"pid": None}):
                with pytest.raises(HostError, match="HOST_GONE"):
                    await console.wire.call("api", {**given, **wrong})

    asyncio.run(run())


@pytest.mark.parametrize("method", ["tool", "message", "before", "event", "watched", "hello", "nonsense"])
def test_a_console_is_no_bridge(shop: Shop, method: str) -> None:
    async def run() -> None:
        async with room(shop) as here:
            await here.bridge(shop.root)
            console = await here.console()
            given = {"directory": str(shop.root), "pid": os.getpid(), "protocol": 0}
            with pytest.raises(HostError, match="BRIDGE_CONFUSED"):
                await console.wire.call(method, given)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["api", "abort", "stop", "loops"])
def test_a_bridge_is_no_console(shop: Shop, method: str) -> None:
    async def run() -> None:
        async with room(shop) as here:
            bridge = await here.bridge(shop.root)
            with pytest.raises(HostError, match="BRIDGE_CONFUSED"):
                await bridge.wire.call(method, {"directory": str(shop.root), "pid": os.getpid(), "session": "ses_1"})

    asyncio.run(run())


def test_who_speaks_another_protocol_or_comes_as_one_too_many_is_refused(shop: Shop) -> None:
    async def run() -> None:
        async with room(shop) as here:
            stranger = await here.connect()
            with pytest.raises(HostError, match="BRIDGE_CONFUSED"):
                await stranger.wire.call("console", {"protocol": PROTOCOL + 1, "pid": 1})
            consoles = [await here.console() for _ in range(CONSOLES_MAX)]
            with pytest.raises(HostError, match="BRIDGE_CONFUSED"):
                await here.console()
            consoles[0].wire.close()
            await until(lambda: len(here.brain._audience._consoles) < CONSOLES_MAX)
            await here.console()

    asyncio.run(run())


def test_a_console_that_does_not_read_is_dropped_and_the_others_are_told(shop: Shop) -> None:
    async def run() -> None:
        async with room(shop) as here:
            bridge = await here.bridge(shop.root)
            reader, writer = await asyncio.open_unix_connection(meeting.socket_path(), limit=1024)  # never read from
            hangs = Wire(reader, writer, Peer().handle)
            hangs.tell("console", {"protocol": PROTOCOL, "pid": 1})
            good = await here.console()
            await until(lambda: len(here.brain._audience._consoles) == 2)
            text, count = "x" * 200_000, BEHIND_BYTES_MAX // 200_000 + 10
            for number in range(count):
                bridge.wire.tell("watched", event("message.part.updated", f"evt_{number}", part={"text": text}))
                await until(lambda number=number: len(good.all("event")) > number)
            assert len(here.brain._audience._consoles) == 1
            writer.close()

    asyncio.run(run())


def test_a_console_alone_keeps_no_brain(shop: Shop) -> None:
    async def run() -> None:
        async with room(shop) as here:
            await here.console()
            here.brain._since -= 61.0
            assert here.brain._idle()
            bridge = await here.bridge(shop.root)
            assert not here.brain._idle()
            bridge.wire.close()
            await until(lambda: not here.brain._open)
            assert not here.brain._idle(), "the last bridge has just left"

    asyncio.run(run())


def test_the_sessions_of_a_slot_belong_to_its_workspace(shop: Shop) -> None:
    workspace = Workspace(shop.root, shop.places, {})
    leave_record(workspace)
    slot = workspace.state / "slots" / "B001-1" / "work"
    slot.mkdir(parents=True)

    async def run() -> None:
        async with room(shop) as here:
            await here.bridge(slot, pid=77)
            console = await here.console()
            row = (await until(lambda: console.last("desks").get("desks")))[0]
            assert row == {"directory": str(slot), "pid": 77, "workspace": str(shop.root), "slot": "B001-1"}

    asyncio.run(run())


def test_the_settings_of_opencodes_environment_come_with_hello(shop: Shop, tmp_path: Path) -> None:
    says = "import sys; print('{\"address\": \"http://127.0.0.1:' + sys.argv[4] + '/\"}', flush=True); sys.stdin.read()"

    async def run() -> None:
        async with room(shop) as here:
            here.brain._attending = Attending(shop.places, (sys.executable, "-c", says))
            console = {"ORCHESTRATOR_WEB_CONSOLE": "1", "ORCHESTRATOR_WEB_PORT": "4712"}
            bridge = await here.bridge(shop.root, console=console)
            shown = await until(lambda: [row for row in bridge.all("api") if row["path"] == "/tui/show-toast"])
            assert "http://127.0.0.1:4712/" in shown[0]["body"]["message"]
            bridge.wire.close()
            await until(lambda: not here.brain._desks and not here.brain._attending._tasks)

    asyncio.run(run())
