"""Slots: what reaches a snapshot and what does not, what closing keeps, and that nobody finds another's leftovers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from echelon.errors import GitError, InputError, LockedError, TamperError
from echelon.ports import Slot
from echelon.slots.staging import FILE_BYTES
from echelon.slots.worktrees import Slots, conflict_markers
from slots_world import World, plain, write


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def listed(world: World, commit: str | None) -> list[str]:
    assert commit is not None
    return world.git("ls-tree", "-r", "-z", "--name-only", commit).split("\0")[:-1]


def rescue_refs(world: World) -> list[str]:
    return world.git("for-each-ref", "--format=%(refname)", "refs/orchestrator/rescue").split()


# ---------------------------------------------------------------------------------------------- open


def test_open_gives_a_work_tree_in_which_git_works_for_the_agent(world: World) -> None:
    slot = world.slots().open("B001", world.head())
    place = Path(slot.path)
    assert (slot.branch, slot.base) == ("orchestrator/B001", world.head())
    assert (place / "src/app.py").read_text() == "x = 1\n"
    assert plain(place, "status", "--porcelain") == ""
    assert plain(place, "rev-parse", "--abbrev-ref", "HEAD") == "orchestrator/B001"
    write(place, {"a.txt": "changed\n"})
    plain(place, "commit", "-qam", "an agent commits")
    assert plain(place, "log", "--format=%s") == "an agent commits\nwork"
    assert world.git("rev-parse", "orchestrator/B001") == world.head(), "its commits stay in its own repository"
    for above in (place, place.parent, place.parent.parent):
        assert above.stat().st_mode & 0o077 == 0


def test_open_again_is_the_same_slot_and_nothing_is_lost(world: World) -> None:
    slot = world.slots().open("B001", world.head())
    write(Path(slot.path), {"new.txt": "mine"})
    base = world.commit({"a.txt": "moved\n"})
    assert world.slots().open("B001", base) == slot
    assert (Path(slot.path) / "new.txt").read_text() == "mine"
    assert world.slots().open_slots() == (slot,)


@pytest.mark.parametrize("name", ["../x", "", "a/b", "-x", "x" * 65, "a b", ".x", "a\n"])
def test_names_that_are_no_slot_ids_are_refused(world: World, name: str) -> None:
    with pytest.raises(InputError, match="SLOT_ID_INVALID"):
        world.slots().open(name, world.head())


def test_a_left_over_branch_is_kept_before_its_name_is_used(world: World) -> None:
    base = world.head()
    world.git("checkout", "-q", "-b", "orchestrator/B001")
    left = world.commit({"left.txt": "left"})
    world.git("checkout", "-q", "main")
    slot = world.slots().open("B001", base)
    assert world.git("rev-parse", slot.branch) == base
    assert [world.git("rev-parse", ref) for ref in rescue_refs(world)] == [left]


def test_a_branch_that_takes_the_place_of_all_slots_is_named(world: World) -> None:
    world.git("branch", "orchestrator")
    with pytest.raises(Exception, match="Rename the branch 'orchestrator'"):
        world.slots().open("B001", world.head())


# ---------------------------------------------------------------------------------------------- snapshot


def test_a_snapshot_is_the_whole_work_tree(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    names = ["é.txt", "with space", "new\nline", "-dash", "back\\slash", "src/deep/er.py"]
    write(place, dict.fromkeys(names, "new") | {"a.txt": "changed\n", "debug.log": "ignored"})
    (place / "src/app.py").unlink()
    (place / "tool.sh").write_text("#!/bin/sh\n")
    (place / "tool.sh").chmod(0o755)
    (place / "link").symlink_to("a.txt")
    taken = slots.snapshot(slot, "B001: all kinds of files")
    assert taken.problems == ()
    assert sorted(listed(world, taken.commit)) == sorted([*names, ".gitignore", "a.txt", "tool.sh", "link"])
    assert world.git("rev-parse", slot.branch) == taken.commit
    assert world.git("log", "--format=%s", "-1", slot.branch) == "B001: all kinds of files"
    modes = world.git("ls-tree", slot.branch, "tool.sh", "link").split()
    assert (modes[0], modes[4]) == ("120000", "100755")


def test_nothing_changed_is_no_commit_and_asking_twice_is_one(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    assert slots.snapshot(slot, "nothing").commit is None
    os.utime(Path(slot.path) / "a.txt")
    assert slots.snapshot(slot, "touched").commit is None
    write(Path(slot.path), {"n": "n"})
    once = slots.snapshot(slot, "something")
    assert slots.snapshot(slot, "again") == once
    (Path(slot.path) / "n").unlink()
    undone = slots.snapshot(slot, "undone")
    assert undone.commit not in (None, once.commit)


def test_a_file_may_become_a_directory_and_back(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    (place / "a.txt").unlink()
    write(place, {"a.txt/inner": "x"})
    (place / "src/app.py").unlink()
    (place / "src").rmdir()
    write(place, {"src": "now a file"})
    assert listed(world, slots.snapshot(slot, "kinds change").commit) == [".gitignore", "a.txt/inner", "src"]


def test_state_files_are_always_those_of_the_base(tmp_path: Path) -> None:
    world = World.make(tmp_path, {"a.txt": "1\n", ".opencode/backlog.md": "base\n"})
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {".opencode/backlog.md": "all done\n", ".opencode/new.md": "x", "a.txt": "2\n"})
    taken = slots.snapshot(slot, "work").commit
    assert taken is not None
    assert world.show(taken, ".opencode/backlog.md") == "base"
    assert listed(world, taken) == [".opencode/backlog.md", "a.txt"]
    base = world.commit({".opencode/backlog.md": "moved on\n"})
    assert slots.bring_base(slot, base) == ()
    assert (Path(slot.path) / ".opencode/backlog.md").read_text() == "all done\n", "files on disk are the mission's"
    taken = slots.snapshot(slot, "with the base").commit
    assert taken is not None
    assert world.show(taken, ".opencode/backlog.md") == "moved on"
    assert world.git("diff", "--name-only", base, taken) == "a.txt"


def test_prepared_dependencies_are_never_part_of_it(world: World, tmp_path: Path) -> None:
    # `node_modules/` in .gitignore does not match a link of that name: the peer merged it and lost the folder.
    slots = world.slots(".venv", "node_modules", "packages/a/node_modules")
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    (place / "node_modules").symlink_to(tmp_path)
    assert plain(place, "status", "--porcelain") == "", "the agent's `git add -A` would not take it either"
    write(place, {".gitignore": "!node_modules\n!.venv\n", ".venv/bin/python": "x", "packages/a/code.js": "x"})
    (place / "packages/a/node_modules").symlink_to(tmp_path)
    taken = slots.snapshot(slot, "work")
    assert listed(world, taken.commit) == [".gitignore", "a.txt", "packages/a/code.js", "src/app.py"]
    assert taken.problems == ()


def test_what_cannot_be_taken_is_reported_and_left_out(world: World, tmp_path: Path) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    plain(place, "init", "-q", "nested")
    plain(place, "init", "-q", "src")
    write(place, {"nested/n.txt": "n", "src/app.py": "x = 2\n", ".GIT/config": "x", "fine.txt": "fine"})
    for name, target in {"abs": "/etc/passwd", "up": "../../index", "git": ".git/config", "through": "abs/x"}.items():
        (place / name).symlink_to(target)
    with (place / "huge.bin").open("wb") as file:
        file.truncate(FILE_BYTES + 1)
    taken = slots.snapshot(slot, "work")
    assert listed(world, taken.commit) == [".gitignore", "a.txt", "fine.txt", "src/app.py"]
    assert world.show(str(taken.commit), "src/app.py") == "x = 1", "a repository inside is not looked into"
    assert {(problem.kind, problem.path) for problem in taken.problems} == {
        ("nested_repository", "nested"),
        ("nested_repository", "src/app.py"),
        ("forbidden_name", ".GIT/config"),
        ("outside_link", "abs"),
        ("outside_link", "up"),
        ("outside_link", "git"),
        ("outside_link", "through"),
        ("too_large", "huge.bin"),
    }


def test_a_directory_swapped_for_a_link_does_not_lead_us_out(world: World, tmp_path: Path) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    outside = tmp_path / "outside"
    write(outside, {"app.py": "precious"})
    (Path(slot.path) / "src/app.py").unlink()
    (Path(slot.path) / "src").rmdir()
    (Path(slot.path) / "src").symlink_to(outside)
    taken = slots.snapshot(slot, "swapped")
    assert [(problem.kind, problem.path) for problem in taken.problems] == [("outside_link", "src")]
    base = world.commit({"src/app.py": "x = 3\n"})
    with pytest.raises(GitError, match="SLOT_IN_THE_WAY"):
        slots.bring_base(slot, base)
    slots.close("B001")
    slots.open("B002", base)
    assert (outside / "app.py").read_text() == "precious"


def test_a_hard_link_out_of_the_slot_is_never_written_through(world: World, tmp_path: Path) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    outside = tmp_path / "outside"
    outside.write_text("precious")
    for name in ("a.txt", "src/app.py"):
        (Path(slot.path) / name).unlink()
        os.link(outside, Path(slot.path) / name)
    base = world.commit({"a.txt": "theirs\n"})
    assert slots.bring_base(slot, base) == ("a.txt",)
    slots.close("B001")
    assert (Path(slots.open("B002", base).path) / "a.txt").read_text() == "theirs\n"
    assert outside.read_text() == "precious"


def test_submodules_stay_as_they_are_and_changes_in_them_are_reported(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    plain(tmp_path, "clone", "-q", str(world.top), str(other))
    world.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    world.git("commit", "-qm", "submodule")
    slots = world.slots()
    slot = slots.open("B001", world.head())
    assert slots.snapshot(slot, "nothing").commit is None
    write(Path(slot.path), {"sub/file": "put there", "b.txt": "b"})
    taken = slots.snapshot(slot, "work")
    assert [(problem.kind, problem.path) for problem in taken.problems] == [("submodule", "sub")]
    assert world.git("diff", "--name-only", world.head(), str(taken.commit)) == "b.txt"


def test_files_that_a_filter_program_would_have_changed_are_shown(tmp_path: Path) -> None:
    world = World.make(tmp_path, {".gitattributes": "*.bin filter=lfs\n", "a.bin": "pointer"})
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b.bin": "raw", "b.txt": "b"})
    taken = slots.snapshot(slot, "work")
    assert [(problem.kind, problem.path, problem.detail) for problem in taken.problems] == [
        ("filtered", "b.bin", "lfs")
    ]
    assert world.show(str(taken.commit), "b.bin") == "raw"


@pytest.mark.parametrize("attributes", ["", "*.txt text\n", "*.txt text=auto eol=crlf\n", "* -text\n"])
@pytest.mark.parametrize("autocrlf", ["true", "input", "false"])
def test_line_ends_are_nobodys_change(tmp_path: Path, attributes: str, autocrlf: str) -> None:
    world = World.make(tmp_path, {".gitattributes": "", "crlf.txt": "a\r\nb\r\n", "lf.txt": "a\nb\n"})
    world.git("config", "core.autocrlf", autocrlf)
    (world.top / ".gitattributes").write_text(attributes)
    world.git("add", ".gitattributes")
    world.git("commit", "-q", "--allow-empty", "-m", "attributes without a renormalisation, as people do")
    slots = world.slots()
    slot = slots.open("B001", world.head())
    assert slots.snapshot(slot, "untouched").commit is None
    write(Path(slot.path), {"new.txt": "1\n2\n"})
    taken = slots.snapshot(slot, "one file")
    assert world.git("diff", "--name-only", world.head(), str(taken.commit)) == "new.txt"


def test_the_users_own_ignore_rules_hold_in_slots(world: World) -> None:
    write(world.top / ".git", {"info/exclude": "*.mine\n"})
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"a.mine": "x"})
    assert slots.snapshot(slot, "nothing").commit is None


# ---------------------------------------------------------------------------------------------- moved base


def test_a_moved_base_is_brought_in_and_the_next_snapshot_has_both_parents(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"mine.txt": "mine"})
    mine = slots.snapshot(slot, "mine").commit
    write(Path(slot.path), {"later.txt": "not yet in a snapshot"})
    base = world.commit({"a.txt": "theirs\n", "theirs.txt": "theirs"})
    assert slots.bring_base(slot, base) == ()
    assert slots.bring_base(slot, base) == (), "asking twice changes nothing"
    assert (Path(slot.path) / "theirs.txt").read_text() == "theirs"
    assert plain(Path(slot.path), "diff", "HEAD", "--name-only").split() == ["later.txt", "mine.txt"]
    taken = slots.snapshot(slot, "both").commit
    first, second = world.git("log", "-1", "--format=%P", str(taken)).split()
    assert second == base
    assert world.git("log", "-1", "--format=%P", first) == mine


def test_a_slot_without_work_follows_the_base_and_stays_empty(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    base = world.commit({"a.txt": "theirs\n"})
    assert slots.bring_base(slot, base) == ()
    assert slots.snapshot(slot, "nothing").commit is None
    write(Path(slot.path), {"b.txt": "b"})
    assert world.git("diff", "--name-only", base, str(slots.snapshot(slot, "b").commit)) == "b.txt"


def test_a_file_written_anew_with_the_same_content_is_not_in_the_way_of_the_base(world: World) -> None:
    """An attempt that is played again after a kill does just that; to git's index the file is another one."""
    slots = world.slots()
    slot = slots.open("B001", world.head())
    file = Path(slot.path) / "a.txt"
    for _ in range(2):
        write(file.parent, {"new": "one\nmine\nthree\n"})
        file.with_name("new").replace(file)
        slots.snapshot(slot, "mine")
    base = world.commit({"a.txt": "one\ntheirs\nthree\n"})
    assert slots.bring_base(slot, base) == ("a.txt",)


