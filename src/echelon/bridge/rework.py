"""A person's comments on the work of an item, said to the session that works on it: to one, once, or to nobody.

Theory of operation. The words are the next attempt's feedback already, so to say nothing loses nothing; to say it where
nobody asked would start work. The Commander that an item was given to hears it, whether it works (OpenCode takes the
prompt up in the running loop) or rests (it begins at once), unless a person stopped it or the loop above it. In a slot
code is above the session: one that works there hears it, one that rests does not, for its delivery begins the next
attempt with the same words.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from echelon.bridge.roles import ROLES
from echelon.bridge.sessions import Session, last_turn
from echelon.core import prompts
from echelon.core.documents.render import clean
from echelon.core.loops import ABORTED
from echelon.core.model import Mission, World
from echelon.errors import EchelonError, HostError

if TYPE_CHECKING:
    from echelon.bridge.desk import Desk

How = Literal["queued", "begun", "none"]
Why = Literal["", "no_session", "stopped", "over"]
SAID_MAX = 10_000  # characters that are looked at; what is said is capped again where it is quoted
LOOKED_MAX = 20  # sessions of one item that are looked at, the newest first


@dataclass(frozen=True, slots=True)
class Works:
    """A session that works on an item, or did last. `stopped`: by a person, so that nothing may begin it again."""

    session: Session
    root: str
    busy: bool
    stopped: bool = False


async def tell(desks: Sequence[Desk], item: str, attempt: int, said: str) -> dict[str, str]:
    """Of all OpenCodes of a workspace the one session is looked for. `attempt` is the one that begins with `said`.

    The answer: `how` it was said, to which `session`, and `why` it was not.
    """
    found: list[tuple[Desk, Works]] = []
    flies = False
    for desk in desks:
        try:
            mission = _mission(await asyncio.to_thread(desk.world), item, attempt)
            flies = flies or mission is not None
            works = await desk.works_on(mission) if mission else None
        except EchelonError:  # it went, or its workspace cannot be read: the others may answer
            continue
        found += [(desk, works)] if works else []
    at = next((row for row in found if row[1].busy), None) or next((row for row in found if not row[1].stopped), None)
    if at is None:
        why: Why = "stopped" if found else "no_session" if flies else "over"
        return _answer("none", why=why, session=found[0][1] if found else None)
    desk, works = at
    world = await asyncio.to_thread(desk.world)  # looking took a moment, in which it may have ended
    mission = _mission(world, item, attempt) if world else None
    if world is None or mission is None:
        return _answer("none", why="over")
    text = prompts.rework(mission, clean(said[:SAID_MAX]), world.language)
    if not await desk.speak(works, text):
        return _answer("none", why="stopped", session=works)
    return _answer("queued" if works.busy else "begun", session=works)


def _answer(how: How, *, why: Why = "", session: Works | None = None) -> dict[str, str]:
    return {"how": how, "why": why, "session": session.session.id if session else ""}


def _mission(world: World | None, item: str, attempt: int) -> Mission | None:
    """The item in flight, in exactly this attempt: a later one has other words, an ended one hears none."""
    rows = world.missions if world else ()
    return next((row for row in rows if row.item == item and row.attempt == attempt), None)


async def of_commander(desk: Desk, mission: Mission) -> Works | None:
    """In a person's OpenCode: the Commander that was called for the item; one that works before one that rests."""
    looping, posts = desk.looping, desk.posts
    if looping is None or posts is None:
        return None
    about = [name for name, post in posts.known().items() if post.level == "mission" and post.item == mission.item]
    status: Mapping[str, Any] = await desk.api("GET", "/session/status") or {}
    resting: Works | None = None
    for name in reversed(about[-LOOKED_MAX:]):  # the newest is last
        try:
            chain = await desk.sessions.chain(name)
        except HostError:
            continue  # it was deleted, or is another OpenCode's
        role = ROLES.get(chain[0].agent)
        if role is None or role.commands != "mission" or not _same(chain[0].directory, desk.directory):
            continue  # the person gave it to an agent that is not ours
        root = chain[-1].id
        if name in status or looping.under_way.coming(name):
            return Works(chain[0], root, busy=True)
        if resting is None:
            stopped = looping.stopped(root) or looping.under_way.barred(name) or await _aborted(desk, name)
            resting = Works(chain[0], root, busy=False, stopped=stopped)
    return resting


async def _aborted(desk: Desk, session: str) -> bool:
    turn = await last_turn(desk.api, session)
    return turn is None or turn.error == ABORTED or not (turn.finished or turn.error)


async def of_slot(desk: Desk, mission: Mission) -> Works | None:
    """In the OpenCode of a delivery: the session of the attempt that is over, while it works."""
    for name in await desk.api("GET", "/session/status") or ():
        info = await desk.api("GET", f"/session/{name}")
        named = (info.get("metadata") or {}).get("echelon") or {}
        session = await desk.sessions.get(name)
        role = ROLES.get(session.agent)
        earlier = isinstance(named.get("attempt"), int) and named["attempt"] < mission.attempt
        if earlier and role and role.writes and not session.parent and _same(session.directory, desk.directory):
            return Works(session, name, busy=True)
    return None


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
