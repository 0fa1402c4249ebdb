"""OpenCode's own terminal interface, with Echelon installed and used as a person does it: keys in, the screen out."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from echelon.core import loops
from echelon.core.loops import Loop
from echelon.engine.workspace import Places, Workspace
from echelon.testing.model import Asked, Reply, ScriptedModel, say
from echelon.testing.opencode import World
from opencode_chain import GO, TOOLS, Chain, role
from workspaces import Shop, backlog, wants

WIDTH, HEIGHT = 120, 40
AGENTS_MAX = 10  # that Tab goes through: OpenCode's own two, and the commanders
SLOW = "B003"  # the item over which its Commander thinks until it is let go
STATUS = "Mode Spec & Backlog"  # how a status begins

T = TypeVar("T")

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@dataclass
class Thinker(Chain):
    """The chain of command; one Commander does not answer before `thought` is set."""

    thought: threading.Event = field(default_factory=threading.Event)

    def __call__(self, asked: Asked) -> Reply:
        if role(asked) == "Commander" and SLOW in asked.last_user:
            return say("It is clear to me now.", delay=self.thought)
        return say("That is where it stands.") if STATUS in asked.last_user else super().__call__(asked)


@dataclass
class Terminal:
    """A tmux server of its own with one window."""

    environment: Mapping[str, str]
    socket: str = field(default_factory=lambda: f"echelon-{secrets.token_hex(6)}")

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, "-f", os.devnull, *words], env=dict(self.environment),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        return done.stdout

    @contextlib.contextmanager
    def running(self, folder: Path, program: str) -> Iterator[None]:
        """The program in the window, until it and the server are gone; an error of the body tells the last screen."""
        self.tmux("new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT), "-c", str(folder), f"exec {program}")
        try:
            yield
        except BaseException as error:
            error.add_note(f"the screen:\n{self.screen()}")
            raise
        finally:
            pid = self.tmux("display-message", "-p", "#{pane_pid}").strip()
            self.tmux("kill-server")
            if pid:
                _end(int(pid))

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def enter(self, text: str) -> None:
        """Type, and send it once it stands in the input: a key that comes sooner acts on half of it."""
        self.tmux("send-keys", "-l", text)
        self.shows(f"┃  {text.rstrip()}")
        self.press("Enter")

    def shows(self, text: str, seconds: float = 60.0) -> None:
        until(lambda: text in self.screen(), f"{text!r} on the screen", seconds)

    def choose(self, agent: str) -> None:
        """Tab goes to the next agent; the line below the input says who is chosen."""
        for _ in range(AGENTS_MAX):
            if (chosen := until(self.agent, "an agent")) == agent:
                return
            self.press("Tab")
            until(lambda before=chosen: self.agent() not in ("", before), "the next agent")
        pytest.fail(f"Tab never comes to {agent}")

    def agent(self) -> str:
        """ "Plan" of "┃  Plan · Scripted Scripted", "" while nothing like it is drawn."""
        rows = [row.strip() for row in self.screen().splitlines() if row.rstrip().endswith("· Scripted Scripted")]
        return rows[-1].lstrip("┃ ").partition(" ·")[0] if rows else ""


@dataclass
class Person:
    """Somebody with a workspace, a model that costs nothing, and OpenCode in a terminal."""

    shop: Shop
    model: ScriptedModel
    terminal: Terminal
    workspace: Workspace

    def loop(self) -> Loop | None:
        """The newest one."""
        path = self.workspace.state / "loops.json"
        return list(loops.read(path.read_text("utf-8")).values())[-1] if path.exists() else None

    def stopped(self) -> Loop | None:
        return loop if (loop := self.loop()) and loop.state == "paused" else None

    def asked(self, by: str) -> list[Asked]:
        return [asked for asked in self.model.turns() if role(asked) == by]


def until(true: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"not in {seconds:g} s: {what}"
        time.sleep(0.05)
    return found


def _end(pid: int, seconds: float = 5.0) -> None:
    """Wait for a process that was told to end; then it is ended."""
    with contextlib.suppress(ProcessLookupError):
        stop = time.monotonic() + seconds
        while time.monotonic() < stop:
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


def _command(environment: Mapping[str, str], folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "echelon", *words]
    done = subprocess.run(command, cwd=folder, env=dict(environment), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def _person(folder: Path, shop: Shop, scenario: Chain) -> Iterator[Person]:
    runtime = Path(tempfile.mkdtemp(prefix="ech-"))  # short: a socket's path may not be long
    try:
        with ScriptedModel(scenario) as model:
            world = World(folder, model.url)
            shutil.rmtree(world.config_folder)  # a machine on which OpenCode was never configured
            tools = folder / "tools"
            tools.mkdir()
            (tools / "opencode").symlink_to(world.binary)
            more = {"PATH": f"{tools}{os.pathsep}{world.environment['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}
            rooms = {"ECHELON_RUNTIME": str(runtime), "TMUX_TMPDIR": str(runtime)}
            environment = {**world.environment, **TOOLS, **more, **rooms}
            del environment["OPENCODE_SERVER_PASSWORD"]
            said = _command(environment, shop.root, "install", "opencode", "--yes")
            assert "OpenCode" in said and "echelon.js" in said, said
            terminal = Terminal(environment)
            workspace = Workspace(shop.root, Places(folder / "state" / "echelon", folder / "cache" / "echelon"))
            with terminal.running(shop.root, "opencode"):
                yield Person(shop, model, terminal, workspace)
            _command(environment, shop.root, "uninstall", "opencode")
            assert not any(world.config_folder.iterdir()), "all that was made is gone"
    finally:
        with contextlib.suppress(OSError, ValueError, KeyError):
            brain: dict[str, Any] = json.loads((runtime / "brain-1.lock").read_bytes())
            os.kill(int(brain["pid"]), signal.SIGTERM)
            _end(int(brain["pid"]))
        shutil.rmtree(runtime, ignore_errors=True)


def test_a_person_delivers_stops_and_asks_in_the_terminal(tmp_path: Path) -> None:
    """One start of the terminal, which costs seconds: the backlog delivered, a running loop stopped, `/status`."""
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {})
    thinker = Thinker()
    with _person(tmp_path / "w", shop, thinker) as person:
        terminal = person.terminal
        terminal.choose("ProjectCommander")
        terminal.enter(GO)
        until(lambda: shop.delivered() == ["B001", "B002"], "two items delivered", 90)
        terminal.shows("CLOSED B002")
        terminal.shows("BACKLOG_COMPLETE")
        assert shop.verify().holds

        path = shop.root / ".opencode" / "backlog.md"
        shop.commit("more", {".opencode/backlog.md": path.read_text("utf-8") + wants(SLOW)})
        terminal.enter("/deliver ")  # with the space the list of completions is closed, and Enter sends
        until(lambda: any(SLOW in asked.last_user for asked in person.asked("Commander")), "its Commander is asked")
        terminal.press("Escape")
        terminal.shows("esc again to interrupt")
        terminal.press("Escape")
        loop = until(person.stopped, "the loop has stopped")
        assert loop and loop.code == "LOOP_STOPPED"
        terminal.shows("interrupted")

        before = len(person.model.turns())
        thinker.thought.set()
        terminal.enter("/status ")  # OpenCode has a /status of its own, which the completion would take
        terminal.shows("That is where it stands.")
        since = person.model.turns()[before:]
        assert [role(asked) for asked in since] == ["ProjectCommander"], "nothing went on after the stop"
        assert f"[-] {SLOW}" in since[0].last_user or "1 in progress" in since[0].last_user
        assert person.loop() == loop