def test_conflicts_are_files_with_markers_in_the_slot(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"a.txt": "one\nmine\nthree\n", "src/app.py": "x = 2\n"})
    base = world.commit({"a.txt": "one\ntheirs\nthree\n"})
    assert slots.bring_base(slot, base) == ("a.txt",)
    assert conflict_markers(slot, ["a.txt", "src/app.py", "absent"]) == ("a.txt",)
    write(Path(slot.path), {"a.txt": "one\nboth\nthree\n"})
    assert conflict_markers(slot, ["a.txt"]) == ()
    taken = str(slots.snapshot(slot, "solved").commit)
    assert world.git("merge-base", taken, base) == base
    assert world.show(taken, "a.txt") == "one\nboth\nthree"


# ---------------------------------------------------------------------------------------------- rescue, close


def test_rescue_holds_every_byte_that_is_not_ignored(world: World, tmp_path: Path) -> None:
    slots = world.slots("node_modules")
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    plain(place, "init", "-q", "nested")
    files = {"a.txt": b"\x00\xff" * 1000, "new\nline": b"1", "nested/n": b"2", ".opencode/todo.md": b"3"}
    write(place, files | {"x.log": "ignored"})
    (place / "out").symlink_to("/etc/passwd")
    (place / "node_modules").symlink_to(tmp_path)
    ref = slots.rescue(slot, "a test")
    assert ref is not None
    assert slots.rescue(slot, "twice") == ref
    repository = world.repository()
    saved = {path: repository.read_file(world.git("rev-parse", ref), path) for path in listed(world, ref)}
    assert saved == files | {".gitignore": (place / ".gitignore").read_bytes(), "src/app.py": b"x = 1\n", "out": b"/etc/passwd"}  # fmt: skip
    assert world.git("rev-parse", f"{ref}^") == world.head()
    assert (place / "a.txt").read_bytes() == files["a.txt"], "the slot itself is untouched"


