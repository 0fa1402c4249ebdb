"""The posts of an OpenCode's sessions: kept on disk, given when a commander calls, found again by every hook.

Theory of operation. A commander's `task` is looked at before it runs: what it is about is decided there, or the call is
refused. OpenCode then opens a session below and saves its first message, whose text is that of the call: by it the
session and the decision find each other, and the post is on disk before the session's model is asked. What a session
is about outlives the brain and OpenCode, because sessions do.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from echelon.bridge.keeping import Keeper, facts_of
from echelon.bridge.roles import ROLES, Role
from echelon.bridge.sessions import Session
from echelon.core import calling, posts
from echelon.core.decide import Refusal, refuse
from echelon.core.model import Mission, World
from echelon.core.posts import Post
from echelon.slots.places import read_small, write_whole

FILE = "posts.json"
FILE_BYTES_MAX = 8_000_000
WAITING_MAX = 1_000  # calls whose session has not come yet
WAITING_SECONDS = 10.0  # within which it counts as about to come
PAUSES = (0.1, 0.3)  # seconds: a session that has just answered its caller is busy for a moment

_writing = threading.Lock()  # several desks of one brain may keep posts of the same workspace


@dataclass(frozen=True, slots=True)
class _Called:
    """A call that may be, until its session comes."""

    caller: str
    agent: str
    text: str
    post: Post
    since: float


class Posts:
    """The posts of one workspace's sessions."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self._path = keeper, keeper.workspace.state / FILE
        self._waiting: list[_Called] = []
        self._known: Mapping[str, Post] = {}
        self._facts = (0, 0, 0)

    # ------------------------------------------------------------------------------------------ what is kept

    def known(self) -> Mapping[str, Post]:
        """As they are on disk; read again when the file is another: every hook asks."""
        facts = facts_of(self._path)
        if facts != self._facts:
            self._known = posts.read(read_small(self._path, FILE_BYTES_MAX).decode("utf-8", "replace"))
            self._facts = facts
        return self._known

    def put(self, session: str, post: Post) -> None:
        with _writing:
            known = {name: other for name, other in self.known().items() if name != session}  # the newest is last
            write_whole(self._path, posts.write({**known, session: post}).encode("utf-8"), durable=False)

    # ------------------------------------------------------------------------------------------ what is asked

    def of(self, chain: tuple[Session, ...], world: World) -> Post | None:
        """What the first session of a chain is about; None for an agent that is not ours, and staff that nobody called."""
        known = self.known()
        for session in chain:
            role = ROLES.get(session.agent)
            if role is None:
                return None
            level = role.commands
            if level is None:
                continue  # the staff of a mission is about what its Commander is about
            found = known.get(session.id)
            post = found if found is not None and found.level == level else Post(level)
            if post.scope is not None:
                return post
            return self._unsaid(post, chain[chain.index(session) :], world)
        return None

    def _unsaid(self, post: Post, chain: tuple[Session, ...], world: World) -> Post:
        """A post that nothing was said of: the only one it can be, if there is just one."""
        caller = self._caller(chain, world)
        if caller is None:
            return dataclasses.replace(post, scope=posts.natural(world, post.level))
        key = calling.call(world, dataclasses.replace(caller, started=()), "")
        return post if isinstance(key, Refusal) else posts.below(caller.level, key)

    def _caller(self, chain: tuple[Session, ...], world: World) -> Post | None:
        """The post of the commander directly above; None for a session that no commander of ours called."""
        above = ROLES.get(chain[1].agent) if len(chain) > 1 else None
        return self.of(chain[1:], world) if above and chain[0].agent in above.calls else None

    def mission(self, chain: tuple[Session, ...], world: World) -> Mission | Refusal | None:
        """The item in flight that a session works on; a Refusal when it has one and may not work on it now.

        None for a session that has none: a commander above the missions, or a mission without an item.
        """
        post = self.of(chain, world)
        if post is None or post.level != "mission":
            return None
        if post.item:
            found = world.at(post.scope or "").mission(post.item)
            over = refuse("NOTHING_IN_PROGRESS", f"{post.item}, which this session is about, is not in flight any more")
            return found or dataclasses.replace(over, next_step="answer your caller; nothing is left to do here")
        at = next(number for number, session in enumerate(chain) if ROLES[session.agent].commands == "mission")
        caller = self._caller(chain[at:], world)
        said = calling.call(world, caller, "") if caller else None
        return said if isinstance(said, Refusal) and said.code == "ITEM_AMBIGUOUS" else None

    # ------------------------------------------------------------------------------------------ calls

    async def call(
        self, chain: tuple[Session, ...], given: Mapping[str, Any], busy: Callable[[], Awaitable[Collection[str]]]
    ) -> Post | Refusal | None:
        """What a call of `task` is about; None where there is nothing to decide. `busy`: the sessions that work now."""
        role, agent = ROLES.get(chain[0].agent), str(given.get("subagent_type") or "")
        if role is None or agent not in ROLES:
            return None
        if agent not in role.calls:
            listed = ", ".join(role.calls) or "nobody"
            return refuse("WRONG_LEVEL", f"{role.name} calls {listed}, not {agent}")
        if ROLES[agent].commands is None:
            return None
        world, text = self._keeper.world(), str(given.get("prompt") or "")
        caller = self.of(chain, world)
        assert caller is not None, "who calls commanders is one"
        before = self.known().get(str(given.get("task_id") or ""))
        if before is not None:
            return calling.still(world, caller, before, text) or before
        key = calling.call(world, caller, text)
        if isinstance(key, Refusal):
            return key
        post = posts.below(caller.level, key)
        return await self._taken(post, busy) or post

    async def _taken(self, post: Post, busy: Callable[[], Awaitable[Collection[str]]]) -> Refusal | None:
        """Two sessions at once for one thing would undo each other's work."""
        about = post.level, post.about
        same = {name for name, other in self.known().items() if (other.level, other.about) == about}
        working = bool(same) and not same.isdisjoint(await busy())
        for pause in PAUSES if working else ():
            await asyncio.sleep(pause)
            working = working and not same.isdisjoint(await busy())
        # Looked at last, without a wait until `expect`: of two calls in one turn the second one finds the first.
        recent = time.monotonic() - WAITING_SECONDS
        working = working or any(
            (row.post.level, row.post.about) == about and row.since > recent for row in self._waiting
        )
        return refuse("CALLED_ALREADY", f"a session works on {post.about or 'it'} at this moment") if working else None

    def expect(self, caller: str, given: Mapping[str, Any], post: Post) -> None:
        """The call goes out as it is given: the session that comes with its text has this post."""
        if given.get("task_id") and str(given["task_id"]) in self.known():
            return
        row = _Called(
            caller, str(given.get("subagent_type") or ""), str(given.get("prompt") or ""), post, time.monotonic()
        )
        self._waiting = [*self._waiting, row][-WAITING_MAX:]

    def arrived(self, chain: tuple[Session, ...], text: str) -> Refusal | None:
        """A message of a session is about to be saved; the first one of a called session gives it its post."""
        session, role = chain[0], ROLES.get(chain[0].agent)
        level = role.commands if role else None
        if level is None or len(chain) < 2:
            return None
        known = self.known().get(session.id)
        if known is not None and known.level == level:
            return None
        found = next((row for row in self._waiting if self._is_of(row, chain, text)), None)
        if found is not None:
            self._waiting.remove(found)
            self._bind(session.id, chain[1].id, found.post)
            return None
        world = self._keeper.world()
        caller = self._caller(chain, world)
        key = calling.call(world, caller, text) if caller else None  # the brain died since the call was looked at
        if caller is None or not isinstance(key, str):
            return key if isinstance(key, Refusal) else None
        self._bind(session.id, chain[1].id, posts.below(caller.level, key))
        return None

    @staticmethod
    def _is_of(row: _Called, chain: tuple[Session, ...], text: str) -> bool:
        return (row.caller, row.agent) == (chain[1].id, chain[0].agent) and text.startswith(row.text)

    def _bind(self, session: str, caller: str, post: Post) -> None:
        self.put(session, post)
        above = self.known().get(caller)
        if above is not None and post.about in above.started:
            self.put(caller, posts.given_out(above, post.about))

    # ------------------------------------------------------------------------------------------ starts

    def started(self, session: str, role: Role, post: Post | None, data: Mapping[str, Any]) -> Post | None:
        """After an action of a commander started something; its post from now on."""
        if role.commands is None:
            return None
        now = posts.started(post or Post(role.commands), data)
        if now != post:
            self.put(session, now)
        return now
