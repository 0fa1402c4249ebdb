"""Gates: exactly one tree, whatever the check before did to the place."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from echelon.errors import InputError, LockedError, WorldError
from echelon.slots.gates import Gates
from echelon.slots.places import private_directory
from echelon.slots.repository import Repository
from echelon.slots.worktree import NotBelievedError, WorkTree
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


# ------------------------------------------------------------------- from tree to tree, whatever a check did meanwhile


def looks(place: Path) -> dict[str, object]:
    """Everything below, `.git` too: link and target, folder, or bytes and whether it can be run."""
    found: dict[str, object] = {}
    for path in place.rglob("*"):
        kind = path.readlink() if path.is_symlink() else "folder" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(place))] = (kind, not path.is_symlink() and bool(path.stat().st_mode & 0o100))
    return found


def shape(world: World, step: str) -> None:
    """Another commit; each needs something else of whoever goes there from the one before."""
    top = world.top
    if step == "rules":
        write(top, {".gitattributes": "*.txt text eol=crlf\n", "src/one.txt": "1\n"})
    elif step == "converted":
        write(top, {"src/one.txt": "2\n", "new/two.txt": "2\n"})
    elif step == "removed":
        (top / "new/two.txt").unlink()
    elif step == "mode":
        (top / "src/app.py").chmod(0o755)
    elif step == "link":
        (top / "src/one.txt").unlink()
        (top / "src/one.txt").symlink_to("app.py")
    elif step == "folder for file":
        (top / "a.txt").unlink()
        write(top, {"a.txt/deep": "x"})
    elif step == "file for folder":
        (top / "a.txt/deep").unlink()
        (top / "a.txt").rmdir()
        write(top, {"a.txt": "x\n"})
    else:
        write(top, {"src/app.py": f"x = {step!r}\n", "café/ü": step})
    world.git("add", "-A")
    world.git("commit", "-qm", step)


STEPS = ("first", "rules", "converted", "removed", "mode", "link", "folder for file", "file for folder", "last")


def damage(place: Path, kind: str, outside: Path) -> None:
    if kind == "changed":
        write(place, {"src/app.py": "cheat", "x.log": "x"})
    elif kind == "foreign rules":
        write(place, {"src/.gitattributes": "* text eol=crlf\n", "src/app.py": "cheat\n"})
    elif kind == "their rules changed":
        write(place, {".gitattributes": "* text eol=crlf\n", "src/app.py": "cheat\n"})
    elif kind == "folder led outside":
        (place / "src").rename(place / "moved")
        (place / "src").symlink_to(outside)
    elif kind == "hidden":
        write(place / "src/.git", {"cheat": "x"})
    elif kind == "index":
        (place.parent / "index").write_bytes(b"DIRC")
        (place.parent / "index.lock").touch()
    elif kind == "hint":
        (place.parent / "tree").write_bytes(b"0" * 40)
    elif kind == "wrong hint":
        shutil.copyfile(place.parent.parent / "older", place.parent / "tree")


KINDS = ("", "changed", "foreign rules", "their rules changed", "folder led outside", "hidden", "index", "hint",
         "wrong hint")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_gate_is_what_a_new_one_is_from_every_tree_to_every_next(world: World, kind: str, tmp_path: Path) -> None:
    trees: list[str] = []
    for step in STEPS:
        shape(world, step)
        trees.append(world.git("rev-parse", "HEAD^{tree}"))
    write(tmp_path / "outside", {"app.py": "precious", "one.txt": "precious"})
    outside = looks(tmp_path / "outside")
    gates = Gates(world.repository(), number=1)
    write(world.state / "gates", {"older": trees[0]})
    for number, tree in enumerate([*trees, *reversed(trees), trees[0]]):
        new = Gates(Repository.open(world.top, tmp_path / f"new-{number}"), number=1)
        with gates.checkout(tree) as place, new.checkout(tree) as other:
            assert looks(place) == looks(other)
            damage(place, kind, tmp_path / "outside")
    assert looks(tmp_path / "outside") == outside


@pytest.mark.parametrize("rules", ["src/.gitattributes", ".gitattributes"])
def test_what_was_written_under_foreign_rules_is_not_believed(world: World, rules: str) -> None:
    """However late git's index is written: within a second it looks at the bytes again, later at the times only."""
    old = world.git("rev-parse", "HEAD^{tree}")
    world.commit({".gitattributes": "*.py text\n", "src/app.py": "x = 2\n"})
    repository = world.repository()
    new = repository.tree_of(world.head())
    place = private_directory(world.state / "place")
    (place / "work").mkdir()
    gate = WorkTree(repository, place / "work", place / "index", os.open(place, os.O_RDONLY))
    gate.reset(old if rules.startswith("src") else new)
    write(gate.work, {rules: "*.py text eol=crlf\n", "src/app.py": "cheat\n"})
    if rules.startswith("src"):
        gate.reset(new)
        assert (gate.work / "src/app.py").read_bytes() == b"x = 2\r\n"
    os.utime(gate.index, ns=(time.time_ns(), time.time_ns() + 10**10))
    with pytest.raises(NotBelievedError, match="GATE_NOT_EXACT"):
        gate.verify(new)
    with pytest.raises(NotBelievedError):
        gate.bring(new, new)


def test_a_gate_with_foreign_rules_begins_from_nothing(world: World) -> None:
    repository, gates = world.repository(), Gates(world.repository(), number=1)
    old = repository.tree_of(world.head())
    new = repository.tree_of(world.commit({"src/app.py": "x = 2\n"}))
    keep = ("node_modules",)
    with gates.checkout(old, keep) as place:
        write(place, {"node_modules/m": "kept"})
    with gates.checkout(new, keep) as place:
        assert (place / "node_modules/m").exists()
        write(place, {"src/.gitattributes": "*.py text eol=crlf\n"})
    with gates.checkout(old, keep) as place:
        assert (place / "src/app.py").read_bytes() == b"x = 1\n"
        assert not (place / "node_modules").exists()


@pytest.mark.parametrize("hidden", ["file", "folder", "repository"])
def test_git_does_not_see_it_and_it_is_removed_all_the_same(world: World, hidden: str) -> None:
    """In a directory of tracked files git lists no `.git` and cleans none."""
    repository, gates = world.repository(), Gates(world.repository(), number=1)
    tree = repository.tree_of(world.head())
    with gates.checkout(tree) as place:
        first = looks(place)
        if hidden == "repository":
            plain(place / "src", "init", "-q")
        else:
            write(place / "src", {".git" if hidden == "file" else ".git/x/y": "cheat"})
        with pytest.raises(WorldError, match=r"src/\.git"):
            WorkTree(repository, place, place.parent / "index", os.open(place, os.O_RDONLY)).verify(tree)
    with gates.checkout(tree) as place:
        assert looks(place) == first