def test_close_keeps_what_is_not_merged_and_removes_what_is(world: World) -> None:
    slots = world.slots()
    merged, unmerged, dirty = (slots.open(name, world.head()) for name in ("B001", "B002", "B003"))
    for slot in (merged, unmerged, dirty):
        write(Path(slot.path), {f"{slot.id}.txt": slot.id})
    tip, other = (slots.snapshot(slot, "work").commit for slot in (merged, unmerged))
    world.git("merge", "-q", "--no-ff", str(tip))
    closed = slots.close("B001", merged_into=world.head())
    assert (closed.rescued, closed.directory, closed.branch_deleted) == ((), None, True)
    [ref] = slots.close("B002", merged_into=world.head()).rescued
    assert world.git("rev-parse", ref) == other
    [ref] = slots.close("B003", merged_into=world.head()).rescued
    assert world.show(ref, "B003.txt") == "B003"
    assert slots.close("B003").rescued == ()
    assert slots.open_slots() == ()
    assert world.git("branch", "--list", "orchestrator/*") == ""
    assert not Path(merged.path).exists()


def test_close_may_leave_the_branch(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "b"})
    tip = slots.snapshot(slot, "work").commit
    assert slots.close("B001", keep_branch=True).rescued == ()
    assert world.git("rev-parse", slot.branch) == tip


