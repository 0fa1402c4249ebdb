"""What the person's own OpenCode rules say of a command that one of our actions would run (peer-engine.md W7).

A tool of ours that runs commands is no way around `bash: deny`. Rules are the person's as they stood before ours were
added: `permission` of the configuration, then of the agent. The last match wins, as in OpenCode (host-opencode.md §9).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

Ruling = Literal["allow", "ask", "deny"]
_STRICTNESS: tuple[Ruling, ...] = ("allow", "ask", "deny")
_PARTS = re.compile(r"&&|\|\||[;|&\n]")


def ruling(rules: Mapping[str, Any], agent: str, commands: Sequence[str]) -> Ruling:
    """The strictest answer for all of the commands; each part of a line counts."""
    own = rules.get("agents")
    levels = (rules.get("permission"), own.get(agent) if isinstance(own, Mapping) else None)
    pairs = [pair for level in levels for pair in _pairs(level)]
    worst: Ruling = "allow"
    for command in commands:
        for part in (command, *filter(str.strip, _PARTS.split(command))):
            said = next((action for pattern, action in reversed(pairs) if _matches(pattern, part.strip())), worst)
            worst = max(worst, said, key=_STRICTNESS.index)
    return worst


def _pairs(level: Any) -> Iterator[tuple[str, Ruling]]:
    """(pattern, action) of what concerns bash, in the order written."""
    if isinstance(level, str):
        level = {"*": level}
    if not isinstance(level, Mapping):
        return
    for name, value in level.items():
        if name in ("*", "bash"):
            for pattern, action in value.items() if isinstance(value, Mapping) else (("*", value),):
                yield from ((str(pattern), known) for known in _STRICTNESS if known == action)


def _matches(pattern: str, command: str) -> bool:
    spelled = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    if spelled.endswith(r"\ .*"):
        spelled = spelled[: -len(r"\ .*")] + r"(\ .*)?"
    return re.fullmatch(spelled, command, re.DOTALL) is not None
