"""What decides an item's own exam: the script, recipe and test files that its checks name.

`core.weakening` reads tests and their configuration wherever they are and knows no commands; this reads the commands.
A candidate may add to what its own checks execute, and may not change it: a person looks, and may accept it. Pure.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from echelon.core.documents.criteria import Check
from echelon.core.weakening import Weakening

FINDINGS_MAX = 50

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_INTERPRETERS = frozenset({"python", "node", "ruby", "perl", "deno", "bun"})
_MAKERS = {"make": ("Makefile", "makefile", "GNUmakefile"), "just": ("justfile", "Justfile", ".justfile")}
# A program may be what is worked on; what is named like an exam is one.
_EXAMLIKE = re.compile(r"(?:^|[/_.-])(?:tests?|checks?|verify|accept\w*|specs?|ci|smoke)(?=[/_.-]|$)", re.IGNORECASE)
_TEST_FILE = re.compile(
    r"(?:^|/)(?:tests?_[^/]*\.py|[^/]*_tests?\.(?:py|go)|[^/]*\.(?:test|spec)\.[cm]?[jt]sx?)$", re.IGNORECASE
)
_COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORT = (ast.Import, ast.ImportFrom, ast.Pass)


def find_exam_changes(
    checks: Iterable[Check], before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> tuple[Weakening, ...]:
    """Findings of kind `exam_changed`, sorted by path. `before` and `after` are those of `find_weakenings`: the files
    that differ. A file that is gone is not reported here when it holds tests: that is a weakening already."""
    commands = [check.command for check in checks]
    scripts = {path: command for command in commands for path in _scripts(command)}
    tests = {path: command for command in commands for path in _tests(command)}
    found: list[Weakening] = []
    for path in sorted(name for name, text in before.items() if text is not None):
        new = after.get(path)
        if path in scripts:
            found.append(Weakening(path, 1, "exam_changed", f"the check `{scripts[path][:80]}` runs this file"))
        elif path in tests and new is not None and (lost := _lost(path, before[path] or "", new)):
            detail = f"the check `{tests[path][:80]}` no longer has `{lost[:80]}`"
            found.append(Weakening(path, 1, "exam_changed", detail))
    return tuple(found[:FINDINGS_MAX])


# ------------------------------------------------------------------------------------------ what a command names


def _scripts(command: str) -> Iterator[str]:
    """Paths of the checkout that a shell line runs, as far as that can be read off it."""
    for words in _commands(command):
        program = words[0].rpartition("/")[2]
        first = next((word for word in words[1:] if not word.startswith("-")), "")
        if program in _MAKERS:
            yield from _MAKERS[program]
        elif program in _SHELLS:
            if "-c" not in words:
                yield _path(first)
        elif program.rstrip("0123456789.") in _INTERPRETERS:
            if not {"-m", "-c", "-e"} & set(words) and _EXAMLIKE.search(first) and not _TEST_FILE.search(first):
                yield _path(first)
        elif "/" in words[0] and not words[0].startswith("/"):
            yield _path(words[0])


def _tests(command: str) -> Iterator[str]:
    """Test files that a shell line names, with or without `::name`."""
    for words in _commands(command):
        yield from (path for word in words[1:] if _TEST_FILE.search(path := _path(word.partition("::")[0])))


def _commands(command: str) -> Iterator[list[str]]:
    """The simple commands of a shell line, without assignments and wrappers. A comparison of words, no shell."""
    for part in re.split(r"\|\||&&|[;|&\n()]", command):
        try:
            words = shlex.split(part)
        except ValueError:
            words = part.split()
        while words and re.fullmatch(r"[A-Za-z_]\w*=.*|env|exec|time|command|!", words[0]):
            words = words[1:]
        if words:
            yield words


def _path(word: str) -> str:
    return re.sub(r"^(?:\./)+", "", word)


# -------------------------------------------------------------------------------------------- what a file holds


def _lost(path: str, before: str, after: str) -> str:
    """The first statement, or line, that the file had and has no longer; "" when it only gained."""
    read = _statements if path.endswith(".py") else _lines
    gone = read(before) - read(after)
    return next((statement for statement in read(before) if statement in gone), "")


def _statements(text: str) -> Counter[str]:
    """Simple statements and decorators, names of functions left out, so that adding and renaming are no change."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return _lines(text)
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not isinstance(node, (*_COMPOUND, *_IMPORT)):
            found[ast.unparse(node)] += 1
        for decorator in getattr(node, "decorator_list", ()):
            found[f"@{ast.unparse(decorator)}"] += 1
    return found


def _lines(text: str) -> Counter[str]:
    return Counter(line for row in text.split("\n") if (line := row.strip()) and not line.startswith(("//", "import ")))
