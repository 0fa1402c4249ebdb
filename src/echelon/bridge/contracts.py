"""What a session is about and where it may work: its contract for the system prompt, its room for the fence.

A chain is a session with its parents, the root last. What a chain is about is its post (posting.py); a session in a
slot's own directory was opened there by code and is about that slot.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from echelon.bridge.keeping import Keeper, slot_directory
from echelon.bridge.places import RECORD, below_workspaces, is_slot
from echelon.bridge.posting import Posts
from echelon.bridge.roles import ROLES
from echelon.bridge.sessions import Session
from echelon.core import posts as core_posts
from echelon.core.decide import Refusal
from echelon.core.documents import sections
from echelon.core.documents.grammar import Language
from echelon.core.documents.render import clean, quote
from echelon.core.fence import Room
from echelon.core.model import CONTEXT, Mission
from echelon.engine.workspace import Places
from echelon.slots.places import read_record, read_small

CONTEXT_BYTES_MAX = 200_000
FEEDBACK_MAX = 2_000
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "where": "Mission {name}. Your directory is {slot}: relative paths lead there by themselves.",
        "refused": "The attempt before was refused:",
        "objective": "The person's objective: {said}",
        "stopped": "It does not go on by itself now ({code}: {reason}).",
        "waits": "It waits, and goes on by itself when it can ({code}: {reason}).",
    },
    "fr": {
        "where": "Mission {name}. Ton dossier est {slot} : les chemins relatifs y mènent tout seuls.",
        "refused": "La tentative précédente a été refusée :",
        "objective": "L'objectif de la personne : {said}",
        "stopped": "Cela n'avance pas tout seul pour l'instant ({code} : {reason}).",
        "waits": "Cela attend, et reprendra de soi-même dès que possible ({code} : {reason}).",
    },
}


def room(
    chain: tuple[Session, ...], keeper: Keeper | None, places: Places, posts: Posts | None
) -> Room | Refusal | None:
    """Where the session's tools may work; None: nothing of ours is in the way. A Refusal: nowhere now."""
    session, role = chain[0], ROLES.get(chain[0].agent)
    writes = role.writes if role else True
    home = os.path.realpath(session.directory)
    if is_slot(home, places):
        return Room(root=home, home=home, workspace=home, writes=writes, readable=_linked(home, places))
    mission = posts.mission(chain, keeper.world()) if keeper and posts else None
    if isinstance(mission, Refusal):
        return mission
    if keeper is None or mission is None:
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


def text(chain: tuple[Session, ...], keeper: Keeper | None, places: Places, posts: Posts | None) -> str:
    """What stands at the end of the system prompt, at every step, also after a compaction. "" for nothing to say."""
    session = chain[0]
    if is_slot(session.directory, places):
        return _block(Path(session.directory))
    if keeper is None or posts is None:
        return ""
    world = keeper.world()
    mission = posts.mission(chain, world)
    if isinstance(mission, Mission):
        return _mission(mission, slot_directory(keeper.workspace, mission), _WORDS[world.language])
    post = posts.of(chain, world)
    place = core_posts.place(world, post) if post else ""
    return "\n".join(filter(None, (place, _objective(chain, keeper, _WORDS[world.language]))))


def _mission(mission: Mission, slot: Path, words: Mapping[str, str]) -> str:
    parts = [words["where"].format(name=mission.name, slot=slot), _block(slot)]
    if mission.feedback:
        parts.append(f"{words['refused']}\n{quote(clean(mission.feedback)[:FEEDBACK_MAX])}")
    return "\n\n".join(filter(None, parts))


def _objective(chain: tuple[Session, ...], keeper: Keeper, words: Mapping[str, str]) -> str:
    loop = keeper.loops().get(chain[-1].id)
    if loop is None:
        return ""
    said = words["objective"].format(said=quote(clean(loop.objective)))
    state = words["waits" if loop.state == "waiting" else "stopped"].format(code=loop.code, reason=loop.reason)
    return said if loop.state == "running" else f"{said}\n{state}"


def _block(directory: Path) -> str:
    """The contract that was put on top of the slot's context.md: criteria word for word."""
    try:
        context = read_small(directory / CONTEXT, CONTEXT_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return ""
    return sections.block_of(context)
