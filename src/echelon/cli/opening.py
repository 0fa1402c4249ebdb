"""What every command does first: find the workspace, open the engine, and say a refusal in the right way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from echelon.cli import render
from echelon.core.decide import Refusal
from echelon.core.model import World
from echelon.engine.workspace import Workspace, find_workspace
from echelon.engine.world import Loader

if TYPE_CHECKING:
    from echelon.engine.engine import Engine


def workspace(folder: str | None = None) -> Workspace:
    return Workspace(find_workspace(Path(folder) if folder else Path.cwd()))


def world(folder: str | None = None) -> World:
    """What the files say, for commands that only look."""
    here = workspace(folder)
    return Loader(here.store, here.config, str(here.state / "slots")).load().world


def engine(folder: str | None = None) -> Engine:
    from echelon.engine.engine import Engine  # half of the start-up: only commands that act pay for it

    return Engine(workspace(folder))


def refused(refusal: Refusal, *, as_json: bool) -> int:
    """Say no: as a document on stdout with --json, else in words on stderr. The exit code."""
    if as_json:
        render.document(refusal_json(refusal))
    else:
        render.complain(str(refusal))
    return 1


def refusal_json(refusal: Refusal) -> dict[str, Any]:
    return {"ok": False, "code": refusal.code, "reasons": list(refusal.reasons), "next": refusal.step}
