"""Every finding of a workspace: each document by itself, then what they say about each other and about the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable

from echelon.core.documents import criteria, entries, graph, lines
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.findings import Finding, Severity
from echelon.core.documents.grammar import State
from echelon.core.documents.plain import plain_criteria, thorough
from echelon.core.layout import ENTERPRISE
from echelon.core.model import BACKLOG, SPEC, World
from echelon.core.placed import Placed, place
from echelon.core.portfolio import Project
from echelon.core.recovery.consistency import consistency
from echelon.core.recovery.observed import Observed

FINDINGS_MAX = 10_000


def examine(world: World, observed: Observed, settings: Iterable[Placed] = ()) -> tuple[Placed, ...]:
    """Every finding, at most FINDINGS_MAX. `settings`: what was found about them when they were read."""
    found = [*_texts(world), *settings, *_lists(world)]
    for project in world.portfolio.projects():
        found += [*_backlog(world, project), *_spec(project)]
    found += [*_across(world), *consistency(world, observed)]
    return tuple(found[:FINDINGS_MAX])


def _texts(world: World) -> list[Placed]:
    """Bytes that are not UTF-8 (they survive as surrogates) and NUL bytes: the first of each file is shown."""
    found: list[Placed] = []
    for path, text in world.texts.items():
        if not text or (text.isascii() and "\0" not in text):
            continue
        for code, pattern in (("INVALID_UTF8", "[\ud800-\udfff]"), ("NUL_BYTE", "\0")):
            first = re.search(pattern, text)
            if first:
                message = f"{path} has {len(re.findall(pattern, text))} such byte(s)"
                found.append(place(path, lines.Places(text), Finding(code, "warning", first.start(), message)))
    return found


# --------------------------------------------------------------------------------------- enterprise and programs


def _lists(world: World) -> list[Placed]:
    """enterprise.md and every program.md: their entries, settings, and whether what they list is there."""
    portfolio = world.portfolio
    found: list[Placed] = []
    if portfolio.document is not None:
        found += _entries(ENTERPRISE, portfolio.document, "", portfolio.findings)
    for program in portfolio.programs:
        if program.document is not None:
            found += _entries(program.files.document, program.document, program.key)
        if program.refused:
            found.append(_at(world, program.key, "STORAGE_PATH_INVALID", "error", program.refused))
        elif program.entry and program.document is None and program.state in (State.PENDING, State.ACTIVE):
            message = f"{program.key}: {program.files.document} is missing"
            found.append(_at(world, program.key, "STORED_PROGRAM_MISSING", "warning", message))
        for project in program.projects:
            found += _stored(world, project)
    return found


def _stored(world: World, project: Project) -> list[Placed]:
    if project.refused:
        return [_at(world, project.key, "STORAGE_PATH_INVALID", "error", project.refused)]
    files = ((project.files.spec, project.spec), (project.files.backlog, project.backlog))
    missing = [path for path, known in files if known is None]
    if not missing or project.entry is None or project.state not in (State.PENDING, State.ACTIVE):
        return []
    code, severity = ("STORED_PROJECT_MISSING", "warning")
    if project.state is State.ACTIVE:
        code, severity = ("WORKING_PROJECT_FILES_MISSING", "error")
    words = "are" if len(missing) > 1 else "is"
    message = f"{project.key}: {' and '.join(missing)} {words} missing"
    return [_at(world, project.key, code, "error" if severity == "error" else "warning", message)]


def _at(world: World, key: str, code: str, severity: Severity, message: str, repair: str = "") -> Placed:
    """A finding about a program or project, at its entry in the list above it."""
    owner, _, name = key.rpartition("/")
    program = world.portfolio.program(owner)
    document, path = world.portfolio.document, ENTERPRISE
    if program is not None and program.document is not None and program.document.find(name):
        document, path = program.document, program.files.document
    if document is None or document.find(name) is None:
        return Placed(path, 0, 0, code, severity, message, repair, key)
    line, column = lines.Places(document.text)(document.span(name)[0])
    return Placed(path, line, column, code, severity, message, repair, key)


def _entries(path: str, document: EntriesDocument, scope: str, more: Iterable[Finding] = ()) -> list[Placed]:
    slow = thorough(document)
    findings = [*slow.findings, *graph.graph_findings(slow), *more]
    places = lines.Places(document.text)
    return [place(path, places, finding, scope) for finding in sorted(findings, key=lambda finding: finding.offset)]


# ------------------------------------------------------------------------------------------------------ projects


def _spec(project: Project) -> list[Placed]:
    if project.spec is None:
        missing = Placed(SPEC, 0, 0, "SPEC_MISSING", "warning", "spec.md does not exist")
        return [missing] if project.entry is None else []
    places = lines.Places(project.spec.text)
    return [place(project.files.spec, places, finding, project.key) for finding in project.spec.findings]


def _backlog(world: World, project: Project) -> list[Placed]:
    if project.backlog is None:
        missing = Placed(BACKLOG, 0, 0, "BACKLOG_MISSING", "warning", "backlog.md does not exist")
        return [missing] if project.entry is None else []
    document = thorough(project.backlog)
    findings = [*document.findings, *graph.graph_findings(document)]
    external = world.external if project.entry is None else world.portfolio.external(project)
    for entry, (start, end) in zip(document.entries, document.spans, strict=True):
        findings += _criteria(document, entry, start, end, world.config.policy)
        for wanted in entry.depends:
            if "/" in wanted and wanted not in external:
                findings.append(_external(world, project, entry, wanted, start))
    places, path = lines.Places(document.text), project.files.backlog
    ordered = sorted(findings, key=lambda finding: finding.offset)
    return [place(path, places, finding, project.key) for finding in ordered]


def _criteria(document: EntriesDocument, entry: entries.Entry, start: int, end: int, policy: str) -> Iterable[Finding]:
    if plain_criteria(document.text, start, end):
        return ()
    promises, odd = criteria.read(document.text, start, end, entry.id)
    pending = entry.state in (State.PENDING, State.ACTIVE)
    return (*odd, *(_unprovable(entry.id, promises, start, policy) if pending else ()))


def _unprovable(item: str, promises: tuple[criteria.Criterion, ...], start: int, policy: str) -> list[Finding]:
    if not promises:
        return [Finding("NO_CRITERIA", "warning", start, f"{item} has no acceptance criteria", item)]
    if policy == "proved" and not any(promise.check for promise in promises):
        return [Finding("NO_CHECK", "warning", start, f"no criterion of {item} carries a check", item)]
    return []


def _external(world: World, project: Project, entry: entries.Entry, wanted: str, start: int) -> Finding:
    """A dependency on another project that names nothing."""
    name = wanted.partition("/")[0]
    near = {key.partition("/")[0] for key in world.external} if project.entry is None else set[str]()
    known = name in near or world.portfolio.named(project, wanted) is not None
    code = "EXTERNAL_DEP_ITEM_MISSING" if known else "EXTERNAL_DEP_TARGET_MISSING"
    message = f"{entry.id} depends on {wanted[:40]}, which cannot be found"
    return Finding(code, "warning", start, message, entry.id)


def _across(world: World) -> list[Placed]:
    """Items of different projects that wait for each other; cycles inside one backlog are told there."""
    portfolio = world.portfolio
    found: list[Placed] = []
    for ring in graph.rings(portfolio.waits()):
        if len({key.rpartition("/")[0] for key in ring}) > 1:
            message = "these wait for each other: " + " → ".join((*ring, ring[0]))
            path = portfolio.project(ring[0].rpartition("/")[0])
            where = path.files.backlog if path else ""
            found.append(Placed(where, 0, 0, "DEPENDENCY_CYCLE", "error", message, subject=ring[0]))
    return found
