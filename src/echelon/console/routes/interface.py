"""What the page remembers for the person, and which workspaces there are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from echelon import __version__
from echelon.console.answers import Answer, Done, Given
from echelon.console.routes.given import DeskOf, MirrorOf

router = APIRouter(prefix="/api")
Key = Annotated[str, Path(pattern=r"^[a-z][a-zA-Z0-9.-]{0,59}$")]


class Workspace(Answer):
    id: str
    name: str
    path: str
    trouble: str
    revision: int
    host: bool


class Workspaces(Answer):
    version: str
    workspaces: tuple[Workspace, ...]


class Preference(Answer):
    value: Any = None


class Preferences(Answer):
    values: dict[str, Any]


class Preferred(Given):
    value: Any


class Seen(Given):
    sequence: int


class Prompt(Answer):
    at: str
    agent: str
    text: str


class Prompts(Answer):
    prompts: tuple[Prompt, ...]


@router.get("/workspaces")
def workspaces(desk: DeskOf) -> Workspaces:
    rows = [
        Workspace(
            id=key,
            name=row.workspace.root.name,
            path=str(row.workspace.root),
            trouble=row.trouble,
            revision=row.revision,
            host=desk.hosting.present(row.workspace.root),
        )
        for key, row in desk.mirrors.items()
    ]
    return Workspaces(version=__version__, workspaces=tuple(rows))


@router.get("/preferences")
def preferences(desk: DeskOf) -> Preferences:
    """All at once, but for those that belong to one workspace or one form."""
    return Preferences(values=desk.interface.preferences())


@router.get("/preferences/{key}")
def preference(desk: DeskOf, key: Key) -> Preference:
    return Preference(value=desk.interface.preference(key))


@router.put("/preferences/{key}")
def prefer(desk: DeskOf, key: Key, body: Preferred) -> Done:
    desk.interface.prefer(key, body.value)
    return Done()


@router.post("/seen")
def seen(desk: DeskOf, mirror: MirrorOf, body: Seen) -> Done:
    """The person has looked: what is newer than this operation is what changed since."""
    desk.interface.prefer(f"seen.{mirror.id}", body.sequence)
    return Done()


@router.get("/prompts")
def prompts(desk: DeskOf, mirror: MirrorOf) -> Prompts:
    """What the person sent to agents of this workspace, newest first."""
    return Prompts(prompts=tuple(Prompt(**row) for row in desk.interface.prompts(mirror.id)))
