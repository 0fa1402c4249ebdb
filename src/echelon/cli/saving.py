"""Where a report's page goes: a file is whole or not there, and what somebody else wrote is not replaced."""

from __future__ import annotations

import os
from pathlib import Path

from echelon.errors import InputError, WorldError
from echelon.pages.page import MARK_WITHIN, is_ours


def save_page(text: str, name: str, *, force: bool) -> Path:
    """Write the page beside its place, then rename it there. Links are followed; the path that was written is answered.

    Raises InputError FILE_NOT_OURS, and WorldError FILE_FAILED when the system says no.
    """
    try:
        target = Path(name).resolve()
        _allow(target, force)
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


def _allow(target: Path, force: bool) -> None:
    """A plain file that is a report of ours, or any plain file by force; never a folder, a pipe or a device."""
    if not target.exists():
        return
    if target.is_file():
        if force:
            return
        with target.open("rb") as file:
            start = file.read(MARK_WITHIN).decode("utf-8", "replace")
        if is_ours(start):
            return
    raise InputError(
        "FILE_NOT_OURS", f"{target} is not a report of Echelon.", "name another file, or add --force for a plain file"
    )
