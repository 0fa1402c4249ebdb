"""The read guard in OpenCode: the files that a call reads are looked at, and core/steering/guard.py decides.

A mistake in here costs tokens at most, so it never costs a call: what goes wrong is written to OpenCode's log, and the
call goes on as it was.
"""

from __future__ import annotations

import asyncio
import glob
import itertools
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from echelon.bridge.keeping import Keeper
from echelon.bridge.places import below_workspaces
from echelon.core.config import overridden
from echelon.core.fence import Ruling
from echelon.core.model import World
from echelon.core.steering import guard
from echelon.core.steering.guard import Facts
from echelon.slots.places import read_small

GUARD_VARIABLE = "ORCHESTRATOR_STEERING_GUARD"
TOOLS = ("read", "bash", "task")  # whose calls can give a model a file
FILE_BYTES_MAX = 4_000_000  # looked at; what is longer is long enough
GLOB_MAX = 100  # files that a pattern of the shell's is followed to

Log = Callable[[str], Awaitable[None]]


async def judge(
    tool: str, arguments: Mapping[str, Any], directory: str, keeper: Keeper, variable: str, log: Log
) -> Ruling:
    """What becomes of a call, in a session of `directory`. `variable`: ORCHESTRATOR_STEERING_GUARD where OpenCode runs.

    Never raises: `log` hears why a call was let through unseen.
    """
    try:
        config, _ = overridden(keeper.workspace.config, {GUARD_VARIABLE: variable})
        if tool not in TOOLS or not config["steering.readGuard"]:
            return Ruling()
        threshold = config.count("steering.lineThreshold")
        home = os.path.realpath(directory)
        return await asyncio.to_thread(guard.judge, tool, arguments, home, _Looking(keeper), threshold)
    except Exception as error:  # the guard saves tokens: a call is worth more
        await log(f"steering read guard: {tool} was let through: {error!r}"[:500])
        return Ruling()


class _Looking:
    """The steering files that a path leads to. The portfolio is asked for at most once, and only for a likely name."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._world: World | None = None

    def __call__(self, path: str) -> list[Facts]:
        found = (self._facts(one) for one in _spelled_out(path))
        return [facts for facts in found if facts is not None]

    def _facts(self, path: str) -> Facts | None:
        real = os.path.realpath(path)
        named = next((inner for way in (path, real) if (inner := self._inner(way)) and self._is_steering(inner)), None)
        text = read_small(Path(real), FILE_BYTES_MAX) if named else b""  # of a file only: a pipe is not waited for
        return Facts(named, text.decode("utf-8", "replace")) if named and text else None

    def _inner(self, path: str) -> str:
        """The path relative to the workspace, or to the slot that it lies in; "" for any other."""
        workspace = self._keeper.workspace
        slot = below_workspaces(path, workspace.places)
        if len(slot) > 4 and (slot[0], slot[1], slot[3]) == (workspace.name, "slots", "work"):
            return "/".join(slot[4:])
        inside = os.path.relpath(path, workspace.root)
        return "" if inside.startswith("..") else inside.replace(os.sep, "/")

    def _is_steering(self, inner: str) -> bool:
        if not guard.is_steering(inner) and inner.rpartition("/")[2] not in guard.NAMES:
            return False
        if self._world is None:
            self._world = self._keeper.world()
        return _active(self._world) and guard.is_steering(inner, _elsewhere(self._world))


def _active(world: World) -> bool:
    """Spec and backlog mode: there is a backlog, wherever the portfolio keeps it, or a list of projects or programs."""
    whole = world.portfolio
    return whole.depth != "project" or any(project.backlog is not None for project in whole.projects())


def _elsewhere(world: World) -> frozenset[str]:
    """The documents of projects and programs that are kept in folders of their own."""
    projects = [
        path for row in world.portfolio.projects() for path in (row.files.spec, row.files.backlog, row.files.journal)
    ]
    return frozenset((*projects, *(row.files.document for row in world.portfolio.programs)))


def _spelled_out(path: str) -> Iterator[str]:
    """The path, or the files that a pattern of the shell's means."""
    if not any(sign in path for sign in "*?["):
        return iter((path,))
    return itertools.islice(glob.iglob(path), GLOB_MAX)  # noqa: PTH207 - as a shell does it: no hidden files for `*`
