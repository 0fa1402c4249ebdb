"""Where bridge and brain meet: a private folder of the user's, with a socket, a lock, the manifest, and on Windows a port's file.

The same rule as `meeting()` of the plugin. Source: host-opencode.md §13 "Life of the brain".
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from echelon.bridge.wire import PROTOCOL
from echelon.engine.places import UNSAFE, Places, runtime
from echelon.errors import WorldError

__all__ = [
    "RECORD", "below_workspaces", "by_port", "is_slot", "lock_file", "port_file", "runtime", "slot_of", "socket_path",
]  # fmt: skip

RECORD = "workspace.json"  # beside a workspace's slots: where it lies, what its slots may read
SOCKET_BYTES_MAX = 100  # of a socket's path; the kernels' own limits are 104 and 108


def by_port() -> bool:
    """Whether a loopback port with a secret is used instead of a socket."""
    return sys.platform == "win32" or os.environ.get("ECHELON_TRANSPORT") == "port"


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


def socket_path() -> Path:
    path = runtime() / f"brain-{PROTOCOL}.sock"
    if len(os.fsencode(path)) > SOCKET_BYTES_MAX:
        raise WorldError("RUNTIME_UNSAFE", f"{path} is too long for a socket.", UNSAFE)
    return path


def port_file() -> Path:
    return runtime() / f"brain-{PROTOCOL}.json"


def lock_file() -> Path:
    return runtime() / f"brain-{PROTOCOL}.lock"
