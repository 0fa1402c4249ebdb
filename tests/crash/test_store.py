"""The store on a real file system: first use, conflicts, outside edits, the peer's version files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from crash.disks import Clock, Watched
from echelon.errors import ConflictError, InputError, WorldError
from echelon.ports import Change
from echelon.store.files import OsDisk
from echelon.store.operations import Operation
from echelon.store.transaction import Store

PATH = ".opencode/backlog.md"


def write(store: Store, name: str, content: bytes | None, path: str = PATH) -> Operation:
    return store.commit(Change(name, "tester", {}, {path: content}, {path: store.read(path)}))


def test_reading_creates_nothing_and_the_first_write_a_private_ignored_directory(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    assert store.read(PATH).digest == "absent"
    assert (store.operations(), store.find("x"), store.recover().temps_removed) == ((), None, 0)
    assert list(tmp_path.iterdir()) == []
    write(store, "op", b"text")
    own = tmp_path / ".opencode/echelon"
    assert own.stat().st_mode & 0o777 == 0o700
    assert (own / ".gitignore").read_bytes() == b"*\n"
    assert sorted(path.name for path in own.iterdir()) == [".gitignore", "head.json", "lock", "operations.jsonl"]


def test_a_snapshot_that_is_no_longer_true_is_a_conflict_that_names_it(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    write(store, "op-0", b"a")
    stale, other = store.read(PATH), store.read("other.md")
    write(store, "op-1", b"b")
    write(store, "op-2", b"a")  # the same bytes again: the revision tells
    change = Change("op-3", "tester", {}, {"other.md": b"x"}, {PATH: stale, "other.md": other})
    with pytest.raises(ConflictError, match=r"DOCUMENT_CHANGED.*\.opencode/backlog\.md\."):
        store.commit(change)
    fresh = store.read(PATH)
    (tmp_path / PATH).write_bytes(b"by hand")
    with pytest.raises(ConflictError):
        store.commit(Change("op-4", "tester", {}, {PATH: b"c"}, {PATH: fresh}))
    assert (tmp_path / PATH).read_bytes() == b"by hand"
    assert write(store, "op-5", b"c").edits[0].revision == 3
    assert len(store.operations()) == 4


def test_a_known_operation_is_answered_and_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    first = write(store, "op", b"a")
    assert write(Store(tmp_path, Clock()), "op", b"other") == first
    assert store.read(PATH).content == b"a"


def test_a_write_of_the_same_bytes_is_no_edit(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    write(store, "op-0", b"a")
    before = (tmp_path / PATH).stat()
    assert write(store, "op-1", b"a").edits == ()
    assert (tmp_path / PATH).stat().st_mtime_ns == before.st_mtime_ns
    assert store.read(PATH).revision == 1


def test_the_lock_can_be_held_over_read_decide_commit(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    with store.locked("engine"):
        write(store, "op-0", b"a")
        write(store, "op-1", b"b")
        store.undo("op-1", "tester")
        with pytest.raises(AssertionError), store.locked("again"):
            pass
    assert store.read(PATH).content == b"a"


@pytest.mark.parametrize("name", ["lock", "head.json", "operations.jsonl", "Operations-000001.jsonl", "rescue/x"])
def test_the_stores_own_files_are_no_documents(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path, Clock())
    with pytest.raises(InputError, match="PATH_NOT_ALLOWED"):
        write(store, "op", b"x", f".opencode/echelon/{name}")


def test_a_linked_document_is_refused_and_its_target_kept(tmp_path: Path) -> None:
    (tmp_path / ".opencode").mkdir()
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / PATH).symlink_to(tmp_path / "target")
    with pytest.raises(WorldError, match="STATE_FILE_NOT_REGULAR"):
        write(Store(tmp_path, Clock()), "op", b"x")
    assert (tmp_path / PATH).is_symlink() and (tmp_path / "target").read_bytes() == b"mine"


@pytest.mark.parametrize("moment", ["create", "first sync", "second sync"])
def test_an_editor_that_saves_in_the_middle_of_a_commit_loses_nothing(tmp_path: Path, moment: str) -> None:
    """While contents are staged it is a conflict; once the operation is logged the editor's text is kept aside."""
    write(Store(tmp_path, Clock()), "op-0", b"old")
    seen: list[str] = []

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        seen.append(name)
        moments = {"create": ["create"], "first sync": ["sync"], "second sync": ["sync", "sync"]}
        if [call for call in seen if call == moments[moment][0]] == moments[moment] and name == moments[moment][0]:
            (tmp_path / PATH).write_bytes(b"by hand")

    busy = Store(tmp_path, Clock(), Watched(OsDisk(), before))  # type: ignore[arg-type]
    if moment == "second sync":  # of the log
        write(busy, "op-1", b"new")
        assert (tmp_path / PATH).read_bytes() == b"new"
        assert (tmp_path / ".opencode/echelon/rescue" / busy.findings()[0].rescue).read_bytes() == b"by hand"
    else:
        with pytest.raises(ConflictError, match="DOCUMENT_CHANGED"):
            write(busy, "op-1", b"new")
        assert (tmp_path / PATH).read_bytes() == b"by hand"
        assert len(busy.operations()) == 1


