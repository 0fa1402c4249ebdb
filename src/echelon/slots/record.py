"""What we remember of an open slot, in `slot.json` beside its work tree. Paths are never read from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from echelon.errors import TamperError
from echelon.slots.objects import checked_object
from echelon.slots.places import read_record, write_record


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """`tip` is the last snapshot, "" before the first. `brought` is the base merged into the files since, not yet in a
    snapshot. `bringing` and `bringing_tree` name a base whose files were being written when we last knew.
    `inode` tells whether the work tree is still the directory we made.
    """

    id: str
    base: str
    inode: int
    tip: str = ""
    brought: str = ""
    bringing: str = ""
    bringing_tree: str = ""

    @property
    def head(self) -> str:
        return self.tip or self.base

    def save(self, place: Path) -> None:
        write_record(place / "slot.json", asdict(self))


def load(place: Path, slot_id: str) -> SlotRecord | None:
    """The record, None when the slot was never opened to its end."""
    content = read_record(place / "slot.json")
    if content is None:
        return None
    try:
        record = SlotRecord(**content)
        for commit in (record.tip, record.brought, record.bringing, record.bringing_tree):
            checked_object(commit or record.base)
        whole = record.id == slot_id and isinstance(record.inode, int)
    except Exception as error:  # whatever is wrong with it, it is not what we wrote
        raise TamperError(
            "SLOT_RECORD_BROKEN", f"{place / 'slot.json'}: {error}.", "Its branch is untouched."
        ) from error
    if not whole:
        raise TamperError(
            "SLOT_RECORD_BROKEN", f"{place / 'slot.json'} names another slot.", "Its branch is untouched."
        )
    return record
