"""Working copies and stored files on a real file system: edits on either side, the peer's state, paths that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import portfolio_texts as portfolios
import worlds
from echelon.core import requests as ask
from echelon.core.copies import settle
from echelon.core.decide import Decision, Refusal
from echelon.core.documents.grammar import State
from echelon.engine.asking import Asker
from echelon.engine.places import Places
from echelon.engine.workspace import Workspace
from portfolio_texts import item, node
from slots_world import write

ONE = ".opencode/programs/PGM-001"
PRJ = f"{ONE}/projects/PRJ-001"
FRONT, TREE = ".opencode/backlog.md", ".opencode/projects/PRJ-001/backlog.md"


class Space:
    def __init__(self, folder: Path, files: worlds.Files) -> None:
        self.root = folder / "w"
        self.root.mkdir()
        write(self.root, files)
        self.asker = Asker(Workspace(self.root, Places(folder / "state", folder / "cache")))

    def done(self, request: ask.Request) -> Decision:
        decided = self.asker.ask(request)
        assert isinstance(decided, Decision), str(decided)
        return decided

    def refused(self, request: ask.Request) -> Refusal:
        before = self.all()
        decided = self.asker.ask(request)
        assert isinstance(decided, Refusal), decided.message
        assert self.all() == before
        return decided

    def read(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def add(self, path: str, words: str) -> None:
        (self.root / path).write_text(f"{self.read(path)}\n{words}\n", "utf-8")

    def all(self) -> dict[str, str]:
        found = [path for path in sorted(self.root.rglob("*.md")) if path.is_file()]
        return {path.relative_to(self.root).as_posix(): path.read_text("utf-8") for path in found}

    def archived(self) -> str:
        return "".join(text for path, text in self.all().items() if path.startswith(".opencode/archive/copies/"))


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """PGM-001 and PRJ-001 started in sequence, with working copies."""
    made = Space(tmp_path, portfolios.two_programs())
    made.done(ask.MoveProgram("start", "PGM-001"))
    made.done(ask.MoveProject("start", "PRJ-001"))
    return made


# -------------------------------------------------------------------------------------- which copy is right


@pytest.mark.parametrize(
    ("files", "truth", "problem"),
    [
        ([], "", False),
        ([("w", "a", ""), ("s", "a", "")], "w", False),
        ([("w", "b", ""), ("s", "a", "")], "w", False),  # the peer works on the first
        ([("w", "b", "a"), ("s", "a", "a")], "w", False),
        ([("w", "a", "a"), ("s", "b", "a")], "s", False),
        ([("w", "a", "a"), ("t", "b", "a"), ("s", "b", "a")], "t", False),  # two that agree
        ([("w", "b", "a"), ("s", "c", "a")], "w", True),
        ([("w", "b", "a"), ("s", "a", "old")], "w", False),  # the stored one was edited before they were copied
        ([("w", "b", "a"), ("s", "c", "old")], "w", True),
    ],
)
def test_the_copy_that_somebody_edited_is_right(files: list[tuple[str, str, str]], truth: str, problem: bool) -> None:
    said = settle(files)
    assert (said.truth, bool(said.problem)) == (truth, problem)


def test_where_it_is_not_certain_that_they_are_copies_the_stored_one_counts_until_a_person_has_looked() -> None:
    assert settle([("w", "b", "a"), ("s", "a", "a")], certain=False) == ("s", "these differ: w and s")
    assert settle([("w", "a", "b"), ("s", "a", "c")], certain=False) == ("w", "")


# --------------------------------------------------------------------------------------------- edits by hand


@pytest.mark.parametrize("edited", [FRONT, TREE, f"{PRJ}/backlog.md"])
def test_W55_an_edit_of_any_copy_is_in_all_of_them_after_the_next_write(space: Space, edited: str) -> None:
    space.add(edited, "a word of a person")
    space.done(ask.StartItem(worlds.BASE, "B001", parallel=False))
    texts = {space.read(path) for path in (FRONT, TREE, f"{PRJ}/backlog.md")}
    assert len(texts) == 1
    assert "a word of a person" in texts.pop()


def test_W12_a_delivered_item_stays_delivered_in_every_copy(tmp_path: Path) -> None:
    """The peer overwrites it with a stale tree when a project's path is the stored folder of its program."""
    files = portfolios.two_programs()
    files[f"{ONE}/program.md"] = portfolios.program(node("PRJ-001", path=PRJ), node("PRJ-002", ("PRJ-001",)))
    space = Space(tmp_path, files)
    space.done(ask.MoveProgram("start", "PGM-001"))
    space.done(ask.MoveProject("start", "PRJ-001"))
    space.add(FRONT, item("B007", marker="x"))
    space.done(ask.MoveProject("suspend", "PRJ-001", None, "later"))
    space.done(ask.MoveProgram("suspend", "PGM-001", "later"))
    assert "### B007" in space.read(f"{PRJ}/backlog.md")
    assert not (space.root / FRONT).exists()
    assert not list((space.root / ".opencode/projects").rglob("*.md"))


