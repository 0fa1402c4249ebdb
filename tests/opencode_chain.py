"""A real OpenCode with the bridge in it, a brain of its own, and a model that plays the whole chain of command."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from echelon.checks.environment import ALLOWED, NETWORK
from echelon.core import loops
from echelon.core.loops import Loop
from echelon.engine.workspace import Places, Workspace
from echelon.testing.model import Asked, Reply, Scenario, ScriptedModel, call, calls, say
from echelon.testing.opencode import MAIN, Server, World
from workspaces import Shop

BRIDGE = Path(loops.__file__).parents[1] / "hosts" / "opencode" / "plugin" / "echelon.js"
# Where this machine keeps its tools and how it reaches its registries: set-up steps of an example need both.
# PYTHONPATH: of a work tree whose Echelon is not the installed one.
TOOLS = {name: os.environ[name] for name in (*ALLOWED, *NETWORK, "PYTHONPATH") if name in os.environ}
HELLO = "hello, what is this repository?"
GO = "deliver the backlog"


@dataclass
class Stage:
    """One OpenCode in one workspace. `shop` is the workspace, `server` the client."""

    shop: Shop
    model: ScriptedModel
    world: World
    server: Server
    runtime: Path
    since: float = 0.0  # time.monotonic() when its test began

    @property
    def places(self) -> Places:
        return Places(self.world.folder / "state" / "echelon", self.world.folder / "cache" / "echelon")

    def loops(self) -> dict[str, Loop]:
        workspace = Workspace(self.shop.root, self.places)
        path = workspace.state / "loops.json"
        return loops.read(path.read_text("utf-8")) if path.exists() else {}

    def loop(self, session: str) -> Loop | None:
        return self.loops().get(session)

    def brain(self) -> int:
        """The process id of the brain that holds the lock, 0 when none does."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            pid = int(json.loads((self.runtime / "brain-1.lock").read_bytes())["pid"])
            os.kill(pid, 0)
            return pid
        return 0

    def kill_brain(self) -> bool:
        pid = self.brain()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(pid)

    def ask(self, text: str, agent: str = "ProjectCommander", *, session: str = "", seconds: float = 60.0) -> str:
        """Prompt a session and wait for the end of its loop and of its turn; the session."""
        session = session or self.server.create(title="t")
        self.server.prompt(session, text, agent)
        self.wait(session, seconds)
        return session

    def wait(self, session: str, seconds: float = 60.0) -> None:
        """Until nothing runs and nothing will: the session is idle and its loop, if any, has ended."""
        until = time.monotonic() + seconds
        while True:
            self.server.wait_idle(session, max(1.0, until - time.monotonic()))
            loop = self.loop(session)
            if (loop is None or loop.state != "running") and not self.server.is_busy(session):
                return
            assert time.monotonic() < until, f"still running after {seconds:g} s: {loop}"
            time.sleep(0.05)

    def texts(self, session: str, role: str = "user") -> list[str]:
        return [
            part["text"] for message in self.server.messages(session) if message["info"]["role"] == role
            for part in message["parts"] if part["type"] == "text"
        ]  # fmt: skip

    def run(self, *words: str, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """A command of the person's, in the same workspace."""
        environment = {**TOOLS, **self.world.environment, "ECHELON_RUNTIME": str(self.runtime)}
        return subprocess.run(
            [sys.executable, "-m", "echelon", *words], cwd=self.shop.root, env=environment, text=True, timeout=seconds,
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip

    def shown(self) -> str:
        """What the person was shown for some seconds in the terminal, so far."""
        return "\n".join(
            event.properties["message"] for event in self.server.events.all("tui.toast.show", since=self.since)
        )

    def until(self, true: Callable[[], Any], seconds: float = 60.0) -> Any:
        end = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.02)
        return found


def bridged(folder: Path, url: str, runtime: Path, **options: Any) -> World:
    """A World whose OpenCode has the bridge installed as `echelon install opencode` does it."""
    given = options.pop("environment", {})
    environment = {**TOOLS, "ECHELON_RUNTIME": str(runtime), "GIT_CONFIG_GLOBAL": os.devnull, **given}
    world = World(folder, url, plugins=(BRIDGE,), environment=environment, **options)
    command = {"command": [sys.executable, "-m", "echelon", "serve"]}
    (world.config_folder / "echelon.json").write_text(json.dumps(command), "utf-8")
    return world


@contextlib.contextmanager
def stage(
    folder: Path, shop: Shop, scenario: Scenario, *, version: str = MAIN, config: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Stage]:  # fmt: skip
    runtime = Path(tempfile.mkdtemp(prefix="ech-"))  # short: a socket's path may not be long
    try:
        with ScriptedModel(scenario) as model:
            world = bridged(folder, model.url, runtime, version=version, config=config, environment=environment or {})
            made: Stage | None = None
            try:
                with Server(world, shop.root) as server:
                    made = Stage(shop, model, world, server, runtime)
                    yield made
            finally:  # after the server, whose bridge would start it again
                if made:
                    made.kill_brain()
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


GUESTS_MAX = 24  # OpenCode keeps some 15 MiB for each directory in which a turn ran, and gives none back


class House:
    """One OpenCode for test after test: a workspace and a model's part for each, and nothing of it runs on.

    For what does not ask for a start, an end or an environment of its own; a configuration lies in the workspace.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guests = 0
        self._open = contextlib.ExitStack()
        self._stage: Stage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextlib.contextmanager
    def stage(self, shop: Shop, scenario: Scenario) -> Iterator[Stage]:
        made = self._next(shop)
        made.model.begin(scenario)
        made.server.directory = shop.root
        guest = replace(made, shop=shop, since=time.monotonic())
        try:
            yield guest
        finally:
            self._quiet(guest)
            made.model.begin(_nothing)

    def _next(self, shop: Shop) -> Stage:
        if self._stage is None or self._guests % GUESTS_MAX == 0:
            self._open.close()
            place = self._folder / str(self._guests)
            place.mkdir()
            self._stage = self._open.enter_context(stage(place / "w", shop, _nothing))
        self._guests += 1
        return self._stage

    def _quiet(self, guest: Stage) -> None:
        """Stop what runs, and let OpenCode forget the workspace."""
        where = str(guest.shop.root)
        for session in guest.server.get("/session/status", directory=where):
            guest.server.post(f"/session/{session}/abort", directory=where)
        guest.until(lambda: not guest.server.get("/session/status", directory=where))
        guest.server.post("/instance/dispose", directory=where)


def _nothing(_asked: Asked) -> Reply:
    return say("nobody asked me")


@dataclass
class Headless:
    """A person's machine with OpenCode on the PATH, and a workspace on it."""

    shop: Shop
    model: ScriptedModel
    environment: Mapping[str, str]

    def popen(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "echelon", *words], cwd=self.shop.root, env=dict(self.environment), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def run(self, *words: str, seconds: float = 200.0) -> subprocess.CompletedProcess[str]:
        """To its end; one that takes longer, less than a test may, is ended as by Ctrl-C and says what it was at."""
        with self.popen(*words) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=15)
                raise AssertionError(f"{words} still ran after {seconds:g} s:\n{out}\n{err}") from None
            except BaseException:
                process.kill()  # or the test would wait for it
                raise
            assert "Traceback" not in out + err, err
            return subprocess.CompletedProcess(words, process.returncode, out, err)

    def deliver(self, seconds: float = 200.0) -> Any:
        done = self.run("deliver", "--host", "opencode", "--json", seconds=seconds)
        return json.loads(done.stdout) if done.stdout else done.stderr


