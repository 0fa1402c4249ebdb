"""How many assertions of a Python test surely run: the ones under a condition, in an empty loop, after a return or in a
function nobody calls do not. Helpers are followed, so that moving assertions is honest and emptying a helper is not."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from echelon.core.weakening.model import Count
from echelon.core.weakening.shapes import (
    ASSERTING,
    BROAD,
    Function,
    condition_of,
    constant,
    exact,
    last_name,
    name_of,
    parts_of,
    walk,
)  # fmt: skip

DEPTH = 3  # helpers that call helpers

_Block = ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match


@dataclass(slots=True)
class Counting:
    """`functions` are those of all changed files by name: helpers may live in another one."""

    functions: Mapping[str, Function]
    known: dict[tuple[str, int], Count] = field(default_factory=dict[tuple[str, int], Count])  # of helpers

    def body(self, body: Sequence[ast.stmt], depth: int = DEPTH) -> Count:
        total = Count()
        for node in body:
            total = total.plus(self._statement(node, depth))
            if isinstance(node, (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                break
        return total

    def holds(self, body: Sequence[ast.stmt]) -> bool:
        return self.body(body).total > 0

    def _statement(self, node: ast.stmt, depth: int) -> Count:
        match node:
            case ast.Assert():
                return _condition(node.test).plus(self._calls(node.test, depth))
            case ast.If():
                return self._if(node, depth)
            case ast.For() | ast.AsyncFor():
                times = len(node.iter.elts) if isinstance(node.iter, (ast.List, ast.Tuple, ast.Set)) else 1
                return self._calls(node.iter, depth).plus(self.body(node.body, depth), times)
            case ast.While():
                return Count() if constant(node.test) is False else self.body(node.body, depth)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return Count()  # counted where it is called
            case ast.With() | ast.AsyncWith() | ast.Try() | ast.TryStar() | ast.Match():
                return self._block(node, depth)
            case _:
                return self._calls(node, depth)

    def _if(self, node: ast.If, depth: int) -> Count:
        always = constant(node.test)
        if always is not None:
            return self.body(node.body if always else node.orelse, depth)
        if _fails(node.body):  # `if x != 1: fail()` is an assertion
            return Count(1, 0).plus(self.body(node.orelse, depth))
        return min(self.body(node.body, depth), self.body(node.orelse, depth))

    def _block(self, node: _Block, depth: int) -> Count:
        if isinstance(node, ast.Match):
            return min((self.body(case.body, depth) for case in node.cases), default=Count())
        if isinstance(node, (ast.With, ast.AsyncWith)):
            if suppresses(node):
                return Count()
            inner = self.body(node.body, depth)
            for item in node.items:
                inner = inner.plus(self._calls(item.context_expr, depth))
            return inner
        inner = Count() if swallows(node) else self.body(node.body, depth)
        for part in (*(handler.body for handler in node.handlers), node.orelse, node.finalbody):
            inner = inner.plus(self.body(part, depth))
        return inner

    def _calls(self, node: ast.AST, depth: int) -> Count:
        total = Count()
        for part in walk(node):
            if isinstance(part, ast.Call) and (called := last_name(part)):
                total = total.plus(self._call(part, called, depth))
        return total

    def _call(self, call: ast.Call, called: str, depth: int) -> Count:
        helper = self.functions.get(called)
        if helper and depth and not called.startswith("test"):
            if (called, depth) not in self.known:
                self.known[called, depth] = self.body(helper.body, depth - 1)
            return self.known[called, depth]
        if condition := condition_of(call):
            return _condition(condition)
        if not ASSERTING.match(called):
            return Count()
        if called in ("raises", "assertRaises", "assertRaisesRegex"):
            broad = bool(call.args) and name_of(call.args[0]) in BROAD
            precise = called.endswith("Regex") or any(word.arg == "match" for word in call.keywords)
            return Count(1, int(not broad) + precise)
        low = called.lower()
        return Count(1, int(("equal" in low or low.endswith("_with")) and "not" not in low))


def _condition(condition: ast.expr) -> Count:
    kept = [part for part in parts_of(condition) if constant(part) is not True]
    return Count(len(kept), sum(map(exact, kept)))


def _fails(body: Sequence[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Raise):
        return name_of(last.exc) == "AssertionError"
    return isinstance(last, ast.Expr) and last_name(last.value) == "fail"


def swallows(node: ast.Try | ast.TryStar) -> bool:
    """A handler that catches failed assertions and neither raises nor asserts nor skips."""
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(last_name(kind) in BROAD for kind in kinds):
            parts = walk(*handler.body)
            calls = [last_name(part) for part in parts if isinstance(part, ast.Call)]
            if not any(isinstance(part, (ast.Raise, ast.Assert)) for part in parts) and not any(
                map(ASSERTING.match, calls)
            ):
                return True
    return False


def suppresses(node: ast.With | ast.AsyncWith) -> bool:
    """`with contextlib.suppress(Exception)`, which catches failed assertions too."""
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return any(
        name_of(call).endswith("suppress") and any(last_name(kind) in BROAD for kind in call.args) for call in calls
    )
