"""`echelon config` as a person uses it: what is shown, where it came from, and a change that undo takes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from echelon.core.config import PATHS, SETTINGS
from echelon.engine.workspace import Workspace
from repo_sources import ROOT
from workspaces import Shop, write

FILE = PATHS[0]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop.make(tmp_path, config={})
    write(made.root, {FILE: '{\n  // why\n  "limits": {"attempts": 2}, // few\n  "steering": {"readGuard": true}\n}\n'})
    return made


def _with(shop: Shop, variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(shop.home), **variables}
    return subprocess.run(
        [sys.executable, "-m", "echelon", *words], cwd=shop.root, env=environment, capture_output=True, text=True, timeout=60
    )  # fmt: skip


def test_every_setting_is_shown_with_where_it_was_said(shop: Shop) -> None:
    shown = _with(shop, {"ORCHESTRATOR_STEERING_GUARD": "off"}, "config")
    rows = {row.split()[0]: row.split()[1:] for row in shown.stdout.splitlines()}
    assert (shown.returncode, shown.stderr, list(rows)) == (0, "", [row.key for row in SETTINGS])
    assert rows["limits.attempts"] == ["2", f"{FILE}:3:14"]
    assert rows["steering.readGuard"] == ["false", "$ORCHESTRATOR_STEERING_GUARD"]
    assert rows["limits.slots"] == ["8", "default"]
    found = json.loads(_with(shop, {"ORCHESTRATOR_STEERING_GUARD": "off"}, "config", "--json").stdout)
    said_at = {row["key"]: (row["value"], row["said"]["kind"]) for row in found["settings"]}
    assert (found["ok"], found["file"], said_at["limits.attempts"]) == (True, FILE, (2, "file"))
    assert (said_at["steering.readGuard"], said_at["limits.slots"]) == ((False, "environment"), (8, "default"))


def test_one_setting_is_explained_and_a_group_is_a_list(shop: Shop) -> None:
    one = shop.cli("config", "limits.attempts").stdout
    assert all(
        words in one
        for words in ("limits.attempts = 2", "Attempts at one item", f"{FILE}:3:14", "default: 3", "1 to 20")
    )
    assert "ORCHESTRATOR_WEB_PORT" in shop.cli("config", "webConsole.port").stdout
    assert {row.split()[0].partition(".")[0] for row in shop.cli("config", "checks").stdout.splitlines()} == {"checks"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("config", "limits.atempts"), 1, 'did you mean "limits.attempts"?'),
        (("config", "set", "limits.atempts", "3"), 1, 'did you mean "limits.attempts"?'),
        (("config", "set", "limits.attempts", "0"), 1, "at least 1 and at most 20"),
        (("config", "set", "limits.attempts"), 2, "config set KEY VALUE"),
        (("config", "a", "b"), 2, "set KEY VALUE"),
        (("config", "--schema", "language"), 2, "--schema stands alone"),
    ],
)
def test_a_wrong_word_is_told_what_to_write(shop: Shop, words: tuple[str, ...], code: int, said: str) -> None:
    before = (shop.root / FILE).read_bytes()
    answer = shop.cli(*words)
    assert (answer.returncode, said in answer.stderr, (shop.root / FILE).read_bytes()) == (code, True, before)


def test_a_wrong_file_is_shown_with_its_places_and_what_counts_instead(shop: Shop) -> None:
    write(
        shop.root,
        {FILE: '{"langage": "fr",\n "limits": {"attempts": "2"}}', PATHS[1]: "{}", "opencode.json": '{"steering": {}}'},
    )
    shown = shop.cli("config")
    assert shown.returncode == 1
    assert "limits.attempts          3           default" in shown.stdout
    for said in (f'{FILE}:1:2: error: [CONFIG_VALUE] "langage"', f'{FILE}:2:13: error: [CONFIG_VALUE] "limits.attempts"',
                 f"{PATHS[1]}: warning: [CONFIG_SHADOWED]", "opencode.json:1:2: warning: [CONFIG_ELSEWHERE]"):  # fmt: skip
        assert said in shown.stderr
    refused = shop.cli("deliver")
    assert f'{FILE}:2:13: "limits.attempts" must be a whole number' in refused.stdout + refused.stderr
    assert json.loads(shop.cli("config", "--json").stdout)["ok"] is False


def test_a_change_keeps_every_other_byte_and_undo_takes_it_back(shop: Shop) -> None:
    before = (shop.root / FILE).read_text()
    first = shop.cli("config", "set", "limits.attempts", "5")
    assert first.stdout == f"{FILE}:3:14: limits.attempts is 5; before: 2\n"
    assert (shop.root / FILE).read_text() == before.replace("2}", "5}")
    assert "already" in shop.cli("config", "set", "limits.attempts", "5").stdout
    second = json.loads(shop.cli("config", "set", "baseBranch", "a // b", "--json").stdout)
    assert (second["line"], second["value"], second["before"]) == (5, "a // b", None)
    assert Workspace(shop.root).config["baseBranch"] == "a // b"
    assert [shop.cli("undo").returncode, shop.cli("undo").returncode] == [0, 0]
    assert (shop.root / FILE).read_text() == before
    told = _with(shop, {"ORCHESTRATOR_WEB_PORT": "9"}, "config", "set", "webConsole.port", "80")
    assert (told.returncode, "$ORCHESTRATOR_WEB_PORT says 9" in told.stderr) == (0, True)


def test_the_file_is_made_where_there_is_none_and_the_old_name_goes_on(shop: Shop) -> None:
    (shop.root / FILE).unlink()
    assert shop.cli("config", "set", "policy", "attested").stdout.startswith(f"{FILE}:2:3: policy is")
    (shop.root / FILE).unlink()
    write(shop.root, {PATHS[1]: '{"orchestrator": {"steering": {"lineThreshold": 99}}}'})
    shop.cli("config", "set", "steering.readGuard", "no")
    assert (
        shop.root / PATHS[1]
    ).read_text() == '{"orchestrator": {"steering": {"lineThreshold": 99, "readGuard": false}}}'
    assert not (shop.root / FILE).exists()


def test_the_schema_is_printed_anywhere_and_is_the_published_one(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "echelon", "config", "--schema"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    schema = json.loads(answer.stdout)
    Draft202012Validator.check_schema(schema)
    for path in ("docs/reference/orchestrator.schema.json", "src/echelon/orchestrator.schema.json"):
        assert json.loads((ROOT / path).read_text("utf-8")) == schema
