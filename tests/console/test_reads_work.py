"""What the page shows of work: diffs of slots and merges, missions, evidence, operations and history. On real git."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from echelon.console.reads import diffs, evidence, item, mission, operations, overview, slots
from echelon.core import loops
from echelon.core.decide import Decision, Refusal
from echelon.core.loops import Loop
from echelon.engine import undoing
from echelon.engine.history import content_at
from echelon.errors import ConflictError
from echelon.slots import diffs as trees
from mirrors import Still
from slots_world import World, plain, write
from workspaces import HONEST, THREE, Shop, check, does
from workspaces import backlog as backlog_text
from workspaces import item as item_text


def working(tmp_path: Path, **options: object) -> tuple[Shop, Still, Path]:
    """B001 delivered, B002 in flight; the directory of its slot."""
    shop = Shop.make(tmp_path, **options)  # type: ignore[arg-type]
    shop.deliver("B001")
    engine = shop.engine()
    assert isinstance(engine.start("B002"), Decision)
    mirror = Still(engine)
    return shop, mirror, Path(engine.work.slots.open_slots()[0].path)


def diff(answer: diffs.Diff | Refusal) -> diffs.Diff:
    assert isinstance(answer, diffs.Diff), answer
    return answer


# --------------------------------------------------------------------------------------------------- diffs


def test_a_slots_diff_has_committed_uncommitted_and_untracked_work(tmp_path: Path) -> None:
    """And none of Echelon's own files (peer-console.md §5.20)."""
    _, mirror, place = working(tmp_path, files={"keep.txt": "1\n2\n3\n", "gone.txt": "x\n", "bin": b"\0\1"})
    write(place, {"new.txt": "new\n", "keep.txt": "1\ntwo\n3\n", "bin": b"\0\2", "blank name.txt": ""})
    (place / "gone.txt").unlink()
    mirror.engine.work.slots.snapshot(mirror.engine.work.slots.open_slots()[0], "half")
    write(place, {"later.txt": "later\n"})
    found = diff(diffs.slot_diff(mirror, "B002"))
    rows = {row.path: row for row in found.files}
    assert set(rows) == {"new.txt", "keep.txt", "bin", "gone.txt", "later.txt", "blank name.txt"}
    assert (rows["keep.txt"].added, rows["keep.txt"].removed, rows["keep.txt"].status) == (1, 1, "modified")
    assert [(line.kind, line.text) for line in rows["keep.txt"].hunks[0].lines] == [
        ("context", "1"), ("removed", "2"), ("added", "two"), ("context", "3")
    ]  # fmt: skip
    assert rows["bin"].binary and rows["gone.txt"].status == "deleted" and rows["later.txt"].status == "added"
    assert found.left_out == [] and found.base and found.head


def test_looking_at_a_slot_leaves_it_as_it_is(tmp_path: Path) -> None:
    shop, mirror, place = working(tmp_path)
    write(place, {"new.txt": "new\n"})
    before = shop.git("for-each-ref"), shop.git("status", "--porcelain"), sorted(place.iterdir())
    diffs.slot_diff(mirror, "B002")
    slots.slots(mirror)
    assert before == (shop.git("for-each-ref"), shop.git("status", "--porcelain"), sorted(place.iterdir()))


def test_an_item_shows_what_its_merge_changed(tmp_path: Path) -> None:
    shop, mirror, _ = working(tmp_path)
    found = diff(diffs.item_diff(mirror, "B001"))
    assert [row.path for row in found.files] == ["B001.txt"] and found.head == shop.git("rev-parse", "main")
    assert diff(diffs.item_diff(mirror, "B002")).files == [] == diff(diffs.item_diff(mirror, "B003")).files
    for answer in (diffs.item_diff(mirror, "B404"), diffs.slot_diff(mirror, "B001"), diffs.slot_diff(mirror, "../x")):
        assert isinstance(answer, Refusal) and answer.code in ("ITEM_UNKNOWN", "SLOT_UNKNOWN")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


