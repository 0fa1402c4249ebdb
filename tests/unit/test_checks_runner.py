"""Outcomes of ordinary commands; what hostile ones may not do is in tests/adversarial."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from echelon.checks import runner
from echelon.checks.runner import remove_tree, run_check
from echelon.checks.sandbox import NO_SANDBOX
from echelon.errors import InputError, WorldError
from echelon.ports import CheckLimits, Execution
from echelon.ports import TestCounts as Counts

PYTEST = f"{sys.executable} -m pytest -q"


def check(command: str, directory: Path, **more: str) -> Execution:
    return run_check(command, directory, sandbox=NO_SANDBOX, limits=CheckLimits(seconds=60), environment=more)


@pytest.mark.parametrize(
    ("command", "outcome", "why", "code"),
    [
        ("true", "green", "", 0),
        ("exit 3", "red", "", 3),
        ("false | true", "red", "", 1),
        ("no-such-program", "could_not_run", "not_found", 127),
        ("no-such-program || exit 1", "could_not_run", "not_found", 1),
        ("./plain", "could_not_run", "not_executable", 126),
        ("kill -9 $$", "could_not_run", "killed", 137),
        ("sh -c 'kill -11 $$'; exit $?", "could_not_run", "killed", 139),
        ("echo 'python3: No module named pytest'; exit 1", "could_not_run", "not_found", 1),
        ("echo 'python3: No module named ours'; exit 1", "red", "", 1),
        ("echo 'make: *** [Makefile:2: test] Error 127'; exit 2", "could_not_run", "not_found", 2),
        ("exit 200", "red", "", 200),
        ("exec >&- 2>&-; exit 0", "green", "", 0),
    ],
)
def test_outcome(tmp_path: Path, command: str, outcome: str, why: str, code: int) -> None:
    (tmp_path / "plain").write_text("text")
    seen = check(command, tmp_path)
    assert (seen.outcome, seen.why, seen.exit_code, seen.sandbox) == (outcome, why, code, "none")


def test_output_is_merged_in_order_and_digested(tmp_path: Path) -> None:
    seen = check("echo one; echo two >&2; printf '\\033[1mthree\\n'", tmp_path)
    assert seen.output_tail == "one\ntwo\nthree"
    assert seen.output_digest == hashlib.sha256(b"one\ntwo\n\x1b[1mthree\n").hexdigest()


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    assert check("seq 1000", tmp_path).output_tail.split("\n") == [str(n) for n in range(981, 1001)]


def test_environment_is_ours_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "planted")
    monkeypatch.setenv("SSH_AUTH_SOCK", "planted")
    monkeypatch.setenv("BASH_ENV", "planted")
    seen = check(
        'env; test "$HOME" != "$REAL" && test -d "$HOME" && test -d "$TMPDIR"', tmp_path, REAL=str(Path.home())
    )
    names = {line.partition("=")[0] for line in seen.output_tail.split("\n")}
    assert seen.outcome == "green", seen
    assert "planted" not in seen.output_tail
    assert {"PATH", "HOME", "TMPDIR", "CI", "TERM", "REAL", "PYTHONDONTWRITEBYTECODE"} <= names


def test_home_and_temporary_directory_do_not_survive(tmp_path: Path) -> None:
    seen = check('touch "$HOME/x"; mkdir "$TMPDIR/d"; chmod 0 "$TMPDIR/d"; echo "$HOME"', tmp_path)
    assert not Path(seen.output_tail).parent.exists()


def test_our_own_environment_is_not_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:.:/usr/bin:/bin")
    assert check("echo $PATH", tmp_path).output_tail == "/usr/bin:/bin"


def test_pytest_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n@pytest.mark.skip\ndef test_c(): pass\n"
    )
    seen = check(PYTEST, tmp_path)
    assert (seen.outcome, seen.counts) == ("red", Counts(tests=3, failures=1, skipped=1))
    assert {path.name for path in tmp_path.iterdir()} == {"test_it.py"}


def test_pytest_options_of_the_configuration_are_kept(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): pass\ndef test_b(): pass\n")
    seen = check(PYTEST, tmp_path, PYTEST_ADDOPTS="-k test_b")
    assert seen.counts == Counts(tests=1, failures=0, skipped=0)


def test_without_bash_sh_runs_it_and_the_record_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.os, "access", lambda *_: False)
    monkeypatch.setattr(runner.shutil, "which", lambda *_: None)
    seen = check("echo hello", tmp_path)
    assert (seen.outcome, seen.output_tail.split("\n")[1]) == ("green", "hello")
    assert "run by sh" in seen.output_tail


@pytest.mark.parametrize("command", ["", "  \n", "a\0b", "x" * (runner.COMMAND_BYTES + 1)])
def test_a_command_that_is_none_is_refused(tmp_path: Path, command: str) -> None:
    with pytest.raises(InputError, match="CHECK_COMMAND_INVALID"):
        check(command, tmp_path)


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="CHECK_DIRECTORY_MISSING"):
        check("true", tmp_path / "absent")


def test_remove_tree_takes_locked_directories_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "gone" / "deep").mkdir(parents=True)
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "gone" / "deep").chmod(0)
    remove_tree(tmp_path / "gone")
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "file"]
