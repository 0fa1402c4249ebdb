"""Comments on a slot's diff, sent back to the agent: the action `backlog_rework_item`, asked for a slot."""

from __future__ import annotations

import json
from collections.abc import Sequence

from echelon.actions.table import perform
from echelon.console.answers import Answer
from echelon.console.reads.slots import forget
from echelon.console.reads.source import Mirror, view
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.render import one_line


class LineComment(Answer):
    """`line` is a line of the file as it is in the slot; 0 for the whole file."""

    path: str
    line: int = 0
    text: str


def comments(mirror: Mirror, slot: str, comments: Sequence[LineComment], note: str = "") -> Decision | Refusal:
    """The next attempt's feedback; `data` names the new mission, its item and its prompt. Refuses SLOT_UNKNOWN."""
    mission = next((row for row in view(mirror).world.missions if row.slot == slot), None)
    if mission is None:
        return refuse("SLOT_UNKNOWN", f"no item in flight has the slot {one_line(slot, 80)}")
    rows = [{"path": row.path, "line": row.line, "text": row.text} for row in comments]
    given = {"item_id": mission.item, "comments_json": json.dumps(rows), "note": note}
    answer = perform(mirror.engine, "backlog_rework_item", given)
    forget(mirror)
    return answer
