"""Evidence: what each delivered item is shown by, its statement, and how to run the proof again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View, page_of, sound, view
from echelon.core import browsing, evidence_log
from echelon.core.browsing import Row
from echelon.core.decide import Refusal, refuse
from echelon.core.documents.grammar import State
from echelon.core.documents.render import one_line
from echelon.core.evidence import read_message
from echelon.core.model import EVIDENCE, Attempt
from echelon.core.portfolio import Project
from echelon.engine.verification import whole_log
from echelon.errors import EchelonError

PROBLEMS_MAX = 20
CHAIN_CHARACTERS_MAX = 8_000_000  # of a log that is held against its own digests here; more is for `echelon verify`
COMMAND_MAX = 2_000


class EvidenceRow(Answer):
    """One delivered item. `rerun` is what a person types to have the proof made again."""

    key: str
    title: str
    coverage: str
    commit: str
    at: str
    checks: int
    in_place: bool
    rerun: str


class Chain(Answer):
    """The workspace's evidence log. `holds` is None where it is too long to look at here."""

    records: int
    holds: bool | None
    problems: list[str]
    rerun: str


class Covered(Answer):
    """Delivered items of one project by what shows them; of all projects that have any, whatever is looked for."""

    key: str
    title: str
    coverage: dict[str, int]


class EvidenceList(Answer):
    coverage: dict[str, int]
    projects: list[Covered]
    items: list[EvidenceRow]
    total: int
    chain: Chain


class CheckRun(Answer):
    """`digest` is of what the command printed on the candidate; the text itself is nowhere kept."""

    kind: str
    command: str
    base: str
    candidate: str
    seconds: float
    tests: int | None
    digest: str
    sandbox: str


class AttestationRow(Answer):
    criterion: str
    by: str
    note: str


class Statement(Answer):
    """`statement` is the JSON value as it was signed into the merge commit; `source`: where it was read."""

    item: EvidenceRow
    source: str
    digest: str
    checks: list[CheckRun]
    attestations: list[AttestationRow]
    environment: str
    problems: list[str]
    statement: dict[str, Any] | None


def evidence(mirror: Mirror, scope: str = "", coverage: str = "", offset: int = 0, limit: int = 100) -> EvidenceList:
    """Delivered items, the newest first, with what they are shown by. `coverage`: words with commas between them."""
    seen = view(mirror)
    wanted = frozenset(word.strip() for word in coverage.split(",") if word.strip())
    delivered = [row for row in _delivered(seen) if browsing.within(row.scope, scope)]
    found = [row for row in delivered if not wanted or row.coverage in wanted]
    return EvidenceList(
        coverage=_counts(delivered),
        projects=seen.once("covered", lambda: _covered(seen)),
        items=[row_of(row, seen.closings.get(row.key)) for row in found[page_of(offset, limit)]],
        total=len(found),
        chain=seen.once("chain", lambda: _chain(mirror, seen)),
    )


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    counts = dict.fromkeys(("proved", "guarded", "attested", "none"), 0)
    for row in rows:
        counts[row.coverage] = counts.get(row.coverage, 0) + 1
    return counts


def _covered(seen: View) -> list[Covered]:
    by_scope: dict[str, list[Row]] = {}
    for row in _delivered(seen):
        by_scope.setdefault(row.scope, []).append(row)
    return [
        Covered(key=project.key, title=_title(seen, project), coverage=_counts(by_scope[project.key]))
        for project in seen.world.portfolio.projects()
        if project.key in by_scope
    ]


def _title(seen: View, project: Project) -> str:
    return one_line(project.entry.title if project.entry else seen.data["project"]["title"])


def _delivered(seen: View) -> list[Row]:
    rows = [row for row in seen.rows if row.entry.state is State.DELIVERED]
    return seen.once("delivered", lambda: sorted(rows, key=lambda row: _ended(seen, row), reverse=True))


def _ended(seen: View, row: Row) -> tuple[str, int]:
    closing = seen.closings.get(row.key)
    return (closing.ended if closing else "", row.order)