def test_commits_an_agent_made_elsewhere_are_kept(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    write(place, {"a.txt": "stashed\n"})
    plain(place, "stash", "-q")
    plain(place, "checkout", "-q", "-b", "elsewhere")
    write(place, {"elsewhere.txt": "e"})
    plain(place, "add", "-A")
    plain(place, "commit", "-qm", "on another branch")
    plain(place, "checkout", "-q", slot.branch)
    write(place, {"reset.txt": "r"})
    plain(place, "add", "-A")
    plain(place, "commit", "-qm", "thrown away")
    plain(place, "reset", "-q", "--hard", "HEAD^")
    kept = slots.close("B001").rescued
    subjects = {world.git("log", "-1", "--format=%s", ref) for ref in kept}
    assert {"on another branch", "thrown away"} <= subjects
    assert any("stashed" in world.show(ref, "a.txt") for ref in kept)
    world.git("fsck", "--strict")


def test_an_agent_that_commits_what_it_leaves_makes_no_rescue(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "b"})
    plain(Path(slot.path), "add", "-A")
    plain(Path(slot.path), "commit", "-qm", "done")
    tip = slots.snapshot(slot, "work").commit
    world.git("merge", "-q", "--no-ff", str(tip))
    assert slots.close("B001", merged_into=world.head()).rescued == ()


