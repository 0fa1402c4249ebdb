"""What the tests of the repository read: the package's modules as syntax trees, and the files git would keep."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "echelon"


@cache
def modules() -> dict[str, ast.Module]:
    """`core/codes.py` -> its tree, for every module of the package but the examples."""
    found = sorted(path for path in PACKAGE.rglob("*.py") if "examples" not in path.relative_to(PACKAGE).parts)
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_bytes()) for path in found}


def lines_of(module: str) -> int:
    return len((PACKAGE / module).read_text("utf-8").splitlines())


@cache
def files() -> tuple[str, ...]:
    """Every file that is tracked, or new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    return tuple(name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file())


@cache
def markdown() -> dict[str, str]:
    """path -> text of every Markdown file of ours; the examples' are held by their own tests."""
    names = [name for name in files() if name.endswith(".md") and not name.startswith("src/echelon/examples/")]
    return {name: (ROOT / name).read_text("utf-8") for name in names}


def prose(text: str) -> list[str]:
    """The lines outside of code fences."""
    kept: list[str] = []
    fence = ""
    for line in text.splitlines():
        mark = line.strip()[: len(line.strip()) - len(line.strip().lstrip("`"))]
        if fence:
            fence = "" if mark.startswith(fence) else fence
        elif mark.startswith("```"):
            fence = mark
        else:
            kept.append(line)
    return kept
