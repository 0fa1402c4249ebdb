"""Clean checkouts in which checks run: exactly one tree, nothing else, verified before it is handed out.

There is no `.git` in a gate unless a commit is named: most checks need none, and a check that finds one may judge the
history instead of the files. A place is used by one caller at a time, kept by a kernel lock, and re-used warm: going
from one tree to the next writes what differs only, and a place that held the same tree last is verified first and
mended where that fails. Which tree that was is a hint in a file beside it; nothing is believed of it. A place without
one, or in which files were written by other rules than the tree's, is made anew.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from echelon.errors import InputError, LockedError, WorldError
from echelon.slots.objects import checked_object
from echelon.slots.owned import make_throwaway
from echelon.slots.places import (
    locked,
    private_directory,
    read_small,
    real_directory,
    remove_tree,
    write_whole,
)
from echelon.slots.repository import Repository
from echelon.slots.worktree import WorkTree

GATES = 8
WAIT_SECONDS = 600.0
_POLL_SECONDS = 0.05


class Gates:
    """At most `number` checkouts at once, over all processes with this state directory."""

    def __init__(self, repository: Repository, *, number: int = GATES, seconds: float = WAIT_SECONDS) -> None:
        self._repository = repository
        self._directory = private_directory(repository.state / "gates")
        self._locks = private_directory(repository.state / "locks")
        self._number = max(1, min(number, GATES))
        self._seconds = seconds

    @contextlib.contextmanager
    def checkout(self, tree: str, keep: Sequence[str] = (), commit: str | None = None) -> Iterator[Path]:
        """A directory with exactly the files of `tree`; it is somebody else's again when the block ends.

        `keep` are top-level names (prepared dependencies) that survive from one use to the next. With `commit` the
        directory gets a throw-away repository whose HEAD is that commit.
        Raises: WorldError GATE_NOT_EXACT; LockedError GATES_BUSY when none came free in time; InputError GATE_KEEP_INVALID.
        """
        for name in keep:
            if not name or "/" in name or name in (".", "..", ".git"):
                raise InputError("GATE_KEEP_INVALID", f"{name!r} is not a top-level name.", "Name a file or folder.")
        with ExitStack() as stack:
            number, hold = self._free(stack, checked_object(tree))
            gate = self._prepare(number, hold, tree, keep)
            if commit is not None:
                self._give_git(gate, checked_object(commit))
            yield gate.work

    def _free(self, stack: ExitStack, tree: str) -> tuple[int, int]:
        """The number and lock of a place: one that held the tree last, else one that exists, else a new one."""
        deadline = time.monotonic() + self._seconds
        held = [self._held(number) for number in range(self._number)]
        order = sorted(range(self._number), key=lambda number: (held[number] != tree, not held[number]))
        while True:
            for number in order:
                with contextlib.suppress(LockedError):
                    return number, stack.enter_context(locked(self._locks / f"gate-{number}", 0, f"Gate {number}"))
            if time.monotonic() >= deadline:
                what = f"All {self._number} gates were in use for {self._seconds:g} s."
                raise LockedError("GATES_BUSY", what, "Wait for checks to end, or allow more gates.")
            time.sleep(_POLL_SECONDS)

    def _hint(self, number: int) -> Path:
        return self._directory / str(number) / "tree"

    def _held(self, number: int) -> str:
        return read_small(self._hint(number), 100).decode("ascii", "replace")

    def _prepare(self, number: int, hold: int, tree: str, keep: Sequence[str]) -> WorkTree:
        place = private_directory(self._directory / str(number))
        gate = WorkTree(self._repository, place / "work", place / "index", hold)
        held = self._held(number)
        for fresh in (False, True) if held else (True,):
            if fresh:  # a check left something git cannot undo, or a process died here: begin again from nothing
                remove_tree(place)
                private_directory(place)
            gate.work.mkdir(mode=0o700, exist_ok=True)
            self._hint(number).unlink(missing_ok=True)  # until it is true again
            try:
                real_directory(gate.work)
                remove_tree(gate.work / ".git")
                _make_exact(gate, tree, keep, "" if fresh else held)
                write_whole(self._hint(number), tree.encode("ascii"), durable=False)
            except Exception:  # whatever it was, the second try has nothing left over to stumble on
                if fresh:
                    raise
            else:
                return gate
        raise WorldError("GATE_NOT_EXACT", f"{gate.work} could not be prepared.", "Ask again.")

    def _give_git(self, gate: WorkTree, commit: str) -> None:
        repository = self._repository
        make_throwaway(
            gate.work,
            objects=repository.objects,
            index=gate.index,
            commit=commit,
            branch=None,
            ignore=b"",
            config=repository.throwaway_config,
            shallow=repository.common / "shallow",
        )


def _make_exact(gate: WorkTree, tree: str, keep: Sequence[str], held: str) -> None:
    """From the cheapest that may do; whichever does, the last step is always that the gate was verified.

    `held` is the tree that was here last, "" for an empty place.
    """
    if not held:
        gate.reset(tree)
        gate.verify(tree, keep, fresh=True)
    elif not gate.bring(held, tree, keep):
        gate.reset(tree)
        if not gate.exact(tree, keep):
            gate.clean(keep)
            gate.verify(tree, keep)