def test_edits_on_both_sides_are_refused_and_both_kept_until_a_person_made_them_one(space: Space) -> None:
    space.add(FRONT, "mine")
    space.add(f"{PRJ}/backlog.md", "theirs")
    requests: tuple[ask.Request, ...] = (
        ask.StartItem(worlds.BASE, "B001"), ask.MoveProject("suspend", "PRJ-001", None, "w"),
        ask.MoveProgram("fail", "PGM-001", "why"),
    )  # fmt: skip
    for request in requests:
        said = space.refused(request)
        assert said.code == "COPIES_DIVERGED"
        assert FRONT in str(said)
        assert f"{PRJ}/backlog.md" in str(said)
    space.add(FRONT, "theirs")
    for path in (TREE, f"{PRJ}/backlog.md"):
        (space.root / path).write_text(space.read(FRONT), "utf-8")
    space.done(requests[0])
    assert space.read(f"{PRJ}/backlog.md").count("mine") == 1


def test_a_divergence_stops_its_project_and_no_other(tmp_path: Path) -> None:
    files = portfolios.two_programs()
    files[f"{ONE}/program.md"] = portfolios.program(node("PRJ-001"), node("PRJ-002"))
    space = Space(tmp_path, files)
    space.done(ask.MoveProgram("start", "PGM-001"))
    space.add(TREE, "mine")
    space.add(f"{PRJ}/backlog.md", "theirs")
    assert space.refused(ask.MoveProject("start", "PRJ-001")).code == "COPIES_DIVERGED"
    assert space.done(ask.MoveProject("start")).data["project"] == "PGM-001/PRJ-002"
    space.done(ask.StartItem(worlds.BASE, "PGM-001/PRJ-002/B001"))


# ------------------------------------------------------------------------------------------ the peer's state


def peers(**changes: str) -> worlds.Files:
    """As open-codining leaves it in the middle of PRJ-001: the working side is newer, nothing of ours is there."""
    files = portfolios.two_programs()
    files[".opencode/enterprise.md"] = files[".opencode/enterprise.md"].replace("[ ]", "[/]", 1)
    files[".opencode/program.md"] = files[f"{ONE}/program.md"].replace("[ ]", "[/]", 1) + "\n## Journal\n- newer\n"
    for name in ("PRJ-001", "PRJ-002"):
        for kind in ("spec", "backlog"):
            files[f".opencode/projects/{name}/{kind}.md"] = files[f"{ONE}/projects/{name}/{kind}.md"]
    files[FRONT] = files[TREE].replace("[ ]", "[x]", 1).replace("### B002", "worked on\n\n### B002", 1)
    files[".opencode/spec.md"] = "# Spec — S\n\nnewer\n"
    files[f"{PRJ}/backlog.md"] += "\nonly in the stored file\n"
    return {**files, **changes}


