"""Can anything planted from inside a slot make a command of ours run a program?

Thirteen plantings by plain writes into every place a slot reaches (the user's git directory through the borrowed
objects, its own `.git`, its files), then every operation of ours that touches git, and a control: the same planting
does run a program when a person's git comes by, so the test can fail. Source: reference/reliability.md §3.4, R16.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from echelon.ports import Slot
from echelon.slots.checkout import checkout_lags, checkout_obstacles, update_checkout, where_checked_out
from echelon.slots.gates import Gates
from echelon.slots.git import Identity
from echelon.slots.guard import compare, fingerprint
from echelon.slots.merge import candidate, commit_candidate, move_base
from slots_world import World, plain, write

ATTRIBUTES = "*.txt filter=evil diff=evil merge=evil\n"


@dataclass(frozen=True)
class Scene:
    world: World
    slot: Slot
    mark: Path
    program: Path

    @property
    def place(self) -> Path:
        return Path(self.slot.path)

    @property
    def shared(self) -> Path:
        return self.world.top / ".git"

    def ran(self) -> list[str]:
        return self.mark.read_text().split("\n")[:-1] if self.mark.exists() else []

    def set(self, *settings: tuple[str, str]) -> None:
        """In the user's configuration and in the slot's own."""
        for name, value in settings:
            for config in (self.shared / "config", self.place / ".git/config"):
                plain(self.world.top, "config", "--file", str(config), name, value)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    world = World.make(tmp_path, {"a.txt": "one\ntwo\nthree\n", "src/app.py": "x = 1\n", ".gitattributes": ATTRIBUTES})
    mark, program = tmp_path / "ran", tmp_path / "evil"
    # Filters and drivers get the file on stdin or as arguments; whatever it is asked, it says that it ran.
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {mark}\n[ -t 0 ] || cat\nexit 0\n')
    program.chmod(0o755)
    slots = world.slots()
    slots.warm(1, world.head())
    slot = slots.open("B001", world.head())
    write(Path(slot.path), {"a.txt": "one\nmine\nthree\n", "mine.txt": "mine\n"})
    return Scene(world, slot, mark, program)


# ------------------------------------------------------------------------------------------ the plantings


def hooks(scene: Scene) -> None:
    names = ("pre-commit", "commit-msg", "post-commit", "post-checkout", "post-merge", "pre-merge-commit")
    for name in (*names, "post-index-change", "reference-transaction", "pre-auto-gc", "post-rewrite"):
        for git in (scene.shared, scene.place / ".git"):
            (git / "hooks").mkdir(exist_ok=True)
            (git / "hooks" / name).unlink(missing_ok=True)
            (git / "hooks" / name).symlink_to(scene.program)


def hooks_path(scene: Scene) -> None:
    hooks(scene)
    (scene.shared / "hooks").rename(scene.place / "innocent")
    scene.set(("core.hooksPath", str(scene.place / "innocent")))


def fsmonitor(scene: Scene) -> None:
    scene.set(("core.fsmonitor", str(scene.program)))


def fsmonitor_by_include(scene: Scene) -> None:
    write(scene.place, {"innocent.cfg": f"[core]\n\tfsmonitor = {scene.program}\n"})
    scene.set(("include.path", str(scene.place / "innocent.cfg")))


def fsmonitor_in_work_tree_config(scene: Scene) -> None:
    scene.set(("extensions.worktreeConfig", "true"))
    for git in (scene.shared, scene.place / ".git"):
        write(git, {"config.worktree": f"[core]\n\tfsmonitor = {scene.program}\n"})


def swapped_pointer(scene: Scene) -> None:
    (scene.place / ".git").rename(scene.place / "elsewhere.git")
    plain(
        scene.world.top,
        "config",
        "--file",
        str(scene.place / "elsewhere.git/config"),
        "core.fsmonitor",
        str(scene.program),
    )
    (scene.place / ".git").write_text("gitdir: elsewhere.git\n")


def nested_repository(scene: Scene) -> None:
    for name in ("nested", "src"):
        plain(scene.place, "init", "-q", name)
        write(scene.place, {f"{name}/n.txt": "n"})
        plain(scene.place / name, "add", "n.txt")
        plain(scene.place / name, "-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x")
        plain(scene.place / name, "config", "core.fsmonitor", str(scene.program))


def filters(scene: Scene) -> None:
    scene.set(("filter.evil.clean", str(scene.program)), ("filter.evil.smudge", str(scene.program)))
    scene.set(("filter.evil.required", "true"))


def filters_by_info(scene: Scene) -> None:
    scene.set(("filter.other.clean", str(scene.program)), ("filter.other.smudge", str(scene.program)))
    for git in (scene.shared, scene.place / ".git"):
        write(git, {"info/attributes": "* filter=other\n"})


def external_diff(scene: Scene) -> None:
    scene.set(("diff.external", str(scene.program)))


def textconv(scene: Scene) -> None:
    scene.set(("diff.evil.textconv", str(scene.program)))


def signing(scene: Scene) -> None:
    scene.set(("gpg.program", str(scene.program)), ("commit.gpgSign", "true"), ("log.showSignature", "true"))


def merge_driver(scene: Scene) -> None:
    scene.set(("merge.evil.driver", f"{scene.program} %O %A %B"), ("merge.default", "evil"))


PLANTINGS: tuple[Callable[[Scene], None], ...] = (
    hooks,
    hooks_path,
    fsmonitor,
    fsmonitor_by_include,
    fsmonitor_in_work_tree_config,
    swapped_pointer,
    nested_repository,
    filters,
    filters_by_info,
    external_diff,
    textconv,
    signing,
    merge_driver,
)
ONLY_IN_THE_SLOT = (swapped_pointer, nested_repository)


# ------------------------------------------------------------------------------------------ what is run


def everything_of_ours(scene: Scene, base: str) -> None:
    """Every operation of the room once, in the order of an item's life, with `base` moved so that it conflicts."""
    world, slot = scene.world, scene.slot
    repository, slots = world.repository(), world.slots("node_modules")
    fingerprint(repository)
    slots.open("B001", base)
    slots.warm(2, base)
    slots.snapshot(slot, "work")
    slots.bring_base(slot, base)
    slots.rescue(slot, "to see")
    write(scene.place, {"a.txt": "one\nboth\nthree\n"})
    head = slots.snapshot(slot, "solved").commit
    assert head is not None
    found = candidate(repository, base, head)
    with Gates(repository).checkout(found.tree, commit=base) as place:
        assert (place / "a.txt").read_text() == "one\nboth\nthree\n"
    new = commit_candidate(repository, found, "merge", Identity("A", "a@example.org"), "@1700000000 +0000")
    assert checkout_obstacles(repository, "main", base, new) == ()
    assert move_base(repository, "main", new, base)
    assert checkout_lags(repository, "main", base, new)
    assert where_checked_out(repository, "main") == world.top
    assert where_checked_out(repository, "nowhere") is None
    assert update_checkout(repository, "main", base, new).outcome == "updated"
    assert repository.operation_in_progress() is None
    repository.log_messages("main")
    repository.changed(base, new)
    slots.open("B002", new)
    slots.close("B001", merged_into=new)
    slots.close("B002")
    assert (world.top / "a.txt").read_text() == "one\nboth\nthree\n"


