"""What a host's end of a turn and a refusal to close mean for the delivery: try again, suspend, resolve, or wait."""

from __future__ import annotations

import re
from collections.abc import Iterable

from echelon.core.decide import Refusal
from echelon.core.documents.render import clean
from echelon.core.model import Reason
from echelon.ports import TurnEnd, Usage

# The first of these codes among the reasons names the end of the attempt.
_ENDS: tuple[tuple[str, Reason], ...] = (
    ("SPEC_CHANGED", "spec_changed"),
    ("DEFINITION_CHANGED", "spec_changed"),
    ("WEAKENED", "weakened"),
    ("MERGE_CONFLICT", "conflict"),
    ("CONFLICT_MARKERS", "conflict"),
    ("SLOT_PROBLEM", "escaped"),
    ("NOTHING_CHANGED", "nothing_changed"),
    ("CHECK_RED", "checks_red"),
    ("FEWER_TESTS_RAN", "weakened"),
    ("NO_TESTS_RAN", "checks_red"),
    ("CHECK_COULD_NOT_RUN", "could_not_run"),
    ("TASKS_OPEN", "gave_up"),
    ("TODO_STALE", "gave_up"),
    ("CHECKLIST_OPEN", "gave_up"),
    ("SYNC_ISSUES", "gave_up"),
    ("NOT_ATTESTED", "not_attested"),
)
# With nothing but these in the way, no further attempt helps.
_PERSONS = frozenset({"CHECKOUT_OVERLAP", "BASE_KEEPS_MOVING", "CONFIG_INVALID"})
# With one of these, nothing may go on before a person has looked: trust is broken.
_STOPS = frozenset(
    {"ESCAPED", "BASE_REWOUND", "RECORD_CHANGED", "TRANSITION_REFUSED", "ITEM_UNKNOWN", "NOTHING_IN_PROGRESS"}
)
# With one of these, the item's own definition is wrong: it waits for a person, the others go on.
_DEFINITION = frozenset({"CHECK_GREEN_ON_BASE", "GUARD_RED_ON_BASE"})

_CODE = re.compile(r"^\[([A-Z_]+)\]")


def codes_of(refusal: Refusal) -> tuple[str, ...]:
    """The code of each reason; the refusal's own where a reason does not name one."""
    found = [match[1] if (match := _CODE.match(reason)) else refusal.code for reason in refusal.reasons]
    return tuple(dict.fromkeys(found))


def waits_for_person(refusal: Refusal) -> bool:
    codes = set(codes_of(refusal))
    return codes <= _PERSONS or not codes.isdisjoint(_STOPS)


def definition_is_wrong(codes: Iterable[str]) -> bool:
    return not _DEFINITION.isdisjoint(codes)


def reason_of(refusal: Refusal) -> Reason:
    codes = codes_of(refusal)
    return next((reason for code, reason in _ENDS if code in codes), "checks_red")


# ------------------------------------------------------------------------------------------- what a host says

LINE_MAX = 500  # of one event, in characters
WORDS_MAX = 4_000  # of an agent's last words: they go into state files and into the next prompt

REASONS: dict[str, Reason] = {
    "gave_up": "gave_up",
    "crashed": "crashed",
    "timed_out": "timed_out",
    "aborted": "stopped",
    "no_progress": "nothing_changed",
}

# Ends that are the world's, not the attempt's -> the code for the person.
NOT_THERE = {"unavailable": "HOST_UNAVAILABLE", "denied": "HOST_DENIED"}


def words(text: str) -> str:
    """An agent's words as data: without control characters, and not longer than anybody reads."""
    kept = clean(text[: 2 * WORDS_MAX])
    return kept if len(kept) <= WORDS_MAX else kept[: WORDS_MAX - 1] + "…"


def tamed(end: TurnEnd) -> TurnEnd:
    """The end of a turn as it may go on: a host's mistakes do not travel into the records."""
    used = end.usage
    usage = Usage(max(0, used.tokens_in), max(0, used.tokens_out), max(0.0, used.cost))
    return TurnEnd(end.reason, words(end.text), usage)
