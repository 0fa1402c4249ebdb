"""The user's own folders outside of any workspace. Alone in a module: whoever starts fast needs only this."""

from __future__ import annotations

import getpass
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from echelon.errors import WorldError

FOLDER = ".opencode"
UNSAFE = "set ECHELON_RUNTIME to a folder that only you can enter"


@dataclass(frozen=True, slots=True)
class Places:
    """Where things outside the workspace go: `state` must survive, `cache` may be removed at any time."""

    state: Path
    cache: Path

    @classmethod
    def of_user(cls) -> Places:
        home = Path.home()
        local = os.environ.get("LOCALAPPDATA")
        state = os.environ.get("XDG_STATE_HOME") or local or str(home / ".local" / "state")
        cache = os.environ.get("XDG_CACHE_HOME") or local or str(home / ".cache")
        return cls(Path(state) / "echelon", Path(cache) / "echelon")


def nearest_workspace(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that holds `.opencode`; never the home folder, where OpenCode may live."""
    here, home = start.resolve(), Path.home()
    return next((folder for folder in (here, *here.parents) if (folder / FOLDER).is_dir() and folder != home), None)


def runtime() -> Path:
    """Where the processes of a user meet, made when it is missing: $ECHELON_RUNTIME, else `echelon-<uid>` below
    $XDG_RUNTIME_DIR, else below the system's temporary folder.

    Raises WorldError RUNTIME_UNSAFE when somebody else could reach in.
    """
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise WorldError("RUNTIME_UNSAFE", f"{folder} cannot be made: {error.strerror}.", UNSAFE) from error
    if sys.platform != "win32":
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
        if not ours:
            raise WorldError("RUNTIME_UNSAFE", f"{folder} is not a private folder of yours.", UNSAFE)
    return folder


def _folder() -> Path:
    if given := os.environ.get("ECHELON_RUNTIME"):
        return Path(given)
    user = getpass.getuser() if sys.platform == "win32" else str(os.getuid())
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"echelon-{user}"
