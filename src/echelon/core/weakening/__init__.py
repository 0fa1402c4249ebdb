"""Finds what makes an exam easier in a change: fewer or weaker tests, skips, tautologies, softened runners.

Pure text in, findings out; it never raises and judges nothing: a person looks at each finding. It reads only the
files that differ. Python is read by its syntax tree (`python`, `counting`, `suspects`), JavaScript and TypeScript by a
small tokenizer (`tokens`, `javascript`), what stands around the tests by its settings and lines (`settings`, `lines`,
`around`). Honest moves, renames, splits, merges and parametrizations are followed by comparing assertions, not names
(`pairing`, `compare`). Source: reference/reliability.md §7.4 and R15; ImpossibleBench and EvilGenie for the tricks.
"""

from __future__ import annotations

from echelon.core.weakening.find import find_weakenings
from echelon.core.weakening.model import Weakening

__all__ = ["Weakening", "find_weakenings"]
