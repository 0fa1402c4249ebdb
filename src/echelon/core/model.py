"""The world as the core sees it: parsed documents, missions in flight, attempts made. Values only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from echelon.core import canonical
from echelon.core.config import Config
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.grammar import Language, State
from echelon.core.documents.sections import Escalation
from echelon.core.documents.spec import Spec
from echelon.core.documents.todo import Todo
from echelon.core.evidence import Attestation, Definition, definition_from_json

SPEC = ".opencode/spec.md"
BACKLOG = ".opencode/backlog.md"
ACTIVE = ".opencode/backlog-item-active.md"
CONTEXT = ".opencode/context.md"
TODO = ".opencode/todo.md"
CHECKLIST = ".opencode/verification-checklist.md"
SYNC = ".opencode/sync-issues.md"
PROJECT = ".opencode/project.md"
MISSIONS = ".opencode/echelon/missions.json"
ATTEMPTS = ".opencode/echelon/attempts.jsonl"
EVIDENCE = ".opencode/echelon/evidence.jsonl"

DOCUMENTS = (SPEC, BACKLOG, ACTIVE, CONTEXT, TODO, PROJECT, MISSIONS, ATTEMPTS, EVIDENCE)

Phase = Literal["working", "conflict", "merging"]
Reason = Literal[
    "delivered", "checks_red", "could_not_run", "weakened", "conflict", "gave_up", "asked", "crashed", "timed_out",
    "stopped", "spec_changed", "nothing_changed", "not_attested", "failed", "suspended", "escaped",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mission:
    """One item in flight. `name` binds todo, evidence and record to item and attempt: `B001.2`."""

    item: str
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
    )


def read_missions(text: str | None) -> tuple[Mission, ...]:
    """Raises ValueError, KeyError or TypeError when the file is damaged: it is ours, and never edited by hand."""
    return tuple(mission_from_json(value) for value in json.loads(text)["missions"]) if text else ()


def write_missions(missions: tuple[Mission, ...]) -> str:
    return json.dumps({"missions": [entry.as_json() for entry in missions]}, indent=2, ensure_ascii=False) + "\n"


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

    def as_line(self) -> str:
        return canonical.dumps({name: getattr(self, name) for name in self.__slots__}) + "\n"


def read_attempts(text: str | None) -> tuple[Attempt, ...]:
    """Raises ValueError, KeyError or TypeError when the file is damaged."""
    found: list[Attempt] = []
    for row in (text or "").split("\n"):
        if row.strip():
            value = json.loads(row)
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
    """Everything a decision may look at."""

    config: Config
    spec: Spec | None
    backlog: EntriesDocument | None
    missions: tuple[Mission, ...]
    attempts: tuple[Attempt, ...]
    escalations: tuple[Escalation, ...]
    texts: Mapping[str, str | None]
    external: Mapping[str, State] = field(default_factory=dict)  # `PRJ-001/B002` -> state in its stored backlog
    todo: Todo | None = None

    @property
    def language(self) -> Language:
        """The language of the workspace: its backlog's when there is one with entries, else the setting."""
        if self.backlog and self.backlog.entries:
            return self.backlog.language
        return self.config.language

    @property
    def spec_digest(self) -> str:
        return "absent" if self.spec is None else "sha256:" + canonical.text_digest(self.spec.text)

    def mission(self, item: str | None = None) -> Mission | None:
        """The mission of an item; without an id, the only one in flight."""
        for entry in self.missions:
            if item is None or entry.item == item:
                return entry
        return None

    @cached_property
    def _attempts(self) -> Mapping[str, tuple[Attempt, ...]]:
        found: dict[str, list[Attempt]] = {}
        for entry in self.attempts:
            found.setdefault(entry.item, []).append(entry)
        return {item: tuple(entries) for item, entries in found.items()}

    def attempts_of(self, item: str) -> tuple[Attempt, ...]:
        return self._attempts.get(item, ())

    def text(self, path: str) -> str:
        return self.texts.get(path) or ""


def with_mission(missions: tuple[Mission, ...], mission: Mission) -> tuple[Mission, ...]:
    """The missions with this one put in place of the one for the same item, or added."""
    others = tuple(entry for entry in missions if entry.item != mission.item)
    return (*others, mission)


def without_mission(missions: tuple[Mission, ...], item: str) -> tuple[Mission, ...]:
    return tuple(entry for entry in missions if entry.item != item)