def test_where_git_cannot_save_it_the_directory_is_kept(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "precious"})
    plain(Path(slot.path), "add", "-A")
    plain(Path(slot.path), "commit", "-qm", "a commit that will be damaged")
    for place in (Path(slot.path) / ".git/objects").glob("??/*"):
        place.chmod(0o644)
        place.write_bytes(b"garbage")
    closed = slots.close("B001")
    assert closed.directory is not None
    assert (Path(closed.directory) / "work/b").read_text() == "precious"
    assert slots.open("B001", world.head()).path == slot.path


def test_a_replaced_directory_or_record_stops_us(world: World, tmp_path: Path) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    write(tmp_path / "home", {"precious": "x"})
    place.rename(place.with_name("moved"))
    place.symlink_to(tmp_path / "home")
    with pytest.raises(TamperError, match="SLOT_DIRECTORY_CHANGED"):
        slots.snapshot(slot, "x")
    assert slots.close("B001").directory is not None
    assert (tmp_path / "home/precious").exists()
    slot = slots.open("B002", world.head())
    (place.parent.parent / "B002/slot.json").write_text("{}")
    with pytest.raises(TamperError, match="SLOT_RECORD_BROKEN"):
        slots.snapshot(slot, "x")


@pytest.mark.parametrize("damage", [lambda record: record.unlink(), lambda record: record.write_text("{}")])
def test_a_lost_record_loses_no_file_and_blocks_nothing(world: World, damage: Callable[[Path], object]) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "precious"})
    damage(Path(slot.path).with_name("slot.json"))
    slots.close("B001")
    assert [place.read_text() for place in (world.state / "kept").glob("*/work/b")] == ["precious"]
    assert slots.open("B001", world.head()) == slot


def test_a_directory_that_was_removed_costs_no_snapshot(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "b"})
    tip = slots.snapshot(slot, "work").commit
    shutil.rmtree(slot.path)
    with pytest.raises(TamperError, match="SLOT_DIRECTORY_CHANGED"):
        slots.open("B001", world.head())
    slots.close("B001")
    assert [world.git("rev-parse", ref) for ref in rescue_refs(world)] == [tip]
    assert slots.open("B001", world.head()) == slot


def test_a_moved_slot_branch_is_kept_and_put_back(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "b"})
    taken = slots.snapshot(slot, "work").commit
    foreign = world.commit({"foreign": "x"})
    world.git("update-ref", f"refs/heads/{slot.branch}", foreign)
    assert slots.snapshot(slot, "again").commit == taken
    assert world.git("rev-parse", slot.branch) == taken
    assert [world.git("rev-parse", ref) for ref in rescue_refs(world)] == [foreign]


# ---------------------------------------------------------------------------------------------- pool, processes


