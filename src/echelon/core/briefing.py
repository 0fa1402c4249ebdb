"""What a mission starts with: its place on the recovery ladder, its prompt, and the files of its slot."""

from __future__ import annotations

import re

from echelon.core import prompts
from echelon.core.documents import criteria, render, sections
from echelon.core.documents.entries import EntriesDocument
from echelon.core.levels.holding import subject
from echelon.core.model import ACTIVE, CONTEXT, SPEC, TODO, Mission, World

DECISIONS_MAX = 10  # of a person's about an item or its whole project that are repeated to who works on it
LADDER = ("first", "decompose", "re-plan")
# An end with one of these reasons starts the count of attempts anew.
SEPARATORS = ("suspended", "spec_changed", "failed", "delivered")
REWORK = "rework"  # a person's word about the work: no failed try


def tries(world: World, item: str) -> int:
    """Attempts since the item was last suspended, failed or delivered: what the limit counts."""
    count = 0
    for attempt in world.attempts_of(item):
        count = 0 if attempt.reason in SEPARATORS else count + (attempt.reason != REWORK)
    return count


def reworks(world: World, item: str) -> int:
    """How often a person sent the work back since the item was last suspended, failed or delivered."""
    count = 0
    for attempt in world.attempts_of(item):
        count = 0 if attempt.reason in SEPARATORS else count + (attempt.reason == REWORK)
    return count


def next_attempt(world: World, item: str) -> int:
    return max((attempt.attempt for attempt in world.attempts_of(item)), default=0) + 1


def first_attempt(world: World, running: Mission) -> int:
    """The attempt number with which this activation of the item began."""
    return running.attempt - tries(world, running.item)


def ladder_step(tried: int) -> str:
    return LADDER[min(tried, len(LADDER) - 1)]


def decisions(world: World, item: str) -> dict[str, str]:
    """What a person was asked about this item, or about the whole project in front -> what was decided; the newest."""
    rows: dict[str, str] = {}
    for entry in world.escalations:
        about = subject(entry, "project")
        if not entry.pending and about in ("", item):
            asked = re.sub(r"^> ?", "", entry.context, flags=re.MULTILINE)
            rows[asked.removeprefix(f"{item} — ").strip()] = entry.decision
    return dict(list(rows.items())[-DECISIONS_MAX:])


def prompt(world: World, backlog: EntriesDocument, running: Mission) -> str:
    step, decided = ladder_step(tries(world, running.item)), decisions(world, running.local)
    return prompts.mission(running, backlog.section(running.local), step, decided, world.language)


def active_file(world: World, backlog: EntriesDocument, running: Mission) -> str:
    """The active file of a mission, from the backlog as it is."""
    entry = backlog.find(running.local)
    title = entry.title if entry else running.title
    section = backlog.section(running.local) if entry else ""
    return render.active_item(running.local, title, section, running.started, running.spec, world.language)


def files(world: World, backlog: EntriesDocument, running: Mission) -> dict[str, str]:
    """The state files of a slot: the spec, the item, the contract on top of the context, a fresh todo."""
    language, item = world.language, running.local
    found, _ = criteria.read(backlog.text, *backlog.span(item), item)
    entry = backlog.find(item)
    block = prompts.block(running, backlog.section(item), decisions(world, item), language)
    todo = render.mission_todo(running.name, running.item, entry.title if entry else running.item, found, language)
    return {
        SPEC: world.spec.text if world.spec else "",
        ACTIVE: active_file(world, backlog, running),
        CONTEXT: sections.inject_block(world.text(CONTEXT), block),
        TODO: todo,
    }


def set_aside(world: World, now: str) -> dict[str, str | None]:
    """A todo.md of somebody else's is archived before a mission writes its own (peer-levels.md W1, W53)."""
    before = world.texts.get(TODO)
    if not before or not before.strip():
        return {}
    return {f".opencode/archive/todos/{render.stamp(now)}-todo.md": before}
