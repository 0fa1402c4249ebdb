"""Where the files of a portfolio lie: the layout of peer-levels.md §1, as paths.

A document has one stored file, which is its identity, and, while the sequential tools work on it, working copies: the
active program's at `.opencode/program.md` and below `.opencode/projects/`, the active project's directly in
`.opencode/`. All copies say the same: whoever writes one writes all (engine/copies.py).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from echelon.core.documents.entries import Entry

STATE = ".opencode"
ENTERPRISE = f"{STATE}/enterprise.md"
WORKING_PROGRAM = f"{STATE}/program.md"
ROLES = f"{STATE}/roles"  # texts that take the place of Echelon's own for the agents of these names
ROLE_BYTES_MAX = 20_000  # of one of them
PROJECT_NAMES = ("spec.md", "backlog.md", "project.md")
# Folders below .opencode that hold something else already.
_RESERVED = ("echelon", "archive", "playbook", "docs", "node_modules", "roles")


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """The files of one project. `working` are folders with copies, the one that is worked on first."""

    folder: str = STATE
    working: tuple[str, ...] = ()

    @property
    def spec(self) -> str:
        return f"{self.folder}/spec.md"

    @property
    def backlog(self) -> str:
        return f"{self.folder}/backlog.md"

    @property
    def journal(self) -> str:
        return f"{self.folder}/project.md"

    @property
    def in_front(self) -> bool:
        """Whether the sequential tools work on it: its files lie directly in `.opencode`."""
        return self.folder == STATE or STATE in self.working

    def copies(self) -> Mapping[str, tuple[str, ...]]:
        """Stored path -> paths of its copies, the one that is worked on first; empty where there are none."""
        if not self.working:
            return {}
        return {f"{self.folder}/{name}": tuple(f"{folder}/{name}" for folder in self.working) for name in PROJECT_NAMES}


@dataclass(frozen=True, slots=True)
class ProgramFiles:
    """`document` is the stored program.md; `working` says that `.opencode/program.md` is a copy of it."""

    document: str = WORKING_PROGRAM
    working: bool = False

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.document)

    def copies(self) -> Mapping[str, tuple[str, ...]]:
        return {self.document: (WORKING_PROGRAM,)} if self.working else {}


def program_files(entry: Entry, in_front: bool) -> ProgramFiles:
    """Of a program that enterprise.md lists. `in_front`: it is the one whose working copy lies in `.opencode`."""
    folder = _given(entry) or f"{STATE}/programs/{entry.id}"
    return ProgramFiles(f"{folder}/program.md", in_front)


def project_files(program: ProgramFiles, entry: Entry, in_front: bool) -> ProjectFiles:
    """Of a project that a program.md lists. `in_front`: its working copies lie in `.opencode`."""
    given = _given(entry)
    folder = given or f"{program.folder}/projects/{entry.id}"
    tree = (f"{STATE}/projects/{entry.id}",) if program.working and not given else ()
    return ProjectFiles(folder, (*((STATE,) if in_front else ()), *tree))


def _given(entry: Entry) -> str:
    return "/".join(_parts(entry.path)) or "." if entry.path else ""


def _parts(path: str) -> tuple[str, ...]:
    """The names of a path; dots for the same folder and doubled slashes are nothing."""
    return tuple(part for part in path.split("/") if part not in ("", "."))


def path_problem(path: str) -> str:
    """Why a folder may not hold a project or program; "" when it may (peer-levels.md W12, W14, W15, W15b)."""
    parts = _parts(path)
    if path.startswith(("/", "~", "\\")) or ".." in parts or ":" in path or "\\" in path:
        return "lies outside the workspace"
    if not parts:
        return "is the workspace itself"
    if ".git" in parts:
        return "lies in git's own folder"
    if parts[0] == STATE and (len(parts) == 1 or parts[1] in _RESERVED):
        return "is a folder with another use"
    if parts[:2] in ((STATE, "programs"), (STATE, "projects")) and len(parts) == 2:
        return "is the folder of all of them"
    return ""


def overlaps(folders: Iterable[tuple[str, str]]) -> dict[str, str]:
    """owner -> the other owner whose folder is the same, or lies inside. `folders`: (owner, folder)."""
    found: dict[str, str] = {}
    known: dict[tuple[str, ...], str] = {}
    rows = sorted((_parts(folder), owner) for owner, folder in folders)
    for parts, owner in rows:
        for length in range(1, len(parts) + 1):
            other = known.get(parts[:length])
            if other is not None:
                found.setdefault(owner, other)
                found.setdefault(other, owner)
        known.setdefault(parts, owner)
    return found
