"""Working copies: laid out when a sequential tool starts a project or program, folded back when it ends.

Each is part of the one transaction that flips the marker, so a crash leaves the old world or the new one. Nothing is
overwritten or removed that is not kept elsewhere, and a folder is never removed (peer-levels.md W10 to W16, W60, W61).
"""

from __future__ import annotations

from dataclasses import replace

from echelon.core import briefing
from echelon.core.documents import render
from echelon.core.layout import PROJECT_NAMES, STATE, WORKING_PROGRAM, ProjectFiles
from echelon.core.levels.ending import is_active_file
from echelon.core.levels.journals import Writes
from echelon.core.model import ACTIVE, MISSIONS, World, read_record
from echelon.core.portfolio import Program, Project


def noted(world: World, writes: Writes, **front: str) -> None:
    """Put into our record whose working copies lie in front from now on: `program` and `project`, "" for nobody's."""
    written = writes.get(MISSIONS)
    record = read_record(written) if written else world.record
    writes[MISSIONS] = replace(record, front={**record.front, **front}).text()


def in_the_way(world: World, project: Project) -> list[str]:
    """Working files that belong to no active project and say something else than this project's."""
    found: list[str] = []
    for name in PROJECT_NAMES[:2]:
        here, stored = world.texts.get(f"{STATE}/{name}"), world.texts.get(f"{project.files.folder}/{name}")
        if here is not None and here != stored and project.files.folder != STATE:
            found.append(f"{STATE}/{name} belongs to no active project")
    return found


def lay_out(world: World, project: Project, now: str) -> Writes:
    """The working copies of a project, and the active file of what was in flight in it when it was left."""
    writes: Writes = {}
    for name in PROJECT_NAMES:
        stored, path = world.texts.get(f"{project.files.folder}/{name}"), f"{STATE}/{name}"
        before = world.texts.get(path)
        if path == f"{project.files.folder}/{name}" or before == stored:
            continue
        if before is not None:  # the peer leaves the journal of the projects before in front
            writes[f"{STATE}/archive/journals/{render.stamp(now)}-opencode-{name}"] = before
        writes[path] = stored
    view = world.at(project.key)
    waiting = next(iter(view.own_missions), None)
    if waiting and view.backlog and world.texts.get(ACTIVE) is None:
        writes[ACTIVE] = briefing.active_file(view, view.backlog, waiting)
    return writes


def fold_back(world: World, project: Project, now: str) -> Writes:
    """The stored files as the working copies say, and the copies in front gone, with the active file."""
    writes = _stored(world, project.files)
    if STATE in project.files.working:
        writes.update(
            {f"{STATE}/{name}": None for name in PROJECT_NAMES if world.texts.get(f"{STATE}/{name}") is not None}
        )
        active = world.texts.get(ACTIVE)
        items = [entry.id for entry in project.backlog.entries] if project.backlog else []
        if active is not None and any(is_active_file(active, item) for item in items):
            writes[f"{STATE}/archive/backlog-items/{render.stamp(now)}-parked.md"] = active
            writes[ACTIVE] = None
    return writes


def lay_out_program(world: World, program: Program) -> Writes:
    """The working copies of a program: program.md, and its projects below `.opencode/projects`."""
    writes: Writes = {WORKING_PROGRAM: world.texts.get(program.files.document)}
    for project in program.projects:
        if project.entry is not None and not project.entry.path:
            for name in PROJECT_NAMES:
                text = world.texts.get(f"{project.files.folder}/{name}")
                if text is not None:
                    writes[f"{STATE}/projects/{project.id}/{name}"] = text
    return writes


def program_in_the_way(world: World, program: Program) -> list[str]:
    """A working program.md, or project files below `.opencode/projects`, of nobody, that say something else."""
    laid = lay_out_program(world, program)
    unusable = [f"{path}: {world.unreadable[path]}" for path in laid if path in world.unreadable]
    return unusable + [
        f"{path} belongs to no active program"
        for path, text in laid.items()
        if world.texts.get(path) is not None
        and world.texts.get(path) != text
        and path != program.files.document
        and not path.endswith("/project.md")
    ]


def fold_back_program(world: World, program: Program, now: str) -> Writes:
    """Everything of a program back where it is stored, its working copies gone."""
    writes: Writes = {program.files.document: world.texts.get(program.files.document)}
    for project in program.projects:
        writes.update(fold_back(world, project, now))
        for folder in project.files.working:
            for name in PROJECT_NAMES:
                path = f"{folder}/{name}"
                if folder != STATE and world.texts.get(path) is not None:
                    writes[path] = None
    if program.files.working:
        writes[WORKING_PROGRAM] = None
    return writes


def _stored(world: World, files: ProjectFiles) -> Writes:
    names = [f"{files.folder}/{name}" for name in PROJECT_NAMES]
    return {path: world.texts[path] for path in names if world.texts.get(path) is not None}
