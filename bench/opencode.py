"""Echelon inside a real OpenCode, which talks to a scripted model: what a person waits for, and what it takes up.

Everything is offline and in a home of its own (echelon.testing). OpenCode gives times in whole milliseconds.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import materials
from bench.timing import Samples, scratch
from echelon.bridge.brain import brain_of
from echelon.core import loops
from echelon.engine.workspace import Places, Workspace
from echelon.hosts.opencode.install import COMMAND, bridge_source
from echelon.testing import opencode
from echelon.testing.model import Asked, Reply, ScriptedModel, call, say
from echelon.testing.opencode import Server, World

ITEMS = 3
TURNS = 80  # of one loop; at most 100, where one that changes nothing is stopped
TALKS, PAIRS = 4, 30  # sessions, and calls of each tool in one of them
STARTS = 6  # of each kind, after a first round that warms up
SMALL, LARGE = 20, materials.FILES  # files of a repository
WAIT_SECONDS, LOOK_SECONDS = 240.0, 0.2
OURS, PLAIN = "backlog_status", "bench_answer"
PLUGIN = f"""
const execute = async () => ({{ title: "ok", output: "ok", metadata: {{}} }})
const server = async () => ({{ tool: {{ {PLAIN}: {{ description: "Answers.", args: {{}}, execute }} }} }})
export default {{ id: "bench", server, setup() {{}} }}
"""
BRIDGE = {"echelon.js": bridge_source()}
ANSWERS = {"bench.js": PLUGIN.encode()}
NOTHING: Mapping[str, bytes] = {}
DELIVER, TALK, CALLS, HELLO = "deliver the backlog", "start and talk", "call the tools", "hello"
TOP, OWN = "ProjectCommander", "build"  # our agent, OpenCode's
UPPER = ("ProgramCommander", "EnterpriseCommander")
TICK = "sed -i 's/- \\[ \\]/- [x]/' .opencode/todo.md"


def missing() -> str:
    """Why nothing can be measured here; "" when it can."""
    if not Path("/proc/self/status").exists():
        return "memory is read below /proc"
    return "" if opencode.binary() else opencode.missing()


def measure() -> Samples:
    opencode.POLL_SECONDS, opencode.HEALTH_SECONDS = 0.005, 0.1  # finer than tests need
    found: Samples = {}
    for part in (_starts, _delivery, _calls, _idle, _idle_large):
        with at_work() as desk:
            found |= part(desk)
    return found


@dataclass
class _Desk:
    """Folders, a scripted model, and the brain that whatever runs there shares."""

    folder: Path
    runtime: Path
    model: ScriptedModel

    def workspace(self, files: int = SMALL) -> Path:
        home = self.folder / "home"
        home.mkdir()
        root = materials.workspace(self.folder / "repo", materials.checked_items(ITEMS))
        limits = {"loopTurns": TURNS + 1, "loopStillTurns": 100}
        (root / ".opencode/orchestrator.jsonc").write_text(json.dumps({"limits": limits}), "utf-8")
        materials.repository(root, home, files)
        return root

    def world(self, name: str, plugins: Mapping[str, bytes] = BRIDGE) -> World:
        """A home for OpenCode, with the bridge as it is installed and what else is given."""
        for file, content in plugins.items():
            (self.folder / file).write_bytes(content)
        ours = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}  # of a work tree
        environment = {"ECHELON_RUNTIME": str(self.runtime), "GIT_CONFIG_GLOBAL": os.devnull, **ours}
        files = tuple(self.folder / file for file in plugins)
        world = World(self.folder / name, self.model.url, plugins=files, environment=environment)
        if plugins:
            (world.config_folder / "echelon.json").write_text(json.dumps({"command": list(COMMAND)}), "utf-8")
        return world

    def end_brain(self) -> None:
        pid = brain_of(self.runtime)
        if not pid:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        _until(lambda: not _lives(pid))


def _lives(pid: int) -> bool:
    try:
        return os.kill(pid, 0) is None
    except ProcessLookupError:
        return False


@contextlib.contextmanager
def at_work(play: Callable[[Asked], Reply] | None = None) -> Iterator[_Desk]:
    """A folder with an OpenCode's home and a model that plays `play`, else what this module measures."""
    runtime = Path(tempfile.mkdtemp(prefix="ech-"))  # short: a socket's path may not be long
    try:
        with scratch() as folder, ScriptedModel(play or _Play()) as model:
            desk = _Desk(folder, runtime, model)
            try:
                yield desk
            finally:
                desk.end_brain()
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


