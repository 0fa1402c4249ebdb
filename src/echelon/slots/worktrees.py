"""Slots: the places where items are worked on, each a directory of files outside the workspace with its own branch.

Theory of operation. `<state>/slots/<id>/` holds `work/` (the agent's directory, with a throw-away `.git` that we never
read as a repository), `index` (ours) and `slot.json`, written last when a slot is opened; a directory still marked
`opening` was never given to anybody, any other without a record is moved aside and kept. All writes happen under the slot's kernel lock, which our git children hold too. Closing keeps
everything under rescue references, then moves the directory away by one rename, then removes the branch; each step can
be repeated. The branch follows the record, never the other way: references can be written from a slot.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from echelon.errors import ConflictError, EchelonError, GitError, InputError, LockedError, TamperError
from echelon.ports import Slot
from echelon.slots import rescue
from echelon.slots.merge import merge_trees
from echelon.slots.objects import checked_id, checked_object
from echelon.slots.owned import make_throwaway
from echelon.slots.places import fresh_name, locked, private_directory, read_small, real_directory, remove_tree
from echelon.slots.pool import POOL_LIMIT, Pool, clean_place, make_place
from echelon.slots.record import SlotRecord, load
from echelon.slots.repository import BRANCH_PREFIX, STATE_DIRECTORY, Repository
from echelon.slots.staging import Problem, stage, with_state_of
from echelon.slots.worktree import WorkTree

LOCK_SECONDS = 60.0
OPENING = "opening"
MARKER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SlotSnapshot:
    """`commit` is None while the slot holds nothing the base does not; `problems` are paths that were not taken."""

    commit: str | None
    tree: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing kept: rescue references, and the directory itself where git could not save it."""

    rescued: tuple[str, ...]
    directory: str | None
    branch_deleted: bool


