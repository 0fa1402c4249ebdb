"""The sessions of one OpenCode directory that are our agents', with what their host says of them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from echelon.core.loops import Turn
from echelon.errors import HostError
from echelon.hosts.opencode.reading import blame

DEPTH_MAX = 16  # parents that are followed; a chain of all levels has five
SESSIONS_MAX = 2_000  # below one root, whose use is counted
TEXT_MAX = 4_000
WORDS_BACK = 20  # messages that are looked through for what the person said


class Api(Protocol):
    """A request to OpenCode's own interface; the data of its answer. Raises HostError."""

    def __call__(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Awaitable[Any]: ...


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    agent: str
    parent: str
    directory: str


class Sessions:
    """What is known; OpenCode is asked for the rest, once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, Session] = {}
        self._agents: dict[str, str] = {}  # as the last user message says; the session itself may lag behind

    def note(self, session: str, agent: str) -> None:
        self._agents[session] = agent

    async def get(self, session: str) -> Session:
        """Raises HostError when OpenCode does not know it."""
        found = self._known.get(session)
        if found is None:
            info = await self._api("GET", f"/session/{session}")
            if not isinstance(info, dict):
                raise HostError("HOST_FAILED", f"OpenCode knows no session {session}.", "start a new one")
            parent, directory = info.get("parentID") or "", str(info.get("directory", ""))
            found = Session(session, str(info.get("agent") or ""), str(parent), directory)
            self._known[session] = found
        agent = self._agents.get(session, found.agent)
        return Session(session, agent, found.parent, found.directory)

    async def chain(self, session: str) -> tuple[Session, ...]:
        """The session and its parents, the root last."""
        found = [await self.get(session)]
        while found[-1].parent and len(found) < DEPTH_MAX:
            found.append(await self.get(found[-1].parent))
        return tuple(found)


async def last_turn(api: Api, session: str) -> Turn | None:
    """The newest message, without what was used; None for a session without messages."""
    rows = await api("GET", f"/session/{session}/message", query={"limit": 1})
    if not isinstance(rows, list) or not rows:
        return None
    info = rows[-1]["info"]
    if info["role"] == "user":
        return Turn(info["id"], "user", finished=False)
    text = "\n".join(part["text"] for part in rows[-1]["parts"] if part.get("type") == "text")
    error = info.get("error") or {}
    return Turn(
        message=info["id"],
        role="assistant",
        finished=bool(info.get("finish")),
        error=str(error.get("name", "")),
        outage=blame(error) == "unavailable",
        detail=str((error.get("data") or {}).get("message", ""))[:500],
        text=text[-TEXT_MAX:],
    )


async def last_words(api: Api, session: str) -> str:
    """What the person last said there; "" when it is too long ago."""
    rows = await api("GET", f"/session/{session}/message", query={"limit": WORDS_BACK})
    said = [row for row in rows or () if row["info"]["role"] == "user"]
    return "\n".join(part["text"] for part in said[-1]["parts"] if part.get("type") == "text") if said else ""


@dataclass(frozen=True, slots=True)
class Used:
    tokens: int = 0
    cost: float = 0.0


class Spending:
    """What a root session and all below it have used. Asked for once as a whole, then kept by what falls idle."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._of: dict[str, dict[str, Used]] = {}  # root -> session -> what it used

    async def total(self, root: str) -> Used:
        """Of the whole tree; the root itself is looked at anew."""
        known = self._of.get(root)
        if known is None:
            known = self._of.setdefault(root, dict[str, Used]())
            await self._walk(root, known)
        known[root] = _used(await self._api("GET", f"/session/{root}"))
        return Used(sum(row.tokens for row in known.values()), sum(row.cost for row in known.values()))

    async def look(self, root: str, session: str) -> None:
        """A session below a root that is followed fell idle."""
        if root in self._of:
            self._of[root][session] = _used(await self._api("GET", f"/session/{session}"))

    async def _walk(self, root: str, known: dict[str, Used]) -> None:
        todo = [root]
        while todo and len(known) < SESSIONS_MAX:
            for child in await self._api("GET", f"/session/{todo.pop()}/children") or []:
                known[child["id"]] = _used(child)
                todo.append(child["id"])


def _used(info: Mapping[str, Any]) -> Used:
    tokens = info.get("tokens") or {}
    counted = sum(int(tokens.get(name) or 0) for name in ("input", "output", "reasoning"))
    return Used(counted, float(info.get("cost") or 0))
