"""R13: main always passes its acceptance; testing ahead changes neither what lands nor the order, and costs little.

Goal: over random queues, what an orchestrator with the merge queue lands is what landing one at a time lands, and at each landing the whole of main passes. Method: a simulated world in which a tree is the set of what was
merged; changes are bad by themselves, in twos and threes, or do not merge; people push, evict and rework; processes
die in the middle. Mutants: test the branch, believe the forecast, drop who is put aside.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

import proofs
from echelon.core.merge_queue import WINDOW, MergeQueue, Stack, Ticket, Verdict, carried, forecast, own_stack

QUEUES = 100_000 if proofs.LONG else 1_000
BASE_MOVES = 3
# What one refusal, eviction, new head, push or crash may waste: the test that found the culprit, and a window of them.
WASTE = WINDOW + 1

Tree = frozenset[str]  # heads that are in it
Moment = tuple[int, str]  # number of a turn, and where in it: "tested", "moved"


class CrashError(Exception):
    pass


@dataclass(frozen=True)
class World:
    """What is true, and what happens when. Serial landing and the orchestrator live through the same one."""

    bad: Tree
    together: tuple[Tree, ...]  # red only where all of one are
    textual: frozenset[Tree]  # pairs that git cannot merge
    arrivals: dict[int, list[Ticket]]
    reworked: dict[Ticket, Ticket]  # comes again with another head when it was refused
    evicted: dict[int, str]
    renewed: dict[int, Ticket]  # a waiting one gets another head
    pushes: dict[Moment, str]
    crashes: set[Moment]

    def passes(self, tree: Tree) -> bool:
        return not tree & self.bad and not any(group <= tree for group in self.together)

    def merge(self, tree: Tree, head: str) -> Tree | None:
        return None if any(frozenset((head, other)) in self.textual for other in tree) else tree | {head}

    def push(self, tree: Tree, moment: Moment) -> Tree:
        """A person pushes what passes; what would not, is not pushed."""
        head = self.pushes.get(moment)
        after = self.merge(tree, head) if head else None
        return tree if after is None or not self.passes(after) else after


def world(chance: random.Random) -> World:
    tickets = [Ticket(f"B{number:03d}", f"B{number:03d}@1") for number in range(chance.randint(1, 12))]
    again = {one: Ticket(one.id, f"{one.id}@2") for one in tickets if chance.random() < 0.3}
    fresh = {one: Ticket(one.id, f"{one.id}@3") for one in tickets if chance.random() < 0.1}
    people = [f"person{number}" for number in range(chance.choice((0, 0, 1, 3)))]
    heads = [one.head for one in (*tickets, *again.values(), *fresh.values())] + people
    many = len(heads) if chance.random() < 0.7 else 0  # some worlds are all well

    def some(share: float, size: int) -> list[Tree]:
        return [
            frozenset(chance.sample(heads, min(size, len(heads)))) for _ in range(int(many * share * chance.random()))
        ]

    arrivals: dict[int, list[Ticket]] = {}
    for one in tickets:
        arrivals.setdefault(chance.choice((0, 0, chance.randrange(15))), []).append(one)
    turns = range(20)
    return World(
        bad=frozenset().union(*some(0.3, 1)) - set(people),
        together=tuple(group for group in (*some(0.5, 2), *some(0.3, 3)) if len(group) > 1),
        textual=frozenset(pair for pair in some(0.4, 2) if len(pair) == 2),
        arrivals=arrivals,
        reworked=again,
        evicted={turn: chance.choice(tickets).id for turn in turns if many and chance.random() < 0.05},
        renewed={chance.choice(turns): one for one in fresh.values()},
        pushes={(chance.choice(turns), chance.choice(("tested", "moved"))): head for head in people},
        crashes={(turn, chance.choice(("tested", "moved"))) for turn in turns if many and chance.random() < 0.05},
    )


@dataclass
class Life:
    """A run of the world: what landed in which order, on which main, at the cost of how many tests."""

    facts: World
    main: Tree = frozenset()
    landed: list[str] = field(default_factory=list)
    disturbed: int = 0
    ran: dict[Tree, bool] = field(default_factory=dict)  # the cache on disk: it survives a crash

    def green(self, tree: Tree) -> bool:
        return self.ran.setdefault(tree, self.facts.passes(tree))

    def at(self, moment: Moment) -> None:
        before, self.main = self.main, self.facts.push(self.main, moment)
        self.disturbed += before != self.main
        if moment in self.facts.crashes:
            self.disturbed += 1
            raise CrashError

    def close(self, ticket: Ticket, turn: int) -> bool:
        """As Engine.close: judge the candidate on the base as it is, move by compare-and-swap, again when it moved."""
        for _ in range(BASE_MOVES):
            base = self.main
            candidate = self.facts.merge(base, ticket.head)
            if candidate is None or not self.judged(ticket, candidate):
                return False
            self.at((turn, "tested"))
            if self.main == base:
                self.main = candidate
                self.landed.append(ticket.head)
                assert self.facts.passes(self.main), f"main is red after {ticket.head}"
                self.at((turn, "moved"))
                return True
        return False

    def judged(self, ticket: Ticket, candidate: Tree) -> bool:
        return self.green(candidate)


def serial(facts: World) -> Life:
    """One at a time, from a plain list: what the queue must come to."""
    life, waiting = Life(facts), list[Ticket]()
    for turn in range(200):
        waiting += facts.arrivals.get(turn, [])
        waiting = [one for one in waiting if one.id != facts.evicted.get(turn)]
        fresh = facts.renewed.get(turn)
        waiting = [fresh if fresh and one.id == fresh.id else one for one in waiting]
        if not waiting:
            continue
        one = waiting[0]
        try:
            good = life.close(one, turn)
        except CrashError:  # missions are found again in the order of their file; what landed is finished
            waiting = sorted((left for left in waiting if left.head not in life.main), key=lambda left: left.id)
            continue
        waiting.pop(0)
        if not good and one in facts.reworked:
            waiting.append(facts.reworked[one])
    assert not waiting
    return life


class Orchestrator(Life):
    """The same with the merge queue: while the first closes, what waits is tested ahead."""

    def run(self, chance: random.Random) -> Orchestrator:
        self.queue, self.known, self.chance = MergeQueue(), dict[Stack, Verdict](), chance
        last_turn: dict[str, int] = {}  # by which a ticket must have had its own
        for turn in range(200):
            self.happens(turn, last_turn)
            self.test_ahead()
            if not self.queue.tickets:
                continue
            first = self.queue.tickets[0]
            assert self.queue.may_land(first.id)
            assert turn <= last_turn.pop(first.id), f"{first.id} waited too long"
            try:
                self.ended(first, self.close(first, turn))
            except CrashError:
                left = sorted((one for one in self.queue.tickets if one.head not in self.main), key=lambda one: one.id)
                self.queue, self.known, last_turn = MergeQueue(), {}, {}
                for one in left:
                    self.join(one, turn + 1, last_turn)
                continue
            self.queue = self.queue.leave(first.id)
            if first.head not in self.main:
                self.disturbed += 1
                if first in self.facts.reworked:
                    self.join(self.facts.reworked[first], turn + 1, last_turn)
        assert not self.queue.tickets, "somebody waits for ever"
        return self

    def join(self, ticket: Ticket, turn: int, last_turn: dict[str, int]) -> None:
        last_turn.setdefault(ticket.id, turn + len(self.queue.tickets))
        self.queue = self.queue.join(ticket)

    def happens(self, turn: int, last_turn: dict[str, int]) -> None:
        for one in self.facts.arrivals.get(turn, []):
            self.join(one, turn, last_turn)
        gone = self.queue.find(self.facts.evicted.get(turn, ""))
        if gone:
            self.queue, self.disturbed = self.queue.leave(gone.id), self.disturbed + 1
            self.known = carried(self.known, gone, landed=False)
            del last_turn[gone.id]
        fresh = self.facts.renewed.get(turn)
        if fresh and self.queue.find(fresh.id):
            self.disturbed += 1
            self.join(fresh, turn, last_turn)

    def ended(self, first: Ticket, good: bool) -> None:
        self.test_ahead()  # between the move of the base and the end of the turn
        self.known = carried(self.known, first, landed=good)
        if not self.facts.pushes:
            assert all(self.said(stack) == said for stack, said in self.known.items()), "carried says what is not so"

    def test_ahead(self) -> None:
        for _ in range(self.chance.choice((0, 1, 3, 30))):
            stack = self.wanted()
            if stack is None:
                return
            assert stack not in self.known and 0 < len(stack) <= WINDOW
            self.known[stack] = self.said(stack)

    def wanted(self) -> Stack | None:
        """Each waiting ticket tests its own stack; whose thread is next is chance."""
        own = [own_stack(self.queue, self.known, one.id) for one in self.queue.tickets]
        open_ = [stack for stack in own if stack and stack not in self.known]
        return self.chance.choice(open_) if open_ else None

    def said(self, stack: Stack) -> Verdict:
        tree: Tree | None = self.main
        for one in stack:
            tree = self.facts.merge(tree, one.head)
            if tree is None:
                return "conflict"
        return "green" if self.green(tree) else "red"


def check(seed: int, kind: type[Orchestrator] = Orchestrator) -> tuple[Life, Orchestrator]:
    facts = world(random.Random(seed))
    try:
        wanted, got = serial(facts), kind(facts).run(random.Random(-seed - 1))
    except AssertionError as error:
        error.add_note(f"seed {seed}")
        raise
    assert (got.landed, got.main) == (wanted.landed, wanted.main), f"seed {seed}"
    return wanted, got


def test_main_always_passes_and_the_result_is_that_of_landing_one_at_a_time() -> None:
    landed = disturbed = quiet = 0
    for seed in range(QUEUES):
        wanted, got = check(seed)
        assert len(got.ran) <= len(wanted.ran) + WASTE * got.disturbed, f"seed {seed}: too many tests"
        landed, disturbed = landed + len(got.landed), disturbed + got.disturbed
        quiet += not got.disturbed  # then the line above says: not one test more
    assert landed > 3 * QUEUES and disturbed > QUEUES and quiet > QUEUES // 10, "the load is too light to count"


class ExaminesTheBranch(Orchestrator):
    """Green on its own branch, merged without a look at the merge."""

    def judged(self, ticket: Ticket, candidate: Tree) -> bool:
        return self.green(frozenset((ticket.head,)))


class BelievesTheForecast(Orchestrator):
    """What was green ahead is not looked at again, though somebody else may have moved the base."""

    def judged(self, ticket: Ticket, candidate: Tree) -> bool:
        return self.known.get((ticket,)) == "green" or self.green(candidate)


class DropsWhoIsAside(Orchestrator):
    """A forecast is taken for a verdict, though who is ahead may not land."""

    def test_ahead(self) -> None:
        super().test_ahead()
        for one in forecast(self.queue, self.known)[1]:
            if not self.queue.may_land(one.id):
                self.queue = self.queue.leave(one.id)


@pytest.mark.parametrize(
    ("mutant", "symptom"),
    [(ExaminesTheBranch, "main is red"), (BelievesTheForecast, "main is red"), (DropsWhoIsAside, "seed")],
)
def test_a_mutant_is_caught(mutant: type[Orchestrator], symptom: str) -> None:
    with pytest.raises(AssertionError, match=symptom):
        for seed in range(1_000):
            check(seed, mutant)


# -------------------------------------------------------------------------------------------------- the forecast


@pytest.mark.parametrize("window", [1, 2, 3, 4, 7, 16])
@pytest.mark.parametrize("alone", ["red", "conflict"])
def test_a_culprit_is_put_aside_and_those_behind_are_forecast_without_it(window: int, alone: Verdict) -> None:
    tickets = tuple(Ticket(f"B{number}", "h") for number in range(window))
    queue = MergeQueue(tickets, window)
    for culprit in tickets:
        known: dict[Stack, Verdict] = {}
        for one in tickets:
            stack = own_stack(queue, known, one.id)
            assert stack is not None and stack[-1] == one
            known[stack] = alone if culprit in stack else "green"
        assert forecast(queue, known) == (tuple(one for one in tickets if one != culprit), (culprit,))
        assert own_stack(queue, known, culprit.id) is None


def test_a_green_stack_says_it_of_those_it_begins_with() -> None:
    queue = MergeQueue(tuple(Ticket(f"B{number}", "h") for number in range(6)))
    known: dict[Stack, Verdict] = {queue.tickets[:3]: "green", queue.tickets[:4]: "red"}
    assert forecast(queue, known) == (queue.tickets[:3], queue.tickets[3:4])
    assert own_stack(queue, known, "B3") is None and own_stack(queue, known, "B4") is None  # aside, beyond the window
    assert own_stack(queue, known, "other") is None


def test_a_new_head_keeps_its_place_and_nothing_is_known_of_it() -> None:
    queue = MergeQueue().join(Ticket("A", "1")).join(Ticket("B", "1")).join(Ticket("C", "1"))
    known: dict[Stack, Verdict] = {queue.tickets[:1]: "green", queue.tickets[:2]: "red", queue.tickets: "red"}
    again = queue.join(Ticket("B", "2"))
    assert [one.id for one in again.tickets] == ["A", "B", "C"] and not again.may_land("B")
    assert forecast(queue, known)[1] == (Ticket("B", "1"),) and forecast(again, known)[1] == ()
    assert own_stack(again, known, "C") == again.tickets
    assert own_stack(MergeQueue(again.tickets, window=0), {}, "A") is None


def test_an_empty_queue_answers() -> None:
    assert MergeQueue().leave("A") == MergeQueue()
    assert not MergeQueue().may_land("A") and own_stack(MergeQueue(), {}, "A") is None