def test_no_program_of_the_repository_runs(world: World, tmp_path: Path) -> None:
    """Peer-console.md §2 row 11: external diff, text conversion and attributes are somebody's commands."""
    mark = tmp_path / "ran"
    script = tmp_path / "evil.sh"
    script.write_text(f'#!/bin/sh\ntouch {mark}\ncat "$1"\n', "utf-8")
    script.chmod(0o755)
    for name, value in (
        ("diff.external", str(script)),
        ("diff.evil.textconv", str(script)),
        ("diff.evil.command", str(script)),
    ):
        plain(world.top, "config", name, value)
    old = world.head()
    new = world.commit({".gitattributes": "* diff=evil\n", "a.txt": "one\nTWO\nthree\n"})
    found = trees.difference(world.repository(), old, new)
    assert {row.path for row in found.files} == {".gitattributes", "a.txt"} and not mark.exists()
    assert next(row for row in found.files if row.path == "a.txt").added == 1


def test_renames_links_modes_and_odd_names_are_told(world: World) -> None:
    world.commit(
        {
            "long.txt": "".join(f"{n}\n" for n in range(50)),
            "run.sh": "x\n",
            "kind": "was a file\n",
            'tab\t"q".txt': "q\n",
        }
    )
    old = world.head()
    plain(world.top, "mv", "long.txt", "moved.txt")
    (world.top / "run.sh").chmod(0o755)
    (world.top / "kind").unlink()
    (world.top / "kind").symlink_to("a.txt")
    new = world.commit({"new\nline.txt": "n\n", 'tab\t"q".txt': "Q\n"})
    rows = {row.path: row for row in trees.difference(world.repository(), old, new).files}
    assert (rows["moved.txt"].status, rows["moved.txt"].old_path, rows["moved.txt"].too_large) == (
        "renamed",
        "long.txt",
        False,
    )
    assert rows["kind"].status == "type" and rows["run.sh"].hunks == ()
    assert rows["new\\x0aline.txt"].added == 1 and rows['tab\t"q".txt'].added == 1


def test_a_diff_is_bounded_and_says_what_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.head()
    new = world.commit({f"f{n:03}.txt": f"{n}\n" for n in range(20)} | {"large.txt": "x" * 5000, "z.txt": "y\n" * 100})
    monkeypatch.setattr(trees, "FILES_MAX", 21)
    monkeypatch.setattr(trees, "FILE_BYTES_MAX", 1000)
    found = trees.difference(world.repository(), old, new)
    assert len(found.files) == 21 and found.files_left_out == 1
    assert next(row for row in found.files if row.path == "large.txt").too_large
    monkeypatch.setattr(trees, "BYTES_MAX", 30)
    world2 = trees.difference(world.repository(), old, new)
    assert 0 < sum(1 for row in world2.files if row.hunks) < 15 and any(row.too_large for row in world2.files)


def test_a_hostile_file_cannot_forge_another(world: World) -> None:
    old = world.head()
    forged = "x\ndiff --git a/passwd b/passwd\nindex 0000000..1111111\n--- a/passwd\n+++ b/passwd\n@@ -1 +1 @@\n-a\n+b\n\\ No newline\n"
    new = world.commit({"a.txt": forged, "b\x1b[31m.txt": "b\n"})
    found = trees.difference(world.repository(), old, new)
    assert [row.path for row in found.files] == ["a.txt", "b\\x1b[31m.txt"]
    assert found.files[0].added == len(forged.splitlines()) and len(found.files[0].hunks) == 1


# ------------------------------------------------------------------------------------------ items in flight


