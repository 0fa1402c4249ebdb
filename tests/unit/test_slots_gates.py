"""Gates: exactly one tree, whatever the check before did to the place."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from echelon.errors import InputError, LockedError
from echelon.slots.gates import Gates
from slots_world import World, plain, write


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def contents(place: Path) -> dict[str, bytes]:
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def test_a_gate_is_exactly_the_tree_and_no_repository(world: World) -> None:
    repository = world.repository()
    tree = repository.tree_of(world.head())
    with Gates(repository).checkout(tree) as place:
        assert contents(place) == {path: repository.read_file(tree, path) for path in repository.files(tree)}
        assert place.stat().st_mode & 0o077 == 0


def test_nothing_of_a_check_reaches_the_next_but_what_is_kept(world: World) -> None:
    repository, gates = world.repository(), Gates(world.repository(), number=1)
    tree = repository.tree_of(world.head())
    with gates.checkout(tree) as place:
        first = contents(place)
        plain(place, "init", "-q")
        plain(place, "init", "-q", "nested")
        write(place, {"a.txt": "cheat", "new": "x", "x.log": "ignored", "node_modules/m": "kept", "src/deep/y": "x"})
        os.utime(place / "a.txt", ns=(0, 0))
        seen = (place / ".gitignore").stat()
        (place / ".gitignore").write_bytes((place / ".gitignore").read_bytes().upper())
        os.utime(place / ".gitignore", ns=(seen.st_atime_ns, seen.st_mtime_ns))  # same size, same time
        (place / "src/app.py").chmod(0o755)
        (place / "src/out").symlink_to("/etc")
    with gates.checkout(tree, keep=("node_modules",)) as again:
        assert again == place
        assert contents(again) == first | {"node_modules/m": b"kept"}
        assert not os.access(again / "src/app.py", os.X_OK)
        assert not (again / "src/out").is_symlink()
    with gates.checkout(tree) as again:
        assert contents(again) == first


def test_a_gate_goes_from_tree_to_tree(world: World) -> None:
    repository, gates = world.repository(), Gates(world.repository(), number=1)
    old = repository.tree_of(world.head())
    new = repository.tree_of(world.commit({"a.txt": "2"}))
    for tree, text in ((old, "one\ntwo\nthree\n"), (new, "2"), (old, "one\ntwo\nthree\n")):
        with gates.checkout(tree) as place:
            assert (place / "a.txt").read_text() == text


def test_a_wrecked_place_is_made_anew(world: World, tmp_path: Path) -> None:
    repository, gates = world.repository(), Gates(world.repository(), number=1)
    tree = repository.tree_of(world.head())
    write(tmp_path / "precious", {"a.txt": "precious"})
    with gates.checkout(tree) as place:
        first = contents(place)
    (place.parent / "index").write_bytes(b"garbage")
    (place.parent / "index.lock").write_bytes(b"")
    with gates.checkout(tree) as place:
        assert contents(place) == first
    place.rename(place.with_name("elsewhere"))
    place.symlink_to(tmp_path / "precious")
    with gates.checkout(tree) as place:
        assert contents(place) == first
        assert not place.is_symlink()
    assert (tmp_path / "precious/a.txt").read_text() == "precious"


def test_several_at_once_and_a_bounded_wait_for_more(world: World) -> None:
    repository = world.repository()
    tree = repository.tree_of(world.head())
    with ExitStack() as stack:
        places = {stack.enter_context(Gates(repository, number=2).checkout(tree)) for _ in range(2)}
        assert len(places) == 2
        with pytest.raises(LockedError, match="GATES_BUSY"), Gates(repository, number=2, seconds=0.05).checkout(tree):
            pass
    with Gates(repository, number=2, seconds=0).checkout(tree) as place:
        assert place in places


def test_a_gate_with_a_commit_has_a_repository_of_its_own(world: World) -> None:
    repository = world.repository()
    with Gates(repository).checkout(repository.tree_of(world.head()), commit=world.head()) as place:
        assert plain(place, "rev-parse", "HEAD") == world.head()
        assert plain(place, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "attributes", ["*.txt text\n", "*.txt text eol=crlf\n", "*.txt working-tree-encoding=UTF-16\n"]
)
def test_trees_that_do_not_survive_their_own_attributes_are_exact_too(world: World, attributes: str) -> None:
    write(world.top, {"crlf.txt": "a\r\nb\r\n"})
    world.git("add", "-A")
    world.git("commit", "-qm", "crlf")
    (world.top / ".gitattributes").write_text(attributes)
    world.git("add", ".gitattributes")
    world.git("commit", "-qm", "attributes")
    repository = world.repository()
    gates = Gates(repository, number=1)
    for _ in range(3):
        with gates.checkout(repository.tree_of(world.head())) as place:
            (place / "a.txt").write_text("cheat\n")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".git"])
def test_only_top_level_names_can_be_kept(world: World, name: str) -> None:
    repository = world.repository()
    with pytest.raises(InputError, match="GATE_KEEP_INVALID"):
        Gates(repository).checkout(repository.tree_of(world.head()), keep=(name,)).__enter__()
