"""The world as the core sees it: parsed documents, missions in flight, attempts made. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from echelon.core import canonical, records
from echelon.core import portfolio as places
from echelon.core.config import Config
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import Language
from echelon.core.documents.record import Record as CompletionRecord
from echelon.core.documents.sections import Escalation
from echelon.core.documents.spec import Spec
from echelon.core.documents.todo import Todo
from echelon.core.evidence import Attestation, Definition, definition_from_json
from echelon.core.layout import ENTERPRISE, WORKING_PROGRAM, ProjectFiles
from echelon.core.portfolio import STANDALONE, Portfolio, Project

SPEC = ".opencode/spec.md"
BACKLOG = ".opencode/backlog.md"
ACTIVE = ".opencode/backlog-item-active.md"
CONTEXT = ".opencode/context.md"
TODO = ".opencode/todo.md"
CHECKLIST = ".opencode/verification-checklist.md"
SYNC = ".opencode/sync-issues.md"
PROJECT = ".opencode/project.md"
SLOTS = ".opencode/slots.json"
MISSIONS = ".opencode/echelon/missions.json"
ATTEMPTS = ".opencode/echelon/attempts.jsonl"
EVIDENCE = ".opencode/echelon/evidence.jsonl"

OWN = (MISSIONS, ATTEMPTS, EVIDENCE)  # ours alone: another digest means that somebody else wrote there
DOCUMENTS = (SPEC, BACKLOG, ACTIVE, CONTEXT, TODO, PROJECT, ENTERPRISE, WORKING_PROGRAM, SLOTS, *OWN)

Phase = Literal["working", "conflict", "merging"]
Reason = Literal[
    "delivered", "checks_red", "could_not_run", "weakened", "conflict", "gave_up", "asked", "crashed", "timed_out",
    "stopped", "spec_changed", "nothing_changed", "not_attested", "failed", "suspended", "escaped", "rework",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mission:
    """One item in flight. `name` binds todo, evidence and record to item and attempt: `B001.2`."""

    item: str  # its key: B001, or PGM-001/PRJ-001/B001 in a portfolio
    attempt: int
    phase: Phase
    slot: str
    base: str  # commit id the work started from; "" in place without git
    spec: str  # digest of spec.md when the mission started
    definition: Definition
    started: str
    in_place: bool = False
    candidate: str = ""  # merge commit that is about to become the base branch
    candidate_base: str = ""  # commit the base branch had when the candidate was made
    evidence: str = ""  # digest of the record that lets the candidate close
    feedback: str = ""  # what refused the attempt before
    conflicts: tuple[str, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    accepted: str = ""  # digest of a list of weakenings that a person accepted
    coverage: str = ""  # what the evidence shows, once it lets the item close
    title: str = ""

    @property
    def scope(self) -> str:
        """Key of the project it belongs to."""
        return places.scope_of(self.item)

    @property
    def local(self) -> str:
        """Id of the item in its own backlog."""
        return places.local(self.item)

    @property
    def name(self) -> str:
        return f"{self.item}.{self.attempt}"

    def as_json(self) -> dict[str, Any]:
        return {
            "item": self.item,
            "attempt": self.attempt,
            "phase": self.phase,
            "slot": self.slot,
            "base": self.base,
            "spec": self.spec,
            "definition": self.definition.as_json(),
            "started": self.started,
            "inPlace": self.in_place,
            "candidate": self.candidate,
            "candidateBase": self.candidate_base,
            "evidence": self.evidence,
            "feedback": self.feedback,
            "conflicts": list(self.conflicts),
            "attestations": [entry.as_json() for entry in self.attestations],
            "accepted": self.accepted,
            "coverage": self.coverage,
            "title": self.title,
        }


def mission_from_json(value: Mapping[str, Any]) -> Mission:
    """The inverse of `as_json`. Raises KeyError, TypeError or ValueError when it is not one."""
    if value["phase"] not in ("working", "conflict", "merging"):
        raise ValueError(f"unknown phase {value['phase']!r}")
    return Mission(
        item=str(value["item"]),
        attempt=int(value["attempt"]),
        phase=value["phase"],
        slot=str(value["slot"]),
        base=str(value["base"]),
        spec=str(value["spec"]),
        definition=definition_from_json(value["definition"]),
        started=str(value["started"]),
        in_place=bool(value["inPlace"]),
        candidate=str(value["candidate"]),
        candidate_base=str(value["candidateBase"]),
        evidence=str(value["evidence"]),
        feedback=str(value["feedback"]),
        conflicts=tuple(str(path) for path in value["conflicts"]),
        attestations=tuple(
            Attestation(str(entry["criterion"]), entry["by"], str(entry["note"]), str(entry["tree"]))
            for entry in value["attestations"]
        ),
        accepted=str(value["accepted"]),
        coverage=str(value["coverage"]),
        title=str(value.get("title", "")),  # records of version 0.1.0 have none
    )


@dataclass(frozen=True, slots=True)
class Record:
    """What missions.json holds. `closings`: key of a closed project or program -> digest of its closing statement.
    `waited`: program -> allocation rounds in a row that gave it nothing. `front`: "program" and "project" -> key of the
    one whose working copies were laid out last, "" for none; not there before the first step of one of them."""

    missions: tuple[Mission, ...] = ()
    closings: Mapping[str, str] = field(default_factory=dict)
    waited: Mapping[str, int] = field(default_factory=dict)
    front: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        value: dict[str, Any] = {"missions": [entry.as_json() for entry in self.missions]}
        if self.closings:
            value["closings"] = dict(self.closings)
        if self.waited:
            value["waited"] = dict(self.waited)
        if self.front:
            value["front"] = dict(self.front)
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def read_record(text: str | None) -> Record:
    """Raises ValueError, KeyError or TypeError when the file is damaged: it is ours, and never edited by hand."""
    if not text:
        return Record()
    value = json.loads(text)
    missions = tuple(mission_from_json(entry) for entry in value["missions"])
    closings = {str(key): str(digest) for key, digest in value.get("closings", {}).items()}
    waited = {str(key): int(rounds) for key, rounds in value.get("waited", {}).items()}
    front = {str(level): str(key) for level, key in value.get("front", {}).items()}
    return Record(missions, closings, waited, front)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at an item, ended, with the reason that distinguishes it."""

    item: str
    attempt: int
    reason: Reason
    detail: str
    started: str
    ended: str
    tokens: int = 0
    cost: float = 0.0
    coverage: str = ""  # of a delivered item, as its statement says
    checks: int = 0
    commit: str = ""
    in_place: bool = False
    evidence: str = ""  # digest of the closing record, of a delivered item
    files: tuple[str, ...] = ()  # paths that conflicted: what it is known to write, besides what its item declares
    record: CompletionRecord | None = None  # what the agent of a delivered item left, as it is kept

    def as_line(self) -> str:
        values = {name: getattr(self, name) for name in self.__slots__}
        return canonical.dumps({**values, "record": records.as_json(self.record)}) + "\n"


