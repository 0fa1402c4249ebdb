"""The file functions on a real file system: what is refused, what is kept."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from echelon.errors import EchelonError, InputError, LimitError
from echelon.store.files import OsDisk, append_file, read_regular, replace_file, resolve, sweep_temps

DISK = OsDisk()


def code_of(error: pytest.ExceptionInfo[EchelonError]) -> str:
    return error.value.code


def test_missing_is_none_and_everything_else_an_error(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"secret")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
    assert read_regular(DISK, tmp_path / "missing") is None
    for name in ("link", "dangling", "fifo", "directory", "socket"):
        for attempt in (read_regular, lambda disk, path: replace_file(disk, path, b"new")):
            with pytest.raises(EchelonError) as error:
                attempt(DISK, tmp_path / name)
            assert code_of(error) == "STATE_FILE_NOT_REGULAR", name
    with pytest.raises(EchelonError) as error:
        read_regular(DISK, target / "below-a-file")
    assert code_of(error) == "FILE_FAILED"
    assert target.read_bytes() == b"secret"


def test_a_file_at_its_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    assert read_regular(DISK, tmp_path / "f", 5) == b"12345"
    with pytest.raises(LimitError) as error:
        read_regular(DISK, tmp_path / "f", 4)
    assert code_of(error) == "FILE_TOO_LARGE"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_replacing_keeps_the_mode_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(mode)
    before = os.umask(0o077)
    try:
        replace_file(DISK, path, b"new")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == mode
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_append_creates_private_files_and_says_so(tmp_path: Path) -> None:
    assert append_file(DISK, tmp_path / "log", b"a\n")
    assert not append_file(DISK, tmp_path / "log", b"b\n")
    assert (tmp_path / "log").read_bytes() == b"a\nb\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


BAD = ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\\b", "a\x00b", "a\nb", "x" * 1025, "a/" * 40 + "b"]


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_could_lead_elsewhere_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError) as error:
        resolve(DISK, tmp_path, path)
    assert code_of(error) == "PATH_NOT_ALLOWED"


def test_a_linked_directory_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / ".opencode").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "file").write_bytes(b"")
    for path in (".opencode/backlog.md", "real/file/below"):
        with pytest.raises(EchelonError) as error:
            resolve(DISK, tmp_path, path)
        assert code_of(error) == "STATE_FILE_NOT_REGULAR"
    assert resolve(DISK, tmp_path, "real/é – x.md") == tmp_path / "real/é – x.md"


def test_the_sweep_takes_only_our_left_overs(tmp_path: Path) -> None:
    deep = tmp_path / "projects" / "x"
    deep.mkdir(parents=True)
    ours = deep / f".echelon-{'a1' * 8}-3.tmp"
    others = [deep / "notes.tmp", deep / ".echelon-xyz-1.tmp", deep / "backlog.md.tmp.123.abc"]
    for path in (ours, *others):
        path.write_bytes(b"")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    (elsewhere / ours.name).write_bytes(b"")
    (tmp_path / "link").symlink_to(elsewhere)
    assert sweep_temps(DISK, tmp_path) == 1
    assert not ours.exists()
    assert all(path.exists() for path in (*others, elsewhere / ours.name))
