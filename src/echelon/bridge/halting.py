"""A person's stop from outside the terminal: a session, all below it, what they asked, and what would go on by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from echelon.bridge.looping import Looping
from echelon.bridge.sessions import Api, Sessions
from echelon.errors import HostError

FAMILY_MAX = 1_000  # sessions below one
STOPPED = "stopped in the console"
_NO: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("permission", "reply", {"reply": "reject"}),
    ("question", "reject", {}),
)


async def halt(api: Api, sessions: Sessions, looping: Looping | None, session: str) -> dict[str, Any]:
    """Stop it, on disk first. Raises HostError when OpenCode does not know the session.

    What stands above a session that was called finishes its turn: it reads that the call was stopped. Its loop ends.
    """
    root = (await sessions.chain(session))[-1].id
    loops = await looping.stop(root, STOPPED, turn=root == session) if looping else []
    family = await _family(api, session)
    await api("POST", f"/session/{session}/abort")
    busy: Mapping[str, Any] = await api("GET", "/session/status") or {}
    for below in (name for name in family[1:] if name in busy):
        with contextlib.suppress(HostError):
            await api("POST", f"/session/{below}/abort")
    # An aborted session's requests would stay (host-opencode.md §16.13).
    for kind, path, body in _NO:
        for request in await api("GET", f"/{kind}") or ():
            if request.get("sessionID") in family:
                with contextlib.suppress(HostError):
                    await api("POST", f"/{kind}/{request['id']}/{path}", body=body)
    return {
        "sessions": [session, *(name for name in family[1:] if name in busy)],
        "loops": [row.session for row in loops],
    }


async def _family(api: Api, session: str) -> list[str]:
    """The session and all below it, itself first."""
    found = [session]
    for one in found:  # grows while it is walked
        rows = await api("GET", f"/session/{one}/children") or ()
        found += [str(row["id"]) for row in rows if str(row["id"]) not in found]
        if len(found) >= FAMILY_MAX:
            break
    return found
