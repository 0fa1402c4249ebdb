"""What the page shows: one route for each view, answered from memory."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Query

from echelon.console.answers import Denial
from echelon.console.reads import (
    backlog,
    diffs,
    evidence,
    files,
    graph,
    item,
    journal,
    mission,
    operations,
    overview,
    portfolio,
    reporting,
    settings,
    slots,
    validation,
)
from echelon.console.reads.source import PAGE_MAX
from echelon.console.routes.given import MirrorOf
from echelon.core.decide import Refusal

router = APIRouter(prefix="/api")
T = TypeVar("T")

Word = Annotated[str, Query(max_length=400)]
Offset = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


def said(answer: T | Refusal) -> T:
    """Raises Denial for a refusal."""
    if isinstance(answer, Refusal):
        raise Denial(answer)
    return answer


@router.get("/overview")
def read_overview(mirror: MirrorOf) -> overview.Overview:
    return overview.overview(mirror)


@router.get("/portfolio")
def read_portfolio(mirror: MirrorOf) -> portfolio.PortfolioAnswer:
    return portfolio.portfolio(mirror)


@router.get("/backlog")
def read_backlog(
    mirror: MirrorOf, scope: Word = "", path: Word = "", q: Word = "", state: Word = "", coverage: Word = "",
    sort: backlog.Sort = "order", offset: Offset = 0, limit: Limit = 100,
) -> backlog.Backlog:  # fmt: skip
    return said(backlog.backlog(mirror, scope, path, q, state, coverage, sort, offset, limit))


@router.get("/graph")
def read_graph(mirror: MirrorOf, scope: Word = "") -> graph.Graph:
    return said(graph.graph(mirror, scope))


@router.get("/item")
def read_item(mirror: MirrorOf, key: Word) -> item.Item:
    return said(item.item(mirror, key))


@router.get("/item/diff")
def read_item_diff(mirror: MirrorOf, key: Word) -> diffs.Diff:
    return said(diffs.item_diff(mirror, key))


@router.get("/mission")
def read_mission(mirror: MirrorOf, key: Word = "") -> mission.Missions:
    return mission.missions(mirror, key)


@router.get("/slots")
def read_slots(mirror: MirrorOf) -> slots.SlotsAnswer:
    return slots.slots(mirror)


@router.get("/slots/{slot}/diff")
def read_slot_diff(mirror: MirrorOf, slot: str) -> diffs.Diff:
    return said(diffs.slot_diff(mirror, slot))


@router.get("/operations")
def read_operations(
    mirror: MirrorOf, before: Annotated[int, Query(ge=0)] = operations.NEWEST, limit: Limit = 50, path: Word = ""
) -> operations.Operations:
    return operations.operations(mirror, before, limit, path)


@router.get("/operations/{sequence}")
def read_operation(mirror: MirrorOf, sequence: int) -> operations.OperationDetail:
    return said(operations.operation(mirror, sequence))


@router.get("/history")
def read_history(mirror: MirrorOf, path: Word, at: int, compare: bool = False) -> operations.HistoryText:
    return said(operations.history(mirror, path, at, compare))


@router.get("/journal")
def read_journal(mirror: MirrorOf, file: journal.JournalFile = "project", scope: Word = "") -> journal.Journal:
    return said(journal.journal(mirror, file, scope))


@router.get("/evidence")
def read_evidence(
    mirror: MirrorOf, scope: Word = "", coverage: Word = "", offset: Offset = 0, limit: Limit = 100
) -> evidence.EvidenceList:
    return evidence.evidence(mirror, scope, coverage, offset, limit)


@router.get("/evidence/item")
def read_statement(mirror: MirrorOf, key: Word) -> evidence.Statement:
    return said(evidence.statement(mirror, key))


@router.get("/report")
def read_report(mirror: MirrorOf, format: reporting.Format = "markdown") -> reporting.Report:  # noqa: A002 - the query's own word
    return reporting.report(mirror, format)


@router.get("/validation")
def read_validation(mirror: MirrorOf) -> validation.Validation:
    return validation.validation(mirror)


@router.get("/settings")
def read_settings(mirror: MirrorOf) -> settings.Settings:
    return settings.settings(mirror)


@router.get("/actions")
def read_actions() -> settings.Actions:
    return settings.actions()


@router.get("/files")
def read_files(mirror: MirrorOf) -> files.Documents:
    return files.documents(mirror)


@router.get("/file")
def read_file(mirror: MirrorOf, path: Word) -> files.DocumentText:
    return said(files.document(mirror, path))
