"""Files in the person's OpenCode folder: put in place whole or not at all, and every failure a sentence.

The temporary file of a place has one name, so that what a killed run left is taken over by the next.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from echelon.errors import ConflictError, LimitError, WorldError

FILE_BYTES = 4 * 1024 * 1024  # a configuration is text that a person writes
NAMES = 100  # copies of one file kept beside each other
_CAUSES = {
    errno.ENOSPC: ("DISK_FULL", "free some space and ask again"),
    errno.EDQUOT: ("DISK_FULL", "free some space and ask again"),
    errno.EROFS: ("READ_ONLY", "make it writable, or set XDG_CONFIG_HOME to a folder that is"),
    errno.EACCES: ("NOT_PERMITTED", "give this user the right to write there, or set XDG_CONFIG_HOME"),
    errno.EPERM: ("NOT_PERMITTED", "give this user the right to write there, or set XDG_CONFIG_HOME"),
}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def failing_as(doing: str, path: Path) -> Iterator[None]:
    """An OSError of the body becomes WorldError: "cannot <doing> <path>: why"."""
    try:
        yield
    except OSError as error:
        code, step = _CAUSES.get(error.errno or 0, ("FILE_FAILED", "mend the cause and ask again"))
        raise WorldError(code, f"cannot {doing} {path}: {error.strerror or error}.", step) from error


def read(path: Path) -> bytes | None:
    """The content of a file (links are followed), None when it is missing or a link to nothing.

    Raises WorldError FILE_FAILED for a folder or device, LimitError FILE_TOO_LARGE above FILE_BYTES.
    """
    with failing_as("read", path):
        try:
            found = path.stat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise WorldError("FILE_FAILED", f"{path} is not a file.", "move it away and ask again")
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise LimitError("FILE_TOO_LARGE", f"{path} is larger than {FILE_BYTES} bytes.", "make it smaller")
    return content


def shown(path: Path) -> str:
    """The path as a person writes it."""
    home = Path("~").expanduser()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.echelon-tmp")


def put(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace `path`, old or new and never half; a file that is there lends its mode, a link's target is replaced."""
    with failing_as("write", path):
        target = path.resolve() if path.is_symlink() else path
        with contextlib.suppress(FileNotFoundError):
            mode = stat.S_IMODE(target.stat().st_mode)
        scratch = temporary(target)
        scratch.unlink(missing_ok=True)
        try:
            handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
            with os.fdopen(handle, "wb") as file:
                if hasattr(os, "fchmod"):
                    os.fchmod(file.fileno(), mode)  # the umask must not narrow a mode that is kept
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
            raise


def change(path: Path, old: str, new: bytes) -> None:
    """Put `new` where the content with digest `old` is; ConflictError DOCUMENT_CHANGED when it is not there any more."""
    if digest(read(path) or b"") != old:
        raise ConflictError("DOCUMENT_CHANGED", f"{path} was changed just now; it was left alone.", "ask again")
    put(path, new)


def move(source: Path, target: Path) -> None:
    """Rename to a name that is free; parents of `target` are there."""
    with failing_as("move", source):
        if os.path.lexists(target):
            raise WorldError("FILE_FAILED", f"{target} is in the way.", "move it away and ask again")
        source.rename(target)


def remove(path: Path) -> None:
    with failing_as("remove", path):
        path.unlink(missing_ok=True)


def make_folder(path: Path, mode: int = 0o755) -> None:
    with failing_as("make", path):
        path.mkdir(mode=mode, exist_ok=True)


def remove_folder_if_empty(path: Path) -> None:
    """What others put there meanwhile keeps it."""
    with contextlib.suppress(OSError):
        path.rmdir()


def missing_folders(path: Path) -> tuple[Path, ...]:
    """`path` and those above it that do not exist, outermost first."""
    with failing_as("look at", path):
        return tuple(reversed([place for place in (path, *path.parents) if not os.path.lexists(place)]))


def free_name(home: Path, name: str) -> str:
    """`name`, or `name-2` and so on, whichever is free in `home`."""
    names = [name, *(f"{name}-{number}" for number in range(2, NAMES + 1))]
    for candidate in names:
        if not os.path.lexists(home / candidate):
            return candidate
    raise WorldError("FILE_FAILED", f"{home / name} and {NAMES - 1} names after it are taken.", "remove old copies")
