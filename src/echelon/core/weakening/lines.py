"""Files that are read line by line: CI workflows, build scripts, configuration that is code. A line counts by what it
says: comments, titles, white space and versions do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from echelon.core.weakening.model import Kind, Weakening, finding

# What lets a command fail unseen, or keeps tests out of it.
SOFT = re.compile(
    r"\|\|\s*(true\b|:|exit 0)|;\s*true\s*$|\bexit 0\b|\bset \+e\b|continue-on-error|allow_failure|allow-failure"
    r"|\bif:\s*(false|\$\{\{\s*false)|--passWithNoTests|--deselect|--ignore|(^|\s)-k[\s=]|--exit-zero|--collect-only"
    r"|--testPathIgnorePatterns|--testNamePattern|--updateSnapshot|--snapshot-update|--suppress|--no-verify"
    r"|--ignore-errors|\bSKIP=",
)
# Settings of JavaScript runners that leave tests out.
NARROW = re.compile(
    r"exclude|ignore|passWithNoTests|testNamePattern|testMatch|testRegex|grep|\bspec\b|bail|only", re.IGNORECASE
)
TESTING = re.compile(
    r"\b(pytest|unittest|jest|vitest|mocha|npm (run )?test|tox|nox|go test|cargo test|mypy|ruff|check|test)\b"
)
ANY = re.compile(".")
_QUOTED_VALUE = re.compile(r"""^((?:- )?(?:[\w.-]+: )?)(["'])([^"']*)\2$""")
_SAYS_NOTHING = ("#", "//", "name:", "- name:", ".PHONY:")
_VERSION = re.compile(r"(?<=@)v?[\w.]+|\d[\d.]*")


def lines(text: str) -> list[str]:
    """What each line says. Quotes count, but for those around a whole value: `echo "a" && b` is not `echo "a && b"`."""
    read = (_QUOTED_VALUE.sub(r"\1\3", " ".join(line.split()).rstrip(",")) for line in text.splitlines())
    return [line for line in read if line and not line.startswith(_SAYS_NOTHING)]


def lost_line(old: str, new: str, of: re.Pattern[str]) -> str:
    """A line of `old` that `new` neither has nor has within a longer one; numbers of versions do not count."""
    whole = "\n".join(_VERSION.sub("", line) for line in lines(new))
    return next((line for line in lines(old) if of.search(line) and _VERSION.sub("", line) not in whole), "")


def softer_line(old: str, new: str, pattern: re.Pattern[str] = SOFT) -> str:
    """A line of `new` that `old` does not have and that fits the pattern."""
    had = Counter(lines(old))
    return next((line for line in lines(new) if pattern.search(line) and not had[line]), "")


def by_lines(
    path: str, kind: Kind, old: str, new: str | None, of: re.Pattern[str], soft: re.Pattern[str] = SOFT
) -> Iterator[Weakening]:
    """The file is gone, or says something softening, or has no longer a line that fits `of`."""
    if new is None:
        yield finding(path, 1, kind, "the file is gone")
    elif line := (softer_line(old, new) or softer_line(old, new, soft)):
        place = next((n for n, row in enumerate(new.splitlines(), 1) if line in lines(row)), 1)
        yield finding(path, place, kind, f"new: {line[:100]}")
    elif line := lost_line(old, new, of):
        yield finding(path, 1, kind, f"changed or gone: {line[:100]}")
