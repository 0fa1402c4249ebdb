"""The project level against a naive model: random requests, a person's edits between, and every cell of the tables."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import proofs
import worlds
from echelon.core import requests as ask
from echelon.core import states
from echelon.core.codes import CODES
from echelon.core.config import Config
from echelon.core.decide import Refusal
from echelon.core.documents import entries, sections
from echelon.core.documents.grammar import MARKER_OF, State
from echelon.core.documents.sections import Option
from echelon.core.evidence import Problem
from echelon.core.levels import decide
from echelon.core.model import BACKLOG, PROJECT, SPEC, Mission
from naive_project import LIMIT, Item, Model

CONFIG = Config({"limits.attempts": LIMIT})
NAMES = ("B001", "B002", "B003", "B004", "B009")
REASONS = ("checks_red", "conflict", "gave_up")
QUALITIES = ("good", "red", "open", "stale", "unchanged", "conflict")
FULL = "# Project\n\n## Journal\n" + "".join(
    f"- [2026-01-01T00:00:00.000Z] ITEM FAILED — old {n}\n  more {n}\n" for n in range(190)
)


def entry_text(name: str, item: Item) -> str:
    waits = ", ".join(item.depends) or "—"
    return (
        f"### {name} — Title of {name}\n- Priority: P{item.priority}\n- Size: S\n- Status: [ ]\n- Depends on: {waits}\n- Acceptance criteria:\n"
        f"  - [ ] holds, version 1 — check: `test -f {name}`\n  - [ ] reads well\n\n"
    )


# What a person says about work in flight.
WORDS: Mapping[str, Callable[[str, str | None], ask.Request]] = {
    "attest": lambda detail, item: ask.Attest(detail, "person", "I looked", item),
    "accept": lambda _detail, item: ask.AcceptWeakening("digest", "right", item),
    "rework": lambda _detail, item: ask.ReworkItem((ask.Remark("a.py", 3, "no"),), "smaller", item),
}


class Pair:
    """The core, driven over a dict of texts, and the model; after each step they agree or the test fails."""

    def __init__(self) -> None:
        self.model = Model({"B001": Item(2, ()), "B002": Item(1, ("B001",)), "B003": Item(3, ())}, journal=190)
        backlog = "# Backlog — M\n\n" + "".join(entry_text(name, item) for name, item in self.model.items.items())
        self.files = {SPEC: "# Spec — M\n", BACKLOG: backlog, PROJECT: FULL}
        self.clock = 0
        self.seen: Counter[str] = Counter()
        self.cells: set[tuple[State, str]] = set()

    def ask(self, kind: str, item: str | None = None, detail: str = "") -> str:
        """Ask both; the code of the refusal, "" when it was accepted."""
        self.clock += 1
        now = f"2026-02-01T00:00:00.{self.clock:03d}Z"
        world = worlds.world(self.files, CONFIG)
        before = {name: entry.state for name in NAMES if world.backlog and (entry := world.backlog.find(name))}
        flying = next((mission.item for mission in world.missions), None)
        asked = {"merged": "close", "accept": "attest"}.get(kind, kind)
        if (name := item or flying) in before:
            self.cells.add((before[name], asked))
        decided = decide(world, self.request(kind, item, detail), now)
        expected = self.model.ask(kind, item, detail)
        if isinstance(decided, Refusal):
            assert decided.code == expected, (kind, item, detail, str(decided))
            assert decided.code in CODES
            assert decided.reasons
            assert all(decided.reasons)
            assert decided.step
            assert decided.code in str(decided)
            return decided.code
        assert expected == "", (kind, item, detail, expected, decided.message)
        assert decided.message
        self.files = worlds.applied(self.files, decided)
        self.agree(before)
        return ""

    def request(self, kind: str, item: str | None, detail: str) -> ask.Request:
        world = worlds.world(self.files)
        match kind:
            case "start":
                return ask.StartItem(worlds.BASE, item)
            case "close" | "verify":
                return self.closing(world.mission(item), item, detail, record=kind == "close")
            case "merged":
                name = item or (world.missions[0].item if world.missions else "B001")
                return ask.Merged(name, "0" * 40 if detail == "other commit" else worlds.CANDIDATE, None)
            case "fail":
                return ask.FailItem("no way", item)
            case "suspend":
                return ask.SuspendItem("not now", item)
            case "resume":
                return ask.ResumeItem(str(item))
            case "reopen" | "waive":
                return (ask.ReopenItem if kind == "reopen" else ask.WaiveItem)(str(item), "so it is")
            case "end_attempt":
                return ask.EndAttempt(
                    item or (world.missions[0].item if world.missions else "B001"), detail, "what went wrong"
                )  # type: ignore[arg-type] - strategies give texts
            case "attest" | "accept" | "rework":
                return WORDS[kind](detail, item)
            case "escalate":
                return ask.RecordEscalation(
                    "cannot go on", "tried", (Option("a", "b", "c"), Option("d", "e", "f")), "which?", item
                )
        found = world.escalations
        return ask.ResolveEscalation(found[int(detail)].id if int(detail) < len(found) else "ESC-none", "go on")

    def closing(self, mission: Mission | None, item: str | None, quality: str, *, record: bool) -> ask.CloseItem:
        if mission is None:
            return ask.CloseItem(ask.Findings(worlds.BASE, "t" * 40, "w" * 40, ("a",)), item)
        changes: dict[str, object] = {
            "good": {},
            "red": {
                "results": tuple(
                    ask.CheckResult(one.check, one.base, worlds.run("red")) for one in worlds.results(mission)
                )
            },
            "open": {"todo": "- [x] a\n  - [ ] b\n"},
            "stale": {"todo": "<!-- echelon:mission B777.1 -->\n- [x] a\n"},
            "unchanged": {"changed": (), "results": ()},
            "conflict": {"problems": (Problem("MERGE_CONFLICT", "a.py"),), "results": ()},
        }[quality]
        if record:
            return worlds.closing(self.files, mission.item, **changes)
        return ask.CloseItem(worlds.findings(mission, **changes), item)

    # ------------------------------------------------------------------------------------- a person's edits

    def person(self, kind: str, item: str, state: State = State.PENDING) -> None:
        if kind == "add" and item not in self.model.items:
            self.model.items[item] = Item(2, ("B002", "B001"))
            self.files[BACKLOG] += entry_text(item, self.model.items[item])
        elif kind == "spec":
            self.model.spec += 1
            self.files[SPEC] += "one more word\n"
        elif kind == "criteria" and item in self.model.items:
            held = self.model.items[item]
            document = entries.parse(self.files[BACKLOG])
            section = document.section(item)
            self.files[BACKLOG] = document.text.replace(
                section, section.replace(f"version {held.version} ", f"version {held.version + 1} ")
            )
            held.version += 1
        elif kind == "marker" and item in self.model.items and self.model.items[item].state != "active":
            self.files[BACKLOG] = entries.set_state(entries.parse(self.files[BACKLOG]), item, state).text
            self.model.items[item].state = state.value

    # ------------------------------------------------------------------------------------------- agreement

    def agree(self, before: dict[str, State] | None = None) -> None:
        world, model = worlds.world(self.files), self.model
        assert world.backlog is not None
        assert {entry.id: entry.state.value for entry in world.backlog.entries} == {
            name: item.state for name, item in model.items.items()
        }
        active = [entry.id for entry in world.backlog.entries if entry.state is State.ACTIVE]
        assert len(active) <= 1
        assert active == [mission.item for mission in world.missions]
        flight = [asdict(model.flight)] if model.flight else []
        assert [(one.item, one.attempt, one.phase) for one in world.missions] == [
            (one["item"], one["attempt"], one["phase"]) for one in flight
        ]
        assert [(row.item, row.attempt, row.reason) for row in world.attempts] == model.attempts
        assert [entry.pending for entry in world.escalations] == [pending for _, pending in model.escalations]
        assert len({entry.id for entry in world.escalations}) == len(model.escalations)
        self._journal()
        self._rising(world)
        for name, state in (before or {}).items():
            after = world.backlog.find(name)
            assert after is not None
            assert after.state is state or (state, after.state) in {(a, b) for (a, _), b in LEGAL.items()}

    def _journal(self) -> None:
        """Live and archived entries together are all that was ever written, each once, with its second lines."""
        texts = [self.files[PROJECT], *(text for name, text in self.files.items() if "/archive/journals/" in name)]
        rows = Counter(row for text in texts for row in text.split("\n") if row.startswith(("- [", "  more")))
        assert sum(count for row, count in rows.items() if row.startswith("- [")) == self.model.journal
        assert not self.seen - rows
        self.seen = rows
        assert len(sections.read_journal(self.files[PROJECT])) <= sections.JOURNAL_ENTRIES_MAX

    def _rising(self, world: worlds.World) -> None:
        """The numbers of an item's attempts rise; only an escalation ends the same attempt a second time, suspended."""
        for name in self.model.items:
            rows = [row for row in world.attempts if row.item == name]
            for one, following in itertools.pairwise(rows):
                assert following.attempt > one.attempt or (following.attempt, following.reason) == (
                    one.attempt,
                    "suspended",
                )
            mission = world.mission(name)
            assert mission is None or all(row.attempt < mission.attempt for row in rows)


