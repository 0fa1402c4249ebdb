"""The console that opens with OpenCode: wanted by a setting, shown to the person, and no harm when it falls."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from echelon.bridge import attending
from echelon.bridge.attending import STARTS_MAX, Attending
from echelon.bridge.desk import Desk
from echelon.bridge.wire import Wire
from workspaces import Shop

SECONDS = 30.0
# What stands for `echelon console`: notes how it was called, says what it is told to say, and stays while its input is open.
CONSOLE = """
import json, os, sys
folder, lines, code = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
with open(os.path.join(folder, "starts"), "a") as file:
    file.write(json.dumps(sys.argv[4:]) + "\\n")
for line in lines:
    print(line, flush=True)
if code:
    print("the port is taken", file=sys.stderr)
    sys.exit(code)
sys.stdin.read()
open(os.path.join(folder, "ended"), "w").close()
"""
ON = {"ORCHESTRATOR_WEB_CONSOLE": "1", "ORCHESTRATOR_WEB_PORT": "4711"}


class Terminal:
    """A desk whose OpenCode is this: it keeps what the person was shown."""

    def __init__(self, shop: Shop) -> None:
        self.shown: list[tuple[str, str]] = []
        self.desk = Desk(str(shop.root), os.getpid(), shop.places)
        self.asked: list[str] = []

    async def __aenter__(self) -> Self:
        async def answer(_method: str, params: Mapping[str, Any]) -> Any:
            self.asked.append(params["path"])
            if params["path"] == "/tui/show-toast":
                self.shown.append((params["body"]["message"], params["body"]["variant"]))
            return {"status": 200, "data": True, "error": None}

        here, there = socket.socketpair()
        self._wires = [Wire(*await asyncio.open_connection(sock=end), answer) for end in (here, there)]
        self._reading = [asyncio.ensure_future(wire.run()) for wire in self._wires]
        self.desk.wires.append(self._wires[0])
        return self

    async def __aexit__(self, *_: object) -> None:
        for wire in self._wires:
            wire.close()
        await asyncio.gather(*self._reading)


async def until(true: Callable[[], Any]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (found := true()):
            await asyncio.sleep(0.01)
        return found


def starts(folder: Path) -> list[list[str]]:
    path = folder / "starts"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def made(shop: Shop, folder: Path, *lines: str, code: int = 0) -> Attending:
    return Attending(shop.places, (sys.executable, "-c", CONSOLE, str(folder), json.dumps(lines), str(code)))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.make(tmp_path, git=False)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_one_console_for_all_desks_of_a_workspace_as_long_as_one_is_there(shop: Shop, tmp_path: Path) -> None:
    async def play() -> None:
        attends = made(shop, tmp_path, json.dumps({"address": "http://127.0.0.1:4711/"}))
        async with Terminal(shop) as first, Terminal(shop) as second:
            for terminal in (first, second):
                attends.want(terminal.desk, ON)
                await until(lambda terminal=terminal: terminal.shown)
                assert "http://127.0.0.1:4711/" in terminal.shown[0][0]
            assert starts(tmp_path) == [["--workspace", str(shop.root), "--port", "4711", "--until-closed"]]
            attends.want(first.desk, ON)  # said again when it finds its workspace
            await until(lambda: not attends._tasks)
            attends.left(first.desk)
            assert not (tmp_path / "ended").exists()
            attends.left(second.desk)
            await until((tmp_path / "ended").exists)
            await until(lambda: not attends._tasks)
        assert len(starts(tmp_path)) == 1

    run(play())


@pytest.mark.parametrize(
    ("environment", "file", "wanted"),
    [({}, {}, []), ({}, {"enabled": True, "port": 4000}, ["4000"]), ({"ORCHESTRATOR_WEB_CONSOLE": "0"}, {"enabled": True}, []),
     ({"ORCHESTRATOR_WEB_CONSOLE": "1", "ORCHESTRATOR_WEB_PORT": "5000"}, {"port": 4000}, ["5000"]),
     ({"ORCHESTRATOR_WEB_CONSOLE": "1"}, {}, ["0"]), ({"ORCHESTRATOR_WEB_CONSOLE": None}, {}, [])],
)  # fmt: skip
def test_the_environment_goes_before_the_file_and_off_is_the_default(
    tmp_path: Path, environment: Mapping[str, Any], file: Mapping[str, Any], wanted: list[str]
) -> None:
    shop = Shop.make(tmp_path, config={"webConsole": file}, git=False)

    async def play() -> None:
        attends = made(shop, tmp_path)
        async with Terminal(shop) as terminal:
            attends.want(terminal.desk, environment)
            await until(lambda: not attends._tasks)
            if wanted:
                await until(lambda: starts(tmp_path))
            attends.left(terminal.desk)
            await until(lambda: not attends._tasks)
            assert [row[3] for row in starts(tmp_path)] == wanted

    run(play())


def test_one_that_falls_is_started_again_three_times_and_told_of_once(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "AGAIN_SECONDS", 0.01)

    async def play() -> None:
        attends = made(shop, tmp_path, code=3)
        async with Terminal(shop) as terminal:
            attends.want(terminal.desk, ON)
            await until(lambda: terminal.shown)
            assert terminal.shown == [("The web console cannot be started. the port is taken", "warning")]
            assert len(starts(tmp_path)) == STARTS_MAX
            attends.left(terminal.desk)
            await until(lambda: not attends._tasks)

    run(play())


def test_a_program_that_is_not_there_touches_nothing(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "AGAIN_SECONDS", 0.01)

    async def play() -> None:
        attends = Attending(shop.places, (str(tmp_path / "nothing"),))
        async with Terminal(shop) as terminal:
            attends.want(terminal.desk, ON)
            await until(lambda: terminal.shown)
            assert "cannot be started" in terminal.shown[0][0]
            attends.left(terminal.desk)
            await until(lambda: not attends._tasks)

    run(play())


def test_a_code_is_shown_to_the_person_and_goes_nowhere_else(shop: Shop, tmp_path: Path) -> None:
    odd = ["no json", "[]", '{"code": 5}', "x" * 5_000, json.dumps({"code": "123456", "for": "decide \x1b[31mESC-1"})]

    async def play() -> None:
        attends = made(shop, tmp_path, *odd)
        async with Terminal(shop) as terminal:
            attends.want(terminal.desk, ON)
            await until(lambda: terminal.shown)
            assert terminal.shown == [
                ("The web console asks to decide [31mESC-1. If that is you, type 123456", "warning")
            ]
            assert set(terminal.asked) == {"/tui/show-toast"}
            attends.close()
            await until((tmp_path / "ended").exists)
            attends.left(terminal.desk)
            await until(lambda: not attends._tasks)

    run(play())
    for path in (*shop.home.rglob("*"), *shop.root.rglob("*")):
        assert not path.is_file() or b"123456" not in path.read_bytes()
