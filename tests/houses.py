"""A user's machine for tests of the console: a runtime folder, a home, and real consoles in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import warm
from echelon.console.control import Heir, StandBy
from echelon.console.sessions import digest
from workspaces import Shop, environment

SECONDS = 60.0  # a busy machine is no fault of the console


@dataclass
class Running:
    process: subprocess.Popen[str] | warm.Started
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])

    def said(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def end(self, number: int = signal.SIGTERM) -> float:
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(SECONDS)
        return time.monotonic() - begun


class House:
    """A user's machine: a runtime folder, a home, and the consoles that run there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, list[Running]()
        self.home = folder / "home"
        self.home.mkdir()
        self.env = environment(self.home, ECHELON_RUNTIME=str(folder / "run"), PYTHONUNBUFFERED="1")

    def shop(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return Shop.make(self.folder / name).root

    def start(self, root: Path, *words: str, **more: str) -> Running:
        env = {name: value for name, value in {**self.env, **more}.items() if name != "PYTHONUNBUFFERED"}
        process = warm.start(
            ("console", "--until-closed", *words), root, env
        )  # its imports cost a second of the processor
        running = Running(process, "")
        self.running.append(running)
        running.address = str(running.said()["address"])
        return running

    def close(self) -> None:
        for running in self.running:
            with contextlib.suppress(ProcessLookupError):
                running.process.kill()
            running.process.wait()
            for pipe in (running.process.stdin, running.process.stdout):
                if pipe:
                    pipe.close()


def invited(root: Path, codes: list[str] | None = None) -> str:
    """A link that lets a browser in, as another terminal would ask for it; that terminal is gone afterwards."""

    async def whole() -> str:
        standing = StandBy(root, lambda code, _why: codes is not None and codes.append(code) is None, Heir())
        gone = await standing.connect()
        assert gone is not None
        await standing.attach()
        link = await standing.invite()
        gone.cancel()
        return link

    return asyncio.run(asyncio.wait_for(whole(), SECONDS))


def enter(root: Path) -> str:
    """A token, by a link that this process asks for as another terminal would; those that stand by know of it."""

    async def whole() -> str:
        heir = Heir()
        standing = StandBy(root, lambda _code, _why: True, heir)
        gone = await standing.connect()
        assert gone is not None
        await standing.attach()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#k=(.+)", await standing.invite())
        assert found
        body = {"secret": found[2]}
        token = str((await asyncio.to_thread(ask, int(found[1]), "POST", "/api/session", body))["token"])
        while not any(digest(token) in row for row in heir.sessions):
            await asyncio.sleep(0.01)
        gone.cancel()
        return token

    return asyncio.run(asyncio.wait_for(whole(), SECONDS))


def ask(port: int, method: str, path: str, body: Any = None, token: str = "") -> Mapping[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with contextlib.closing(connection):
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer: Mapping[str, Any] = json.loads(connection.getresponse().read())
        return answer


def until(what: Any, why: str) -> Any:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError, AssertionError, KeyError, ValueError):
            if found := what():
                return found
        time.sleep(0.02)
    raise AssertionError(why)


class Terminal:
    """A terminal that stays open beside a console: it makes links and hears the codes. Its loop has a thread of its own."""

    def __init__(self, root: Path) -> None:
        self.codes: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._standing = StandBy(root, self._shown, Heir())
        self._gone = self._run(self._attached())

    def _shown(self, code: str, _why: str) -> bool:
        self.codes.append(code)
        return True

    async def _attached(self) -> asyncio.Task[None]:
        gone = await self._standing.connect()
        assert gone is not None
        await self._standing.attach()
        return gone

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def link(self) -> str:
        return str(self._run(self._standing.invite()))

    def code(self) -> str:
        """The newest code, once it is there."""
        return str(until(lambda: self.codes and self.codes[-1], "a code was shown"))

    def close(self) -> None:
        async def end() -> None:
            self._gone.cancel()
            await asyncio.gather(self._gone, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
