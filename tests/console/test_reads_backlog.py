"""The backlog's orders and what may start, and the look at a plan's answers before they are written."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consoles import Console
from echelon.console.reads import backlog, planning
from echelon.core import browsing
from echelon.core.decide import Refusal
from echelon.engine.places import Places
from mirrors import Still, entry, still

SORTS = get_args(browsing.Sort)
SPEC = {".opencode/spec.md": "# Spec — W\n\n## Objective\nOne.\n"}


def shop(folder: Path, *items: str) -> Still:
    return still(folder, {**SPEC, ".opencode/backlog.md": "# Backlog — W\n\n" + "".join(items)})


def bare(folder: Path) -> Still:
    return still(folder, {".opencode/README.md": "x\n"})


def found(mirror: Still, **query: str) -> backlog.Backlog:
    answer = backlog.backlog(mirror, **query)  # type: ignore[arg-type]
    assert not isinstance(answer, Refusal)
    return answer


FIVE = (
    entry("B001", "one", marker="x"),
    entry("B002", "two", "B001"),
    entry("B003", "three", "B002", priority=1),
    entry("B004", "four", marker="-"),
    entry("B005", "five", marker="~"),
)


def test_ready_and_blocked_are_the_two_kinds_of_pending(tmp_path: Path) -> None:
    mirror = shop(tmp_path, *FIVE)
    ids = {word: [row.id for row in found(mirror, state=word).items] for word in ("ready", "blocked", "pending")}
    assert ids == {"ready": ["B002"], "blocked": ["B003"], "pending": ["B002", "B003"]}
    assert [row.id for row in found(mirror, state="ready,failed").items] == ["B002", "B004"]
    counts = found(mirror).counts
    assert counts["ready"] + counts["blocked"] == counts["pending"] == 2
    assert found(mirror, state="nonsense").matched == 0


@pytest.mark.parametrize("sort", [word for word in SORTS if not word.startswith("-")])
def test_every_order_turns_round(tmp_path: Path, sort: str) -> None:
    mirror = shop(tmp_path, *FIVE)
    up, down = ([row.id for row in found(mirror, sort=word).items] for word in (sort, f"-{sort}"))
    assert sorted(up) == sorted(down) == ["B001", "B002", "B003", "B004", "B005"]
    assert sort != "priority" or up[0] == "B003" == down[-1]
    assert sort != "order" or down == up[::-1]


@given(st.permutations(range(12)), st.sampled_from(SORTS))
def test_an_order_does_not_depend_on_how_the_rows_came(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], sort: str
) -> None:
    rows = browsing.rows(_world(tmp_path_factory))
    assert browsing.ordered([rows[place] for place in places], sort) == browsing.ordered(rows, sort)


_WORLDS: list[Still] = []


def _world(factory: pytest.TempPathFactory) -> browsing.World:
    if not _WORLDS:
        items = (entry(f"B{n:03}", f"t{n % 3}", priority=1 + n % 4, marker=" x-~"[n % 4]) for n in range(12))
        _WORLDS.append(shop(factory.mktemp("rows"), *items))
    return _WORLDS[0].world


def test_a_look_at_answers_says_every_gap_with_its_place_and_writes_nothing(tmp_path: Path) -> None:
    mirror = bare(tmp_path)
    looked = planning.look(mirror, "# Plan — W\n\n## Objective\n3 of 3\n\n## Scope\n### In\n- a\n### Out\n- b\n\n## Breakdown\n"
        "### B001 — one\n- Priority: P9\n- Size: M\n- Acceptance criteria:\n  - [ ] it holds\n")  # fmt: skip
    assert not isinstance(looked, Refusal)
    assert (looked.path, looked.items, looked.left_out) == (".opencode/backlog.md", 1, 0)
    assert [(gap.line, gap.column) for gap in looked.gaps] == [(14, 13), (17, 5)]
    assert not (mirror.workspace.root / ".opencode/backlog.md").exists()


def test_a_look_is_bounded(tmp_path: Path) -> None:
    looked = planning.look(bare(tmp_path), "# Plan — W\n" + "## nonsense\n" * 500)
    assert not isinstance(looked, Refusal)
    assert len(looked.gaps) == planning.GAPS_MAX < len(looked.gaps) + looked.left_out


def test_no_plan_is_looked_at_where_a_backlog_stands(tmp_path: Path) -> None:
    looked = planning.look(shop(tmp_path, *FIVE), "# Plan — W\n")
    assert isinstance(looked, Refusal) and looked.code == "PLAN_EXISTS"


def test_the_route_of_the_look_is_guarded_like_every_other(tmp_path: Path) -> None:
    mirror = bare(tmp_path)
    console = Console(Places(tmp_path / "s", tmp_path / "c"), mirror.workspace.root)
    body = {"answers": "# Plan — W\n", "targetDir": ""}
    assert console.ask("POST", "/api/plan/look", body).json()["gaps"]
    assert console.ask("POST", "/api/plan/look", body, token="").status == 401
    assert console.ask("POST", "/api/plan/look", {**body, "more": 1}).code == "ARGUMENTS_INVALID"
    assert console.ask("POST", "/api/plan/look", {"answers": "x", "targetDir": "/etc"}).code == "STORAGE_PATH_INVALID"
