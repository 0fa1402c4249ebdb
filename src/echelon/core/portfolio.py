"""The portfolio as its files say it: enterprise, programs, projects, and what runs in them. Values only.

A key names a place in it: "" for a standalone project, `PRJ-001` in a standalone program, `PGM-001/PRJ-001` in an
enterprise; an item's key is its project's key, a slash and its id, or just the id in a standalone project.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from echelon.core import layout
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.findings import Finding
from echelon.core.documents.grammar import EXTERNAL_ID, State
from echelon.core.documents.sections import Escalation
from echelon.core.documents.settings import Settings
from echelon.core.documents.spec import Spec
from echelon.core.layout import ProgramFiles, ProjectFiles

Depth = Literal["project", "program", "enterprise"]


def item_key(scope: str, item: str) -> str:
    return f"{scope}/{item}" if scope else item


def scope_of(key: str) -> str:
    """The project of an item's key: `PGM-001/PRJ-001/B001` -> `PGM-001/PRJ-001`."""
    return key.rpartition("/")[0]


def local(key: str) -> str:
    return key.rpartition("/")[2]


def slot_of(key: str) -> str:
    """The name of an item's slot and branch: `PGM-001-PRJ-002-B003` (peer-slots-steering.md §2.1)."""
    return key.replace("/", "-")


@dataclass(frozen=True)
class Project:
    """One project. `entry` is its section of program.md, None for a standalone project."""

    key: str
    entry: Entry | None
    files: ProjectFiles
    spec: Spec | None = None
    backlog: EntriesDocument | None = None
    escalations: tuple[Escalation, ...] = ()
    running: bool = True  # it and its program are active: its items may start, and count against the budget
    refused: str = ""  # why its files cannot be used

    @property
    def id(self) -> str:
        return self.entry.id if self.entry else ""

    @property
    def program(self) -> str:
        return scope_of(self.key)

    @property
    def state(self) -> State:
        return self.entry.state if self.entry else State.ACTIVE

    @cached_property
    def active_items(self) -> tuple[Entry, ...]:
        found = self.backlog.entries if self.backlog else ()
        return tuple(entry for entry in found if entry.state is State.ACTIVE)

    @cached_property
    def complete(self) -> bool:
        """Every item is delivered, or failed and waived by a person; one at least."""
        found = self.backlog.entries if self.backlog else ()
        return bool(found) and all(entry.settled for entry in found)


@dataclass(frozen=True)
class Program:
    """One program. `entry` is its section of enterprise.md, None for a standalone program; `key` is "" then."""

    key: str
    entry: Entry | None
    files: ProgramFiles
    document: EntriesDocument | None = None
    projects: tuple[Project, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    refused: str = ""

    @property
    def state(self) -> State:
        return self.entry.state if self.entry else State.ACTIVE

    @property
    def title(self) -> str:
        return self.entry.title if self.entry else ""

    @cached_property
    def complete(self) -> bool:
        found = self.document.entries if self.document else ()
        return bool(found) and all(entry.settled for entry in found)

    def find(self, project: str) -> Project | None:
        return next((row for row in self.projects if row.id == project), None)


@dataclass(frozen=True)
class Portfolio:
    """All of a workspace. At depth `project` there is one program without a document, with one project in it."""

    depth: Depth
    programs: tuple[Program, ...]
    document: EntriesDocument | None = None  # enterprise.md
    settings: Settings = field(default_factory=Settings)
    findings: tuple[Finding, ...] = ()  # of the settings
    escalations: tuple[Escalation, ...] = ()  # of enterprise.md

    @cached_property
    def _projects(self) -> Mapping[str, Project]:
        return {project.key: project for program in self.programs for project in program.projects}

    def project(self, key: str) -> Project | None:
        return self._projects.get(key)

    def program(self, key: str) -> Program | None:
        return next((row for row in self.programs if row.key == key), None)

    def projects(self) -> Iterator[Project]:
        yield from self._projects.values()

    @cached_property
    def used(self) -> int:
        """Items in flight in running projects: what counts against the budget (W56, W-C1, W-C3)."""
        return sum(len(project.active_items) for project in self.projects() if project.running)

    @property
    def parallel(self) -> bool:
        """Whether several items may run at once; without an enterprise.md whoever starts them says so."""
        return self.settings.parallel or self.depth != "enterprise"

    def external(self, project: Project) -> Mapping[str, Entry]:
        """The items of other projects that this one's backlog waits for, those that exist: `PRJ-001/B003` -> item.

        A project of the same program is meant first; else the only one of that id in the enterprise.
        """
        found: dict[str, Entry] = {}
        for entry in project.backlog.entries if project.backlog else ():
            for wanted in entry.depends:
                other = self.named(project, wanted) if "/" in wanted and wanted not in found else None
                target = other.backlog.find(local(wanted)) if other and other.backlog else None
                if target is not None:
                    found[wanted] = target
        return found

    def named(self, project: Project, dependency: str) -> Project | None:
        """The project that `PRJ-001/B003`, said in `project`, means."""
        if not EXTERNAL_ID.fullmatch(dependency):
            return None
        name = scope_of(dependency)
        own = self._projects.get(item_key(project.program, name))
        if own is not None:
            return own
        others = [row for row in self.projects() if row.id == name]
        return others[0] if len(others) == 1 else None

    def waits(self) -> Mapping[str, list[str]]:
        """Item -> the items it depends on, by their keys, over all projects."""
        found: dict[str, list[str]] = {}
        for project in self.projects():
            for entry in project.backlog.entries if project.backlog else ():
                targets = found.setdefault(item_key(project.key, entry.id), [])
                for wanted in entry.depends:
                    other = self.named(project, wanted) if EXTERNAL_ID.fullmatch(wanted) else project
                    if other is not None:
                        targets.append(item_key(other.key, local(wanted)))
        return found


STANDALONE = Portfolio("project", (Program("", None, ProgramFiles(), projects=(Project("", None, ProjectFiles()),)),))


def refusals(programs: tuple[Program, ...]) -> dict[str, str]:
    """key -> why the folder of this program or project may not be used."""
    sound = [row for row in programs if row.entry is not None and not row.refused]
    folders = [(row.key, row.files.folder) for row in sound]
    inner = [(row.key, row.files.folder) for program in programs for row in program.projects if not row.refused]
    found = {**layout.overlaps(folders), **layout.overlaps(inner)}
    own = {row.key: f"{program.files.folder}/projects" for program in programs for row in program.projects}
    custom = {key: folder for key, folder in inner if posixpath.dirname(folder) != own[key]}
    crossing = layout.overlaps([*folders, *custom.items()])  # such a project is refused, and no program with it
    found.update({key: other for key, other in crossing.items() if key in custom})
    return {key: f"{key}: its folder overlaps that of {other}" for key, other in found.items()}
