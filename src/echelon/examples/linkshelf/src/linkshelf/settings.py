"""What the person who runs the shelf decides; read once, at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    database: Path
    token: str = ""  # empty: the shelf is open to everybody who can reach it
    requests_per_minute: int = 0  # 0: no limit

    @classmethod
    def read(cls, environment: Mapping[str, str], database: Path) -> Settings:
        """Secrets come from the environment, because a command line is visible to everybody on the machine."""
        return cls(
            database=database,
            token=environment.get("LINKSHELF_TOKEN", ""),
            requests_per_minute=int(environment.get("LINKSHELF_REQUESTS_PER_MINUTE", "0")),
        )
