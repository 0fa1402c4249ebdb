"""What a page answers, as a plain value: no server is needed to look at it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str = "application/json"
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)


def as_json(data: object, status: str = "200 OK", **headers: str) -> Answer:
    return Answer(json.dumps(data, ensure_ascii=False).encode() + b"\n", status=status, headers=headers)
