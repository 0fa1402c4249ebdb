"""What is remembered, and what makes it forgotten."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from echelon.checks import cache as module
from echelon.checks.cache import CheckCache
from echelon.ports import Execution
from echelon.ports import TestCounts as Counts

GREEN = Execution("green", "", 0, 1.25, "é ok", "0" * 64, "none", Counts(3, 0, 1))
KEY = CheckCache.key("tree", "pytest", "environment")


@pytest.mark.parametrize("execution", [GREEN, replace(GREEN, outcome="red", exit_code=1, counts=None)])
def test_green_and_red_come_back_as_they_were(tmp_path: Path, execution: Execution) -> None:
    CheckCache(tmp_path / "new").put(KEY, execution)
    assert CheckCache(tmp_path / "new").get(KEY) == execution


def test_could_not_run_is_not_remembered(tmp_path: Path) -> None:
    CheckCache(tmp_path).put(KEY, replace(GREEN, outcome="could_not_run", why="timed_out"))
    assert CheckCache(tmp_path).get(KEY) is None


def test_keys_differ_in_every_part_and_parts_do_not_run_together() -> None:
    parts = [("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x"), ("a", "bc", ""), ("ab", "", "c")]
    assert len({CheckCache.key(*part) for part in parts}) == len(parts)


def test_every_changed_byte_is_a_miss(tmp_path: Path) -> None:
    cache = CheckCache(tmp_path)
    cache.put(KEY, GREEN)
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert cache.get(KEY) in (None, GREEN)  # a flipped blank between JSON parts changes nothing
    for wrong in (b"", b"{}", b"[]", b"null", b"[" * 100_000, data[:-1]):
        path.write_bytes(wrong)
        assert cache.get(KEY) is None


def test_an_entry_under_another_key_is_a_miss(tmp_path: Path) -> None:
    CheckCache(tmp_path).put(KEY, GREEN)
    other = CheckCache.key("other tree", "pytest", "environment")
    (tmp_path / f"{KEY}.json").rename(tmp_path / f"{other}.json")
    assert CheckCache(tmp_path).get(other) is None


def test_age_and_number_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES", 10)
    cache = CheckCache(tmp_path)
    keys = [CheckCache.key(str(n), "", "") for n in range(12)]
    for age, key in zip(range(12, 0, -1), keys, strict=True):
        cache.put(key, GREEN)
        if (path := tmp_path / f"{key}.json").exists():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age * 60))
    assert len(list(tmp_path.iterdir())) <= 10
    assert cache.get(keys[0]) is None and cache.get(keys[-1]) == GREEN
    os.utime(tmp_path / f"{keys[-1]}.json", (0, 0))
    assert cache.get(keys[-1]) is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = CheckCache(tmp_path / "file" / "below")
    cache.put(KEY, GREEN)
    assert cache.get(KEY) is None