class Stop(BaseException):
    pass


def interrupt(root: Path, call: str) -> None:
    """Leave a commit of `new` on `old` stopped ahead of the first `call` on the document."""
    write(Store(root, Clock()), "op-0", b"old")

    def before(name: str, arguments: tuple[Any, ...]) -> None:
        if name == call and any(str(argument).endswith(("backlog.md", "head.json")) for argument in arguments):
            raise Stop

    with pytest.raises(Stop):
        write(Store(root, Clock(), Watched(OsDisk(), before)), "op-1", b"new")  # type: ignore[arg-type]


def test_an_edit_between_crash_and_recovery_is_rescued(tmp_path: Path) -> None:
    interrupt(tmp_path, "rename")
    (tmp_path / PATH).write_bytes(b"by hand")
    recovery = Store(tmp_path, Clock()).recover()
    assert [(finding.kind, finding.path, finding.operation) for finding in recovery.findings] == [
        ("rescued", PATH, "op-1")
    ]
    assert (tmp_path / PATH).read_bytes() == b"new"
    assert (tmp_path / ".opencode/echelon/rescue" / recovery.findings[0].rescue).read_bytes() == b"by hand"


def test_an_edit_after_the_document_was_done_stands(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    write(store, "op-0", b"old")
    write(store, "op-1", b"new")
    (tmp_path / ".opencode/echelon/head.json").unlink()  # as if the writer had died just before it
    (tmp_path / PATH).write_bytes(b"by hand")
    recovery = Store(tmp_path, Clock()).recover()
    assert [finding.kind for finding in recovery.findings] == ["kept"]
    assert (tmp_path / PATH).read_bytes() == b"by hand"


def test_without_its_temporary_file_the_log_is_enough(tmp_path: Path) -> None:
    interrupt(tmp_path, "rename")
    for temp in (tmp_path / ".opencode").glob("*.tmp"):
        temp.unlink()
    Store(tmp_path, Clock()).recover()
    assert (tmp_path / PATH).read_bytes() == b"new"


@pytest.mark.parametrize(
    ("before", "version"),
    [(b'{"version":2,"timestamp":1,"author":"Human"}', 3), (b'{"version":"7"}', 8), (b"null", 1), (b"\xff", 1),
     (b'{"version":1e400}', 1), (b"[" * 9000, 1)],
)  # fmt: skip
def test_the_peers_version_file_is_raised_where_it_is(tmp_path: Path, before: bytes, version: int) -> None:
    (tmp_path / ".opencode").mkdir()
    file = tmp_path / ".opencode/backlog.version.json"
    file.write_bytes(before)
    store = Store(tmp_path, Clock())
    write(store, "op-0", b"a")
    record = json.loads(file.read_bytes())
    assert (record["version"], record["author"]) == (version, "tester") and record["timestamp"] > 1.7e12
    write(store, "op-1", b"b", ".opencode/todo.md")
    write(store, "op-2", b"b", ".opencode/projects/x/backlog.md")
    assert json.loads(file.read_bytes())["version"] == version
    store.undo("op-0", "tester")
    assert json.loads(file.read_bytes())["version"] == version + 1
    assert not (tmp_path / ".opencode/todo.version.json").exists()


def test_a_version_file_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".opencode").mkdir()
    (tmp_path / ".opencode/backlog.version.json").symlink_to("elsewhere")
    write(Store(tmp_path, Clock()), "op", b"a")
    assert not os.path.lexists(tmp_path / ".opencode/elsewhere")
