"""What is wrong in a workspace, with places, and the repairs that lose nothing.

Pure: texts and what the shell observed in, findings and new texts out. Repairing twice is repairing once. A repair
only rewrites what is read the same afterwards (a dash, a marker's spelling), or brings records and markers together
in the direction that keeps work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from echelon.core.codes import CODES
from echelon.core.documents import criteria, entries, graph, lines, render
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.findings import Finding, Severity
from echelon.core.documents.grammar import NO_DEPENDENCY, State, field, fold
from echelon.core.model import ACTIVE, BACKLOG, MISSIONS, SPEC, World, without_mission

FINDINGS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding where a person can go: line and column from 1; 0 for a file as a whole. `repair` is "" when only a
    person can decide."""

    path: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str
    repair: str = ""

    @property
    def meaning(self) -> str:
        return CODES[self.code].meaning

    @property
    def next_step(self) -> str:
        return CODES[self.code].next_step


@dataclass(frozen=True, slots=True)
class Observed:
    """What the shell saw besides the documents: open slots, and documents of ours that changed behind our back."""

    slots: tuple[str, ...] = ()
    changed_records: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()  # (code, message) of a world that cannot be used
    sandbox: str = ""


def examine(world: World, observed: Observed, config: tuple[str, str, tuple[Finding, ...]]) -> tuple[Placed, ...]:
    """Every finding. `config`: (path, text, findings) of the configuration file, path "" when there is none."""
    found = [*_texts(world), *_configuration(config), *_backlog(world), *_spec(world)]
    found += [*_consistency(world), *_observed(world, observed)]
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
                found.append(_place(path, lines.Places(text), Finding(code, "warning", first.start(), message)))
    return found


def _place(path: str, places: lines.Places, finding: Finding) -> Placed:
    line, column = places(finding.offset)
    return Placed(path, line, column, finding.code, finding.severity, finding.message, finding.repair)


def _configuration(config: tuple[str, str, tuple[Finding, ...]]) -> list[Placed]:
    path, text, findings = config
    places = lines.Places(text)
    return [_place(path, places, finding) for finding in findings]


def _spec(world: World) -> list[Placed]:
    if world.spec is None:
        return [Placed(SPEC, 0, 0, "SPEC_MISSING", "warning", "spec.md does not exist")]
    places = lines.Places(world.spec.text)
    return [_place(SPEC, places, finding) for finding in world.spec.findings]


def _backlog(world: World) -> list[Placed]:
    if world.backlog is None:
        return [Placed(BACKLOG, 0, 0, "BACKLOG_MISSING", "warning", "backlog.md does not exist")]
    document = entries.parse(world.backlog.text, quick=False)
    findings = [*document.findings, *graph.graph_findings(document)]
    for entry, (start, end) in zip(document.entries, document.spans, strict=True):
        promises, odd = criteria.read(document.text, start, end, entry.id)
        findings += odd
        if entry.state in (State.PENDING, State.ACTIVE):
            findings += _unprovable(entry.id, promises, start, world.config.policy)
        findings += _external(world, entry, start)
    places = lines.Places(document.text)
    return [_place(BACKLOG, places, finding) for finding in sorted(findings, key=lambda finding: finding.offset)]


def _unprovable(item: str, promises: tuple[criteria.Criterion, ...], start: int, policy: str) -> list[Finding]:
    if not promises:
        return [Finding("NO_CRITERIA", "warning", start, f"{item} has no acceptance criteria", item)]
    if policy == "proved" and not any(promise.check for promise in promises):
        return [Finding("NO_CHECK", "warning", start, f"no criterion of {item} carries a check", item)]
    return []


def _external(world: World, entry: entries.Entry, start: int) -> list[Finding]:
    found: list[Finding] = []
    projects = {name.partition("/")[0] for name in world.external}
    for wanted in entry.depends:
        if "/" not in wanted or wanted in world.external:
            continue
        known = wanted.partition("/")[0] in projects
        code = "EXTERNAL_DEP_ITEM_MISSING" if known else "EXTERNAL_DEP_TARGET_MISSING"
        found.append(
            Finding(code, "warning", start, f"{entry.id} depends on {wanted}, which cannot be found", entry.id)
        )
    return found


def _consistency(world: World) -> list[Placed]:
    """Markers, missions and the active file must tell one story."""
    if world.backlog is None:
        return []
    running = [entry for entry in world.backlog.entries if entry.state is State.ACTIVE]
    missions = {mission.local for mission in world.own_missions}
    place = lines.Places(world.backlog.text)

    def at(item: str) -> tuple[int, int]:
        return place(world.backlog.span(item)[0]) if world.backlog and world.backlog.find(item) else (0, 0)

    found: list[Placed] = []
    if len(running) > 1:
        names = ", ".join(entry.id for entry in running)
        found.append(
            Placed(BACKLOG, *at(running[1].id), "MULTIPLE_IN_PROGRESS", "error", f"in progress at once: {names}")
        )
    for entry in running:
        if entry.id not in missions:
            message = f"{entry.id} is marked [/] and no mission runs for it"
            found.append(
                Placed(BACKLOG, *at(entry.id), "IN_PROGRESS_WITHOUT_MISSION", "error", message, "set it to [ ]")
            )
    for item in sorted(missions - {entry.id for entry in running}):
        message = f"a mission is recorded for {item}, which is not marked [/]"
        repair = "end the mission; its slot is saved under a rescue ref"
        found.append(Placed(MISSIONS, 0, 0, "MISSION_WITHOUT_ITEM", "error", message, repair))
    exists = world.texts.get(ACTIVE) is not None
    if running and running[0].id in missions and not exists:
        found.append(
            Placed(ACTIVE, 0, 0, "ACTIVE_FILE_MISSING", "warning", f"{running[0].id} is in progress", "write it again")
        )
    if exists and not any(entry.id in missions for entry in running):
        found.append(Placed(ACTIVE, 0, 0, "ACTIVE_FILE_ORPHANED", "warning", "no item is in progress", "archive it"))
    return found


