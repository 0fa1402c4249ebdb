"""The proof, run again because somebody at the page wants to see it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter
from pydantic import Field

from echelon.console.answers import Given
from echelon.console.desk import Desk
from echelon.console.mirror import Mirror
from echelon.console.reads.source import view
from echelon.console.routes.given import DeskOf, MirrorOf
from echelon.console.routes.reads import said
from echelon.console.verifying import KEYS_MAX, Tell, VerificationRun, Verifying
from echelon.core.decide import Refusal, refuse
from echelon.engine.workspace import Workspace

router = APIRouter(prefix="/api")
Key = Annotated[str, Field(max_length=400)]


class Which(Given):
    """The items whose proof is run again; all of them, where none is named."""

    keys: Annotated[tuple[Key, ...], Field(max_length=KEYS_MAX)] = ()


@router.get("/evidence/verify")
async def read_verification(desk: DeskOf, mirror: MirrorOf) -> VerificationRun:
    """The newest verification that was asked for here: what it has found so far."""
    known = desk.verifying.get(mirror.id)
    return known.run if known else VerificationRun()


@router.post("/evidence/verify")
async def verify(desk: DeskOf, mirror: MirrorOf, body: Which) -> VerificationRun:
    """Begin to run the recorded checks again, from clean checkouts; events named `progress` tell how it goes."""
    known = desk.verifying.setdefault(mirror.id, Verifying())
    tell = _teller(desk, mirror.id, asyncio.get_running_loop())
    return said(await run_sync(_begun, known, mirror, body.keys, tell))


@router.post("/evidence/verify/stop")
async def stop_verification(desk: DeskOf, mirror: MirrorOf) -> VerificationRun:
    """Stop the verification that runs: its processes end, nothing of it stays but what was proved until then."""
    known = desk.verifying.get(mirror.id, Verifying())
    return said(await run_sync(known.stop, _teller(desk, mirror.id, asyncio.get_running_loop())))


def _begun(known: Verifying, mirror: Mirror, keys: tuple[str, ...], tell: Tell) -> VerificationRun | Refusal:
    seen = view(mirror)
    unknown = [key for key in keys if key not in seen.by_key]
    if unknown:
        return refuse("ITEM_UNKNOWN", *(f"no item has the key {key[:80]}" for key in unknown[:20]))
    total = len(keys) or sum(1 for row in seen.closings.values() if row.commit)
    return known.begin(Workspace(mirror.workspace.root, mirror.places), keys, total, tell)


def _teller(desk: Desk, identifier: str, loop: asyncio.AbstractEventLoop) -> Tell:
    def tell(facts: Mapping[str, Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the console has ended meanwhile
            loop.call_soon_threadsafe(desk.hub.send, "progress", {"workspace": identifier, **facts})

    return tell
