"""What a running console holds: the workspaces that are attached, the sessions, the stream. Lives in one event loop."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echelon.console.hosting import Hosting
from echelon.console.hub import Hub
from echelon.console.interface import Interface
from echelon.console.mirror import Changed, Mirror
from echelon.console.sessions import Sessions
from echelon.console.verifying import END_SECONDS, Verifying
from echelon.console.watching import watch
from echelon.engine.places import Places

WORKSPACES_MAX = 64


@dataclass(slots=True)
class Desk:
    """`address` is host and port. `attach` and `detach` are counted: a workspace goes when its last holder leaves."""

    address: str
    places: Places
    interface: Interface
    sessions: Sessions = field(default_factory=lambda: Sessions(time.monotonic))
    hub: Hub = field(default_factory=Hub)
    hosting: Hosting = field(default_factory=Hosting)
    mirrors: dict[str, Mirror] = field(default_factory=dict)
    verifying: dict[str, Verifying] = field(default_factory=dict)
    _holders: Counter[str] = field(default_factory=Counter)
    _watching: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _visiting: dict[str, asyncio.Task[str]] = field(default_factory=dict)  # folder of an OpenCode -> its being attached
    _hosted: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Look for OpenCode from now on: what happens there is told, and its workspaces are shown while it is there."""
        self.hosting.subscribe(self._happened)
        self._hosted = asyncio.ensure_future(self.hosting.run())

    def _happened(self, root: str, kind: str, facts: Mapping[str, Any]) -> None:
        if kind == "host":
            self._visit(root, present=bool(facts.get("present")))
        found = next((key for key, row in self.mirrors.items() if os.path.realpath(row.workspace.root) == root), None)
        if found is not None:
            self.hub.send(kind, {"workspace": found, **facts}, keep=kind != "text")

    def _visit(self, root: str, *, present: bool) -> None:
        if present and root not in self._visiting:
            self._visiting[root] = asyncio.ensure_future(self.attach(Path(root)))
        elif not present and root in self._visiting:
            attached = self._visiting.pop(root)
            attached.add_done_callback(lambda done: None if _failed(done) else self.detach(done.result()))

    async def attach(self, root: Path) -> str:
        """The id of the workspace, which the page can see from now on. Raises what opening it raises."""
        mirror = await asyncio.to_thread(Mirror, root, self.places)
        if mirror.id not in self.mirrors and len(self.mirrors) < WORKSPACES_MAX:
            self.mirrors[mirror.id] = mirror
            self._watching[mirror.id] = asyncio.ensure_future(
                watch(mirror, lambda changed: self.told(mirror.id, changed))
            )
            self.hub.send("workspaces", {})
        self._holders[mirror.id] += 1
        return mirror.id

    def detach(self, identifier: str) -> None:
        self._holders[identifier] -= 1
        if self._holders[identifier] <= 0 and identifier in self.mirrors:
            del self.mirrors[identifier], self._holders[identifier]
            self._watching.pop(identifier).cancel()
            if identifier in self.verifying:
                self.verifying[identifier].end()
            self.hub.send("workspaces", {})

    def told(self, identifier: str, changed: Changed) -> None:
        """Tell the pages what a refresh found."""
        mirror = self.mirrors.get(identifier)
        if mirror is None:
            return
        facts: dict[str, Any] = {
            "workspace": identifier,
            "revision": changed.revision,
            "areas": list(changed.areas),
            "items": [dict(row) for row in changed.items],
            "running": list(changed.running),
            "counts": dict(changed.counts),
            "trouble": mirror.trouble,
        }
        self.hub.send("state", facts)

    def close(self) -> None:
        for run in self.verifying.values():
            run.end()
        for task in (*self._watching.values(), *self._visiting.values(), *([self._hosted] if self._hosted else [])):
            task.cancel()
        self.hub.close()
        until = time.monotonic() + END_SECONDS
        for run in self.verifying.values():
            run.join(until - time.monotonic())


def _failed(task: asyncio.Task[str]) -> bool:
    return task.cancelled() or task.exception() is not None
