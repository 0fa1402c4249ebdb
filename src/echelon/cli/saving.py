"""Where a file that a person asked for goes: it is whole or not there, and what somebody else wrote is not replaced."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from echelon.errors import InputError, WorldError

START_READ = 400  # characters from the start, by which a file of ours is known again


def save_text(text: str, name: str, *, ours: Callable[[str], bool], force: bool) -> Path:
    """Write the text beside its place, then rename it there. Links are followed; the path that was written is answered.

    Raises InputError FILE_NOT_OURS, and WorldError FILE_FAILED when the system says no.
    """
    try:
        target = Path(name).resolve()
        _allow(target, ours, force)
        beside = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError, RuntimeError) as error:  # NUL in a name, a circle of links
        raise WorldError("FILE_FAILED", f"{name}: {error}", "name a file in a folder that exists") from error
    return target


def _allow(target: Path, ours: Callable[[str], bool], force: bool) -> None:
    """A plain file of the same kind, or any plain file by force; never a folder, a pipe or a device."""
    if not target.exists():
        return
    if target.is_file():
        if force:
            return
        with target.open("rb") as file:
            start = file.read(START_READ).decode("utf-8", "replace")
        if ours(start):
            return
    raise InputError(
        "FILE_NOT_OURS",
        f"{target} was not written by this command.",
        "name another file, or add --force for a plain file",
    )
