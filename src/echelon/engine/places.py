"""The user's own folders outside of any workspace. Alone in a module: whoever starts fast needs only this."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

FOLDER = ".opencode"


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
