"""A folder made anew where another one was: what the first left behind must not stand in the way, and is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from workspaces import Shop


def test_slots_of_a_folder_that_was_there_before_are_set_aside(tmp_path: Path) -> None:
    first = Shop.make(tmp_path)
    first.engine().start("B001")
    slots = next(first.places.state.glob("workspaces/*/slots"))
    (slots / "B001/work/B001.txt").write_text("half done\n")
    shutil.rmtree(first.root)
    second = Shop.make(tmp_path / "again", files={"README.md": "another shop\n"})
    second.root.rename(first.root)
    seen = Shop(first.root, first.home).deliver()
    assert seen.outcome.status == "done", seen.outcome
    kept = [path.read_text() for path in slots.parent.rglob("kept/**/B001.txt")]
    assert kept == ["half done\n"]
