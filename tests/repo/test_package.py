"""The wheel holds what the demo and the type checkers of others need."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from echelon import __version__
from repo_sources import PACKAGE, ROOT


@pytest.mark.skipif(importlib.util.find_spec("uv_build") is None, reason="uv_build is not installed here")
def test_the_wheel_holds_the_package_whole(tmp_path: Path) -> None:
    tools = os.pathsep.join(
        (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    )  # its program is there
    subprocess.run(
        [sys.executable, "-c", "import sys, uv_build; uv_build.build_wheel(sys.argv[1])", str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PATH": tools}, check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"echelon_command-{__version__}-")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
        metadata = archive.read(f"echelon_command-{__version__}.dist-info/METADATA").decode()
        points = archive.read(f"echelon_command-{__version__}.dist-info/entry_points.txt").decode()
    wanted = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= held
    assert {"echelon/py.typed", "echelon/examples/linkshelf/.opencode/playbook/playbook.toml"} <= held
    assert not [name for name in held if name.endswith(".pyc") or name.startswith("tests/")]
    assert "# Echelon" in metadata
    assert "echelon = echelon.cli.main:main" in points
