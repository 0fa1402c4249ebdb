"""The backlog: items found by words, state, coverage and place, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View, page_of, view
from echelon.core import browsing
from echelon.core.browsing import Query, Row, Sort
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import lines
from echelon.core.documents.grammar import State
from echelon.core.documents.render import one_line
from echelon.core.placed import place

REASONS_MAX = 20  # why one item does not start
FINDINGS_MAX = 50  # of one backlog, that are shown beside it
SCOPES_MAX = 500


class Reason(Answer):
    """Why an item does not start: a code of the closed list, and a sentence."""

    code: str
    message: str


class ItemRow(Answer):
    """One item in a list. `order`: its place among all items of the portfolio."""

    id: str
    key: str
    scope: str
    title: str
    priority: int
    size: str
    state: str
    waived: bool
    depends_on: list[str]
    coverage: str
    attempts: int
    blocked_by: list[Reason]
    eligible: bool
    order: int


class Scope(Answer):
    """A program or project; `planned`: it has a backlog, or is a program."""

    key: str
    title: str
    planned: bool


class BacklogFinding(Answer):
    code: str
    severity: str
    path: str
    line: int
    message: str


class Backlog(Answer):
    """`exists` is false where nothing is planned yet, in the whole scope. `total`: items in the scope; `matched`: those the
    query found. `counts`: how many are in each state; `ready` and `blocked` of those that are pending.

    `path`: the backlog of the one project that the scope names, "" for several. `left_out`: findings that are not shown.
    """

    exists: bool
    path: str
    scope: str
    scopes: list[Scope]
    items: list[ItemRow]
    total: int
    matched: int
    counts: dict[str, int]
    in_flight: list[str]
    spec_changed: list[str]
    validation: list[BacklogFinding]
    left_out: int


def backlog(
    mirror: Mirror,
    scope: str = "",
    path: str = "",
    q: str = "",
    state: str = "",
    coverage: str = "",
    sort: Sort = "order",
    offset: int = 0,
    limit: int = 100,
) -> Backlog | Refusal:
    """`scope`: the key of a program or project; `path`: a backlog's, instead. `state` and `coverage`: words with commas
    between them; pending items are `ready` or `blocked` too. Refuses PROJECT_UNKNOWN."""
    seen = view(mirror)
    if path:
        found = seen.scope_at(path)
        if found is None:
            return refuse("PROJECT_UNKNOWN", f"no project has its backlog at {one_line(path, 120)}")
        scope = found
    if scope and not _known(seen, scope):
        return refuse("PROJECT_UNKNOWN", f"there is no program or project {one_line(scope, 80)}")
    inside = seen.rows if not scope else [row for row in seen.rows if browsing.within(row.scope, scope)]
    ready = seen.once(f"ready {scope}", lambda: _ready(seen, inside))
    wanted = _in_state(inside, _words(state), ready)
    matched = browsing.matching(wanted, Query("", q, frozenset(), _words(coverage), sort), lambda: seen.folded)
    shown = matched[page_of(offset, limit)]
    findings, left_out = _findings(seen, scope)
    document = seen.world.portfolio.project(scope)
    missions = [row for row in seen.world.missions if browsing.within(row.scope, scope)]
    return Backlog(
        exists=any(
            row.backlog is not None for row in seen.world.portfolio.projects() if browsing.within(row.key, scope)
        ),
        path=document.files.backlog if document else "",
        scope=scope,
        scopes=_scopes(seen),
        items=[row_of(seen, row) for row in shown],
        total=len(inside),
        matched=len(matched),
        counts=_counts(seen, scope, inside, len(ready)),
        in_flight=[row.item for row in missions],
        spec_changed=[row.item for row in missions if seen.world.at(row.scope).spec_digest != row.spec],
        validation=findings,
        left_out=left_out,
    )


def row_of(seen: View, row: Row) -> ItemRow:
    """One item as lists show it."""
    entry = row.entry
    eligible, reasons = False, list[Reason]()
    if entry.state is State.PENDING:
        ready, obstacles = seen.ready(row.scope)
        eligible = entry.id in ready
        reasons = [Reason(code=one.code, message=one_line(one.message)) for one in obstacles.get(entry.id, ())]
        project = seen.world.portfolio.project(row.scope)
        if project is not None and not project.running:
            said = f"{row.scope} is {project.state.value}"
            reasons.append(Reason(code="PROJECT_NOT_ACTIVE", message=said))
    return ItemRow(
        id=entry.id,
        key=row.key,
        scope=row.scope,
        title=one_line(entry.title),
        priority=entry.priority,
        size=entry.size,
        state=entry.state.value,
        waived=entry.waived,
        depends_on=list(entry.depends),
        coverage=row.coverage,
        attempts=row.attempts,
        blocked_by=reasons[:REASONS_MAX],
        eligible=eligible,
        order=row.order,
    )


def _ready(seen: View, inside: Iterable[Row]) -> frozenset[str]:
    """Keys of the items that may start now."""
    pending = (row for row in inside if row.entry.state is State.PENDING)
    return frozenset(row.key for row in pending if row.entry.id in seen.ready(row.scope)[0])


def _in_state(inside: Iterable[Row], wanted: frozenset[str], ready: frozenset[str]) -> list[Row]:
    def said(row: Row) -> str:
        pending = row.entry.state is State.PENDING
        return ("ready" if row.key in ready else "blocked") if pending else row.entry.state.value

    return [row for row in inside if not wanted or row.entry.state.value in wanted or said(row) in wanted]


def _counts(seen: View, scope: str, inside: Iterable[Row], ready: int) -> dict[str, int]:
    found = browsing.counted(inside) if scope else dict(seen.counts)
    return {**found, "ready": ready, "blocked": found[State.PENDING.value] - ready}


def _words(said: str) -> frozenset[str]:
    return frozenset(word for part in said.split(",") if (word := part.strip()))


def _known(seen: View, scope: str) -> bool:
    portfolio = seen.world.portfolio
    return portfolio.project(scope) is not None or portfolio.program(scope) is not None


def _scopes(seen: View) -> list[Scope]:
    found: list[Scope] = []
    for program in seen.world.portfolio.programs:
        found += [Scope(key=program.key, title=one_line(program.title), planned=True)] if program.key else []
        found += [
            Scope(key=row.key, title=one_line(row.entry.title if row.entry else ""), planned=row.backlog is not None)
            for row in program.projects
            if row.key
        ]
    return found[:SCOPES_MAX]


def _findings(seen: View, scope: str) -> tuple[list[BacklogFinding], int]:
    """What the parser noticed in the backlog of one project; of a whole portfolio it is the validation's to say."""
    project = seen.world.portfolio.project(scope)
    document = project.backlog if project else None
    if project is None or document is None or not document.findings:
        return [], 0
    places = lines.Places(document.text)
    placed = [place(project.files.backlog, places, row, project.key) for row in document.findings[:FINDINGS_MAX]]
    rows = [
        BacklogFinding(
            code=row.code, severity=row.severity, path=row.path, line=row.line, message=one_line(row.message)
        )
        for row in placed
    ]
    return rows, len(document.findings) - len(rows)
