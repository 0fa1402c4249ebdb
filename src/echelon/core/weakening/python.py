"""Python test files, read: their tests with what they assert, and what is suspicious in them.

Tests that are the same on both sides while nothing around any test differs are left out of both: they can neither have
become weaker nor hold what another test lost, and most of a long file is like that.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from echelon.core.weakening.counting import Counting
from echelon.core.weakening.model import TEXT_CHARACTERS, Scan, Test, testish
from echelon.core.weakening.shapes import (
    ASSERTING,
    Function,
    condition_of,
    constant,
    functions_in,
    last_name,
    name_of,
    parts_of,
    shape,
    walk,
)  # fmt: skip
from echelon.core.weakening.suspects import elsewhere, is_main_guard, mark_hooks, mark_leaving, mark_suspects

_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_UNTOLD = frozenset({"parametrize", "len", "str", "list", ""})  # calls that say nothing about a test


def scan_python(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, Scan], dict[str, Scan]]:
    """The files of both sides whose name ends in .py, by path."""
    trees = _parse(old), _parse(new)
    frames = [
        {path: frame for path, tree in side.items() if tree and testish(path) and (frame := _frame(tree, texts[path]))}
        for side, texts in zip(trees, (old, new), strict=True)
    ]
    if frames[0] == frames[1]:
        for path in trees[0].keys() & trees[1].keys():
            before, after = trees[0][path], trees[1][path]
            if before and after:
                _leave_out_the_same((before, old[path]), (after, new[path]))
    return _scan(trees[0]), _scan(trees[1])


def _parse(files: Mapping[str, str]) -> dict[str, ast.Module | None]:
    trees: dict[str, ast.Module | None] = {}
    for path, text in files.items():
        if path.endswith(".py"):
            try:
                trees[path] = ast.parse(text) if len(text) <= TEXT_CHARACTERS else None
            except _UNREADABLE:
                trees[path] = None
    return trees


def _statements(tree: ast.Module, text: str) -> list[tuple[ast.stmt, str]]:
    """Top-level statements with the lines they stand on."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", ()))]) for node in tree.body]
    return [
        (node, "\n".join(lines[start - 1 : node.end_lineno])) for node, start in zip(tree.body, starts, strict=True)
    ]


def _plain(node: ast.stmt, text: str) -> bool:
    """A test, or a class of nothing but tests: no other test can use it."""
    return (
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and text.count("def ") == text.count("def test") > 0
    )


def _frame(tree: ast.Module, text: str) -> list[str]:
    """All that tests may use or be changed by."""
    return [part for node, part in _statements(tree, text)
            if not _plain(node, part) and not isinstance(node, (ast.Import, ast.ImportFrom))]  # fmt: skip


def _leave_out_the_same(before: tuple[ast.Module, str], after: tuple[ast.Module, str]) -> None:
    sides = [[row for row in _statements(*side) if _plain(*row)] for side in (before, after)]
    names = [Counter(getattr(node, "name", "") for node, _ in side) for side in sides]
    texts = [{text for node, text in side if names[place][getattr(node, "name", "")] == 1}
             for place, side in enumerate(sides)]  # fmt: skip
    same = texts[0] & texts[1]
    for (tree, _), side in zip((before, after), sides, strict=True):
        out = {id(node) for node, text in side if text in same}
        tree.body = [node for node in tree.body if id(node) not in out]


def _scan(trees: Mapping[str, ast.Module | None]) -> dict[str, Scan]:
    functions: dict[str, Function] = {}
    for path, tree in trees.items():
        if tree and testish(path):
            functions |= {node.name: node for node in functions_in(tree.body)}
    counting = Counting(functions)
    scans: dict[str, Scan] = {}
    for path, tree in trees.items():
        try:
            scans[path] = _File(path, tree, counting).scan() if tree else Scan(broken=True)
        except RecursionError:
            scans[path] = Scan(broken=True)
    return scans