LEGAL = dict(states.ITEM)  # as the code has it; the tests below take rows away


class ProjectMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()

    @rule(item=st.sampled_from((None, None, *NAMES)))
    def start(self, item: str | None) -> None:
        self.pair.ask("start", item)

    @rule(
        item=st.sampled_from((None, None, *NAMES)),
        quality=st.sampled_from((*QUALITIES, "good", "good")),
        kind=st.sampled_from(("close", "verify")),
    )
    def close(self, item: str | None, quality: str, kind: str) -> None:
        self.pair.ask(kind, item, quality)

    @rule(item=st.sampled_from((*NAMES, None)), detail=st.sampled_from(("", "", "other commit")))
    def merged(self, item: str | None, detail: str) -> None:
        if item is not None or self.pair.model.flight:
            self.pair.ask("merged", item, detail)

    @rule()
    def deliver(self) -> None:
        """The straight way, as far as it goes."""
        self.pair.ask("attest", None, "w" * 40)
        if not self.pair.ask("close", None, "good"):
            self.pair.ask("merged", None)

    @rule(kind=st.sampled_from(("fail", "suspend", "accept")), item=st.sampled_from((None, *NAMES)))
    def end(self, kind: str, item: str | None) -> None:
        self.pair.ask(kind, item)

    @rule(kind=st.sampled_from(("resume", "reopen", "waive")), item=st.sampled_from(NAMES))
    def back(self, kind: str, item: str) -> None:
        self.pair.ask(kind, item)

    @rule(item=st.sampled_from(NAMES), reason=st.sampled_from(REASONS), flying=st.booleans())
    def end_attempt(self, item: str, reason: str, flying: bool) -> None:
        flight = self.pair.model.flight
        self.pair.ask("end_attempt", flight.item if flying and flight else item, reason)

    @rule(item=st.sampled_from((None, *NAMES)))
    def rework(self, item: str | None) -> None:
        self.pair.ask("rework", item)

    @rule(item=st.sampled_from((None, *NAMES)), tree=st.sampled_from(("w" * 40, "v" * 40)))
    def attest(self, item: str | None, tree: str) -> None:
        self.pair.ask("attest", item, tree)

    @rule(item=st.sampled_from((None, "B001", "B002", "B003")))
    def escalate(self, item: str | None) -> None:
        self.pair.ask("escalate", item)

    @rule(at=st.integers(0, 4))
    def resolve(self, at: int) -> None:
        self.pair.ask("resolve", None, str(at))

    @rule(
        kind=st.sampled_from(("add", "spec", "criteria", "marker", "marker")), item=st.sampled_from(NAMES),
        state=st.sampled_from([state for state in State if state is not State.ACTIVE]),
    )  # fmt: skip
    def person(self, kind: str, item: str, state: State) -> None:
        self.pair.person(kind, item, state)

    @invariant()
    def agree(self) -> None:
        self.pair.agree()


