"""The merge queue: whose turn it is to land, and what is worth testing before it is anybody's turn.

Tickets land one by one, in the order they came. What waits is tested on the stack it will land on: the base and the
tickets ahead of it, merged one after another (Zuul; reliability.md §2.10). Invariants, held by tests/property:

1. The base is moved only to a tree that was tested as it is. Nothing here can weaken that: a forecast is remembered
   runs, and whoever's turn it is has its candidate examined on the base as it then stands.
2. So the result is that of landing one at a time: same verdicts, same order. Only the waiting is shorter.
3. Every turn ends: landed or refused, the ticket leaves. Nobody waits for more than those who came before.

A stack that is red while the one before it is green has a culprit at its end. It is put aside: no more is spent on it,
those behind are forecast without it, and its own turn, where the verdict is made, comes as for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

WINDOW = 4  # tickets that are tested ahead; a refusal throws away what was tested behind it, so not many

Verdict = Literal["green", "red", "conflict"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """Work that wants to land: `head` is the commit. With another head it is another ticket, nothing is known of it."""

    id: str
    head: str


Stack = tuple[Ticket, ...]  # merged on the base in this order; what was tested is its last one, on those before
Known = Mapping[Stack, Verdict]


@dataclass(frozen=True, slots=True)
class MergeQueue:
    """First come, first served. As long as there are missions in flight, which the capacity budget limits."""

    tickets: tuple[Ticket, ...] = ()
    window: int = WINDOW  # 0: nothing is tested ahead

    def join(self, ticket: Ticket) -> MergeQueue:
        """With the ticket at the end; one with this id already keeps its place and gets the new head."""
        if self.find(ticket.id) is None:
            return replace(self, tickets=(*self.tickets, ticket))
        return replace(self, tickets=tuple(ticket if one.id == ticket.id else one for one in self.tickets))

    def leave(self, ticket_id: str) -> MergeQueue:
        """Without the ticket; the same when it is not there."""
        return replace(self, tickets=tuple(one for one in self.tickets if one.id != ticket_id))

    def find(self, ticket_id: str) -> Ticket | None:
        return next((one for one in self.tickets if one.id == ticket_id), None)

    def may_land(self, ticket_id: str) -> bool:
        return bool(self.tickets) and self.tickets[0].id == ticket_id


def forecast(queue: MergeQueue, known: Known) -> tuple[Stack, Stack]:
    """(tickets of the window that are expected to land, culprits put aside), in order."""
    kept: Stack = ()
    aside: Stack = ()
    for ticket in queue.tickets[: queue.window]:
        fails = verdict(known, (*kept, ticket)) in ("red", "conflict")
        if fails and (not kept or verdict(known, kept) == "green"):
            aside = (*aside, ticket)
        else:
            kept = (*kept, ticket)
    return kept, aside


def verdict(known: Known, stack: Stack) -> Verdict | None:
    """What is known of a stack: its own test, else green when a longer one that begins with it is green."""
    own = known.get(stack)
    if own is None and any(said == "green" and one[: len(stack)] == stack for one, said in known.items()):
        return "green"
    return own


def own_stack(queue: MergeQueue, known: Known, ticket_id: str) -> Stack | None:
    """The stack that this ticket is expected to land on, itself last: what its own tester tests.

    None when it is put aside, beyond the window, or not in the queue.
    """
    kept, _ = forecast(queue, known)
    place = next((place for place, one in enumerate(kept) if one.id == ticket_id), None)
    return None if place is None else kept[: place + 1]


def carried(known: Known, left: Ticket, *, landed: bool) -> dict[Stack, Verdict]:
    """What is still known when a ticket has left the queue, and nothing else moved the base.

    After a landing the base holds the ticket: stacks that began with it are the same trees without it, all others stood
    on a base that is no more. After anything else, stacks with the ticket will never be.
    """
    if landed:
        return {stack[1:]: said for stack, said in known.items() if stack[0] == left and len(stack) > 1}
    return {stack: said for stack, said in known.items() if left not in stack}
