"""A naive model of the project level: what an accepted request changes, and with which code others are refused.

Written from the specification, not from the code: dictionaries and if, nothing shared with echelon.core.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LIMIT = 3  # attempts
REWORKS = 20
OBSTACLES = {"missing": "UNKNOWN_DEPENDENCY", "failed": "DEPENDENCY_FAILED"}
FLAWS = {
    "open": "TASKS_OPEN", "stale": "TODO_STALE", "red": "CHECK_RED", "unchanged": "NOTHING_CHANGED", "conflict": "MERGE_CONFLICT",
}  # fmt: skip


@dataclass
class Item:
    priority: int
    depends: tuple[str, ...]
    state: str = "pending"
    version: int = 1  # of its criteria
    tries: int = 0
    reworks: int = 0
    waived: bool = False  # a person goes on without it; counts only while it has failed

    @property
    def settled(self) -> bool:
        return self.state == "delivered" or (self.state == "failed" and self.waived)


@dataclass
class Flight:
    item: str
    attempt: int
    spec: int
    version: int
    phase: str = "working"
    attested: str = ""  # the tree that the attestation is about


@dataclass
class Model:
    items: dict[str, Item]
    spec: int = 1
    flight: Flight | None = None
    attempts: list[tuple[str, int, str]] = field(default_factory=list)
    escalations: list[tuple[str, bool]] = field(default_factory=list)  # item or "", pending
    journal: int = 0

    def noted(self) -> str:
        self.journal += 1
        return ""

    def held(self, item: str) -> bool:
        return any(about in (item, "") and pending for about, pending in self.escalations)  # "": all of the project

    def ask(self, kind: str, item: str | None = None, detail: str = "") -> str:
        """ "" when it is accepted and done, else the code it is refused with."""
        if kind in ("start", "resume", "reopen", "waive", "escalate", "resolve"):
            return getattr(self, kind)(item, detail)
        if item is None and not self.flight:
            return "NOTHING_IN_PROGRESS"
        name = self.flight.item if item is None and self.flight else str(item)
        if name not in self.items:
            return "ITEM_UNKNOWN"
        if self.items[name].state != "active":
            return "TRANSITION_REFUSED"
        assert self.flight
        if kind in ("fail", "suspend", "accept"):
            return self.noted() if kind == "accept" else self.over({"fail": "failed"}.get(kind, "suspended"))
        return getattr(self, kind)(self.flight, detail)

    def start(self, item: str | None, _detail: str) -> str:
        if self.flight:
            return "ITEM_IN_PROGRESS"
        if item is None:
            queue = [(one.priority, at, name) for at, (name, one) in enumerate(self.items.items()) if self.ready(name)]
            if not queue:
                done = all(one.settled for one in self.items.values())
                return "BACKLOG_COMPLETE" if done else "NOTHING_ELIGIBLE"
            item = min(queue)[2]
        if item not in self.items:
            return "ITEM_UNKNOWN"
        if self.items[item].state != "pending":
            return "TRANSITION_REFUSED"
        gaps = self.gaps(item)
        if gaps:
            return gaps[0] if len(gaps) == 1 else "ITEM_NOT_ELIGIBLE"
        number = max((attempt for name, attempt, _ in self.attempts if name == item), default=0) + 1
        self.items[item].state = "active"
        self.flight = Flight(item, number, self.spec, self.items[item].version)
        return self.noted()

    def ready(self, item: str) -> bool:
        return self.items[item].state == "pending" and not self.gaps(item)

    def gaps(self, item: str) -> list[str]:
        found = ["ESCALATION_PENDING"] if self.held(item) else []
        for wanted in self.items[item].depends:
            state = self.items[wanted].state if wanted in self.items else "missing"
            if wanted not in self.items or not self.items[wanted].settled:
                found.append(OBSTACLES.get(state, "DEPENDENCY_UNMET"))
        return found

    def verify(self, flight: Flight, detail: str) -> str:
        codes = set()
        if self.spec != flight.spec:
            codes.add("SPEC_CHANGED")
        if self.items[flight.item].version != flight.version:
            codes.add("DEFINITION_CHANGED")
        if detail in FLAWS:
            codes.add(FLAWS[detail])
        if flight.attested != "w" * 40 and detail != "conflict":
            codes.add("NOT_ATTESTED")
        return "" if not codes else codes.pop() if len(codes) == 1 else "NOT_PROVED"

    def close(self, flight: Flight, detail: str) -> str:
        code = self.verify(flight, detail)
        if not code:
            flight.phase = "merging"
        return code

    def merged(self, flight: Flight, detail: str) -> str:
        if flight.phase != "merging" or detail == "other commit":
            return "NOT_PROVED"
        return self.over("delivered")

    def over(self, state: str) -> str:
        assert self.flight
        self.items[self.flight.item].state, self.items[self.flight.item].tries = state, 0
        self.items[self.flight.item].reworks = 0
        self.attempts.append((self.flight.item, self.flight.attempt, state))
        self.flight = None
        return self.noted()

    def end_attempt(self, flight: Flight, detail: str) -> str:
        item = self.items[flight.item]
        item.tries += 1
        self.attempts.append((flight.item, flight.attempt, detail))
        if item.tries >= LIMIT:
            self.escalations.append((flight.item, True))
            return self.over("suspended")
        flight.attempt += 1
        flight.phase = "conflict" if detail == "conflict" else "working"
        return self.noted()

    def rework(self, flight: Flight, _detail: str) -> str:
        if flight.phase == "merging" or self.items[flight.item].reworks >= REWORKS:
            return "TRANSITION_REFUSED"
        self.items[flight.item].reworks += 1
        self.attempts.append((flight.item, flight.attempt, "rework"))
        flight.attempt += 1
        return self.noted()

    def attest(self, flight: Flight, detail: str) -> str:
        flight.attested = detail
        return ""

    def resume(self, item: str | None, _detail: str) -> str:
        if item not in self.items:
            return "ITEM_UNKNOWN"
        if self.items[item].state != "suspended":
            return "TRANSITION_REFUSED"
        if self.held(item):
            return "ESCALATION_PENDING"
        self.items[item].state = "pending"
        return self.noted()

    def reopen(self, item: str | None, _detail: str) -> str:
        if item not in self.items:
            return "ITEM_UNKNOWN"
        if self.items[item].state != "failed":
            return "TRANSITION_REFUSED"
        self.items[item].state = "pending"
        return self.noted()

    def waive(self, item: str | None, _detail: str) -> str:
        if item not in self.items:
            return "ITEM_UNKNOWN"
        if self.items[item].state != "failed":
            return "TRANSITION_REFUSED"
        if self.items[item].waived:
            return "ARGUMENT_MISSING"
        self.items[item].waived = True
        return self.noted()

    def escalate(self, item: str | None, _detail: str) -> str:
        self.escalations.append((item or "", True))
        if self.flight and item == self.flight.item:
            return self.over("suspended")
        return self.noted()

    def resolve(self, _item: str | None, detail: str) -> str:
        at = int(detail)
        if at >= len(self.escalations) or not self.escalations[at][1]:
            return "ESCALATION_UNKNOWN"
        self.escalations[at] = (self.escalations[at][0], False)
        return self.noted()
