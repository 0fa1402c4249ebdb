"""Finds what makes an exam easier in a change: fewer or weaker tests, skips, tautologies, softened runners.

Pure text in, findings out; it never raises and judges nothing: a person looks at each finding. It reads only the
files that differ. Python is read by its syntax tree, JavaScript and TypeScript by a small tokenizer, the rest by
lines. Honest moves, renames, splits, merges and parametrizations are followed by comparing assertions, not names.
Source: reference/reliability.md §7.4 and R15; ImpossibleBench and EvilGenie for the catalogue of tricks.
"""

from __future__ import annotations

import ast
import bisect
import configparser
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

Kind = Literal[
    "fewer_tests", "fewer_assertions", "new_skip", "focused", "tautology", "swallowed", "test_deleted",
    "test_renamed", "runner_config", "ci_config", "lock_file", "snapshot", "exam_changed",
]  # fmt: skip

FINDINGS = 200
DETAIL_CHARACTERS = 200
TEXT_CHARACTERS = 2_000_000
GAINED = 200  # tests with more cases than before that one lost test is compared with
PAIRS = 40_000  # old x new tests compared by content; beyond that only names are
ALIKE = 0.5  # share of a test's assertions and calls that a renamed test must keep


@dataclass(frozen=True, slots=True, order=True)
class Weakening:
    """`line` counts from 1, in the candidate's file where it exists there, else in the base's."""

    path: str
    line: int
    kind: Kind
    detail: str


class _Mark(NamedTuple):
    """Something suspicious in a file, belonging to a test, a class or a function, "" for the file itself."""

    kind: Kind
    owner: str
    what: str
    line: int
    excused_when_new: bool = False


class _Count(NamedTuple):
    """Assertions that surely run, and how many of them compare exactly."""

    total: int = 0
    exact: int = 0

    def plus(self, other: _Count, times: int = 1) -> _Count:
        return _Count(self.total + other.total * times, self.exact + other.exact * times)


@dataclass(slots=True, eq=False)
class _Test:
    path: str
    name: str
    line: int
    count: _Count
    strict: Counter[str]  # its assertions, names of variables left out
    loose: Counter[str]  # the same without constants, and what it calls
    cases: int | None = 1  # parametrizations; None when they cannot be counted

    @property
    def known_cases(self) -> int:
        return 1 if self.cases is None else self.cases


@dataclass(slots=True)
class _Scan:
    tests: dict[str, _Test] = field(default_factory=dict[str, _Test])
    marks: list[_Mark] = field(default_factory=list[_Mark])
    broken: bool = False


_PY_TEST = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|tests)\.py$")
_JS_TEST = re.compile(r"\.(test|spec|cy|e2e)\.[cm]?[jt]sx?$|(^|/)__tests__/.*\.[cm]?[jt]sx?$")
_HELPER = re.compile(r"(^|/)(tests?|testing|specs?|__tests__)/.*\.([cm]?[jt]sx?|py)$|(^|/)conftest\.py$")
_CODE = re.compile(r"\.(py|[cm]?[jt]sx?)$")


def find_weakenings(base: Mapping[str, str | None], candidate: Mapping[str, str | None]) -> tuple[Weakening, ...]:
    """All findings, sorted by path and line, at most FINDINGS. None, or no entry, means the file is absent."""
    paths = sorted({*base, *candidate})
    old = {path: text for path in paths if (text := base.get(path)) is not None}
    new = {path: text for path in paths if (text := candidate.get(path)) is not None}
    changed = [path for path in paths if old.get(path) != new.get(path)]
    old, new = ({path: side[path] for path in changed if path in side} for side in (old, new))
    found = set(_compare_tests(old, new))
    for path in changed:
        for rule in (_config_rule, _ci_rule, _snapshot_rule, _shadow_rule, _lock_rule):
            found.update(rule(path, old, new))
    return tuple(sorted(found)[:FINDINGS])


# ------------------------------------------------------------------------------------------ comparing tests


def _compare_tests(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Weakening]:
    before, after = _scan_all(old), _scan_all(new)
    tests = [test for scan in before.values() for test in scan.tests.values()]
    fresh = [test for path, scan in after.items() if _collected(path) for test in scan.tests.values()]
    pairs = _pair([test for test in tests if _collected(test.path)], fresh)
    pool = sum(
        (test.strict for test in fresh), Counter[str]()
    )  # less what stayed where it was: what could have come from elsewhere
    spare = {id(test): test.known_cases for test in fresh}
    for test, partner in pairs:
        if partner:
            spare[id(partner)] -= min(test.known_cases, partner.known_cases)
            pool.subtract(test.strict & partner.strict)
    blamed = list(_new_marks(before, after, pairs))
    yield from (_finding(path, mark.line, mark.kind, f"{_shown(mark.owner)}: {mark.what}") for path, mark in blamed)
    swallowed = {(path, mark.owner) for path, mark in blamed if mark.kind == "swallowed"}
    gone: dict[str, list[_Test]] = {}
    for test, partner in pairs:
        lost = test.known_cases - (partner.known_cases if partner else 0)
        lost = 0 if partner and partner.cases is None else lost
        if (partner or not _absorbed(test, pool)) and lost > 0 and not _merged(test, lost, fresh, spare):
            if partner:
                detail = f"{partner.name}: {test.cases} cases before, {partner.cases} now"
                yield _finding(partner.path, partner.line, "fewer_tests", detail)
            else:
                gone.setdefault(test.path, []).append(test)
        if partner and (partner.path, partner.name) not in swallowed:
            yield from _weaker(test, partner, pool)
    for path, lost_tests in gone.items():
        yield _lost(path, lost_tests, new, after)
    for path, scan in after.items():
        if scan.broken and path in old and _collected(path) and not before[path].broken:
            yield _finding(path, 1, "fewer_tests", "the file can no longer be read, so none of its tests can run")


def _scan_all(side: Mapping[str, str]) -> dict[str, _Scan]:
    chosen = {path: text for path, text in side.items() if _CODE.search(path)}
    python = {path: text for path, text in chosen.items() if path.endswith(".py")}
    scans = _scan_python(python)
    for path, text in chosen.items():
        if path not in python and len(text) <= TEXT_CHARACTERS:
            scans[path] = _JavaScript(path, text).scan() if _testish(path) or "expect" in text else _Scan()
    return scans


def _collected(path: str) -> bool:
    return bool(_PY_TEST.search(path) or _JS_TEST.search(path) or (_HELPER.search(path) and not path.endswith(".py")))


def _testish(path: str) -> bool:
    return _collected(path) or bool(_HELPER.search(path))


