"""What the readers of tests hand to the comparison, and what it hands out. No rules here but which files hold tests."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal[
    "fewer_tests", "fewer_assertions", "new_skip", "focused", "tautology", "swallowed", "test_deleted",
    "test_renamed", "runner_config", "ci_config", "lock_file", "snapshot", "exam_changed",
]  # fmt: skip

FINDINGS = 200
DETAIL_CHARACTERS = 200
TEXT_CHARACTERS = 2_000_000

_PYTHON_TEST = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|tests)\.py$")
_JAVASCRIPT_TEST = re.compile(r"\.(test|spec|cy|e2e)\.[cm]?[jt]sx?$|(^|/)__tests__/.*\.[cm]?[jt]sx?$")
_HELPER = re.compile(r"(^|/)(tests?|testing|specs?|__tests__)/.*\.([cm]?[jt]sx?|py)$|(^|/)conftest\.py$")


@dataclass(frozen=True, slots=True, order=True)
class Weakening:
    """`line` counts from 1, in the candidate's file where it exists there, else in the base's."""

    path: str
    line: int
    kind: Kind
    detail: str


class Mark(NamedTuple):
    """Something suspicious in a file, belonging to a test, a class or a function, "" for the file itself.

    Excused when new: a test that never existed may carry it, one that did may not gain it.
    """

    kind: Kind
    owner: str
    what: str
    line: int
    excused_when_new: bool = False


class Count(NamedTuple):
    """Assertions that surely run, and how many of them compare exactly."""

    total: int = 0
    exact: int = 0

    def plus(self, other: Count, times: int = 1) -> Count:
        return Count(self.total + other.total * times, self.exact + other.exact * times)


@dataclass(slots=True, eq=False)
class Test:
    """One test as it was read. Lines count from 1."""

    path: str
    name: str
    line: int
    count: Count
    strict: Counter[str]  # its assertions, names of variables left out
    loose: Counter[str]  # the same without constants, and what it calls
    cases: int | None = 1  # parametrizations; None when they cannot be counted

    @property
    def known_cases(self) -> int:
        return 1 if self.cases is None else self.cases


@dataclass(slots=True)
class Scan:
    """One file as it was read: tests by their full name. Broken: no runner can read it either."""

    tests: dict[str, Test] = field(default_factory=dict[str, Test])
    marks: list[Mark] = field(default_factory=list[Mark])
    broken: bool = False

    def mark(self, kind: Kind, owner: str, what: str, line: int, excused_when_new: bool = False) -> None:
        self.marks.append(Mark(kind, owner, what, line, excused_when_new))


def finding(path: str, line: int, kind: Kind, detail: str) -> Weakening:
    """Details quote the candidate: one line, and short."""
    return Weakening(path, line, kind, " ".join(detail.split())[:DETAIL_CHARACTERS])


def collected(path: str) -> bool:
    """Whether a runner looks for tests in this file. Of Python's helpers it reads none, of JavaScript's it may."""
    helper = _HELPER.search(path) and not path.endswith(".py")
    return bool(_PYTHON_TEST.search(path) or _JAVASCRIPT_TEST.search(path) or helper)


def testish(path: str) -> bool:
    """Whether the file holds tests, or what tests are made of."""
    return collected(path) or bool(_HELPER.search(path))
