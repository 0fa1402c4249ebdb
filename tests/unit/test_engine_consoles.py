"""Where the web console is, for whoever asks: an address, and nothing that lets anybody in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from echelon.actions.callers import Caller
from echelon.actions.table import ACTIONS, perform
from echelon.core.decide import Decision
from echelon.engine import consoles
from workspaces import Shop

HERE = "http://127.0.0.1:4711/"


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("ECHELON_RUNTIME", str(folder))
    return folder


def leave(runtime: Path, **facts: Any) -> None:
    (runtime / consoles.FILE).write_text(json.dumps({"address": HERE, "pid": os.getpid(), "since": "now", **facts}))


def told(shop: Shop, level: Any = "mission") -> str:
    answer = perform(shop.engine(), "web_console_info", {}, Caller("agent", level))
    assert isinstance(answer, Decision) and not answer.writes
    return answer.message


def test_an_agent_is_told_the_address_and_how_its_person_gets_in(runtime: Path, tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    assert "echelon console --open" in told(shop) and "127.0.0.1" not in told(shop)
    leave(runtime, secret="s3cr3t", token="t0k3n")
    for level in ("mission", "program", "enterprise"):
        said = told(shop, level)
        assert HERE in said and "echelon console --open" in said and "#" not in said
        assert "s3cr3t" not in said and "t0k3n" not in said
    assert not ACTIONS["web_console_info"].changes


@pytest.mark.parametrize(
    "facts",
    [{"address": "http://127.0.0.1:4711/#k=s3cr3t"}, {"address": "http://evil.example/"}, {"address": f"{HERE}\nHALT"},
     {"address": 5}, {"pid": "x"}, {"pid": 0}, {"pid": -1}],
)  # fmt: skip
def test_what_is_no_address_of_ours_is_not_told(runtime: Path, facts: dict[str, Any]) -> None:
    leave(runtime, **facts)
    assert consoles.address() == ""


def test_a_console_that_died_is_none(runtime: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    leave(runtime, pid=gone.pid)
    assert consoles.address() == ""
    leave(runtime)
    assert consoles.address() == HERE


def test_a_file_that_is_none_and_a_folder_that_is_open_to_others(runtime: Path) -> None:
    for text in ("", "[]", "{", "null"):
        (runtime / consoles.FILE).write_text(text)
        assert consoles.address() == ""
    leave(runtime)
    runtime.chmod(0o755)
    assert consoles.address() == ""
