"""Waiting for a host or a provider that is not there: how long, how often, and what was used meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from echelon.dispatch import outage
from echelon.errors import HostError
from echelon.ports import EndReason, TurnEnd, Usage


@dataclass
class Clock:
    """Stands in for the module `time`: sleeping costs nothing."""

    at: float = 0.0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Room:
    clock: Clock
    ends: Iterator[TurnEnd | HostError]
    turn_seconds: float = 0.0
    turns: int = 0
    told: list[str] = field(default_factory=list)
    stops_at: float = float("inf")

    def work(self, seconds: float) -> TurnEnd:
        return outage.patiently(self._turn, seconds, lambda: self.clock.at >= self.stops_at, self.told.append)

    def _turn(self) -> TurnEnd:
        self.turns += 1
        self.clock.at += self.turn_seconds
        end = next(self.ends)
        if isinstance(end, HostError):
            raise end
        return end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(outage, "time", made)
    return made


def gone(used: Usage = Usage()) -> TurnEnd:  # noqa: B008 - it is frozen
    return TurnEnd("unavailable", "503", used)


def for_ever(end: Callable[[], TurnEnd]) -> Iterator[TurnEnd]:
    while True:
        yield end()


def test_it_goes_on_when_it_is_there_again_and_counts_all_that_was_used(clock: Clock) -> None:
    ends = [gone(), gone(Usage(5, 0, 0.5)), TurnEnd("claimed_done", "done", Usage(10, 2, 1.0))]
    room = Room(clock, iter(ends))
    assert room.work(3600) == TurnEnd("claimed_done", "done", Usage(15, 2, 1.5))
    assert (room.turns, clock.at) == (3, 5 + 5) and "503" in room.told[0]


@pytest.mark.parametrize("turn_seconds", [0.0, 120.0])
def test_its_wait_has_a_limit_with_few_tries(clock: Clock, turn_seconds: float) -> None:
    room = Room(clock, for_ever(gone), turn_seconds)
    assert room.work(14400).reason == "unavailable"
    assert 12000 < clock.at <= 14400 + turn_seconds and room.turns < 35


def test_no_wait_at_all_when_none_is_wanted(clock: Clock) -> None:
    room = Room(clock, for_ever(gone))
    assert room.work(0).reason == "unavailable" and (room.turns, clock.at) == (1, 0.0)


def test_one_that_comes_and_goes_is_waited_for_briefly_each_time_and_not_for_ever(clock: Clock) -> None:
    room = Room(clock, for_ever(lambda: gone(Usage(1, 1))), turn_seconds=60)
    assert room.work(100).reason == "unavailable"
    assert room.turns == 100 // 5 + 1, "5 s after each turn that got somewhere"


def test_a_stop_ends_the_wait(clock: Clock) -> None:
    room = Room(clock, for_ever(gone), stops_at=60.0)
    assert room.work(14400).reason == "unavailable" and clock.at < 61


@pytest.mark.parametrize(
    ("code", "reason"),
    [("HOST_SILENT", "unavailable"), ("AGENT_MISSING", "unavailable"), ("OPENCODE_IN_USE", "denied"), ("OPENCODE_FAILED", "denied"), ("OPENCODE_REFUSED", "unavailable"), ("HOST_FAILED", "crashed")],
)  # fmt: skip
def test_a_host_that_fails_is_an_end_like_others(clock: Clock, code: str, reason: EndReason) -> None:
    end = Room(clock, iter([HostError(code, "why.", "do this")])).work(0)
    assert end.reason == reason and "why." in end.text and (reason == "crashed" or "do this" in end.text)
