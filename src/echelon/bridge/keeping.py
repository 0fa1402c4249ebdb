"""What a workspace's loops are, kept across the brain's death, and what code can see of the work they do."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from echelon.bridge import own_roles
from echelon.bridge.places import RECORD, is_slot
from echelon.checks.steps import Link
from echelon.core import config, loops
from echelon.core.loops import Loop, Step, Turn, Verdict
from echelon.core.model import Mission, World
from echelon.core.posts import LevelName
from echelon.engine.workspace import Places, Workspace, find_workspace
from echelon.engine.world import Loader
from echelon.errors import InputError
from echelon.slots.places import private_directory, read_small, write_record, write_whole

FILE, FILE_BYTES_MAX = loops.FILE, loops.FILE_BYTES_MAX
TREE_FILES_MAX = 20_000  # looked at to see whether a turn changed anything
_SKIPPED = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".pytest_cache"})


_writing = threading.Lock()  # loops of one workspace are saved by several threads, and by several desks of one brain


class Keeper:
    """The loops of one workspace. Every change is on disk before anything follows from it."""

    def __init__(self, root: Path, places: Places) -> None:
        self._reading = threading.Lock()
        self._open(root, places)
        self._path = self.workspace.state / FILE

    def _open(self, root: Path, places: Places) -> None:
        self._settings = _settings(root)  # before they are read: what is written in between is read the next time
        # The brain's own environment is that of whoever started it first; OpenCode's is told by the bridge.
        self.workspace = Workspace(root, places, {})
        leave_record(self.workspace)
        self._loader = Loader(self.workspace.store, self.workspace.config)  # it parses again only what changed

    def loops(self) -> dict[str, Loop]:
        return loops.read(read_small(self._path, FILE_BYTES_MAX).decode("utf-8", "replace"))

    def running(self, session: str) -> Loop | None:
        loop = self.loops().get(session)
        return loop if loop and loop.state == "running" else None

    def unended(self, session: str) -> Loop | None:
        """The one that runs, or waits for the person."""
        loop = self.loops().get(session)
        return loop if loop and loop.unended else None

    def save(self, loop: Loop) -> None:
        with _writing:
            known = self.loops()
            known.pop(loop.session, None)  # the newest is written last
            # It has to outlive the brain, not the machine: with the power every session's OpenCode is gone as well.
            write_whole(self._path, loops.write({**known, loop.session: loop}).encode("utf-8"), durable=False)

    def begin(
        self,
        session: str,
        level: LevelName,
        agent: str,
        objective: str,
        host: int,
        item: str = "",
        scope: str | None = None,
    ) -> Loop:
        """Start, or start again: an explicit word of the person's, or an action that starts work.

        `item` is an id of the project `scope`; `scope` None: the session has not said yet what it is about.
        """
        world = self.world()
        loop = Loop(
            session,
            level,
            agent,
            objective[: loops.OBJECTIVE_MAX],
            time.time(),
            host,
            item,
            scope,
            todo=loops.todo_digest(world),
            seen=self._seen(world),
        )
        self.save(loop)
        return loop

    def world(self) -> World:
        """As it is now, under the settings as they are now: an OpenCode is open for days."""
        with self._reading:
            if _settings(self.workspace.root) != self._settings:
                self._open(self.workspace.root, self.workspace.places)
            return self._loader.load().world

    def verdict(self, loop: Loop) -> Verdict:
        return loops.verdict(self.world(), loop)

    def step(self, loop: Loop, turn: Turn) -> Step | None:
        """The answer to an idle session, saved before anybody acts on it."""
        world = self.world()
        answer = loops.step(
            loop, turn, loops.verdict(world, loop), self._seen(world), time.time(), self.workspace.config
        )
        if answer is None or self.running(loop.session) is None:
            return None  # a stop came while the files were read
        self.save(answer.loop)
        return answer

    def wake(self, session: str, turn: Turn) -> Step | None:
        """What a loop that waits does now, saved before anybody acts on it; None while it waits on."""
        verdict = self.verdict(loop) if (loop := self.unended(session)) else None
        now = self.loops().get(session)  # a stop may have come while the files were read
        if verdict is None or now is None:
            return None
        answer = loops.wake(now, turn, verdict, time.time(), self.workspace.config)
        if answer is not None:
            self.save(answer.loop)
        return answer

    def _seen(self, world: World) -> str:
        """A digest of everything a turn may have changed: the state, the evidence, and the files of the work."""
        whole = hashlib.sha256()
        for path, text in sorted(world.texts.items()):
            whole.update(f"{path}\0{text}\0".encode("utf-8", "surrogateescape"))
        for mission in world.missions:
            _digest_tree(slot_directory(self.workspace, mission), whole)
        if not world.missions:
            _digest_tree(self.workspace.root, whole)
        return whole.hexdigest()


def _settings(root: Path) -> tuple[tuple[int, int, int], ...]:
    """What tells whether the files of the settings are what they were."""
    return tuple(facts_of(root / path) for path in config.PATHS)


def facts_of(path: Path) -> tuple[int, int, int]:
    """Inode, size and time: another file has others."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def leave_record(workspace: Workspace) -> None:
    """Beside a workspace's slots: whose they are, and what the set-up links into them from elsewhere."""
    try:
        links = [os.path.realpath(workspace.root / step.path) for step in workspace.steps if isinstance(step, Link)]
    except InputError:  # a mistake in the set-up is said by whoever opens a slot
        links: list[str] = []
    write_record(private_directory(workspace.state) / RECORD, {"root": str(workspace.root), "readable": links})


def workspace_of(directory: str, places: Places) -> Path:
    """The folder with the workspace that a directory belongs to, a slot's too. Raises WorldError NO_WORKSPACE."""
    above = own_roles.workspace_of(directory, places) if is_slot(directory, places) else None
    return above or find_workspace(Path(directory))


def slot_directory(workspace: Workspace, mission: Mission) -> Path:
    """Where a mission's files are, whether they are there at this moment or not."""
    return workspace.root if mission.in_place else workspace.state / "slots" / mission.slot / "work"


def _digest_tree(root: Path, whole: hashlib._Hash) -> None:
    for count, entry in enumerate(_entries(root)):
        if count >= TREE_FILES_MAX:
            return
        found = entry.stat(follow_symlinks=False)
        whole.update(f"{entry.path}\0{found.st_mtime_ns}\0{found.st_size}\0".encode("utf-8", "surrogateescape"))


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            rows = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in rows:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _SKIPPED:
                yield from _entries(entry.path)
        else:
            yield entry