def _observed(world: World, observed: Observed) -> list[Placed]:
    found = [
        Placed(path, 0, 0, "RECORD_CHANGED", "error", f"{path} is not what Echelon wrote")
        for path in observed.changed_records
    ]
    found += [Placed("", 0, 0, code, "error", message) for code, message in observed.faults]
    running = {mission.slot for mission in world.missions if not mission.in_place}
    if not observed.faults:
        for slot in sorted(running - set(observed.slots)):
            found.append(
                Placed(
                    MISSIONS, 0, 0, "SLOT_MISSING", "warning", f"slot {slot} is gone", "open it again from its branch"
                )
            )
        for slot in sorted(set(observed.slots) - running):
            repair = "save it under a rescue ref and close it"
            found.append(Placed("", 0, 0, "SLOT_ORPHANED", "warning", f"slot {slot} belongs to no mission", repair))
    if observed.sandbox == "none":
        found.append(Placed("", 0, 0, "SANDBOX_ABSENT", "info", "checks run without a sandbox"))
    return found


# --------------------------------------------------------------------------------------------------- repair


def repairs(world: World, now: str) -> dict[str, str | None]:
    """The documents to write so that the repairable findings are gone; {} when there is nothing to do."""
    writes: dict[str, str | None] = {}
    if world.backlog is None:
        return writes
    backlog_path = world.files.backlog
    spelled = respelled(world.backlog)
    missions = {mission.local: mission for mission in world.own_missions}
    for entry in spelled.entries:
        if entry.state is State.ACTIVE and entry.id not in missions and entry.id not in spelled.duplicates:
            spelled = entries.set_state(spelled, entry.id, State.PENDING)
    if spelled.text != world.backlog.text:
        writes[backlog_path] = spelled.text
    running = [entry for entry in spelled.entries if entry.state is State.ACTIVE]
    kept = world.missions
    for item in set(missions) - {entry.id for entry in running}:
        kept = without_mission(kept, world.key(item))
    if kept != world.missions:
        writes.update(world.recorded(kept))
    active = world.texts.get(ACTIVE)
    if active is not None and not running:
        writes[f".opencode/archive/backlog-items/{render.stamp(now)}-orphaned.md"] = active
        writes[ACTIVE] = None
    if active is None and running:
        mission = missions[running[0].id]
        writes[ACTIVE] = render.active_item(
            running[0].id,
            running[0].title,
            spelled.section(running[0].id),
            mission.started,
            mission.spec,
            world.language,
        )
    return writes


def respelled(document: EntriesDocument) -> EntriesDocument:
    """The same backlog in the format's own spelling: dash of the header, [x], P1, commas, a status line."""
    changes: list[tuple[int, int, str]] = []
    odd = {finding.subject for finding in entries.parse(document.text, quick=False).findings if finding.repair}
    for entry, (start, end) in zip(document.entries, document.spans, strict=True):
        if entry.id in odd and entry.id not in document.duplicates:
            changes += _entry_changes(document, entry, start, end)
    text = document.text
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return entries.parse(text) if changes else document


def _entry_changes(document: EntriesDocument, entry: entries.Entry, start: int, end: int) -> list[tuple[int, int, str]]:
    scanned = lines.split(document.text, start, end)
    values = {item.key: item for item in reversed(entries.head_fields(scanned)[0])}
    changes: list[tuple[int, int, str]] = []
    dash = re.match(r"\W*?#+[ \t\u00a0]+\S+[ \t\u00a0]+([—–-])[ \t\u00a0]", scanned[0].text)
    if dash and dash[1] != "—":
        changes.append((start + dash.start(1), start + dash.end(1), "—"))
    if "status" in values and values["status"].value.startswith("[X]"):
        changes.append((values["status"].start, values["status"].start + 3, "[x]"))
    if "status" not in values:
        flipped = entries.set_state(document, entry.id, State.PENDING).text
        line = f"- {field('status', document.language)} [ ]"
        after = next(at for at in range(start, len(flipped)) if flipped[at] != document.text[at : at + 1])
        changes.append((after, after, flipped[after : after + len(flipped) - len(document.text)]))
        assert line in flipped
    if "priority" in values:
        spelled = re.match(r"[pP]?([1-4])(?!\w)", values["priority"].value)
        if spelled and not values["priority"].value.startswith("P"):
            at = values["priority"].start
            changes.append((at, at + len(spelled[0]), f"P{spelled[1]}"))
    if "depends" in values and fold(values["depends"].value) not in NO_DEPENDENCY:
        changes += _commas(values["depends"])
    return changes


def _commas(value: entries.HeadField) -> list[tuple[int, int, str]]:
    joins = re.finditer(r"\s*(?:;|&|\+|\s(?:et|and)\s)\s*", value.value, re.IGNORECASE)
    return [(value.start + join.start(), value.start + join.end(), ", ") for join in joins]