def test_a_mission_shows_its_tasks_and_what_code_saw(tmp_path: Path) -> None:
    text = backlog_text(item_text("B001", check("grep -qx done B001.txt"), "it reads well", depends="—"))
    shop = Shop.make(tmp_path, text, {})
    engine = shop.engine()
    engine.start("B001")
    mirror = Still(engine)
    place = Path(engine.work.slots.open_slots()[0].path)
    todo = place / ".opencode/todo.md"
    head = todo.read_text("utf-8").split("\n- [ ]")[0]
    todo.write_text(f"{head}\n- [x] first\n  - [/] inner \x1b[2J\n    - [ ] deep\n- [ ] last\n", "utf-8")
    row = mission.missions(mirror).missions[0]
    assert [(task.depth, task.done) for task in row.todo] == [(0, True), (1, False), (2, False), (0, False)]
    assert (row.done, row.total, row.todo_current) == (1, 4, True) and "\x1b" not in row.todo[1].text
    assert [(one.kind, one.state) for one in row.criteria] == [("check", "open"), ("attest", "open")]
    assert row.to_attest == [2] and row.verification is None
    write(place, {"B001.txt": "done\n"})
    todo.write_text(head.replace("[ ]", "[x]"), "utf-8")
    assert isinstance(engine.verify("B001"), Refusal)
    seen = mission.missions(mirror.look(), "B001").missions[0]
    assert seen.verification is not None and not seen.verification.passed
    assert [(one.kind, one.state) for one in seen.criteria] == [("check", "green"), ("attest", "open")]
    waits = overview.overview(mirror).inbox
    assert [(one.kind, one.action, one.arguments) for one in waits] == [
        ("attestation", "backlog_attest", {"item_id": "B001", "criterion": 2})
    ]