def test_a_peers_workspace_in_mid_flight_is_adopted_and_neither_side_is_lost(tmp_path: Path) -> None:
    space = Space(tmp_path, peers())
    before = space.all()
    world = space.asker.world()
    assert (world.scope, world.diverged) == ("PGM-001/PRJ-001", {})
    assert [entry.state for entry in world.backlog.entries] == [State.DELIVERED, State.PENDING] if world.backlog else 0
    space.done(ask.StartItem(worlds.BASE, "B002"))
    for stored, working in ((f"{PRJ}/backlog.md", FRONT),):
        assert space.read(stored) == space.read(working) == space.read(TREE)
        assert "worked on" in space.read(stored)
    space.done(ask.FailItem("no", "PGM-001/PRJ-001/B002"))
    space.done(ask.MoveProject("suspend", "PRJ-001", None, "later"))
    space.done(ask.MoveProgram("suspend", "PGM-001", "later"))
    after = "".join(space.all().values())
    for path in (FRONT, TREE, ".opencode/spec.md", ".opencode/program.md", f"{PRJ}/backlog.md"):
        lines = [line for line in before[path].splitlines() if line and "Status" not in line]
        assert [line for line in lines if line not in after] == [], path
    assert "only in the stored file" in space.archived()


def test_W17_what_a_crash_of_the_peer_left_between_sync_and_marker_goes_on(tmp_path: Path) -> None:
    """The project is [/] and has no working files: it is driven where it is stored, and closes."""
    files = portfolios.one_program()
    files[".opencode/program.md"] = files[".opencode/program.md"].replace("[ ]", "[/]", 1)
    backlog = ".opencode/projects/PRJ-001/backlog.md"
    files[backlog] = files[backlog].replace("Status: [ ]", "Status: [x]")
    space = Space(tmp_path, files)
    assert "PROJECT CLOSED" in space.done(ask.MoveProject("close")).message


# ------------------------------------------------------------------------------------------------- paths

