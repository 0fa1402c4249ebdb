"""The proof, run again from the page: what it finds is what `echelon verify` finds, and one runs at a time."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from consoles import Console
from echelon.console.verifying import VerificationRun, Verifying
from echelon.engine.workspace import Workspace
from houses import House, ask, enter, until
from slots_world import plain
from workspaces import Shop, backlog, check, does, item


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


OPEN = {"checks": {"sandbox": "off"}}  # or a check could not say outside that it runs


def slow(tmp_path: Path, config: Mapping[str, object] = OPEN) -> tuple[Shop, Path, Path]:
    """Two items delivered; the check of the second one takes for ever while `gate` is there, and says who it is."""
    gate, process = tmp_path / "gate", tmp_path / "process"
    held = f"test ! -e {gate} || {{ sh -c 'echo $$ > {process}.new; mv {process}.new {process}; sleep 600'; }}"
    checks = {name: f"{held if name == 'B002' else 'true'}; grep -qx done {name}.txt" for name in ("B001", "B002")}
    text = backlog(*(item(name, check(command)) for name, command in checks.items()))
    made = Shop.make(tmp_path, text, {name: [does(name)] for name in checks}, config=config)
    assert made.deliver().outcome.status == "done"
    gate.touch()
    return made, gate, process


def is_gone(process: Path) -> bool:
    try:
        os.kill(int(process.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_a_run_is_stopped_and_nothing_of_it_stays(tmp_path: Path) -> None:
    shop, gate, process = slow(tmp_path)
    console = Console(shop.places, shop.root)
    before = {path: path.read_bytes() for path in (shop.root / ".opencode").rglob("*") if path.is_file()}
    console.ask("POST", "/api/evidence/verify", {})
    until(process.exists, "the second item's check runs")
    asked = console.ask("POST", "/api/evidence/verify/stop", {})
    assert asked.status == 200 and asked.json()["state"] in ("stopping", "stopped")
    found = until(
        lambda: (said := console.get("/api/evidence/verify"))["state"] == "stopped" and said, "the verification stops"
    )
    assert is_gone(process)
    assert found["holds"] is None and found["problems"] == [] and found["ended"]
    assert [(row["key"], row["holds"]) for row in found["proofs"]] == [("B001", True)], "what was proved stays said"
    after = {path: path.read_bytes() for path in (shop.root / ".opencode").rglob("*") if path.is_file()}
    assert after == before
    assert console.ask("POST", "/api/evidence/verify/stop", {}).code == "VERIFY_IDLE"
    gate.unlink()
    console.ask("POST", "/api/evidence/verify", {})
    assert ended(console)["holds"] is True, "the next run finds clean checkouts"


def test_nothing_that_runs_nothing_to_stop(shop: Shop) -> None:
    assert Console(shop.places, shop.root).ask("POST", "/api/evidence/verify/stop", {}).code == "VERIFY_IDLE"


def test_a_run_ends_with_the_console(tmp_path: Path) -> None:
    shop, _, process = slow(tmp_path)
    verifying, told = Verifying(), list[object]()
    console = Console(shop.places, shop.root)
    (workspace,) = console.desk.mirrors
    console.desk.verifying[workspace] = verifying
    verifying.begin(Workspace(shop.root, shop.places), (), 2, told.append)
    until(process.exists, "the second item's check runs")
    console.desk.close()
    until(lambda: verifying.run.state == "stopped", "it stops")
    assert is_gone(process)


def test_a_console_that_is_killed_takes_its_checks_along_and_the_next_one_proves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)
    monkeypatch.setenv("ECHELON_RUNTIME", house.env["ECHELON_RUNTIME"])
    (tmp_path / "a").mkdir()
    shop, gate, process = slow(tmp_path / "a")
    try:
        first = house.start(shop.root)
        token = enter(shop.root)
        ask(first.port, "POST", "/api/evidence/verify", {}, token)
        until(process.exists, "the second item's check runs")
        first.end(signal.SIGKILL)
        until(lambda: is_gone(process), "the check ends with who asked for it")
        gate.unlink()
        second = house.start(shop.root)
        token = enter(shop.root)
        assert ask(second.port, "GET", "/api/evidence/verify", token=token)["state"] == "never", (
            "nothing of a run is kept"
        )
        ask(second.port, "POST", "/api/evidence/verify", {}, token)
        found = until(
            lambda: (said := ask(second.port, "GET", "/api/evidence/verify", token=token))["state"] == "ended" and said,
            "the verification ends",
        )
        assert found["holds"] is True and len(found["proofs"]) == 2, found
    finally:
        house.close()


def test_a_stop_while_dependencies_are_made_leaves_none_half_made(tmp_path: Path) -> None:
    flag = tmp_path / "making"
    step = {"run": f"mkdir made; test ! -e {flag} || {{ touch {flag}.on; sleep 600; }}", "produces": ["made"]}
    shop, gate, _ = slow(tmp_path, {**OPEN, "setup": [step]})
    gate.unlink()
    prepared = shop.places.cache / "prepared"
    for path in prepared.glob("*.done"):
        path.unlink()  # as if they had been forgotten
    flag.touch()
    verifying = Verifying()
    verifying.begin(Workspace(shop.root, shop.places), (), 2, lambda _facts: None)
    until(Path(f"{flag}.on").exists, "the set-up command runs")
    verifying.stop(lambda _facts: None)
    until(lambda: verifying.run.state == "stopped", "it stops")
    assert not [path for path in prepared.iterdir() if path.is_dir() or path.suffix == ".done"]


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
