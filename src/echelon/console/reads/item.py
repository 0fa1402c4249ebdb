"""One item with everything that is known of it: what it asks for, what it waits for, what was tried, what proves it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from echelon.actions.table import ACTIONS
from echelon.console.answers import Answer
from echelon.console.reads import journal
from echelon.console.reads.backlog import ItemRow, row_of
from echelon.console.reads.evidence import EvidenceRow
from echelon.console.reads.evidence import row_of as evidence_of
from echelon.console.reads.journal import JournalLine
from echelon.console.reads.mission import CriterionRow, MissionRow, RecordRow, criteria_of, mission_row
from echelon.console.reads.source import Mirror, View, view
from echelon.console.reads.verified import last_verification
from echelon.core.browsing import Row
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import criteria, entries, lines
from echelon.core.documents.grammar import State
from echelon.core.documents.render import clean, one_line
from echelon.core.documents.spec import Spec
from echelon.core.model import Attempt, Mission
from echelon.core.records import as_json

TEXT_MAX = 20_000  # characters of the item, and of the part of the spec
NEIGHBOURS_MAX = 200
ATTEMPTS_MAX = 100
JOURNAL_MAX = 40
DETAIL_MAX = 2_000


class Neighbour(Answer):
    """An item on the other side of a dependency; `state` is "" where it does not exist."""

    key: str
    title: str
    state: str


class AttemptRow(Answer):
    attempt: int
    reason: str
    detail: str
    started: str
    ended: str
    tokens: int
    cost: float
    files: list[str]


class SpecPart(Answer):
    """What the spec says of this item, as Markdown: sections that name it, else the objective."""

    path: str
    title: str
    text: str


class Possible(Answer):
    """An action that may be asked for this item now. `asks`: arguments that a person fills in."""

    name: str
    arguments: dict[str, Any]
    asks: list[str]
    why: str


class Item(Answer):
    row: ItemRow
    description: str
    text: str
    touches: list[str]
    criteria: list[CriterionRow]
    spec: SpecPart | None
    depends_on: list[Neighbour]
    needed_by: list[Neighbour]
    attempts: list[AttemptRow]
    mission: MissionRow | None
    evidence: EvidenceRow | None
    record: RecordRow | None
    journal: list[JournalLine]
    actions: list[Possible]


def item(mirror: Mirror, key: str) -> Item | Refusal:
    """Refuses ITEM_UNKNOWN."""
    seen = view(mirror)
    row = seen.by_key.get(key)
    project = seen.world.portfolio.project(row.scope) if row else None
    if row is None or project is None or project.backlog is None:
        return refuse("ITEM_UNKNOWN", f"no item has the key {one_line(key, 80)}")
    mission = next((one for one in seen.world.missions if one.item == key), None)
    span = project.backlog.span(row.entry.id)
    fields, _ = entries.head_fields(lines.split(project.backlog.text, *span))
    closing = seen.closings.get(key)
    record = as_json(closing.record) if closing else None
    return Item(
        row=row_of(seen, row),
        description=clean(next((one.value for one in fields if one.key == "description"), ""))[:TEXT_MAX],
        text=clean(project.backlog.section(row.entry.id))[:TEXT_MAX],
        touches=[one_line(path) for path in row.entry.touches],
        criteria=_criteria(seen, row, mission, project.backlog.text, span),
        spec=_spec(project.spec, project.files.spec, row.entry.id),
        depends_on=_neighbours(seen, seen.waits.get(key, ())),
        needed_by=_neighbours(seen, seen.needed_by.get(key, ())),
        attempts=[_attempt(one) for one in seen.attempts_of(key)[-ATTEMPTS_MAX:]],
        mission=mission_row(mirror, mission) if mission else None,
        evidence=evidence_of(row, closing) if row.entry.state is State.DELIVERED else None,
        record=RecordRow(**{_SNAKE.get(name, name): value for name, value in record.items()}) if record else None,
        journal=list(journal.about(seen, key, JOURNAL_MAX)),
        actions=_actions(seen, row, mission),
    )


_SNAKE = {"followUp": "follow_up"}


def _criteria(seen: View, row: Row, mission: Mission | None, text: str, span: tuple[int, int]) -> list[CriterionRow]:
    """As the mission was bound to them, with what the last look found; else as the backlog has them."""
    if mission is not None:
        return criteria_of(mission, last_verification(seen.world, row.key))
    promises, _ = criteria.read(text, *span, row.entry.id)
    found: list[CriterionRow] = []
    for number, promise in enumerate(promises, 1):
        kind = promise.check.kind if promise.check else "attest"
        state = "open"
        if row.entry.state is State.DELIVERED:
            proof = {"check": "proved", "guard": "guarded", "attest": "attested"}[kind]
            state = "none" if row.coverage == "none" else proof
        found.append(
            CriterionRow(
                number=number,
                text=one_line(promise.text, DETAIL_MAX),
                check=one_line(promise.check.command, DETAIL_MAX) if promise.check else "",
                kind=kind,
                state=state,
                output="",
            )
        )
    return found


def _spec(spec: Spec | None, path: str, item_id: str) -> SpecPart | None:
    if spec is None:
        return None
    named = re.compile(rf"\b{re.escape(item_id)}\b")
    for section in spec.sections:
        body = spec.text[section.start : section.end]
        inner = any(one.start > section.start and one.end <= section.end for one in spec.sections)
        if not inner and named.search(body):
            return SpecPart(path=path, title=one_line(section.title), text=_body(body))
    objective = next((one for one in spec.sections if one.key == "objective"), None)
    if objective is None:
        return None
    body = spec.text[objective.start : objective.end]
    return SpecPart(path=path, title=one_line(objective.title), text=_body(body))


def _body(section: str) -> str:
    return clean(section.partition("\n")[2].strip())[:TEXT_MAX]


def _neighbours(seen: View, keys: Iterable[str]) -> list[Neighbour]:
    found: list[Neighbour] = []
    for key in list(dict.fromkeys(keys))[:NEIGHBOURS_MAX]:
        row = seen.by_key.get(key)
        title, state = (one_line(row.entry.title), row.entry.state.value) if row else ("", "")
        found.append(Neighbour(key=key, title=title, state=state))
    return found


def _attempt(row: Attempt) -> AttemptRow:
    return AttemptRow(
        attempt=row.attempt,
        reason=row.reason,
        detail=clean(row.detail)[:DETAIL_MAX],
        started=row.started,
        ended=row.ended,
        tokens=row.tokens,
        cost=row.cost,
        files=[one_line(path) for path in row.files[:NEIGHBOURS_MAX]],
    )


def _actions(seen: View, row: Row, mission: Mission | None) -> list[Possible]:
    """By the item's state; the core decides again when one is asked."""
    state, about = row.entry.state, {"item_id": row.key}
    project = seen.world.portfolio.project(row.scope)
    if state is State.PENDING:
        ready = row.entry.id in seen.ready(row.scope)[0]
        return [_possible("backlog_start_item", {"itemId": row.key})] if ready else []
    if state is State.SUSPENDED:
        return [_possible("backlog_resume_item", {"itemId": row.key})]
    if state is State.FAILED:
        rows = [_possible("backlog_reopen_item", about, "reason")]
        return rows if row.entry.waived else [*rows, _possible("backlog_waive_item", about, "reason")]
    if state is not State.ACTIVE or mission is None or (project is not None and not project.running):
        return []
    found = [_possible("backlog_verify_item", about), _possible("backlog_close_item", about)]
    if mission.definition.unchecked:
        found.append(_possible("backlog_attest", about, "note", "criterion"))
    last = last_verification(seen.world, row.key)
    if last is not None and last.says("WEAKENED") and not mission.accepted:
        found.append(_possible("backlog_accept_weakening", about, "note"))
    if mission.phase != "merging":
        found.append(_possible("backlog_rework_item", about, "note", "comments_json"))
    found += [_possible(name, about, "reason") for name in ("backlog_suspend_item", "backlog_fail_item")]
    return found


def _possible(name: str, arguments: dict[str, Any], *asks: str) -> Possible:
    return Possible(name=name, arguments=dict(arguments), asks=list(asks), why=ACTIONS[name].doc)
