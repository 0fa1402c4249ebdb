"""Suspicious places of Python code around tests. What each mark stands for:

- `new_skip`: skip, skipif, xfail, importorskip and unittest's forms, as decorator, mark, parameter or call;
- `tautology`: an assertion that cannot fail (`assert True`, `x == x`, `... or True`, a tuple, `len(x) >= 0`);
- `swallowed`: a failed assertion is caught and forgotten, or the run is ended, or the test returns or yields first;
- `runner_config`: a conftest hook that decides what is run or reported, a `collect_ignore`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from echelon.core.weakening.counting import Counting, suppresses, swallows
from echelon.core.weakening.model import Scan
from echelon.core.weakening.shapes import Function, condition_of, constant, last_name, name_of, own, shape, walk

_SKIPS = frozenset({"skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "importorskip", "skipTest"})
_SKIP_HOMES = frozenset({"pytest", "mark", "unittest", "self", ""})
_EXITS = frozenset({"sys.exit", "os._exit", "pytest.exit", "exit", "quit", "os.abort", "SystemExit"})
_ELSEWHERE = re.compile(r"win32|'nt'|windows|darwin|cygwin|version_info", re.IGNORECASE)
_HOOKS_HARMLESS = frozenset({"pytest_addoption", "pytest_report_header", "pytest_make_parametrize_id"})
_PLAIN_CONFIGURE = frozenset({"config.addinivalue_line"})


def elsewhere(condition: str) -> bool:
    """Whether a condition is about other systems and versions."""
    return bool(_ELSEWHERE.search(condition))


def mark_suspects(out: Scan, nodes: Sequence[ast.AST], owner: str, counting: Counting) -> None:
    """`nodes` are all nodes of what belongs to `owner`, each before those below it."""
    calls = {id(part.func): part for part in nodes if isinstance(part, ast.Call)}
    for part in nodes:
        if isinstance(part, (ast.Attribute, ast.Name)):
            if skip := _skip(part):
                out.mark("new_skip", owner, skip, part.lineno, _excused(calls.get(id(part))))
        elif isinstance(part, (ast.Call, ast.Assert)):
            _mark_assertion(out, part, owner, nodes)
        elif isinstance(part, (ast.Try, ast.TryStar)) and swallows(part) and counting.holds(part.body):
            out.mark("swallowed", owner, "a failing assertion is caught and forgotten", part.lineno)
        elif isinstance(part, (ast.With, ast.AsyncWith)) and suppresses(part) and counting.holds(part.body):
            out.mark("swallowed", owner, "a failing assertion is suppressed", part.lineno)


def _skip(part: ast.Attribute | ast.Name) -> str:
    home, _, last = name_of(part).rpartition(".")
    if last == "SkipTest":
        return last
    stored = isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)  # `skip = 3` is no skip
    return last if last in _SKIPS and home.rpartition(".")[2] in _SKIP_HOMES and not stored else ""


def _excused(call: ast.Call | None) -> bool:
    """A new test may be skipped on other systems and versions: the condition names them and nothing more."""
    text = ast.unparse(call.args[0]) if call and call.args else ""
    return elsewhere(text) and not re.search(r"\b(or|not|linux|posix)\b|!=", text, re.IGNORECASE)


def _mark_assertion(out: Scan, part: ast.Call | ast.Assert, owner: str, nodes: Sequence[ast.AST]) -> None:
    condition = condition_of(part)
    if condition is not None and constant(condition) is True:
        out.mark("tautology", owner, f"`{ast.unparse(part)[:60]}` cannot fail", part.lineno)
    elif isinstance(part, ast.Call) and (name := name_of(part)) in _EXITS:
        expected = (below for block in nodes if _expects_exit(block) for below in walk(block))
        if not any(below is part for below in expected):
            out.mark("swallowed", owner, f"{name}() ends the run", part.lineno)


def _expects_exit(node: ast.AST) -> bool:
    """`with pytest.raises(SystemExit)`, where ending the run is what is tested, and `if __name__ == "__main__"`."""
    if isinstance(node, ast.With):
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any(name_of(call).lower().endswith("raises") and "SystemExit" in ast.unparse(call) for call in calls)
    return is_main_guard(node)


def is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and name_of(getattr(node.test, "left", None)) == "__name__"


def mark_leaving(out: Scan, node: Function, nodes: Sequence[ast.AST], name: str, counting: Counting) -> None:
    """A test that leaves before its assertions, or that no runner runs since it is a generator."""
    for index, line in enumerate(node.body):
        guarded = isinstance(line, ast.If) and isinstance(line.body[-1], ast.Return)
        if (guarded or isinstance(line, ast.Return)) and any(counting.holds([rest]) for rest in node.body[index + 1 :]):
            out.mark("swallowed", name, "returns before its assertions", line.lineno, guarded)
    yielding = (ast.Yield, ast.YieldFrom)
    if any(isinstance(part, yielding) for part in nodes) and any(isinstance(part, yielding) for part in own(node.body)):
        out.mark("swallowed", name, "yields, and so is never run as a test", node.lineno)


def mark_hooks(out: Scan, body: Sequence[ast.stmt]) -> None:
    """Hooks of a conftest: the owner holds what they do, so that a hook that changes is a new one."""
    for node in body:
        if isinstance(node, Function) and node.name.startswith("pytest_") and node.name not in _HOOKS_HARMLESS:
            calls = {name_of(part) for part in walk(node) if isinstance(part, ast.Call)}
            if node.name != "pytest_configure" or calls - _PLAIN_CONFIGURE:
                owner = f"{node.name}\0{shape(node, loose=False)}"
                out.mark("runner_config", owner, "a hook of the runner", node.lineno)
        elif any(last_name(target).startswith("collect_ignore") for target in getattr(node, "targets", ())):
            owner = f"collect_ignore\0{shape(node, loose=False)}"
            out.mark("runner_config", owner, "keeps files from being collected", node.lineno)
