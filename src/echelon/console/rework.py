"""Comments on a slot's diff, sent back to the agent: the action `backlog_rework_item`, asked for a slot; and who is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from echelon.actions.table import perform
from echelon.console.answers import Answer, Done
from echelon.console.hosting import Hosting
from echelon.console.reads.slots import forget
from echelon.console.reads.source import Mirror, view
from echelon.console.talk import Told
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.render import one_line

ACTION = "backlog_rework_item"
_TOLD = {  # as actions speak: the page says it in the person's language
    "queued": "The session that works on it has it as its next message.",
    "begun": "The session of the item rested, and began to work on it.",
    "none": "No session was told now.",
}


class LineComment(Answer):
    """`line` is a line of the file as it is in the slot; 0 for the whole file. `side` old: a removed line of the base."""

    path: str
    line: int = 0
    text: str
    side: Literal["new", "old"] = "new"


def comments(mirror: Mirror, slot: str, comments: Sequence[LineComment], note: str = "") -> Decision | Refusal:
    """The next attempt's feedback; `data` names the new mission, its item and its prompt. Refuses SLOT_UNKNOWN."""
    mission = next((row for row in view(mirror).world.missions if row.slot == slot), None)
    if mission is None:
        return refuse("SLOT_UNKNOWN", f"no item in flight has the slot {one_line(slot, 80)}")
    rows = [row.model_dump(by_alias=False) for row in comments]
    given = {"item_id": mission.item, "comments_json": json.dumps(rows), "note": note}
    answer = perform(mirror.engine, ACTION, given)
    forget(mirror)
    return answer


async def tell(hosting: Hosting, root: Path, done: Done) -> Done:
    """What was decided, with whom it was said to: `data["told"]` is a Told."""
    facts = done.data
    attempt = str(facts.get("mission", "")).rpartition(".")[2]
    told = Told(how="none", why="no_session")
    if attempt.isdecimal():
        told = await hosting.rework(root, str(facts["item"]), int(attempt), str(facts.get("said", "")))
    return Done(message=f"{done.message} {_TOLD[told.how]}", data={**facts, "told": told.model_dump()})
