"""A person's words to a session below a loop: said once, run once, and never where the person stops meanwhile.

Such a turn is nobody's call, so no answer goes up when it ends: whoever hears its end lets the loop above look.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from echelon.bridge.sessions import Api, Session, last_turn
from echelon.bridge.underway import SENT_SECONDS, Sent, UnderWay
from echelon.errors import HostError

GO_ON = "Go on with what the message before says."  # it was saved and did not run: nothing is said twice


async def say(api: Api, session: Session, text: str, *, begins: bool = True) -> None:
    """`begins`: False for what only a turn that runs may take up. Raises HostError."""
    body = {"agent": session.agent, "noReply": not begins, "parts": [{"type": "text", "text": text}]}
    await api("POST", f"/session/{session.id}/prompt_async", body=body)


class Speaking:
    """`stopped`: whether the loop of a root session was ended by the person, or by a limit of theirs."""

    def __init__(self, api: Api, under_way: UnderWay, stopped: Callable[[str], bool]) -> None:
        self._api, self._under_way, self._stopped = api, under_way, stopped
        self._began: set[str] = set()  # sessions whose turn a person's words began
        self._tasks: set[asyncio.Task[None]] = set()

    def began(self, session: str) -> bool:
        """Whether the turn that has just ended was one of these; asked once."""
        found = session in self._began
        self._began.discard(session)
        return found

    async def speak(self, session: Session, root: str, text: str, *, busy: bool) -> bool:
        """False when the person stops meanwhile what rests or works, and then it was not said. Raises HostError."""
        before = self._stopped(root)
        if before and not busy:
            return False
        sent = Sent(text)
        if not busy:
            self._under_way.send(session.id, sent)
            self._began.add(session.id)
        await say(self._api, session, text, begins=not before)
        if not before and self._stopped(root):  # while it was on its way: it must not begin what was just stopped
            self._under_way.bar(session.id, text)
            await self._api("POST", f"/session/{session.id}/abort")
            return False
        if not busy:
            task = asyncio.ensure_future(self._see_it_run(session, root, sent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    async def _see_it_run(self, session: Session, root: str, sent: Sent) -> None:
        """OpenCode may save a prompt and never run it (host-opencode.md §15 "prompt races")."""
        await asyncio.sleep(SENT_SECONDS)
        if self._under_way.sent(session.id) is not sent or self._stopped(root):
            return
        self._under_way.take(session.id)
        with contextlib.suppress(HostError):
            turn = await last_turn(self._api, session.id)
            busy = session.id in (await self._api("GET", "/session/status") or {})
            if not busy and turn is not None and turn.role == "user":  # saved, not run: an answer would be newer
                await say(self._api, session, GO_ON)
