"""What the entries of a file say about each other: ids that repeat, dependencies that lead nowhere or in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.findings import Finding


def graph_findings(document: EntriesDocument) -> tuple[Finding, ...]:
    """Duplicate ids, dependencies that name nothing in this file, and cycles."""
    findings: list[Finding] = []
    for entry in document.entries:
        if entry.id in document.duplicates and document.find(entry.id) is not entry:
            start = document.spans[entry.order][0]
            findings.append(Finding("DUPLICATE_ID", "error", start, f"{entry.id} is defined twice", entry.id))
    known = {entry.id for entry in document.entries}
    for entry in document.entries:
        for wanted in entry.depends:
            if wanted in known or "/" in wanted:
                continue
            start = document.spans[entry.order][0]
            message = f'{entry.id} depends on "{wanted[:40]}", which is not in this file'
            findings.append(Finding("UNKNOWN_DEPENDENCY", "error", start, message, entry.id))
    for cycle in cycles(document.entries):
        start = document.span(cycle[0])[0]
        message = "these wait for each other: " + " → ".join((*cycle, cycle[0]))
        findings.append(Finding("DEPENDENCY_CYCLE", "error", start, message, cycle[0]))
    return tuple(findings)


def cycles(entries: Iterable[Entry]) -> tuple[tuple[str, ...], ...]:
    """Each dependency cycle once, as the ids along it."""
    return rings({entry.id: entry.depends for entry in entries})


def rings(waits: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Each cycle of `waits` (who -> for whom) once. Iterative, so that depth is no limit."""
    done: set[str] = set()
    found: list[tuple[str, ...]] = []
    for root in waits:
        if root in done:
            continue
        path: list[str] = [root]
        on_path = {root}
        stack = [iter(waits[root])]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                stack.pop()
                leaving = path.pop()
                on_path.discard(leaving)
                done.add(leaving)
            elif following in on_path:
                found.append(tuple(path[path.index(following) :]))
            elif following in waits and following not in done:
                path.append(following)
                on_path.add(following)
                stack.append(iter(waits[following]))
    return tuple(found)
