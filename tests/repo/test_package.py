"""The wheel holds what the demo and the type checkers of others need."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import node
from echelon import __version__
from repo_sources import PACKAGE, ROOT


@pytest.mark.skipif(importlib.util.find_spec("uv_build") is None, reason="uv_build is not installed here")
def test_the_wheel_holds_the_package_whole(tmp_path: Path) -> None:
    tools = os.pathsep.join(
        (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    )  # its program is there
    subprocess.run(
        [sys.executable, "-c", "import sys, uv_build as u; u.build_wheel(sys.argv[1]); u.build_sdist(sys.argv[1])", str(tmp_path)],
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
    with tarfile.open(*tmp_path.glob("*.tar.gz")) as archive:
        assert {f"echelon_command-{__version__}/src/{name}" for name in wanted} <= set(archive.getnames())
    assert {"echelon/py.typed", "echelon/examples/linkshelf/.opencode/playbook/playbook.toml"} <= held
    assert not [name for name in held if name.endswith(".pyc") or name.startswith("tests/")]
    assert "# Echelon" in metadata
    assert "echelon = echelon.cli.main:main" in points


def test_the_page_is_whole_where_it_is_built() -> None:
    """What git ignores is what a build may forget: the test above takes every file of the page; this, that they are all."""
    page = PACKAGE / "console" / "page"
    if not (page / "index.html").is_file():
        pytest.skip("the page is not built: make web")
    text = (page / "index.html").read_text("utf-8")
    named = re.findall(r'(?:src|href)="/([^"]+)"', text)
    assert len(named) >= 4
    assert [name for name in named if not (page / name).is_file()] == []
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", text), "the page's policy bars what is inline"


def test_the_lock_of_the_page_names_no_place_to_fetch_from() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    rows = {name: row for name, row in lock["packages"].items() if name}
    assert len(rows) > 100
    assert [name for name, row in rows.items() if "resolved" in row] == []
    assert [name for name, row in rows.items() if "integrity" not in row and not row.get("inBundle")] == []


@pytest.mark.parametrize(
    ("version", "served"),
    [("v18.20.0", False), ("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True), ("?", False)],
)
def test_a_node_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, served: bool
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (node.on_path() == (tmp_path, (str(tmp_path / "npm"),))) is served