def _pair(old: Sequence[_Test], new: Sequence[_Test]) -> list[tuple[_Test, _Test | None]]:
    """Each old test with its successor: same place, same name elsewhere, same function name, else most alike."""
    partner: dict[int, _Test] = {}
    free = list(new)
    rules: list[Callable[[_Test], object]] = [
        lambda test: (test.path, test.name), lambda test: test.name, lambda test: test.name.split(".")[-1]
    ]  # fmt: skip
    for rule in rules:
        by_key: dict[object, list[_Test]] = {}
        for test in free:
            by_key.setdefault(rule(test), []).append(test)
        for test in old:
            if id(test) not in partner and (found := by_key.get(rule(test))):
                partner[id(test)] = found.pop(0)
        taken = {id(test) for test in partner.values()}
        free = [test for test in free if id(test) not in taken]
    rest = [test for test in old if id(test) not in partner]
    if len(rest) * len(free) <= PAIRS:
        ranked = [(_alike(a, b), i, j) for i, a in enumerate(rest) for j, b in enumerate(free)]
        used: set[int] = set()
        for score, i, j in sorted(ranked, key=lambda rank: (-rank[0], rank[1], rank[2])):
            if score >= ALIKE and id(rest[i]) not in partner and j not in used:
                partner[id(rest[i])] = free[j]
                used.add(j)
    return [(test, partner.get(id(test))) for test in old]


def _alike(old: _Test, new: _Test) -> float:
    return (old.loose & new.loose).total() / max(1, old.loose.total())


def _absorbed(test: _Test, pool: Counter[str]) -> bool:
    """Whether all that the test asserted is asserted elsewhere now; takes it from the pool."""
    if not test.strict or not _within(test.strict, pool):
        return False
    pool.subtract(test.strict)
    return True


def _within(part: Counter[str], pool: Counter[str]) -> bool:
    return all(pool[shape] >= count for shape, count in part.items())  # `<=` would look through all of the pool


def _merged(test: _Test, lost: int, fresh: Sequence[_Test], spare: dict[int, int]) -> bool:
    """Whether tests like this one have gained as many cases as it lost: merged, split or parametrized."""
    gained = [other for other in fresh if spare[id(other)] > 0]
    for other in gained[:GAINED]:
        if lost > 0 and _alike(test, other) >= ALIKE:
            taken = min(lost, spare[id(other)])
            spare[id(other)] -= taken
            lost -= taken
    return lost <= 0


def _weaker(old: _Test, new: _Test, pool: Counter[str]) -> Iterator[Weakening]:
    before, after = (_Count().plus(test.count, test.known_cases) for test in (old, new))
    same_sorts = set(old.loose) <= set(new.loose)
    fewer = after.total < before.total or (new.count.total < old.count.total and not same_sorts)
    if not fewer and after.exact >= before.exact:
        return
    missing = old.strict - new.strict
    if missing and _within(missing, pool):
        pool.subtract(missing)
    elif fewer:
        detail = f"{new.name}: {old.count.total} assertions surely ran before, {new.count.total} now"
        yield _finding(new.path, new.line, "fewer_assertions", detail)
    else:
        detail = f"{new.name}: {old.count.exact} exact comparisons before, {new.count.exact} now"
        yield _finding(new.path, new.line, "fewer_assertions", detail)


def _lost(path: str, tests: Sequence[_Test], new: Mapping[str, str], after: Mapping[str, _Scan]) -> Weakening:
    names = {test.name.split(".")[-1] for test in tests}
    listed = ", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")
    for place, scan in after.items():
        if not _collected(place) and names & {name.split(".")[-1] for name in scan.tests}:
            return _finding(place, 1, "test_renamed", f"tests of {path} are where no runner looks for them: {listed}")
    kind: Kind = "fewer_tests" if path in new else "test_deleted"
    return _finding(path, tests[0].line, kind, f"tests are gone: {listed}")


def _new_marks(
    before: Mapping[str, _Scan], after: Mapping[str, _Scan], pairs: Sequence[tuple[_Test, _Test | None]]
) -> Iterator[tuple[str, _Mark]]:
    """Marks that the base does not have as often for the same owner, renamed and moved owners followed."""
    names = {(new.path, new.name): old.name for old, new in pairs if new}
    known = {owner for scan in before.values() for owner in [*scan.tests, *(mark.owner for mark in scan.marks)]}
    had = Counter((mark.kind, mark.owner) for scan in before.values() for mark in scan.marks)
    for path, scan in after.items():
        if not _testish(path):
            continue
        for mark in scan.marks:
            owner = names.get((path, mark.owner), mark.owner)
            had[mark.kind, owner] -= 1
            if had[mark.kind, owner] < 0 and not (mark.excused_when_new and mark.owner and owner not in known):
                yield path, mark


def _shown(owner: str) -> str:
    return owner.split("\0")[0] or "the file"


def _finding(path: str, line: int, kind: Kind, detail: str) -> Weakening:
    """Details quote the candidate: one line, and short."""
    return Weakening(path, line, kind, " ".join(detail.split())[:DETAIL_CHARACTERS])


# ------------------------------------------------------------------------------------------ Python

