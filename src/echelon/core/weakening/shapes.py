"""Python's syntax, looked at: names, shapes, and what a condition always is. unittest's assertions are read as the plain
conditions they stand for, so that one rule holds for both ways of writing a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef

ASSERTING = re.compile(r"_?(assert|check|verify|expect|ensure|validate)(_|[A-Z])|assert|(fail|raises|warns)$")
BROAD = frozenset({"Exception", "BaseException", "AssertionError", ""})
_COMPARED: dict[str, type[ast.cmpop]] = {
    "assertEqual": ast.Eq, "assertEquals": ast.Eq, "assertDictEqual": ast.Eq, "assertListEqual": ast.Eq,
    "assertTupleEqual": ast.Eq, "assertSetEqual": ast.Eq, "assertMultiLineEqual": ast.Eq, "assertNotEqual": ast.NotEq,
    "assertIs": ast.Is, "assertIsNot": ast.IsNot, "assertIn": ast.In, "assertNotIn": ast.NotIn,
    "assertGreater": ast.Gt, "assertGreaterEqual": ast.GtE, "assertLess": ast.Lt, "assertLessEqual": ast.LtE,
}  # fmt: skip
_LEAVES = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)


def walk(*roots: ast.AST) -> list[ast.AST]:
    """The nodes and all below them but operators and contexts; some times faster than `ast.walk`."""
    found = [*roots]
    for node in found:
        for name in node._fields:
            value: object = getattr(node, name, None)
            if isinstance(value, list):
                found += [part for part in value if isinstance(part, ast.AST) and not isinstance(part, _LEAVES)]
            elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
                found.append(value)
    return found


def functions_in(body: Iterable[ast.AST]) -> Iterator[Function]:
    """All functions and methods, wherever they are defined; expressions, which hold none, are not looked into."""
    found = [*body]
    for node in found:  # a long chain of elif is as deep as it is long
        if isinstance(node, Function):
            yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            below: object = getattr(node, name, None)
            if isinstance(below, list):
                found += [part for part in below if isinstance(part, ast.AST)]


def own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a function without those of functions in it."""
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            yield from own(ast.iter_child_nodes(node))


def name_of(node: ast.AST | None) -> str:
    """`a.b.c` of names, attributes and calls of them; "" for anything else."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.AST | None) -> str:
    return name_of(node).rpartition(".")[2]


def shape(node: ast.AST, loose: bool) -> str:
    """What an expression is without its names of variables; loose: without its constants too."""
    if isinstance(node, ast.Constant):
        return "c" if loose else repr(node.value)
    if isinstance(node, ast.Name):
        return "c" if loose else "n"
    if isinstance(node, ast.UnaryOp) and loose and isinstance(node.operand, ast.Constant):
        return "c"  # -1 is a constant too
    label = getattr(node, "attr", "") or getattr(node, "arg", "") or ""
    if isinstance(node, ast.Call):
        label = node.func.id if isinstance(node.func, ast.Name) else label
        if label in ("raises", "assertRaises", "assertRaisesRegex") or last_name(node) in ("raises", "assertRaises"):
            return f"raises({','.join(shape(part, loose) for part in node.args[:1])})"
    inner: list[str] = []
    for name in node._fields:
        value: object = getattr(node, name, None)
        if isinstance(value, ast.expr_context):
            continue
        below = value if isinstance(value, list) else (value,)
        inner += [shape(part, loose) for part in below if isinstance(part, ast.AST)]
    return f"{type(node).__name__}{label}({','.join(inner)})"


def condition_of(node: ast.AST) -> ast.expr | None:
    """What an `assert`, or a call of unittest that is one, says must be true; None for anything else."""
    if isinstance(node, ast.Assert):
        return node.test
    if not isinstance(node, ast.Call) or not node.args:
        return None
    name, first = last_name(node), node.args[0]
    if name in ("assertTrue", "assert_"):
        return first
    if name == "assertFalse":
        return ast.UnaryOp(ast.Not(), first)
    if name in ("assertIsNone", "assertIsNotNone"):
        return ast.Compare(first, [ast.Is() if name == "assertIsNone" else ast.IsNot()], [ast.Constant(None)])
    if name in _COMPARED and len(node.args) > 1:
        return ast.Compare(first, [_COMPARED[name]()], [node.args[1]])
    return None


def parts_of(condition: ast.expr) -> Sequence[ast.expr]:
    """`a and b` says two things."""
    if isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And):
        return condition.values
    return (condition,)


def constant(node: ast.AST) -> bool | None:
    """What a condition always is, where that is plain to see; None otherwise."""
    match node:
        case ast.Constant():
            return bool(node.value)
        case ast.UnaryOp(op=ast.Not()):
            inner = constant(node.operand)
            return None if inner is None else not inner
        case ast.Tuple() | ast.List() | ast.Set():
            return bool(node.elts)
        case ast.Dict():
            return bool(node.keys)
        case ast.BoolOp():
            decisive = isinstance(node.op, ast.Or)
            return decisive if any(constant(value) is decisive for value in node.values) else None
        case ast.JoinedStr() | ast.Lambda():
            return True
        case ast.Compare(ops=[op]):
            return True if _compares_with_itself(node, op) else None
        case _:
            return None


def _compares_with_itself(node: ast.Compare, op: ast.cmpop) -> bool:
    """`x == x`, and `len(x) >= 0`. A call may give something else the second time, so it is not the same."""
    left, right = node.left, node.comparators[0]
    if isinstance(op, ast.GtE) and name_of(left) == "len" and shape(right, loose=False) == "0":
        return True
    if type(left) is not type(right) or not isinstance(op, (ast.Eq, ast.Is, ast.LtE, ast.GtE)):
        return False
    return ast.dump(left) == ast.dump(right) and not any(isinstance(part, ast.Call) for part in walk(left))


def exact(condition: ast.expr) -> bool:
    """Whether it says what a value is, not only that it is something."""
    if not isinstance(condition, ast.Compare) or not all(isinstance(op, (ast.Eq, ast.Is)) for op in condition.ops):
        return False
    return not any(shape(part, loose=False) in ("True", "False") for part in condition.comparators)
