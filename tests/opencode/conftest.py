"""Where the tests of this folder run: a git repository, and the real program or a reason to skip."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from echelon.testing import opencode
from opencode_chain import House


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


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An OpenCode that many tests share, one after the other: a turn costs little, a start seconds."""
    with House(tmp_path_factory.mktemp("house")) as made:
        yield made
