"""The one question of the package: which findings does this change give."""

from __future__ import annotations

from collections.abc import Mapping

from echelon.core.weakening.around import around
from echelon.core.weakening.compare import compare_tests
from echelon.core.weakening.javascript import scan_javascript
from echelon.core.weakening.model import FINDINGS, Weakening
from echelon.core.weakening.python import scan_python


def find_weakenings(base: Mapping[str, str | None], candidate: Mapping[str, str | None]) -> tuple[Weakening, ...]:
    """All findings, sorted by path and line, at most FINDINGS. None, or no entry, means the file is absent."""
    changed = sorted(path for path in {*base, *candidate} if base.get(path) != candidate.get(path))
    old = {path: text for path in changed if (text := base.get(path)) is not None}
    new = {path: text for path in changed if (text := candidate.get(path)) is not None}
    python, javascript = scan_python(old, new), scan_javascript(old, new)
    found = set(compare_tests(python[0] | javascript[0], python[1] | javascript[1], new))
    found.update(finding for path in changed for finding in around(path, old, new))
    return tuple(sorted(found)[:FINDINGS])