def row_of(row: Row, closing: Attempt | None) -> EvidenceRow:
    """`closing`: the attempt that delivered it with evidence, None when none did."""
    return EvidenceRow(
        key=row.key,
        title=one_line(row.entry.title),
        coverage=row.coverage,
        commit=closing.commit if closing else "",
        at=closing.ended if closing else "",
        checks=closing.checks if closing else 0,
        in_place=bool(closing and closing.in_place),
        rerun=f"echelon verify {shlex.quote(row.key)}" if closing and closing.commit else "",
    )


def _chain(mirror: Mirror, seen: View) -> Chain:
    live = seen.world.text(EVIDENCE)
    try:
        log = whole_log(mirror.workspace) if live else ""
    except EchelonError as error:
        return Chain(records=0, holds=False, problems=[f"[{error.code}] {error.message}"], rerun="echelon verify")
    if len(log) > CHAIN_CHARACTERS_MAX:
        return Chain(records=log.count("\n"), holds=None, problems=[], rerun="echelon verify")
    records, problems = _read(log)
    said = [one_line(f"[{row.code}] {row.message}") for row in problems[:PROBLEMS_MAX]]
    return Chain(records=records, holds=not problems, problems=said, rerun="echelon verify")


@lru_cache(maxsize=8)
def _read(log: str) -> tuple[int, tuple[Any, ...]]:
    records, problems = evidence_log.read(log)
    return len(records), problems


def statement(mirror: Mirror, key: str) -> Statement | Refusal:
    """The statement of one item: of the commit that carries it, else of the log. Refuses ITEM_UNKNOWN."""
    seen = view(mirror)
    row = seen.by_key.get(key)
    if row is None:
        return refuse("ITEM_UNKNOWN", f"no item has the key {one_line(key, 80)}")
    closing = seen.closings.get(key)
    value, source, problems = _found(mirror, closing) if closing else (None, "", [])
    predicate = value.get("predicate", {}) if value else {}
    return Statement(
        item=row_of(row, closing),
        source=source,
        digest=closing.evidence if closing else "",
        checks=[_check(run) for run in _mappings(predicate, "checks")],
        attestations=[
            AttestationRow(**{name: one_line(str(one.get(name, ""))) for name in ("criterion", "by", "note")})
            for one in _mappings(predicate, "attestations")
        ],
        environment=one_line(str(predicate.get("environment", ""))),
        problems=problems,
        statement=sound(value) if value else None,
    )


def _found(mirror: Mirror, closing: Attempt) -> tuple[dict[str, Any] | None, str, list[str]]:
    """(the statement, where it stands, what is wrong with it)."""
    if closing.commit:
        try:
            commits = mirror.workspace.repository.log_messages(closing.commit, 1)
            value, problems = read_message(next(iter(commits)).message)
        except EchelonError as error:
            return None, "", [f"[{error.code}] {error.message}"]
        return value, f"commit {closing.commit[:12]}", [one_line(f"[{row.code}] {row.message}") for row in problems]
    mark = f'"digest":"{closing.evidence}"'
    for line in whole_log(mirror.workspace).split("\n") if closing.evidence else ():
        if mark in line:
            try:
                value = json.loads(line)["body"]["statement"]
            except (ValueError, KeyError, TypeError, RecursionError):
                break
            return (value, EVIDENCE, []) if isinstance(value, dict) else (None, "", [])
    return None, "", ["no record of ours holds its statement"]


def _check(run: Mapping[str, Any]) -> CheckRun:
    base, candidate = run.get("base"), run.get("candidate")
    one, other = (side if isinstance(side, Mapping) else {} for side in (base, candidate))
    counts, seconds = other.get("counts"), other.get("seconds")
    return CheckRun(
        kind=str(run.get("kind", "")),
        command=one_line(str(run.get("command", "")), COMMAND_MAX),
        base=one_line(str(one.get("outcome", "")), 40),
        candidate=one_line(str(other.get("outcome", "")), 40),
        seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
        tests=int(counts[0]) if isinstance(counts, list) and counts and isinstance(counts[0], int) else None,
        digest=one_line(str(other.get("output", "")), 80),
        sandbox=one_line(str(other.get("sandbox", "")), 40),
    )


def _mappings(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