def everything_of_a_person(scene: Scene) -> None:
    """What people and other orchestrators run: in the slot, then in the workspace."""
    before = ("status", "diff", "add -A", "commit -m x", "log -p", "checkout -f HEAD .", "checkout -b side main^")
    after = ("add -A", "commit -m y --allow-empty", "merge main", "status")
    plain(scene.place, "branch", "main", check=False)
    for where in (scene.place, scene.world.top):
        for line, steps in (("person", before), ("side", after)):
            (where / "a.txt").write_text(f"one\n{line}\nthree\n")
            for step in steps:
                plain(where, *step.split(), check=False)


def moved_base(scene: Scene) -> str:
    return scene.world.commit({"a.txt": "one\ntheirs\nthree\n", "b.txt": "b\n"})


@pytest.mark.parametrize("plant", PLANTINGS)
def test_nothing_planted_in_a_slot_runs_in_ours_and_all_works(scene: Scene, plant: Callable[[Scene], None]) -> None:
    base = moved_base(scene)
    before = fingerprint(scene.world.repository())
    plant(scene)
    scene.mark.unlink(missing_ok=True)
    noticed = compare(before, fingerprint(scene.world.repository()))
    everything_of_ours(scene, base)
    assert scene.ran() == []
    assert bool(noticed) == (plant not in ONLY_IN_THE_SLOT)


@pytest.mark.parametrize("plant", PLANTINGS)
def test_control_the_planting_runs_when_a_persons_git_comes_by(scene: Scene, plant: Callable[[Scene], None]) -> None:
    moved_base(scene)
    plant(scene)
    scene.mark.unlink(missing_ok=True)
    everything_of_a_person(scene)
    assert scene.ran() != []


def test_nothing_in_our_environment_reaches_git(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "GIT_EXTERNAL_DIFF GIT_SSH_COMMAND GIT_ASKPASS GIT_EDITOR GIT_PAGER GIT_PROXY_COMMAND EDITOR PAGER SSH_ASKPASS"
    )
    for name in names.split():
        monkeypatch.setenv(name, str(scene.program))
    settings = {
        "core.fsmonitor": str(scene.program),
        "core.hooksPath": str(scene.place),
        "filter.evil.clean": str(scene.program),
    }
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    home = scene.world.state.parent / "home"
    write(home, {".gitconfig": f"[core]\n\tfsmonitor = {scene.program}\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = {scene.program}\n"})  # fmt: skip
    write(home, {".config/git/attributes": "* filter=evil\n"})
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    everything_of_ours(scene, moved_base(scene))
    assert scene.ran() == []


def test_programs_of_the_slot_are_not_found_on_path(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("git", "sh", "gpg", "ssh"):
        (scene.place / name).symlink_to(scene.program)
    base = moved_base(scene)
    monkeypatch.chdir(scene.place)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    everything_of_ours(scene, base)
    assert scene.ran() == []