def read_attempts(text: str | None) -> tuple[Attempt, ...]:
    """Raises ValueError, KeyError or TypeError when the file is damaged."""
    found: list[Attempt] = []
    for row in (text or "").split("\n"):
        if row.strip():
            value = json.loads(row)
            value["files"] = tuple(value.get("files", ()))
            value["record"] = records.from_json(value.get("record"))
            found.append(Attempt(**{name: value[name] for name in Attempt.__slots__ if name in value}))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """What git says about the base when an item is to start. `commit` is "" without git (in place).

    `backlog`/`spec`: text of the tracked file in the base commit, None when it is not tracked there.
    """

    commit: str
    backlog: str | None = None
    spec: str | None = None
    in_place: bool = False


@dataclass(frozen=True)
class World:
    """Everything a decision may look at: the whole portfolio, and one project of it in front (`at` puts another there).

    `spec`, `backlog`, `escalations` and `files` are of the project in front; `missions` and `attempts` are of all.
    """

    config: Config
    spec: Spec | None
    backlog: EntriesDocument | None
    missions: tuple[Mission, ...]
    attempts: tuple[Attempt, ...]
    escalations: tuple[Escalation, ...]
    texts: Mapping[str, str | None]
    external: Mapping[str, Entry] = field(default_factory=dict)  # `PRJ-001/B002` -> that item
    todo: Todo | None = None
    portfolio: Portfolio = STANDALONE
    scope: str = ""
    files: ProjectFiles = field(default_factory=ProjectFiles)
    record: Record = field(default_factory=Record)
    slots_root: str = ""  # folder of the slots on this machine
    diverged: Mapping[str, str] = field(default_factory=dict)  # stored path -> what its copies say differently
    unreadable: Mapping[str, str] = field(default_factory=dict)  # place of a working copy -> why it cannot be one

    def at(self, scope: str) -> World:
        """The same world with this project in front; unchanged when there is no such project."""
        project = self.portfolio.project(scope)
        if project is None or (scope == self.scope and self.backlog is project.backlog):
            return self
        return replace(
            self,
            scope=scope,
            files=project.files,
            spec=project.spec,
            backlog=project.backlog,
            escalations=project.escalations,
            external=self.portfolio.external(project),
        )

    @property
    def project(self) -> Project:
        """The project in front."""
        found = self.portfolio.project(self.scope)
        return found or Project(self.scope, None, self.files, self.spec, self.backlog, self.escalations)

    @property
    def language(self) -> Language:
        """The language of the workspace: its backlog's when there is one with entries, else the setting."""
        if self.backlog and self.backlog.entries:
            return self.backlog.language
        return self.config.language

    @property
    def spec_digest(self) -> str:
        return "absent" if self.spec is None else "sha256:" + canonical.text_digest(self.spec.text)

    def key(self, item: str) -> str:
        """The key of an item of the project in front; a key stays as it is."""
        return item if not self.scope or item.startswith(f"{self.scope}/") else places.item_key(self.scope, item)

    def find(self, item: str) -> Entry | None:
        """An item of the project in front, by id or key; a key of another project is none of its items."""
        if self.backlog is None or ("/" in item and places.scope_of(item) != self.scope):
            return None
        return self.backlog.find(places.local(item))

    @property
    def own_missions(self) -> tuple[Mission, ...]:
        """Those of the project in front."""
        return tuple(entry for entry in self.missions if entry.scope == self.scope)

    def mission(self, item: str | None = None) -> Mission | None:
        """The mission of an item of the project in front; without an id, the first one in flight there."""
        for entry in self.own_missions:
            if item is None or entry.item == self.key(item):
                return entry
        return None

    @cached_property
    def _attempts(self) -> Mapping[str, tuple[Attempt, ...]]:
        found: dict[str, list[Attempt]] = {}
        for entry in self.attempts:
            found.setdefault(entry.item, []).append(entry)
        return {item: tuple(entries) for item, entries in found.items()}

    @cached_property
    def selections(self) -> dict[str, Any]:
        """What could start in each project, once somebody asked: for levels/capacity.py."""
        return {}

    def attempts_of(self, item: str) -> tuple[Attempt, ...]:
        return self._attempts.get(self.key(item), ())

    def text(self, path: str) -> str:
        return self.texts.get(path) or ""

    def recorded(self, missions: tuple[Mission, ...], waited: Mapping[str, int] | None = None) -> dict[str, str | None]:
        """The documents that say which missions run: our record, and the peer's slots.json where it is of use."""
        record = replace(self.record, missions=missions, waited=self.record.waited if waited is None else waited)
        return {MISSIONS: record.text(), **self._slots(missions)}

    def _beside_the_front(self, mission: Mission) -> bool:
        """Whether it runs in a project that the sequential tools do not work on: only a portfolio in parallel has that."""
        project = self.portfolio.project(mission.scope)
        return bool(mission.scope) and project is not None and project.running and not project.files.in_front

    def _slots(self, missions: tuple[Mission, ...]) -> dict[str, str | None]:
        """Only while something runs in parallel: the peer takes even an empty file for parallel mode (W45, W-A9)."""
        rows = [(entry, self.portfolio.project(entry.scope)) for entry in missions if not entry.in_place]
        slots = [(entry, row) for entry, row in rows if row is None or row.running]
        several = len(slots) > 1 or any(self._beside_the_front(entry) for entry, _ in slots)
        if not slots or not several:
            return {SLOTS: None} if self.texts.get(SLOTS) is not None else {}
        shown = [slot_row(entry, row, self.slots_root) for entry, row in slots]
        return {SLOTS: json.dumps(shown, indent=2, ensure_ascii=False) + "\n"}


