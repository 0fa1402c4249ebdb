"""A person's stop from outside the terminal: a session, all below it, what they asked, and what would go on by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
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
    # Looked at before anything ends: with a session OpenCode ends those below it, and then they are busy no more.
    before = await _running(api, await _family(api, session))
    loops = await looping.stop(root, STOPPED, turn=root == session) if looping else []
    await api("POST", f"/session/{session}/abort")
    family = await _family(api, session)  # again: one may have been called meanwhile
    late = await _running(api, family[1:])
    for below in late:
        with contextlib.suppress(HostError):
            await api("POST", f"/session/{below}/abort")
    # An aborted session's requests would stay (host-opencode.md §16.13).
    for kind, path, body in _NO:
        for request in await api("GET", f"/{kind}") or ():
            if request.get("sessionID") in family:
                with contextlib.suppress(HostError):
                    await api("POST", f"/{kind}/{request['id']}/{path}", body=body)
    return {
        "sessions": list(dict.fromkeys([session, *before, *late])),
        "loops": [row.session for row in loops],
    }


async def _running(api: Api, family: Sequence[str]) -> list[str]:
    busy: Mapping[str, Any] = await api("GET", "/session/status") or {}
    return [name for name in family if name in busy]


async def _family(api: Api, session: str) -> list[str]:
    """The session and all below it, itself first."""
    found = [session]
    for one in found:  # grows while it is walked
        rows = await api("GET", f"/session/{one}/children") or ()
        found += [str(row["id"]) for row in rows if str(row["id"]) not in found]
        if len(found) >= FAMILY_MAX:
            break
    return found
