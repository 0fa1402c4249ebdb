"""The proof run again, from the page: minutes of checks, one run for each workspace, told by events."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter
from pydantic import Field

from echelon.console.answers import Denial, Done, Given
from echelon.console.desk import Desk
from echelon.console.mirror import Mirror
from echelon.console.routes.given import DeskOf, MirrorOf
from echelon.core.decide import refuse
from echelon.core.documents.render import clean
from echelon.engine.verification import Verification, verify
from echelon.engine.workspace import Workspace
from echelon.errors import EchelonError

router = APIRouter(prefix="/api")
KEYS_MAX = 500
LINE_CHARS_MAX = 500
_running: dict[str, asyncio.Task[None]] = {}  # workspace -> its run


class Proving(Given):
    """Keys of delivered items; none means all."""

    keys: Annotated[list[Annotated[str, Field(max_length=200)]], Field(default_factory=list, max_length=KEYS_MAX)]


@router.post("/evidence/verify")
async def prove(desk: DeskOf, mirror: MirrorOf, body: Proving) -> Done:
    """Begin a run. `progress` events tell its lines, and at last what holds."""
    if mirror.id in _running:
        raise Denial(refuse("VERIFY_RUNNING"))
    run = secrets.token_hex(4)
    task = asyncio.ensure_future(_run(desk, mirror, run, body.keys))
    _running[mirror.id] = task
    task.add_done_callback(lambda _done: _running.pop(mirror.id, None))
    return Done(message="The proof runs again.", data={"run": run})


async def _run(desk: Desk, mirror: Mirror, run: str, keys: list[str]) -> None:
    loop = asyncio.get_running_loop()
    about = {"workspace": mirror.id, "run": run}

    def tell(line: str) -> None:
        facts = {**about, "line": clean(line)[:LINE_CHARS_MAX]}
        loop.call_soon_threadsafe(lambda: desk.hub.send("progress", facts, keep=False))

    own = Workspace(mirror.workspace.root, mirror.places)  # a run of minutes keeps no other waiting
    try:
        found = await run_sync(lambda: verify(own, keys, rerun=True, tell=tell))
    except EchelonError as error:
        desk.hub.send("progress", {**about, "ended": True, "holds": False, "problems": [str(error)], "proofs": []})
    else:
        desk.hub.send("progress", {**about, "ended": True, **_told(found)})


def _told(found: Verification) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "problems": [clean(str(problem.message)) for problem in found.problems],
        "proofs": [
            {
                "key": proof.item,
                "holds": proof.holds,
                "problems": [clean(problem.message) for problem in proof.problems],
            }
            for proof in found.proofs
        ],
    }
