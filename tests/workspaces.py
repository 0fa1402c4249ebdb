"""Small workspaces for tests of the whole: real git, a playbook for the scripted host, checks that need no network.

Checks are mostly `grep`, so that a delivery costs milliseconds; `PYTEST` is there where a test runner is the subject.
Nothing touches the real home: the places of the engine and of the command line are inside the test's own folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import warm
from echelon.core.documents import entries
from echelon.dispatch.attempts import Event
from echelon.dispatch.deliver import Delivery, Outcome
from echelon.engine.engine import Engine
from echelon.engine.verification import Verification, verify
from echelon.engine.workspace import Places, Workspace
from echelon.hosts.scripted import ScriptedHost
from slots_world import plain, write

PYTEST = f"{sys.executable} -m pytest -q"
SPEC = "# Spec — Shop\n\n## Objective\nA shop.\n\n## Definition of done\n- no conflict markers are left\n"
QUIET_SPEC = "# Spec — Shop\n\n## Objective\nA shop.\n"
CONFIG: Mapping[str, Any] = {"checks": {"environment": {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}}}

COMMAND_SECONDS = 100.0

Play = Mapping[str, Any]


def check(command: str, words: str = "it holds") -> str:
    return f"{words} — check: `{command}`"


def guard(command: str, words: str = "it stays") -> str:
    return f"{words} — guard: `{command}`"


def item(name: str, *criteria: str, depends: str = "—", priority: int = 2, marker: str = " ") -> str:
    boxes = "".join(f"  - [ ] {criterion}\n" for criterion in criteria)
    head = f"### {name} — Title of {name}\n- Priority: P{priority}\n- Size: S\n- Status: [{marker}]\n"
    return f"{head}- Depends on: {depends}\n- Acceptance criteria:\n{boxes}\n"


def backlog(*items: str) -> str:
    return "# Backlog — Shop\n\n---\n\n" + "".join(items)


def wants(name: str, **options: Any) -> str:
    """An item that is proved when the file of its name says so."""
    return item(name, check(f"grep -qx done {name}.txt"), **options)


def does(name: str, *more: Mapping[str, Any], **act: Any) -> Play:
    """The attempt that delivers `wants(name)`."""
    return {"steps": [{"write": f"{name}.txt", "text": "done\n"}, *more], **act}


THREE = backlog(wants("B001"), wants("B002", depends="B001"), wants("B003"))
HONEST: Mapping[str, Sequence[Play]] = {name: [does(name)] for name in ("B001", "B002", "B003")}


def toml(value: Any) -> str:
    """A value as inline TOML; JSON's strings are TOML's."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def playbook(plays: Mapping[str, Sequence[Play]]) -> str:
    tables = [(name, act) for name, acts in plays.items() for act in acts]
    return "".join(
        f"[[{name}]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in act.items()) + "\n"
        for name, act in tables
    )


@dataclass
class Seen:
    outcome: Outcome
    events: list[Event] = field(default_factory=list)

    def texts(self, kind: str) -> str:
        return "\n".join(event.text for event in self.events if event.kind == kind)


