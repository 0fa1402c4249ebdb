"""The limit over time, with a clock that we turn."""

from pathlib import Path

import pytest

from linkshelf import limits
from linkshelf.limits import RateLimit
from linkshelf.settings import Settings
from linkshelf.web import HttpError, Request


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(clock):
    return RateLimit(Settings(Path("unused"), requests_per_minute=2), clock)


def allowed(gate, caller="a"):
    try:
        gate(Request("GET", "/", client=caller))
    except HttpError:
        return False
    return True


def test_the_bucket_fills_again_evenly(gate, clock):
    assert [allowed(gate) for _ in range(3)] == [True, True, False]
    clock.now = 29.0
    assert not allowed(gate)
    clock.now = 30.0
    assert [allowed(gate) for _ in range(2)] == [True, False]


def test_silence_saves_no_more_than_a_minute(gate, clock):
    assert allowed(gate)
    clock.now = 3_600.0
    assert [allowed(gate) for _ in range(3)] == [True, True, False]


def test_callers_do_not_share(gate):
    assert [allowed(gate, "a") for _ in range(3)] == [True, True, False]
    assert allowed(gate, "b")


def test_the_number_of_buckets_is_limited(gate, monkeypatch):
    monkeypatch.setattr(limits, "MAX_CALLERS", 3)
    for caller in "abcde":
        allowed(gate, caller)
    assert list(gate.buckets) == ["c", "d", "e"]
