"""One console for each user: real processes attach, stand by, are killed with -9, and take over."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from echelon.console.control import BARRED_PORT, Heir, StandBy, bound
from houses import SECONDS, House, Running, ask, enter, until


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    made = House(tmp_path)
    monkeypatch.setenv("ECHELON_RUNTIME", made.env["ECHELON_RUNTIME"])
    yield made
    made.close()


def names(port: int, token: str) -> list[str]:
    return sorted(
        Path(row["path"]).parent.name for row in ask(port, "GET", "/api/workspaces", token=token)["workspaces"]
    )


def test_a_second_one_attaches_and_takes_over_with_the_page_open(house: House) -> None:
    one, two = house.shop("one"), house.shop("two")
    first = house.start(one)
    second = house.start(two)
    assert second.address == first.address
    token = enter(one)
    assert names(first.port, token) == ["one", "two"]
    info = Path(house.env["ECHELON_RUNTIME"], "console.json")
    assert json.loads(info.read_bytes())["address"] == first.address
    assert stat.S_IMODE(info.stat().st_mode) == 0o600
    first.end(signal.SIGKILL)
    assert second.said()["address"] == first.address, "the same port: a page that is open stays where it is"
    until(lambda: names(second.port, token) == ["two"], "the session went along")
    third = house.start(one)
    assert third.address == first.address
    until(lambda: names(second.port, token) == ["one", "two"], "and the first workspace is back")


def test_a_workspace_goes_when_its_console_ends(house: House) -> None:
    first = house.start(house.shop("one"))
    second = house.start(house.shop("two"))
    token = enter(house.folder / "one/shop")
    assert names(first.port, token) == ["one", "two"]
    assert second.process.stdin
    second.process.stdin.close()
    second.process.wait(SECONDS)
    until(lambda: names(first.port, token) == ["one"], "it is gone")


def test_it_ends_at_once_with_streams_open(house: House) -> None:
    root = house.shop("one")
    first = house.start(root)
    token = enter(root)
    streams = []
    for _ in range(3):
        connection = http.client.HTTPConnection("127.0.0.1", first.port, timeout=SECONDS)
        connection.request("GET", "/api/events", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert answer.readline() == b"event: hello\n"
        streams.append((connection, answer))
    took = first.end()
    assert took < 5.0, "a bound for a loaded machine; the figure is in bench"
    assert not Path(house.env["ECHELON_RUNTIME"], "console.json").exists()
    for connection, _ in streams:
        connection.close()


def test_it_leaves_with_whoever_started_it(house: House) -> None:
    first = house.start(house.shop("one"))
    assert first.process.stdin
    first.process.stdin.close()
    assert first.process.wait(SECONDS) == 0


def test_the_code_comes_out_of_the_terminal_that_let_the_page_in(house: House) -> None:
    root = house.shop("one")
    first = house.start(root)
    shown: list[str] = []

    async def whole() -> None:
        standing = StandBy(root, lambda code, _why: shown.append(code) is None, Heir())
        gone = await standing.connect()
        assert gone is not None
        await standing.attach()
        secret = (await standing.invite()).rpartition("#k=")[2]
        token = (await asyncio.to_thread(ask, first.port, "POST", "/api/session", {"secret": secret}))["token"]
        body = {"budget": 2, "reason": "more"}
        said = await asyncio.to_thread(ask, first.port, "POST", "/api/level/enterprise_set_budget", body, token)
        assert said["code"] == "NEEDS_CONFIRMATION"
        while not shown:
            await asyncio.sleep(0.01)
        done = await asyncio.to_thread(ask, first.port, "POST", "/api/session/confirm", {"code": shown[0]}, token)
        assert done["ok"] is True
        gone.cancel()

    asyncio.run(asyncio.wait_for(whole(), SECONDS))


def test_a_terminal_that_was_closed_shows_no_code(house: House) -> None:
    """The page says where to get in anew, instead of asking for a code that nobody can see."""
    root = house.shop("one")
    first = house.start(root)
    token = enter(root)  # its terminal is gone when this returns
    body = {"budget": 2, "reason": "more"}

    def said() -> bool:
        return ask(first.port, "POST", "/api/level/enterprise_set_budget", body, token)["code"] == "NEEDS_TERMINAL"

    until(said, "it is told that no terminal is there")


def test_never_on_opencode_s_port() -> None:
    with contextlib.closing(bound(BARRED_PORT)) as listening:
        host, port = listening.getsockname()
        assert (host, port != BARRED_PORT) == ("127.0.0.1", True)
        with contextlib.closing(bound(port)) as other:  # taken: another one, not an error
            assert other.getsockname()[1] not in (port, BARRED_PORT)


def test_ten_at_once_are_one(house: House) -> None:
    root = house.shop("one")
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "echelon", "console", "--until-closed"], cwd=root, env=house.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for _ in range(4)
    ]  # fmt: skip
    house.running += [Running(process, "") for process in processes]
    assert len({running.said()["address"] for running in house.running}) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Unix")
def test_on_a_terminal_enter_makes_another_link(house: House) -> None:
    root = house.shop("one")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "echelon", "console"],
        cwd=root,
        env=house.env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    said = ""

    def read(pattern: str) -> list[str]:
        nonlocal said
        end = time.monotonic() + SECONDS
        while not (found := re.findall(pattern, said)) and time.monotonic() < end:
            if select.select([ours], [], [], 0.1)[0]:
                said += os.read(ours, 65_536).decode()
        assert found, said
        said = ""
        return found

    try:
        (first,) = read(r"http://127\.0\.0\.1:\d+/#k=(\S+)[\s\S]*Enter")
        os.write(ours, b"\n")
        (second,) = read(r"http://127\.0\.0\.1:\d+/#k=(\S+)[\s\S]*Enter")
        assert first != second
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_where_there_is_no_workspace_it_says_so(house: House, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "echelon", "console"],
        cwd=empty,
        env=house.env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    assert done.returncode == 1
    assert "NO_WORKSPACE" in done.stderr
    assert "echelon init" in done.stderr