TestProjectMachine = ProjectMachine.TestCase
TestProjectMachine.settings = settings(
    max_examples=2_000 if proofs.LONG else 60, stateful_step_count=50 if proofs.LONG else 25
)

# ------------------------------------------------------------------------------------------- every cell

REQUESTS = sorted({asked for _, asked in states.ITEM})
WAYS: dict[State, tuple[tuple[str, str], ...]] = {
    State.PENDING: (),
    State.ACTIVE: (("start", ""), ("attest", "w" * 40)),
    State.DELIVERED: (("start", ""), ("attest", "w" * 40), ("close", "good"), ("merged", "")),
    State.FAILED: (("start", ""), ("fail", "")),
    State.SUSPENDED: (("start", ""), ("suspend", "")),
}
DETAILS = {"close": "good", "verify": "good", "end_attempt": "gave_up", "attest": "w" * 40}


def cell(state: State, asked: str) -> Pair:
    """One item brought into `state` by requests, then asked; whether it is accepted is what the table says."""
    pair = Pair()
    for kind, detail in WAYS[state]:
        assert pair.ask(kind, "B001", detail) == ""
    code = pair.ask(asked, "B001", DETAILS.get(asked, ""))
    refused = "ITEM_IN_PROGRESS" if (state, asked) == (State.ACTIVE, "start") else "TRANSITION_REFUSED"
    assert code == ("" if (state, asked) in LEGAL else refused)
    if asked == "close" and not code:
        assert pair.ask("merged", "B001") == ""
    world = worlds.world(pair.files)
    entry = world.backlog.find("B001") if world.backlog else None
    assert entry is not None
    assert entry.state is LEGAL.get((state, asked), state)
    return pair


