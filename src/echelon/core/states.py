"""The transition tables. What is not in a table is refused; messages and docs/reference are made from them."""

from __future__ import annotations

from collections.abc import Mapping

from echelon.core.decide import Refusal, refuse
from echelon.core.documents.grammar import State

# (state of the item, what is asked) -> state afterwards
ITEM: dict[tuple[State, str], State] = {
    (State.PENDING, "start"): State.ACTIVE,
    (State.ACTIVE, "verify"): State.ACTIVE,
    (State.ACTIVE, "attest"): State.ACTIVE,
    (State.ACTIVE, "end_attempt"): State.ACTIVE,
    (State.ACTIVE, "rework"): State.ACTIVE,
    (State.ACTIVE, "close"): State.DELIVERED,
    (State.ACTIVE, "fail"): State.FAILED,
    (State.ACTIVE, "suspend"): State.SUSPENDED,
    (State.SUSPENDED, "resume"): State.PENDING,
    (State.FAILED, "reopen"): State.PENDING,
    (State.FAILED, "waive"): State.FAILED,  # its dependants and its project go on without it
}

# The same for a project in its program and for a program in the enterprise. A failed or suspended one keeps what was
# in flight in it; started again it goes on there.
PROJECT: dict[tuple[State, str], State] = {
    (State.PENDING, "start"): State.ACTIVE,
    (State.ACTIVE, "verify"): State.ACTIVE,
    (State.ACTIVE, "close"): State.DELIVERED,
    (State.ACTIVE, "fail"): State.FAILED,
    (State.ACTIVE, "suspend"): State.SUSPENDED,
    (State.SUSPENDED, "resume"): State.PENDING,
    (State.FAILED, "reopen"): State.PENDING,
    (State.DELIVERED, "reopen"): State.PENDING,  # its backlog got more items
    (State.FAILED, "waive"): State.FAILED,
}
PROGRAM: dict[tuple[State, str], State] = dict(PROJECT)

# (phase of the mission, what happened) -> phase afterwards
MISSION: dict[tuple[str, str], str] = {
    ("working", "refused"): "working",
    ("working", "conflicted"): "conflict",
    ("working", "proved"): "merging",
    ("working", "reworked"): "working",
    ("conflict", "refused"): "working",
    ("conflict", "conflicted"): "conflict",
    ("conflict", "proved"): "merging",
    ("conflict", "reworked"): "conflict",  # the markers are still there
    ("merging", "proved"): "merging",  # the base moved before the merge: another candidate takes its place
    ("merging", "refused"): "working",
    ("merging", "conflicted"): "conflict",
    ("merging", "merged"): "",  # over
}


def step(
    subject: str, state: State, asked: str, table: Mapping[tuple[State, str], State] | None = None
) -> State | Refusal:
    """The state after `asked` by the table of items, or the one given; or the refusal that names what would be allowed."""
    table = ITEM if table is None else table
    after = table.get((state, asked))
    if after is not None:
        return after
    needed = " or ".join(sorted({before.value for before, request in table if request == asked}))
    return refuse("TRANSITION_REFUSED", f"{subject} is {state.value}; {asked} needs it {needed}")
