"""A real repository with a workspace and a state directory, and git as a person runs it: for tests of `echelon.slots`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from echelon.slots.repository import Repository
from echelon.slots.worktrees import Slots

FILES = {"a.txt": "one\ntwo\nthree\n", "src/app.py": "x = 1\n", ".gitignore": "*.log\nnode_modules/\n"}


def plain(where: Path, *args: str, check: bool = True) -> str:
    """git as a person's shell runs it: reading the configuration of the place, running its hooks."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *args], cwd=where, env=env, capture_output=True, timeout=60)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")


def write(where: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        place = where / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())


@dataclass(frozen=True)
class World:
    top: Path
    state: Path

    @classmethod
    def make(cls, root: Path, files: Mapping[str, str | bytes] = FILES) -> World:
        top = root / "project"
        top.mkdir()
        plain(top, "init", "-q", "-b", "main")
        plain(top, "config", "user.name", "Una")
        plain(top, "config", "user.email", "una@example.org")
        world = cls(top, root / "state")
        world.commit(files)
        return world

    def commit(self, files: Mapping[str, str | bytes], message: str = "work") -> str:
        write(self.top, files)
        plain(self.top, "add", "-A")
        plain(self.top, "commit", "-q", "--allow-empty", "-m", message)
        return plain(self.top, "rev-parse", "HEAD")

    def repository(self) -> Repository:
        return Repository.open(self.top, self.state)

    def slots(self, *exclude: str) -> Slots:
        return Slots(self.repository(), exclude=exclude)

    def head(self) -> str:
        return plain(self.top, "rev-parse", "main")

    def git(self, *args: str) -> str:
        return plain(self.top, *args)

    def show(self, commit: str, path: str) -> str:
        return plain(self.top, "show", f"{commit}:{path}")
