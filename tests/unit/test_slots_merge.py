"""Candidates computed aside, the base branch moved by compare-and-swap."""

from __future__ import annotations

from pathlib import Path

import pytest

from echelon.errors import GitError
from echelon.slots.git import Identity
from echelon.slots.merge import candidate, commit_candidate, move_base
from slots_world import World, plain, write

AGENT = Identity("Agent", "agent@example.org")
DATE = "@1700000000 +0100"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def work(world: World, files: dict[str, str], name: str = "B001") -> str:
    slots = world.slots()
    slot = slots.open(name, world.git("rev-list", "--max-parents=0", "main"))
    write(Path(slot.path), files)
    return str(slots.snapshot(slot, name).commit)


def test_a_candidate_is_a_tree_and_its_commit_is_the_same_every_time(world: World) -> None:
    head = work(world, {"mine.txt": "mine"})
    base = world.commit({"theirs.txt": "theirs"})
    repository = world.repository()
    found = candidate(repository, base, head)
    assert found.conflicts == ()
    assert set(repository.files(found.tree)) == {"a.txt", "src/app.py", ".gitignore", "mine.txt", "theirs.txt"}
    made = commit_candidate(repository, found, "B001: merged\n\nbody é\n", AGENT, DATE)
    assert commit_candidate(repository, found, "B001: merged\n\nbody é\n", AGENT, DATE) == made
    assert world.git("log", "-1", "--format=%an <%ae> %ad|%cn|%P", "--date=raw", made) == (
        f"Agent <agent@example.org> 1700000000 +0100|Echelon|{base} {head}"
    )
    assert world.git("log", "-1", "--format=%B", made).strip() == "B001: merged\n\nbody é"
    assert world.head() == base, "nothing moved"


def test_conflicts_are_named_and_cannot_be_committed(world: World) -> None:
    head = work(world, {"a.txt": "mine\n", "new\nline": "mine", "fine": "x"})
    base = world.commit({"a.txt": "theirs\n", "new\nline": "theirs"})
    found = candidate(world.repository(), base, head)
    assert found.conflicts == ("a.txt", "new\nline")
    with pytest.raises(GitError, match="CANDIDATE_CONFLICTS"):
        commit_candidate(world.repository(), found, "m", AGENT, DATE)


def test_built_in_merge_attributes_are_honoured(tmp_path: Path) -> None:
    world = World.make(tmp_path, {".gitattributes": "CHANGES merge=union\n*.lock binary\n", "CHANGES": "0\n", "x.lock": "0\n"})  # fmt: skip
    head = work(world, {"CHANGES": "0\nmine\n", "x.lock": "a\n0\n"})
    base = world.commit({"CHANGES": "0\ntheirs\n", "x.lock": "0\nb\n"})
    found = candidate(world.repository(), base, head)
    assert found.conflicts == ("x.lock",)
    assert world.repository().read_file(found.tree, "CHANGES") == b"0\ntheirs\nmine\n"


def test_histories_with_nothing_in_common_are_an_error(world: World) -> None:
    other = world.git("commit-tree", "-m", "other root", world.repository().tree_of(world.head()))
    with pytest.raises(GitError, match=r"GIT_FAILED.*unrelated histories"):
        candidate(world.repository(), world.head(), other)


def test_the_base_moves_by_compare_and_swap(world: World) -> None:
    repository, old = world.repository(), world.head()
    world.git("checkout", "-q", "--detach")
    new = repository.commit(repository.tree_of(old), [old], "new", date=DATE)
    other = repository.commit(repository.tree_of(old), [old], "other", date=DATE)
    assert move_base(repository, "main", new, old, "echelon: B001")
    assert move_base(repository, "main", new, old), "asked again after a crash"
    assert not move_base(repository, "main", other, old), "somebody moved it"
    assert world.head() == new
    assert world.git("reflog", "-1", "--format=%gs", "main") == "echelon: B001"


def test_a_merge_commit_is_what_a_plain_clone_gets(world: World, tmp_path: Path) -> None:
    repository, base = world.repository(), world.head()
    found = candidate(repository, base, work(world, {"b": "b"}))
    move_base(repository, "main", commit_candidate(repository, found, "m", AGENT, DATE), base)
    plain(tmp_path, "clone", "-q", str(world.top), str(tmp_path / "clone"))
    assert plain(tmp_path / "clone", "rev-parse", "HEAD^{tree}") == found.tree
    world.git("fsck", "--strict")
