"""The project level against a naive model: random requests, random edits of the files in between.

The model knows three things: the state of each item, which one is in flight, how often it was tried. Every cell of the
item's transition table is visited, and deleting any row makes a request answer otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import proofs
import worlds
from echelon.core import requests as ask
from echelon.core import states
from echelon.core.codes import CODES
from echelon.core.decide import Decision, Refusal
from echelon.core.documents import sections
from echelon.core.documents.grammar import State
from echelon.core.levels import decide
from echelon.core.model import ATTEMPTS, BACKLOG, PROJECT, SPEC, read_attempts

LIMIT = 3  # limits.attempts by default
ITEMS = ("B001", "B002", "B003")


def backlog(*markers: str) -> str:
    rows = [
        f"### {name} — Item {name}\n- Priority: P{at + 1}\n- Status: [{marker}]\n- Depends on: {'B001' if at == 1 else '—'}\n"
        f"- Acceptance criteria:\n  - [ ] it holds — check: `test -f {name}`\n"
        for at, (name, marker) in enumerate(zip(ITEMS, markers, strict=True))
    ]
    return "# Backlog — M\n\n" + "\n".join(rows)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.files: worlds.Files = {SPEC: "# Spec — M\n", BACKLOG: backlog(" ", " ", " ")}
        self.states = dict.fromkeys(ITEMS, State.PENDING)
        self.tries = dict.fromkeys(ITEMS, 0)
        self.held: set[str] = set()
        self.spec_changed = False
        self.journal = 0
        self.clock = 0

    # ------------------------------------------------------------------------------------------- helpers

    def now(self) -> str:
        self.clock += 1
        return f"2026-01-05T{self.clock // 3600 % 24:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}.000Z"

    def send(self, request: ask.Request) -> Decision | Refusal:
        before = worlds.digest(self.files)
        decided = decide(worlds.world(self.files), request, self.now())
        if isinstance(decided, Refusal):
            assert decided.code in CODES and decided.reasons and decided.step and worlds.digest(self.files) == before
        else:
            self.files = worlds.applied(self.files, decided)
        return decided

    def active(self) -> str | None:
        return next((name for name, state in self.states.items() if state is State.ACTIVE), None)

    def eligible(self, name: str) -> bool:
        waits = name == "B002" and self.states["B001"] is not State.DELIVERED
        return self.states[name] is State.PENDING and name not in self.held and not waits

    # --------------------------------------------------------------------------------------------- rules

    @rule(name=st.sampled_from((None, *ITEMS)))
    def start(self, name: str | None) -> None:
        candidates = (
            [item for item in ITEMS if self.eligible(item)] if name is None else [name] if self.eligible(name) else []
        )
        decided = self.send(ask.StartItem(worlds.BASE, name))
        if self.active() or not candidates:
            assert isinstance(decided, Refusal)
            return
        assert isinstance(decided, Decision) and decided.data["item"] == candidates[0]
        self.states[candidates[0]] = State.ACTIVE
        self.spec_changed = False
        self.journal += 1

    @rule(good=st.booleans())
    def close(self, good: bool) -> None:
        name = self.active()
        if name is None:
            return
        request = worlds.closing(self.files, name, **({} if good else {"changed": ()}))
        decided = self.send(request)
        if not good or self.spec_changed:
            assert isinstance(decided, Refusal)
            return
        assert isinstance(decided, Decision)
        assert isinstance(self.send(ask.Merged(name, worlds.CANDIDATE, None)), Decision)
        self.states[name], self.tries[name] = State.DELIVERED, 0
        self.journal += 1

    @rule(
        name=st.sampled_from((None, *ITEMS)),
        fail=st.booleans(),
        reason=st.sampled_from(("", "### B9 — no\n- Status: [x]")),
    )
    def end(self, name: str | None, fail: bool, reason: str) -> None:
        target = name or self.active()
        decided = self.send(ask.FailItem(reason, name) if fail else ask.SuspendItem(reason, name))
        if target is None or self.states[target] is not State.ACTIVE or not reason.strip():
            assert isinstance(decided, Refusal)
            return
        self.states[target], self.tries[target] = State.FAILED if fail else State.SUSPENDED, 0
        self.journal += 1

    @rule(name=st.sampled_from(ITEMS))
    def resume(self, name: str) -> None:
        decided = self.send(ask.ResumeItem(name))
        legal = self.states[name] is State.SUSPENDED and name not in self.held
        assert isinstance(decided, Decision) is legal
        if legal:
            self.states[name] = State.PENDING
            self.journal += 1

    @precondition(lambda self: self.active() is not None)
    @rule()
    def end_attempt(self) -> None:
        name = self.active()
        assert name is not None
        decided = self.send(ask.EndAttempt(name, "checks_red", "- [x] no"))
        assert isinstance(decided, Decision)
        self.tries[name] += 1
        self.journal += 1
        if self.tries[name] >= LIMIT:
            self.states[name], self.tries[name] = State.SUSPENDED, 0
            self.held.add(name)

    @precondition(lambda self: bool(self.held))
    @rule()
    def decide_one(self) -> None:
        pending = [entry for entry in worlds.world(self.files).escalations if entry.pending]
        assert isinstance(self.send(ask.ResolveEscalation(pending[0].id, "go on")), Decision)
        self.held.discard(pending[0].context.lstrip("> ").split(" ", 1)[0])
        self.journal += 1

    @rule()
    def person_edits_the_spec(self) -> None:
        self.files = {**self.files, SPEC: self.files[SPEC] + "\nmore\n"}
        self.spec_changed = True

    @rule(name=st.sampled_from(ITEMS))
    def person_reopens(self, name: str) -> None:
        if self.states[name] is State.FAILED:
            head, tail = self.files[BACKLOG].split(f"### {name} ", 1)
            self.files = {**self.files, BACKLOG: f"{head}### {name} " + tail.replace("[-]", "[ ]", 1)}
            self.states[name] = State.PENDING

    # ---------------------------------------------------------------------------------------- invariants

    @invariant()
    def files_say_what_the_model_says(self) -> None:
        world = worlds.world(self.files)
        assert world.backlog is not None
        assert {entry.id: entry.state for entry in world.backlog.entries} == self.states
        assert [mission.item for mission in world.missions] == [name for name in (self.active(),) if name]

    @invariant()
    def nothing_is_lost(self) -> None:
        live = len(sections.read_journal(self.files.get(PROJECT, "")))
        moved = sum(text.count("\n- [2026") for path, text in self.files.items() if "archive/journals" in path)
        assert live + moved == self.journal
        numbers: dict[str, int] = {}
        for attempt in read_attempts(self.files.get(ATTEMPTS)):
            assert attempt.attempt >= numbers.get(attempt.item, 0)
            numbers[attempt.item] = attempt.attempt


Machine.TestCase.settings = proofs.examples(60, 5000)
test_machine = Machine.TestCase


# ------------------------------------------------------------------------------------------- every cell

MARKER = {State.PENDING: " ", State.ACTIVE: "/", State.DELIVERED: "x", State.FAILED: "-", State.SUSPENDED: "~"}
ASKED = ("start", "verify", "close", "end_attempt", "fail", "suspend", "resume", "attest")


def request_for(asked: str) -> Callable[[State], Decision | Refusal]:
    """A request about B001, made ready while the table is whole; what the level says to it depends on the state."""
    files: worlds.Files = {SPEC: "# Spec — M\n", BACKLOG: backlog(" ", " ", " ")}
    files = worlds.ask(files, ask.StartItem(worlds.BASE, "B001"), "2026-01-05T09:00:00.000Z")
    mission = worlds.world(files).missions[0]
    requests: dict[str, ask.Request] = {
        "start": ask.StartItem(worlds.BASE, "B001"),
        "verify": ask.CloseItem(worlds.findings(mission), "B001"),
        "close": worlds.closing(files, "B001"),
        "end_attempt": ask.EndAttempt("B001", "checks_red", "no"),
        "fail": ask.FailItem("no", "B001"),
        "suspend": ask.SuspendItem("no", "B001"),
        "resume": ask.ResumeItem("B001"),
        "attest": ask.AcceptWeakening("d", "looked", "B001"),
    }

    def send(state: State) -> Decision | Refusal:
        text = files[BACKLOG].replace("[/]", f"[{MARKER[state]}]")
        return decide(worlds.world({**files, BACKLOG: text}), requests[asked], "2026-01-05T10:00:00.000Z")

    return send


def answer(state: State, asked: str) -> Decision | Refusal:
    return request_for(asked)(state)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("asked", ASKED)
def test_every_cell_answers_as_the_table_says(state: State, asked: str) -> None:
    decided = answer(state, asked)
    assert isinstance(decided, Decision) is ((state, asked) in states.ITEM)
    if isinstance(decided, Refusal):
        assert decided.code in CODES and decided.reasons and decided.step


@pytest.mark.parametrize("row", [row for row in states.ITEM if row[1] != "verify"], ids=str)
def test_deleting_a_row_is_noticed(row: tuple[State, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(answer(*row), Decision)
    asked = request_for(row[1])
    monkeypatch.setattr(states, "ITEM", {cell: after for cell, after in states.ITEM.items() if cell != row})
    assert isinstance(asked(row[0]), Refusal)
