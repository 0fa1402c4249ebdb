"""The peer's version files: `.opencode/backlog.version.json` beside `.opencode/backlog.md`.

open-codining sees a change only by the number in there (peer-levels.md section 2.2), so a write that leaves it alone
would be written over by a peer that runs in the same workspace. We raise the number where the file exists, make none,
and take whatever it holds: `"7"`, null and garbage have been seen (W25).
"""

from __future__ import annotations

import json
from datetime import datetime

_DIRECTORY = ".opencode/"
_LARGEST = 2**53 - 2  # the peer counts in doubles


def sidecar_of(path: str) -> str | None:
    """The version file of a document that lies directly in `.opencode/`, None for any other."""
    name = path.removeprefix(_DIRECTORY)
    if name == path or "/" in name or name.endswith(".version.json"):
        return None
    return f"{_DIRECTORY}{name.removesuffix('.md')}.version.json"


def raised(content: bytes, actor: str, now: str) -> bytes:
    """The version file after one more write; `now` is ISO-8601. One line and no newline, as the peer writes it."""
    try:
        record = json.loads(content)
        version = int(record["version"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        version = 0
    milliseconds = int(datetime.fromisoformat(now).timestamp() * 1000)
    record = {"version": min(max(version, 0), _LARGEST) + 1, "timestamp": milliseconds, "author": actor}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
