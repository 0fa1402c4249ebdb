"""Which open slots write the same files, and which would conflict, seen while their agents still work."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from echelon.core.overlap import overlapping
from echelon.errors import EchelonError
from echelon.ports import Slot
from echelon.slots.merge import merge_trees
from echelon.slots.repository import STATE_DIRECTORY, Repository
from echelon.slots.worktrees import Slots

OVERLAP_SLOTS_MAX = 16  # slots that are looked at, the first by id: at most 120 pairs
OVERLAP_PATHS_MAX = 2_000  # changed paths of one slot that are compared and shown


@dataclass(frozen=True, slots=True)
class SlotWork:
    """What a slot changed since it left the base. `commit` has no reference; None: nothing changed."""

    slot: str
    commit: str | None
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two slots that change the same files. `conflicts`: those that git could not merge, () when it merges them all."""

    first: str
    second: str
    paths: tuple[str, ...]
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """`left_out`: slots beyond OVERLAP_SLOTS_MAX, and slots that could not be read."""

    works: tuple[SlotWork, ...]
    meetings: tuple[Meeting, ...]
    left_out: tuple[str, ...]


def find_overlaps(repository: Repository, slots: Slots, base_commit: str) -> Overlaps:
    """Look at the open slots, without their agents noticing. What counts is what a slot changed since it left the base.

    Slots with no changed path in common are not merged with each other: a conflict of theirs, by a renamed folder,
    shows when the second one closes. Raises: TamperError SLOT_RECORD_BROKEN; GitError.
    """
    found = slots.open_slots()
    works: list[SlotWork] = []
    left_out = [slot.id for slot in found[OVERLAP_SLOTS_MAX:]]
    for slot in found[:OVERLAP_SLOTS_MAX]:
        try:
            works.append(_work(repository, slots, slot, base_commit))
        except EchelonError:  # closed meanwhile, or replaced: closing it says what is wrong
            left_out.append(slot.id)
    meetings = [_meeting(repository, one, other) for one, other in itertools.combinations(works, 2)]
    return Overlaps(tuple(works), tuple(meeting for meeting in meetings if meeting), tuple(left_out))


def _work(repository: Repository, slots: Slots, slot: Slot, base: str) -> SlotWork:
    seen = slots.look(slot)
    if seen.commit is None:
        return SlotWork(slot.id, None, ())
    fork = repository.git("merge-base", base, seen.commit).line()  # not what it was opened from: a base may be in it
    changed = (change.path for change in repository.changed(fork, seen.tree))
    paths = tuple(path for path in changed if not path.startswith(f"{STATE_DIRECTORY}/"))
    return SlotWork(slot.id, seen.commit, paths[:OVERLAP_PATHS_MAX])


def _meeting(repository: Repository, one: SlotWork, other: SlotWork) -> Meeting | None:
    paths = overlapping(one.paths, other.paths)
    if not paths or one.commit is None or other.commit is None:
        return None
    _, conflicts = merge_trees(repository, one.commit, other.commit)
    return Meeting(one.slot, other.slot, paths, conflicts)
