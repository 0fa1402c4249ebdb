"""What waits for a person, as one list: each with the action that answers it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View
from echelon.console.reads.verified import last_verification
from echelon.core.documents.grammar import State
from echelon.core.documents.render import clean, one_line
from echelon.core.levels.escalations import Held, every
from echelon.core.levels.holding import held_items, subject
from echelon.core.model import Mission
from echelon.core.portfolio import Program, Project, item_key

INBOX_MAX = 300
TEXT_MAX = 4_000  # characters of one of them
PATHS_MAX = 10
_STAMP = re.compile(r"ESC-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z")

WaitingKind = Literal["escalation", "attestation", "conflict", "failed", "suspended", "weakening", "finding"]


class Choice(Answer):
    label: str
    pros: str
    cons: str


class Waiting(Answer):
    """`action` answers it, with these arguments and a person's words; "" where nobody but an agent or a hand can."""

    id: str
    kind: WaitingKind
    key: str
    title: str
    text: str
    since: str
    options: list[Choice]
    action: str
    arguments: dict[str, Any]


def waiting(mirror: Mirror, seen: View) -> tuple[list[Waiting], int]:
    """The list, at most INBOX_MAX, and how many are left out."""
    found = list(islice(_all(mirror, seen), 10 * INBOX_MAX))
    return found[:INBOX_MAX], max(0, len(found) - INBOX_MAX)


def _all(mirror: Mirror, seen: View) -> Iterator[Waiting]:
    yield from (_escalation(seen, row) for row in every(seen.world) if row.escalation.pending)
    for mission in seen.world.missions:
        yield from _mission(seen, mission)
    yield from _findings(mirror, seen)
    yield from _places(seen)
    yield from _items(seen)


def _waits(
    kind: WaitingKind, key: str, title: str, text: str, action: str = "", since: str = "", **arguments: object
) -> Waiting:
    return Waiting(
        id=f"{kind}:{key}" + (f":{arguments['criterion']}" if "criterion" in arguments else ""),
        kind=kind,
        key=key,
        title=one_line(title),
        text=clean(text)[:TEXT_MAX],
        since=since,
        options=[],
        action=action,
        arguments=arguments,
    )


def _escalation(seen: View, row: Held) -> Waiting:
    about = subject(row.escalation, row.level)
    key = item_key(row.scope, about) if about else row.scope
    item = seen.by_key.get(key)
    stamp = _STAMP.match(row.escalation.id)
    return Waiting(
        id=f"escalation:{row.escalation.id}",
        kind="escalation",
        key=key,
        title=one_line(item.entry.title if item else row.escalation.expected),
        text=clean(f"{row.escalation.context}\n\n{row.escalation.expected}")[:TEXT_MAX],
        since=f"{stamp[1]}T{stamp[2]}:{stamp[3]}:{stamp[4]}.{stamp[5]}Z" if stamp else "",
        options=[
            Choice(label=one_line(one.label), pros=one_line(one.pros), cons=one_line(one.cons))
            for one in row.escalation.options
        ],
        action="resolve_escalation",
        arguments={"escalation_id": row.escalation.id, "level": row.level},
    )


def _mission(seen: View, mission: Mission) -> Iterator[Waiting]:
    """What code found at the last look that only a person can let pass."""
    title = mission.title or mission.definition.title
    if mission.conflicts or mission.phase == "conflict":
        listed = ", ".join(mission.conflicts[:PATHS_MAX])
        yield _waits("conflict", mission.item, title, f"conflicts with the base: {listed}", since=mission.started)
    last = last_verification(seen.world, mission.item)
    if last is None:
        return
    if last.says("NOT_ATTESTED"):
        attested = {entry.criterion for entry in mission.attestations}
        for number, promise in enumerate(mission.definition.criteria, 1):
            if promise.check is None and promise.text not in attested:
                yield _waits(
                    "attestation", mission.item, title, promise.text, "backlog_attest", last.at,
                    item_id=mission.item, criterion=number,
                )  # fmt: skip
    if last.says("WEAKENED") and not mission.accepted:
        text = "\n".join(reason for reason in last.reasons if reason.startswith("[WEAKENED]"))
        yield _waits(
            "weakening", mission.item, title, text, "backlog_accept_weakening", last.at, item_id=mission.item
        )  # fmt: skip


def _findings(mirror: Mirror, seen: View) -> Iterator[Waiting]:
    """What stops work and only a hand mends; the validation has the rest."""
    for number, said in enumerate(mirror.workspace.configured.errors):
        yield _waits("finding", f"settings/{number}", "CONFIG_INVALID", said)
    for path, why in seen.world.diverged.items():
        yield _waits("finding", path, "COPIES_DIVERGED", f"{path}: {why}")
    for program in seen.world.portfolio.programs:
        for row in (program, *program.projects):
            if row.refused:
                yield _waits("finding", row.key, "STORAGE_PATH_INVALID", row.refused)


def _places(seen: View) -> Iterator[Waiting]:
    """Programs and projects that failed or were put aside."""
    for program in seen.world.portfolio.programs:
        yield from _place(program, "enterprise", "program_id")
        for project in program.projects:
            yield from _place(project, "program", "project_id")


def _place(row: Program | Project, level: str, argument: str) -> Iterator[Waiting]:
    entry = row.entry
    if entry is None:
        return
    below = argument.removesuffix("_id")
    if entry.state is State.FAILED and not entry.waived:
        yield _waits("failed", row.key, entry.title, "", f"{level}_reopen_{below}", **{argument: row.key})
    elif entry.state is State.SUSPENDED:
        yield _waits("suspended", row.key, entry.title, "", f"{level}_resume_{below}", **{argument: row.key})


def _items(seen: View) -> Iterator[Waiting]:
    """Items that failed, and those put aside that no pending escalation holds: a person says how they go on."""
    held: dict[str, dict[str, str]] = {}
    for row in seen.rows:
        entry = row.entry
        if entry.state not in (State.FAILED, State.SUSPENDED) or entry.settled:
            continue
        tried = seen.attempts_of(row.key)
        why, since = (tried[-1].detail, tried[-1].ended) if tried else ("", "")
        if entry.state is State.FAILED:
            yield _waits("failed", row.key, entry.title, why, "backlog_reopen_item", since, item_id=row.key)
            continue
        if row.scope not in held:
            held[row.scope] = held_items(seen.world.at(row.scope))
        if entry.id not in held[row.scope]:
            yield _waits("suspended", row.key, entry.title, why, "backlog_resume_item", since, itemId=row.key)
