"""Load, decide, commit: how a request becomes a change of documents. What follows from it (effects) is engine.py's.

Theory of operation. A request is decided under the workspace's lock on documents read there, and committed against
exactly those; an edit from outside in between is a conflict, and the request is decided again on the new text. What
is written to a document is written to its working copies too.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from echelon.core import copies, requests
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.levels import decide
from echelon.core.model import MISSIONS, Mission, World
from echelon.core.portfolio import local, scope_of
from echelon.engine.workspace import Workspace
from echelon.engine.world import Loaded, Loader, decode, encode
from echelon.errors import ConflictError
from echelon.ports import Change, Snapshot
from echelon.store.operations import Operation

FORGED = f"{MISSIONS} is not what Echelon wrote; nothing is decided on it."
FORGED_STEP = "find out who wrote there; backlog_suspend_item and backlog_resume_item make a new record of the item"
_ENDS = (requests.SuspendItem, requests.FailItem)  # what throws the record away may be asked whatever it says
DECIDE_TRIES = 5  # conflicts with edits from outside before we say so


class Asker:
    """One workspace, one actor: the world as it is, and requests that change it."""

    def __init__(self, workspace: Workspace, actor: str = "person") -> None:
        self.workspace = workspace
        self.actor = actor
        self._loader = Loader(workspace.store, workspace.config, str(workspace.state / "slots"))

    def loaded(self, scope: str | None = None) -> Loaded:
        """The world and the snapshots it was read from, with this project in front; None: the one that is worked on."""
        return self._loader.load(scope)

    def world(self, scope: str | None = None) -> World:
        return self.loaded(scope).world

    def ask(self, request: requests.Request, extra: Mapping[str, str] | None = None) -> Decision | Refusal:
        """Decide and commit, without the effects. `extra` are further files of the same transaction."""
        if self.workspace.configured.errors:
            return refuse("CONFIG_INVALID", *self.workspace.configured.errors)
        identifier = fresh(type(request).__name__)
        for remaining in reversed(range(DECIDE_TRIES)):
            with self.workspace.store.locked(type(request).__name__):
                loaded = self._loader.load()
                if not isinstance(request, _ENDS) and self._forged(loaded.snapshots[MISSIONS]):
                    return refuse("RECORD_CHANGED", FORGED, next_step=FORGED_STEP)
                decision = decide(loaded.world, request, self.workspace.clock.now())
                if isinstance(decision, Refusal):
                    return decision
                try:
                    self._commit(identifier, request, decision, loaded, extra or {})
                except ConflictError:
                    if not remaining:
                        raise
                    continue
                return decision
        raise AssertionError("the loop returns or raises")

    def write(
        self, name: str, plan: Callable[[World, str], Mapping[str, str | None]], prefix: str = "repair"
    ) -> tuple[str, ...]:
        """Commit what `plan(world, now)` wants written, as one operation called `name`; the paths that were.

        `prefix`: what the operation's id begins with.
        """
        with self.workspace.store.locked(name):
            loaded, now = self._loader.load(), self.workspace.clock.now()
            planned = plan(loaded.world, now)
            if not planned:
                return ()
            writes = {path: encode(text) for path, text in self._mirrored(planned, loaded).items()}
            snapshots = {path: loaded.snapshots.get(path) or self.workspace.store.read(path) for path in writes}
            request: dict[str, object] = {"action": name}
            self.workspace.store.commit(Change(fresh(prefix), self.actor, request, writes, snapshots, note=name))
            return tuple(sorted(writes))

    def _forged(self, record: Snapshot) -> bool:
        """Whether something else than Echelon wrote the record of missions, which says what may merge."""
        known = self.workspace.store.documents().get(MISSIONS)
        return known is not None and known.digest != record.digest

    def _commit(
        self, identifier: str, request: requests.Request, decision: Decision, loaded: Loaded, extra: Mapping[str, str]
    ) -> None:
        decided = {**decision.writes, **extra}
        if not decided:
            return
        writes = {path: encode(text) for path, text in self._mirrored(decided, loaded).items()}
        snapshots = loaded.snapshots
        for path in writes:
            snapshots.setdefault(path, self.workspace.store.read(path))
        change = Change(
            operation_id=identifier,
            actor=self.actor,
            request={"action": type(request).__name__, "arguments": _shown(request)},
            writes=writes,
            expected=snapshots,
            effects=tuple({"kind": effect.kind, **_small(effect)} for effect in decision.effects),
            note=decision.message.split("\n", 1)[0][:300],
        )
        self._remember(decision, self.workspace.store.commit(change))

    def _mirrored(self, decided: Mapping[str, str | None], loaded: Loaded) -> dict[str, str | None]:
        """The writes with those of the working copies (core/copies.py)."""
        known = self.workspace.store.documents()
        files: dict[str, copies.Held] = {}
        for stored, others in loaded.copies.items():
            for path in (stored, *others):
                raw, ours = (
                    loaded.snapshots.get(path),
                    known.get(path),
                )  # none: it cannot be read, and the commit says why
                text, digest = (decode(raw.content), raw.digest) if raw else (None, "")
                files[path] = copies.Held(text, digest, ours.digest if ours else "")
        now = self.workspace.clock.now()
        return copies.mirrored(decided, loaded.copies, files, loaded.world.texts, now)

    def _remember(self, decision: Decision, operation: Operation) -> None:
        """An edited backlog is known already; it need not be parsed, nor its 3 MB digested, again."""
        for edit in operation.edits:
            if decision.backlog is not None and edit.path.endswith("/backlog.md"):
                self._loader.remember("backlog", edit.after, decision.backlog)

    # ----------------------------------------------------------------------------------------- finding a mission

    def find_mission(self, item: str | None = None, scope: str | None = None) -> Mission | Refusal:
        """The mission that is meant: by key, by id in `scope`, by id anywhere, or the only one in flight."""
        if item is not None and scope is None and "/" in item:
            scope = scope_of(item)
        world = self.world(scope)
        rows = list(world.own_missions if scope is not None or item is None else world.missions)
        if item is None and scope is None and not rows:
            rows = list(world.missions)
        if item is not None:
            rows = [row for row in rows if row.item == item or row.local == local(item)]
        if not rows and item is not None:
            return refuse("NOTHING_IN_PROGRESS", f"no mission runs for {item[:60]}", prefix="NO ITEM IN PROGRESS")
        if not rows:
            return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
        return rows[0] if len(rows) == 1 else refuse("ITEM_AMBIGUOUS", *(row.item for row in rows))

    def scope_at(self, backlog: str) -> str | None:
        """Key of the project whose backlog lies at this path, or has a working copy there; None when there is none."""
        for project in self.world().portfolio.projects():
            files = project.files
            if backlog in (files.backlog, *files.copies().get(files.backlog, ())):
                return project.key
        return None


def fresh(name: str) -> str:
    return f"{name}-{secrets.token_hex(8)}"


def _shown(request: requests.Request) -> dict[str, Any]:
    """The request as the log keeps it: what the caller said, without the bulk that the shell added."""
    assert is_dataclass(request)
    fields = {
        name: getattr(request, name) for name in request.__slots__ if name not in ("base", "findings", "record", "todo")
    }
    return json.loads(json.dumps(fields, default=lambda value: asdict(value) if is_dataclass(value) else str(value)))


def _small(effect: Effect) -> dict[str, Any]:
    return {key: value for key, value in effect.arguments.items() if key != "files"}
