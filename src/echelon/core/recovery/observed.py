"""What the shell observed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observed:
    """What the shell saw besides the documents: open slots, branches, records of ours that changed behind our back."""

    slots: tuple[str, ...] = ()
    moved_slots: tuple[str, ...] = ()  # whose branch is not where their record says
    branches: tuple[str, ...] = ()  # of slots, `orchestrator/` left out
    rewound: str = ""  # what is wrong with the base branch, by our own record of it
    unfinished_merge: str = ""  # what git is in the middle of in the person's checkout
    changed_records: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()  # (code, message) of a world that cannot be used
    sandbox: str = ""
    long_roles: tuple[str, ...] = ()  # paths of texts for roles that are too long to be used
