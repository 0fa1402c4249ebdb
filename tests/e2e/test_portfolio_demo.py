"""`echelon demo --portfolio` as a newcomer runs it: four slots, a conflict, an answer from a file, a kill, one world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import proofs
from workspaces import environment


def run(folder: Path, *words: str, home: Path) -> subprocess.CompletedProcess[str]:
    python = Path(sys.executable).resolve().parent  # a shim of pyenv in front of it needs the home of its user
    path = f"{python}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "echelon", *words],
        cwd=folder,
        env=environment(home, PATH=path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )


def test_the_portfolio_is_delivered_through_conflict_question_and_kill(tmp_path: Path) -> None:
    target = tmp_path / "harbour"
    done = run(tmp_path, "demo", "--portfolio", target.name, home=tmp_path / "home")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for told in ("MERGE_CONFLICT", "CHECK_RED", "kill -9", "goes on", "(you answer ESC-", "21/21 delivered"):
        assert told in done.stdout, told
    status = json.loads(run(target, "status", "--json", home=tmp_path / "home").stdout)
    assert status["project"]["items"] == {
        "delivered": 21, "inProgress": 0, "failed": 0, "suspended": 0, "pending": 0, "total": 21,
    }  # fmt: skip
    assert [row["state"] for row in status["programs"]] == ["delivered", "delivered"]
    assert not (target / ".opencode/slots.json").exists()
    log = subprocess.run(["git", "log", "--format=%B"], cwd=target, capture_output=True, text=True, check=True).stdout
    items = [line.removeprefix("Echelon-Item: ") for line in log.splitlines() if line.startswith("Echelon-Item: ")]
    assert len(items) == len(set(items)) == 21  # once each, though the delivery was killed
    words = ("verify", "--json") if proofs.LONG else ("verify", "--no-run", "--json")
    assert json.loads(run(target, *words, home=tmp_path / "home").stdout)["ok"]
