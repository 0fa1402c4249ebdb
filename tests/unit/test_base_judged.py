"""The base is judged while others merge into it: what they merged meanwhile is no rewound base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import opencode_portfolios as portfolios
from echelon.core.decide import Decision, Refusal
from echelon.engine.engine import Engine
from echelon.slots.repository import Repository
from workspaces import Shop

ONE, OTHER = "PGM-001/PRJ-001/B001", "PGM-001/PRJ-002/B002"
RUNNING = {"PGM-001": "/", "PGM-001/PRJ-001": "/", "PGM-001/PRJ-002": "/"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Two items in flight, both done and not closed."""
    made = portfolios.shop(tmp_path, parallel=True, states=RUNNING)
    engine = made.engine()
    for key in (ONE, OTHER):
        assert isinstance(engine.start(key, parallel=True), Decision)
        mission = engine.find_mission(key)
        assert not isinstance(mission, Refusal)
        place = Path(engine.slot_path(mission))
        (place / portfolios.file_of(key)).write_text("done\n", "utf-8")
        todo = place / ".opencode/todo.md"
        todo.write_text(todo.read_text("utf-8").replace("- [ ]", "- [x]"), "utf-8")
    return made


def _start(engine: Engine) -> object:
    return engine.start("PGM-001/PRJ-001/B002", parallel=True)


def _examine(engine: Engine) -> object:
    mission = engine.find_mission(ONE)
    assert not isinstance(mission, Refusal)
    return engine.examine(mission).findings.problems


ASKED: dict[str, Callable[[Engine], object]] = {
    "start": _start,
    "examine": _examine,
    "rewound": Engine.rewound,
    "close": lambda engine: engine.close(ONE),
}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", ASKED)
def test_a_merge_between_the_head_and_its_record_is_no_rewound_base(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    """Another process closes its item in the very moment after the head was read for the `number`th time."""
    head, reads, merged = Repository.head, list[str](), list[object]()

    def read(self: Repository, branch: str) -> str:
        found = head(self, branch)
        reads.append(found)
        if len(reads) == number + 1:
            merged.append(shop.engine().close(OTHER))
        return found

    engine = shop.engine()
    monkeypatch.setattr(Repository, "head", read)
    said = ASKED[name](engine)
    assert all(isinstance(row, Decision) for row in merged) and (merged or number)
    assert "BASE_REWOUND" not in repr(said), said
    if name == "close" and merged:
        assert isinstance(said, Decision) and sorted(portfolios.delivered(shop)) == sorted((ONE, OTHER))
