"""One mission, attempt after attempt, until evidence closes its item, a person must decide, or it is stopped.

No model decides here. The host's session ends; code looks at the work, closes it, or says why not and tries again by
the recovery ladder. A stop is looked for between all steps, and what is in flight stays in flight for the next time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from echelon.core import briefing, requests
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Option
from echelon.core.merge_queue import Verdict
from echelon.core.model import Mission, Reason, World
from echelon.dispatch import ladder, outage
from echelon.dispatch.landing import Landing
from echelon.dispatch.outcome import LINE_MAX, NOT_THERE, REASONS, codes_of, definition_is_wrong, tamed, words
from echelon.engine.engine import Engine
from echelon.errors import TamperError
from echelon.ports import Assignment, Host, TurnEnd

ROUNDS_MAX = 100_000  # attempts in one delivery: a bound that no honest backlog reaches

Status = Literal["done", "blocked", "stopped"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person may want to see, as it happens. `kind` is one of started, agent, attempt, refused, delivered,
    suspended, escalated, recovered, warned, level. `item` is a key."""

    kind: str
    item: str
    text: str


@dataclass(slots=True)
class Outcome:
    status: Status
    reasons: tuple[str, ...] = ()
    next_step: str = ""
    code: str = ""
    delivered: list[str] = field(default_factory=list)


def blocked(refusal: Refusal) -> Outcome:
    return Outcome("blocked", refusal.reasons, refusal.step, refusal.code)


def halted(state: str) -> Outcome:
    said = refuse("STOPPED", state)
    return Outcome("stopped", said.reasons, said.step, said.code)