class Slots:
    """`exclude` are paths of prepared dependencies (`.venv`, `node_modules`): never part of a snapshot or rescue."""

    def __init__(self, repository: Repository, *, exclude: Sequence[str] = (), pool_limit: int = POOL_LIMIT) -> None:
        state = repository.state
        self._repository = repository
        self._exclude = tuple(exclude)
        self._slots = private_directory(state / "slots")
        self._trash = private_directory(state / "trash")
        self._kept = state / "kept"
        self._locks = private_directory(state / "locks")
        self._pool = Pool(repository, state / "pool", self._locks / "pool", pool_limit)

    # ------------------------------------------------------------------------------------------ life

    def open(self, slot_id: str, base_commit: str) -> Slot:
        """The slot of this id, made from `base_commit` unless it is open already (then nothing of it changes).

        A branch left over with commits the base does not have is kept under a rescue reference first.
        Raises: InputError SLOT_ID_INVALID; LockedError SLOT_BUSY; GitError; TamperError.
        """
        with self._locked(slot_id) as hold:
            place = self._slots / slot_id
            record = load(place, slot_id)
            new = record is None
            if record is None:
                record = self._make(place, slot_id, checked_object(base_commit), hold)
            elif not (place / "work/.git").is_dir():
                self._give_git(self._tree(record, hold), slot_id, record.brought or record.head)
            (place / OPENING).unlink(missing_ok=True)
            self._point_branch(record, new=new)
            return self._slot(record)

    def _make(self, place: Path, slot_id: str, base: str, hold: int) -> SlotRecord:
        self._clear(place)
        content = self._repository.tree_of(base)
        warm = self._pool.take(place, content)
        (private_directory(place) / OPENING).touch()
        tree = self._cleaned(place, content, hold) if warm else None
        if tree is None:
            remove_tree(place / "work")
            tree = make_place(self._repository, place, content, hold)
        self._give_git(tree, slot_id, base)
        record = SlotRecord(slot_id, base, tree.work.lstat().st_ino)
        record.save(place)
        return record

    def _cleaned(self, place: Path, content: str, hold: int) -> WorkTree | None:
        try:
            return clean_place(self._repository, place, content, hold)
        except (EchelonError, OSError):
            return None

    def _clear(self, place: Path) -> None:
        """Free a slot's directory that has no record: half made by a process that was killed, or its record was lost."""
        if (place / OPENING).exists():
            remove_tree(place)
        elif place.exists():
            place.rename(fresh_name(private_directory(self._kept), f"{place.name}."))

    def close(self, slot_id: str, *, keep_branch: bool = False, merged_into: str | None = None) -> Closed:
        """End the slot. What is neither in its snapshots nor ignored, commits of the agent's own, and a branch that is
        not contained in `merged_into` are kept under rescue references first. Closing twice is safe.
        """
        with self._locked(slot_id) as hold:
            place = self._slots / slot_id
            record = self._readable(place, slot_id)
            rescued: list[str] = []
            directory, away = None, None
            if record is not None:
                merged = merged_into is not None and self._contains(merged_into, record.head)
                kept, directory = self._keep_all(record, hold, state=not merged)
                rescued += kept
                away = fresh_name(self._trash, f"{slot_id}.") if directory is None else Path(directory)
                place.rename(away)
            else:
                self._clear(place)
            deleted = False if keep_branch else self._drop_branch(slot_id, record, merged_into, rescued)
            if record is not None and away is not None and directory is None:
                self._pool.give(away, hold, record.head)
            return Closed(tuple(rescued), directory, deleted)

    def _contains(self, commit: str, head: str) -> bool:
        """False also for a head this repository never had: the folder was made anew where another one was."""
        return self._repository.ref(head) is not None and self._repository.is_ancestor(head, commit)

    def _readable(self, place: Path, slot_id: str) -> SlotRecord | None:
        with contextlib.suppress(TamperError):  # a broken record must not make a slot that cannot be closed
            return load(place, slot_id)
        return None

    def _keep_all(self, record: SlotRecord, hold: int, *, state: bool) -> tuple[list[str], str | None]:
        # Where git cannot save something (damaged objects, names it refuses), the directory itself is kept.
        try:
            tree = self._tree(record, hold)
            ref = rescue.keep_files(tree, record.id, record.head, "slot closed", self._exclude, state=state)
            known = [record.head] if ref is None else [record.head, ref]
            known = [self._repository.ref(name) or name if name.startswith("refs/") else name for name in known]
            own = rescue.keep_agent_commits(tree, record.id, [*known, record.base])
        except (EchelonError, OSError):
            return [], str(fresh_name(private_directory(self._kept), f"{record.id}."))
        return [*([ref] if ref else []), *own], None

    def _drop_branch(self, slot_id: str, record: SlotRecord | None, merged: str | None, rescued: list[str]) -> bool:
        name = self._branch_ref(slot_id)
        found = self._repository.ref(name)
        if found is None:
            return False
        nothing_own = record is not None and found == record.base
        if not nothing_own and not (merged and self._repository.is_ancestor(found, merged)):
            rescued.append(rescue.keep(self._repository, slot_id, found))
        return self._repository.set_ref(name, None, found, "echelon: slot closed")

    def warm(self, number: int, base_commit: str) -> int:
        """Have `number` work trees ready in the pool; also clears what killed processes left. Returns how many it made."""
        for left in self._trash.iterdir():
            # A slot whose lock is taken is being closed right now; its directory is not left over.
            with contextlib.suppress(LockedError, InputError), self._locked(left.name.partition(".")[0], seconds=0):
                remove_tree(left)
        return self._pool.warm(number, self._repository.tree_of(base_commit))

    def open_slots(self) -> tuple[Slot, ...]:
        """The open slots, sorted by id. Raises TamperError SLOT_RECORD_BROKEN."""
        names = sorted(place.name for place in self._slots.iterdir())
        records = (load(self._slots / name, name) for name in names)
        return tuple(self._slot(record) for record in records if record is not None)

    def branches(self) -> dict[str, str]:
        """Every branch of a slot, open or not: name without the prefix -> commit."""
        prefix = f"refs/heads/{BRANCH_PREFIX}"
        answer = self._repository.git("for-each-ref", "--format=%(objectname) %(refname)", prefix)
        rows = (row.partition(" ")[::2] for row in answer.lines())
        return {name.removeprefix(prefix): commit for commit, name in rows}

    def moved(self) -> tuple[str, ...]:
        """Open slots whose branch is not where their record says; the next snapshot sets it back, and keeps the other."""
        known = self.branches()
        records = (load(self._slots / place.name, place.name) for place in sorted(self._slots.iterdir()))
        return tuple(row.id for row in records if row is not None and known.get(row.id, row.head) != row.head)

    # ------------------------------------------------------------------------------------------ work

    def snapshot(self, slot: Slot, message: str) -> SlotSnapshot:
        """Commit the slot's files, whatever the agent committed itself, and move the branch there.

        `.opencode` is always that of the base. Returns the last snapshot again when nothing changed since.
        """
        with self._locked(slot.id) as hold:
            record = self._finish(self._record(slot.id), hold)
            return self._snapshot(record, self._tree(record, hold), message)[1]

    def _snapshot(self, record: SlotRecord, tree: WorkTree, message: str) -> tuple[SlotRecord, SlotSnapshot]:
        repository = self._repository
        problems = stage(tree, (STATE_DIRECTORY, *self._exclude))
        # The first parent's state files, or those of the base brought in: that is where Echelon wrote them.
        content = with_state_of(repository, tree.tree(), record.brought or record.head)
        if not record.tip and content == repository.tree_of(record.brought or record.base):
            return record, SlotSnapshot(None, content, problems)
        if record.brought or content != repository.tree_of(record.head):
            parents = [record.head, *([record.brought] if record.brought else [])]
            tip = repository.commit(content, parents, message, date=rescue.now())
            record = replace(record, tip=tip, brought="")
            record.save(self._slots / record.id)  # before the branch: the branch follows the record
        self._point_branch(record)
        return record, SlotSnapshot(record.tip, content, problems)

    def look(self, slot: Slot) -> SlotSnapshot:
        """What a snapshot would give now; the slot's index, branch and record stay as they are, its files are read only.

        The last snapshot (with no problems named) while somebody works on the slot, or when its files change under us.
        """
        record = self._record(slot.id)
        try:
            with self._locked(slot.id, seconds=0) as hold:
                record = self._record(slot.id)
                return self._seen(record, hold)
        except (GitError, LockedError, OSError):
            return SlotSnapshot(record.tip or None, self._repository.tree_of(record.head))

    def _seen(self, record: SlotRecord, hold: int) -> SlotSnapshot:
        repository, head = self._repository, record.brought or record.head
        if record.bringing:  # files of two sides: the next snapshot sorts them out
            return SlotSnapshot(record.tip or None, repository.tree_of(record.head))
        with self._tree(record, hold).aside() as copy:
            problems = stage(copy, (STATE_DIRECTORY, *self._exclude))
            content = with_state_of(repository, copy.tree(), head)
        if content == repository.tree_of(head):
            return SlotSnapshot(record.tip or None, content, problems)
        parents = [record.head, *([record.brought] if record.brought else [])]
        return SlotSnapshot(
            repository.commit(content, parents, f"{record.id}: seen\n", date="@0 +0000"), content, problems
        )

    def bring_base(self, slot: Slot, base_commit: str) -> tuple[str, ...]:
        """Merge the moved base into the slot's files; returns the paths that conflict, which carry the usual markers.

        What the slot holds is a snapshot before; the next snapshot has both parents. `.opencode` on disk is left alone.
        Raises: GitError SLOT_IN_THE_WAY, when files that no snapshot takes are where the base has others.
        """
        with self._locked(slot.id) as hold:
            record = self._finish(self._record(slot.id), hold)
            tree = self._tree(record, hold)
            record, _ = self._snapshot(record, tree, f"{slot.id}: before the base is brought in")
            if self._repository.is_ancestor(checked_object(base_commit), record.brought or record.head):
                return ()
            merged, conflicts = merge_trees(self._repository, record.head, base_commit)
            current = tree.tree()
            target = with_state_of(self._repository, merged, current)
            tree.refresh()
            rehearsal = tree.git("read-tree", "-n", "-m", "-u", current, target, accept=(0, 128))
            if rehearsal.code:
                what = f"Files of the slot {slot.id} that are in no snapshot stand in the way of {base_commit[:12]}."
                raise GitError("SLOT_IN_THE_WAY", what, "Look at the problems of its snapshot; move or remove those.")
            record = replace(record, bringing=base_commit, bringing_tree=target)
            record.save(self._slots / slot.id)
            tree.git("read-tree", "-m", "-u", current, target)
            self._brought(record, tree)
            return conflicts

    def _finish(self, record: SlotRecord, hold: int) -> SlotRecord:
        """Complete a `bring_base` that was cut off: its files may be of either side, so they are kept first."""
        if not record.bringing:
            return record
        tree = self._tree(record, hold)
        rescue.keep_files(tree, record.id, record.head, "the base was half brought in", self._exclude, state=True)
        tree.reset(record.bringing_tree)
        return self._brought(record, tree)

    def _brought(self, record: SlotRecord, tree: WorkTree) -> SlotRecord:
        base = record.bringing
        try:
            rescue.keep_agent_commits(tree, record.id, [record.head, base])
        except (EchelonError, OSError):  # damaged: kept as files
            (tree.work / ".git").rename(fresh_name(private_directory(self._kept), f"{record.id}.git."))
        self._give_git(tree, record.id, base)  # so that the agent's `git diff` shows its own work only
        record = replace(record, brought=base, bringing="", bringing_tree="")
        record.save(self._slots / record.id)
        return record

    def rescue(self, slot: Slot, reason: str) -> str | None:
        """Save everything uncommitted but ignored files as a commit; its reference, None when there is nothing."""
        with self._locked(slot.id) as hold:
            record = self._record(slot.id)
            tree = self._tree(record, hold)
            return rescue.keep_files(tree, slot.id, record.head, reason, self._exclude, state=True)

    # ------------------------------------------------------------------------------------------ inside

    @contextlib.contextmanager
    def _locked(self, slot_id: str, seconds: float | None = None) -> Iterator[int]:
        wait = LOCK_SECONDS if seconds is None else seconds
        with locked(self._locks / f"slot-{checked_id(slot_id)}", wait, f"The slot {slot_id}") as hold:
            yield hold

    def _record(self, slot_id: str) -> SlotRecord:
        record = load(self._slots / slot_id, slot_id)
        if record is None:
            raise InputError("SLOT_UNKNOWN", f"There is no open slot {slot_id}.", "Open it first.")
        return record

    def _tree(self, record: SlotRecord, hold: int) -> WorkTree:
        place = self._slots / record.id
        work = real_directory(place / "work")
        if work.lstat().st_ino != record.inode:
            raise TamperError("SLOT_DIRECTORY_CHANGED", f"{work} was replaced.", "Look at who replaced it.")
        return WorkTree(self._repository, work, place / "index", hold)

    def _slot(self, record: SlotRecord) -> Slot:
        path = str(self._slots / record.id / "work")
        return Slot(record.id, path, BRANCH_PREFIX + record.id, record.base)

    def _branch_ref(self, slot_id: str) -> str:
        return f"refs/heads/{BRANCH_PREFIX}{slot_id}"

    def _point_branch(self, record: SlotRecord, *, new: bool = False) -> None:
        name = self._branch_ref(record.id)
        for attempt in range(4):
            # The branch of a slot just opened is not there, as a rule: asking for that costs as much as saying so.
            found = None if new and not attempt else self._repository.ref(name)
            if found == record.head:
                return
            if found is not None and not self._repository.is_ancestor(found, record.head):
                rescue.keep(self._repository, record.id, found)
            if self._repository.set_ref(name, record.head, found, "echelon: slot"):
                return
        raise ConflictError("SLOT_BRANCH_MOVES", f"{name} is being moved by somebody else.", "Ask again.")

    def _give_git(self, tree: WorkTree, slot_id: str, commit: str) -> None:
        names = "".join(f"/{name}\n" for name in self._exclude).encode()
        make_throwaway(
            tree.work,
            objects=self._repository.objects,
            index=tree.index,
            commit=commit,
            branch=BRANCH_PREFIX + slot_id,
            ignore=read_small(self._repository.excludes) + names,
            config=self._repository.throwaway_config,
            shallow=self._repository.common / "shallow",
        )


def conflict_markers(slot: Slot, paths: Sequence[str]) -> tuple[str, ...]:
    """Those of the paths that still carry conflict markers; a file beyond 16 MiB is looked at up to there."""
    return tuple(path for path in paths if _marked(read_small(Path(slot.path, path), MARKER_BYTES)))


def _marked(content: bytes) -> bool:
    starts = {line[:8] for line in content.split(b"\n")}
    return b"<<<<<<< " in starts and b">>>>>>> " in starts
