"""Enterprise, programs, projects and items against a naive model: random requests, and a person's edits between.

Every request of every table at each level, in sequence and in parallel, with a budget, escalations at each level,
dependencies across projects and programs, and edits of stored files and of working copies.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import portfolio_texts as portfolios
import proofs
import worlds
from echelon.core import requests as ask
from echelon.core import states
from echelon.core.codes import CODES
from echelon.core.decide import Decision, Refusal
from echelon.core.documents import entries
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Option
from echelon.core.levels import capacity, enterprise, program
from echelon.core.portfolio import Portfolio
from naive_portfolio import Model, Node
from portfolio_texts import Disk

OPTIONS = (Option("a", "b", "c"), Option("d", "e", "f"))
PROGRAMS = {"PGM-001": Node("", 2), "PGM-002": Node("", 1), "PGM-003": Node("", 1, ("PGM-001",))}
PROJECTS = {
    "PRJ-001": Node("PGM-001"), "PRJ-002": Node("PGM-001", 1, ("PRJ-001",)), "PRJ-003": Node("PGM-002"),
    "PRJ-004": Node("PGM-002", 1), "PRJ-005": Node("PGM-003"),
}  # fmt: skip
ITEMS = {
    "PRJ-001/B001": Node("PRJ-001"), "PRJ-001/B002": Node("PRJ-001", 2, ("PRJ-001/B001",)),
    "PRJ-002/B001": Node("PRJ-002", 2, ("PRJ-001/B002",)), "PRJ-003/B001": Node("PRJ-003"),
    "PRJ-003/B002": Node("PRJ-003", 1, ("PRJ-001/B001",)), "PRJ-003/B003": Node("PRJ-003", 3),
    "PRJ-004/B001": Node("PRJ-004"), "PRJ-005/B001": Node("PRJ-005"),
}  # fmt: skip
VERBS: tuple[ask.Verb, ...] = ("start", "close", "fail", "suspend", "resume", "reopen", "waive")
UNKNOWN = {"program": "PGM-009", "project": "PRJ-009", "item": "B009"}
LEVELS: dict[str, ask.Level] = {"project": "project", "program": "program", "enterprise": "enterprise"}


def copied(nodes: dict[str, Node]) -> dict[str, Node]:
    return {name: Node(one.parent, one.priority, one.depends) for name, one in nodes.items()}


def texts(model: Model) -> worlds.Files:
    """The model as files."""
    rows = [portfolios.node(name, one.depends, one.priority) for name, one in model.programs.items()]
    files = {".opencode/enterprise.md": portfolios.enterprise(*rows, budget=model.budget, parallel=model.parallel)}
    for name in model.programs:
        mine = {project: one for project, one in model.projects.items() if one.parent == name}
        listed = [portfolios.node(project, one.depends, one.priority) for project, one in mine.items()]
        files[f".opencode/programs/{name}/program.md"] = portfolios.program(*listed)
        for project in mine:
            items = [
                portfolios.item(
                    item.partition("/")[2], [local(wanted, project) for wanted in one.depends], one.priority
                )
                for item, one in model.items.items()
                if one.parent == project
            ]
            files.update(portfolios.stored(f".opencode/programs/{name}/projects/{project}", *items))
    return files


def local(item: str, project: str) -> str:
    return item.removeprefix(f"{project}/")


class Pair:
    """The core on a disk that is a dict, and the model; after each step they agree or the test fails."""

    def __init__(self, budget: int = 2, *, parallel: bool = True) -> None:
        self.model = Model(copied(PROGRAMS), copied(PROJECTS), copied(ITEMS), budget, parallel)
        self.disk = Disk(texts(self.model))
        self.tokens: list[str] = []

    # ------------------------------------------------------------------------------------------- asking both

    def key(self, item: str) -> str:
        project = item.partition("/")[0]
        return f"{self.model.projects[project].parent}/{item}"

    def scope(self, project: str) -> str:
        return f"{self.model.projects[project].parent}/{project}"

    def compare(self, said: Decision | Refusal, expected: str) -> str:
        if isinstance(said, Refusal):
            assert said.code == expected, (str(said), expected)
            assert said.code in CODES
            assert said.reasons
            assert all(said.reasons)
            assert said.step
            assert said.code in str(said)
            return said.code
        assert expected == "", (expected, said.message)
        assert said.message
        self.agree()
        return ""

    def move(self, level: str, verb: ask.Verb, name: str, parent: str, *, parallel: bool, limit: int = 0) -> str:
        before, room = self.model.used(), self.model.budget
        request: ask.Request
        if level == "project":
            request = ask.MoveProject(verb, name or None, parent or None, "so it is", parallel, limit)
        else:
            limit, parent = 0, ""
            request = ask.MoveProgram(verb, name or None, "so it is", parallel)
        said = self.disk.ask(request)
        if level == "program" and verb == "start" and not name and isinstance(said, Decision):
            name = str(said.data["program"])  # which one is the allocation's to say
            assert name in self.model.ready("program", "")
        code = self.compare(said, self.model.move(level, verb, name, parent, parallel=parallel, limit=limit))
        assert self.model.used() <= max(before, room) or not before
        return code

    def start(self, project: str, item: str, *, parallel: bool, limit: int = 0) -> str:
        name = item.partition("/")[2] or None
        request = ask.StartItem(worlds.BASE, name, self.scope(project), parallel, limit)
        before = self.model.used()
        code = self.compare(self.disk.ask(request), self.model.start(project, item, parallel=parallel, limit=limit))
        assert self.model.used() <= max(before, self.model.budget)
        return code

    def item(self, kind: str, item: str) -> str:
        key = self.key(item)
        request: ask.Request
        match kind:
            case "verify" | "close":
                flies = any(mission.item == key for mission in self.disk.world().missions)
                nothing = ask.CloseItem(ask.Findings(worlds.BASE, "t" * 40, "w" * 40, ("a",)), key)
                request = self.disk.proof(key, record=kind == "close") if flies else nothing
            case "merged":
                request = ask.Merged(key, worlds.CANDIDATE, None)
            case "fail":
                request = ask.FailItem("no way", key)
            case "suspend":
                request = ask.SuspendItem("not now", key)
            case "resume":
                request = ask.ResumeItem(key)
            case "reopen":
                request = ask.ReopenItem(key, "again")
            case _:
                request = ask.WaiveItem(key, "without it")
        return self.compare(self.disk.ask(request), self.model.ask(kind, item))

    def escalate(self, level: str, scope: str, about: str) -> str:
        where = self.scope(scope) if level == "project" else scope or None
        named = about.partition("/")[2] if level == "project" else about
        request = ask.RecordEscalation("cannot go on", "tried", OPTIONS, "which?", named or None, LEVELS[level], where)
        return self.compare(self.disk.ask(request), self.model.escalate(level, scope, about))

    def resolve(self, at: int) -> str:
        rows = self.listed()
        name = rows[at] if at < len(rows) else "ESC-none"
        return self.compare(self.disk.ask(ask.ResolveEscalation(name, "go on")), self.model.resolve(at))

    def listed(self) -> list[str]:
        """Ids of the escalations as they were recorded: the clock rises with each."""
        whole = self.disk.world().portfolio
        found = [*whole.escalations, *(one for row in whole.programs for one in row.escalations)]
        found += [one for row in whole.projects() for one in row.escalations]
        return sorted(one.id for one in found)

    def budget(self, slots: int) -> None:
        self.model.budget = slots
        self.compare(self.disk.ask(ask.SetBudget(slots, "so it is")), "")

    # ------------------------------------------------------------------------------------- a person's edits

    def files(self) -> list[str]:
        return sorted(path for path in self.disk.files if "/archive/" not in path and path.endswith(".md"))

    def person(self, path: str) -> None:
        """A word of their own into one file, stored or working copy."""
        stored, _ = self.copies_of(path)
        if self.alone(path):
            self.write(path)
            if path.endswith("/spec.md"):
                project = self.subject(stored).split(" ")[0]
                self.model.spec[project] = self.model.spec.get(project, 0) + 1

    def alone(self, path: str) -> bool:
        """Whether nobody edited another copy since Echelon wrote them last: two edits that differ are torn."""
        group = [one for one in self.copies_of(path)[1] if one != path and one in self.disk.files]
        return all(self.disk.digest(one) == self.disk.written(one) for one in group)

    def write(self, path: str) -> None:
        self.tokens.append(f"<!-- word {len(self.tokens)} -->")
        self.disk.files[path] += f"\n{self.tokens[-1]}\n"

    def tear(self, path: str) -> None:
        """Two edits that differ, in two copies of one document."""
        stored, group = self.copies_of(path)
        there = [one for one in group if one in self.disk.files]
        if len(there) > 1 and not path.endswith("/spec.md") and all(self.alone(one) for one in there):
            for one in there[:2]:
                self.write(one)
            self.model.torn.add(self.subject(stored))

    def settle(self) -> None:
        """They make all copies say the same, with both their words."""
        for stored, others in self.disk.assembled().copies.items():
            if self.subject(stored) in self.model.torn:
                there = [one for one in (stored, *others) if one in self.disk.files]
                longest = max((self.disk.files[one] for one in there), key=len)
                words = [one for one in self.tokens if any(one in self.disk.files[path] for path in there)]
                whole = longest + "".join(f"\n{one}\n" for one in words if one not in longest)
                self.disk.files.update(dict.fromkeys(there, whole))
        self.model.torn.clear()

    def marker(self, item: str, state: State, at: int) -> None:
        """They flip the marker of an item that nobody works on, in one of its files."""
        project, _, name = item.partition("/")
        one = self.model.items[item]
        stored = f".opencode/programs/{self.model.projects[project].parent}/projects/{project}/backlog.md"
        group = [path for path in self.copies_of(stored)[1] if path in self.disk.files]
        path = group[at % len(group)]
        if one.state != "active" and self.alone(path):
            self.disk.files[path] = entries.set_state(entries.parse(self.disk.files[path]), name, state).text
            one.state = state.value

    def copies_of(self, path: str) -> tuple[str, tuple[str, ...]]:
        for stored, others in self.disk.assembled().copies.items():
            if path in (stored, *others):
                return stored, (*others, stored)
        return path, (path,)

    def subject(self, stored: str) -> str:
        parts = stored.split("/")
        if "projects" not in parts:
            return parts[-2]
        return f"{parts[-2]} {'journal' if parts[-1] == 'project.md' else parts[-1].removesuffix('.md')}"

    # ------------------------------------------------------------------------------------------- agreement

    def agree(self) -> None:
        held = self.disk.assembled()
        whole, model = held.world.portfolio, self.model
        for row in whole.programs:
            assert (row.state.value, bool(row.entry and row.entry.waived)) == state_of(model.programs[row.key]), row.key
        for row in whole.projects():
            assert (row.state.value, bool(row.entry and row.entry.waived)) == state_of(model.projects[row.id]), row.key
            for entry in row.backlog.entries if row.backlog else ():
                assert (entry.state.value, entry.waived) == state_of(model.items[f"{row.id}/{entry.id}"]), entry.id
        assert {row.item: row.phase for row in held.world.missions} == {
            self.key(name): one.phase for name, one in model.flights.items()
        }
        assert {name for name, one in model.items.items() if one.state == "active"} == set(model.flights)
        assert (whole.used, whole.settings.budget) == (model.used(), model.budget)
        assert set(capacity.next_items(held.world)) == {self.key(name) for name in model.startable()}
        pending = [name for name, one in zip(self.listed(), model.escalations, strict=True) if one.pending]
        assert [name for name in self.listed() if name in self._pending(whole)] == pending
        self._copies(held.copies)
        self._words()

    def _pending(self, whole: Portfolio) -> set[str]:
        rows = [whole.escalations, *(row.escalations for row in whole.programs)]
        rows += [row.escalations for row in whole.projects()]
        return {one.id for row in rows for one in row if one.pending}

    def _copies(self, copies: object) -> None:
        """Copies lie exactly where something is worked on in sequence, and say what the stored files say."""
        assert isinstance(copies, dict)
        model, files = self.model, self.disk.files
        assert (".opencode/program.md" in files) == bool(model.desk)
        assert (".opencode/backlog.md" in files) == bool(model.front)
        assert bool([path for path in files if path.startswith(".opencode/projects/")]) == bool(model.desk)
        for stored, others in copies.items():  # each copy says what was written last, or is the only one edited
            there = [path for path in (stored, *others) if path in files]
            edited = {files[path] for path in there if self.disk.digest(path) != self.disk.written(path)}
            assert len(edited) <= 1 or self.subject(stored) in model.torn, stored
        assert bool(self.disk.world().diverged) == bool(model.torn)

    def _words(self) -> None:
        everything = "".join(text for path, text in self.disk.files.items() if path.endswith(".md"))
        assert [word for word in self.tokens if word not in everything] == []


def state_of(one: Node) -> tuple[str, bool]:
    return one.state, one.waived


class PortfolioMachine(RuleBasedStateMachine):
    @initialize(budget=st.integers(1, 3), parallel=st.sampled_from((True, True, False)))
    def begin(self, budget: int, parallel: bool) -> None:
        self.pair = Pair(budget, parallel=parallel)

    @rule(
        verb=st.sampled_from((*VERBS, "start")),
        name=st.sampled_from(("", *PROGRAMS, "PGM-009")),
        parallel=st.booleans(),
    )
    def program(self, verb: ask.Verb, name: str, parallel: bool) -> None:
        self.pair.move("program", verb, name, "", parallel=parallel)

    @rule(
        verb=st.sampled_from((*VERBS, "start", "start")), name=st.sampled_from(("", *PROJECTS, "PRJ-009")),
        own=st.booleans(), parent=st.sampled_from(("", *PROGRAMS)), parallel=st.booleans(),
        limit=st.sampled_from((0, 0, 1, 2)),
    )  # fmt: skip
    def project(self, verb: ask.Verb, name: str, own: bool, parent: str, parallel: bool, limit: int) -> None:
        if own and name in PROJECTS:
            parent = PROJECTS[name].parent
        self.pair.move("project", verb, name, parent, parallel=parallel, limit=limit)

    @rule(
        project=st.sampled_from(list(PROJECTS)), item=st.sampled_from(("", "", "B001", "B002", "B009")),
        parallel=st.booleans(), limit=st.sampled_from((0, 0, 1)),
    )  # fmt: skip
    def start(self, project: str, item: str, parallel: bool, limit: int) -> None:
        self.pair.start(project, f"{project}/{item}" if item else "", parallel=parallel, limit=limit)

    @rule(parallel=st.booleans(), pick=st.integers(0, 9), deliver=st.booleans())
    def go_on(self, parallel: bool, pick: int, deliver: bool) -> None:
        """The straight way, as far as it goes: random requests alone would seldom get below the second level."""
        pair = self.pair
        for level, parent in (("program", ""), *(("project", name) for name in PROGRAMS)):
            if not parent or pair.model.programs[parent].state == "active":
                pair.move(level, "start", "", parent, parallel=parallel)
        rows = sorted(pair.model.startable())
        if rows:
            item = rows[pick % len(rows)]
            code = pair.start(item.partition("/")[0], item, parallel=parallel)
            if deliver and not code and not pair.item("close", item):
                pair.item("merged", item)

    @rule(
        kind=st.sampled_from(("verify", "close", "merged", "fail", "suspend", "resume", "reopen", "waive")),
        item=st.sampled_from(list(ITEMS)), flying=st.booleans(), pick=st.integers(0, 9),
    )  # fmt: skip
    def item(self, kind: str, item: str, flying: bool, pick: int) -> None:
        rows = sorted(self.pair.model.flights)
        self.pair.item(kind, rows[pick % len(rows)] if flying and rows else item)

    @rule(pick=st.integers(0, 9), back=st.booleans(), level=st.sampled_from(("project", "program")))
    def aside(self, pick: int, back: bool, level: str) -> None:
        """Something with items in flight is put aside, or what was is started again, when there is room."""
        model = self.pair.model
        nodes = model.nodes(level)
        state = "suspended" if back else "active"
        kept = {one: model.kept([one] if level == "project" else model.below("project", one)) for one in nodes}
        rows = [one for one in nodes if nodes[one].state == state and kept[one]]
        if rows:
            name = rows[pick % len(rows)]
            verbs: tuple[ask.Verb, ...] = ("resume", "start") if back else ("suspend",)
            for verb in verbs:
                self.pair.move(level, verb, name, nodes[name].parent, parallel=True)

    @rule(level=st.sampled_from(list(LEVELS)), item=st.sampled_from(list(ITEMS)), all_of_it=st.booleans())
    def escalate(self, level: str, item: str, all_of_it: bool) -> None:
        project = ITEMS[item].parent
        program = PROJECTS[project].parent
        scope, about = {"project": (project, item), "program": (program, project), "enterprise": ("", program)}[level]
        self.pair.escalate(level, scope, "" if all_of_it else about)

    @rule(at=st.integers(0, 5), every=st.booleans())
    def resolve(self, at: int, every: bool) -> None:
        for one in range(len(self.pair.model.escalations)) if every else (at,):
            self.pair.resolve(one)

    @rule(slots=st.integers(1, 3))
    def budget(self, slots: int) -> None:
        self.pair.budget(slots)

    @rule(kind=st.sampled_from(("word", "word", "tear", "settle")), pick=st.integers(0, 99))
    def person(self, kind: str, pick: int) -> None:
        files = self.pair.files()
        if kind == "settle":
            self.pair.settle()
        else:
            (self.pair.person if kind == "word" else self.pair.tear)(files[pick % len(files)])

    @rule(
        item=st.sampled_from(list(ITEMS)), at=st.integers(0, 2),
        state=st.sampled_from([state for state in State if state is not State.ACTIVE]),
    )  # fmt: skip
    def marker(self, item: str, at: int, state: State) -> None:
        self.pair.marker(item, state, at)

    @invariant()
    def agree(self) -> None:
        if hasattr(self, "pair"):
            self.pair.agree()


TestPortfolioMachine = PortfolioMachine.TestCase
TestPortfolioMachine.settings = settings(
    max_examples=2_000 if proofs.LONG else 50, stateful_step_count=50 if proofs.LONG else 30
)

# ------------------------------------------------------------------------------------------- every cell

TABLES = {"program": states.PROGRAM, "project": states.PROJECT}
LEGAL = {level: dict(table) for level, table in TABLES.items()}  # as the code has it; the tests below take rows away
REQUESTS = sorted({asked for table in TABLES.values() for _, asked in table})
WAYS: dict[State, tuple[ask.Verb, ...]] = {
    State.PENDING: (), State.ACTIVE: ("start",), State.DELIVERED: ("start", "close"), State.FAILED: ("start", "fail"),
    State.SUSPENDED: ("start", "suspend"),
}  # fmt: skip
SUBJECT = {"program": "PGM-003", "project": "PRJ-005"}


def cell(level: str, state: State, asked: str, *, parallel: bool) -> tuple[str, State, str]:
    """PGM-003 or its only project brought into `state` by requests, then asked: accepted as the table says, or not."""
    pair = Pair()
    pair.model.programs = {"PGM-003": Node("")}
    pair.model.projects = {"PRJ-005": Node("PGM-003")}
    pair.model.items = {"PRJ-005/B001": Node("PRJ-005")}
    pair.disk = Disk(texts(pair.model))
    if level == "project":
        assert pair.move("program", "start", "PGM-003", "", parallel=parallel) == ""
    steps = [*WAYS[state], *(["complete"] if (state, asked) == (State.ACTIVE, "close") else [])]
    for verb in steps:
        if verb in ("close", "complete"):
            complete(pair, level, parallel=parallel)
        if verb != "complete":
            assert pair.move(level, verb, SUBJECT[level], pair_parent(level), parallel=parallel) == ""
    assert found(pair, level) is state
    if asked == "verify":
        code = verified(pair, level)
    else:
        verb = next(one for one in VERBS if one == asked)
        code = pair.move(level, verb, SUBJECT[level], pair_parent(level), parallel=parallel)
    busy = (state, asked, parallel) == (State.ACTIVE, "start", False)
    refused = f"{level.upper()}_IN_PROGRESS" if busy else "TRANSITION_REFUSED"
    assert code == ("" if (state, asked) in LEGAL[level] else refused)
    assert found(pair, level) is LEGAL[level].get((state, asked), state)
    return level, state, asked


def pair_parent(level: str) -> str:
    return "PGM-003" if level == "project" else ""


def complete(pair: Pair, level: str, *, parallel: bool) -> None:
    if level == "program":
        assert pair.move("project", "start", "PRJ-005", "PGM-003", parallel=parallel) == ""
    assert pair.start("PRJ-005", "PRJ-005/B001", parallel=parallel) == ""
    assert [pair.item(kind, "PRJ-005/B001") for kind in ("close", "merged")] == ["", ""]
    if level == "program":
        assert pair.move("project", "close", "PRJ-005", "PGM-003", parallel=parallel) == ""


def found(pair: Pair, level: str) -> State:
    whole = pair.disk.world().portfolio
    return whole.programs[0].state if level == "program" else whole.programs[0].projects[0].state


def verified(pair: Pair, level: str) -> str:
    world = pair.disk.world()
    row = world.portfolio.programs[0]
    said = enterprise.verify(row) if level == "program" else program.verify(world, row.projects[0])
    return said.code if isinstance(said, Refusal) else ""


@pytest.mark.parametrize("parallel", [False, True], ids=["sequential", "parallel"])
@pytest.mark.parametrize("level", TABLES)
def test_every_cell_of_the_tables_of_programs_and_projects(level: str, parallel: bool) -> None:
    cells = list(itertools.product((level,), State, REQUESTS))
    assert [cell(*one, parallel=parallel) for one in cells] == cells


@pytest.mark.parametrize(
    ("level", "row"), [(level, row) for level, table in TABLES.items() for row in table],
    ids=lambda one: one if isinstance(one, str) else f"{one[0].value}-{one[1]}",
)  # fmt: skip
def test_a_row_that_is_taken_away_is_missed(
    level: str, row: tuple[State, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = {key: after for key, after in TABLES[level].items() if key != row}
    monkeypatch.setattr(states, level.upper(), rest)
    with pytest.raises((AssertionError, KeyError)):
        cell(level, *row, parallel=True)


def test_the_tables_ask_for_nothing_that_no_request_says() -> None:
    assert set(REQUESTS) == {*VERBS, "verify"}
    assert set(WAYS) == set(State)