_SKIPS = frozenset({"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "importorskip", "skipTest"})
_SKIP_HOMES = frozenset({"pytest", "mark", "unittest", "self", ""})
_EXITS = frozenset({"sys.exit", "os._exit", "pytest.exit", "exit", "quit", "os.abort", "SystemExit"})
_BROAD = frozenset({"Exception", "BaseException", "AssertionError", ""})
_ASSERTING = re.compile(r"_?(assert|check|verify|expect|ensure|validate)(_|[A-Z])|assert|(fail|raises|warns)$")
_ELSEWHERE = re.compile(r"win32|'nt'|windows|darwin|cygwin|version_info", re.IGNORECASE)
_HOOKS_HARMLESS = frozenset({"pytest_addoption", "pytest_report_header", "pytest_make_parametrize_id"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _scan_python(files: Mapping[str, str]) -> dict[str, _Scan]:
    scans: dict[str, _Scan] = {}
    trees: dict[str, ast.Module] = {}
    functions: dict[str, _Function] = {}
    for path, text in files.items():
        scans[path] = _Scan()
        try:
            if len(text) > TEXT_CHARACTERS:
                raise ValueError
            trees[path] = ast.parse(text)
            if _testish(path):
                functions |= {node.name: node for node in ast.walk(trees[path]) if isinstance(node, _Function)}
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            scans[path].broken = True
    for path, tree in trees.items():
        try:
            scans[path] = _Python(path, tree, functions).scan()
        except RecursionError:
            scans[path] = _Scan(broken=True)
    return scans


def _name(node: ast.AST | None) -> str:
    """`a.b.c` of names, attributes and calls of them; "" for anything else."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def _shape(node: ast.AST, loose: bool) -> str:
    if isinstance(node, ast.Constant):
        return "c" if loose else repr(node.value)
    if isinstance(node, ast.Name):
        return "c" if loose else "n"
    if isinstance(node, ast.UnaryOp) and loose and isinstance(node.operand, ast.Constant):
        return "c"  # -1 is a constant too
    label = getattr(node, "attr", "") or getattr(node, "arg", "") or ""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        label = node.func.id
    inner = ",".join(_shape(child, loose) for child in ast.iter_child_nodes(node))
    return f"{type(node).__name__}{label}({inner})"


def _constant(node: ast.AST) -> bool | None:
    """What a condition always is, where that is plain to see; None otherwise."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _constant(node.operand)
        return None if inner is None else not inner
    if isinstance(node, (ast.Tuple, ast.List, ast.Dict, ast.Set)):
        return bool(list(ast.iter_child_nodes(node))[:1]) if not isinstance(node, ast.Dict) else bool(node.keys)
    if isinstance(node, ast.BoolOp):
        values = [_constant(value) for value in node.values]
        decisive = isinstance(node.op, ast.Or)
        return decisive if decisive in values else None
    if isinstance(node, (ast.JoinedStr, ast.Lambda)):
        return True
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = node.left, node.comparators[0]
        calls = any(isinstance(part, ast.Call) for part in ast.walk(node))
        if isinstance(node.ops[0], (ast.Eq, ast.Is, ast.LtE, ast.GtE)) and ast.dump(left) == ast.dump(right):
            return None if calls else True
        if isinstance(node.ops[0], ast.GtE) and _name(left) == "len" and _shape(right, False) == "0":
            return True
    return None


def _cases(function: _Function, constants: Mapping[str, ast.expr]) -> int | None:
    total: int | None = 1
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and _name(decorator).endswith("parametrize"):
            keywords = {word.arg: word.value for word in decorator.keywords}
            values = decorator.args[1] if len(decorator.args) > 1 else keywords.get("argvalues")
            values = constants.get(values.id) if isinstance(values, ast.Name) else values
            known = isinstance(values, (ast.List, ast.Tuple, ast.Set)) and not any(
                isinstance(value, ast.Starred) for value in values.elts
            )
            total = total * len(cast("ast.List", values).elts) if known and total is not None else None
    return total


@dataclass(slots=True)
class _Python:
    """One file: its tests with what they assert, and what is suspicious in it."""

    path: str
    tree: ast.Module
    functions: Mapping[str, _Function]  # of all changed files: helpers may live in another one
    out: _Scan = field(default_factory=_Scan)
    constants: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    known: dict[tuple[str, int], _Count] = field(default_factory=dict[tuple[str, int], _Count])  # of helpers

    def scan(self) -> _Scan:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
        self._visit(self.tree.body, "", True)
        if self.path.rpartition("/")[2] == "conftest.py":
            self._hooks()
        return self.out

    def _mark(self, kind: Kind, owner: str, what: str, node: ast.AST, excused: bool = False) -> None:
        self.out.marks.append(_Mark(kind, owner, what, getattr(node, "lineno", 1), excused))

    def _visit(self, body: Iterable[ast.stmt], owner: str, collected: bool, condition: str = "") -> None:
        for node in body:
            prefix = f"{owner}." if owner else ""
            if isinstance(node, _Function):
                self._function(node, f"{prefix}{node.name}", collected, condition)
            elif isinstance(node, ast.ClassDef):
                seen = bool(node.bases) or (node.name.startswith("Test") and "__init__" not in _defined(node.body))
                self._suspects([*node.decorator_list], f"{prefix}{node.name}")
                self._visit(node.body, f"{prefix}{node.name}", collected and seen, condition)
            elif isinstance(node, ast.If) and _name(getattr(node.test, "left", None)) != "__name__":
                always = _constant(node.test)
                self._visit(node.body if always is not False else (), owner, collected, ast.unparse(node.test))
                self._visit(node.orelse if always is not True else (), owner, collected, condition)
            elif isinstance(node, (ast.Try, ast.With)):
                self._visit(node.body, owner, collected, condition)
            elif not isinstance(node, ast.If):
                self._suspects([node], owner)
                for target in getattr(node, "targets", ()):
                    if isinstance(target, ast.Name):  # `test_x = None`, `del test_x`
                        self.out.tests.pop(f"{prefix}{target.id}", None)
                    if _name(target).endswith("__test__") and _constant(cast("ast.Assign", node).value) is False:
                        self._mark("new_skip", owner, "is taken out of the collection by __test__", node)

    def _function(self, node: _Function, name: str, collected: bool, condition: str) -> None:
        self._suspects([*node.decorator_list, *node.body], name)
        fixture = any(_name(decorator).endswith("fixture") for decorator in node.decorator_list)
        if not node.name.startswith("test") or not collected or fixture:
            return
        strict, loose = self._asserted(node)
        self._returns(node.body, name)
        if any(isinstance(part, (ast.Yield, ast.YieldFrom)) for part in _own(node.body)):
            self._mark("swallowed", name, "yields, and so is never run as a test", node)
        if condition:
            self._mark("new_skip", name, f"exists only if {condition[:80]}", node, bool(_ELSEWHERE.search(condition)))
        count = self._count(node.body, 3)
        self.out.tests[name] = _Test(
            self.path, name, node.lineno, count, strict, loose, _cases(node, self.constants)
        )  # fmt: skip

    def _asserted(self, node: _Function) -> tuple[Counter[str], Counter[str]]:
        strict: Counter[str] = Counter()
        loose: Counter[str] = Counter()
        for part in ast.walk(node):
            if isinstance(part, ast.Assert):
                tests = (
                    part.test.values
                    if isinstance(part.test, ast.BoolOp) and isinstance(part.test.op, ast.And)
                    else [part.test]
                )
                for test in tests:
                    strict[_shape(test, False)] += 1
                    loose[_shape(test, True)] += 1
            elif isinstance(part, ast.Call) and (called := _name(part).rpartition(".")[2]):
                if _ASSERTING.match(called) and called not in self.functions:
                    strict[_shape(part, False)] += 1
                    loose[_shape(part, True)] += 1
                elif called not in ("parametrize", "len", "str", "list"):
                    loose[f"calls {called}"] += 1
        return strict, loose

    # -- how many assertions surely run

    def _count(self, body: Sequence[ast.stmt], depth: int) -> _Count:
        total = _Count()
        for node in body:
            total = total.plus(self._statement(node, depth))
            if isinstance(node, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                break
        return total

    def _statement(self, node: ast.stmt, depth: int) -> _Count:
        match node:
            case ast.Assert():
                return self._condition(node.test).plus(self._calls(node.test, depth))
            case ast.If():
                always = _constant(node.test)
                if always is not None:
                    return self._count(node.body if always else node.orelse, depth)
                if _fails(node.body):
                    return _Count(1, 0).plus(self._count(node.orelse, depth))
                one, other = self._count(node.body, depth), self._count(node.orelse, depth)
                return min(one, other)
            case ast.For() | ast.AsyncFor():
                times = len(node.iter.elts) if isinstance(node.iter, (ast.List, ast.Tuple, ast.Set)) else 1
                return self._calls(node.iter, depth).plus(self._count(node.body, depth), times)
            case ast.While():
                return _Count() if _constant(node.test) is False else self._count(node.body, depth)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return _Count()  # counted where it is called
            case ast.With() | ast.AsyncWith() | ast.Try() | ast.TryStar() | ast.Match():
                return self._block(node, depth)
            case _:
                return self._calls(node, depth)

    def _block(self, node: ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match, depth: int) -> _Count:
        if isinstance(node, ast.Match):
            return min((self._count(case.body, depth) for case in node.cases), default=_Count())
        if isinstance(node, (ast.With, ast.AsyncWith)):
            if any(_suppresses(item.context_expr) for item in node.items):
                return _Count()
            inner = self._count(node.body, depth)
            for item in node.items:
                inner = inner.plus(self._calls(item.context_expr, depth))
            return inner
        inner = _Count() if _swallows(node) else self._count(node.body, depth)
        for part in (*(handler.body for handler in node.handlers), node.orelse, node.finalbody):
            inner = inner.plus(self._count(part, depth))
        return inner

    def _condition(self, test: ast.expr) -> _Count:
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            total = _Count()
            for value in test.values:
                total = total.plus(self._condition(value))
            return total
        if _constant(test) is True:
            return _Count()
        exact = isinstance(test, ast.Compare) and all(isinstance(op, (ast.Eq, ast.Is)) for op in test.ops)
        truths = isinstance(test, ast.Compare) and any(
            _shape(part, False) in ("True", "False") for part in test.comparators
        )
        return _Count(1, int(exact and not truths))

    def _calls(self, node: ast.AST, depth: int) -> _Count:
        total = _Count()
        for part in ast.walk(node):
            if not isinstance(part, ast.Call):
                continue
            called = _name(part).rpartition(".")[2]
            helper = self.functions.get(called)
            if helper and depth and not called.startswith("test"):
                if (called, depth) not in self.known:
                    self.known[called, depth] = self._count(helper.body, depth - 1)
                total = total.plus(self.known[called, depth])
            elif called in ("assertTrue", "assert_") and part.args:
                total = total.plus(self._condition(part.args[0]))
            elif _ASSERTING.match(called) and not (called.startswith("assertEqual") and _twins(part)):
                low = called.lower()
                broad = called in ("raises", "assertRaises") and bool(part.args) and _name(part.args[0]) in _BROAD
                exact = ("equal" in low or low.endswith(("_with", "raises", "isnone", "assertis"))) and "not" not in low
                precise = any(word.arg == "match" for word in part.keywords)
                total = total.plus(_Count(1, int(exact and not broad) + precise))
        return total

    # -- suspicious places

    def _suspects(self, nodes: Sequence[ast.AST], owner: str) -> None:
        calls = {id(part.func): part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Call)}
        guarded = {
            id(part) for node in nodes for block in ast.walk(node) if _expects_exit(block) for part in ast.walk(block)
        }
        for part in (part for node in nodes for part in ast.walk(node)):
            name = _name(part) if isinstance(part, (ast.Call, ast.Attribute, ast.Name)) else ""
            home, _, last = name.rpartition(".")
            if (
                last in _SKIPS and home.rpartition(".")[2] in _SKIP_HOMES and not isinstance(part, ast.Call)
            ) or last == "SkipTest":
                if isinstance(part, ast.Name) and last in ("skip", "skipTest") and not isinstance(part.ctx, ast.Load):
                    continue
                self._mark("new_skip", owner, last, part, _elsewhere(calls.get(id(part))))
            elif isinstance(part, ast.Call) and name in _EXITS and id(part) not in guarded:
                self._mark("swallowed", owner, f"{name}() ends the run", part)
            elif isinstance(part, ast.Assert) and (_constant(part.test) is True):
                self._mark("tautology", owner, f"`assert {ast.unparse(part.test)[:60]}` cannot fail", part)
            elif isinstance(part, ast.Call) and last.startswith("assert") and _always(last, part):
                self._mark("tautology", owner, f"`{ast.unparse(part)[:60]}` cannot fail", part)
            elif isinstance(part, (ast.Try, ast.TryStar)) and _swallows(part) and self._holds(part.body):
                self._mark("swallowed", owner, "a failing assertion is caught and forgotten", part)
            elif (
                isinstance(part, ast.With)
                and any(_suppresses(item.context_expr) for item in part.items)
                and self._holds(part.body)
            ):
                self._mark("swallowed", owner, "a failing assertion is suppressed", part)

    def _holds(self, body: Sequence[ast.stmt]) -> bool:
        return self._count(body, 3).total > 0

    def _returns(self, body: Sequence[ast.stmt], name: str) -> None:
        asserting = [index for index, node in enumerate(body) if self._holds([node])]
        for index, node in enumerate(body):
            early = isinstance(node, ast.Return)
            guarded = isinstance(node, ast.If) and bool(node.body) and isinstance(node.body[-1], ast.Return)
            if (early or guarded) and asserting and asserting[-1] > index:
                self._mark("swallowed", name, "returns before its assertions", node, guarded)

    def _hooks(self) -> None:
        for node in self.tree.body:
            if isinstance(node, _Function) and node.name.startswith("pytest_") and node.name not in _HOOKS_HARMLESS:
                calls = {_name(part) for part in ast.walk(node) if isinstance(part, ast.Call)}
                if node.name != "pytest_configure" or calls - {"config.addinivalue_line"}:
                    self._mark("runner_config", f"{node.name}\0{_shape(node, False)}", "a hook of the runner", node)
            for target in getattr(node, "targets", ()):
                if _name(target).startswith("collect_ignore"):
                    self._mark(
                        "runner_config",
                        f"collect_ignore\0{_shape(node, False)}",
                        "keeps files from being collected",
                        node,
                    )


def _elsewhere(call: ast.Call | None) -> bool:
    """A new test may be skipped on other systems and versions: the condition names them and nothing more."""
    text = ast.unparse(call.args[0]) if call and call.args else ""
    return bool(_ELSEWHERE.search(text)) and not re.search(r"\b(or|not|linux|posix)\b|!=", text, re.IGNORECASE)


def _defined(body: Iterable[ast.stmt]) -> set[str]:
    return {node.name for node in body if isinstance(node, _Function)}


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a function without those of functions in it."""
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            yield from _own(ast.iter_child_nodes(node))


def _fails(body: Sequence[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Raise):
        return _name(last.exc) == "AssertionError"
    return isinstance(last, ast.Expr) and _name(last.value).rpartition(".")[2] == "fail"


def _swallows(node: ast.Try | ast.TryStar) -> bool:
    """A handler that catches failed assertions and neither raises nor asserts nor skips."""
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(_name(kind).rpartition(".")[2] in _BROAD for kind in kinds):
            parts = [part for line in handler.body for part in ast.walk(line)]
            calls = {_name(part).rpartition(".")[2] for part in parts if isinstance(part, ast.Call)}
            if not any(isinstance(part, (ast.Raise, ast.Assert)) for part in parts) and not any(
                map(_ASSERTING.match, calls)
            ):
                return True
    return False


def _suppresses(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node).endswith("suppress") and any(
        _name(kind).rpartition(".")[2] in _BROAD for kind in node.args
    )  # fmt: skip


def _twins(call: ast.Call) -> bool:
    return len(call.args) > 1 and ast.dump(call.args[0]) == ast.dump(call.args[1]) and not any(
        isinstance(part, ast.Call) for part in ast.walk(call.args[0])
    )  # fmt: skip


def _always(name: str, call: ast.Call) -> bool:
    if name in ("assertTrue", "assert_", "assertFalse") and call.args:
        return _constant(call.args[0]) is (name != "assertFalse")
    return name in ("assertEqual", "assertEquals", "assertIs", "assertDictEqual", "assertListEqual") and _twins(call)


def _expects_exit(node: ast.AST) -> bool:
    """`with pytest.raises(SystemExit)`, where ending the run is what is tested, and `if __name__ == "__main__"`."""
    if isinstance(node, ast.With):
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any(_name(call).lower().endswith("raises") and "SystemExit" in ast.unparse(call) for call in calls)
    return isinstance(node, ast.If) and _name(getattr(node.test, "left", None)) == "__name__"


# ------------------------------------------------------------------------------------------ JavaScript, TypeScript


class _Token(NamedTuple):
    kind: str  # id, text (strings and templates), number, op
    text: str
    line: int


_JS = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)
    |(?P<id>[A-Za-z_$\u0080-\uffff][\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<op>=>|\|\||&&|.)""",
    re.DOTALL | re.VERBOSE,
)
_JS_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
GROUPS = 16
TITLE_CHARACTERS = 200
SHAPE_TOKENS = 200
_JS_GROUPS = frozenset({"describe", "context", "suite", "fdescribe", "ddescribe", "xdescribe", "fcontext", "xcontext"})
_JS_TESTS = frozenset({"it", "test", "specify", "fit", "iit", "ftest", "xit", "xtest", "xspecify"})
_JS_SKIPS = frozenset({"skip", "todo", "failing", "fails", "fixme", "skipIf", "runIf"})
_JS_EXACT = re.compile(r"^(toBe|toEqual|toStrictEqual|toMatchObject|toHaveLength|toBeNull|toHaveBeenCalled.*|toThrow.*"
                       r"|toMatch.*Snapshot|equals?|eql|strictEqual|deep\w*|is)$")  # fmt: skip
_JS_HELPER = re.compile(r"^(assert|check|verify|expect|ensure)[A-Z_]\w*$")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place, line = 0, 1
    while place < len(text):
        kind, end = "text", place
        before = found[-1] if found else _Token("op", "(", 1)
        value_before = before.kind in ("id", "text", "number") or before.text in (")", "]", "}")
        if text[place] == "`":
            end = _template_end(text, place)
        elif text[place] == "/" and (not value_before or before.text in ("return", "typeof", "case")):
            pattern = _JS_REGEX.match(text, place)
            end = pattern.end() if pattern and text[place + 1 : place + 2] not in ("/", "*") else place
        if end == place:
            match = cast("re.Match[str]", _JS.match(text, place))
            kind, end = match.lastgroup or "op", match.end()
        if kind != "skip":
            found.append(_Token(kind, text[place:end], line))
        line += text.count("\n", place, end)
        place = end
    return found


def _template_end(text: str, place: int) -> int:
    """The index after the closing back-tick; `${…}` may hold strings and templates again."""
    stack = ["`"]
    place += 1
    while place < len(text) and stack:
        mark = text[place]
        if stack[-1] == "`":
            if mark == "\\":
                place += 1
            elif mark == "`":
                stack.pop()
            elif text.startswith("${", place):
                stack.append("{")
                place += 1
        elif mark in "`{":
            stack.append(mark)
        elif mark == "}":
            stack.pop()
        elif mark in "'\"":
            place = cast("re.Match[str]", _JS.match(text, place)).end() - 1
        place += 1
    return min(place, len(text))


@dataclass(slots=True)
class _JavaScript:
    """One file, read by tokens: what its tests assert, and what is suspicious in it."""

    path: str
    text: str
    tokens: list[_Token] = field(default_factory=list[_Token])
    ends: dict[int, int] = field(default_factory=dict[int, int])  # opening bracket -> closing one
    out: _Scan = field(default_factory=_Scan)
    asserting: list[int] = field(default_factory=list[int])  # indexes at which assertions begin

    def scan(self) -> _Scan:
        self.tokens = _tokens(self.text)
        stack: list[int] = []
        for index, token in enumerate(self.tokens):
            if token.text in ("(", "[", "{"):
                stack.append(index)
            elif token.text in (")", "]", "}") and stack:
                self.ends[stack.pop()] = index
        self.ends |= dict.fromkeys(stack, len(self.tokens))
        self.asserting = [index for index in range(len(self.tokens)) if self._assertion(index)[0] > index]
        groups: list[tuple[int, str]] = []
        inside = -1
        for index, token in enumerate(self.tokens):
            while groups and groups[-1][0] < index:
                groups.pop()
            if index <= inside:
                continue
            owner = " > ".join(title for _, title in groups[-GROUPS:])
            if (
                token.kind == "id"
                and token.text in _JS_GROUPS | _JS_TESTS
                and self._at(index - 1) not in (".", "function")
            ):
                found = self._call(index, owner)
                if found and token.text in _JS_GROUPS:
                    groups.append((found[0], found[1][:TITLE_CHARACTERS]))
                elif found:
                    inside = found[0]
        return self.out

    def _at(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _call(self, index: int, owner: str) -> tuple[int, str] | None:
        """Read `it.only.each([...])("title", ...)`; (index of its end, title), None when it is something else."""
        word, place, cases, modifiers = self.tokens[index], index + 1, cast("int | None", 1), set[str]()
        while self._at(place) == "." and place + 1 < len(self.tokens):
            modifiers.add(name := self._at(place + 1))
            place += 2
            if name in ("each", "skipIf", "runIf", "for"):
                if self._at(place) == "(":
                    cases = self._elements(place + 1) if name in ("each", "for") else cases
                    place = self.ends[place] + 1
                elif self._at(place).startswith("`"):
                    cases = max(1, len([line for line in self._at(place).split("\n") if "${" in line]))
                    place += 1
        title = self._at(place + 1)
        if self._at(place) != "(":
            return None
        if place + 1 >= len(self.tokens) or self.tokens[place + 1].kind not in ("text", "id"):
            return None
        name = " > ".join(filter(None, [owner, title.strip("'\"`")]))
        end = self.ends[place]
        if modifiers & _JS_SKIPS or word.text.startswith("x"):
            self._mark("new_skip", name, f"{word.text}{''.join('.' + part for part in sorted(modifiers))}", index)
        if "only" in modifiers or word.text in ("fit", "iit", "ftest", "fdescribe", "ddescribe", "fcontext"):
            self._mark("focused", name, "all other tests of the file are left out", index)
        if word.text in _JS_TESTS:
            strict: Counter[str] = Counter()
            loose: Counter[str] = Counter()
            count = self._asserted(place, end, strict, loose)
            self._suspects(place, end, name)
            self.out.tests[name] = _Test(self.path, name, word.line, count, strict, loose, cases)
        return end, title.strip("'\"`")

    def _mark(self, kind: Kind, owner: str, what: str, index: int) -> None:
        self.out.marks.append(_Mark(kind, owner, what, self.tokens[index].line))

    def _elements(self, place: int) -> int | None:
        """The length of an array literal at `place`, None when something else stands there."""
        if self._at(place) != "[":
            return None
        count, index, end, pending = 0, place + 1, self.ends[place], False
        while index < end:
            if self._at(index) == ",":
                count, pending = count + 1, False
            else:
                pending = True
            index = self.ends.get(index, index) + 1
        return count + pending

    def _asserted(self, start: int, end: int, strict: Counter[str], loose: Counter[str]) -> _Count:
        total = _Count()
        index = start
        while index < min(end, len(self.tokens)):
            if self._at(index) == "if" and self._at(index + 1) == "(" and self._at(index + 2) in ("false", "0"):
                index = self.ends.get(self.ends[index + 1] + 1, index)
            last, exact = self._assertion(index)
            if last > index:
                total = total.plus(_Count(1, int(exact and self._always(index, last) is None)))
                parts = self.tokens[index : min(last + 1, index + SHAPE_TOKENS)]
                kept = [
                    part.text if part.kind != "id" or self._at(index + i - 1) == "." else "n"
                    for i, part in enumerate(parts)
                ]
                strict["".join(kept)] += 1
                loose[
                    "".join(
                        "c" if part.kind in ("text", "number") else word for part, word in zip(parts, kept, strict=True)
                    )
                ] += 1
            elif self.tokens[index].kind == "id" and self._at(index + 1) == "(" and len(self._at(index)) > 3:
                loose[f"calls {self._at(index)}"] += 1
            index += 1
        return total

    def _assertion(self, index: int) -> tuple[int, bool]:
        """(index of the last token of the assertion that begins here, whether it compares exactly); (index, _) if none."""
        word, after, before = self._at(index), self._at(index + 1), self._at(index - 1)
        if before == "." and not (word == "should" and after == "("):
            return index, False
        if word == "expect" and after == "(":
            place, names = self.ends[index + 1] + 1, list[str]()
            while self._at(place) == ".":
                names.append(self._at(place + 1))
                place += 2
                if self._at(place) == "(":
                    place = self.ends[place] + 1
            exact = bool(names) and "not" not in names and bool(_JS_EXACT.match(names[-1]))
            return (place - 1 if names else index), exact
        if word in ("assert", "t") and after == "." and self._at(index + 3) == "(":
            return self.ends[index + 3], bool(_JS_EXACT.match(self._at(index + 2)))
        if (word in ("assert", "should") or _JS_HELPER.match(word)) and after == "(" and before != "function":
            return self.ends[index + 1], False
        return index, False

    def _suspects(self, start: int, end: int, owner: str) -> None:
        for index in range(start, min(end, len(self.tokens))):
            word = self._at(index)
            last, _ = self._assertion(index)
            if last > index and (why := self._always(index, last)):
                self._mark("tautology", owner, why, index)
            elif word == "try" and self._at(index + 1) == "{" and self._forgets(index + 1):
                self._mark("swallowed", owner, "a failing assertion is caught and forgotten", index)
            elif word == "process" and self._at(index + 2) in ("exit", "abort") and self._at(index + 3) == "(":
                self._mark("swallowed", owner, "process.exit() ends the run", index)
            elif word in ("skip", "fixme") and self._at(index - 1) == "." and self._at(index + 1) == "(":
                if self._at(index - 2) in ("this", "t", "test", "ctx", "context"):
                    self._mark("new_skip", owner, f"{self._at(index - 2)}.{word}()", index)
            elif word == "return" and self._at(index + 1) in (";", "}") and self._holds(index, end):
                self._mark("swallowed", owner, "returns before its assertions", index)
            elif word == "if" and self._at(index + 1) == "(" and self._at(index + 2) in ("false", "0"):
                self._mark("swallowed", owner, "assertions under a condition that is never true", index)

    def _holds(self, start: int, end: int) -> bool:
        place = bisect.bisect_right(self.asserting, start)
        return place < len(self.asserting) and self.asserting[place] < end

    def _forgets(self, block: int) -> bool:
        catch = self.ends[block] + 1
        if self._at(catch) != "catch" or not self._holds(block, self.ends[block]):
            return False
        body = self.ends[catch + 1] + 1 if self._at(catch + 1) == "(" else catch + 1
        inner = {token.text for token in self.tokens[body : self.ends.get(body, body)]}
        return not inner & {"throw", "fail", "done", "reject", "assert", "expect"}

    def _always(self, index: int, last: int) -> str | None:
        """Why this assertion cannot fail, None when it can."""
        if last - index > SHAPE_TOKENS:
            return None
        words = [token.text for token in self.tokens[index : last + 1]]
        text = " ".join(words)
        shown = "".join(words)[:60]
        same = re.match(r"(?:expect \( (.+?) \) \. (?:to \. )?(?:be|equal|toBe|toEqual|toStrictEqual|eql) \( (.+) \)"
                        r"|assert \. \w*[eE]qual \( (.+?) , (.+?) \))$", text)  # fmt: skip
        pair = [part for part in same.groups() if part] if same else []
        true = re.search(r"^(?:assert(?: \. ok)?|expect) \( (?:true|1|! false) [),]", text)
        weak = re.search(r"\|\| true \)", text) or (
            true and re.search(r"^assert|toBeTruthy|toBeDefined|to \. be \. (true|ok)", text)
        )
        if weak or (len(pair) == 2 and pair[0] == pair[1] and "(" not in pair[0]):
            return f"`{shown}` cannot fail"
        return None


# ------------------------------------------------------------------------------------------ files around the tests

_SOFT = re.compile(
    r"\|\|\s*(true\b|:|exit 0)|;\s*true\s*$|\bexit 0\b|\bset \+e\b|continue-on-error|allow_failure|allow-failure"
    r"|\bif:\s*(false|\$\{\{\s*false)|--passWithNoTests|--deselect|--ignore|(^|\s)-k[\s=]|--exit-zero|--collect-only"
    r"|--testPathIgnorePatterns|--testNamePattern|--updateSnapshot|--snapshot-update|--suppress|--no-verify"
    r"|--ignore-errors|\bSKIP=",
)
_NARROW = re.compile(
    r"exclude|ignore|passWithNoTests|testNamePattern|testMatch|testRegex|grep|\bspec\b|bail|only", re.IGNORECASE
)
_TESTING = re.compile(
    r"\b(pytest|unittest|jest|vitest|mocha|npm (run )?test|tox|nox|go test|cargo test|mypy|ruff|check|test)\b"
)
_CI = re.compile(r"^(\.github/workflows/|\.gitlab-ci|\.ci/|\.circleci/|\.buildkite/|azure-pipelines|Jenkinsfile|\.travis"
                 r"|bitbucket-pipelines|\.woodpecker|\.pre-commit-config)")  # fmt: skip
_INI = ("pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")
_JS_CONFIG = re.compile(
    r"^(jest|vitest|vite|playwright|cypress|karma|ava|wdio)\.(config|conf|setup|workspace)\.|^\.mocharc|^\.nycrc"
)
_SCRIPT = re.compile(
    r"(^|/)(GNUm|m|M)akefile$|(^|/)[jJ]ustfile$|(^|/)noxfile\.py$|(^|/)(run[-_]?)?(tests?|checks?|ci)(\.sh)?$"
)
_SNAPSHOT = re.compile(r"\.(snap|ambr)$|(^|/)(__snapshots__|snapshots|golden|goldens|approved|expected)/")
_SHADOWS = re.compile(
    r"^(?:src/)?(?:pytest|_pytest|pluggy|unittest|doctest|coverage|hypothesis|nose2|tox|sitecustomize|usercustomize)"
    r"(?:\.py$|/)|(^|/)(node_modules|\.venv|venv|site-packages)/|\.pth$"
)
_LOCKS = (
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "Cargo.lock",
    "go.sum",
)
_MANIFEST = re.compile(r"(^|/)(requirements[^/]*\.(txt|in)|pyproject\.toml|setup\.(cfg|py)|Pipfile|package\.json)$")
_TOOLS = re.compile(r"\b(?:pytest|hypothesis|coverage|tox|nox|jest|vitest|mocha|chai|playwright|cypress)(?:-\w+)*\b")
_DEFAULTS = {
    "tests",
    "test",
    "testing",
    "src",
    ".",
    "build",
    "dist",
    "node_modules",
    ".*",
    ".git",
    "venv",
    ".venv",
    "*.egg",
}
_PATTERNS = {"test_*.py", "Test*", "Test", "test_*", "test*", "test"}
_OPTIONS_BAD = ("-k", "-m", "--ignore", "--deselect", "--co", "--noconftest", "-c", "--rootdir", "-o", "--override-ini", "--lf",
                "--last-failed", "--sw", "--stepwise", "--snapshot-update", "--continue-on-collection-errors", "--suppress",
                "--no-cov", "-p")  # fmt: skip
_OPTIONS_KEPT = ("--strict", "--cov-fail-under", "-Werror", "--doctest", "--cov")


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "//", "name:", "- name:"))]


def _lost_line(old: str, new: str, of: re.Pattern[str]) -> str:
    """A line of `old` that `new` neither has nor has within a longer one; numbers of versions do not count."""
    plain = re.compile(r"(?<=@)v?[\w.]+|\d[\d.]*")
    kept = [plain.sub("", line) for line in _lines(new)]
    whole = "\n".join(kept)
    return next((line for line in _lines(old) if of.search(line) and plain.sub("", line) not in whole), "")


def _softer(old: str, new: str, pattern: re.Pattern[str] = _SOFT) -> str:
    had = Counter(_lines(old))
    return next((line for line in _lines(new) if pattern.search(line) and not had[line]), "")


def _by_lines(
    path: str, kind: Kind, old: str | None, new: str | None, of: re.Pattern[str], soft: re.Pattern[str]
) -> Iterator[Weakening]:
    if new is None:
        yield _finding(path, 1, kind, "the file is gone")
    elif line := (_softer(old or "", new) or _softer(old or "", new, soft)):
        yield _finding(path, _line_of(new, line), kind, f"new: {line[:100]}")
    elif line := _lost_line(old or "", new, of):
        yield _finding(path, 1, kind, f"changed or gone: {line[:100]}")


def _line_of(text: str, part: str) -> int:
    return text.count("\n", 0, max(0, text.find(part))) + 1


def _ci_rule(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Weakening]:
    if _CI.search(path):
        yield from _by_lines(path, "ci_config", old.get(path), new.get(path), re.compile("."), _SOFT)


def _config_rule(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Weakening]:
    before, after, name = old.get(path), new.get(path), path.rpartition("/")[2]
    if name in _INI or name in ("pyproject.toml", "pytest.toml", ".pytest.toml"):
        options = [_pytest_options(name, text or "") for text in (before, after)]
        if options[0] is not None and options[1] is None:
            yield _finding(path, 1, "runner_config", "the file can no longer be read")
        elif options[1] is not None:
            yield from (
                _finding(path, 1, "runner_config", why) for why in _softer_options(options[0] or {}, options[1])
            )
    elif name == "package.json":
        yield from (_finding(path, 1, "runner_config", why) for why in _softer_package(before or "{}", after or "{}"))
    elif _JS_CONFIG.search(name):
        if after is None:  # jest.config.js may have become jest.config.ts
            stem = path[: -len(name)] + name.split(".")[0]
            after = next((text for other, text in new.items() if other not in old and other.startswith(stem)), None)
        yield from _by_lines(path, "runner_config", before, after, re.compile("." if before else "(?!)"), _NARROW)
    elif _SCRIPT.search(path) and not _CI.search(path):
        yield from _by_lines(path, "runner_config", before, after, _TESTING, _SOFT)


def _pytest_options(name: str, text: str) -> dict[str, str] | None:
    """The settings that decide what is run, lists as lines; None when the file cannot be read."""
    try:
        if name.endswith(".toml"):
            tree = tomllib.loads(text)
            tool = cast("dict[str, dict[str, object]]", tree.get("tool", tree))
            pytest = tool.get("pytest", {})
            found = {**cast("dict[str, object]", pytest.get("ini_options", pytest))}
            report = cast("dict[str, object]", cast("dict[str, object]", tool.get("coverage", {})).get("report", {}))
            found["fail_under"] = report.get("fail_under", "")
            return {
                key: "\n".join(map(str, value)) if isinstance(value, list) else str(value)
                for key, value in found.items()
            }
        parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        parser.read_string(text)
        section = "tool:pytest" if name == "setup.cfg" else "pytest"
        found_ini = {key: value or "" for key, value in parser[section].items()} if section in parser else {}
        found_ini["fail_under"] = parser.get("coverage:report", "fail_under", fallback="") or ""
        commands = [
            parser.get(part, "commands", fallback="") or "" for part in parser.sections() if part.startswith("testenv")
        ]
        return {**found_ini, "commands": "\n".join(commands)}
    except (ValueError, configparser.Error, AttributeError, TypeError, RecursionError):
        return None


def _softer_options(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in ("testpaths", "python_files", "python_classes", "python_functions", "norecursedirs"):
        had, has = (set(re.split(r"[\s,]+", side.get(key, "").strip())) - {""} for side in (old, new))
        if key == "norecursedirs":
            wrong = has - had - _DEFAULTS
        elif had and has:
            wrong = had - has
        else:  # without a setting everything is collected
            wrong = set[str]() if had or not has or has & _PATTERNS else has - _DEFAULTS
        if wrong:
            yield f"{key} leaves out more: {' '.join(sorted(wrong))[:80]}"
    yield from _softer_addopts(old.get("addopts", ""), new.get("addopts", ""))
    if re.search(r"^error\b", old.get("filterwarnings", ""), re.MULTILINE) and "error" not in new.get(
        "filterwarnings", ""
    ):
        yield "filterwarnings no longer has error"
    if old.get("xfail_strict", "").lower() == "true" and new.get("xfail_strict", "").lower() != "true":
        yield "xfail_strict is off"
    if _number(new.get("fail_under", "")) < _number(old.get("fail_under", "")):
        yield f"coverage fail_under was {old['fail_under']}, is {new.get('fail_under') or 'gone'}"
    line = _softer(old.get("commands", ""), new.get("commands", "")) or _lost_line(
        old.get("commands", ""), new.get("commands", ""), _TESTING
    )
    if line:
        yield f"a test command changed: {line[:80]}"


def _softer_addopts(old: str, new: str) -> Iterator[str]:
    had_options, has_options = (side.replace("-W error", "-Werror").split() for side in (old, new))
    for index, option in enumerate(has_options):
        plain = option == "-p" and has_options[index + 1 : index + 2] in (["no:cacheprovider"], ["xdist"])
        if option not in had_options and not plain and _starts(option, _OPTIONS_BAD):
            yield f"addopts has {option} {' '.join(has_options[index + 1 : index + 2])}"[:80]
        elif (
            option not in had_options
            and index
            and has_options[index - 1] in ("-k", "-m")
            and has_options[index - 1] in had_options
        ):
            yield f"addopts selects other tests: {option[:60]}"
    for option in had_options:
        if option not in has_options and _starts(option, _OPTIONS_KEPT):
            yield f"addopts no longer has {option[:60]}"


def _starts(option: str, prefixes: Sequence[str]) -> bool:
    return any(option == prefix or option.startswith((prefix + "=", prefix + "-") if prefix[1] == "-" else prefix)
               for prefix in prefixes)  # fmt: skip


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d+)?", text) else 0.0


def _softer_package(before: str, after: str) -> Iterator[str]:
    try:
        old, new = (
            cast("dict[str, object]", value if isinstance(value := json.loads(text), dict) else {})
            for text in (before, after)
        )
    except (ValueError, RecursionError):
        yield "package.json can no longer be read"
        return
    had, has = (
        cast("dict[str, object]", part if isinstance(part := side.get("scripts"), dict) else {}) for side in (old, new)
    )
    for key, value in had.items():
        script, now = str(value), str(has.get(key, ""))
        guarded = (
            re.match(r"(pre|post)?(test|lint|check|ci|typecheck|verify)\b", key) and "no test specified" not in script
        )
        if guarded and (script not in now or _softer(script, now)):
            yield f"scripts.{key} was `{script[:60]}`, is `{now[:60]}`"
    for key in ("jest", "vitest", "mocha", "ava", "nyc", "c8"):
        if old.get(key) != new.get(key) and (old.get(key) is not None or _NARROW.search(json.dumps(new.get(key)))):
            yield f"the settings of {key} changed"


def _snapshot_rule(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Weakening]:
    if not _SNAPSHOT.search(path) or path not in old or _CODE.search(path):
        return
    entries = re.split(r"^(?=exports\[|# name:)", old[path], flags=re.MULTILINE)
    missing = [entry for entry in entries if entry.strip() and entry.strip() not in new.get(path, "")]
    if missing:
        title = missing[0].strip().split("\n")[0][:80]
        yield _finding(path, 1, "snapshot", f"an expected output changed or is gone: {title}")


def _shadow_rule(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Weakening]:
    if path in new and path not in old and _SHADOWS.search(path):
        yield _finding(path, 1, "runner_config", "is imported or run in place of the test runner or a dependency")


def _lock_rule(path: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Weakening]:
    name = path.rpartition("/")[2]
    before, after = old.get(path), new.get(path)
    if name in _LOCKS and before is not None:
        if after is None and not any(other.rpartition("/")[2] in _LOCKS and other not in old for other in new):
            yield _finding(path, 1, "lock_file", "the lock file is gone")
        elif (
            after is not None
            and re.search(r"integrity|sha\d{3}|checksum", before)
            and not re.search(r"integrity|sha\d{3}|checksum", after)
        ):
            yield _finding(path, 1, "lock_file", "dependencies are no longer bound by digest")
    elif _MANIFEST.search(path) and before is not None:
        kept = "\n".join(text for other, text in new.items() if _MANIFEST.search(other))
        for tool in sorted(
            set(_TOOLS.findall(_without_settings(before))) - set(_TOOLS.findall(_without_settings(kept)))
        ):
            yield _finding(path, 1, "lock_file", f"the test tool {tool[:60]} is no longer a dependency")


def _without_settings(text: str) -> str:
    """The text without names of sections and scripts: only what may be a dependency."""
    return "\n".join(
        line for line in text.splitlines() if not line.lstrip().startswith(("[tool", "#", '"test', "addopts"))
    )
