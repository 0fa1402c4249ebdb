"""Escalations: recorded by code or agents at one level, decided by a person only, suspending what they concern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import grammar, render, sections
from echelon.core.documents.grammar import Language, State
from echelon.core.documents.sections import OPTIONS_MAX, OPTIONS_MIN, Escalation
from echelon.core.layout import ENTERPRISE
from echelon.core.levels import ending, journals
from echelon.core.levels.holding import DECISION_NEEDED, answered
from echelon.core.levels.journals import Writes
from echelon.core.model import World
from echelon.core.requests import Level, RecordEscalation, ResolveEscalation, SuspendItem


@dataclass(frozen=True, slots=True)
class Held:
    """An escalation with the file it is in. `scope`: key of the project or program, "" for the enterprise."""

    escalation: Escalation
    level: Level
    scope: str
    path: str
    language: Language


def every(world: World) -> Iterator[Held]:
    """All escalations of the workspace, from the enterprise down."""
    portfolio, language = world.portfolio, world.config.language
    top = portfolio.document.language if portfolio.document else language
    for entry in portfolio.escalations:
        yield Held(entry, "enterprise", "", ENTERPRISE, top)
    for program in portfolio.programs:
        if program.document is not None:
            for entry in program.escalations:
                yield Held(entry, "program", program.key, program.files.document, program.document.language)
        for project in program.projects:
            spoken = project.backlog.language if project.backlog and project.backlog.entries else language
            for entry in project.escalations:
                yield Held(entry, "project", project.key, project.files.journal, spoken)


def record(world: World, request: RecordEscalation, now: str) -> Decision | Refusal:
    """Write the block; an item it concerns that is in flight is suspended in the same transaction."""
    where = _file(world, request)
    gaps = [*_gaps(request), *([where.reasons[0]] if isinstance(where, Refusal) else [])]
    if isinstance(where, Refusal) or gaps:
        return refuse("ARGUMENT_MISSING", *gaps)
    path, language = where
    known = {row.escalation.id for row in every(world)}
    base = f"ESC-{render.stamp(now)}"
    identifier = next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(known) + 3))) if name not in known)
    about = (request.item or "").rpartition("/")[2]
    context = f"{about} — {request.context}" if about else request.context
    block = Escalation(identifier, context, request.attempts, tuple(request.options), request.expected)
    text = sections.append_escalation(world.text(path), block, journals.title_of(path), language)
    after = replace(world, texts={**world.texts, path: text})
    message = f"ESCALATION {identifier}: stop until a person has decided."
    entry = world.backlog.find(about) if request.level == "project" and world.backlog and about else None
    if entry and entry.state is State.ACTIVE:
        decided = ending.suspend(after, SuspendItem(f"{DECISION_NEEDED}{identifier}", entry.id), now)
        if isinstance(decided, Refusal):
            return decided
        return replace(decided, message=message, data={**decided.data, "escalation": identifier})
    writes: Writes = {}
    journals.add(writes, after, path, "escalation", f"{identifier} {request.context}", now, language)
    return Decision(writes, message, data={"escalation": identifier})


def _gaps(request: RecordEscalation) -> list[str]:
    named = {"context": request.context, "attempts": request.attempts, "expected_decision": request.expected}
    gaps = [f"{name} is empty" for name, value in named.items() if not render.one_line(value)]
    if not OPTIONS_MIN <= len(request.options) <= OPTIONS_MAX:
        gaps.append(f"{OPTIONS_MIN} or {OPTIONS_MAX} options are needed, there are {len(request.options)}")
    return gaps + [
        f"option {at} has no label" for at, option in enumerate(request.options, 1) if not render.one_line(option.label)
    ]


def _file(world: World, request: RecordEscalation) -> tuple[str, Language] | Refusal:
    """The file of the level, which must exist as a level: no escalation makes one (peer-levels.md W35)."""
    about = (request.item or "").rpartition("/")[2]
    wanted = {"project": grammar.ITEM_ID, "program": grammar.PROJECT_ID, "enterprise": grammar.PROGRAM_ID}
    if about and not wanted[request.level].fullmatch(about):
        return refuse("ARGUMENT_MISSING", f"{about[:40]} is nothing that the level {request.level} decides about")
    if request.level == "project":
        return world.files.journal, world.language
    if request.level == "program":
        rows = [row for row in world.portfolio.programs if row.document is not None]
        known = [row for row in rows if request.scope in (None, row.key)]
        known = known if len(known) < 2 else [row for row in known if row.state is State.ACTIVE]
        if len(known) != 1 or known[0].document is None:
            said = f"there is no program {request.scope[:40]}" if request.scope else "say which program: scope"
            return refuse("ARGUMENT_MISSING", said)
        return known[0].files.document, known[0].document.language
    document = world.portfolio.document
    return (ENTERPRISE, document.language) if document else refuse("ARGUMENT_MISSING", "there is no enterprise.md")


def resolve(world: World, request: ResolveEscalation, now: str) -> Decision | Refusal:
    if not render.one_line(request.decision):
        return refuse("ARGUMENT_MISSING", "say what is decided: decision")
    matching = [row for row in every(world) if row.escalation.id == request.escalation]
    pending = next((row for row in matching if row.escalation.pending), None)
    if pending is None:
        state = "is already decided" if matching else "does not exist"
        return refuse("ESCALATION_UNKNOWN", f"{request.escalation[:80]} {state}")
    path, block = pending.path, pending.escalation
    text = sections.resolve_escalation(world.text(path), block, request.decision, now, pending.language)
    after = replace(world, texts={**world.texts, path: text})
    writes: Writes = {}
    journals.add(writes, after, path, "decision", f"{block.id} — {request.decision}", now, pending.language)
    follows = _released(world, pending)
    return Decision(writes, f"DECIDED {block.id}.{follows}", data={"escalation": block.id})


def _released(world: World, decided: Held) -> str:
    """What the person has to know next: an item that was put aside comes back by a word, for the answer may be "no"."""
    if decided.level != "project":
        return ""
    view = world.at(decided.scope)
    after = replace(view, escalations=(replace(decided.escalation, decision="decided"),))
    return "".join(f" {view.key(name)} is suspended: backlog_resume_item brings it back." for name in answered(after))
