"""What is seen ahead of landing, on real git: stacks of heads, slots that meet, runs that are done before their turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from echelon.core.decide import Decision
from echelon.core.documents.criteria import Check
from echelon.core.evidence import Definition, Promise
from echelon.engine.engine import Engine
from echelon.errors import StoppedError
from echelon.ports import Slot
from echelon.slots.merge import candidate, commit_candidate, move_base, stack
from echelon.slots.overlap import Meeting, find_overlaps
from slots_world import World, write
from workspaces import Shop

AUTHOR_DATE = "@1700000000 +0000"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def opened(world: World, name: str, files: dict[str, str | bytes]) -> Slot:
    slot = world.slots().open(name, world.git("rev-list", "--max-parents=0", "main"))
    write(Path(slot.path), files)
    return slot


def head(world: World, name: str, files: dict[str, str | bytes]) -> str:
    return str(world.slots().snapshot(opened(world, name, files), name).commit)


def traces(world: World) -> tuple[str, ...]:
    """References, the slots' records, and their indexes: what a look must not change."""
    places = sorted(world.state.glob("slots/*/*"))
    inside = [f"{path.name} {path.read_bytes().hex()}" for path in places if path.is_file()]
    return (world.git("for-each-ref"), *inside)


def test_a_stack_has_the_trees_that_landing_one_by_one_gives(world: World) -> None:
    heads = [
        head(world, "B001", {"one": "1"}),
        head(world, "B002", {"two": "2", "a.txt": "ONE\ntwo\nthree\n"}),
        head(world, "B003", {"three": "3", "a.txt": "one\ntwo\nTHREE\n"}),
    ]
    base = world.commit({"base.txt": "moved"})
    repository, before = world.repository(), world.git("for-each-ref")
    stacks = [stack(repository, base, heads[:height]) for height in range(4)]
    assert stacks[0].commit == base and world.show(stacks[3].commit, "a.txt") == "ONE\ntwo\nTHREE"
    assert stack(repository, base, heads) == stacks[3], "the same ids every time"
    assert world.git("for-each-ref") == before, "and no reference"
    for height, one in enumerate(heads, 1):
        found = candidate(repository, base, one)
        assert found.tree == stacks[height].tree
        landed = commit_candidate(repository, found, f"{one}\n", repository.user_identity(), AUTHOR_DATE)  # type: ignore[arg-type]
        assert move_base(repository, "main", landed, base)
        base = landed
        assert stack(repository, base, heads[:height]).tree == found.tree, "what landed meanwhile changes nothing"


def test_a_stack_ends_at_the_first_conflict(world: World) -> None:
    one, two = head(world, "B001", {"a.txt": "mine\n"}), head(world, "B002", {"a.txt": "theirs\n"})
    repository, base = world.repository(), world.head()
    found = stack(repository, base, [one, two, one])
    assert found.conflicts == ("a.txt",) and found.tree == repository.tree_of(one)


def test_slots_that_meet_are_seen_while_they_are_worked_on_and_nothing_of_them_changes(world: World) -> None:
    opened(world, "B001", {"a.txt": "ONE\ntwo\nthree\n", "src/new.py": "x = 2\n", "noise.log": "ignored"})
    opened(world, "B002", {"a.txt": "uno\ntwo\nthree\n", ".opencode/todo.md": "- [ ] not its own work\n"})
    opened(world, "B003", {"a.txt": "one\ntwo\nTHREE\n"})
    opened(world, "B004", {"docs/other.md": "alone\n"})
    opened(world, "B005", {})
    world.slots().snapshot(world.slots().open_slots()[2], "B003 has a snapshot")
    base, before = world.commit({"base.txt": "moved"}), traces(world)
    seen = find_overlaps(world.repository(), world.slots(), base)
    assert {work.slot: work.paths for work in seen.works} == {
        "B001": ("a.txt", "src/new.py"), "B002": ("a.txt",), "B003": ("a.txt",), "B004": ("docs/other.md",), "B005": (),
    }  # fmt: skip
    assert seen.meetings == (
        Meeting("B001", "B002", ("a.txt",), ("a.txt",)),
        Meeting("B001", "B003", ("a.txt",), ()),
        Meeting("B002", "B003", ("a.txt",), ()),
    )
    assert traces(world) == before and seen.left_out == ()


def test_a_base_brought_into_a_slot_is_not_its_work_and_a_slot_in_use_shows_its_last_snapshot(world: World) -> None:
    slot, slots = opened(world, "B001", {"mine.txt": "1\n"}), world.slots()
    slots.snapshot(slot, "first")
    base = world.commit({"base.txt": "moved"})
    assert slots.bring_base(slot, base) == ()
    write(Path(slot.path), {"later.txt": "2\n"})
    assert find_overlaps(world.repository(), slots, base).works[0].paths == ("later.txt", "mine.txt")
    with slots._locked("B001"):
        assert find_overlaps(world.repository(), slots, base).works[0].paths == ("mine.txt",)


# ------------------------------------------------------------------------------------------------ runs ahead


def _definition(name: str, *checks: Check) -> Definition:
    return Definition(name, name, tuple(Promise(check.command, check) for check in checks), (), "base")


def test_what_was_tested_ahead_is_not_run_again_when_its_turn_comes(tmp_path: Path) -> None:
    engine: Engine = Shop.make(tmp_path).engine()
    engine.start("B001")
    first, work, told = engine._mission("B001"), engine.work, list[str]()
    engine.workspace.tell = told.append
    second = replace(
        first, item="B003", slot="second", definition=_definition("B003", Check("check", "test -f B003.txt"))
    )
    alone = Check("guard", "! test -f B001.txt || ! test -f B003.txt")  # red only where both are
    clash = replace(second, definition=_definition("B003", Check("check", "test -f B003.txt"), alone))
    write(Path(engine.slot_path(first)), {"B001.txt": "done\n"})
    write(Path(work.open_slot("second", first.base, {}).path), {"B003.txt": "done\n"})
    base, head = engine.base_facts(), str(work.snapshot(first).commit)
    with pytest.raises(StoppedError):
        work.speculate(second, base, [head], lambda: True)
    assert work.speculate(second, base, [head]) == "green"
    assert (work.speculate(clash, base, []), work.speculate(clash, base, [head])) == ("green", "red")
    other = replace(second, item="B009", slot="third")
    write(Path(work.open_slot("third", first.base, {}).path), {"B001.txt": "otherwise\n"})
    assert work.speculate(other, base, [head]) == "conflict"
    assert work.speculate(second, base, [head, str(work.snapshot(other).commit)]) == "conflict"
    assert work.speculate(second, base, [str(work.snapshot(second).commit)]) == "red", "nothing left to land"

    plan = Path(engine.slot_path(first), ".opencode/todo.md")
    plan.write_text(plan.read_text().replace("[ ]", "[x]"))
    assert isinstance(engine.close("B001"), Decision)
    assert "runs test -f B003.txt" in told
    told.clear()
    found = work.examine(second, engine.base_facts())
    assert [row.candidate.outcome for row in found.findings.results] == ["green"] and told == []
