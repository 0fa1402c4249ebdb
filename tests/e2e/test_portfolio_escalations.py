"""Escalations of three levels hold exactly the part of the tree they concern, and are seen wherever a person looks."""

from __future__ import annotations

from pathlib import Path

from echelon.core import requests
from echelon.core.decide import Decision
from echelon.core.documents.sections import Option
from echelon.core.levels.escalations import every
from fleets import ANSWER, KEYS, Fleet, person

OPTIONS = (Option("one way", "—", "—"), Option("the other", "—", "—"))
ONE, TWO, THREE = (KEYS[:2], KEYS[2:4], KEYS[4:])  # of PRJ-001 and PRJ-002 in PGM-001, of PRJ-003 in PGM-002


def raise_it(fleet: Fleet, level: requests.Level, scope: str, about: str) -> None:
    said = fleet.engine().ask(requests.RecordEscalation(f"{level}?", "none", OPTIONS, "which?", about, level, scope))
    assert isinstance(said, Decision), said


def decide(fleet: Fleet, level: str) -> None:
    (row,) = [row for row in every(fleet.engine().world()) if row.level == level and row.escalation.pending]
    assert isinstance(fleet.engine().ask(requests.ResolveEscalation(row.escalation.id, ANSWER)), Decision)


def test_each_holds_its_own_part_until_it_is_decided(tmp_path: Path) -> None:
    fleet = Fleet.start(tmp_path, parallel=True)
    raise_it(fleet, "enterprise", "", "PGM-002")
    raise_it(fleet, "program", "PGM-001", "PRJ-001")
    first = fleet.once()
    assert first.outcome.status == "blocked" and fleet.merges() == []  # PRJ-002's B001 asks, its B002 waits for PRJ-001
    pending = [row.escalation.id for row in every(fleet.engine().world())]
    assert [row.level for row in every(fleet.engine().world())] == ["enterprise", "program", "project"]
    status = fleet.json("status", "--json")
    assert status["pendingEscalations"] == 3
    assert [(row["level"], row["scope"]) for row in status["escalations"]] == [
        ("enterprise", ""), ("program", "PGM-001"), ("project", "PGM-001/PRJ-002"),
    ]  # fmt: skip
    assert fleet.json("verify", "--no-run", "--json")["escalations"] == pending
    for words in (("status",), ("report",), ("verify", "--no-run")):
        told = fleet.cli(*words).stdout
        assert all(identifier in told for identifier in pending), told
    decide(fleet, "program")
    fleet.once()
    assert sorted(fleet.merges()) == sorted((*ONE, TWO[1]))
    decide(fleet, "enterprise")
    fleet.once()
    assert sorted(fleet.merges()) == sorted((*ONE, TWO[1], *THREE))
    assert person(fleet.engine(), fleet.root)
    assert fleet.once().outcome.status == "done"
    fleet.whole()
    assert fleet.json("status", "--json")["pendingEscalations"] == 0