@contextlib.contextmanager
def headless(folder: Path, shop: Shop, scenario: Scenario) -> Iterator[Headless]:
    runtime = Path(tempfile.mkdtemp(prefix="ech-"))
    with ScriptedModel(scenario) as model:
        world = World(folder / "w", model.url)
        tools = folder / "tools"
        tools.mkdir()
        (tools / "opencode").symlink_to(world.binary)
        path = f"{tools}{os.pathsep}{world.environment['PATH']}"
        more = {"ECHELON_RUNTIME": str(runtime), "GIT_CONFIG_GLOBAL": os.devnull, "PATH": path, "SHOP_TOKEN": "s3cr3t"}
        environment = {**world.environment, **TOOLS, **more}
        environment = {name: value for name, value in environment.items() if "PASSWORD" not in name}
        try:
            yield Headless(shop, model, environment)
        finally:
            lock = runtime / "brain-1.lock"
            with contextlib.suppress(ProcessLookupError, ValueError, FileNotFoundError):  # it ended with its server
                os.kill(int(json.loads(lock.read_bytes())["pid"]), signal.SIGTERM)
            shutil.rmtree(runtime, ignore_errors=True)


# -------------------------------------------------------------------------------------------- the model's part


def role(asked: Asked) -> str:
    found = re.match(r"You are (\w+)[.]", asked.system)
    return found[1] if found else ""