def slot_row(mission: Mission, project: Project | None, root: str) -> dict[str, Any]:
    """One record of slots.json, with the peer's fields (peer-slots-steering.md §2.2)."""
    files = project.files if project else ProjectFiles()
    owner, _, name = mission.scope.rpartition("/")
    row: dict[str, Any] = {
        "slotId": mission.slot,
        "path": f"{root}/{mission.slot}/work",
        "branch": f"orchestrator/{mission.slot}",
        "base": mission.base,
        "itemId": mission.local,
    }
    row.update({"projectId": name} if name else {})
    row.update({"programId": owner} if owner else {})
    status = {"working": "active"}.get(mission.phase, mission.phase)
    return {
        **row,
        "backlogPath": files.backlog,
        "projectFile": files.journal,
        "status": status,
        "createdAt": mission.started,
    }


def with_mission(missions: tuple[Mission, ...], mission: Mission) -> tuple[Mission, ...]:
    """The missions with this one put in place of the one for the same item, or added."""
    if any(entry.item == mission.item for entry in missions):
        return tuple(mission if entry.item == mission.item else entry for entry in missions)
    return (*missions, mission)


def without_mission(missions: tuple[Mission, ...], item: str) -> tuple[Mission, ...]:
    return tuple(entry for entry in missions if entry.item != item)
