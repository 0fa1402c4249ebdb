"""The store: documents that change together or not at all, and a log of every change that can be run backwards.

Theory of operation. Everything that writes happens under one kernel lock per workspace. A commit compares the
snapshots its decision was made on, stages the new contents, appends the operation to the log - from here on it is
done, whatever happens - and moves the contents into place. Whoever takes the lock next brings the last operation to
its end if its writer could not; nobody else needs to know. An operation that is already in the log is answered from
there, so asking again after an unknown outcome does it once.
Sources: reliability.md section 4 rules 1-3; SQLite (two legal outcomes), jj (operation log), etcd (fence by revision).
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from echelon.errors import EchelonError, WorldError
from echelon.ports import Change, Clock, Snapshot
from echelon.store.apply import Applier, Finding
from echelon.store.files import (
    Disk,
    OsDisk,
    directories_up_to,
    make_directories,
    read_regular,
    replace_file,
    resolve,
    sweep_temps,
    sync_directories,
    world_errors,
)
from echelon.store.head import Head, HeadFile, Recorded
from echelon.store.lock import WAIT_SECONDS, Owner, workspace_lock
from echelon.store.log import OperationLog, Position
from echelon.store.operations import Operation, backward, digest_of
from echelon.store.plan import Plan, check_change, plan
from echelon.store.sidecar import sidecar_of
from echelon.store.undo import to_undo, undo_conflict

DIRECTORY = ".opencode/echelon"


@dataclass(frozen=True, slots=True)
class Recovery:
    """What `recover` did: documents that others had touched, and how many left-over temporary files went."""

    findings: tuple[Finding, ...]
    temps_removed: int


class Store:
    """The documents of one workspace. Reading creates nothing; the first write makes `.opencode/echelon/` (0700).

    All methods raise WorldError when the machine refuses, TamperError OPERATION_LOG_BROKEN when the log was changed,
    and those that write LockedError LOCK_BUSY after `wait_seconds`. Safe in threads and processes.
    """

    def __init__(self, root: Path, clock: Clock, disk: Disk | None = None, wait_seconds: float = WAIT_SECONDS) -> None:
        self.root = root
        self._clock = clock
        self._disk = disk or OsDisk()
        self._wait_seconds = wait_seconds
        self._directory = root / DIRECTORY
        self._log = OperationLog(self._disk, root, self._directory)
        self._head = HeadFile(self._disk, self._directory / "head.json", self._log)
        self._applier = Applier(self._disk, root, self._directory / "rescue")
        self._holder: int | None = None  # the thread that holds the lock through this store
        self._findings: list[Finding] = []

    # ------------------------------------------------------------------------------------------- reading

    def read(self, path: str) -> Snapshot:
        """The document at `path` (relative to the workspace); content None when there is none.

        Raises InputError PATH_NOT_ALLOWED, WorldError STATE_FILE_NOT_REGULAR, LimitError FILE_TOO_LARGE.
        """
        content = read_regular(self._disk, resolve(self._disk, self.root, path))
        known = self._head.current().documents.get(path)
        return Snapshot(path, content, digest_of(content), known.revision if known else 0)

    def documents(self) -> Mapping[str, Recorded]:
        """What the log says of every document it ever wrote: another digest on disk means an outside edit."""
        return self._head.current().documents

    def operations(self, last: int | None = None) -> tuple[Operation, ...]:
        """All operations, oldest first, the whole chain verified; or the `last` ones, verified as far as read."""
        if last is None:
            return tuple(self._log.history())
        newest = islice(self._log.newest_first(self._head.current().position), last)
        return tuple(reversed(tuple(newest)))

    def newest_first(self) -> Iterator[Operation]:
        """The same backwards, verified segment by segment: cheap when the caller stops early."""
        return self._log.newest_first(self._head.current().position)

    def find(self, operation_id: str) -> Operation | None:
        return self._log.find(operation_id, self._head.current().position)

    def findings(self) -> tuple[Finding, ...]:
        """What this store had to save or leave alone since it was opened, see Finding."""
        return tuple(self._findings)

    # ------------------------------------------------------------------------------------------- writing

    @contextlib.contextmanager
    def locked(self, owner: str = "echelon") -> Generator[None]:
        """Hold the workspace over read, decide and commit. `owner` is what others are told; not re-entrant."""
        lock_file = resolve(self._disk, self.root, f"{DIRECTORY}/lock")  # refuses when a directory above is a link
        make_directories(self._disk, self.root, self._directory, 0o700)
        who = Owner(os.getpid(), socket.gethostname(), self._clock.now(), owner)
        with workspace_lock(lock_file, who, self._wait_seconds, self._disk) as predecessor_died:
            self._ignore_directory()
            head = self._recovered()
            if predecessor_died:
                self._sweep(head)
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None

    @contextlib.contextmanager
    def _held(self, owner: str) -> Generator[None]:
        if self._holder == threading.get_ident():
            yield
        else:
            with self.locked(owner):
                yield

    def commit(self, change: Change) -> Operation:
        """Do all of `change.writes`, or nothing. A known operation id is answered from the log.

        Writes that change nothing are left out; the peer's version files are raised along. Raises ConflictError
        DOCUMENT_CHANGED, naming the paths, when a snapshot of `expected` is no longer true; InputError
        OPERATION_ID_INVALID, OPERATION_NOT_JSON, PATH_NOT_ALLOWED; LimitError OPERATION_TOO_LARGE, FILE_TOO_LARGE;
        WorldError COMMIT_UNFINISHED when it is logged, and the rest will be done by whoever comes next.
        """
        check_change(change)
        with self._held(f"commit {change.operation_id}"):
            return self._commit(change)

    def undo(self, operation_id: str | None, actor: str, undo_id: str = "") -> Operation:
        """Reverse one operation, byte for byte, as a new operation; its effects are not the store's to reverse.

        None takes the newest that is neither undone nor itself an undo. `undo_id` makes asking again safe. Raises
        ConflictError UNDO_CONFLICT when a document changed since, InputError UNKNOWN_OPERATION.
        """
        with self._held("undo"):
            known = self.find(undo_id) if undo_id else None
            if known:
                return known
            end = self._head.current().position
            operation, snapshots, writes = self._undone(operation_id, end)
            change = Change(
                operation_id=undo_id or f"undo-{end.sequence + 1}-{operation.digest[:12]}",
                actor=actor,
                request={"action": "undo", "operation": operation.id},
                writes=writes,
                expected=snapshots,
            )
            return self._commit(change, operation.id)

    def would_undo(self, operation_id: str) -> dict[str, tuple[bytes | None, bytes | None]]:
        """Path -> content now and after an undo of the operation. Reads only; raises what `undo` raises."""
        _, snapshots, writes = self._undone(operation_id, self._head.current().position)
        return {path: (snapshots[path].content, after) for path, after in writes.items()}

    def _undone(
        self, operation_id: str | None, end: Position
    ) -> tuple[Operation, dict[str, Snapshot], dict[str, bytes | None]]:
        operation = to_undo(self._log, end, operation_id)
        version_files = {sidecar_of(edit.path) for edit in operation.edits}
        edits = [edit for edit in operation.edits if edit.path not in version_files]
        snapshots = {edit.path: self.read(edit.path) for edit in edits}
        changed = [edit.path for edit in edits if snapshots[edit.path].digest != edit.after]
        if changed:
            raise undo_conflict(operation, changed, self._log.newest_first(end))
        return operation, snapshots, {edit.path: backward(edit, snapshots[edit.path].content) for edit in edits}

    def recover(self) -> Recovery:
        """Finish what an interrupted writer began, and remove what it left. Every write does the first by itself."""
        with world_errors(self._directory, "look at"):
            if self._disk.stat(self._directory) is None:
                return Recovery((), 0)
        seen = len(self._findings)
        with self._held("recover"):
            removed = self._sweep(self._recovered())
        return Recovery(tuple(self._findings[seen:]), removed)

    # --------------------------------------------------------------------------------------- under the lock

    def _ignore_directory(self) -> None:
        ignore = self._directory / ".gitignore"
        with world_errors(ignore, "look at"):
            found = self._disk.stat(ignore)
        if found is None:
            replace_file(self._disk, ignore, b"*\n")
            sync_directories(self._disk, directories_up_to(self.root, ignore))

    def _sweep(self, head: Head) -> int:
        """Look in `.opencode`, and where documents outside of it were written."""
        outside = {(self.root / path).parent for path in head.documents if not path.startswith(".opencode/")}
        removed = sweep_temps(self._disk, self.root / ".opencode")
        return removed + sum(sweep_temps(self._disk, place, deep=False) for place in sorted(outside))

    def _recovered(self) -> Head:
        """The true head. Only the last operation can be unfinished: its successor's writer came through here."""
        stored = self._head.stored() or Head()
        tail = self._log.after(stored.position)
        if tail.torn:
            self._log.cut(tail.end)
        if tail.operations:
            self._findings += self._applier.finish(tail.operations[-1])
        if tail.end == stored.position:
            return stored
        head = stored.after(tail.operations, tail.end)
        self._head.save(head)
        return head

    def _commit(self, change: Change, undoes: str = "") -> Operation:
        head = self._recovered()
        known = self._log.find(change.operation_id, head.position)
        if known:
            return known
        todo = plan(self._disk, self.root, change, head, self._clock.now(), undoes)
        self._applier.stage(todo.steps)
        end = self._log_and_install(todo, head)
        self._head.save(head.after([todo.operation], end))
        return todo.operation

    def _log_and_install(self, todo: Plan, head: Head) -> Position:
        """The moment of commit, and what follows from it. Returns the position after the operation."""
        start: Position | None = None
        try:
            start = self._log.make_room(head.position)
            self._log.append(todo.line)
            self._findings += self._applier.install(todo.steps, todo.operation)
        except EchelonError as error:
            self._roll_back(todo, start, error)
            raise
        return start.after(todo.operation, todo.line)

    def _roll_back(self, todo: Plan, start: Position | None, error: EchelonError) -> None:
        """Take back a commit that the disk refused. Raises COMMIT_UNFINISHED when the disk refuses that too."""
        try:
            if start:
                self._applier.undo_install(todo.steps)
                self._log.cut(start)
        except EchelonError:
            message = f"operation {todo.operation.id} could neither be finished nor taken back. {error.message}"
            step = "repair the cause and ask again with the same operation id: it will have happened once."
            raise WorldError("COMMIT_UNFINISHED", message, step) from error
        self._applier.drop(todo.steps)