# ---------------------------------------------------------------------------------------------- what is measured


def _starts(desk: _Desk) -> Samples:
    """A process from its start to its first session, by turns: without plugins, with one that is nothing, with ours."""
    root = desk.workspace()
    opencode.seed(root / ".opencode")  # as OpenCode's first start with any plugin leaves it, when it can reach npm
    plain, other, ours = desk.world("without", NOTHING), desk.world("other", ANSWERS), desk.world("bridged")
    whole: Samples = {"start_plain": [], "start_plugin": [], "start_cold": [], "start_warm": []}
    first: Samples = {key: [] for key in whole}
    for number in range(STARTS + 1):
        desk.end_brain()
        for key, world in zip(whole, (plain, other, ours, ours), strict=True):
            taken = _start(world, root)
            if number:
                whole[key].append(sum(taken))
                first[key].append(taken[1])
    usual = statistics.median(first["start_plain"])
    more = {f"{key}_more": [one - usual for one in samples] for key, samples in first.items()}
    return {**more, "start_plain": whole["start_plain"], "start_first": first["start_plain"]}


def _start(world: World, root: Path) -> tuple[float, float]:
    """Until it answers, and from there to its first session, before which it loads no plugin."""
    begun = time.perf_counter()
    with Server(world, root) as server:
        answers = time.perf_counter()
        server.create(title="t")
        return (answers - begun) * 1000, (time.perf_counter() - answers) * 1000


def _delivery(desk: _Desk) -> Samples:
    """A delivered backlog, the brain's memory after it, and what its requests carry beyond OpenCode's own."""
    root = desk.workspace()
    world = desk.world("bridged")
    with Server(world, root) as server:
        _looped(server, world, DELIVER)
        memory = _resident(brain_of(desk.runtime))
        for agent in (OWN, *UPPER):
            server.prompt(server.create(title="t"), HELLO, agent)
        _until(lambda: {OWN, *UPPER} <= set(_firsts(desk.model)))
    ours = _firsts(desk.model)
    backlog = materials.engine(root, desk.folder).world().backlog
    states = {entry.state.value for entry in backlog.entries} if backlog else set()
    if states != {"delivered"}:
        raise RuntimeError(f"the backlog was not delivered, but is {states}")
    with Server(desk.world("without", NOTHING), root) as server:
        before = len(desk.model.requests)
        server.prompt(server.create(title="t"), HELLO, OWN)
        _until(lambda: OWN in _firsts(desk.model, before))
    plain = _firsts(desk.model, before)[OWN]
    found: Samples = {"memory": [memory]}
    roles = {"project": TOP, "mission": "Commander", "worker": "Worker", "own": OWN}
    for key, role in (*roles.items(), *zip(("program", "enterprise"), UPPER, strict=True)):
        added = _added(ours[role], plain)
        found[f"tokens_{key}"], found[f"bytes_{key}"] = [len(added) / 4], [float(len(added.encode()))]
        found[f"net_{key}"] = [(_size(ours[role]) - _size(plain)) / 4]
    return found


def _firsts(model: ScriptedModel, since: int = 0) -> dict[str, Asked]:
    """Agent -> its first request."""
    found: dict[str, Asked] = {}
    for asked in model.requests[since:]:
        if not asked.is_title:
            found.setdefault(_role(asked) or OWN, asked)
    return found


def _tools(asked: Asked) -> dict[str, str]:
    return {tool["function"]["name"]: json.dumps(tool, ensure_ascii=False) for tool in asked.raw.get("tools") or ()}


def _size(asked: Asked) -> int:
    return len(asked.system) + sum(map(len, _tools(asked).values()))


def _added(asked: Asked, plain: Asked) -> str:
    """What a request carries that is not OpenCode's: its system prompt without the end that all have, its own tools.

    What OpenCode leaves out for our agents - its own prompt, the tools they may not use - is not set against it.
    """
    common = len(os.path.commonprefix([asked.system[::-1], plain.system[::-1]]))  # noqa: RUF071 - texts, not paths
    theirs = _tools(plain)
    return asked.system[: len(asked.system) - common] + "".join(
        text if name not in theirs else text[len(theirs[name]) :] for name, text in _tools(asked).items()
    )