class Attempts:
    """Takes missions to their end on one host. Safe in threads, one mission in each."""

    def __init__(
        self,
        engine: Engine,
        host: Host,
        tell: Callable[[Event], None],
        stopped: Callable[[], bool],
        landing: Landing | None = None,
    ) -> None:
        self._engine, self._host, self._tell, self._stopped = engine, host, tell, stopped
        self._landing = landing  # None: nobody else lands
        self._owed: dict[str, tuple[int, float]] = {}  # item -> what sessions used whose attempt was over before them

    def run(self, item: str) -> Outcome | None:
        """Until the mission of this item is over; an Outcome when only a person can go on with it, or at a stop.

        Whoever calls holds the mission. Raises what the engine's rooms raise.
        """
        for _ in range(ROUNDS_MAX):
            mission = self._engine.find_mission(item)
            if isinstance(mission, Refusal):
                return None
            if self._stopped():
                return halted(f"{mission.name} stays in flight")
            outcome = self._attempt(mission)
            if outcome is not None:
                return outcome
        return blocked(refuse("BASE_KEEPS_MOVING", f"{ROUNDS_MAX} attempts in one delivery"))

    def _attempt(self, mission: Mission) -> Outcome | None:
        """Run one attempt to its end. An Outcome when only a person can go on with it."""
        world = self._engine.world(mission.scope)
        stuck = self._stuck(mission, world)
        if stuck is not None:
            return stuck
        if mission.phase == "merging":  # proved already; a process died, or the base moved, before it could merge
            return self._close(mission, 0, 0.0)
        if mission.attempt == briefing.first_attempt(world, mission):
            problems = self._engine.preflight(mission)
            if problems:
                return self._escalate(mission, "\n".join(f"[{row.code}] {row.message}" for row in problems))
        end = self._work(mission, world, "worker")
        if self._stopped():
            return halted(f"{mission.name} stays in flight")
        return self._ended(mission, world, end)

    def _ended(self, mission: Mission, world: World, end: TurnEnd) -> Outcome | None:
        """What the end of the agent's turn comes to."""
        for name in () if mission.in_place else self._engine.work.noticed(mission):
            self._tell(Event("warned", mission.item, f"{name} changed while this ran; if it was not you, look at it"))
        before = self._owed.pop(mission.item, (0, 0.0))
        tokens, cost = before[0] + end.usage.tokens_in + end.usage.tokens_out, before[1] + end.usage.cost
        if self._over(mission):  # a person sent the work back: the next attempt begins with what they said
            self._owed[mission.item] = (tokens, cost)
            self._tell(Event("attempt", mission.item, f"{mission.name} is over: a person asks for rework"))
            return None
        if end.reason in NOT_THERE:
            return _not_there(mission, end)
        if end.reason == "asked":
            return self._ask(mission, end)
        if end.reason != "claimed_done":
            return self._end(
                mission, REASONS.get(end.reason, "crashed"), end.text or end.reason.replace("_", " "), tokens, cost
            )
        try:
            outcome = self._review(mission, world)
            if outcome is not None:
                return outcome
            self._tell(Event("agent", mission.item, "claims done; checks run on the merged tree"))
            return self._close(mission, tokens, cost)
        except TamperError as error:
            if error.code != "SLOT_DIRECTORY_CHANGED":
                raise
            self._engine.renew_slot(mission)
            return self._end(mission, "escaped", f"[{error.code}] {error.message}", tokens, cost)

    def _stuck(self, mission: Mission, world: World) -> Outcome | None:
        """What makes every attempt useless, looked at before one is paid."""
        entry = world.backlog.find(mission.local) if world.backlog else None
        if entry is None or entry.state is not State.ACTIVE:
            reason = f"{mission.name} runs, and the backlog says that {mission.item} is {entry.state.value if entry else 'gone'}"
            return blocked(refuse("SLOT_WITHOUT_ITEM", reason))
        escapes = self._engine.escapes(mission)
        if escapes:
            return blocked(refuse(escapes[0].code, *(problem.message for problem in escapes)))
        return None

    def _close(self, mission: Mission, tokens: int, cost: float) -> Outcome | None:
        decision = self._land(mission, tokens, cost)
        if isinstance(decision, Decision):
            self._tell(Event("delivered", mission.item, decision.message.split("\n", 1)[0]))
            for warning in decision.data.get("warnings", ()):
                self._tell(Event("warned", mission.item, warning))
            return None
        self._tell(Event("refused", mission.item, _headline(decision)))
        return self._refused(mission, decision, tokens, cost)

    def _land(self, mission: Mission, tokens: int, cost: float) -> Decision | Refusal:
        """Close in turn: one after another in the order they were ready, tested ahead meanwhile."""

        def close() -> Decision | Refusal:
            return self._engine.close(mission.item, tokens=tokens, cost=cost)

        if mission.in_place or self._landing is None:
            return close()

        def ahead(heads: tuple[str, ...], obsolete: Callable[[], bool]) -> Verdict:
            return self._engine.speculate(mission, heads, obsolete)

        head = self._engine.head(mission)
        return self._landing.land(
            mission.item, head, ahead, close, self._stopped, lambda said: isinstance(said, Decision)
        )

    def _work(self, mission: Mission, world: World, role: Literal["worker", "reviewer", "planner"]) -> TurnEnd:
        """One session of the host, inside the limits; an outage is waited for, and its time is not the attempt's."""
        assert world.backlog is not None
        limit = world.config.number("limits.attemptSeconds")
        assignment = Assignment(
            mission.item,
            mission.name,
            mission.attempt,
            role,
            self._directory(mission),
            briefing.prompt(world, world.backlog, mission),
            mission.feedback,
            briefing.decisions(world, mission.local),
        )

        def turn() -> TurnEnd:
            until, late = time.monotonic() + limit, False

            def stopped() -> bool:
                nonlocal late
                late = time.monotonic() > until
                return late or self._stopped()

            end = tamed(self._host.work(assignment, lambda line: self._heard(mission, line), stopped))
            is_late = late and end.reason == "aborted"
            return TurnEnd("timed_out", f"longer than {limit:g} s", end.usage) if is_late else end

        def tell(line: str) -> None:
            self._tell(Event("warned", mission.item, words(line)[:LINE_MAX]))

        return tamed(outage.patiently(turn, world.config.number("limits.outageSeconds"), self._stopped, tell))

    def _heard(self, mission: Mission, line: str) -> None:
        self._tell(Event("agent", mission.item, words(line)[:LINE_MAX]))

    def _directory(self, mission: Mission) -> str:
        return str(self._engine.workspace.root) if mission.in_place else self._engine.slot_path(mission)

    def _review(self, mission: Mission, world: World) -> Outcome | None:
        """Criteria without a check are looked at by a session that did not write the change."""
        attested = {entry.criterion for entry in mission.attestations}
        if all(promise.text in attested for promise in mission.definition.unchecked):
            return None
        end = self._work(mission, world, "reviewer")
        if end.reason == "claimed_done":
            self._engine.attest("reviewer", end.text or "reviewed", mission.item)
        return _not_there(mission, end) if end.reason in NOT_THERE else None

    def _over(self, mission: Mission) -> bool:
        found = self._engine.find_mission(mission.item)
        return not isinstance(found, Refusal) and found.attempt != mission.attempt

    def _refused(self, mission: Mission, refusal: Refusal, tokens: int, cost: float) -> Outcome | None:
        if self._over(mission):
            self._owed[mission.item] = (tokens, cost)
            return None
        kind, answer = ladder.settle(self._engine, mission, refusal, tokens, cost)
        more = " " + "\n".join(refusal.reasons) if definition_is_wrong(codes_of(refusal)) else ""
        return self._told(kind, mission, answer, more)

    def _end(self, mission: Mission, reason: Reason, detail: str, tokens: int, cost: float) -> Outcome | None:
        ending = requests.EndAttempt(mission.item, reason, detail, (), "", tokens, cost, mission.attempt)
        kind, answer = ladder.end_attempt(self._engine, ending)
        return self._told(kind, mission, answer)

    def _escalate(self, mission: Mission, detail: str) -> Outcome | None:
        return self._told("escalated", mission, ladder.escalate(self._engine, mission, detail), f" {detail}")

    def _ask(self, mission: Mission, end: TurnEnd) -> Outcome | None:
        """A question goes to a person; the item waits, the others go on."""
        question = end.text.strip() or "The agent stopped to ask, and did not say what."
        options = (
            Option("answer", "the agent goes on", "—"),
            Option("give up", "nothing more is spent", "not delivered"),
        )
        request = requests.RecordEscalation(question, f"{mission.name}: asked", options, question, mission.item)
        return self._told("escalated", mission, self._engine.end(request), f" It asks: {question}")

    def _told(self, kind: str, mission: Mission, decision: Decision | Refusal, more: str = "") -> Outcome | None:
        """Tell what was decided. A refusal here means that nothing moved: going round again would not either."""
        if isinstance(decision, Refusal):
            return None if decision.code == "ATTEMPT_OVER" else blocked(decision)
        self._tell(Event(kind, mission.item, decision.message.split("\n", 1)[0] + more))
        return None


def _not_there(mission: Mission, end: TurnEnd) -> Outcome:
    """Nothing was wrong with the attempt: it stays open, and the next delivery goes on in it."""
    return blocked(refuse(NOT_THERE[end.reason], f"{mission.name} stays in flight: {end.text}"))


def _headline(refusal: Refusal) -> str:
    return "; ".join(reason.split("\n", 1)[0] for reason in refusal.reasons)
