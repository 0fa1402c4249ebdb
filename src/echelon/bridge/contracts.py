"""What a session is about and where it may work: its contract for the system prompt, its room for the fence.

A chain is a session with its parents, the root last. The mission of a chain is the item in flight when a
ProjectCommander is above; a session in a slot's own directory was opened there by code and is about that slot.
"""

from __future__ import annotations

import os
from pathlib import Path

from echelon.bridge.keeping import RECORD, Keeper, slot_directory
from echelon.bridge.places import below_workspaces, is_slot
from echelon.bridge.roles import ROLES
from echelon.bridge.sessions import Session
from echelon.core.documents import sections
from echelon.core.documents.render import clean, quote
from echelon.core.fence import Room
from echelon.core.model import CONTEXT, Mission
from echelon.engine.workspace import Places
from echelon.slots.places import read_record, read_small

CONTEXT_BYTES_MAX = 200_000
FEEDBACK_MAX = 2_000


def _mission(chain: tuple[Session, ...], keeper: Keeper | None) -> Mission | None:
    """The item in flight, for the staff of a mission that a ProjectCommander gave out."""
    role = ROLES.get(chain[0].agent)
    if keeper is None or role is None or role.level == "project":
        return None
    if not any(session.agent == "ProjectCommander" for session in chain[1:]):
        return None
    return keeper.world().mission()


def room(chain: tuple[Session, ...], keeper: Keeper | None, places: Places) -> Room | None:
    """Where the session's tools may work; None: nothing of ours is in the way."""
    session, role = chain[0], ROLES.get(chain[0].agent)
    writes = role.writes if role else True
    home = os.path.realpath(session.directory)
    if is_slot(home, places):
        return Room(root=home, home=home, workspace=home, writes=writes, readable=_linked(home, places))
    mission = _mission(chain, keeper)
    if mission is None or keeper is None:
        return None
    root = os.path.realpath(slot_directory(keeper.workspace, mission))
    workspace = keeper.workspace
    readable = _linked(root, places)
    return Room(root, home, os.path.realpath(workspace.root), writes, readable)


def _linked(slot: str, places: Places) -> tuple[str, ...]:
    """What the set-up links into slots from elsewhere, and may be read through them."""
    record = (
        read_record(places.state / "workspaces" / below_workspaces(slot, places)[0] / RECORD)
        if below_workspaces(slot, places)
        else None
    )
    return tuple(str(path) for path in (record or {}).get("readable", ()))


def text(chain: tuple[Session, ...], keeper: Keeper | None, places: Places) -> str:
    """What stands at the end of the system prompt, at every step, also after a compaction. "" for nothing to say."""
    session = chain[0]
    if is_slot(session.directory, places):
        return _block(Path(session.directory))
    mission = _mission(chain, keeper)
    if mission is not None and keeper is not None:
        slot = slot_directory(keeper.workspace, mission)
        where = f"Mission {mission.name}. Your directory is {slot}: relative paths lead there by themselves."
        before = (
            f"The attempt before was refused:\n{quote(clean(mission.feedback)[:FEEDBACK_MAX])}"
            if mission.feedback
            else ""
        )
        return "\n\n".join(filter(None, (where, _block(slot), before)))
    loop = keeper.loops().get(chain[-1].id) if keeper else None
    if loop is None:
        return ""
    state = "" if loop.state == "running" else f" It does not go on by itself now ({loop.code}: {loop.reason})."
    return f"The person's objective: {quote(clean(loop.objective))}\n{state}".strip()


def _block(directory: Path) -> str:
    """The contract that was put on top of the slot's context.md: criteria word for word."""
    try:
        context = read_small(directory / CONTEXT, CONTEXT_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return ""
    return sections.block_of(context)