@dataclass(frozen=True)
class Shop:
    """One workspace in `root`, with a home of its own beside it."""

    root: Path
    home: Path

    @classmethod
    def make(
        cls,
        folder: Path,
        text: str = THREE,
        plays: Mapping[str, Sequence[Play]] = HONEST,
        files: Mapping[str, str | bytes] | None = None,
        *,
        spec: str = QUIET_SPEC,
        config: Mapping[str, Any] = CONFIG,
        git: bool = True,
    ) -> Shop:
        shop = cls(folder / "shop", folder / "home")
        shop.root.mkdir(parents=True)
        shop.home.mkdir()
        write(shop.root, {"README.md": "shop\n", **(files or {})})
        write(shop.root, {".opencode/spec.md": spec, ".opencode/backlog.md": text})
        write(shop.root, {".opencode/orchestrator.jsonc": json.dumps(config)})
        shop.play(plays)
        if git:
            plain(shop.root, "init", "-q", "-b", "main")
            plain(shop.root, "config", "user.name", "Una")
            plain(shop.root, "config", "user.email", "una@example.org")
            shop.commit("the shop as it starts")
        return shop

    def play(self, plays: Mapping[str, Sequence[Play]]) -> None:
        write(self.root, {".opencode/playbook/playbook.toml": playbook(plays)})

    def commit(self, message: str = "work", files: Mapping[str, str | bytes] | None = None) -> str:
        write(self.root, files or {})
        plain(self.root, "add", "-A")
        plain(self.root, "commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        return plain(self.root, *words)

    # ------------------------------------------------------------------------------------------ in process

    @property
    def places(self) -> Places:
        return Places(self.home / "state" / "echelon", self.home / "cache" / "echelon")

    def engine(self) -> Engine:
        return Engine(Workspace(self.root, self.places))

    def deliver(
        self, name: str | None = None, *, in_place: bool = False, stopped: Callable[[], bool] = lambda: False
    ) -> Seen:
        engine = self.engine()
        host = ScriptedHost(self.root / ".opencode" / "playbook", self.root)
        events: list[Event] = []
        with engine.workspace.delivering("deliver"):
            outcome = Delivery(engine, host, events.append, stopped).run(name, in_place=in_place)
        return Seen(outcome, events)

    def verify(self, *items: str, rerun: bool = True) -> Verification:
        return verify(Workspace(self.root, self.places), items, rerun=rerun)

    def states(self) -> dict[str, str]:
        text = (self.root / ".opencode/backlog.md").read_bytes().decode("utf-8", "replace")
        return {entry.id: entry.state.value for entry in entries.parse(text).entries}

    def delivered(self) -> list[str]:
        return [name for name, state in self.states().items() if state == "delivered"]

    def merges(self) -> list[str]:
        """The items of the statements on the base branch, oldest first."""
        log = self.git("log", "--reverse", "--format=%B", "main")
        return [row.partition(": ")[2] for row in log.splitlines() if row.startswith("Echelon-Item: ")]

    def shown(self, path: str) -> str:
        return self.git("show", f"main:{path}")

    # ------------------------------------------------------------------------------------------ command line

    def env(self, **more: str) -> dict[str, str]:
        return environment(self.home, **more)

    def cli(self, *words: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return command(cwd or self.root, self.home, *words, **more)

    def started(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The same from an interpreter that starts: where the command's own start is part of what is shown."""
        return command(self.root, self.home, *words, start=True, **more)

    def json(self, *words: str) -> Any:
        """The one document on stdout, and nothing on stderr."""
        done = self.cli(*words)
        assert done.stderr == "", done.stderr
        return json.loads(done.stdout)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    places = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache")}
    return {**kept, **places, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **more}


def command(where: Path, home: Path, *words: str, start: bool = False, **more: str) -> subprocess.CompletedProcess[str]:
    """`echelon` in a process of its own. Whatever happens, a person must never see a traceback.

    Its imports are made already (warm.py), unless it shall `start` or is told something that its interpreter reads.
    """
    env = environment(home, **more)
    if start or any(name.startswith("PYTHON") for name in more):
        done = subprocess.run(
            [sys.executable, "-m", "echelon", *words], cwd=where, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=COMMAND_SECONDS,
        )  # fmt: skip
    else:
        done = warm.run(words, where, env, COMMAND_SECONDS)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert done.returncode != 3, done.stderr + logs(home)
    return done


def logs(home: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted((home / "state").rglob("crash-*.log")))


def bytes_of(folder: Path, *, without: Sequence[str] = (".git",)) -> dict[str, bytes]:
    """Every file below a folder, links by their target: what must not be lost."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] in without:
            continue
        if path.is_symlink():
            found[name] = os.fsencode(path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found