def _resident(pid: int) -> float:
    """MiB."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text("utf-8"), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def _calls(desk: _Desk) -> Samples:
    """Calls as OpenCode times them, one of ours and one of a plugin that only answers, by turns."""
    taken: Samples = {OURS: [], PLAIN: []}
    with Server(desk.world("bridged", {**BRIDGE, **ANSWERS}), desk.workspace()) as server:
        for _ in range(TALKS):
            session = server.create(title="t")
            server.prompt(session, CALLS, TOP)
            server.wait_idle(session, WAIT_SECONDS)
            for part in (part for message in server.messages(session) for part in message["parts"]):
                if part["type"] == "tool":
                    state = part["state"]
                    assert state["status"] == "completed", state
                    taken[part["tool"]].append(float(state["time"]["end"] - state["time"]["start"]))
    assert all(len(samples) == TALKS * PAIRS for samples in taken.values()), taken
    ratio = statistics.median(taken[OURS]) / statistics.median(taken[PLAIN])
    return {"call": taken[OURS], "call_plain": taken[PLAIN], "call_ratio": [ratio]}


def _idle(desk: _Desk, key: str = "idle", files: int = SMALL) -> Samples:
    """From the end of one turn of a loop to the next prompt."""
    world = desk.world("bridged")
    with Server(world, desk.workspace(files)) as server:
        rows = [message["info"] for message in server.messages(_looped(server, world, TALK))]
    pairs = [(one, other) for one, other in itertools.pairwise(rows) if other["role"] == "user"]
    assert len(pairs) == TURNS, len(pairs)
    return {key: [float(other["time"]["created"] - one["time"]["completed"]) for one, other in pairs]}


def _idle_large(desk: _Desk) -> Samples:
    return _idle(desk, "idle_large", LARGE)


def _looped(server: Server, world: World, text: str) -> str:
    """Prompt, and wait for the end of the loop: its session. The loop's own file is watched; OpenCode is left alone."""
    folder = world.folder
    path = Workspace(server.directory, Places(folder / "state/echelon", folder / "cache/echelon")).state / "loops.json"
    session = server.create(title="t")
    server.prompt(session, text, TOP)
    _until(lambda: path.exists() and loops.read(path.read_text("utf-8"))[session].state != "running")
    return session


def _until(true: Callable[[], Any]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > until:
            raise RuntimeError(f"it did not happen in {WAIT_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)


# ---------------------------------------------------------------------------------------------- the model's part


def _role(asked: Asked) -> str:
    found = re.match(r"You are (\w+)[.]", asked.system)
    return found[1] if found else ""


class _Play:
    """Delivers item by item down the whole chain; or starts an item and talks; or calls two tools by turns."""

    def __call__(self, asked: Asked) -> Reply:
        done, last = [text for _, text in asked.tool_results], asked.last_user
        item = (re.findall(r"\bB\d{3}\b", last) or [""])[0]
        match _role(asked):
            case "ProjectCommander" if CALLS in last:
                return call((OURS, PLAIN)[len(done) % 2], {}) if len(done) < 2 * PAIRS else say("called")
            case "ProjectCommander" if TALK in last:
                return say("I talk.") if done else call("backlog_start_item", {})
            case "ProjectCommander" if DELIVER in last or "Next is" in last:
                return self._project(done)
            case "Commander" if not done:
                return call("task", {"subagent_type": "Worker", "description": item, "prompt": f"Do {item}"})
            case "Worker" if len(done) < 2:
                write = ("write", {"filePath": f"{item}.txt", "content": "done\n"})
                return call(*(write, ("bash", {"command": TICK, "description": "tick"}))[len(done)])
        return say("I talk.")

    def _project(self, done: list[str]) -> Reply:
        if not done:
            return call("backlog_start_item", {})
        if len(done) == 1:
            item = re.findall(r"\bB\d{3}\b", done[0])[0]
            return call("task", {"subagent_type": "Commander", "description": item, "prompt": f"Deliver {item}"})
        return call("backlog_close_item", {}) if len(done) == 2 else say(done[2][:80])
