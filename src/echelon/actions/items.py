"""What the actions on items do. Each takes the engine, its arguments, who asks, and the mission it is about (or None)."""

from __future__ import annotations

import dataclasses
import json

from echelon.actions import arguments as given_
from echelon.actions.callers import Caller, project_of
from echelon.core import requests
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.sections import Option
from echelon.core.model import Mission
from echelon.engine.engine import Engine
from echelon.errors import InputError

Answer = Decision | Refusal
PROBLEMS_SHOWN_MAX = 20


def start(engine: Engine, given: given_.StartArguments, caller: Caller) -> Answer:
    scope = project_of(engine, caller, given.backlog_path, given.itemId)
    if isinstance(scope, Refusal):
        return scope
    return _with_directory(engine, engine.start(given.itemId or None, scope=scope))


def start_parallel(engine: Engine, given: given_.SlotArguments, caller: Caller) -> Answer:
    scope = project_of(engine, caller, given.backlog_path)
    if isinstance(scope, Refusal):
        return scope
    most = engine.workspace.config.count("limits.slots")
    limit = min(given.max_slots, most) if given.max_slots > 0 else 1
    return _with_directory(engine, engine.start(scope=scope, parallel=True, limit=limit))


def _with_directory(engine: Engine, answer: Answer) -> Answer:
    mission = engine.find_mission(str(answer.data["item"])) if isinstance(answer, Decision) else answer
    if isinstance(answer, Refusal) or isinstance(mission, Refusal):
        return answer
    place = engine.slot_path(mission)  # "this directory" of the contract, for whoever works by hand
    message = f"{answer.message}\nThe directory: {place}"
    return dataclasses.replace(answer, message=message, data={**answer.data, "directory": place})


def verify(engine: Engine, _given: object, _caller: Caller, mission: Mission) -> Answer:
    return engine.verify(mission.item)


def close(engine: Engine, _given: object, _caller: Caller, mission: Mission) -> Answer:
    return engine.close(mission.item)


def fail(engine: Engine, given: given_.ReasonArguments, _caller: Caller, mission: Mission) -> Answer:
    return engine.end(requests.FailItem(given.reason, mission.item))


def suspend(engine: Engine, given: given_.ReasonArguments, _caller: Caller, mission: Mission) -> Answer:
    return engine.end(requests.SuspendItem(given.reason, mission.item))


def attest(engine: Engine, given: given_.AttestArguments, _caller: Caller, mission: Mission) -> Answer:
    return engine.attest("person", given.note, mission.item, given.criterion)


def review(engine: Engine, given: given_.ReviewArguments, _caller: Caller, mission: Mission) -> Answer:
    return engine.attest("reviewer", given.note, mission.item)


def accept(engine: Engine, given: given_.NoteArguments, _caller: Caller, mission: Mission) -> Answer:
    return engine.accept_weakening(given.note, mission.item)


def rework(engine: Engine, given: given_.ReworkArguments, caller: Caller) -> Answer:
    """Needs no hold of the mission: whoever works on it finds, at the end of the attempt, that it is over."""
    scope = project_of(engine, caller, given.backlog_path, given.item_id)
    mission = scope if isinstance(scope, Refusal) else engine.find_mission(given.item_id or None, scope)
    if isinstance(mission, Refusal):
        return mission
    return engine.end(requests.ReworkItem(_remarks(given.comments_json), given.note, mission.item))


def _remarks(text: str) -> tuple[requests.Remark, ...]:
    """Raises InputError ARGUMENTS_INVALID."""
    try:
        rows = json.loads(text or "[]")
    except (ValueError, RecursionError) as error:
        raise _not_comments(f"not JSON: {error}") from error
    if not isinstance(rows, list):
        raise _not_comments("not an array")
    found: list[requests.Remark] = []
    for number, row in enumerate(rows, 1):
        named = dict(row) if isinstance(row, dict) else {}
        path, line, words = named.pop("path", None), named.pop("line", 0), named.pop("text", None)
        side = named.pop("side", "new")
        sound = isinstance(path, str) and isinstance(words, str) and type(line) is int and not named
        if not sound or not isinstance(path, str) or not isinstance(words, str):
            raise _not_comments(f"comment {number} is not one object of path, line, text and side")
        if side not in ("new", "old"):
            raise _not_comments(f"comment {number}: side is new or old")
        found.append(requests.Remark(path, line, words, side))
    return tuple(found)


