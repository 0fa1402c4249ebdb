"""What is private is private by its own mode: no process of ours changes the umask under which a merge writes a person's files."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from houses import House, until
from workspaces import environment

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the umask of another process is read below /proc"
)


def umask_of(pid: int | str) -> str:
    return next(
        row.split()[1] for row in Path(f"/proc/{pid}/status").read_text("ascii").splitlines() if row.startswith("Umask")
    )


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in folder.iterdir()}


def test_the_brain_leaves_the_umask_alone(tmp_path: Path) -> None:
    home, runtime = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "echelon", "serve", "--idle", "60"],
        env=environment(home, ECHELON_RUNTIME=str(runtime)),
        umask=0o022,
    )
    try:
        until((runtime / "brain-1.sock").exists, "it listens")
        until(lambda: set(modes(runtime).values()) == {0}, "nothing there is open to others")
        assert umask_of(process.pid) == "0022"
    finally:
        process.kill()
        process.wait()


def test_the_console_leaves_the_umask_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    try:
        running = house.start(house.shop("one"))
        assert umask_of(running.process.pid) == umask_of("self")
        assert set(modes(Path(house.env["ECHELON_RUNTIME"])).values()) == {0}
    finally:
        house.close()
