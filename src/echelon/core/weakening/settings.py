"""What pytest, tox, coverage and package.json are set to, by their settings, not by their lines.

Stands for: tests deselected or left out of the collection, plugins that replace the runner, warnings and xfails that no
longer fail, coverage lowered, a test command replaced or softened. Reports, markers and stricter settings are honest.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from echelon.core.weakening.lines import NARROW, TESTING, lost_line, softer_line

_COLLECTED = ("testpaths", "python_files", "python_classes", "python_functions")
_USUAL_PATHS = frozenset({"tests", "test", "testing", "src", "."})
_USUAL_PATTERNS = frozenset({"test_*.py", "Test*", "Test", "test_*", "test*", "test"})
_USUALLY_LEFT_OUT = frozenset({"build", "dist", "node_modules", ".*", ".git", "venv", ".venv", "*.egg"})
_HARMLESS_PLUGINS = (["no:cacheprovider"], ["xdist"])
_BAD = ("-k", "-m", "--ignore", "--deselect", "--co", "--noconftest", "-c", "--rootdir", "-o", "--override-ini", "--lf",
        "--last-failed", "--sw", "--stepwise", "--snapshot-update", "--continue-on-collection-errors", "--suppress",
        "--no-cov", "-p")  # fmt: skip
_KEPT = ("--strict", "--cov-fail-under", "-Werror", "--doctest", "--cov")
_GUARDED_SCRIPT = re.compile(r"(pre|post)?(test|lint|check|ci|typecheck|verify)\b")

Table = Mapping[str, object]


def softer_pytest(before: tuple[str, str], after: tuple[str, str]) -> Iterator[str]:
    """Why the settings, each side a (name, text) of a file, are softer."""
    old, new = _read(*before), _read(*after)
    if new is not None:
        yield from _softer_options(old or {}, new)
    elif old is not None:
        yield "the file can no longer be read"


def _read(name: str, text: str) -> dict[str, str] | None:
    """The settings that decide what is run, lists as lines; None when the file cannot be read."""
    try:
        return _toml(text) if name.endswith(".toml") else _ini(name, text)
    except (ValueError, configparser.Error, RecursionError, AttributeError):
        return None  # AttributeError: configparser's own, for a line that continues a key without a value


def _toml(text: str) -> dict[str, str]:
    tree = cast("Table", tomllib.loads(text))
    tool = _table(tree, "tool") or tree
    pytest = _table(tool, "pytest")
    report = _table(_table(tool, "coverage"), "report")
    found = {**(_table(pytest, "ini_options") or pytest), "fail_under": report.get("fail_under", "")}
    return {key: "\n".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in found.items()}


def _table(tree: Table, key: str) -> Table:
    value = tree.get(key)
    return cast("Table", value) if isinstance(value, dict) else {}


def _ini(name: str, text: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    parser.read_string(text)
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    found = {key: value or "" for key, value in parser[section].items()} if section in parser else {}
    environments = [part for part in parser.sections() if part.startswith("testenv")]
    commands = [parser.get(part, "commands", fallback="") or "" for part in environments]
    below = parser.get("coverage:report", "fail_under", fallback="") or ""
    return {**found, "fail_under": below, "commands": "\n".join(commands)}


def _softer_options(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    def sides(key: str) -> tuple[str, str]:
        return old.get(key, ""), new.get(key, "")

    for key in (*_COLLECTED, "norecursedirs"):
        if wrong := _left_out(key, *(set(re.split(r"[\s,]+", side.strip())) - {""} for side in sides(key))):
            yield f"{key} leaves out more: {' '.join(sorted(wrong))[:80]}"
    yield from _softer_addopts(*sides("addopts"))
    had, has = sides("filterwarnings")
    if re.search(r"^error\b", had, re.MULTILINE) and "error" not in has:
        yield "filterwarnings no longer has error"
    had, has = (side.lower() for side in sides("xfail_strict"))
    if had == "true" != has:
        yield "xfail_strict is off"
    had, has = sides("fail_under")
    if _number(has) < _number(had):
        yield f"coverage fail_under was {had}, is {has or 'gone'}"
    if line := softer_line(*sides("commands")) or lost_line(*sides("commands"), TESTING):
        yield f"a test command changed: {line[:80]}"


def _left_out(key: str, had: set[str], has: set[str]) -> set[str]:
    """What the collection loses. Without a setting everything is collected."""
    if key == "norecursedirs":
        return has - had - _USUALLY_LEFT_OUT
    if had and has:
        return had - has
    return set() if had or has & _USUAL_PATTERNS else has - _USUAL_PATHS


def _softer_addopts(old: str, new: str) -> Iterator[str]:
    had, has = (side.replace("-W error", "-Werror").split() for side in (old, new))
    for index, option in enumerate(has):
        before, following = has[index - 1] if index else "", has[index + 1 : index + 2]
        if option in had:
            continue
        if _starts(option, _BAD) and not (option == "-p" and following in _HARMLESS_PLUGINS):
            yield " ".join(["addopts has", option, *following])[:80]
        elif before in ("-k", "-m") and before in had:
            yield f"addopts selects other tests: {option[:60]}"
    for option in had:
        if option not in has and _starts(option, _KEPT):
            yield f"addopts no longer has {option[:60]}"


def _starts(option: str, prefixes: Sequence[str]) -> bool:
    """`--ignore=x` and `--ignore-glob` start with `--ignore`, `-kx` with `-k`."""
    return any(
        option == prefix or option.startswith((prefix + "=", prefix + "-") if prefix[1] == "-" else prefix)
        for prefix in prefixes
    )


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d+)?", text) else 0.0


def softer_package(before: str, after: str) -> Iterator[str]:
    """Why the scripts and settings in package.json are softer."""
    try:
        old, new = (_table({"": cast("object", json.loads(text))}, "") for text in (before, after))
    except (ValueError, RecursionError):
        yield "package.json can no longer be read"
        return
    scripts = _table(new, "scripts")
    for key, value in _table(old, "scripts").items():
        had, has = str(value), str(scripts.get(key, ""))
        guarded = _GUARDED_SCRIPT.match(key) and "no test specified" not in had
        if guarded and (had not in has or softer_line(had, has)):
            yield f"scripts.{key} was `{had[:60]}`, is `{has[:60]}`"
    for key in ("jest", "vitest", "mocha", "ava", "nyc", "c8"):
        if old.get(key) != new.get(key) and (old.get(key) is not None or NARROW.search(json.dumps(new.get(key)))):
            yield f"the settings of {key} changed"