def item_in(text: str) -> str:
    found = re.search(r"\bB\d{3}\b", text)
    return found[0] if found else ""


def deliver(item: str) -> list[tuple[str, Mapping[str, Any]]]:
    tick = """python3 -c "import pathlib as p; f = p.Path('.opencode/todo.md'); f.write_text(f.read_text().replace('- [ ]', '- [x]'))" """
    return [
        ("write", {"filePath": f"{item}.txt", "content": "done\n"}),
        ("bash", {"command": tick, "description": "tick"}),
    ]


@dataclass
class Chain:
    """ProjectCommander → Commander → Worker over `wants(...)` items; each turn of the top does one item.

    `work` says what the Worker calls for an item; a Worker's calls are made one after the other.
    """

    work: Callable[[str], list[tuple[str, Mapping[str, Any]]]] = field(default=deliver)
    staff: tuple[str, ...] = ("Worker",)
    close: str = "backlog_close_item"

    def __call__(self, asked: Asked) -> Reply:
        results = [text for _, text in asked.tool_results]
        if any("BRAIN_GONE" in text for text in results):
            return say("something is gone; later")
        match role(asked):
            case "ProjectCommander":
                return self._project(asked, results)
            case "Commander":
                item = item_in(asked.last_user)
                if len(results) < len(self.staff):
                    who = self.staff[len(results)]
                    return call("task", {"subagent_type": who, "description": who, "prompt": f"For {item}"})
                return say(f"{item}: the staff is done")
            case "Worker":
                calls = self.work(item_in(asked.last_user))
                return call(*calls[len(results)]) if len(results) < len(calls) else say("written")
        return say("looked")

    def _project(self, asked: Asked, results: list[str]) -> Reply:
        if "hello" in asked.last_user:
            return say("A shop.")
        if not results:
            return call("backlog_start_item", {})
        if len(results) == 1:
            found = re.search(r"(?:STARTED|IN_PROGRESS\]) (B\d{3})", results[0])
            if not found:
                return say(results[0])
            return call(
                "task", {"subagent_type": "Commander", "description": found[1], "prompt": f"Deliver {found[1]}"}
            )
        return call(self.close, {}) if len(results) == 2 else say(results[2][:80])


# ----------------------------------------------------------------------------------------- the upper levels' part

TICK = deliver("x")[1]
STARTED = re.compile(r"^STARTED ((?:PGM|PRJ)-\d+)", re.MULTILINE)
CLOSED = re.compile(r"CLOSED ((?:PGM|PRJ)-\d+)")
RUNNING = re.compile(r"\b((?:PGM|PRJ)-\d+) is active")
CALLS_MAX = 60  # of one commander in one turn: a mistake ends
GONE = "[BRAIN_GONE]"


def unanswered(asked: Asked) -> list[tuple[str, str]]:
    """Calls of the last message that found no brain: "ask again" is what they were told, and what a model does."""
    at = max(
        (number for number, one in enumerate(asked.messages) if one.get("tool_calls")), default=len(asked.messages)
    )
    made = {one["id"]: one["function"] for one in asked.messages[at]["tool_calls"]} if at < len(asked.messages) else {}
    answers = {one.get("tool_call_id"): str(one.get("content")) for one in asked.messages[at + 1 :]}
    return [(one["name"], one["arguments"]) for name, one in made.items() if GONE in answers.get(name, "")]


def heard(asked: Asked) -> list[tuple[str, str]]:
    return [(tool, text) for tool, text in asked.tool_results if GONE not in text]


def said(asked: Asked, pattern: str) -> str:
    """What the session's system prompt says it is about."""
    found = re.search(pattern, asked.system)
    return found[1] if found else ""


def file_in(system: str) -> str:
    """The file that proves the item, as the contract in a session's system prompt says it."""
    found = re.search(r"grep -qx done ([\w-]+\.txt)", system)
    return found[1] if found else ""


def labelled(text: str, name: str) -> str:
    found = re.search(rf"- {name}: (\S+)", text)
    return found[1] if found else ""


