"""The engine: load, decide, commit, perform. The one place where a decision becomes something that happened.

Theory of operation. A request is decided under the workspace's lock on documents read there, and committed against
exactly those; an edit from outside in between is a conflict, and the request is decided again on the new text. Effects
follow outside the lock. Each can be repeated: a slot is opened by its id, the base moves by compare-and-swap, and what
has moved is finished by `recover`. So a kill at any moment leaves a state from which the same calls go on.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from echelon.core import evidence_log, requests
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.evidence import GENESIS, Problem
from echelon.core.levels import decide
from echelon.core.model import BACKLOG, EVIDENCE, MISSIONS, SPEC, TODO, BaseFacts, Mission, World
from echelon.engine.inplace import InPlace
from echelon.engine.work import Examination, Work
from echelon.engine.workspace import Workspace
from echelon.engine.world import Loader, decode, encode
from echelon.errors import ConflictError
from echelon.ports import Change, Snapshot
from echelon.slots import checkout, merge
from echelon.store.operations import Operation

FORGED = f"{MISSIONS} is not what Echelon wrote; nothing is decided on it."
FORGED_STEP = "find out who wrote there; backlog_suspend_item and backlog_resume_item make a new record of the item"
_ENDS = (requests.SuspendItem, requests.FailItem)  # what throws the record away may be asked whatever it says
DECIDE_TRIES = 5  # conflicts with edits from outside before we say so


class Engine:
    """One workspace, one actor. Methods answer with a Decision or a Refusal; they raise what the rooms raise."""

    def __init__(self, workspace: Workspace, actor: str = "person") -> None:
        self.workspace = workspace
        self.actor = actor
        self._loader = Loader(workspace.store, workspace.config)
        self.work = Work(workspace)
        self._in_place = InPlace(workspace)

    # --------------------------------------------------------------------------------------- load, decide, commit

    def world(self) -> World:
        return self._loader.load()[0]

    def ask(self, request: requests.Request, extra: Mapping[str, str] | None = None) -> Decision | Refusal:
        """Decide and commit, without the effects. `extra` are further files of the same transaction."""
        broken = [f.message for f in self.workspace.config_findings if f.severity == "error"]
        if broken:
            return refuse("CONFIG_INVALID", *broken)
        identifier = _operation_id(request)
        for remaining in reversed(range(DECIDE_TRIES)):
            with self.workspace.store.locked(type(request).__name__):
                world, snapshots = self._loader.load()
                if not isinstance(request, _ENDS) and self._forged(snapshots[MISSIONS]):
                    return refuse("RECORD_CHANGED", FORGED, next_step=FORGED_STEP)
                decision = decide(world, request, self.workspace.clock.now())
                if isinstance(decision, Refusal):
                    return decision
                try:
                    self._commit(identifier, request, decision, snapshots, extra or {})
                except ConflictError:
                    if not remaining:
                        raise
                    continue
                return decision
        raise AssertionError("the loop returns or raises")

    def _forged(self, record: Snapshot) -> bool:
        """Whether something else than Echelon wrote the record of missions, which says what may merge."""
        known = self.workspace.store.documents().get(MISSIONS)
        return known is not None and known.digest != record.digest

    def _commit(
        self,
        identifier: str,
        request: requests.Request,
        decision: Decision,
        snapshots: dict[str, Snapshot],
        extra: Mapping[str, str],
    ) -> None:
        writes = {**decision.writes, **extra}
        if not writes:
            return
        for path in writes:
            snapshots.setdefault(path, self.workspace.store.read(path))
        change = Change(
            operation_id=identifier,
            actor=self.actor,
            request={"action": type(request).__name__, "arguments": _shown(request)},
            writes={path: encode(text) for path, text in writes.items()},
            expected=snapshots,
            effects=tuple({"kind": effect.kind, **_small(effect)} for effect in decision.effects),
            note=decision.message.split("\n", 1)[0][:300],
        )
        self._remember(decision, self.workspace.store.commit(change))

    def _remember(self, decision: Decision, operation: Operation) -> None:
        """An edited backlog is known already; it need not be parsed, nor its 3 MB digested, again."""
        for edit in operation.edits:
            if edit.path == BACKLOG and decision.backlog is not None:
                self._loader.remember("backlog", edit.after, decision.backlog)

    # ------------------------------------------------------------------------------------------------- items

    def base_facts(self) -> BaseFacts:
        """What git says about the base now. Raises WorldError NO_REPOSITORY and others."""
        repository = self.workspace.repository
        commit = repository.head(self.workspace.branch)
        backlog, spec = (decode(repository.read_file(commit, path)) for path in (BACKLOG, SPEC))
        return BaseFacts(commit, backlog, spec)

    def start(self, item: str | None = None, *, in_place: bool = False) -> Decision | Refusal:
        """Start an item: marker, active file, mission, and its slot with what the agent needs to know."""
        base = BaseFacts("", in_place=True) if in_place else self.base_facts()
        decision = self.ask(requests.StartItem(base, item))
        if isinstance(decision, Decision):
            mission = self._mission(str(decision.data["item"]))
            if mission.in_place:
                self._in_place.begin(mission)
            else:
                self._perform(decision.effects)
        return decision

    def examine(self, mission: Mission) -> Examination:
        """Look at the work as it stands and run what has to run. Changes nothing that anybody keeps."""
        if mission.in_place:
            return self._in_place.examine(mission)
        return self.work.examine(mission, self.base_facts())

    def verify(self, item: str | None = None) -> Decision | Refusal:
        """The verdict on the work as it stands, recorded in the evidence log."""
        mission = self.world().mission(item)
        if mission is None:
            return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
        found = self.examine(mission)
        decision = decide(self.world(), requests.CloseItem(found.findings, mission.item), self.workspace.clock.now())
        self._record("verification", mission, found, decision)
        return decision

    def close(self, item: str | None = None, *, tokens: int = 0, cost: float = 0.0) -> Decision | Refusal:
        """Verify and, when the evidence lets it, merge and mark delivered. The base may move meanwhile: again then."""
        for _ in range(self.workspace.config.count("limits.baseMoves")):
            mission = self.world().mission(item)
            if mission is None:
                return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
            found = self.examine(mission)
            decision = self._prove(mission, found)
            if isinstance(decision, Refusal):
                self._record("verification", mission, found, decision)
                return decision
            if mission.in_place:
                return self._finish(mission, "", tokens, cost)
            proved = self._mission(mission.item)
            if self._move_base(proved):
                return self._finish(proved, proved.candidate, tokens, cost)
        return refuse("BASE_KEEPS_MOVING")

    def _prove(self, mission: Mission, found: Examination) -> Decision | Refusal:
        """Decide whether it closes; when it does, make the merge commit that carries the statement, and record both."""
        world = self.world()
        verdict = decide(world, requests.CloseItem(found.findings, mission.item), self.workspace.clock.now())
        if isinstance(verdict, Refusal):
            return verdict
        coverage = str(verdict.data["coverage"])
        previous = GENESIS if mission.in_place else self.work.last_statement()
        statement = found.statement(mission, coverage, previous)
        commit = "" if mission.in_place else self.work.merge_commit(mission, found, statement)
        with self.workspace.store.locked("record evidence"):
            log = decode(self.workspace.store.read(EVIDENCE).content)
        line, digest = evidence_log.line(
            log, "closing", self.workspace.clock.now(), {"statement": statement, "commit": commit}
        )
        closing = requests.CloseItem(found.findings, mission.item, commit, line, digest)
        return self.ask(closing)

    def _move_base(self, mission: Mission) -> bool:
        """Move the base branch to the candidate, by compare-and-swap, and let the person's checkout follow."""
        repository, branch = self.workspace.repository, self.workspace.branch
        why = f"echelon: {mission.name}"
        if not merge.move_base(repository, branch, mission.candidate, mission.candidate_base, why):
            head = repository.head(branch)
            if not repository.is_ancestor(mission.candidate, head):
                return False
        checkout.update_checkout(repository, branch, mission.candidate_base, mission.candidate)
        return True

    def _finish(self, mission: Mission, commit: str, tokens: int, cost: float) -> Decision | Refusal:
        text = self._in_place.text(TODO) if mission.in_place else self.work.slot_text(mission, TODO)
        decision = self.ask(requests.Merged(mission.item, commit, text, tokens, cost))
        if isinstance(decision, Decision):
            self._perform(decision.effects)
        return decision

    def end(
        self, request: requests.FailItem | requests.SuspendItem | requests.EndAttempt | requests.RecordEscalation
    ) -> Decision | Refusal:
        """Fail, suspend, escalate, or end an attempt; the slot is briefed again or closed, its work kept."""
        decision = self.ask(request)
        if isinstance(decision, Decision):
            self._perform(decision.effects)
        return decision

    def attest(self, by: str, note: str, item: str | None = None, criterion: int = 0) -> Decision | Refusal:
        """Record that a person or a reviewer looked at the work as it stands now."""
        mission = self.world().mission(item)
        if mission is None:
            return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
        tree = self._in_place.tree() if mission.in_place else self.work.snapshot(mission).tree
        reviewer = "reviewer" if by == "reviewer" else "person"
        return self.ask(requests.Attest(tree, reviewer, note, mission.item, criterion))

    def accept_weakening(self, note: str, item: str | None = None) -> Decision | Refusal:
        """A person lets exactly the present changes to tests pass."""
        mission = self.world().mission(item)
        if mission is None or mission.in_place:
            return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
        found = self.examine(mission)
        return self.ask(requests.AcceptWeakening(found.findings.weakenings, note, mission.item))

    def preflight(self, mission: Mission) -> tuple[Problem, ...]:
        """What no attempt could mend, before one is paid for."""
        return () if mission.in_place else self.work.preflight(mission, self.base_facts())

    def escapes(self, mission: Mission) -> tuple[Problem, ...]:
        """What changed in the person's repository since the item started that could run or steer something there."""
        return () if mission.in_place else tuple(self.work.escapes(mission))

    def bring_base(self, mission: Mission) -> tuple[str, tuple[str, ...]]:
        """Merge the base as it is now into the slot: (its commit, the files that conflict and carry markers)."""
        commit = self.base_facts().commit
        return commit, self.work.bring_base(mission, commit)

    def slot_path(self, mission: Mission) -> str:
        """Where the agent works; opened again when it is gone."""
        return self.work.ensure_slot(mission, self._files(mission)).path

    def renew_slot(self, mission: Mission) -> None:
        """Another slot for a mission whose own was removed or replaced."""
        self.work.renew_slot(mission, self._files(mission))

    # ----------------------------------------------------------------------------------------------- recovery

    def recover(self) -> tuple[str, ...]:
        """Finish what a process that died had begun; says what it did. Called before anything is delivered."""
        self.workspace.store.recover()
        if self._forged(self.workspace.store.read(MISSIONS)):
            return (f"[RECORD_CHANGED] {FORGED}",)
        self._close_orphans()
        done: list[str] = []
        for mission in self.world().missions:
            if mission.in_place:
                continue
            repository, branch = self.workspace.repository, self.workspace.branch
            if mission.phase == "merging" and mission.candidate:
                head = repository.head(branch)
                if head == mission.candidate_base or repository.is_ancestor(mission.candidate, head):
                    self._move_base(mission)
                    decision = self._finish(mission, mission.candidate, 0, 0.0)
                    done.append(
                        str(decision) if isinstance(decision, Refusal) else f"finished the merge of {mission.name}"
                    )
                    continue
            self.work.ensure_slot(mission, self._files(mission))
            done.append(f"{mission.name} goes on")
        return tuple(done)

    def _close_orphans(self) -> None:
        """A slot whose mission is over was about to be closed when a process died: its work is kept, as always."""
        if not (self.workspace.state / "slots").is_dir():
            return
        running = {mission.slot for mission in self.world().missions}
        for slot in self.work.slots.open_slots():
            if slot.id not in running:
                self.work.slots.close(slot.id, merged_into=self.workspace.repository.head(self.workspace.branch))

    # ------------------------------------------------------------------------------------------------ effects

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            values = effect.arguments
            if effect.kind == "open_slot":
                self.work.begin_slot(str(values["slot"]), str(values["base"]), values["files"])
            elif effect.kind == "brief_slot":
                self.work.brief(str(values["slot"]), values["files"])
            elif effect.kind == "close_slot":
                self.work.close_slot(str(values["slot"]), delivered=bool(values["delivered"]))

    def _mission(self, item: str) -> Mission:
        mission = self.world().mission(item)
        assert mission is not None, f"{item} was just started and has no mission"
        return mission

    def _files(self, mission: Mission) -> dict[str, str]:
        from_world = self.work.files_for(self.world(), mission)
        return {path: text for path, text in from_world.items() if text is not None}

    def _record(self, kind: str, mission: Mission, found: Examination, decision: Decision | Refusal) -> None:
        """Append what was seen to the evidence log, whatever the verdict."""
        verdict = (
            {"code": decision.code, "reasons": list(decision.reasons)}
            if isinstance(decision, Refusal)
            else {"code": ""}
        )
        entry = {"mission": mission.name, "verdict": verdict, **found.as_json()}
        store = self.workspace.store
        with store.locked("record evidence"):
            snapshot = store.read(EVIDENCE)
            log = decode(snapshot.content) or ""
            line, _ = evidence_log.line(log, kind, self.workspace.clock.now(), entry)
            writes = evidence_log.appended(log, line)
            snapshots = {EVIDENCE: snapshot, **{path: store.read(path) for path in writes if path != EVIDENCE}}
            content = {path: encode(text) for path, text in writes.items()}
            request = {"action": "record", "arguments": {"mission": mission.name, "kind": kind}}
            store.commit(Change(_fresh("record"), self.actor, request, content, snapshots))


def _operation_id(request: requests.Request) -> str:
    return _fresh(type(request).__name__)


def _fresh(name: str) -> str:
    return f"{name}-{secrets.token_hex(8)}"


def _shown(request: requests.Request) -> dict[str, Any]:
    """The request as the log keeps it: what the caller said, without the bulk that the shell added."""
    assert is_dataclass(request)
    fields = {
        name: getattr(request, name) for name in request.__slots__ if name not in ("base", "findings", "record", "todo")
    }
    return json.loads(json.dumps(fields, default=lambda value: asdict(value) if is_dataclass(value) else str(value)))


def _small(effect: Effect) -> dict[str, Any]:
    return {key: value for key, value in effect.arguments.items() if key != "files"}