def _not_comments(what: str) -> InputError:
    step = 'write [{"path": "src/app.py", "line": 3, "text": "what has to change"}].'
    return InputError("ARGUMENTS_INVALID", f"backlog_rework_item: comments_json: {what}.", step)


def verify_all(engine: Engine, _given: object, caller: Caller) -> Answer:
    """The verdict on every item in flight that the caller is about, one block each."""
    rows = [row for row in engine.world().missions if caller.scope is None or row.scope == caller.scope]
    if not rows:
        return Decision({}, "NO PARALLEL ITEM IN FLIGHT.", data={"items": []})
    blocks: list[str] = []
    data: list[dict[str, object]] = []
    for mission in rows:
        said = engine.verify(mission.item)
        verdict = "PASSED, ready to close" if isinstance(said, Decision) else "not passed"
        reasons = said.reasons[:PROBLEMS_SHOWN_MAX] if isinstance(said, Refusal) else ()
        blocks.append("\n".join((f"{mission.item} [slot {mission.slot} · {mission.phase}] {verdict}", *reasons)))
        data.append({"item": mission.item, "slot": mission.slot, "passed": isinstance(said, Decision)})
    return Decision({}, "\n\n".join(blocks), data={"items": data})


def resume(engine: Engine, given: given_.ItemArguments, caller: Caller) -> Answer:
    item = given.itemId or given.item_id
    scope = project_of(engine, caller, given.backlog_path, item)
    if isinstance(scope, Refusal):
        return scope
    if not item:
        return refuse("ARGUMENT_MISSING", "say which item: itemId")
    return engine.ask(requests.ResumeItem(item, scope))


def reopen(engine: Engine, given: given_.ItemReasonArguments, caller: Caller) -> Answer:
    scope = project_of(engine, caller, given.backlog_path, given.item_id)
    return scope if isinstance(scope, Refusal) else engine.ask(requests.ReopenItem(given.item_id, given.reason, scope))


def waive(engine: Engine, given: given_.ItemReasonArguments, caller: Caller) -> Answer:
    scope = project_of(engine, caller, given.backlog_path, given.item_id)
    return scope if isinstance(scope, Refusal) else engine.ask(requests.WaiveItem(given.item_id, given.reason, scope))


def escalate(engine: Engine, given: given_.EscalationArguments, caller: Caller) -> Answer:
    own = caller.level if caller.who == "agent" and caller.level in ("project", "program", "enterprise") else None
    level = given.level or own or "project"
    if own and level != own:
        return refuse("WRONG_LEVEL", f"this session is of the {own} level, the escalation is for {level}")
    if caller.who == "agent" and caller.scope is not None and given.scope not in ("", caller.scope):
        return refuse(
            "WRONG_LEVEL", f"this session is about {caller.scope or 'the whole'}, not about {given.scope[:120]}"
        )
    options = [
        Option(getattr(given, f"option{n}_label"), getattr(given, f"option{n}_pros"), getattr(given, f"option{n}_cons"))
        for n in (1, 2, 3)
        if n < 3 or given.option3_label
    ]
    scope = caller.scope if caller.who == "agent" and caller.scope is not None else given.scope or None
    request = requests.RecordEscalation(
        given.context,
        given.attempts,
        tuple(options),
        given.expected_decision,
        given.item or None,
        level,
        scope,
    )
    return engine.end(request)


def resolve(engine: Engine, given: given_.DecisionArguments, _caller: Caller) -> Answer:
    return engine.ask(requests.ResolveEscalation(given.escalation_id, given.decision))