def test_nothing_of_one_slot_is_found_in_the_next(world: World) -> None:
    slots = world.slots()
    slot = slots.open("B001", world.head())
    place = Path(slot.path)
    inode = place.stat().st_ino
    plain(place, "init", "-q", "nested")
    write(
        place,
        {
            "src/.git/x": "x",
            "nested/x": "x",
            "x.log": "ignored",
            "node_modules/m.js": "x",
            "a.txt": "changed\n",
            "d/e/f": "x",
        },
    )
    (place / "src/app.py").chmod(0o755)
    (place / "empty").mkdir()
    write(place / ".git", {"hooks/pre-commit": "evil"})
    plain(place, "config", "core.fsmonitor", "evil")
    slots.close("B001")
    again = Path(slots.open("B002", world.head()).path)
    assert again.stat().st_ino == inode, "the directory was used again"
    found = sorted(
        str(path.relative_to(again)) for path in again.rglob("*") if path.relative_to(again).parts[0] != ".git"
    )
    assert found == [".gitignore", "a.txt", "src", "src/app.py"]
    assert (again / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert (again / "src/app.py").stat().st_mode & 0o111 == 0
    assert plain(again, "status", "--porcelain", "--ignored") == ""
    assert not (again / ".git/hooks").exists()
    assert "fsmonitor" not in (again / ".git/config").read_text()


def test_a_warm_place_is_brought_to_the_base_asked_for(world: World) -> None:
    slots = world.slots()
    assert slots.warm(2, world.head()) == 2
    assert slots.warm(2, world.head()) == 0
    base = world.commit({"a.txt": "moved\n", "b": "b"})
    slot = slots.open("B001", base)
    assert (Path(slot.path) / "a.txt").read_text() == "moved\n"
    assert slots.snapshot(slot, "x").commit is None


@pytest.mark.parametrize("hint", ["right", "wrong", "nothing"])
def test_what_lies_beside_a_warm_place_is_a_hint_and_no_more(world: World, hint: str) -> None:
    slots, first = world.slots(), world.head()
    slots.warm(1, first)
    base = world.commit({"a.txt": "moved\n", "src/b": "b"})
    (place,) = (world.state / "pool").iterdir()
    said = {"right": world.git("rev-parse", f"{first}^{{tree}}"), "wrong": world.git("rev-parse", f"{base}^{{tree}}")}
    (place / "tree").write_text(said.get(hint, "nothing"))
    write(place / "work", {"a.txt": "cheat\n", "src/.git/cheat": "x", "x.log": "x", "src/c/d": "x"})
    work = Path(slots.open("B001", base).path)
    files = [path for path in work.rglob("*") if path.is_file() and path.relative_to(work).parts[0] != ".git"]
    assert {str(path.relative_to(work)): path.read_text() for path in files} == {
        ".gitignore": "*.log\nnode_modules/\n", "a.txt": "moved\n", "src/app.py": "x = 1\n", "src/b": "b",
    }  # fmt: skip


def test_the_place_that_holds_the_base_already_is_taken_first(world: World) -> None:
    slots = world.slots()
    slots.warm(3, world.head())
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"b": "b"})
    commit = slots.snapshot(slot, "x").commit
    assert commit is not None
    inode = Path(slot.path).stat().st_ino
    slots.close("B001", merged_into=commit)
    assert Path(slots.open("B002", commit).path).stat().st_ino == inode


def test_eight_at_once_from_threads_and_one_id_twice(world: World) -> None:
    world.slots().warm(3, world.head())
    made: list[Slot] = []
    ids = [f"B{number:03}" for number in range(7)] + ["B000"]
    threads = [
        threading.Thread(target=lambda name=name: made.append(world.slots().open(name, world.head()))) for name in ids
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len({slot.path for slot in made}) == 7
    assert len(world.slots().open_slots()) == 7


OPENER = """
import sys
from pathlib import Path
from echelon.slots.repository import Repository
from echelon.slots.worktrees import Slots
top, state, name, base = sys.argv[1:]
slots = Slots(Repository.open(Path(top), Path(state)))
slot = slots.open(name, base)
Path(slot.path, name).write_text(name)
print(slots.snapshot(slot, name).commit)
slots.close(name, keep_branch=True)
"""


def test_eight_processes_at_once(world: World) -> None:
    names = [f"B{number:03}" for number in range(8)]
    command = [sys.executable, "-c", OPENER, str(world.top), str(world.state)]
    running = [subprocess.Popen([*command, name, world.head()], stdout=subprocess.PIPE, text=True) for name in names]
    commits = [process.communicate(timeout=60)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0] * 8
    assert [world.git("rev-parse", f"orchestrator/{name}") for name in names] == commits
    assert world.slots().open_slots() == ()


def test_a_busy_slot_is_a_bounded_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = world.slots()
    slots.open("B001", world.head())
    monkeypatch.setattr("echelon.slots.worktrees.LOCK_SECONDS", 0.05)
    with slots._locked("B001"), pytest.raises(LockedError, match="SLOT_BUSY"):
        slots.open("B001", world.head())


def test_an_unknown_slot_is_said_to_be_unknown(world: World) -> None:
    slots = world.slots()
    with pytest.raises(InputError, match="SLOT_UNKNOWN"):
        slots.snapshot(Slot("B009", "/", "orchestrator/B009", world.head()), "x")
    assert slots.close("B009").rescued == ()


def test_slots_is_usable_without_the_pool(world: World) -> None:
    slots = Slots(world.repository(), pool_limit=0)
    slots.open("B001", world.head())
    slots.close("B001")
    assert list((world.state / "pool").iterdir()) == []
