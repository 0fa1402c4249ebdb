"""`echelon report --html`: a page of a delivered workspace, and which files it may replace."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from echelon.pages.page import is_ours
from workspaces import Shop, environment


def test_a_page_is_written_and_replaces_only_pages(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    assert shop.cli("deliver").returncode == 0
    wanted = tmp_path / "out" / "report.html"
    missing = shop.cli("report", "--html", str(wanted))
    assert missing.returncode == 1 and "FILE_FAILED" in missing.stderr
    wanted.parent.mkdir()
    for _ in range(2):  # the second replaces the first
        done = shop.cli("report", "--html", str(wanted))
        assert (done.returncode, done.stdout, done.stderr) == (0, f"wrote {wanted.resolve()}\n", "")
    text = wanted.read_text("utf-8")
    assert is_ours(text[:400])
    assert "3 of 3 delivered" in text and "B003" in text and "Evidence: 3 proved" in text
    assert [path.name for path in wanted.parent.iterdir()] == ["report.html"]

    backlog = shop.root / ".opencode" / "backlog.md"
    before = backlog.read_bytes()
    link = wanted.parent / "link.html"
    link.symlink_to(backlog)
    for name in (str(backlog), str(link), str(shop.root), str(tmp_path / "pipe")):
        if name.endswith("pipe"):
            os.mkfifo(name)
        words = ("--force",) if name.endswith(("pipe", str(shop.root))) else ()
        refused = shop.cli("report", "--html", name, *words)
        assert refused.returncode == 1 and "FILE_NOT_OURS" in refused.stderr, name
    assert backlog.read_bytes() == before
    other = wanted.parent / "other.html"
    other.write_text("<p>mine</p>", "utf-8")
    assert shop.cli("report", "--html", str(other), "--force").returncode == 0
    assert is_ours(other.read_text("utf-8")[:400])


def test_a_page_goes_into_a_pipe_and_not_onto_a_terminal(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    piped = shop.cli("report", "--html", "-")
    assert (piped.returncode, piped.stderr) == (0, "") and is_ours(piped.stdout[:400])
    for words in (("--json", "--html", "x.html"), ("--force",)):
        assert shop.cli("report", *words).returncode == 2
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "echelon", "report", "--html", "-"], cwd=shop.root, env=environment(shop.home),
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    finally:
        for end in (ours, theirs):
            with contextlib.suppress(OSError):
                os.close(end)
    assert done.returncode == 2 and "name a file" in done.stderr
