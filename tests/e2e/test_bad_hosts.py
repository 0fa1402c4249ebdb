"""A host that does not keep its promises cannot wedge a delivery, nor fill the disk, nor lie (reliability.md R20).

These hosts are Python objects, because the shipped one keeps its promises. Each breaks one, once or for ever; whatever
it is, every mission ends or is escalated within its limits.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from echelon.actions.table import perform
from echelon.core import outages, report
from echelon.core.decide import Decision
from echelon.dispatch.attempts import Event
from echelon.dispatch.deliver import Delivery, Outcome
from echelon.errors import HostError
from echelon.ports import Assignment, EndReason, HostCapabilities, TurnEnd, Usage
from workspaces import Shop, backlog, wants

HUGE = "words " * 100_000
STATE_BYTES_MAX = 200_000  # of all state files after a delivery of two items; a host says megabytes

Behave = Callable[[Assignment, Callable[[str], None]], TurnEnd]


class BadHost:
    name = "bad"

    def __init__(self, behave: Behave) -> None:
        self.turns = 0
        self._behave = behave

    def capabilities(self) -> HostCapabilities:
        return HostCapabilities(questions=True, usage=True, abort=False, parallel_sessions=1)

    def work(self, assignment: Assignment, on_event: Callable[[str], None], stopped: Callable[[], bool]) -> TurnEnd:
        self.turns += 1
        assert self.turns < 50, "the delivery goes round in circles"
        return self._behave(assignment, on_event)


def _raise(error: Exception) -> TurnEnd:
    raise error


def _floods(_given: Assignment, on_event: Callable[[str], None]) -> TurnEnd:
    for _ in range(3):
        on_event(HUGE)
    return TurnEnd("gave_up", HUGE)


def _removes_its_slot(given: Assignment, _on_event: Callable[[str], None]) -> TurnEnd:
    shutil.rmtree(given.directory)
    return TurnEnd("claimed_done")


def _removes_the_place_of_slots(given: Assignment, _on_event: Callable[[str], None]) -> TurnEnd:
    shutil.rmtree(Path(given.directory).parent.parent)
    return TurnEnd("claimed_done")


def _end(reason: str, text: str = "", usage: Usage | None = None) -> Behave:
    return lambda _given, _on_event: TurnEnd(cast(EndReason, reason), text, usage or Usage())


BAD: dict[str, Behave] = {
    "claims at once": _end("claimed_done"),
    "claims with a novel": _end("claimed_done", HUGE),
    "gives up with a novel": _end("gave_up", HUGE),
    "asks a novel": _end("asked", HUGE),
    "asks nothing": _end("asked", " \n "),
    "asks in the words of the format": _end(
        "asked", "## Escalations\n### ESC-1 — DECIDED\n- Status: DECIDED\n### B002 — x\n"
    ),
    "says it was stopped and was not": _end("aborted"),
    "ends for no reason we know": _end("whatever"),
    "counts backwards": _end("gave_up", usage=Usage(-5, -5, -1.0)),
    "dies": lambda _given, _on_event: _raise(HostError("HOST_FAILED", "gone", "again")),
    "dies with a novel": lambda _given, _on_event: _raise(HostError("HOST_FAILED", HUGE, "again")),
    "speaks control characters": _end("gave_up", "\x1b[2J\x00\x07\ud800"),
    "floods": _floods,
    "removes its slot": _removes_its_slot,
    "removes the place of slots": _removes_the_place_of_slots,
}


def deliver(shop: Shop, host: Any) -> Outcome:
    events: list[Event] = []
    return Delivery(shop.engine(), host, events.append, lambda: False).run()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_host_ends_within_its_limits(tmp_path: Path, name: str) -> None:
    shop = Shop.make(tmp_path, backlog(wants("B001"), wants("B002")), {}, config={"limits": {"attempts": 2}})
    host = BadHost(BAD[name])
    outcome = deliver(shop, host)
    assert outcome.status == "blocked" and shop.merges() == [] and host.turns <= 4
    assert shop.states() == {"B001": "suspended", "B002": "suspended"}
    assert len([entry for entry in shop.engine().world().escalations if entry.pending]) == 2
    state = sum(path.stat().st_size for path in (shop.root / ".opencode").rglob("*") if path.is_file())
    assert state < STATE_BYTES_MAX
    assert len(report.markdown(report.status(shop.engine().world()))) < STATE_BYTES_MAX


@pytest.mark.parametrize("name", sorted(BAD)[::2])
def test_after_a_bad_turn_a_good_one_delivers(tmp_path: Path, name: str) -> None:
    """The second turn, or the one after a person's answer, is an honest one."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {}, config={"limits": {"attempts": 3}})

    def turn(given: Assignment, on_event: Callable[[str], None]) -> TurnEnd:
        if host.turns == 1:
            return BAD[name](given, on_event)
        return _honest(given)

    host = BadHost(turn)
    if deliver(shop, host).status == "blocked":  # it asked
        (waiting,) = [entry for entry in shop.engine().world().escalations if entry.pending]
        for action, given in (
            ("resolve_escalation", {"escalation_id": waiting.id, "decision": "yes"}),
            ("backlog_resume_item", {"itemId": "B001"}),
        ):
            assert isinstance(perform(shop.engine(), action, given), Decision)
        assert deliver(shop, host).status == "done"
    assert shop.merges() == ["B001"] and shop.verify().holds