@dataclass
class Tree:
    """EnterpriseCommander → ProgramCommander → ProjectCommander → Commander → Worker, as a model would do it.

    Each repeats what a start answered to whom it calls. `parallel`: several calls in one turn. `together`: so many
    Workers have to be at work before the first of them goes on, and `held` until the test says so (`ready`).
    """

    parallel: bool = False
    together: int = 1
    held: bool = False
    workers: set[str] = field(default_factory=set)
    ready: threading.Event = field(default_factory=threading.Event)

    def __call__(self, asked: Asked) -> Reply:
        if gone := unanswered(asked):
            return calls(gone)
        results = [text for _, text in heard(asked)]
        match role(asked):
            case "EnterpriseCommander":
                return self._upper(asked, "enterprise", "program", "ProgramCommander")
            case "ProgramCommander":
                return self._upper(asked, "program", "project", "ProjectCommander")
            case "ProjectCommander":
                return self._items(asked) if self.parallel else self._one_by_one(results)
            case "Commander":
                prompt = {"subagent_type": "Worker", "description": "work", "prompt": "Do the work."}
                return say("the staff is done") if results else call("task", prompt)
            case "Worker":
                return self._work(asked, results)
        return say("looked")

    def _work(self, asked: Asked, results: list[str]) -> Reply:
        if len(results) >= 2:
            return say("written")
        if results:
            return call(*TICK)
        self.workers.add(asked.session)
        if len(self.workers) >= self.together and not self.held:
            self.ready.set()
        return call("write", {"filePath": file_in(asked.system), "content": "done\n"}, delay=self.ready)

    def _upper(self, asked: Asked, level: str, noun: str, agent: str) -> Reply:
        results = heard(asked)
        tool, last = results[-1] if results else ("", "")
        plural, suffix = self.parallel and len(results) < CALLS_MAX, "_parallel" if self.parallel else ""
        given = {"program_file": said(asked, r"\((\S+/program\.md)\)")} if level == "program" and suffix else {}
        more = {"max_projects": 9, "slots_per_project": 2} if given else {}
        start = call(f"{level}_start_{noun}s_parallel" if suffix else f"{level}_start_{noun}", {**given, **more})
        if not results:
            return start
        if STARTED.search(last):
            return self._tasks(agent, last.split("\n---\n"))
        if tool == "task":  # close what this turn called, in sequence the last one
            open_ = dict.fromkeys(
                name for _, text in results for name in (*STARTED.findall(text), *RUNNING.findall(text))
            )
            for name in (name for _, text in results for name in CLOSED.findall(text)):
                open_.pop(name, None)
            names = list(open_) if self.parallel else list(open_)[-1:]
            return calls([(f"{level}_close_{noun}{suffix}", {f"{noun}_id": name, **given}) for name in names])
        if plural and "_start_" in tool and RUNNING.search(last):  # it is called again, as the instructions say
            return self._tasks(agent, [f"{name} goes on." for name in RUNNING.findall(last)])
        if ("CLOSED" in last and level == "program") or (plural and "_close_" in tool):
            return start
        return say(last[:200])

    @staticmethod
    def _tasks(agent: str, prompts: list[str]) -> Reply:
        return calls([("task", {"subagent_type": agent, "description": "d", "prompt": text}) for text in prompts])

    def _one_by_one(self, results: list[str]) -> Reply:
        last = results[-1] if results else ""
        if not results or last.startswith("CLOSED"):
            return call("backlog_start_item", {})
        if last.startswith("STARTED"):
            prompt = {"subagent_type": "Commander", "description": "d", "prompt": f"Deliver {item_in(last)}"}
            return call("task", prompt)
        return call("backlog_close_item", {}) if "<task_result>" in last else say(last[:200])

    def _items(self, asked: Asked) -> Reply:
        results = [text for _, text in heard(asked)]
        last, path = results[-1] if results else "", said(asked, r"backlog_path: (\S+\.md)")
        flying: dict[str, None] = {}
        for text in results:
            if text.startswith("STARTED"):
                flying[item_in(text)] = None
            elif text.startswith("CLOSED"):
                flying.pop(item_in(text), None)
            elif text.startswith("BLOCKED"):  # it names what an earlier call of this level began
                own = said(asked, r"about project (\S+)") + "/"
                found = re.findall(r"([\w/-]*)(B\d{3})", text)
                flying |= dict.fromkeys(name for where, name in found if where in ("", own))
        if not results or last.startswith(("STARTED", "CLOSED")):
            return call("parallel_start_item", {"backlog_path": path, "max_slots": 2})
        if "<task_result>" in last:
            return calls([("parallel_close_item", {"backlog_path": path, "item_id": name}) for name in flying])
        if flying and last.startswith("BLOCKED"):  # nothing more starts now
            return self._tasks("Commander", [f"Deliver {name}" for name in flying])
        return say(last[:200])
