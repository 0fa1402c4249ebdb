"""The user's own checkout follows the base branch where that loses nothing, and is not touched where it would."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from echelon.slots.checkout import CheckoutUpdate, checkout_lags, checkout_obstacles, update_checkout
from echelon.slots.merge import move_base
from echelon.slots.repository import Repository
from slots_world import World, plain, write


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def ahead(world: World, files: dict[str, str | None], branch: str = "main") -> tuple[Repository, str, str]:
    """A commit on top of the branch, made aside, with these files (None removes); the branch is moved to it."""
    repository, old = world.repository(), world.git("rev-parse", branch)
    index = world.state / "test-index"
    repository.git("read-tree", old, index=index)
    zero = "0" * 40
    lines = [f"0 {zero}\t{path}\0" for path, content in files.items() if content is None]
    for path, content in files.items():
        if content is not None:
            blob = repository.git("hash-object", "-w", "--stdin", input=content.encode()).line()
            lines.append(f"100644 {blob}\t{path}\0")
    repository.git("update-index", "-z", "--index-info", input="".join(lines).encode(), index=index)
    tree = repository.git("write-tree", index=index).line()
    new = repository.commit(tree, [old], "ahead", date="@1700000000 +0000")
    assert move_base(repository, branch, new, old)
    return repository, old, new


def on_disk(top: Path) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {}
    for place in sorted(top.rglob("*")):
        name = str(place.relative_to(top))
        if not name.startswith(".git/") and (place.is_file() or place.is_symlink()):
            found[name] = str(place.readlink()) if place.is_symlink() else place.read_bytes()
    return found


def test_the_checkout_follows_and_is_clean(world: World) -> None:
    repository, old, new = ahead(world, {"a.txt": "2\n", "src/app.py": None, "deep/er/new.txt": "n"})
    assert checkout_lags(repository, "main", old, new)
    assert checkout_obstacles(repository, "main", old, new) == ()
    assert update_checkout(repository, "main", old, new) == CheckoutUpdate("updated")
    assert world.git("status", "--porcelain") == ""
    assert not (world.top / "src").exists()
    assert not checkout_lags(repository, "main", old, new)
    assert update_checkout(repository, "main", old, new) == CheckoutUpdate("updated"), "asked again after a crash"
    assert world.git("status", "--porcelain") == ""


def test_local_changes_elsewhere_are_carried(world: World) -> None:
    repository, old, new = ahead(world, {"a.txt": "2\n"})
    write(world.top, {"src/app.py": "mine\n", "notes.txt": "mine", "staged.txt": "mine", "x.log": "ignored"})
    world.git("add", "staged.txt")
    assert update_checkout(repository, "main", old, new).outcome == "updated"
    assert world.git("status", "--porcelain").split("\n") == [" M src/app.py", "A  staged.txt", "?? notes.txt"] or (
        set(world.git("status", "--porcelain").split("\n")) == {" M src/app.py", "A  staged.txt", "?? notes.txt"}
    )
    assert (world.top / "src/app.py").read_text() == "mine\n"


def test_an_ignored_file_in_the_way_is_an_obstacle(world: World) -> None:
    # git itself would write over it: ignored files are expendable to read-tree -u.
    write(world.top, {"secret.log": "precious", "node_modules/x": "precious"})
    repository, old, new = ahead(world, {"secret.log": "tracked now", "node_modules": "a file", "a.txt": "2\n"})
    assert checkout_obstacles(repository, "main", old, new) == ("node_modules/x", "secret.log")
    assert update_checkout(repository, "main", old, new) == CheckoutUpdate("blocked", ("node_modules/x", "secret.log"))
    assert (world.top / "a.txt").read_text() == "one\ntwo\nthree\n", "nothing is done by halves"
    (world.top / "secret.log").unlink()
    (world.top / "node_modules/x").rename(world.top / "kept")
    assert update_checkout(repository, "main", old, new).outcome == "updated"


def test_what_is_there_already_is_no_obstacle(world: World) -> None:
    repository, old, new = ahead(world, {"a.txt": "2\n", "new.txt": "n", "src/app.py": None})
    write(world.top, {"a.txt": "2\n", "new.txt": "n"})
    (world.top / "src/app.py").unlink()
    assert update_checkout(repository, "main", old, new).outcome == "updated"
    assert world.git("status", "--porcelain") == ""


def test_where_the_branch_is_not_checked_out_nothing_happens(world: World, tmp_path: Path) -> None:
    world.git("checkout", "-q", "-b", "side")
    repository, old, new = ahead(world, {"a.txt": "2\n"})
    write(world.top, {"a.txt": "mine\n"})
    assert checkout_obstacles(repository, "main", old, new) == ()
    assert not checkout_lags(repository, "main", old, new)
    assert update_checkout(repository, "main", old, new).outcome == "not_checked_out"
    world.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    before = on_disk(tmp_path / "linked")
    assert update_checkout(repository, "main", old, new) == CheckoutUpdate("elsewhere", (str(tmp_path / "linked"),))
    assert on_disk(tmp_path / "linked") == before


def test_in_a_linked_work_tree_of_the_user(world: World, tmp_path: Path) -> None:
    world.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = World(tmp_path / "side", world.state)
    repository, old, new = ahead(side, {"a.txt": "2\n"}, "side")
    assert update_checkout(repository, "side", old, new).outcome == "updated"
    assert plain(side.top, "status", "--porcelain") == ""
    assert world.git("status", "--porcelain") == ""


def test_an_unfinished_merge_is_left_alone(world: World) -> None:
    world.git("checkout", "-q", "-b", "side")
    world.commit({"a.txt": "side\n"})
    world.git("checkout", "-q", "main")
    world.commit({"a.txt": "main\n"})
    plain(world.top, "merge", "side", check=False)
    repository, old, new = ahead(world, {"src/app.py": "2\n"})
    assert update_checkout(repository, "main", old, new) == CheckoutUpdate("in_operation", ("merge",))


def test_line_ends_are_the_users(world: World) -> None:
    world.git("config", "core.autocrlf", "true")
    repository, old, new = ahead(world, {"a.txt": "1\n2\n", "new.txt": "n\n"})
    assert update_checkout(repository, "main", old, new).outcome == "updated"
    assert (world.top / "a.txt").read_bytes() == b"1\r\n2\r\n"
    assert world.git("status", "--porcelain") == ""


def test_files_for_a_filter_program_are_named(world: World) -> None:
    repository, old, new = ahead(world, {".gitattributes": "*.bin filter=lfs\n", "a.bin": "pointer"})
    assert update_checkout(repository, "main", old, new) == CheckoutUpdate("updated", (), ("a.bin",))


# ------------------------------------------------------------------------------------------ every combination

PATHS = ("a.txt", "src/app.py", "new.txt", "x.log", "src/deep/z")
THEIRS = st.dictionaries(st.sampled_from([*PATHS, "src"]), st.sampled_from(["theirs\n", "same\n", None]), min_size=1)
MINE = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["edit", "same", "stage", "remove", "folder", "link"]))


def possible(files: dict[str, str | None]) -> bool:
    # "src" as a file and "src/..." as files cannot be in one tree.
    return files.get("src") is None or not any(path.startswith("src/") and files[path] for path in files)


def change(world: World, path: str, how: str) -> None:
    place = world.top / path
    place.unlink(missing_ok=True)
    if how == "folder":
        write(place, {"inner": f"mine in {path}"})
    elif how == "link":
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to("nowhere")
    elif how != "remove":
        write(world.top, {path: "same\n" if how == "same" else f"mine {path}\n"})
    if how == "stage":
        world.git("add", "-f", path)


@settings(max_examples=60 if os.environ.get("ECHELON_PROOFS") != "long" else 2000, deadline=None)
@example(theirs={"x.log": "theirs\n"}, mine={"x.log": "folder"})  # git would remove the ignored folder
@given(theirs=THEIRS.filter(possible), mine=MINE)
def test_nothing_of_the_user_is_ever_lost(theirs: dict[str, str | None], mine: dict[str, str]) -> None:
    """Whatever the base changes and whatever the user did: after an update every byte of the user's is where it was,
    and everything else is the new tree; or nothing at all was touched and the paths are named.
    """
    with tempfile.TemporaryDirectory() as root:
        world = World.make(Path(root))
        old_disk = on_disk(world.top)
        if theirs.get("src") is not None:
            theirs = theirs | {"src/app.py": None}
        repository, old, new = ahead(world, {path: text for path, text in theirs.items() if text or path in old_disk})
        for path, how in mine.items():
            change(world, path, how)
        before, index = on_disk(world.top), (world.top / ".git/index").read_bytes()
        own = {path: content for path, content in before.items() if old_disk.get(path) != content}
        result = update_checkout(repository, "main", old, new)
        after = on_disk(world.top)
        if result.outcome == "blocked":
            assert after == before
            assert result.paths
            assert {path for path in result.paths if path in own or path in mine or path in ("src", "src/deep")}
            return
        assert result.outcome == "updated"
        assert index is not None
        assert {path: after.get(path) for path in own} == own
        wanted = {path: repository.read_file(new, path) for path in repository.files(new)}
        for path, content in wanted.items():
            if path not in own and mine.get(path) not in ("remove", "folder"):
                assert after.get(path) == content, path