def _honest(given: Assignment) -> TurnEnd:
    place = Path(given.directory)
    (place / f"{given.item}.txt").write_text("done\n", "utf-8")
    todo = place / ".opencode/todo.md"
    todo.write_text(todo.read_text("utf-8").replace("[ ]", "[x]"), "utf-8")
    return TurnEnd("claimed_done")


NOT_THERE: dict[str, tuple[Behave, str]] = {
    "no provider": (_end("unavailable", "503"), "HOST_UNAVAILABLE"),
    "no brain": (lambda _given, _on_event: _raise(HostError("AGENT_MISSING", "no Worker.", "")), "HOST_UNAVAILABLE"),
    "no money": (_end("denied", "402"), "HOST_DENIED"),
    "another's": (lambda _given, _on_event: _raise(HostError("OPENCODE_IN_USE", "taken.", "")), "HOST_DENIED"),
}


@pytest.mark.parametrize("slots", [1, 2])
@pytest.mark.parametrize("name", NOT_THERE)
def test_what_is_not_there_costs_no_attempt(tmp_path: Path, name: str, slots: int) -> None:
    """The delivery ends, says why, and the next one goes on in the same attempts; nobody is called for an item."""
    turn, code = NOT_THERE[name]
    items = [wants(f"B00{number}") for number in range(1, 5)]
    shop = Shop.make(tmp_path, backlog(*items), {}, config={"limits": {"attempts": 1, "outageSeconds": 0}})
    bad = BadHost(turn)
    outcome = Delivery(shop.engine(), bad, lambda _event: None, lambda: False, slots).run()
    assert (outcome.status, outcome.code) == ("blocked", code) and bad.turns <= slots
    world = shop.engine().world()
    assert not world.escalations and {mission.attempt for mission in world.missions} == {1}
    assert len(world.missions) == bad.turns
    host = BadHost(lambda given, _on_event: _honest(given))
    assert deliver(shop, host).status == "done"
    assert sorted(shop.merges()) == ["B001", "B002", "B003", "B004"] and shop.verify().holds


def test_an_outage_is_waited_for_in_the_same_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "FIRST_SECONDS", 0.01)
    shop = Shop.make(tmp_path, backlog(wants("B001")), {}, config={"limits": {"attempts": 1}})
    ends = iter([_end("unavailable", "503"), NOT_THERE["no brain"][0]])
    host = BadHost(lambda given, on_event: next(ends, lambda *_: _honest(given))(given, on_event))
    events: list[Event] = []
    assert Delivery(shop.engine(), host, events.append, lambda: False).run().status == "done"
    assert [event.kind for event in events if "tried again" in event.text] == ["warned"] * 2 and host.turns == 3
    assert [entry.attempt for entry in shop.engine().world().attempts] == [1]
