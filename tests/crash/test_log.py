"""The operation log: exact both ways, closed in segments, and no byte of it can change unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crash.disks import ROOT, Clock, ModelDisk
from echelon.errors import ConflictError, InputError, LimitError, TamperError
from echelon.ports import Change
from echelon.store import log
from echelon.store.operations import Edit, backward, difference, digest_of, encode, forward
from echelon.store.transaction import Store

PATHS = (".opencode/backlog.md", ".opencode/projects/a/spec.md", "notes.md")
CONTENTS = st.none() | st.binary(max_size=40) | st.text("aé–\r\n[x] ", max_size=40).map(str.encode)


def write(store: Store, number: int, **writes: bytes | None) -> None:
    changes = {f".opencode/{name}.md": content for name, content in writes.items()}
    expected = {path: store.read(path) for path in changes}
    store.commit(Change(f"op-{number}", "test", {"n": number}, changes, expected))


@settings(deadline=None)
@given(CONTENTS, CONTENTS)
def test_an_edit_runs_both_ways(before: bytes | None, after: bytes | None) -> None:
    edit = Edit("x", digest_of(before), digest_of(after), 0, difference(before, after))
    assert forward(edit, before) == after
    assert backward(edit, after) == before


def test_a_flip_in_a_large_document_costs_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    large = "### B001 – é [ ]\n".encode() * 200_000
    write(store, 0, backlog=large)
    write(store, 1, backlog=large[:1_700_014] + b"x" + large[1_700_015:])
    assert len(encode(store.operations(1)[0])[1]) < 900


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(PATHS), CONTENTS, max_size=3), max_size=8))
def test_undoing_everything_backwards_gives_the_first_bytes(changes: list[dict[str, bytes | None]]) -> None:
    disk = ModelDisk(frozenset({("notes.md", b"mine\xff")}))
    store = Store(ROOT, Clock(), disk)
    worlds = [[store.read(path).content for path in PATHS]]
    for number, writes in enumerate(changes):
        expected = {path: store.read(path) for path in writes}
        store.commit(Change(f"op-{number}", "test", {}, writes, expected))
        worlds.append([store.read(path).content for path in PATHS])
    for number in reversed(range(len(changes))):
        store.undo(f"op-{number}" if number % 2 else None, "test")
        assert [store.read(path).content for path in PATHS] == worlds[number]
    for _ in changes:  # and an undone undo is a redo
        store.undo(store.operations(1)[0].id, "test")
        store.undo(store.operations(1)[0].id, "test")
    assert [store.read(path).content for path in PATHS] == worlds[0]
    with pytest.raises(InputError, match="UNKNOWN_OPERATION"):
        store.undo("nobody", "test")


def test_undo_is_refused_when_the_document_changed_since(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    write(store, 0, backlog=b"a", todo=b"t")
    write(store, 1, backlog=b"b")
    write(store, 2, todo=b"u")
    with pytest.raises(ConflictError, match=r"UNDO_CONFLICT.*backlog.md, .opencode/todo.md \(later.*op-2, op-1"):
        store.undo("op-0", "test")
    (tmp_path / ".opencode/todo.md").write_bytes(b"by hand")
    with pytest.raises(ConflictError, match="outside of Echelon"):
        store.undo("op-2", "test")
    assert store.undo("op-1", "test", "u1") == store.undo("op-1", "test", "u1")
    assert store.read(".opencode/backlog.md").content == b"a"


def test_any_changed_byte_is_found_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEGMENT_LINES", 2)
    disk = ModelDisk()
    for number in range(5):
        write(Store(ROOT, Clock(), disk), number, backlog=b"%d" % number)
    tree = disk.tree()
    for path, content in sorted((p, c) for p, c in tree if p.endswith(".jsonl") and c):
        rest = tree - {(path, content)}
        for at in range(0, len(content), 7 if len(content) > 2000 else 1):
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            with pytest.raises(TamperError) as error:
                store = Store(ROOT, Clock(), ModelDisk(rest | {(path, changed)}))
                store.recover()
                store.operations()
            assert error.value.code == "OPERATION_LOG_BROKEN"
            assert f"{path}, line " in error.value.message


def test_removed_swapped_and_older_lines_are_found(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    for number in range(4):
        write(store, number, backlog=b"%d" % number)
    file = tmp_path / ".opencode/echelon/operations.jsonl"
    a, b, c, d = file.read_bytes().splitlines(keepends=True)
    for lines in ([a, b, d], [a, c, b, d], [a, b, c], [a, b], [], [a, b, c, d[:-1]], [a, b, c, d, d], [b, c, d]):
        file.write_bytes(b"".join(lines))
        with pytest.raises(TamperError):
            Store(tmp_path, Clock()).recover()
            Store(tmp_path, Clock()).operations()
    file.write_bytes(b"".join((a, b, c, d)))
    assert len(store.operations()) == 4


def test_a_torn_last_line_is_cut_and_never_accepted(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    write(store, 0, backlog=b"a")
    file = tmp_path / ".opencode/echelon/operations.jsonl"
    whole = file.read_bytes()
    for torn in (b'{"id":"op-1"', b"\0\0\0\0", whole[:100] + bytes(50) + whole[150:]):
        file.write_bytes(whole + torn)
        assert len(store.operations()) == 1
        assert store.find("op-1") is None
        store.recover()
        assert file.read_bytes() == whole


def test_segments_close_and_everything_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEGMENT_LINES", 3)
    for number in range(10):
        write(Store(tmp_path, Clock()), number, backlog=b"%d" % number)
    store = Store(tmp_path, Clock())
    names = sorted(path.name for path in (tmp_path / ".opencode/echelon").glob("*.jsonl"))
    assert names == [
        "operations-000001.jsonl",
        "operations-000002.jsonl",
        "operations-000003.jsonl",
        "operations.jsonl",
    ]
    assert [operation.sequence for operation in store.operations()] == list(range(1, 11))
    assert [operation.id for operation in store.operations(5)] == [f"op-{number}" for number in range(5, 10)]
    assert [store.find(f"op-{number}") for number in range(10)] == list(store.operations())
    (tmp_path / ".opencode/echelon/head.json").unlink()
    assert store.read(".opencode/backlog.md").revision == 10
    write(Store(tmp_path, Clock()), 10, backlog=b"next")
    assert len(store.operations()) == 11


@pytest.mark.parametrize("damage", [None, b"", b"{}", b"\0" * 400, b'{"format":1}'])
def test_the_head_is_only_a_cache(tmp_path: Path, damage: bytes | None) -> None:
    write(Store(tmp_path, Clock()), 0, backlog=b"a")
    file = tmp_path / ".opencode/echelon/head.json"
    good = file.read_bytes()
    file.unlink() if damage is None else file.write_bytes(damage)
    assert Store(tmp_path, Clock()).read(".opencode/backlog.md").revision == 1
    Store(tmp_path, Clock()).recover()
    assert file.read_bytes() == good


def test_what_cannot_be_logged_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path, Clock())
    snapshot = store.read("a.md")
    for request in ({"x": object()}, {"x": float("nan")}, {"x": "\ud800"}):
        with pytest.raises(InputError, match="OPERATION_NOT_JSON"):
            store.commit(Change("op", "test", request, {"a.md": b""}, {"a.md": snapshot}))
    for name in ("", "a b", 'a"', "é", "x" * 201):
        with pytest.raises(InputError, match="OPERATION_ID_INVALID"):
            store.commit(Change(name, "test", {}, {}, {}))
    with pytest.raises(LimitError, match="FILE_TOO_LARGE"):
        store.commit(Change("op", "test", {}, {"a.md": bytes(16 * 1024 * 1024 + 1)}, {"a.md": snapshot}))
    with pytest.raises(LimitError, match="OPERATION_TOO_LARGE"):
        many = {f"{number}.md": store.read(f"{number}.md") for number in range(1001)}
        store.commit(Change("op", "test", {}, dict.fromkeys(many, b""), many))
    assert not (tmp_path / "a.md").exists() and store.operations() == ()
