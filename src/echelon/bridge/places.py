"""Where bridge and brain meet: a private folder of the user's, with a socket, a lock, the manifest, and on Windows a port's file.

The same rule as `meeting()` of the plugin: $ECHELON_RUNTIME, else `echelon-<uid>` below $XDG_RUNTIME_DIR, else below the
system's temporary folder. Source: host-opencode.md §13 "Life of the brain".
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
import tempfile
from pathlib import Path

from echelon.bridge.wire import PROTOCOL
from echelon.engine.places import Places
from echelon.errors import WorldError

RECORD = "workspace.json"  # beside a workspace's slots: where it lies, what its slots may read
SOCKET_BYTES_MAX = 100  # of a socket's path; the kernels' own limits are 104 and 108


def by_port() -> bool:
    """Whether a loopback port with a secret is used instead of a socket."""
    return sys.platform == "win32" or os.environ.get("ECHELON_TRANSPORT") == "port"


def runtime() -> Path:
    """The folder, made when it is missing. Raises WorldError RUNTIME_UNSAFE when somebody else could reach in."""
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise WorldError("RUNTIME_UNSAFE", f"{folder} cannot be made: {error.strerror}.", _STEP) from error
    if sys.platform != "win32":
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
        if not ours:
            raise WorldError("RUNTIME_UNSAFE", f"{folder} is not a private folder of yours.", _STEP)
    return folder


_STEP = "set ECHELON_RUNTIME to a folder that only you can enter"


def below_workspaces(directory: str, places: Places) -> tuple[str, ...]:
    """The parts of a directory below the folder of all slots: (workspace, "slots", id, "work", …); () elsewhere."""
    try:
        inside = Path(os.path.realpath(directory)).relative_to(os.path.realpath(places.state / "workspaces"))
    except ValueError:
        return ()
    return inside.parts


def is_slot(directory: str, places: Places) -> bool:
    parts = below_workspaces(directory, places)
    return len(parts) >= 4 and parts[1] == "slots" and parts[3] == "work"


def slot_of(directory: str, places: Places) -> str:
    """The name of the slot that a directory is, "" for any other."""
    return below_workspaces(directory, places)[2] if is_slot(directory, places) else ""


def _folder() -> Path:
    if given := os.environ.get("ECHELON_RUNTIME"):
        return Path(given)
    user = getpass.getuser() if sys.platform == "win32" else str(os.getuid())
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"echelon-{user}"


def socket_path() -> Path:
    path = runtime() / f"brain-{PROTOCOL}.sock"
    if len(os.fsencode(path)) > SOCKET_BYTES_MAX:
        raise WorldError("RUNTIME_UNSAFE", f"{path} is too long for a socket.", _STEP)
    return path


def port_file() -> Path:
    return runtime() / f"brain-{PROTOCOL}.json"


def lock_file() -> Path:
    return runtime() / f"brain-{PROTOCOL}.lock"
