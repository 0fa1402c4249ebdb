"""Finding the user's repository, and reading it."""

from __future__ import annotations

from pathlib import Path

import pytest

from echelon.errors import EchelonError, InputError, WorldError
from echelon.slots.git import Identity
from echelon.slots.repository import Repository
from slots_world import World, plain

WEIRD = ["é à ü.txt", "with space", "new\nline", 'quote"\\x', "tab\t", "-dash", "name missing", b"bad\xff".decode("utf-8", "surrogateescape")]  # fmt: skip


def code_of(top: Path, state: Path) -> str:
    with pytest.raises(WorldError) as caught:
        Repository.open(top, state)
    assert caught.value.next_step
    return caught.value.code


def test_what_is_no_repository_is_refused_by_name(tmp_path: Path) -> None:
    nothing, bare, empty = (tmp_path / name for name in ("nothing", "bare.git", "empty"))
    nothing.mkdir()
    plain(tmp_path, "init", "-q", "--bare", str(bare))
    plain(tmp_path, "init", "-q", str(empty))
    world = World.make(tmp_path, {"sub/a": "a"})
    state = tmp_path / "state"
    assert code_of(nothing, state) == "NO_REPOSITORY"
    assert code_of(bare, state) == "WORKSPACE_IN_BARE_REPOSITORY"
    assert code_of(bare / "refs", state) == "WORKSPACE_IN_BARE_REPOSITORY"
    assert code_of(empty, state) == "NO_COMMIT"
    assert code_of(world.top / "sub", state) == "WORKSPACE_NOT_TOP_LEVEL"
    assert code_of(world.top, world.top / "state") == "STATE_INSIDE_WORKSPACE"
    (nothing / ".git").write_text("gitdir: /nowhere\n")
    assert code_of(nothing, state) == "NO_REPOSITORY"


def test_a_partial_clone_is_refused(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.git("config", "remote.origin.promisor", "true")
    assert code_of(world.top, world.state) == "PARTIAL_CLONE"


def test_a_state_directory_that_is_a_link_or_open_is_made_safe_or_refused(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.state.mkdir(mode=0o755)
    assert world.repository().state.stat().st_mode & 0o777 == 0o700
    file = tmp_path / "file"
    file.write_text("")
    assert code_of(world.top, file) == "STATE_DIRECTORY_UNSAFE"


def test_a_linked_work_tree_of_the_user_is_a_workspace(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    repository = Repository.open(tmp_path / "side", world.state)
    assert repository.common == world.top / ".git"
    assert repository.base_branch() == "side"


def test_a_shallow_clone_works(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.commit({"a.txt": "later\n"})
    plain(tmp_path, "clone", "-q", "--depth=1", f"file://{world.top}", str(tmp_path / "shallow"))
    repository = Repository.open(tmp_path / "shallow", world.state)
    assert len(repository.log_messages("main", 10)) == 1


def test_base_branch(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    repository = world.repository()
    assert repository.base_branch() == "main"
    assert repository.base_branch("main") == "main"
    with pytest.raises(WorldError, match="BRANCH_MISSING"):
        repository.base_branch("other")
    world.git("checkout", "-q", "--detach")
    with pytest.raises(WorldError, match="HEAD_DETACHED"):
        repository.base_branch()
    assert repository.base_branch("main") == "main"
    for name in ("-f", "a..b", "a b", "x.lock", "", "/a", "a~1", "@"):
        with pytest.raises(InputError, match="BRANCH_NAME_INVALID"):
            repository.head(name)


@pytest.mark.parametrize("name", WEIRD)
def test_contents_of_files_with_any_name(tmp_path: Path, name: str) -> None:
    world = World.make(tmp_path)
    old = world.head()
    new = world.commit({name: f"content of {name!r}"})
    repository = world.repository()
    assert repository.read_file(new, name) == f"content of {name!r}".encode()
    assert repository.read_file(old, name) is None
    assert repository.read_file(new, "src") is None
    [change] = repository.changed(old, new)
    assert (change.status, change.path, change.old) == ("A", name, None)
    assert change.new == repository.files(new)[name]
    assert repository.blobs([repository.files(new)[name].blob]) == {repository.files(new)[name].blob: f"content of {name!r}".encode()}  # fmt: skip


def test_what_is_no_object_id_never_reaches_git(tmp_path: Path) -> None:
    repository = World.make(tmp_path).repository()
    for bad in ("--output=x", "HEAD", "main", "", "abc"):
        with pytest.raises(InputError, match="OBJECT_ID_INVALID"):
            repository.files(bad)


def test_log_and_identity(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.commit({"a.txt": "2"}, "second\n\nwith a body\n\nKey: value")
    repository = world.repository()
    last, first = repository.log_messages("main", 5)
    assert last.message == "second\n\nwith a body\n\nKey: value\n"
    assert last.parents == (first.id,)
    assert last.tree == repository.tree_of(last.id)
    assert repository.is_ancestor(first.id, last.id)
    assert not repository.is_ancestor(last.id, first.id)
    assert repository.user_identity() == Identity("Una", "una@example.org")


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick"])
def test_an_unfinished_operation_is_seen(tmp_path: Path, operation: str) -> None:
    world = World.make(tmp_path)
    repository = world.repository()
    assert repository.operation_in_progress() is None
    world.git("checkout", "-q", "-b", "side")
    world.commit({"a.txt": "side\n"})
    world.git("checkout", "-q", "main")
    world.commit({"a.txt": "main\n"})
    plain(world.top, operation, "side", check=False)
    assert repository.operation_in_progress() == operation


def test_references_move_by_compare_and_swap_only(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    repository, first, second = world.repository(), world.head(), world.commit({"a.txt": "2"})
    assert repository.set_ref("refs/heads/x", first, None, "new")
    assert not repository.set_ref("refs/heads/x", second, None, "must be absent")
    assert repository.set_ref("refs/heads/x", first, None, "asked twice")
    assert repository.set_ref("refs/heads/x", second, first, "moved")
    assert not repository.set_ref("refs/heads/x", None, first, "not there any more")
    assert repository.set_ref("refs/heads/x", None, second, "gone")
    assert repository.ref("refs/heads/x") is None


def test_a_repository_with_sha256_objects_works(tmp_path: Path) -> None:
    top = tmp_path / "project"
    plain(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", str(top))
    world = World(top, tmp_path / "state")
    plain(top, "config", "user.name", "U")
    plain(top, "config", "user.email", "u@x")
    base = world.commit({"a": "a"})
    slot = world.slots().open("B1", base)
    (Path(slot.path) / "b").write_text("b")
    made = world.slots().snapshot(slot, "b").commit
    assert made is not None
    assert len(made) == 64
    assert "b" in plain(Path(slot.path), "status", "--short")


def test_errors_are_ours(tmp_path: Path) -> None:
    repository = World.make(tmp_path).repository()
    with pytest.raises(EchelonError):
        repository.tree_of("0" * 40)
