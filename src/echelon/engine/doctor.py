"""`echelon doctor`: observe, find, and with leave repair. Everything it writes is one operation, so undo works."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.core import recovery
from echelon.core.model import ATTEMPTS, EVIDENCE, MISSIONS
from echelon.core.recovery import Observed, Placed
from echelon.engine.engine import Engine
from echelon.engine.world import decode, encode
from echelon.errors import EchelonError, WorldError
from echelon.ports import Change
from echelon.store.operations import digest_of

# A folder without a repository can still be worked in, in place.
_NOT_A_FAULT = frozenset({"NO_REPOSITORY"})


@dataclass(frozen=True, slots=True)
class Repaired:
    before: tuple[Placed, ...]
    after: tuple[Placed, ...]
    written: tuple[str, ...]


def examine(engine: Engine) -> tuple[Placed, ...]:
    workspace = engine.workspace
    path = workspace.config.source
    text = decode(workspace.store.read(path).content) if path else ""
    return recovery.examine(engine.world(), observe(engine), (path, text or "", workspace.config_findings))


def observe(engine: Engine) -> Observed:
    """Slots, records and faults as they are. Reading only; a fault is told, never raised."""
    workspace = engine.workspace
    recorded = workspace.store.documents()
    changed = [
        path
        for path in (MISSIONS, ATTEMPTS, EVIDENCE)
        if path in recorded and digest_of(workspace.store.read(path).content) != recorded[path].digest
    ]
    slots: tuple[str, ...] = ()
    faults: list[tuple[str, str]] = []
    try:
        workspace.branch  # noqa: B018 - whether there is one is the question
        if (workspace.state / "slots").is_dir():
            slots = tuple(slot.id for slot in engine.work.slots.open_slots())
    except EchelonError as error:
        if error.code not in _NOT_A_FAULT:
            faults.append((error.code, error.message))
    try:
        sandbox = workspace.sandbox.name
    except WorldError as error:
        faults.append((error.code, error.message))
        sandbox = ""
    return Observed(slots, tuple(changed), tuple(faults), sandbox)


def repair(engine: Engine) -> Repaired:
    """Do what the findings' repairs say; then look again. Raises what the store raises."""
    workspace = engine.workspace
    with workspace.delivering("doctor --repair"):
        before = examine(engine)
        workspace.store.recover()
        written: list[str] = []
        with workspace.store.locked("doctor --repair"):
            writes = recovery.repairs(engine.world(), workspace.clock.now())
            if writes:
                snapshots = {path: workspace.store.read(path) for path in writes}
                content = {path: encode(text) for path, text in writes.items()}
                request: dict[str, object] = {"action": "repair"}
                identifier = f"repair-{workspace.clock.now()}"
                workspace.store.commit(
                    Change(identifier, engine.actor, request, content, snapshots, note="doctor --repair")
                )
                written = sorted(writes)
        if (workspace.state / "slots").is_dir():
            engine.recover()
        return Repaired(before, examine(engine), tuple(written))
