"""`echelon doctor`: observe, find, and with leave repair. Everything it writes is one operation, so undo works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from echelon.core import recovery
from echelon.core.layout import ROLE_BYTES_MAX, ROLES
from echelon.core.model import OWN
from echelon.core.recovery import Observed, Placed
from echelon.engine import configuring
from echelon.engine.engine import Engine
from echelon.errors import EchelonError, WorldError
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
    settings = (*workspace.configured.findings, *configuring.elsewhere(workspace.store))
    return recovery.examine(engine.world(), observe(engine), settings)


def observe(engine: Engine) -> Observed:
    """Slots, branches, records and faults as they are. Reading only; a fault is told, never raised."""
    workspace = engine.workspace
    recorded = workspace.store.documents()
    changed = [
        path
        for path in OWN
        if path in recorded and digest_of(workspace.store.read(path).content) != recorded[path].digest
    ]
    seen = Observed(changed_records=tuple(changed), long_roles=_long_roles(workspace.root))
    faults: list[tuple[str, str]] = []
    try:
        seen = replace(seen, sandbox=workspace.sandbox.name)
    except WorldError as error:
        faults.append((error.code, error.message))
    try:
        workspace.branch  # noqa: B018 - whether there is one is the question
        seen = replace(seen, unfinished_merge=workspace.repository.operation_in_progress() or "")
        rewound = engine.rewound()
        seen = replace(seen, rewound=rewound.message if rewound else "")
        if (workspace.state / "slots").is_dir():
            slots = engine.work.slots
            names = tuple(slot.id for slot in slots.open_slots())
            seen = replace(seen, slots=names, moved_slots=slots.moved(), branches=tuple(sorted(slots.branches())))
    except EchelonError as error:
        if error.code not in _NOT_A_FAULT:
            faults.append((error.code, error.message))
    return replace(seen, faults=tuple(faults))


def _long_roles(root: Path) -> tuple[str, ...]:
    files = sorted((root / ROLES).glob("*.md"))
    return tuple(f"{ROLES}/{file.name}" for file in files if file.is_file() and file.stat().st_size > ROLE_BYTES_MAX)


def repair(engine: Engine) -> Repaired:
    """Do what the findings' repairs say; then look again. One operation, so undo takes it back. Raises what the store
    raises."""
    workspace = engine.workspace
    with workspace.delivering("doctor --repair"):
        before = examine(engine)
        workspace.store.recover()
        if any(row.code == "BASE_REWOUND" for row in before):
            engine.baseline.restore(engine.starts())
        written = engine.write("doctor --repair", recovery.repairs)
        if (workspace.state / "slots").is_dir():
            moved = engine.work.slots.moved()
            engine.recover()
            for mission in engine.world().missions:
                if mission.slot in moved:
                    engine.work.snapshot(mission)  # keeps what the branch points to, and sets it back
        return Repaired(before, examine(engine), written)
