"""What stands around the tests: the runner's configuration, CI, snapshots, lock files, modules that replace a runner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from echelon.core.weakening.lines import ANY, NARROW, TESTING, by_lines
from echelon.core.weakening.model import Weakening, finding
from echelon.core.weakening.settings import softer_package, softer_pytest
from echelon.core.weakening.tokens import tokens_of, words_of

Files = Mapping[str, str]

_PYTEST = frozenset(
    {"pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml", "pytest.toml", ".pytest.toml"}
)
_CI = re.compile(r"^(\.github/workflows/|\.gitlab-ci|\.ci/|\.circleci/|\.buildkite/|azure-pipelines|Jenkinsfile|\.travis"
                 r"|bitbucket-pipelines|\.woodpecker|\.pre-commit-config)")  # fmt: skip
_JAVASCRIPT = re.compile(
    r"^(jest|vitest|vite|playwright|cypress|karma|ava|wdio)\.(config|conf|setup|workspace)\.|^\.mocharc|^\.nycrc"
)
_SCRIPT = re.compile(
    r"(^|/)(GNUm|m|M)akefile$|(^|/)[jJ]ustfile$|(^|/)noxfile\.py$|(^|/)(run[-_]?)?(tests?|checks?|ci)(\.sh)?$"
)
_CODE = re.compile(r"\.(py|[cm]?[jt]sx?)$")
_SNAPSHOT = re.compile(r"\.(snap|ambr)$|(^|/)(__snapshots__|snapshots|golden|goldens|approved|expected)/")
_SHADOWS = re.compile(
    r"^(?:src/)?(?:pytest|_pytest|pluggy|unittest|doctest|coverage|hypothesis|nose2|tox|sitecustomize|usercustomize)"
    r"(?:\.py$|/)|(^|/)(node_modules|\.venv|venv|site-packages)/|\.pth$"
)
_LOCKS = frozenset({"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "pnpm-lock.yaml", "yarn.lock",
                    "Cargo.lock", "go.sum"})  # fmt: skip
_DIGEST = re.compile(r"integrity|sha\d{3}|checksum")
_MANIFEST = re.compile(r"(^|/)(requirements[^/]*\.(txt|in)|pyproject\.toml|setup\.(cfg|py)|Pipfile|package\.json)$")
_TOOLS = re.compile(r"\b(?:pytest|hypothesis|coverage|tox|nox|jest|vitest|mocha|chai|playwright|cypress)(?:-\w+)*\b")
_NO_DEPENDENCY = ("[tool", "#", '"test', "addopts")  # lines that may name a tool and need none


def around(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    """Findings of one file that differs. `old` and `new` hold all that do: a file may have become another one."""
    for rule in _RULES:
        yield from rule(path, old, new)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> str:
    return path[: -len(_name(path))]


def _runner(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    if _name(path) in _PYTEST:
        reasons = _softer_pytest(path, old, new)
    elif _name(path) == "package.json":
        reasons = softer_package(old.get(path, "{}"), new.get(path, "{}"))
    else:
        if _JAVASCRIPT.search(_name(path)):
            yield from _javascript(path, old, new)
        elif _SCRIPT.search(path) and not _CI.search(path):
            yield from by_lines(path, "runner_config", old.get(path, ""), new.get(path), TESTING)
        return
    yield from (finding(path, 1, "runner_config", why) for why in reasons)


def _softer_pytest(path: str, old: Files, new: Files) -> Sequence[str]:
    """Settings may move: of a file that is gone, another one that changed may say the same."""
    before, after = (_name(path), old.get(path, "")), (_name(path), new.get(path, ""))
    reasons = list(softer_pytest(before, after))
    if reasons and path not in new:
        heirs = [other for other in new if _name(other) in _PYTEST and _folder(other) == _folder(path)]
        if any(not list(softer_pytest(before, (_name(heir), new[heir]))) for heir in heirs):
            return ()
    return reasons


def _javascript(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    before, after = old.get(path, ""), new.get(path)
    if after is None:  # jest.config.js may have become jest.config.ts
        stem = _folder(path) + _name(path).split(".")[0]
        after = next((text for other, text in new.items() if other not in old and other.startswith(stem)), None)
    formatted = after is not None and _CODE.search(path) and words_of(tokens_of(before)) == words_of(tokens_of(after))
    if not formatted:
        yield from by_lines(path, "runner_config", before, after, ANY, NARROW)


def _ci(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    """A step removed, changed, or allowed to fail; CI turned off."""
    if _CI.search(path):
        yield from by_lines(path, "ci_config", old.get(path, ""), new.get(path), ANY)


def _snapshot(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    """An expected output made to fit what the code gives."""
    if not _SNAPSHOT.search(path) or path not in old or _CODE.search(path):
        return
    entries = re.split(r"^(?=exports\[|# name:)", old[path], flags=re.MULTILINE)
    missing = [entry for entry in entries if entry.strip() and entry.strip() not in new.get(path, "")]
    if missing:
        title = missing[0].strip().split("\n")[0][:80]
        yield finding(path, 1, "snapshot", f"an expected output changed or is gone: {title}")


def _shadow(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    """A module or program of the same name as the one that judges."""
    if path in new and path not in old and _SHADOWS.search(path):
        yield finding(path, 1, "runner_config", "is imported or run in place of the test runner or a dependency")


def _lock(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    """Dependencies that are no longer the ones that were looked at."""
    if _name(path) not in _LOCKS or path not in old:
        return
    if path in new:
        if _DIGEST.search(old[path]) and not _DIGEST.search(new[path]):
            yield finding(path, 1, "lock_file", "dependencies are no longer bound by digest")
    elif not any(_name(other) in _LOCKS and other not in old for other in new):
        yield finding(path, 1, "lock_file", "the lock file is gone")


def _tools(path: str, old: Files, new: Files) -> Iterator[Weakening]:
    """A test tool that is no longer installed, so that what needs it is skipped."""
    if _MANIFEST.search(path) and path in old:
        kept = "\n".join(text for other, text in new.items() if _MANIFEST.search(other))
        for tool in sorted(_tools_in(old[path]) - _tools_in(kept)):
            yield finding(path, 1, "lock_file", f"the test tool {tool[:60]} is no longer a dependency")


def _tools_in(text: str) -> set[str]:
    kept = (line for line in text.splitlines() if not line.lstrip().startswith(_NO_DEPENDENCY))
    return set(_TOOLS.findall("\n".join(kept)))


_RULES: tuple[Callable[[str, Files, Files], Iterator[Weakening]], ...] = (
    _runner, _ci, _snapshot, _shadow, _lock, _tools,
)  # fmt: skip