@dataclass(slots=True)
class _File:
    path: str
    tree: ast.Module
    counting: Counting
    out: Scan = field(default_factory=Scan)
    constants: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])

    def scan(self) -> Scan:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.constants[node.targets[0].id] = node.value
        self._visit(self.tree.body, "", collected=True)
        if self.path.rpartition("/")[2] == "conftest.py":
            mark_hooks(self.out, self.tree.body)
        return self.out

    def _visit(self, body: Iterable[ast.stmt], owner: str, collected: bool, condition: str = "") -> None:
        prefix = f"{owner}." if owner else ""
        for node in body:
            if isinstance(node, Function):
                self._function(node, f"{prefix}{node.name}", collected, condition)
            elif isinstance(node, ast.ClassDef):
                self._suspects(f"{prefix}{node.name}", *node.decorator_list)
                self._visit(node.body, f"{prefix}{node.name}", collected and _is_collected(node), condition)
            elif isinstance(node, ast.If):
                if not is_main_guard(node):
                    always = constant(node.test)
                    self._visit(node.body if always is not False else (), owner, collected, ast.unparse(node.test))
                    self._visit(node.orelse if always is not True else (), owner, collected, condition)
            elif isinstance(node, (ast.Try, ast.With)):
                self._visit(node.body, owner, collected, condition)
            else:
                self._suspects(owner, node)
                self._unset(node, owner, prefix)

    def _unset(self, node: ast.stmt, owner: str, prefix: str) -> None:
        """`test_x = None`, `del test_x`, `__test__ = False`."""
        for target in getattr(node, "targets", ()):
            if isinstance(target, ast.Name):
                self.out.tests.pop(f"{prefix}{target.id}", None)
            if isinstance(node, ast.Assign) and last_name(target) == "__test__" and constant(node.value) is False:
                self.out.mark("new_skip", owner, "is taken out of the collection by __test__", node.lineno)

    def _suspects(self, owner: str, *roots: ast.AST) -> list[ast.AST]:
        nodes = walk(*roots)
        mark_suspects(self.out, nodes, owner, self.counting)
        return nodes

    def _function(self, node: Function, name: str, collected: bool, condition: str) -> None:
        nodes = self._suspects(name, *node.decorator_list, *node.body)
        fixture = any(name_of(decorator).endswith("fixture") for decorator in node.decorator_list)
        if not node.name.startswith("test") or not collected or fixture:
            return
        mark_leaving(self.out, node, nodes, name, self.counting)
        if condition:
            what = f"exists only if {condition[:80]}"
            self.out.mark("new_skip", name, what, node.lineno, elsewhere(condition))
        count, (strict, loose) = self.counting.body(node.body), self._asserted(nodes)
        cases = _cases(node, self.constants)
        self.out.tests[name] = Test(self.path, name, node.lineno, count, strict, loose, cases)

    def _asserted(self, nodes: Iterable[ast.AST]) -> tuple[Counter[str], Counter[str]]:
        said: list[ast.AST] = []
        loose: Counter[str] = Counter()
        for part in nodes:
            if condition := condition_of(part):
                said += parts_of(condition)
            elif isinstance(part, ast.Call) and (called := last_name(part)) not in _UNTOLD:
                if ASSERTING.match(called) and called not in self.counting.functions:
                    said.append(part)
                else:
                    loose[f"calls {called}"] += 1
        strict = Counter(shape(part, loose=False) for part in said)
        return strict, loose + Counter(shape(part, loose=True) for part in said)


def _is_collected(node: ast.ClassDef) -> bool:
    """unittest collects by base class, pytest by name, and never a class with a constructor."""
    made = any(isinstance(part, Function) and part.name == "__init__" for part in node.body)
    return bool(node.bases) or (node.name.startswith("Test") and not made)


def _cases(function: Function, constants: Mapping[str, ast.expr]) -> int | None:
    """How many parametrizations a test has; None when that is not written down."""
    total = 1
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and name_of(decorator).endswith("parametrize"):
            keywords = {word.arg: word.value for word in decorator.keywords}
            values = decorator.args[1] if len(decorator.args) > 1 else keywords.get("argvalues")
            values = constants.get(values.id) if isinstance(values, ast.Name) else values
            if not isinstance(values, (ast.List, ast.Tuple, ast.Set)):
                return None
            if any(isinstance(value, ast.Starred) for value in values.elts):
                return None
            total *= len(values.elts)
    return total