def test_a_link_in_a_slot_is_not_followed(tmp_path: Path) -> None:
    _, mirror, place = working(tmp_path)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "todo.md").write_text("- [x] the secret\n", "utf-8")
    todo = place / ".opencode/todo.md"
    todo.unlink()
    todo.symlink_to(secret / "todo.md")
    assert mission.missions(mirror).missions[0].todo == []
    todo.unlink()
    for path in sorted((place / ".opencode").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (place / ".opencode").rmdir()
    (place / ".opencode").symlink_to(secret)
    assert mission.missions(mirror).missions[0].todo == []


def test_slots_are_told_with_their_state_and_who_else_writes_there(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    engine = shop.engine()
    engine.start("B001", parallel=True)
    engine.start("B003", parallel=True)
    mirror = Still(engine)
    for slot, word in zip(engine.work.slots.open_slots(), ("a", "b"), strict=True):
        write(Path(slot.path), {"same.txt": f"{word}\n"})
    engine.work.slots.snapshot(engine.work.slots.open_slots()[0], "half of it")
    found = {row.id: row for row in slots.slots(mirror).slots}
    assert [row.dirty for row in found.values()] == [False, True] and all(row.looked for row in found.values())
    assert [one.subject for one in found["B001"].commits] == ["half of it"] and found["B001"].ahead == 1
    assert [(one.slot, one.paths, one.conflicts) for one in found["B001"].overlaps] == [("B003", ["same.txt"], True)]
    many = [threading.Thread(target=slots.slots, args=(mirror,)) for _ in range(8)]
    for thread in many:
        thread.start()
    for thread in many:
        thread.join(30)
    assert not any(thread.is_alive() for thread in many)


def test_a_slot_that_is_gone_is_missing_and_not_opened_by_a_look(tmp_path: Path) -> None:
    _, mirror, place = working(tmp_path)
    place.parent.rename(tmp_path / "away")
    row = slots.slots(mirror).slots[0]
    assert row.missing and not place.exists()
    answer = diffs.slot_diff(mirror, "B002")
    assert isinstance(answer, Refusal) and answer.code == "SLOT_UNKNOWN"


def test_an_item_page_has_everything_of_it(tmp_path: Path) -> None:
    spec = "# Spec — S\n\n## Objective\nAll.\n\n## Part\n### Why B002\nBecause.\n\n### Other\nNo.\n"
    _, mirror, _ = working(tmp_path, spec=spec)
    found = item.item(mirror, "B002")
    assert isinstance(found, item.Item)
    assert found.spec is not None and (found.spec.title, found.spec.text) == ("Why B002", "Because.")
    assert [row.key for row in found.depends_on] == ["B001"] and found.mission is not None
    assert [row.name for row in found.actions] == [
        "backlog_verify_item", "backlog_close_item", "backlog_rework_item", "backlog_suspend_item", "backlog_fail_item"
    ]  # fmt: skip
    done = item.item(mirror, "B001")
    assert isinstance(done, item.Item) and done.evidence is not None and done.actions == []
    assert [row.state for row in done.criteria] == ["proved"] and [row.reason for row in done.attempts] == ["delivered"]
    assert [row.type for row in done.journal] == ["item_delivered", "item_started"]
    assert done.spec is not None and done.spec.title == "Objective"


def test_evidence_is_told_with_how_to_run_it_again(tmp_path: Path) -> None:
    shop, mirror, _ = working(tmp_path)
    listed = evidence.evidence(mirror)
    assert listed.coverage["proved"] == 1 and listed.chain.holds is True
    row = listed.items[0]
    assert shop.cli(*row.rerun.split()[1:]).returncode == 0
    told = evidence.statement(mirror, "B001")
    assert isinstance(told, evidence.Statement) and told.statement is not None and told.problems == []
    assert [(run.base, run.candidate) for run in told.checks] == [("red", "green")]
    log = shop.root / ".opencode/echelon/evidence.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"outcome":"green"', b'"outcome":"red"'))
    broken = evidence.evidence(mirror.look())
    assert broken.chain.holds is False and broken.chain.problems
    bare = evidence.statement(mirror, "B003")
    assert isinstance(bare, evidence.Statement) and bare.statement is None


# --------------------------------------------------------------------------------------------- operations


def test_operations_come_newest_first_in_pages_and_grow(tmp_path: Path) -> None:
    _, mirror, _ = working(tmp_path)
    first = operations.operations(mirror, limit=3)
    assert [row.sequence for row in first.operations] == [4, 3, 2] and first.more
    rest = operations.operations(mirror, before=2)
    assert [row.sequence for row in rest.operations] == [1] and not rest.more
    assert first.operations[0].item == "B002" and not first.operations[0].undoable
    mirror.engine.write("test", lambda _w, _n: {".opencode/context.md": "one\n"})
    newest = operations.operations(mirror, limit=1).operations[0]
    assert (newest.sequence, newest.undoable, newest.undone) == (5, True, False)


def test_a_change_is_about_an_item_and_says_what_it_was(tmp_path: Path) -> None:
    """A record of the checks is written for a mission, which has no page of its own."""
    shop, mirror, _ = working(tmp_path)
    assert isinstance(mirror.engine.verify("B002"), Refusal)
    found = overview.overview(Still(shop.engine())).changes
    assert ("B002", "RECORDED what the checks said") in [(row.key, row.text) for row in found]


def test_older_operations_are_read_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LOADED_FIRST", 3)
    shop = Shop.make(tmp_path, git=False)
    mirror = Still(shop.engine())
    for n in range(20):
        mirror.engine.write("test", lambda _w, _t, n=n: {".opencode/context.md": f"{n}\n"})
    assert [row.sequence for row in operations.operations(mirror, before=6, limit=3).operations] == [5, 4, 3]
    assert [row.sequence for row in operations.operations(mirror, limit=500).operations] == list(range(20, 0, -1))


def test_one_operation_shows_its_documents_before_and_after(tmp_path: Path) -> None:
    _, mirror, _ = working(tmp_path)
    found = operations.operation(mirror, 3)
    assert isinstance(found, operations.OperationDetail)
    rows = {row.path: row for row in found.files}
    lines = [(line.kind, line.text) for line in rows[".opencode/backlog.md"].hunks[0].lines if line.kind != "context"]
    assert lines == [("removed", "- Status: [/]"), ("added", "- Status: [x]")]
    assert found.unknown == [] and "git revert" not in found.why_not_undoable and found.why_not_undoable
    assert isinstance(operations.operation(mirror, 99), Refusal) and isinstance(
        operations.operation(mirror, 0), Refusal
    )


def test_time_travel_gives_the_text_of_then(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    mirror = Still(shop.engine())
    store, path = mirror.workspace.store, ".opencode/context.md"
    for text in ("a\n", "a\nb\n", None, "c\n"):
        mirror.engine.write("test", lambda _w, _n, text=text: {path: text})
    told = [operations.history(mirror, path, at) for at in (1, 2, 3, 4)]
    assert [(row.exists, row.text) for row in told if isinstance(row, operations.HistoryText)] == [
        (True, "a\n"), (True, "a\nb\n"), (False, ""), (True, "c\n")
    ]  # fmt: skip
    (shop.root / path).write_text("by hand\n", "utf-8")
    assert content_at(store, path, 2) == b"a\nb\n", "forwards from the operation that made it"
    mirror.engine.write("test", lambda _w, _n: {path: "by us\n"})
    assert content_at(store, path, 5) == b"by us\n" and content_at(store, path, 4) == b"c\n"
    for other in ("README.md", "../x", "/etc/passwd"):
        assert isinstance(operations.history(mirror, other, 1), Refusal)


def test_a_text_nobody_can_know_is_not_invented(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    mirror = Still(shop.engine())
    path = ".opencode/backlog.md"  # was there before Echelon
    mirror.engine.write("test", lambda w, _n: {path: w.text(path) + "\nmore\n"})
    text = (shop.root / path).read_text("utf-8")
    assert content_at(mirror.workspace.store, path, 1) == text.encode()
    (shop.root / path).write_text(text + "by hand\n", "utf-8")
    mirror.engine.write("test", lambda w, _n: {path: w.text(path) + "again\n"})
    found = operations.history(mirror, path, 1)
    assert isinstance(found, Refusal) and found.code == "HISTORY_UNKNOWN"
    shown = operations.operation(mirror, 1)
    assert isinstance(shown, operations.OperationDetail) and shown.unknown == [path]
    assert [line.text for line in shown.files[0].hunks[0].lines if line.kind == "added"][-1] == "more"


def test_undo_is_shown_before_it_is_done(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    mirror = Still(shop.engine())
    path = ".opencode/context.md"
    for text in ("one\n", "two\n"):
        mirror.engine.write("test", lambda _w, _n, text=text: {path: text})
    dry = operations.undo(mirror, 2)
    assert isinstance(dry, operations.Undo) and dry.dry_run and (shop.root / path).read_text("utf-8") == "two\n"
    assert [(line.kind, line.text) for line in dry.files[0].hunks[0].lines] == [("removed", "two"), ("added", "one")]
    with pytest.raises(ConflictError, match="repair-"):  # it names the later operation
        operations.undo(mirror, 1)
    done = operations.undo(mirror, 2, dry_run=False)
    assert isinstance(done, operations.Undo) and (shop.root / path).read_text("utf-8") == "one\n"
    rows = {row.sequence: row for row in operations.operations(mirror).operations}
    assert rows[2].undone and not rows[2].undoable and rows[3].undoes == rows[2].id
    again = operations.undo(mirror, 3, dry_run=False)
    assert isinstance(again, operations.Undo)
    assert not {row.sequence: row for row in operations.operations(mirror).operations}[2].undone


def test_an_undo_that_is_refused_says_the_way(tmp_path: Path) -> None:
    _, mirror, _ = working(tmp_path, text=THREE, plays=HONEST)
    started = operations.undo(mirror, 4)
    assert isinstance(started, Refusal) and "backlog_suspend_item" in started.reasons[0]
    assert undoing.preview(mirror.engine, None) and does


def test_what_loops_used_is_counted_on_the_day_they_began(tmp_path: Path) -> None:
    """An attempt that agents made in OpenCode is told of no tokens; the loop above it is."""
    _, mirror, _ = working(tmp_path, plays={"B001": [does("B001", tokens=1_000)]})
    yesterday = Loop("ses_a", "project", "ProjectCommander", "", 1_700_000_000.0, 1, tokens=40, cost=0.5)
    broken = replace(yesterday, session="ses_b", since=1e30, tokens=2)
    path = mirror.workspace.state / loops.FILE
    path.write_text(loops.write({row.session: row for row in (yesterday, broken)}), "utf-8")
    cost = overview.overview(mirror).cost
    assert [(row.tokens, row.attempts) for row in cost.by_day] == [(2, 0), (40, 0), (1_100, 1)]
    assert cost.by_day[1].day == "2023-11-14"
    assert (cost.today_tokens, cost.tokens, cost.cost) == (1_100, 1_142, 1.0)
