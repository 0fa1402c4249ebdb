"""The one function that starts git: its environment, its limits, what it says when git is missing or old."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from echelon.errors import GitError, LimitError, LockedError, TamperError, WorldError
from echelon.slots import git
from echelon.slots.places import locked
from slots_world import World


def fake_git(folder: Path, body: str) -> str:
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{body}\n")
    (folder / "git").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_the_callers_git_environment_does_not_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "evil")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("EDITOR", "evil")
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin", '[ "$1" = version ] && echo git version 2.40.0 || env'))
    seen = dict(line.split("=", 1) for line in git.run(["x"], git_dir=tmp_path).lines())
    assert "GIT_EXTERNAL_DIFF" not in seen
    assert "GIT_CONFIG_COUNT" not in seen
    assert "EDITOR" not in seen
    assert "HOME" not in seen
    assert seen["GIT_TERMINAL_PROMPT"] == "0"
    assert seen["GIT_CONFIG_GLOBAL"] == os.devnull
    assert seen["GIT_DIR"] == str(tmp_path)


def test_a_relative_place_is_one_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git itself would look it up in the folder that it is started in: `echelon demo linkshelf` failed so."""
    monkeypatch.chdir(tmp_path)
    Path("shop").mkdir()
    git.run(["init", "-q", "."], git_dir=Path("shop/.git"), work_tree=Path("shop"))
    assert (tmp_path / "shop/.git/HEAD").is_file()
    top = git.run(["rev-parse", "--show-toplevel"], git_dir=Path("shop/.git"), work_tree=Path("shop")).line()
    assert Path(top) == (tmp_path / "shop").resolve()


def test_relative_path_entries_are_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path / "bin", "echo evil")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"bin{os.pathsep}.{os.pathsep}{os.environ['PATH']}")
    assert git.run(["version"], git_dir=None).line().startswith("git version")


def test_a_missing_git_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorldError, match=r"GIT_MISSING.*Install git") as caught:
        git.run(["version"], git_dir=None)
    assert caught.value.code == "GIT_MISSING"


def test_an_old_git_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin", "echo git version 2.37.9"))
    with pytest.raises(WorldError, match=r"GIT_TOO_OLD.*2\.37\.9"):
        git.run(["status"], git_dir=None)


def test_a_git_that_hangs_is_killed_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hang = '[ "$1" = version ] && echo git version 2.40.0 && exit; sleep 600 & wait'
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin", hang))
    # The sleeping child holds the pipe: were it not killed too, this call would end in ten minutes.
    with pytest.raises(GitError, match="GIT_TIMEOUT"):
        git.run(["status"], git_dir=None, seconds=0.2)


HOLDER = """
import sys
from pathlib import Path
from echelon.slots import git, places
with places.locked(Path(sys.argv[1]), 1, "x") as hold:
    git.run(["wait"], git_dir=None, hold=(hold,))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="fifos")
def test_a_place_stays_locked_while_git_outlives_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    up, go, lock = (tmp_path / name for name in ("up", "go", "lock"))
    os.mkfifo(up)
    os.mkfifo(go)
    body = f'[ "$1" = version ] && echo git version 2.40.0 && exit; echo up > {up}; read line < {go}'
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin", body))
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)]) as process:
        assert up.read_text() == "up\n"
        process.kill()
    with pytest.raises(LockedError), locked(lock, 0, "x"):
        pass
    go.write_text("go\n")
    with locked(lock, 30, "x"):
        pass


def test_endless_output_is_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(git, "OUTPUT_BYTES", 1 << 20)
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin", '[ "$1" = version ] && echo git version 2.40.0 || yes'))
    with pytest.raises(LimitError, match="GIT_OUTPUT_LIMIT"):
        git.run(["log"], git_dir=None)


def test_a_failure_carries_the_command_and_the_end_of_stderr(tmp_path: Path) -> None:
    repository = World.make(tmp_path).repository()
    with pytest.raises(
        GitError, match=r"GIT_FAILED: `git cat-file -p no-such-thing` answered 128: fatal:.*no-such-thing"
    ):
        repository.git("cat-file", "-p", "no-such-thing")


def test_a_changed_git_directory_of_ours_is_not_used(tmp_path: Path) -> None:
    repository = World.make(tmp_path).repository()
    (repository.owned / "hooks").mkdir()
    with pytest.raises(TamperError, match="OWNED_GIT_CHANGED"):
        repository.git("version")
    (repository.owned / "hooks").rmdir()
    logs = repository.owned / "logs"
    logs.unlink(missing_ok=True)
    logs.mkdir()  # a name of ours, but no link of ours
    with pytest.raises(TamperError, match="OWNED_GIT_CHANGED"):
        repository.git("version")
    logs.rmdir()
    repository.git("version")
    (repository.owned / "config").write_text("[core]\n\tfsmonitor = evil\n")
    with pytest.raises(TamperError, match="OWNED_GIT_CHANGED"):
        repository.git("version")
