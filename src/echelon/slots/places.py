"""Directories, locks and small records of this room, all under one private state directory.

Locks are kernel locks on files that are never removed: a killed process frees them, and nothing is broken by age.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from echelon.errors import LockedError, TamperError, WorldError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL_SECONDS = 0.01
RECORD_BYTES = 1 << 20


def private_directory(path: Path) -> Path:
    """Make the directory if needed; it is ours, real and closed to others, or WorldError STATE_DIRECTORY_UNSAFE."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise WorldError("STATE_DIRECTORY_UNSAFE", f"{path} cannot be made: {error}.", "Choose another.") from error
    if not stat.S_ISDIR(found.st_mode) or (sys.platform != "win32" and found.st_uid != os.getuid()):
        raise WorldError(
            "STATE_DIRECTORY_UNSAFE", f"{path} is not a directory of this user.", "Remove it or choose another."
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def real_directory(path: Path) -> Path:
    """`path` when it is a directory and no link: what we clean and remove must be where we made it."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        raise TamperError("SLOT_DIRECTORY_CHANGED", f"{path} is gone.", "Its last snapshot is on its branch.") from None
    if not stat.S_ISDIR(mode):
        raise TamperError("SLOT_DIRECTORY_CHANGED", f"{path} is no longer a directory.", "Look at who replaced it.")
    return path


@contextlib.contextmanager
def locked(path: Path, seconds: float, what: str) -> Iterator[int]:
    """Hold the kernel lock of `path` and yield its descriptor; LockedError SLOT_BUSY when it is not free in time."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        deadline = time.monotonic() + seconds
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise LockedError("SLOT_BUSY", f"{what} is in use by another process.", "Wait for it and ask again.")
            time.sleep(_POLL_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace the file, old or new, never half, for this user only. `durable`: also after a loss of power, when it returns."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    if durable and sys.platform != "win32":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(record, indent=2, sort_keys=True).encode() + b"\n")


def read_record(path: Path) -> dict[str, Any] | None:
    """The record, None when there is none; TamperError SLOT_RECORD_BROKEN when it is not what we write."""
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(RECORD_BYTES))
    except FileNotFoundError:
        return None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise TamperError("SLOT_RECORD_BROKEN", f"{path} cannot be read.", "Its branch and directory are untouched.")
    return content


def read_small(path: Path, limit: int = RECORD_BYTES) -> bytes:
    """At most `limit` bytes of a regular file; b"" for anything else (absent, link, directory, pipe)."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(limit)
    except OSError:
        return b""


def remove_tree(path: Path) -> None:
    """Remove what is at `path`, following no link; directories an agent has closed are opened first."""
    if not os.path.lexists(path):
        return
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    try:
        shutil.rmtree(path)
    except OSError:
        path.chmod(0o700)
        for directory, names, _ in os.walk(path):
            for name in names:  # opened before os.walk steps into them
                child = Path(directory, name)
                if not child.is_symlink():
                    child.chmod(0o700)
        shutil.rmtree(path, ignore_errors=True)


def fresh_name(parent: Path, prefix: str = "") -> Path:
    return parent / f"{prefix}{secrets.token_hex(8)}"
