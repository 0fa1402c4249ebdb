"""A delivery on real parts: where a completion record is found afterwards, and where a missing one is told."""

from __future__ import annotations

import json
from pathlib import Path

from echelon.core.evidence import read_message
from workspaces import THREE, Shop, does, plain

RECORD = {"files": ["B001.txt"], "notes": "one line \x1b[31m<!-- -->", "follow_up": "read it again"}


def test_a_record_is_found_in_report_archive_journal_and_statement_and_a_missing_one_is_told(tmp_path: Path) -> None:
    odd = {"write": ".opencode/todo.md", "text": "- [x] a\n\n### Compte rendu\n- Fichiers : B002.txt\n- Suivi : rien\n"}
    plays = {"B001": [does("B001", record=RECORD)], "B002": [does("B002", odd)], "B003": [does("B003")]}
    shop = Shop.make(tmp_path, THREE, plays)
    said = shop.cli("deliver", "--host", "scripted")
    assert said.returncode == 0, said.stdout + said.stderr
    warned = [row for row in said.stdout.split("\n") if row.startswith("! ")]
    assert (
        sum("`### Compte rendu` looks like a completion record; write `## Compte-rendu`" in row for row in warned) == 1
    )
    assert [row.split()[1] for row in warned if "no completion record" in row] == ["B003"]

    data = {row["id"]: row["record"] for row in json.loads(shop.cli("report", "--json").stdout)["items"]}
    assert data["B001"] == {"files": ["B001.txt"], "notes": "one line [31m‹!-- --›", "followUp": "read it again"}
    assert (data["B002"], data["B003"]) == ({"files": ["B002.txt"], "notes": "", "followUp": ""}, None)
    page, status = shop.cli("report").stdout, shop.cli("status").stdout
    assert "follow-up: read it again" in page
    assert "no completion record: B003" in page and "no completion record: B003" in status
    html = shop.cli("report", "--html", "-").stdout
    assert (
        all(words in html for words in ("Completion records", "read it again", "no completion record"))
        and "<!-- -->" not in html.partition("<body")[2].partition("<script")[0]
    )

    message = plain(shop.root, "log", "-1", "--format=%B", "--grep=Echelon-Item: B001")
    statement, problems = read_message(message)
    assert (problems, statement and statement["predicate"]["record"]) == ((), data["B001"])
    (archived,) = (shop.root / ".opencode/archive/backlog-items").glob("*B001-delivered.md")
    assert "- Follow-up: read it again" in archived.read_text()
    assert shop.cli("verify", "--no-run").returncode == 0
