"""A workspace as it lies on the machine: its folder, its configuration, its store, its repository, its private places.

Nothing secret and nothing large lives in the workspace: slots, gates and prepared dependencies are under the user's
state and cache directories, one folder per workspace, named by a digest of its path.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from echelon.checks.sandbox import Sandbox, find_sandbox
from echelon.checks.steps import Command, Step, steps_from_json
from echelon.core.config import Config
from echelon.engine import configuring
from echelon.engine.places import FOLDER, Places, nearest_workspace
from echelon.errors import WorldError
from echelon.ports import CheckLimits
from echelon.slots.repository import Repository
from echelon.store.lock import Owner, workspace_lock
from echelon.store.transaction import Store

DELIVERY_LOCK = ".opencode/echelon/delivery.lock"


class SystemClock:
    """The only clock of the product."""

    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Workspace:
    """`root` is the folder that holds `.opencode`. Opening one reads the configuration and creates nothing."""

    def __init__(self, root: Path, places: Places | None = None, environment: Mapping[str, str] | None = None) -> None:
        """`environment`: what may go before the settings' file; None for that of this process."""
        self.root = root.resolve()
        self.places = places or Places.of_user()
        self.clock = SystemClock()
        self.stopped: Callable[[], bool] = lambda: False  # whoever acts may say when a person wants it to end
        self.tell: Callable[[str], None] = lambda _line: None  # hears, in one line, what takes long
        self.configured = configuring.read(Store(self.root, self.clock), environment)
        self.store = Store(self.root, self.clock, wait_seconds=self.config.number("limits.lockSeconds"))

    @property
    def config(self) -> Config:
        return self.configured.config

    @property
    def name(self) -> str:
        """A folder name for this workspace's private places: readable, and unique by digest."""
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', self.root.name)[:40]}-{digest}"

    @property
    def state(self) -> Path:
        return self.places.state / "workspaces" / self.name

    @cached_property
    def repository(self) -> Repository:
        """Raises WorldError NO_REPOSITORY and the others of `Repository.open`."""
        return Repository.open(self.root, self.state)

    @property
    def branch(self) -> str:
        """The base branch. Raises WorldError HEAD_DETACHED, BRANCH_MISSING."""
        return self.repository.base_branch(self.config["baseBranch"] or None)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The set-up steps. Raises InputError with the place of a mistake."""
        return steps_from_json(list(self.config["setup"]), "$.setup")

    @property
    def prepared_paths(self) -> tuple[str, ...]:
        """What the steps put into a slot: never part of a candidate."""
        return tuple(
            path for step in self.steps for path in (step.produces if isinstance(step, Command) else (step.path,))
        )

    @cached_property
    def sandbox(self) -> Sandbox:
        return find_sandbox(self.config["checks.sandbox"], hidden=(self.places.state, self.root))

    @property
    def check_limits(self) -> CheckLimits:
        return CheckLimits(
            seconds=self.config.number("limits.checkSeconds"),
            output_bytes=self.config.count("limits.checkOutputBytes"),
            memory_bytes=self.config.count("limits.checkMemoryBytes"),
            processes=self.config.count("limits.checkProcesses"),
        )

    @property
    def host(self) -> str:
        return os.uname().nodename if hasattr(os, "uname") else ""

    def lock_file(self, name: str) -> Path:
        """A lock beside the slots, not in the workspace: an agent cannot take it away."""
        folder = self.state / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / name

    @contextmanager
    def delivering(self, command: str) -> Iterator[None]:
        """Hold the right to move items: one process per workspace. Raises LockedError LOCK_BUSY, who and since when."""
        with self.store.locked(command):  # makes .opencode/echelon, and says so when it cannot
            pass
        owner = Owner(os.getpid(), self.host, self.clock.now(), command)
        with workspace_lock(self.root / DELIVERY_LOCK, owner, 0.0):
            yield


def find_workspace(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds `.opencode`. Raises WorldError NO_WORKSPACE."""
    if found := nearest_workspace(start):
        return found
    what = f"there is no {FOLDER} folder in {start.resolve()} or above it."
    raise WorldError("NO_WORKSPACE", what, "echelon init makes one.")
