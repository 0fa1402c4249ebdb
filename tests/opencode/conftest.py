"""Where the tests of this folder run: a git repository, and the real program or a reason to skip."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from echelon.testing import opencode


@pytest.fixture(autouse=True)
def _program() -> None:
    if opencode.binary() is None:
        pytest.skip(opencode.missing())


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A git repository with one commit, where OpenCode works."""
    folder = (tmp_path / "workspace").resolve()
    folder.mkdir()
    (folder / "README.md").write_text("# Here\n")
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-q", "-m", "start")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder
