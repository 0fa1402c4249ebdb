"""Which hooks were seen to fire, per version of OpenCode: they die silently between versions (host-opencode.md §3)."""

from __future__ import annotations

import json
from pathlib import Path

from echelon.bridge.sessions import Api
from echelon.errors import HostError
from echelon.slots.places import private_directory, read_small, write_whole

# What a first turn of one of our agents with one guarded tool call must have fired.
EXPECTED = (
    "config", "chat.message", "experimental.chat.system.transform", "tool.execute.before", "event",
)  # fmt: skip
FILE_BYTES_MAX = 100_000


class Liveness:
    def __init__(self, state: Path) -> None:
        self._path = state / "opencode" / "hooks.json"
        self._version = ""

    async def note(self, hook: str, api: Api) -> None:
        if not self._version:
            try:
                health = await api("GET", "/global/health")
                self._version = str(health.get("version", "unknown"))
            except (HostError, AttributeError):
                self._version = "unknown"
        known = self.read()
        seen = known.setdefault(self._version, [])
        if hook not in seen:
            seen.append(hook)
            private_directory(self._path.parent)
            write_whole(self._path, (json.dumps(known, indent=1) + "\n").encode())

    def read(self) -> dict[str, list[str]]:
        """OpenCode's version -> the hooks that fired there at least once."""
        try:
            found = json.loads(read_small(self._path, FILE_BYTES_MAX))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