PATHS = (
    "../outside", "a/../../b", "/tmp/x", "~/x", ".", "./", ".opencode", ".opencode/echelon/x", ".opencode/archive", ".git",
    "a/.git/b", ".opencode/projects", "C:\\x", "\\\\host\\x",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_W14_W15_W15b_a_path_that_may_not_be_is_refused_and_the_others_go_on(tmp_path: Path, path: str) -> None:
    files = portfolios.one_program(node("PRJ-001", path=path), node("PRJ-002"))
    precious = {"projects/mine.txt": "v2", "backlog.md": "mine", "spec.md": "mine"}
    space = Space(tmp_path, {**files, **precious})
    said = space.refused(ask.MoveProject("start", "PRJ-001"))
    assert said.code == "STORAGE_PATH_INVALID"
    assert "PRJ-001" in str(said)
    goes_on(space)
    assert {name: space.root.joinpath(name).read_text("utf-8") for name in precious} == precious


def goes_on(space: Space, project: str = "PRJ-002") -> None:
    assert space.done(ask.MoveProject("start", None)).data["project"] == project
    space.done(ask.StartItem(worlds.BASE, f"{project}/B002"))
    space.done(ask.FailItem("no", f"{project}/B002"))
    space.done(ask.MoveProject("suspend", project, None, "later"))


@pytest.mark.parametrize("path", ["../outside", ".opencode", "."])
def test_W15b_the_same_for_a_program(tmp_path: Path, path: str) -> None:
    files = portfolios.two_programs()
    rows = (node("PGM-001", priority=1, path=path), node("PGM-002"))
    space = Space(tmp_path, {**files, ".opencode/enterprise.md": portfolios.enterprise(*rows)})
    assert space.refused(ask.MoveProgram("start", "PGM-001")).code == "STORAGE_PATH_INVALID"
    assert space.done(ask.MoveProgram("start")).data["program"] == "PGM-002"


@pytest.mark.parametrize("second", ["work/a", "work/a/b", "work//a/.", "./work/a"])
def test_W12_W13_overlapping_folders_are_refused_for_both_and_the_others_go_on(tmp_path: Path, second: str) -> None:
    listed = (node("PRJ-001", path="work/a"), node("PRJ-003", path=second), node("PRJ-002"))
    files = {**portfolios.one_program(*listed), **portfolios.stored("work/a", item("B001"))}
    space = Space(tmp_path, files)
    for name in ("PRJ-001", "PRJ-003"):
        assert space.refused(ask.MoveProject("start", name)).code == "STORAGE_PATH_INVALID"
    goes_on(space)


@pytest.mark.parametrize("kind", ["link", "link above", "file", "folder for a file"])
def test_what_is_no_folder_of_files_is_refused_by_code_and_the_others_go_on(tmp_path: Path, kind: str) -> None:
    files = portfolios.one_program(node("PRJ-001", path="work/a"), node("PRJ-002"))
    space = Space(tmp_path, files)
    outside = tmp_path / "outside"
    write(outside, {"a/spec.md": "# Spec\n", "a/backlog.md": portfolios.backlog(item("B001"))})
    work = space.root / "work"
    if kind == "link above":
        work.symlink_to(outside)
    else:
        work.mkdir()
    if kind == "link":
        (work / "a").symlink_to(outside / "a")
    elif kind == "file":
        (work / "a").write_text("a file")
    elif kind == "folder for a file":
        (work / "a/backlog.md").mkdir(parents=True)
        (work / "a/spec.md").write_text("# Spec\n")
    before = {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()}
    for request in (ask.MoveProject("start", "PRJ-001"), ask.MoveProject("start", "PRJ-001", parallel=True)):
        assert space.refused(request).code == "STORAGE_PATH_INVALID"
    goes_on(space)
    text = space.read(".opencode/program.md")
    (space.root / ".opencode/program.md").write_text(text.replace("[ ]", "[/]", 1), "utf-8")
    asked = ask.StartItem(worlds.BASE, "PRJ-001/B001", parallel=True)
    assert space.refused(asked).code == "STORAGE_PATH_INVALID"
    assert {path: path.read_bytes() for path in outside.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_place_for_working_copies_that_is_none_is_refused_by_code_for_that_program_only(
    tmp_path: Path, kind: str
) -> None:
    space = Space(tmp_path, portfolios.two_programs())
    place = space.root / ".opencode/projects"
    place.mkdir()
    if kind == "link":
        (tmp_path / "outside").mkdir()
        (place / "PRJ-001").symlink_to(tmp_path / "outside")
    else:
        (place / "PRJ-001").write_text("a file")
    assert space.refused(ask.MoveProgram("start", "PGM-001")).code == "WORKING_FILES_IN_THE_WAY"
    assert space.done(ask.MoveProgram("start")).data["program"] == "PGM-002"


# ------------------------------------------------------------------------------ what the peer throws away


def test_W11_W60_files_of_nobody_stop_a_start_and_outlive_everything(tmp_path: Path) -> None:
    """A standalone program's files, and a backlog that somebody made between two projects."""
    mine = {
        ".opencode/projects/PRJ-009/backlog.md": "precious",
        ".opencode/program.md": portfolios.program(node("PRJ-009")),
    }
    space = Space(tmp_path, {**portfolios.two_programs(), **mine})
    assert space.refused(ask.MoveProgram("start", "PGM-001")).code == "WORKING_FILES_IN_THE_WAY"
    (space.root / ".opencode/program.md").unlink()
    space.done(ask.MoveProgram("start", "PGM-001"))
    write(space.root, {FRONT: "a side backlog"})
    assert space.refused(ask.MoveProject("start", "PRJ-001")).code == "WORKING_FILES_IN_THE_WAY"
    space.done(ask.MoveProgram("fail", "PGM-001", "why"))
    assert space.read(FRONT) == "a side backlog"
    assert space.read(".opencode/projects/PRJ-009/backlog.md") == "precious"


def test_W11_what_lies_where_a_working_copy_would_go_is_never_written_over(tmp_path: Path) -> None:
    space = Space(tmp_path, {**portfolios.two_programs(), TREE: "precious"})
    assert space.refused(ask.MoveProgram("start", "PGM-001")).code == "WORKING_FILES_IN_THE_WAY"
    assert space.read(TREE) == "precious"


@pytest.mark.parametrize("path", [f"{PRJ}/inner", f"{ONE}/x", ".opencode/programs/PGM-002/projects/PRJ-003"])
def test_a_project_in_the_way_of_others_is_refused_and_no_program_with_it(tmp_path: Path, path: str) -> None:
    files = portfolios.two_programs()
    rows = (node("PRJ-001"), node("PRJ-002"), node("PRJ-004", path=path, priority=1))
    space = Space(tmp_path, {**files, f"{ONE}/program.md": portfolios.program(*rows)})
    space.done(ask.MoveProgram("start", "PGM-001"))
    assert space.refused(ask.MoveProject("start", "PRJ-004")).code == "STORAGE_PATH_INVALID"
    assert space.done(ask.MoveProject("start", "PRJ-002")).data["project"] == "PGM-001/PRJ-002"


def test_W20_nothing_in_flight_leaks_into_the_next_project(tmp_path: Path) -> None:
    files = portfolios.one_program()
    space = Space(tmp_path, {**files, ".opencode/context.md": "mine\n"})
    space.done(ask.MoveProject("start", "PRJ-001"))
    space.done(ask.StartItem(worlds.BASE, "PRJ-001/B001"))
    active = space.read(".opencode/backlog-item-active.md")
    space.done(ask.MoveProject("suspend", "PRJ-001", None, "later"))
    assert not (space.root / ".opencode/backlog-item-active.md").exists()
    assert active in space.all().values(), "kept in the archive"
    space.done(ask.MoveProject("start", "PRJ-002"))
    second = space.done(ask.StartItem(worlds.BASE, "PRJ-002/B002"))
    assert "B001" not in space.read(".opencode/backlog-item-active.md") + second.message
    assert space.read(".opencode/context.md") == "mine\n"
    space.done(ask.MoveProject("suspend", "PRJ-002", None, "later"))
    space.done(ask.MoveProject("resume", "PRJ-001"))
    space.done(ask.MoveProject("start", "PRJ-001"))
    assert space.read(".opencode/backlog-item-active.md") == active


def test_W43_W61_nothing_below_opencode_is_ever_cleaned_away(tmp_path: Path) -> None:
    extra = {f".opencode/archive/old/{n}.md": str(n) for n in range(600)}
    extra |= {".opencode/package.json": "{}", ".opencode/node_modules/x/index.js": "1"}
    space = Space(tmp_path, {**portfolios.one_program(), **extra})
    space.done(ask.MoveProject("start", "PRJ-001"))
    space.done(ask.StartItem(worlds.BASE, "PRJ-001/B001"))
    space.done(ask.FailItem("no", "PRJ-001/B001"))
    assert [path for path, text in extra.items() if space.read(path) != text] == []


def test_W13_what_is_scaffolded_into_the_stored_folder_of_the_active_program_stays(space: Space) -> None:
    fresh = portfolios.stored(f"{ONE}/projects/PRJ-009", item("B001"))
    write(space.root, fresh)
    space.add(".opencode/program.md", node("PRJ-009"))
    space.done(ask.MoveProgram("fail", "PGM-001", "why"))
    assert {path: space.read(path) for path in fresh} == fresh
    space.done(ask.MoveProgram("reopen", "PGM-001", "again"))
    space.done(ask.MoveProgram("start", "PGM-001"))
    assert "PGM-001/PRJ-009" in [row.key for row in space.asker.world().portfolio.projects()]


def test_W23_W22_an_edit_between_reading_and_writing_is_decided_again_on_the_new_text(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person saves one of the copies after Echelon has read it: neither their word nor the decision is lost."""
    store, commit, struck = space.asker.workspace.store, space.asker.workspace.store.commit, []

    def struck_commit(change: object) -> object:
        if not struck:
            struck.append(True)
            space.add(TREE, "saved in between")
        return commit(change)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "commit", struck_commit)
    space.done(ask.StartItem(worlds.BASE, "B001"))
    for path in (FRONT, TREE, f"{PRJ}/backlog.md"):
        assert "saved in between" in space.read(path)
        assert "[/]" in space.read(path)
