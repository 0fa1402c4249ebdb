"""The answers to a plan as they stand: every gap with its place, so that the form can show it at its field. Writes nothing."""

from __future__ import annotations

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror
from echelon.core.decide import Refusal
from echelon.core.documents import lines
from echelon.core.planning import reading
from echelon.engine import planning

GAPS_MAX = planning.GAPS_SHOWN_MAX


class PlanGap(Answer):
    """`line` and `column` count from 1, in the answers as they were sent."""

    line: int
    column: int
    message: str


class PlanLook(Answer):
    """`path`: the backlog that would be written. `items`: how many the answers hold."""

    path: str
    items: int
    gaps: list[PlanGap]
    left_out: int


def look(mirror: Mirror, answers: str, target: str = "") -> PlanLook | Refusal:
    """What is missing in the answers. Refuses where no plan may go: PLAN_EXISTS, PLAN_PLACE and others."""
    where = planning.place(mirror.engine, target)
    if isinstance(where, Refusal):
        return where
    draft = reading.read(answers, mirror.workspace.config.language)
    places = lines.Places(answers)
    found = planning.gaps(mirror.engine, draft, where)
    placed = [(places(gap.at), gap.message) for gap in found[:GAPS_MAX]]
    rows = [PlanGap(line=line, column=column, message=message) for (line, column), message in placed]
    return PlanLook(path=where.files.backlog, items=len(draft.items), gaps=rows, left_out=len(found) - len(rows))
