"""The table of actions: one row each, many doors. CLI, agent tools, HTTP and the reference are made from it.

A row names the action, its level, who may ask for it, its arguments as a dataclass (the field's metadata is its
documentation), and the function that performs it. No door has logic.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from echelon.core import report, requests
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.sections import Option
from echelon.dispatch import ladder
from echelon.engine.engine import Engine

Level = Literal["review", "mission", "project"]
Who = Literal["agent", "person"]

Answer = Decision | Refusal


def _doc(text: str, **options: Any) -> Any:
    return field(metadata={"doc": text}, **options)


@dataclass(frozen=True, slots=True)
class NoArguments:
    pass


@dataclass(frozen=True, slots=True)
class StartArguments:
    itemId: str = _doc(  # noqa: N815 - the name open-codining's users know
        "Id of the item; the next eligible one when left out.", default=""
    )


@dataclass(frozen=True, slots=True)
class ReasonArguments:
    reason: str = _doc("Why, in one sentence; it goes into the journal and the archive.")


@dataclass(frozen=True, slots=True)
class ItemArguments:
    itemId: str = _doc(  # noqa: N815 - the name open-codining's users know
        "Id of the item, such as B001 (`item_id` is accepted too).", default=""
    )
    item_id: str = _doc("The same, as the console spells it.", default="")


@dataclass(frozen=True, slots=True)
class AttestArguments:
    note: str = _doc("What was looked at.")
    criterion: int = _doc("Number of the criterion, from 1; 0 means all that have no check.", default=0)


@dataclass(frozen=True, slots=True)
class NoteArguments:
    note: str = _doc("Why this change to the tests is right.")


@dataclass(frozen=True, slots=True)
class ReviewArguments:
    note: str = _doc("What was looked at, and why every criterion without a check holds.")


@dataclass(frozen=True, slots=True)
class EscalationArguments:
    context: str = _doc("What the problem is.")
    attempts: str = _doc("What was tried, by recovery level.")
    option1_label: str = _doc("First option.")
    option2_label: str = _doc("Second option.")
    expected_decision: str = _doc("What the person has to decide.")
    level: Literal["project"] = _doc("Whose file it goes to.", default="project")
    item: str = _doc("Id of the item it concerns; it is suspended when it is in flight.", default="")
    option1_pros: str = _doc("For the first.", default="")
    option1_cons: str = _doc("Against the first.", default="")
    option2_pros: str = _doc("For the second.", default="")
    option2_cons: str = _doc("Against the second.", default="")
    option3_label: str = _doc("Third option, if any.", default="")
    option3_pros: str = _doc("For the third.", default="")
    option3_cons: str = _doc("Against the third.", default="")


@dataclass(frozen=True, slots=True)
class DecisionArguments:
    escalation_id: str = _doc("Id of the escalation.")
    decision: str = _doc("What was decided.")
    level: Literal["project"] = _doc("Whose file it is in.", default="project")


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    level: Level
    who: Who  # "person": persons only
    doc: str
    arguments: type
    perform: Callable[[Engine, Any], Answer]
    changes: bool = True  # False: only looks
    also: Level | None = None  # the level below that is offered it too
    runs: bool = False  # runs the checks' commands on this machine
    settles: bool = False  # a refusal of it ends an agent's attempt

    @property
    def callers(self) -> str:
        """Who may call it, in words."""
        if self.who == "person":
            return "persons only"
        return "agents only" if self.level == "review" else "agents and persons"


def _start(engine: Engine, given: StartArguments) -> Answer:
    answer = engine.start(given.itemId or None)
    mission = engine.world().mission() if isinstance(answer, Decision) else None
    if isinstance(answer, Refusal) or mission is None:
        return answer
    place = engine.slot_path(mission)  # "this directory" of the contract, for whoever works by hand
    message = f"{answer.message}\nThe directory: {place}"
    return dataclasses.replace(answer, message=message, data={**answer.data, "directory": place})


def _verify(engine: Engine, _given: NoArguments) -> Answer:
    return engine.verify()


def _close(engine: Engine, _given: NoArguments) -> Answer:
    return engine.close()


def _fail(engine: Engine, given: ReasonArguments) -> Answer:
    return engine.end(requests.FailItem(given.reason))


def _suspend(engine: Engine, given: ReasonArguments) -> Answer:
    return engine.end(requests.SuspendItem(given.reason))


def _resume(engine: Engine, given: ItemArguments) -> Answer:
    item = given.itemId or given.item_id
    if not item:
        return refuse("ARGUMENT_MISSING", "say which item: itemId")
    return engine.ask(requests.ResumeItem(item))


def _status(engine: Engine, _given: NoArguments) -> Answer:
    data = report.status(engine.world())
    return Decision({}, report.lines(data), data=data)


def _report(engine: Engine, _given: NoArguments) -> Answer:
    data = report.status(engine.world())
    return Decision({}, report.markdown(data), data=data)


def _attest(engine: Engine, given: AttestArguments) -> Answer:
    return engine.attest("person", given.note, criterion=given.criterion)


def _review(engine: Engine, given: ReviewArguments) -> Answer:
    return engine.attest("reviewer", given.note)


def _accept(engine: Engine, given: NoteArguments) -> Answer:
    return engine.accept_weakening(given.note)


def _escalate(engine: Engine, given: EscalationArguments) -> Answer:
    options = [
        Option(getattr(given, f"option{n}_label"), getattr(given, f"option{n}_pros"), getattr(given, f"option{n}_cons"))
        for n in (1, 2, 3)
        if n < 3 or given.option3_label
    ]
    request = requests.RecordEscalation(
        given.context, given.attempts, tuple(options), given.expected_decision, given.item or None
    )
    return engine.end(request)


def _resolve(engine: Engine, given: DecisionArguments) -> Answer:
    return engine.ask(requests.ResolveEscalation(given.escalation_id, given.decision))


ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        Action(
            "backlog_status",
            "project",
            "agent",
            "Mode, counts and one line per item.",
            NoArguments,
            _status,
            False,
            "mission",
        ),
        Action(
            "backlog_start_item", "project", "agent", "Start an item: its slot, its contract.", StartArguments, _start
        ),
        Action(
            "backlog_verify_item",
            "project",
            "agent",
            "Run the checks of the item in flight and say the verdict.",
            NoArguments,
            _verify,
            also="mission",
            runs=True,
        ),
        Action(
            "backlog_close_item",
            "project",
            "agent",
            "Verify, merge and mark the item delivered.",
            NoArguments,
            _close,
            runs=True,
            settles=True,
        ),
        Action("backlog_fail_item", "project", "agent", "Give the item up; its work is kept.", ReasonArguments, _fail),
        Action(
            "backlog_suspend_item",
            "project",
            "agent",
            "Put the item aside; its work is kept.",
            ReasonArguments,
            _suspend,
        ),
        Action(
            "backlog_resume_item", "project", "agent", "Bring a suspended item back to pending.", ItemArguments, _resume
        ),
        Action(
            "backlog_attest", "project", "person", "Say that criteria without a check hold.", AttestArguments, _attest
        ),
        Action(
            "backlog_review_item",
            "review",
            "agent",
            "Say that criteria without a check hold, as one who did not write the change.",
            ReviewArguments,
            _review,
        ),
        Action(
            "backlog_accept_weakening",
            "project",
            "person",
            "Let the present changes to tests pass.",
            NoteArguments,
            _accept,
            runs=True,
        ),
        Action(
            "record_escalation",
            "project",
            "agent",
            "Ask a person to decide; what it concerns waits.",
            EscalationArguments,
            _escalate,
        ),
        Action("resolve_escalation", "project", "person", "Decide an escalation.", DecisionArguments, _resolve),
        Action("portfolio_report", "project", "agent", "The report as Markdown.", NoArguments, _report, False),
    )
}


def perform(engine: Engine, name: str, given: Mapping[str, Any], caller: Who) -> Answer:
    """Run an action for a caller. Raises InputError ARGUMENTS_INVALID with the place of each mistake."""
    action = ACTIONS.get(name)
    if action is None:
        return refuse("ACTION_UNKNOWN", f"there is no action {name[:60]!r}")
    if action.who == "person" and caller != "person":
        return refuse("NEEDS_PERSON", f"{name} is a person's: ask them to run echelon call {name}")
    if action.level == "review" and caller == "person":  # evidence must not call a person's word a reviewer's
        return refuse(
            "WRONG_LEVEL", f"{name} is a reviewer's word", next_step="a person's is echelon call backlog_attest"
        )
    arguments = _validated(action, given)
    if not action.changes:
        return action.perform(engine, arguments)
    with engine.workspace.delivering(f"call {name}"):
        engine.recover()
        answer = action.perform(engine, arguments)
        if caller == "agent" and action.settles and isinstance(answer, Refusal):
            return _settled(engine, answer)
        return answer


def _settled(engine: Engine, refusal: Refusal) -> Refusal:
    """A commander's refused close ends the attempt, as in a delivery by code: attempts are counted, none is for ever."""
    mission = engine.world().mission()
    if mission is None:
        return refusal
    kind, answer = ladder.settle(engine, mission, refusal)
    if isinstance(answer, Refusal):
        return refusal if kind == "blocked" else answer
    step = _AFTER[kind]
    return dataclasses.replace(refusal, reasons=(*refusal.reasons, answer.message), next_step=step)


_AFTER = {
    "attempt": "give the Commander these reasons and let it try again",
    "suspended": "backlog_resume_item makes it ready again; other items can go on",
    "escalated": "this item waits for the person; backlog_start_item goes on with the others",
}


def _validated(action: Action, given: Mapping[str, Any]) -> Any:
    from echelon.actions.schema import validated  # pydantic is heavy: only those who perform an action pay for it

    return validated(action.name, action.arguments, given)


def describe(action: Action) -> list[tuple[str, str, bool, str]]:
    """(argument, type, required, doc) of each argument."""
    rows: list[tuple[str, str, bool, str]] = []
    for entry in dataclasses.fields(action.arguments):
        required = entry.default is dataclasses.MISSING
        rows.append(
            (entry.name, str(entry.type).replace("Literal", "one of "), required, entry.metadata.get("doc", ""))
        )
    return rows
