"""Threads that want to land: in order, one at a time, tested ahead meanwhile; nobody stays in the queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from echelon.checks.sandbox import NO_SANDBOX
from echelon.core.merge_queue import Verdict
from echelon.dispatch.landing import Landing
from echelon.engine.running import TreeRunner
from echelon.errors import GitError, StoppedError
from echelon.ports import CheckLimits
from slots_world import World

SECONDS = 60.0  # nothing takes that long: whoever waits so long waits for ever


class Field:
    """A landing with missions in threads. `close` of each waits until the test lets it go on."""

    def __init__(self, window: int = 4) -> None:
        self.landing = Landing(window)
        self.pool = ThreadPoolExecutor(16)
        self.changed = threading.Condition()
        self.closing: list[str] = []
        self.tested: list[tuple[str, tuple[str, ...]]] = []
        self.may_close: dict[str, threading.Event] = {}
        self.verdicts: dict[tuple[str, ...], Verdict] = {}
        self.stopped = threading.Event()

    def tests(self, name: str, heads: tuple[str, ...]) -> None:
        with self.changed:
            self.tested.append((name, heads))
            self.changed.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, SECONDS), (self.closing, self.tested)

    def speculate(self, name: str) -> Callable[[tuple[str, ...], Callable[[], bool]], Verdict]:
        def run(heads: tuple[str, ...], _obsolete: Callable[[], bool]) -> Verdict:
            self.tests(name, heads)
            return self.verdicts.get((*heads, name), "green")

        return run

    def start(self, name: str, speculate: Callable[..., Verdict] | None = None, lands: bool = True) -> Future[str]:
        """`name` is in the queue when this returns; its head is its name."""
        self.may_close[name] = threading.Event()

        def close() -> str:
            with self.changed:
                self.closing.append(name)
                self.changed.notify_all()
            assert self.may_close[name].wait(SECONDS)
            return name if lands else ""

        future = self.pool.submit(
            self.landing.land, name, name, speculate or self.speculate(name), close, self.stopped.is_set, bool
        )
        changed = self.landing._changed
        with changed:
            assert changed.wait_for(lambda: self.landing._queue.find(name) is not None, SECONDS)
        return future

    def finish(self, *futures: Future[str]) -> list[str]:
        for event in self.may_close.values():
            event.set()
        return [future.result(SECONDS) for future in futures]


@pytest.fixture
def field() -> Field:
    return Field()


def test_they_land_in_order_and_each_is_tested_once_on_those_ahead(field: Field) -> None:
    futures = [field.start(name) for name in "abcde"]
    field.until(lambda: len(field.tested) == 3 and field.closing == ["a"])
    assert sorted(field.tested) == [("b", ("a",)), ("c", ("a", "b")), ("d", ("a", "b", "c"))], "e is beyond the window"
    assert field.finish(*futures) == list("abcde")
    assert field.closing == list("abcde") and field.landing.waiting() == ()
    assert len([row for row in field.tested if row[0] != "e"]) == 3, "what landed as forecast is not tested again"


def test_who_is_red_is_put_aside_and_those_behind_are_tested_without_it(field: Field) -> None:
    field.verdicts = dict.fromkeys([("a", "b", "c"), ("a", "b", "c", "d")], "red")
    futures = [field.start(name) for name in "abcd"]
    field.until(lambda: ("d", ("a", "b")) in field.tested)
    assert field.closing == ["a"]
    assert field.finish(*futures) == list("abcd"), "c has its own turn all the same"


def test_a_refusal_makes_those_behind_be_tested_without_it_and_what_runs_is_called_off(field: Field) -> None:
    called_off = threading.Event()

    def long_test(heads: tuple[str, ...], obsolete: Callable[[], bool]) -> Verdict:
        field.tests("c", heads)
        while heads == ("a", "b"):
            if obsolete():
                called_off.set()
                raise StoppedError("STOPPED", "called off")
            threading.Event().wait(0.005)
        return "green"

    futures = [field.start("a", lands=False), field.start("b"), field.start("c", long_test)]
    field.until(lambda: ("c", ("a", "b")) in field.tested)
    field.may_close["a"].set()
    field.until(lambda: ("c", ("b",)) in field.tested)
    assert called_off.is_set()
    assert field.finish(*futures) == ["", "b", "c"]


def test_what_runs_goes_on_when_those_ahead_land_as_forecast(field: Field) -> None:
    entered, go_on = threading.Event(), threading.Event()
    seen: list[bool] = []

    def slow(heads: tuple[str, ...], obsolete: Callable[[], bool]) -> Verdict:
        field.tests("c", heads)
        entered.set()
        assert go_on.wait(SECONDS)
        seen.append(obsolete())
        return "green"

    futures = [field.start("a"), field.start("b"), field.start("c", slow)]
    assert entered.wait(SECONDS)
    field.may_close["a"].set()
    field.may_close["b"].set()
    assert [future.result(SECONDS) for future in futures[:2]] == ["a", "b"]
    go_on.set()
    assert field.finish(*futures) == ["a", "b", "c"] and field.landing.waiting() == ()
    assert seen == [False] and field.tested.count(("c", ("a", "b"))) == 1 and ("c", ("b",)) not in field.tested


def test_stop_and_errors_leave_the_queue(field: Field) -> None:
    def broken() -> str:
        raise ValueError("close failed")

    first = field.start("a")

    def fails(_heads: tuple[str, ...], _obsolete: Callable[[], bool]) -> Verdict:
        field.tests("b", ())
        raise GitError("GIT_FAILED", "a test ahead that fails is no verdict")

    second = field.start("b", fails)
    field.until(lambda: ("b", ()) in field.tested)
    third = field.pool.submit(field.landing.land, "c", "c", field.speculate("c"), broken, lambda: False)
    field.until(lambda: any(name == "c" for name, _ in field.tested))
    stopping = threading.Event()
    fourth = field.pool.submit(field.landing.land, "d", "d", field.speculate("d"), lambda: "d", stopping.is_set)
    field.until(lambda: any(name == "d" for name, _ in field.tested))
    stopping.set()
    with pytest.raises(StoppedError, match="STOPPED"):
        fourth.result(SECONDS)
    assert field.landing.waiting() == ("a", "b", "c")
    assert field.finish(first, second) == ["a", "b"]
    with pytest.raises(ValueError, match="close failed"):
        third.result(SECONDS)
    assert field.landing.waiting() == ()


def test_many_threads_each_land_once_one_at_a_time() -> None:
    landing, busy, order = Landing(), threading.Lock(), list[int]()

    def close(number: int) -> int:
        assert busy.acquire(blocking=False), "two close at once"
        order.append(number)
        busy.release()
        return number

    def run(number: int) -> int:
        said: Verdict = "red" if number % 3 == 0 else "green"
        return landing.land(
            str(number), "h", lambda _h, _o: said, lambda: close(number), lambda: False, lambda n: n % 3 > 0
        )

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(run, range(200))) == list(range(200))
    assert sorted(order) == list(range(200)) and landing.waiting() == ()


def test_two_missions_that_need_the_same_run_make_it_once(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    repository, log, go_on = world.repository(), tmp_path / "log", tmp_path / "go on"
    tree = repository.tree_of(world.head())
    check = f"echo ran >> '{log}'; until test -e '{go_on}'; do sleep 0.01; done"

    runner = TreeRunner(
        repository, world.top, tmp_path / "cache", steps=(), sandbox=NO_SANDBOX, limits=CheckLimits(seconds=60),
        network=False, environment={},
    )  # fmt: skip
    asked = threading.Event()

    def stopped() -> bool:
        asked.set()  # it is asked while it waits
        return False

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(runner.run, tree, [check], tree)
        wait_for(log)
        second = pool.submit(runner.until(stopped).run, tree, [check], tree)
        third = pool.submit(runner.until(lambda: True).run, tree, [check], tree)
        with pytest.raises(StoppedError):
            third.result(SECONDS)
        assert asked.wait(SECONDS)
        go_on.touch()
        assert first.result(SECONDS)[check] == second.result(SECONDS)[check]
    assert log.read_text() == "ran\n"


def wait_for(path: Path) -> None:
    for _ in range(int(SECONDS * 100)):
        if path.exists():
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{path} did not come")
