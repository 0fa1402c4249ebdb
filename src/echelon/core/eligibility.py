"""Which item may start next, and why each other one may not.

Order: priority, then age, then size (S before M before L before XL). Age is the position in the file, which no two
items of one file share; so size decides only between items that stand at the same position of different files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import SIZES, State
from echelon.core.documents.graph import cycles

SHOWN_MAX = 20  # reasons listed in one refusal


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a pending item cannot start: a code of core.codes and a sentence."""

    item: str
    code: str
    message: str


def rank(entry: Entry) -> tuple[int, int, int]:
    return entry.priority, entry.order, SIZES.index(entry.size)


def obstacles_of(
    entry: Entry, backlog: EntriesDocument, external: Mapping[str, Entry], held: Mapping[str, str]
) -> tuple[Obstacle, ...]:
    """Every reason why this pending entry cannot start now. `held`: entry -> pending escalation that concerns it.

    `external`: what other documents say of the entries that this one's wait for, `PRJ-001/B003` -> that item.
    """
    found: list[Obstacle] = []
    if entry.broken or entry.id in backlog.duplicates:
        found.append(Obstacle(entry.id, "ENTRY_BROKEN", f"{entry.id} has errors: echelon doctor shows where"))
    if entry.id in held:
        found.append(Obstacle(entry.id, "ESCALATION_PENDING", f"{entry.id} waits for a decision on {held[entry.id]}"))
    for wanted in entry.depends:
        other = external.get(wanted) if "/" in wanted else backlog.find(wanted)
        if other is not None and other.settled:
            continue
        if other is None:
            message = f"{entry.id} depends on {wanted}, which does not exist"
            found.append(Obstacle(entry.id, "UNKNOWN_DEPENDENCY", message))
        else:
            code = "DEPENDENCY_FAILED" if other.state is State.FAILED else "DEPENDENCY_UNMET"
            found.append(Obstacle(entry.id, code, f"{entry.id} waits for {wanted}, which is {other.state.value}"))
    return tuple(found)


def select(
    backlog: EntriesDocument, external: Mapping[str, Entry], held: Mapping[str, str]
) -> tuple[tuple[Entry, ...], tuple[Obstacle, ...]]:
    """(eligible entries in order, obstacles of the other pending ones)."""
    eligible: list[Entry] = []
    obstacles: list[Obstacle] = []
    for entry in backlog.entries:
        if entry.state is not State.PENDING:
            continue
        found = obstacles_of(entry, backlog, external, held) if _may_wait(entry, backlog, held) else ()
        if found:
            obstacles.extend(found)
        else:
            eligible.append(entry)
    return tuple(sorted(eligible, key=rank)), tuple(obstacles)


def _may_wait(entry: Entry, backlog: EntriesDocument, held: Mapping[str, str]) -> bool:
    """Spares most entries of a long backlog the full look."""
    return bool(entry.depends or entry.broken or entry.id in held or entry.id in backlog.duplicates)


def explain(obstacles: tuple[Obstacle, ...], backlog: EntriesDocument) -> tuple[str, ...]:
    """The obstacles as sentences, cycles named once, the list capped."""
    ring = cycles(entry for entry in backlog.entries if entry.state is State.PENDING)
    rows = ["these wait for each other: " + " → ".join((*cycle, cycle[0])) for cycle in ring]
    circular = {item for cycle in ring for item in cycle}
    rows += [entry.message for entry in obstacles if entry.item not in circular or entry.code != "DEPENDENCY_UNMET"]
    extra = len(rows) - SHOWN_MAX
    return tuple(rows[:SHOWN_MAX]) + ((f"… and {extra} more",) if extra > 0 else ())
