"""The workspace lock: one holder, a bounded wait, an answer that says who, and no breaking by age."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from echelon.errors import InputError, LockedError, WorldError
from echelon.store.lock import Owner, workspace_lock

OWNER = Owner(os.getpid(), "here", "2026-01-01T00:00:00.000Z", "echelon test")
HOLDER = """
import os, sys, pathlib
from echelon.store.lock import Owner, workspace_lock
owner = Owner(os.getpid(), "elsewhere", "2020-01-01T00:00:00.000Z", "echelon deliver")
with workspace_lock(pathlib.Path(sys.argv[1]), owner):
    print("held", flush=True)
    sys.stdin.readline()
"""


def hold(path: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"held\n"
    return process


def test_the_answer_says_who_and_since_when_however_old(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = hold(path)
    os.utime(path, (0, 0))
    with pytest.raises(LockedError) as caught, workspace_lock(path, OWNER, wait_seconds=0.02):
        pass
    assert caught.value.code == "LOCK_BUSY"
    for part in ("echelon deliver", f"process {process.pid} on elsewhere", "since 2020-01-01T00:00:00.000Z"):
        assert part in caught.value.message
    process.communicate(b"\n")
    with workspace_lock(path, OWNER, wait_seconds=0) as died:
        assert not died


def test_a_holder_that_was_killed_is_followed_at_once_and_noticed(tmp_path: Path) -> None:
    process = hold(tmp_path / "lock")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with workspace_lock(tmp_path / "lock", OWNER, wait_seconds=0) as died:
        assert died
    with workspace_lock(tmp_path / "lock", OWNER, wait_seconds=0) as died:
        assert not died


def test_an_error_that_may_leave_things_behind_is_passed_on(tmp_path: Path) -> None:
    for error, noticed in ((InputError("X", "x"), False), (WorldError("X", "x"), True), (KeyboardInterrupt(), True)):
        with pytest.raises(type(error)), workspace_lock(tmp_path / "lock", OWNER):
            raise error
        with workspace_lock(tmp_path / "lock", OWNER, wait_seconds=0) as died:
            assert died == noticed


def test_taking_it_twice_is_a_bug(tmp_path: Path) -> None:
    with workspace_lock(tmp_path / "lock", OWNER):  # noqa: SIM117
        with pytest.raises(AssertionError), workspace_lock(tmp_path / "lock", OWNER):
            pass


def test_a_removed_lock_file_does_not_let_two_in(tmp_path: Path) -> None:
    """Who waits on a file that was removed must not believe that it holds the lock of the new one."""
    path = tmp_path / "lock"
    process = hold(path)
    path.unlink()
    with workspace_lock(path, OWNER, wait_seconds=0):
        assert path.exists()
    process.communicate(b"\n")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"x" * 5000, b"[]", b'{"pid": 1}', b'{"pid":1,"host":2,"since":3,"command":4}']
)
def test_a_record_that_is_none_is_no_trouble(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    process = hold(path)
    path.write_bytes(content)
    with pytest.raises(LockedError, match="another process"), workspace_lock(path, OWNER, wait_seconds=0):
        pass
    process.communicate(b"\n")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WorldError, match="STATE_FILE_NOT_REGULAR"), workspace_lock(tmp_path / "lock", OWNER):
        pass
