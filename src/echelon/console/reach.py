"""Where the sessions of a workspace are, and how OpenCode is asked about them. What it does not know is a refusal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echelon.bridge.wire import CALL_SECONDS
from echelon.console import hearing
from echelon.console.hearing import Json
from echelon.console.link import Link, Seat, absent
from echelon.console.talk import Session
from echelon.core.codes import CODES
from echelon.core.decide import Refusal, refuse
from echelon.errors import HostError

SESSIONS_MAX = 200  # of one directory, newest first
INFOS_MAX = 2_000  # sessions whose names are remembered
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Reach:
    """All requests to OpenCode's own interface go through here."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._infos: dict[str, Json] = {}

    def seats(self, root: Path | str) -> list[Seat]:
        """Of a workspace, those that came last at the end. Raises HostError HOST_ABSENT."""
        where = os.path.realpath(root)
        found = [seat for seat in self._link.seats if seat.workspace == where]
        if not found:
            raise absent(where)
        return found

    async def place(self, root: Path | str, session: str) -> tuple[Seat, Json] | Refusal:
        """Where a session is, and what OpenCode says of it; for "" where a new one is to begin."""
        seats = self.seats(root)
        if not session:
            return main_of(seats), {}
        if _ID.fullmatch(session):
            for seat in reversed(seats):
                answer = await self.api(seat, "GET", f"/session/{session}")
                info = hearing.part_of(answer.get("data"))
                if is_fine(answer) and info.get("directory") == seat.directory:
                    self.remember(info)
                    return await self._busiest(seats, seat, session), info
        return refuse("SESSION_UNKNOWN", f"there is no session {session[:80]!r} here")

    async def _busiest(self, seats: list[Seat], seat: Seat, session: str) -> Seat:
        """Of several OpenCodes of a directory the one that the session runs in, else the one that came last."""
        same = [row for row in seats if row.directory == seat.directory]
        for row in same if len(same) > 1 else ():
            if session in hearing.part_of(await self.get(row, "/session/status")):
                return row
        return seat

    async def listed(self, seat: Seat) -> list[Session]:
        where = {"limit": SESSIONS_MAX, "directory": seat.directory}
        found, status, loops = await asyncio.gather(
            self.get(seat, "/session", where),
            self.get(seat, "/session/status"),
            self._link.ask(seat, "loops", {}, CALL_SECONDS),
        )
        running = {str(row.get("session")): hearing.loop_of(row) for row in hearing.rows(loops.get("loops"))}
        rows = [row for row in hearing.rows(found) if row.get("directory") == seat.directory]
        for row in rows:
            self.remember(row)
        states = {str(row["id"]): hearing.text(_type(status, row["id"]), hearing.TITLE_MAX) for row in rows}
        return [hearing.session_of(row, seat.slot, states[row["id"]], running.get(row["id"])) for row in rows]

    async def asked(self, seat: Seat) -> tuple[Seat, list[Json], list[Json]]:
        asked, wanted, status = await asyncio.gather(
            self.get(seat, "/question"), self.get(seat, "/permission"), self.get(seat, "/session/status")
        )
        runs = hearing.part_of(status)
        questions, permissions = (
            [row for row in hearing.rows(found) if row.get("sessionID") in runs] for found in (asked, wanted)
        )
        return seat, questions, permissions

    async def request(self, root: Path | str, kind: str, identifier: str) -> tuple[Seat, Json] | Refusal:
        for seat in self.seats(root) if _ID.fullmatch(identifier) else ():
            for row in hearing.rows(await self.get(seat, f"/{kind}")):
                if row.get("id") == identifier:
                    return seat, row
        return refuse("REQUEST_GONE", f"{kind} {identifier[:80]!r} is not asked")

    async def info(self, seat: Seat, session: str) -> Json:
        if session not in self._infos and _ID.fullmatch(session):
            with contextlib.suppress(HostError):
                self.remember(hearing.part_of(await self.get(seat, f"/session/{session}")))
        return self._infos.get(session, {})

    def remember(self, info: Json) -> None:
        if name := info.get("id"):
            self._infos.pop(str(name), None)
            self._infos[str(name)] = info
            if len(self._infos) > INFOS_MAX:
                self._infos.pop(next(iter(self._infos)))

    async def begin(self, seat: Seat) -> str:
        """A new session. OpenCode gives it a title of its own when it has none."""
        made = hearing.part_of(data_of(await self.api(seat, "POST", "/session", body={})))
        self.remember(made)
        return str(made["id"])

    async def forget(self, seat: Seat, session: str, before: str) -> None:
        """Remove a session that was begun for something that was then refused, while nothing was said in it."""
        if before:
            return  # it was there already
        with contextlib.suppress(HostError):
            if not hearing.rows(await self.get(seat, f"/session/{session}/message", {"limit": 1})):
                await self.api(seat, "DELETE", f"/session/{session}")

    async def get(self, seat: Seat, path: str, query: Json | None = None) -> Any:
        return data_of(await self.api(seat, "GET", path, query=query))

    async def api(
        self, seat: Seat, method: str, path: str, *, body: Json | None = None, query: Json | None = None,
        seconds: float = CALL_SECONDS, session: str = "",
    ) -> Json:  # fmt: skip
        """The answer of that OpenCode's own interface, errors too. Raises HostError when none came."""
        asked = {"method": method, "path": path, "body": body, "query": query or {}, "session": session}
        return hearing.part_of(await self._link.ask(seat, "api", asked, seconds))


def main_of(seats: Sequence[Seat]) -> Seat:
    """Where a new session begins: the checkout, of the OpenCode that came last."""
    return next((seat for seat in reversed(seats) if not seat.slot), seats[-1])


async def answers_of(work: Sequence[Any]) -> list[Any]:
    """The answers of those that answered. Raises HostError when none did."""
    answers = await asyncio.gather(*work, return_exceptions=True)
    for wrong in answers:
        if isinstance(wrong, BaseException) and (not isinstance(wrong, HostError) or len(answers) == 1):
            raise wrong
    found = [row for row in answers if not isinstance(row, BaseException)]
    if not found and answers:
        raise absent()
    return found


def is_fine(answer: Json) -> bool:
    return answer.get("error") is None and 200 <= int(answer.get("status") or 0) < 300


def data_of(answer: Json) -> Any:
    if not is_fine(answer):
        raise HostError("HOST_FAILED", f"OpenCode refused: {error_of(answer)}", CODES["HOST_FAILED"].next_step)
    return answer.get("data")


def error_of(answer: Json) -> str:
    """The reason in an error of OpenCode's."""
    error = answer.get("error")
    found = hearing.part_of(error)
    inner = hearing.part_of(found.get("data")).get("message") or found.get("message") or found.get("name") or error
    return hearing.text(inner or f"status {answer.get('status')}", hearing.ASKED_MAX)


def _type(status: Any, session: str) -> str:
    return str(hearing.part_of(hearing.part_of(status).get(session)).get("type") or "idle")
