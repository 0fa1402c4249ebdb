"""The files of another tool, read for an import: regular files with names that matter, within limits, no link followed."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from echelon.errors import InputError, LimitError, WorldError

FILES_MAX = 5_000
FILE_BYTES_MAX = 16 * 1024 * 1024
TOTAL_BYTES_MAX = 64 * 1024 * 1024
DEPTH_MAX = 12
ENDINGS = (".md", ".markdown", ".json", ".yml", ".yaml")
# Folders that hold no plan of anybody's. Hidden ones are skipped but for those in which a tool keeps its tasks.
_SKIPPED = frozenset(("node_modules", "vendor", "dist", "build", "target", "venv", "__pycache__"))
_HIDDEN = frozenset((".taskmaster", ".backlog"))
# What lies beside a tasks.md and belongs to it.
_COMPANIONS = ("spec.md", "proposal.md", "design.md", "plan.md")
_NAME_A_FOLDER = "name the folder or the file of the tasks"


@dataclass(slots=True)
class _Gathered:
    files: dict[str, str] = field(default_factory=dict)
    total: int = 0

    def add(self, path: Path, shown: str) -> None:
        content = _read(path, shown)
        self.total += len(content)
        if len(self.files) >= FILES_MAX or self.total > TOTAL_BYTES_MAX:
            limit = f"more than {FILES_MAX} files or {TOTAL_BYTES_MAX // 2**20} MB"
            raise LimitError("IMPORT_TOO_LARGE", f"{shown}: {limit} would be read.", _NAME_A_FOLDER)
        self.files[shown] = content.decode("utf-8", "replace")


def gather(name: str) -> dict[str, str]:
    """Path as it is shown -> text, of a file, a folder, or `-` for what comes in by a pipe.

    Raises InputError IMPORT_NOT_FOUND, LimitError IMPORT_TOO_LARGE, WorldError NOT_PERMITTED.
    """
    found = _Gathered()
    if name == "-":
        content = sys.stdin.buffer.read(FILE_BYTES_MAX + 1)
        _within(len(content), "-")
        return {"stdin": content.decode("utf-8", "replace")}
    try:
        path = Path(name)
        if path.is_dir():
            folder, files = path, _walk(path)
        elif path.is_file():
            folder, files = path.parent, (path, *_beside(path))
        else:
            raise InputError("IMPORT_NOT_FOUND", f"{name[:200]}: there is no such file or folder.", _NAME_A_FOLDER)
        label = _label(folder)
        for file in files:
            found.add(file, "/".join(part for part in (label, file.relative_to(folder).as_posix()) if part))
    except (OSError, ValueError) as error:  # NUL in a name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise WorldError("NOT_PERMITTED", f"{name[:200]!r} cannot be read: {reason}.", _NAME_A_FOLDER) from error
    return found.files


def _label(folder: Path) -> str:
    """How a folder is called. No place of this machine: what is shown goes into files that others read too."""
    parts = folder.parts
    if folder.is_absolute() or ".." in parts:
        parts = (folder.resolve().name,)
    return "/".join(part for part in parts if part != ".")


def _beside(path: Path) -> Iterator[Path]:
    """What belongs to a list of tasks: the documents in its folder, and the specs below it."""
    if path.name != "tasks.md":
        return
    yield from (path.with_name(name) for name in _COMPANIONS if _is_plain(path.with_name(name)))
    if (path.parent / "specs").is_dir():
        yield from _walk(path.parent / "specs")


def _walk(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order."""
    for here, folders, names in os.walk(folder, followlinks=False):
        deep = len(Path(here).relative_to(folder).parts) >= DEPTH_MAX
        folders[:] = [] if deep else sorted(name for name in folders if _looked_into(name))
        for name in sorted(names):
            if name.lower().endswith(ENDINGS) and _is_plain(Path(here, name)):
                yield Path(here, name)


def _looked_into(name: str) -> bool:
    return name in _HIDDEN or not (name.startswith(".") or name in _SKIPPED)


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _read(path: Path, shown: str) -> bytes:
    with path.open("rb") as file:
        content = file.read(FILE_BYTES_MAX + 1)
    _within(len(content), shown)
    return content


def _within(size: int, shown: str) -> None:
    if size > FILE_BYTES_MAX:
        raise LimitError("IMPORT_TOO_LARGE", f"{shown} is larger than {FILE_BYTES_MAX // 2**20} MB.", _NAME_A_FOLDER)
