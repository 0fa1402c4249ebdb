"""`echelon import`: the documents of an import into a workspace, as one operation. Never overwrites what a person wrote.

A backlog or spec that is word for word what `echelon init` writes holds nothing of anybody's: it is replaced.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from echelon.core import layout
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import render
from echelon.core.documents.grammar import Language
from echelon.core.importing.model import Imported
from echelon.core.model import World
from echelon.engine.adopt import settings
from echelon.engine.asking import fresh
from echelon.engine.workspace import Workspace, find_workspace
from echelon.engine.world import Loader, decode
from echelon.errors import InputError, WorldError
from echelon.ports import Change, Snapshot

SPEC, BACKLOG = "spec.md", "backlog.md"
_FREE = "--to FOLDER writes beside it, such as --to .opencode/projects/PRJ-001; or move your backlog away first"


@dataclass(frozen=True, slots=True)
class Brought:
    """The paths that were written, or would be, and those that were there and stay as they are."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    unlisted: str = ""  # the folder, when no program.md lists it: then nothing of it is delivered


def workspace_of(folder: Path) -> Workspace:
    """The workspace around a folder; the folder itself, as `echelon init` takes it, where there is none."""
    try:
        return Workspace(find_workspace(folder))
    except WorldError:
        return Workspace(folder)


def bring_in(
    workspace: Workspace, imported: Imported, to: str, language: Language, *, dry: bool = False
) -> Brought | Refusal:
    """Write spec.md and backlog.md into `to` ("" for `.opencode`), with the settings where there are none.

    Raises InputError PATH_NOT_ALLOWED for a folder that may not hold a project, and what the store raises.
    """
    folder = _folder(to)
    world = Loader(workspace.store, workspace.config, str(workspace.state / "slots")).load().world
    folders = _folders(world, folder, named=bool(to))
    if isinstance(folders, Refusal):
        return folders
    store = workspace.store
    more = settings(workspace, language)
    snapshots = {
        path: store.read(path) for path in (*more, *(f"{one}/{name}" for one in folders for name in (SPEC, BACKLOG)))
    }
    taken = [path for path in snapshots if path.endswith(f"/{BACKLOG}") and not _is_free(workspace, snapshots[path])]
    if taken:
        return refuse(
            "BACKLOG_IN_THE_WAY",
            *(f"{path} is there already, and is not overwritten" for path in taken),
            next_step=_FREE,
        )
    writes: dict[str, str] = dict(more)
    for one in folders:
        writes[f"{one}/{BACKLOG}"] = imported.backlog
        if _is_free(workspace, snapshots[f"{one}/{SPEC}"]):
            writes[f"{one}/{SPEC}"] = imported.spec
    listed = any(folder in (row.files.folder, *row.files.working) for row in world.portfolio.projects())
    kept = tuple(sorted(path for path in snapshots if path not in writes))
    brought = Brought(tuple(sorted(writes)), kept, "" if listed else folder)
    if not dry:
        _commit(workspace, imported, writes, snapshots)
    return brought


def _commit(
    workspace: Workspace, imported: Imported, writes: Mapping[str, str], snapshots: Mapping[str, Snapshot]
) -> None:
    request = {"action": "import", "arguments": {"format": imported.format, "items": len(imported.rows)}}
    workspace.store.commit(
        Change(
            fresh("import"),
            "person",
            request,
            {path: text.encode() for path, text in writes.items()},
            dict(snapshots),
            note=f"echelon import: {len(imported.rows)} items from {imported.format}",
        )
    )


def _folder(to: str) -> str:
    given = posixpath.normpath(to.replace("\\", "/")) if to else layout.STATE
    problem = layout.path_problem(given) if given != layout.STATE else ""
    if problem:
        raise InputError("PATH_NOT_ALLOWED", f"--to {to[:200]} {problem}.", "name a folder inside the workspace")
    return given


def _folders(world: World, folder: str, *, named: bool) -> tuple[str, ...] | Refusal:
    """The folder with those of its working copies: whoever writes one of several copies writes all."""
    if not named and world.portfolio.depth != "project":
        where = [f"{row.key}: --to {row.files.folder}" for row in world.portfolio.projects() if row.backlog is None]
        return refuse("IMPORT_WHERE", "this workspace holds several projects; say into which", *where)
    for project in world.portfolio.projects():
        if folder in (project.files.folder, *project.files.working):
            return (project.files.folder, *project.files.working)
    return (folder,)


def _is_free(workspace: Workspace, found: Snapshot) -> bool:
    """Whether nobody wrote there: nothing, or what `echelon init` put there."""
    if found.content is None:
        return True
    name = workspace.root.name
    skeletons = [
        make(name, language) for make in (render.spec_skeleton, render.backlog_skeleton) for language in ("en", "fr")
    ]
    return decode(found.content) in skeletons
