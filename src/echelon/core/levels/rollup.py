"""What a closed project or program says about what lies below it: evidence by digest, completion records in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from echelon.core import evidence_log, records
from echelon.core.documents import sections
from echelon.core.documents.grammar import Language, State
from echelon.core.documents.render import one_line, summary
from echelon.core.levels.journals import Writes
from echelon.core.model import EVIDENCE, MISSIONS, World, read_record
from echelon.core.portfolio import Program, Project, item_key

SUMMARY_MAX = 300
FOLLOW_UP_MAX = 80  # characters of each that is named in a roll-up
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
            row["record"] = records.as_json(closing.record)
        items.append(row)
    return {"project": project.key, "items": items}


def program_statement(world: World, program: Program) -> dict[str, Any]:
    closings = world.record.closings
    rows = [
        {"project": row.key, "closing": closings.get(row.key, ""), "records": records_of(world, row).count}
        for row in program.projects
    ]
    return {"program": program.key, "projects": rows}


def enterprise_statement(world: World) -> dict[str, Any]:
    closings = world.record.closings
    rows = [
        {"program": row.key, "closing": closings.get(row.key, ""), "records": program_records(world, row).count}
        for row in world.portfolio.programs
    ]
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


# ------------------------------------------------------------------------------------------- completion records


@dataclass(frozen=True, slots=True)
class Records:
    """The completion records of everything delivered below a place: their words by item key, "" where there is none."""

    words: Mapping[str, str]
    follow_ups: Mapping[str, str]

    @property
    def count(self) -> str:
        return f"{sum(1 for words in self.words.values() if words)}/{len(self.words)}"


def records_of(world: World, project: Project) -> Records:
    """From the attempts; what they do not know, because open-codining delivered it, from the journal. Only items of the
    project's own backlog count (W18), also those whose journal entries have moved to the archive."""
    spoken = _spoken(world, project)
    closings = {row.item: row for row in world.attempts if row.coverage}
    words: dict[str, str] = {}
    follow: dict[str, str] = {}
    for entry in project.backlog.entries if project.backlog else ():
        key = item_key(project.key, entry.id)
        closing = closings.get(key)
        if entry.state is not State.DELIVERED or not (closing or entry.id in spoken):
            continue
        record = closing.record if closing else None
        words[key] = summary(record, world.language) or spoken.get(entry.id, "")
        if record and record.follow_up:
            follow[key] = record.follow_up
    return Records(words, follow)


def _spoken(world: World, project: Project) -> dict[str, str]:
    """What the journal says of each item's record. The title is taken off first: it is a person's text."""
    titles = {entry.id: entry.title for entry in project.backlog.entries} if project.backlog else {}
    found: dict[str, str] = {}
    for entry in sections.read_journal(world.text(project.files.journal)):
        identifier = entry.message.split(" ", 1)[0].rstrip(":,")
        if entry.kind == "item_delivered" and identifier in titles:
            said = entry.message.removeprefix(one_line(f"{identifier} — {titles[identifier]}"))
            at = min((place for mark in _MARKS if (place := said.find(mark)) >= 0), default=-1)
            tail = said[at:].partition(": ")[2] if at >= 0 else ""
            found[identifier] = "" if tail.startswith("absent") else tail
    return found


def project_words(world: World, project: Project, language: Language) -> str:
    """`3 delivered, records 2/3 — B001: …; B002: …`"""
    found = records_of(world, project)
    listed = "; ".join(f"{key.rpartition('/')[2]}: {words}" for key, words in found.words.items() if words)
    return _said(found, language, listed)


def program_words(world: World, program: Program, language: Language) -> str:
    """`8 delivered, records 7/8 — PRJ-001 5/5, PRJ-002 2/3; follow-up: PRJ-001/B002: …`: every item below it counts."""
    rows = [(row.id, records_of(world, row)) for row in program.projects]
    every = program_records(world, program)
    below = ", ".join(f"{name} {found.count}" for name, found in rows if found.words)
    depth = len(program.key) + 1 if program.key else 0
    left = "; ".join(f"{key[depth:]}: {one_line(words, FOLLOW_UP_MAX)}" for key, words in every.follow_ups.items())
    label = "suivi : " if language == "fr" else "follow-up: "
    return _said(every, language, below + (f"; {label}{left}" if left else ""))


def program_records(world: World, program: Program) -> Records:
    rows = [records_of(world, row) for row in program.projects]
    return Records(
        {key: words for row in rows for key, words in row.words.items()},
        {key: words for row in rows for key, words in row.follow_ups.items()},
    )


def _said(found: Records, language: Language, listed: str) -> str:
    delivered = f"{len(found.words)} {'livré(s), comptes-rendus' if language == 'fr' else 'delivered, records'}"
    return one_line(f"{delivered} {found.count}" + (f" — {listed}" if listed else ""), SUMMARY_MAX)