@pytest.mark.parametrize("asked", REQUESTS)
@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_every_cell_of_the_item_table(state: State, asked: str) -> None:
    assert (state, asked) in cell(state, asked).cells


def test_the_cells_are_all_there_are() -> None:
    visited: set[tuple[State, str]] = set()
    for state, asked in itertools.product(State, REQUESTS):
        visited |= cell(state, asked).cells
    assert visited >= set(itertools.product(State, REQUESTS))


EVENTS = {
    "refused": ("end_attempt", "gave_up"),
    "conflicted": ("end_attempt", "conflict"),
    "proved": ("close", "good"),
    "merged": ("merged", ""),
    "reworked": ("rework", ""),
}
PHASES = {"working": (), "conflict": (("end_attempt", "conflict"),), "merging": (("close", "good"),)}
PHASE_AFTER = dict(states.MISSION)


def phase_cell(phase: str, event: str) -> None:
    pair = Pair()
    for kind, detail in (("start", ""), ("attest", "w" * 40), *PHASES[phase]):
        assert pair.ask(kind, "B001", detail) == ""
    assert [mission.phase for mission in worlds.world(pair.files).missions] == [phase]
    code = pair.ask(EVENTS[event][0], "B001", EVENTS[event][1])
    assert (code == "") == ((phase, event) in PHASE_AFTER)
    if not code:
        assert "".join(mission.phase for mission in worlds.world(pair.files).missions) == PHASE_AFTER[phase, event]


@pytest.mark.parametrize(("phase", "event"), list(itertools.product(PHASES, EVENTS)))
def test_every_cell_of_the_mission_table(phase: str, event: str) -> None:
    phase_cell(phase, event)


@pytest.mark.parametrize("row", states.ITEM, ids=lambda row: f"{row[0].value}-{row[1]}")
def test_an_item_row_that_is_taken_away_is_missed(row: tuple[State, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "ITEM", {key: after for key, after in states.ITEM.items() if key != row})
    with pytest.raises((AssertionError, KeyError)):
        cell(*row)


@pytest.mark.parametrize("row", states.MISSION, ids="-".join)
def test_a_mission_row_that_is_taken_away_is_missed(row: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MISSION", {key: after for key, after in states.MISSION.items() if key != row})
    with pytest.raises((AssertionError, KeyError)):
        phase_cell(*row)


def test_every_item_state_has_a_marker_and_a_way() -> None:
    assert set(MARKER_OF) == set(WAYS) == set(State)
