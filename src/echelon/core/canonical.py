"""One way to write a JSON value as bytes, and its digest. Evidence, definitions and logs are compared by these."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def dumps(value: Any) -> str:
    """Compact, sorted, ASCII only, so that no transport can change a byte without being seen."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(value: Any) -> str:
    """sha256 hex of the canonical form."""
    return hashlib.sha256(dumps(value).encode("ascii")).hexdigest()


def text_digest(text: str) -> str:
    """sha256 hex of a text as UTF-8; undecodable bytes keep their value."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
