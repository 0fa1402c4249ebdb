"""What the page shows: one route for each view, answered from memory."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Query

from echelon.console.answers import Denial
from echelon.console.reads import backlog, diffs, graph, journal, operations, overview, portfolio
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


@router.get("/item/diff")
def read_item_diff(mirror: MirrorOf, key: Word) -> diffs.Diff:
    return said(diffs.item_diff(mirror, key))


@router.get("/slots/{slot}/diff")
def read_slot_diff(mirror: MirrorOf, slot: str) -> diffs.Diff:
    return said(diffs.slot_diff(mirror, slot))


@router.get("/operations")
def read_operations(
    mirror: MirrorOf, before: Annotated[int, Query(ge=0)] = operations.NEWEST, limit: Limit = 50
) -> operations.Operations:
    return operations.operations(mirror, before, limit)


@router.get("/operations/{sequence}")
def read_operation(mirror: MirrorOf, sequence: int) -> operations.OperationDetail:
    return said(operations.operation(mirror, sequence))


@router.get("/history")
def read_history(mirror: MirrorOf, path: Word, at: int) -> operations.HistoryText:
    return said(operations.history(mirror, path, at))


@router.get("/journal")
def read_journal(mirror: MirrorOf, file: journal.JournalFile = "project", scope: Word = "") -> journal.Journal:
    return said(journal.journal(mirror, file, scope))
