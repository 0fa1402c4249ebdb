"""The only module that opens, writes, renames and syncs files.

Theory of operation. `Disk` names the system calls, one method each, so that the proofs can put a model or a failing
disk underneath; `OsDisk` is the real one. The functions on top are whole: they do everything or clean up and raise.
A file is never written in place: temporary file beside it, write, fsync, rename, fsync of the directory. Without the
first fsync a power cut leaves torn files, without the second it loses acknowledged ones (tests/crash shows both).
No OSError is ever read as "empty": missing is None, everything else is raised as WorldError.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from echelon.errors import InputError, LimitError, WorldError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

FILE_LIMIT = 16 * 1024 * 1024  # bytes; a state document is text that people read
PATH_LIMIT = 1024  # characters
DEPTH_LIMIT = 32  # parts of a path, and levels of a sweep
SWEEP_LIMIT = 100_000  # entries looked at; what is left over is only untidy

TEMP_NAME = re.compile(r"\.echelon-[0-9a-f]{16}-[0-9]+\.tmp")
# Backslash and colon mean other places on Windows; control characters are nobody's name.
_NEVER_IN_A_PATH = re.compile(
    r"[\x00-\x1f\x7f\\]|[:*?\"<>|]|[. ](?:/|$)" if sys.platform == "win32" else r"[\x00-\x1f\x7f\\]"
)
_BINARY: int = getattr(os, "O_BINARY", 0)
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not hang
_LOCK_BYTE = 1 << 30  # Windows locks bytes and then forbids reading them: one far behind the owner's record


@dataclass(frozen=True, slots=True)
class FileStat:
    """`identity` changes when the file is replaced or written (as far as the file system's clock can tell)."""

    kind: Literal["file", "directory", "symlink", "other"]
    mode: int  # permission bits
    size: int
    identity: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    content: bytes
    stat: FileStat


class Disk(Protocol):
    """System calls. Every method may raise OSError; a handle is a file descriptor or what the model makes of it."""

    def stat(self, path: Path) -> FileStat | None: ...  # of the name itself: links are not followed
    def read(self, path: Path, limit: int, offset: int = 0) -> Reading: ...  # content is empty unless kind is file
    def names(self, directory: Path) -> list[str]: ...
    def create(self, path: Path, mode: int | None) -> int: ...  # fails when it exists; None: by the umask
    def open_append(self, path: Path) -> int: ...
    def write(self, handle: int, data: memoryview) -> int: ...  # may write less than asked
    def truncate(self, handle: int, size: int) -> None: ...
    def sync(self, handle: int) -> None: ...
    def close(self, handle: int) -> None: ...
    def rename(self, source: Path, target: Path) -> None: ...
    def unlink(self, path: Path) -> None: ...
    def mkdir(self, path: Path, mode: int) -> None: ...
    def sync_directory(self, path: Path) -> None: ...
    def lock(self, path: Path) -> int | None: ...  # None when somebody else holds it; closing releases it


def _file_stat(found: os.stat_result) -> FileStat:
    mode = found.st_mode
    kind: Literal["file", "directory", "symlink", "other"] = "other"
    if stat.S_ISREG(mode):
        kind = "file"
    elif stat.S_ISDIR(mode):
        kind = "directory"
    elif stat.S_ISLNK(mode):
        kind = "symlink"
    identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return FileStat(kind, stat.S_IMODE(mode), found.st_size, identity)


class OsDisk:
    """The real disk."""

    def stat(self, path: Path) -> FileStat | None:
        try:
            return _file_stat(path.lstat())
        except FileNotFoundError:
            return None

    def read(self, path: Path, limit: int, offset: int = 0) -> Reading:
        handle = os.open(path, os.O_RDONLY | _NO_FOLLOW | _NO_WAIT | _BINARY)
        try:
            found = _file_stat(os.fstat(handle))
            if found.kind != "file":
                return Reading(b"", found)
            if offset:
                os.lseek(handle, offset, os.SEEK_SET)
            parts: list[bytes] = []
            expected = found.size - offset
            while limit > 0 and (part := os.read(handle, min(limit, max(expected, 65536)))):
                parts.append(part)
                limit -= len(part)
                expected -= len(part)
            return Reading(b"".join(parts), found)
        finally:
            os.close(handle)

    def names(self, directory: Path) -> list[str]:
        return [entry.name for entry in directory.iterdir()]

    def create(self, path: Path, mode: int | None) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY
        handle = os.open(path, flags, 0o666 if mode is None else mode)
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(handle, mode)  # the umask must not narrow a mode that is kept
        return handle

    def open_append(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | _NO_FOLLOW | _NO_WAIT | _BINARY)

    def write(self, handle: int, data: memoryview) -> int:
        return os.write(handle, data)

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def sync(self, handle: int) -> None:
        if sys.platform == "darwin":  # fsync there stops at the drive's cache; not every volume knows better
            with contextlib.suppress(OSError):
                fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
                return
        os.fsync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def mkdir(self, path: Path, mode: int) -> None:
        path.mkdir(mode)

    def sync_directory(self, path: Path) -> None:
        if sys.platform == "win32":  # directories cannot be opened there
            return
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def lock(self, path: Path) -> int | None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW | _BINARY, 0o600)
        try:
            if sys.platform == "win32":
                os.lseek(handle, _LOCK_BYTE, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
                os.lseek(handle, 0, os.SEEK_SET)
            else:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            named, opened = self.stat(path), _file_stat(os.fstat(handle))
        except OSError as error:
            os.close(handle)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
                return None
            raise
        if named is None or named.identity[:2] != opened.identity[:2]:
            os.close(handle)  # the file was removed or replaced meanwhile: this lock guards nothing
            return None
        return handle


# ------------------------------------------------------------------------------------------------- errors

_CAUSES = {
    errno.ENOSPC: ("DISK_FULL", "the disk is full", "free some space and ask again"),
    errno.EDQUOT: ("DISK_FULL", "the disk quota is used up", "free some space and ask again"),
    errno.EROFS: ("READ_ONLY", "the file system is read-only", "make it writable and ask again"),
    errno.EACCES: ("NOT_PERMITTED", "permission is denied", "give this user the right to do it and ask again"),
    errno.EPERM: ("NOT_PERMITTED", "it is not permitted", "give this user the right to do it and ask again"),
}


@contextlib.contextmanager
def world_errors(path: Path, doing: str) -> Generator[None]:
    """Raise an OSError of the body as WorldError: "cannot <doing> <path>: why"."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):  # a link, or a socket
            raise _not_regular(path, "symlink or special file") from error
        reason = error.strerror or type(error).__name__
        code, why, step = _CAUSES.get(error.errno or 0, ("FILE_FAILED", reason, "repair the cause and ask again"))
        raise WorldError(code, f"cannot {doing} {path}: {why}.", f"{step}.") from error


def _not_regular(path: Path, kind: str) -> WorldError:
    step = "put a regular file in its place; Echelon neither follows links nor reads devices."
    return WorldError("STATE_FILE_NOT_REGULAR", f"{path} is not a regular file but a {kind}.", step)


# -------------------------------------------------------------------------------------------------- paths


def resolve(disk: Disk, root: Path, path: str) -> Path:
    """The place of a workspace-relative `path` ("/" between parts) under `root`.

    Raises InputError PATH_NOT_ALLOWED for anything that could mean another place, and WorldError
    STATE_FILE_NOT_REGULAR when a directory on the way is a link or no directory.
    """
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") for part in parts) and not _NEVER_IN_A_PATH.search(path)
    if not plain or len(path) > PATH_LIMIT or len(parts) > DEPTH_LIMIT:
        shown = ascii(path[:80])
        raise InputError("PATH_NOT_ALLOWED", f"{shown} is not a plain path inside the workspace.", "use a/b/c.md.")
    here = root
    for part in parts[:-1]:
        here = here / part
        with world_errors(here, "look at"):
            found = disk.stat(here)
        if found is None:
            break
        if found.kind != "directory":
            raise _not_regular(here, found.kind)
    return root / path


# ------------------------------------------------------------------------------------------------ reading


def read_reading(disk: Disk, path: Path, limit: int = FILE_LIMIT, offset: int = 0) -> Reading | None:
    """Content and stat of a regular file from `offset` on; None when it is missing. See read_regular."""
    with world_errors(path, "read"):
        try:
            reading = disk.read(path, limit + 1, offset)
        except FileNotFoundError:
            return None
    if reading.stat.kind != "file":
        raise _not_regular(path, reading.stat.kind)
    if len(reading.content) > limit:
        raise LimitError("FILE_TOO_LARGE", f"{path} is larger than {limit} bytes.", "split it or make it smaller.")
    return reading


def read_regular(disk: Disk, path: Path, limit: int = FILE_LIMIT) -> bytes | None:
    """The content of a regular file, None when it is missing.

    Raises WorldError STATE_FILE_NOT_REGULAR for a link, directory, FIFO or device, LimitError FILE_TOO_LARGE above
    `limit` bytes, and WorldError for every other failure: a file that cannot be read is never "empty".
    """
    reading = read_reading(disk, path, limit)
    return None if reading is None else reading.content


# ------------------------------------------------------------------------------------------------ writing


def _write_all(disk: Disk, handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        written = disk.write(handle, rest)
        if written <= 0:
            raise OSError(errno.EIO, "nothing was written")
        rest = rest[written:]


def discard(disk: Disk, path: Path) -> None:
    """Remove a file that only tidiness wants removed: a failure is left to the next sweep."""
    with contextlib.suppress(OSError):
        disk.unlink(path)


def write_new(disk: Disk, path: Path, content: bytes, mode: int | None, durable: bool = True) -> None:
    """Create `path` with `content`, synced; a left-over of that name goes first. On failure nothing remains."""
    with world_errors(path, "write"):
        if disk.stat(path) is not None:
            disk.unlink(path)
        handle = disk.create(path, mode)
        try:
            try:
                _write_all(disk, handle, content)
                if durable:
                    disk.sync(handle)
            finally:
                disk.close(handle)
        except OSError:
            discard(disk, path)
            raise


def rename_file(disk: Disk, source: Path, target: Path) -> None:
    with world_errors(target, "replace"):
        disk.rename(source, target)


def temp_beside(path: Path, token: str, number: int) -> Path:
    """The temporary file for `path`, in the same directory; `token` is at least 16 hex digits."""
    return path.parent / f".echelon-{token[:16]}-{number}.tmp"


def replace_file(disk: Disk, path: Path, content: bytes, mode: int | None = None, durable: bool = True) -> None:
    """Put `content` at `path`, all of it or none; a file that is there lends its mode. The caller holds the lock.

    `durable=False` is for caches: still atomic for readers, but a power cut may undo or tear it.
    """
    with world_errors(path, "look at"):
        found = disk.stat(path)
    if found is not None and found.kind != "file":
        raise _not_regular(path, found.kind)
    temp = temp_beside(path, "0" * 16, os.getpid())
    write_new(disk, temp, content, found.mode if found else mode, durable)
    try:
        rename_file(disk, temp, path)
    except WorldError:
        discard(disk, temp)
        raise
    if durable:
        sync_directories(disk, [path.parent])


def append_file(disk: Disk, path: Path, content: bytes) -> bool:
    """Append and sync; on failure the file is cut back as far as the disk lets us. True when it was created (0600)."""
    with world_errors(path, "append to"):
        found = disk.stat(path)
        handle = disk.create(path, 0o600) if found is None else disk.open_append(path)
        try:
            try:
                _write_all(disk, handle, content)
                disk.sync(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    disk.truncate(handle, found.size if found else 0)
                    disk.sync(handle)
                raise
        finally:
            disk.close(handle)
    return found is None


def cut_file(disk: Disk, path: Path, size: int) -> None:
    """Cut `path` back to `size` bytes, synced; a missing file stays missing."""
    with world_errors(path, "cut back"):
        if disk.stat(path) is None:
            return
        handle = disk.open_append(path)
        try:
            disk.truncate(handle, size)
            disk.sync(handle)
        finally:
            disk.close(handle)


def remove_file(disk: Disk, path: Path) -> None:
    """Remove `path`, durably; a missing file is fine."""
    with world_errors(path, "remove"), contextlib.suppress(FileNotFoundError):
        disk.unlink(path)
    sync_directories(disk, [path.parent])


# -------------------------------------------------------------------------------------------- directories


def sync_directories(disk: Disk, directories: Iterable[Path]) -> None:
    for directory in sorted(set(directories)):
        with world_errors(directory, "sync"), contextlib.suppress(FileNotFoundError):
            disk.sync_directory(directory)


def directories_up_to(root: Path, path: Path) -> list[Path]:
    """The directory of `path` and those above it, up to and with `root`: a new name is durable when all are synced."""
    above = list(path.parents)
    return above[: above.index(root) + 1]


def make_directories(disk: Disk, root: Path, directory: Path, mode: int = 0o777) -> None:
    """Make `directory` and what is missing between it and `root`; `mode` is for the last one."""
    for place in reversed(directories_up_to(root, directory / "file")[:-1]):
        with world_errors(place, "make"), contextlib.suppress(FileExistsError):
            disk.mkdir(place, mode if place == directory else 0o777)


def sweep_temps(disk: Disk, directory: Path, deep: bool = True) -> int:
    """Remove temporary files of killed writers in `directory`, `deep`: and under it. Returns how many.

    The caller holds the lock, so that no living writer's files are met.

    Only our own names, only regular files, no links followed. Bounded: DEPTH_LIMIT, SWEEP_LIMIT.
    """
    removed = looked = 0
    places = [(directory, 0)]
    while places:
        place, depth = places.pop()
        with world_errors(place, "list"):
            names = sorted(disk.names(place)) if disk.stat(place) else []
            for name in names:
                looked += 1
                found = disk.stat(place / name)
                if found is None or looked > SWEEP_LIMIT:
                    continue
                if found.kind == "directory" and deep and depth < DEPTH_LIMIT and name != "node_modules":
                    places.append((place / name, depth + 1))
                elif found.kind == "file" and TEMP_NAME.fullmatch(name):
                    disk.unlink(place / name)
                    removed += 1
    return removed
