"""The transition tables. What is not in a table is refused; messages and docs/reference are made from them."""

from __future__ import annotations

from echelon.core.decide import Refusal, refuse
from echelon.core.documents.grammar import State

# (state of the item, what is asked) -> state afterwards
ITEM: dict[tuple[State, str], State] = {
    (State.PENDING, "start"): State.ACTIVE,
    (State.ACTIVE, "verify"): State.ACTIVE,
    (State.ACTIVE, "attest"): State.ACTIVE,
    (State.ACTIVE, "end_attempt"): State.ACTIVE,
    (State.ACTIVE, "close"): State.DELIVERED,
    (State.ACTIVE, "fail"): State.FAILED,
    (State.ACTIVE, "suspend"): State.SUSPENDED,
    (State.SUSPENDED, "resume"): State.PENDING,
}

# (phase of the mission, what happened) -> phase afterwards
MISSION: dict[tuple[str, str], str] = {
    ("working", "refused"): "working",
    ("working", "conflicted"): "conflict",
    ("working", "proved"): "merging",
    ("conflict", "refused"): "working",
    ("conflict", "conflicted"): "conflict",
    ("conflict", "proved"): "merging",
    ("merging", "proved"): "merging",  # the base moved before the merge: another candidate takes its place
    ("merging", "refused"): "working",
    ("merging", "conflicted"): "conflict",
    ("merging", "merged"): "",  # over
}


def step(subject: str, state: State, asked: str) -> State | Refusal:
    """The state after `asked`, or the refusal that names what would be allowed."""
    after = ITEM.get((state, asked))
    if after is not None:
        return after
    needed = " or ".join(sorted({before.value for before, request in ITEM if request == asked}))
    return refuse("TRANSITION_REFUSED", f"{subject} is {state.value}; {asked} needs it {needed}")
