"""What a closed project or program says about what lies below it: evidence by digest, completion records in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from echelon.core import evidence_log
from echelon.core.documents import sections
from echelon.core.documents.grammar import State
from echelon.core.documents.render import one_line
from echelon.core.levels.journals import Writes
from echelon.core.model import EVIDENCE, MISSIONS, World, read_record
from echelon.core.portfolio import Program, Project, item_key

SUMMARY_MAX = 300
_MARKS = ("Compte-rendu : ", "Completion record: ")


def project_statement(world: World, project: Project) -> dict[str, Any]:
    """Each item with the digest of its closing record; those without one are named as such."""
    delivered = {row.item: row for row in world.attempts if row.coverage and row.item.rpartition("/")[0] == project.key}
    items: list[dict[str, Any]] = []
    for entry in project.backlog.entries if project.backlog else ():
        closing = delivered.get(item_key(project.key, entry.id))
        row: dict[str, Any] = {"item": entry.id, "state": "waived" if entry.waived else entry.state.value}
        if closing and entry.state is State.DELIVERED:
            row.update(evidence=closing.evidence, commit=closing.commit, coverage=closing.coverage)
        items.append(row)
    return {"project": project.key, "items": items}


def program_statement(world: World, program: Program) -> dict[str, Any]:
    closings = world.record.closings
    rows = [{"project": row.key, "closing": closings.get(row.key, "")} for row in program.projects]
    return {"program": program.key, "projects": rows}


def enterprise_statement(world: World) -> dict[str, Any]:
    closings = world.record.closings
    rows = [{"program": row.key, "closing": closings.get(row.key, "")} for row in world.portfolio.programs]
    return {"enterprise": "", "programs": rows}


def closed(world: World, kind: str, key: str, body: dict[str, Any], now: str) -> tuple[Writes, str]:
    """The documents that hold the closing statement, and its digest."""
    line, digest = evidence_log.line(world.text(EVIDENCE), kind, now, body)
    record = replace(world.record, closings={**world.record.closings, key: digest})
    return {**evidence_log.appended(world.text(EVIDENCE), line), MISSIONS: record.text()}, digest


def program_closed(world: World, program: Program, now: str, *, last: bool) -> tuple[Writes, str]:
    """The closing statement of a program, and after the `last` one that of the enterprise; the program's digest."""
    writes, digest = closed(world, "program_closing", program.key, program_statement(world, program), now)
    if not last:
        return writes, digest
    texts = {**world.texts, EVIDENCE: writes[EVIDENCE]}
    after = replace(world, texts=texts, record=read_record(writes[MISSIONS]))
    more, _ = closed(after, "enterprise_closing", "", enterprise_statement(after), now)
    return {**writes, **more}, digest


def records_of(text: str, kind: str, known: frozenset[str]) -> str:
    """`3 delivered, records 2/3 — B001: …; B002: …`, from the journal `text`; only the ids in `known` count (W18)."""
    found: dict[str, str] = {}
    for entry in sections.read_journal(text):
        identifier = entry.message.split(" ", 1)[0].rstrip(":,")
        if entry.kind == kind and identifier in known:
            tail = next((entry.message.split(mark, 1)[1] for mark in _MARKS if mark in entry.message), "")
            found[identifier] = "" if tail.startswith("absent") else tail
    spoken = {identifier: words for identifier, words in found.items() if words}
    listed = "; ".join(f"{identifier}: {words}" for identifier, words in spoken.items())
    return one_line(
        f"{len(found)} delivered, records {len(spoken)}/{len(found)}" + (f" — {listed}" if listed else ""), SUMMARY_MAX
    )
