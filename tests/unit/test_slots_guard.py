"""What an agent can reach in the user's git directory is noticed; what Echelon and time do there is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from echelon.slots.guard import compare, fingerprint
from slots_world import World, write

CHANGES: dict[str, tuple[str, Callable[[World], object]]] = {
    "hook": ("hooks/pre-commit", lambda world: write(world.top / ".git", {"hooks/pre-commit": "evil"})),
    "hook made executable": ("hooks/old", lambda world: (world.top / ".git/hooks/old").chmod(0o755)),
    "hook as a link": ("hooks/x", lambda world: (world.top / ".git/hooks/x").symlink_to("/bin/true")),
    "hook folder as a link": ("hooks/d", lambda world: (world.top / ".git/hooks/d").symlink_to("/bin")),
    "setting": ("config", lambda world: world.git("config", "core.fsmonitor", "evil")),
    "work tree setting": ("config.worktree", lambda world: write(world.top / ".git", {"config.worktree": "[core]\n"})),
    "attributes": ("info/attributes", lambda world: write(world.top / ".git", {"info/attributes": "* filter=evil\n"})),
    "alternates": (
        "objects/info/alternates",
        lambda world: write(world.top / ".git", {"objects/info/alternates": "/x\n"}),
    ),
    "branch moved": ("refs/heads/other", lambda world: world.git("update-ref", "refs/heads/other", "main^")),
    "branch made": ("refs/heads/new", lambda world: world.git("branch", "new")),
    "branch removed": ("refs/heads/other", lambda world: world.git("update-ref", "-d", "refs/heads/other")),
    "tag": ("refs/tags/t", lambda world: world.git("tag", "t")),
    "notes": ("refs/notes/commits", lambda world: world.git("notes", "add", "-m", "note")),
    "replacement": ("refs/replace/", lambda world: world.git("replace", "main", "main^")),
    "head": ("HEAD", lambda world: world.git("symbolic-ref", "HEAD", "refs/heads/other")),
    "reflog cut": ("logs/refs/heads/main", lambda world: world.git("reflog", "expire", "--expire=now", "--all")),
    "other work tree": (
        "worktrees/linked/config.worktree",
        lambda world: write(world.top / ".git/worktrees/linked", {"config.worktree": "[core]\n"}),
    ),
    "submodule": ("modules/sub/config", lambda world: write(world.top / ".git/modules/sub", {"config": "[core]\n"})),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World.make(tmp_path)
    world.commit({"a.txt": "2\n"})
    world.git("branch", "other")
    world.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    write(world.top / ".git", {"hooks/old": "#!/bin/sh\n"})
    return world


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_noticed_by_name(world: World, name: str) -> None:
    repository = world.repository()
    before = fingerprint(repository)
    expected, act = CHANGES[name]
    act(world)
    assert any(found.startswith(expected) for found in compare(before, fingerprint(repository)))


def test_slots_and_fetches_are_no_change(world: World) -> None:
    repository = world.repository()
    before = fingerprint(repository)
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "b"})
    slots.snapshot(slot, "work")
    slots.close("B001")
    world.git("update-ref", "refs/remotes/origin/main", "main")
    world.git("gc", "-q")
    assert compare(before, fingerprint(repository)) == ()
