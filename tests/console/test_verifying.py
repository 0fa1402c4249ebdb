"""The proof, run again from the page: what it finds is what `echelon verify` finds, and one runs at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from consoles import Console
from echelon.console.verifying import VerificationRun, Verifying
from echelon.engine.workspace import Workspace
from houses import until
from slots_world import plain
from workspaces import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop.make(tmp_path)
    made.deliver()
    return made


def ended(console: Console) -> dict[str, object]:
    found: dict[str, object] = until(
        lambda: (said := console.get("/api/evidence/verify"))["state"] == "ended" and said, "the verification ends"
    )
    return found


def test_what_was_proved_is_proved_again(shop: Shop) -> None:
    console = Console(shop.places, shop.root)
    assert console.get("/api/evidence/verify")["state"] == "never"
    begun = console.ask("POST", "/api/evidence/verify", {"keys": ["B002"]})
    assert begun.status == 200
    assert begun.json()["total"] == 1
    found = ended(console)
    assert found["holds"] is True
    (proof,) = found["proofs"]  # type: ignore[misc]
    assert (proof["key"], proof["holds"], proof["problems"]) == ("B002", True, [])
    assert proof["runs"] == [{"command": "grep -qx done B002.txt", "base": "red", "candidate": "green"}]


def test_without_names_everything_is_verified(shop: Shop) -> None:
    console = Console(shop.places, shop.root)
    console.ask("POST", "/api/evidence/verify", {})
    found = ended(console)
    assert found["total"] == 3
    assert {row["key"] for row in found["proofs"]} == {"B001", "B002", "B003"}  # type: ignore[union-attr, index]


def test_a_changed_record_is_told(shop: Shop) -> None:
    log = shop.root / ".opencode/echelon/evidence.jsonl"
    log.write_text(log.read_text("utf-8").replace('"green"', '"red"', 1), "utf-8")
    console = Console(shop.places, shop.root)
    console.ask("POST", "/api/evidence/verify", {"keys": ["B001"]})
    found = ended(console)
    assert found["holds"] is False
    assert "EVIDENCE_LOG" in str(found["problems"])


def test_items_that_are_not_there_are_refused(shop: Shop) -> None:
    console = Console(shop.places, shop.root)
    said = console.ask("POST", "/api/evidence/verify", {"keys": ["B001", "B999", "B998"]})
    assert (said.status, said.code) == (409, "ITEM_UNKNOWN")
    assert len(said.json()["reasons"]) == 2
    assert console.ask("POST", "/api/evidence/verify", {"keys": [1]}).code == "ARGUMENTS_INVALID"


def test_one_at_a_time(shop: Shop) -> None:
    console = Console(shop.places, shop.root)
    (workspace,) = console.desk.mirrors
    console.desk.verifying[workspace] = Verifying(VerificationRun(state="running"))
    assert console.ask("POST", "/api/evidence/verify", {}).code == "VERIFY_RUNNING"


def test_what_cannot_be_verified_ends_with_its_reason(shop: Shop, tmp_path: Path) -> None:
    plain(tmp_path, "clone", "-q", "--depth", "1", f"file://{shop.root}", "copy")
    verifying = Verifying()
    verifying.begin(Workspace(tmp_path / "copy", shop.places), (), 3, lambda _facts: None)
    until(lambda: verifying.run.state == "ended", "it ends")
    assert verifying.run.holds is False
    assert verifying.run.problems[0].startswith("[CLONE_SHALLOW]")


def test_evidence_says_what_each_project_is_shown_by(shop: Shop) -> None:
    said = Console(shop.places, shop.root).get("/api/evidence?coverage=attested")
    assert said["items"] == []
    assert said["projects"] == [
        {"key": "", "title": "Shop", "coverage": {"proved": 3, "guarded": 0, "attested": 0, "none": 0}}
    ]
    (check,) = Console(shop.places, shop.root).get("/api/evidence/item?key=B001")["checks"]
    assert len(check["digest"]) == 64
