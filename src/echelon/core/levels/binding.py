"""The definition an item is bound to: its criteria and checks, and the project's definition of done."""

from __future__ import annotations

from functools import lru_cache

from echelon.core import evidence
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import criteria, entries, spec
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.model import BaseFacts, World

COMMITTED_MAX = 16  # parsed backlogs of base commits that are remembered


def bind(world: World, backlog: EntriesDocument, entry: Entry, base: BaseFacts) -> evidence.Definition | Refusal:
    """The definition an item starts with: from the base commit where state is tracked, else as it stands now."""
    key = world.key(entry.id)
    here = define(backlog, world.spec, entry.id, "start", key)
    if isinstance(here, Refusal):
        return here
    problems = evidence.missing_proof(here, world.config.policy)
    if problems:
        return refuse(problems[0].code, *(f"{entry.id}: {problem.message}" for problem in problems))
    if base.backlog is None:
        return here
    there = define(*_committed(base.backlog, base.spec or ""), entry.id, "base", key)
    if isinstance(there, Refusal) or there.digest != here.digest:
        detail = "is not in" if isinstance(there, Refusal) else "says something else in"
        return refuse("DEFINITION_NOT_COMMITTED", f"{entry.id} {detail} the committed backlog or spec")
    return there


@lru_cache(maxsize=COMMITTED_MAX)
def _committed(backlog: str, rules: str) -> tuple[EntriesDocument, spec.Spec]:
    """What the base commit says, parsed once: it is asked for every eligible item, and again for the next start."""
    return entries.parse(backlog), spec.parse(rules)


def define(
    backlog: EntriesDocument, held: spec.Spec | None, item: str, source: str, key: str = ""
) -> evidence.Definition | Refusal:
    """What `item` of this backlog has to prove, under the name `key` (its own id when empty)."""
    entry = backlog.find(item)
    if entry is None:
        return refuse("ITEM_UNKNOWN", f"the backlog has no item {item}")
    start_at, end = backlog.span(item)
    found, findings = criteria.read(backlog.text, start_at, end, item)
    errors = [row.message for row in (*findings, *(held.findings if held else ())) if row.severity == "error"]
    if errors:
        return refuse("ENTRY_BROKEN", *(f"{item}: {message}" for message in errors))
    done = held.done if held else ()
    return evidence.definition(key or item, entry.title, found, done, "base" if source == "base" else "start")
