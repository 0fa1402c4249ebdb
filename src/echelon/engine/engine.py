"""The engine: what the levels decide, and the effects that follow. Decisions become documents in asking.py.

Effects are performed outside of the store's lock. Each can be repeated: a slot is opened by its id, the base moves by
compare-and-swap, and what has moved is finished by `recover`. So a kill at any moment leaves a state from which the same
calls go on. Whoever works on a mission holds its lock (`hold`); recovery leaves those alone that somebody holds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

from echelon.core import evidence_log, requests
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.evidence import GENESIS, Problem
from echelon.core.layout import ProjectFiles
from echelon.core.levels import capacity, decide
from echelon.core.merge_queue import Verdict
from echelon.core.model import EVIDENCE, MISSIONS, TODO, BaseFacts, Mission
from echelon.core.portfolio import scope_of, slot_of
from echelon.core.recovery import delivered
from echelon.engine.asking import FORGED, Asker, fresh
from echelon.engine.baseline import Baseline
from echelon.engine.inplace import InPlace
from echelon.engine.work import Examination, Work
from echelon.engine.workspace import Workspace
from echelon.engine.world import decode, encode
from echelon.errors import LockedError
from echelon.ports import Change
from echelon.slots import checkout, merge
from echelon.slots.overlap import find_overlaps
from echelon.store.lock import Owner, workspace_lock

# A start that is refused with one of these would be refused for every other item too.
_FOR_ALL = frozenset({"CAPACITY_REACHED", "ITEM_IN_PROGRESS", "BASE_REWOUND", "CONFIG_INVALID", "RECORD_CHANGED"})
STARTS_TRIED_MAX = 20  # eligible items looked at in one round, when each is refused for a reason of its own


class Engine(Asker):
    """One workspace, one actor. Methods answer with a Decision or a Refusal; they raise what the rooms raise.

    An `item` is a key, or an id of the project `scope`; without both the only one in flight is meant. Safe in threads.
    """

    def __init__(self, workspace: Workspace, actor: str = "person") -> None:
        super().__init__(workspace, actor)
        self.work = Work(workspace)
        self._in_place = InPlace(workspace)
        self.baseline = Baseline(workspace)

    # ------------------------------------------------------------------------------------------------- items

    def base_facts(self, scope: str = "") -> BaseFacts:
        """What git says about the base now, and the project's files there: where they are stored, else a copy.

        Raises WorldError NO_REPOSITORY and others.
        """
        repository = self.workspace.repository
        commit = repository.head(self.workspace.branch)
        project = self.world(scope).portfolio.project(scope) if scope else None
        files = project.files if project else ProjectFiles()
        for folder in (files.folder, *files.working):
            backlog = decode(repository.read_file(commit, f"{folder}/backlog.md"))
            if backlog is not None:
                return BaseFacts(commit, backlog, decode(repository.read_file(commit, f"{folder}/spec.md")))
        return BaseFacts(commit)

    def start(
        self,
        item: str | None = None,
        *,
        scope: str | None = None,
        in_place: bool = False,
        parallel: bool = False,
        limit: int = 0,
    ) -> Decision | Refusal:
        """Start an item: marker, mission, and its slot with what the agent needs to know.

        `limit`: items at once in this backlog, when parallel; 0 means that only the budget limits them.
        """
        if scope is None:
            scope = scope_of(item) if item and "/" in item else self.world().scope
        base, rewound = (BaseFacts("", in_place=True), None) if in_place else self._judged_base(scope)
        if rewound is not None:
            return refuse(rewound.code, rewound.message, prefix="BLOCKED")
        decision = self.ask(requests.StartItem(base, item, scope, parallel, limit))
        if isinstance(decision, Decision):
            mission = self._mission(str(decision.data["item"]))
            if mission.in_place:
                self._in_place.begin(mission)
            else:
                self._perform(decision.effects)
        return decision

    def start_next(self, *, parallel: bool, limit: int = 0) -> Decision | Refusal:
        """Start the item of the whole portfolio that should be next; a Refusal when there is none, or no room."""
        world = self.world()
        keys = capacity.next_items(world)
        if not keys:
            alone = world.portfolio.depth == "project"
            return self.start(scope="", parallel=parallel, limit=limit) if alone else capacity.nothing(world)
        refused: dict[str, Refusal] = {}
        for key in keys[:STARTS_TRIED_MAX]:
            decision = self.start(key, parallel=parallel, limit=limit)
            if isinstance(decision, Decision) or decision.code in _FOR_ALL:
                return decision
            refused[key] = decision
        if world.portfolio.depth == "project":
            return self.start(scope="", parallel=parallel, limit=limit)  # says it for the whole backlog
        reasons = [f"{key}: {reason}" for key, said in refused.items() for reason in said.reasons]
        first = next(iter(refused.values()))
        return refuse("NOTHING_ELIGIBLE", *reasons, next_step=first.step, prefix="BLOCKED")

    @contextlib.contextmanager
    def hold(self, mission: Mission, wait_seconds: float = 0.0) -> Iterator[None]:
        """Work on a mission alone. Raises LockedError LOCK_BUSY when somebody else does."""
        with self._held(mission.slot, wait_seconds):
            yield

    @contextlib.contextmanager
    def _held(self, slot: str, wait_seconds: float = 0.0) -> Iterator[None]:
        owner = Owner(os.getpid(), self.workspace.host, self.workspace.clock.now(), f"works on {slot}")
        with workspace_lock(self.workspace.lock_file(f"mission-{slot}"), owner, wait_seconds):
            yield

    def examine(self, mission: Mission) -> Examination:
        """Look at the work as it stands and run what has to run. Changes nothing that anybody keeps."""
        if mission.in_place:
            return self._in_place.examine(mission)
        base, rewound = self._judged_base(mission.scope)
        if rewound is not None:  # no merge with it, not even aside
            return self.work.unexamined(mission, base, rewound)
        return self.work.examine(mission, base)

    def starts(self) -> tuple[str, ...]:
        """The commits of the base branch that missions in flight started from."""
        return tuple(dict.fromkeys(mission.base for mission in self.world().missions if not mission.in_place))

    def rewound(self) -> Problem | None:
        """BASE_REWOUND, when the base branch was moved back or replaced behind our back."""
        return self.baseline.problem(self.baseline.expected(self.starts()))

    def _judged_base(self, scope: str) -> tuple[BaseFacts, Problem | None]:
        """The base, and BASE_REWOUND when that very commit was moved back or replaced behind our back."""
        expected = self.baseline.expected(self.starts())
        base = self.base_facts(scope)
        return base, self.baseline.problem(expected, base.commit)

    def verify(self, item: str | None = None, scope: str | None = None) -> Decision | Refusal:
        """The verdict on the work as it stands, recorded in the evidence log."""
        mission = self.find_mission(item, scope)
        if isinstance(mission, Refusal):
            return mission
        found = self.examine(mission)
        decision = decide(
            self.world(mission.scope), requests.CloseItem(found.findings, mission.item), self.workspace.clock.now()
        )
        self._record("verification", mission, found, decision)
        return decision

    def close(
        self, item: str | None = None, scope: str | None = None, *, tokens: int = 0, cost: float = 0.0
    ) -> Decision | Refusal:
        """Verify and, when the evidence lets it, merge and mark delivered. The base may move meanwhile: again then."""
        for _ in range(self.workspace.config.count("limits.baseMoves")):
            mission = self.find_mission(item, scope)
            if isinstance(mission, Refusal):
                return mission
            found = self.examine(mission)
            # of the very commit that is compared when the base moves, so nobody can slip another one in between
            rewound = next((row for row in found.findings.problems if row.code == "BASE_REWOUND"), None)
            if rewound is not None:
                return refuse(rewound.code, rewound.message, prefix="BLOCKED")
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
        world = self.world(mission.scope)
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
        self.baseline.record(mission.candidate)
        checkout.update_checkout(repository, branch, mission.candidate_base, mission.candidate)
        return True

    def _finish(self, mission: Mission, commit: str, tokens: int, cost: float) -> Decision | Refusal:
        text = self._in_place.text(TODO) if mission.in_place else self.work.slot_text(mission, TODO)
        decision = self.ask(requests.Merged(mission.item, commit, text, tokens, cost))
        if isinstance(decision, Decision):
            self._perform(decision.effects)
        return decision

    def end(
        self,
        request: requests.FailItem
        | requests.SuspendItem
        | requests.EndAttempt
        | requests.ReworkItem
        | requests.RecordEscalation,
    ) -> Decision | Refusal:
        """Fail, suspend, escalate, end an attempt, or send its work back; the slot is briefed again or closed, its work kept."""
        decision = self.ask(request)
        if isinstance(decision, Decision):
            self._perform(decision.effects)
        return decision

    def attest(self, by: str, note: str, item: str | None = None, criterion: int = 0) -> Decision | Refusal:
        """Record that a person or a reviewer looked at the work as it stands now."""
        mission = self.find_mission(item)
        if isinstance(mission, Refusal):
            return mission
        tree = self._in_place.tree() if mission.in_place else self.work.snapshot(mission).tree
        reviewer = "reviewer" if by == "reviewer" else "person"
        return self.ask(requests.Attest(tree, reviewer, note, mission.item, criterion))

    def accept_weakening(self, note: str, item: str | None = None) -> Decision | Refusal:
        """A person lets exactly the present changes to tests pass."""
        mission = self.find_mission(item)
        if isinstance(mission, Refusal):
            return mission
        if mission.in_place:
            return refuse("NOTHING_IN_PROGRESS", prefix="NO ITEM IN PROGRESS")
        found = self.examine(mission)
        return self.ask(requests.AcceptWeakening(found.findings.weakenings, note, mission.item))

    def preflight(self, mission: Mission) -> tuple[Problem, ...]:
        """What no attempt could mend, before one is paid for."""
        return () if mission.in_place else self.work.preflight(mission, self.base_facts(mission.scope))

    def escapes(self, mission: Mission) -> tuple[Problem, ...]:
        """What changed in the person's repository since the item started that could run or steer something there."""
        rewound = None if mission.in_place else self.rewound()
        return () if mission.in_place else (*self.work.escapes(mission), *([rewound] if rewound else []))

    def head(self, mission: Mission) -> str:
        """Commit of the slot's work as it stands: what a merge would bring."""
        return self.work.snapshot(mission).commit or mission.base

    def speculate(self, mission: Mission, ahead: tuple[str, ...], obsolete: Callable[[], bool]) -> Verdict:
        """Run the mission's checks on the base with the heads `ahead` merged, so that its close finds the runs done."""
        return self.work.speculate(mission, self.base_facts(mission.scope), ahead, obsolete)

    def overlaps(self) -> list[dict[str, object]]:
        """Pairs of items in flight whose work would conflict, told before they close: their slots and the paths."""
        if sum(1 for mission in self.world().missions if not mission.in_place) < 2:
            return []
        repository = self.workspace.repository
        found = find_overlaps(repository, self.work.slots, repository.head(self.workspace.branch))
        return [
            {
                "slots": [row.first, row.second],
                "paths": list(row.conflicts or row.paths),
                "conflicts": bool(row.conflicts),
            }
            for row in found.meetings
        ]

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
        """Finish what a process that died had begun; says what it did. Called before anything is delivered.

        What somebody works on right now is left alone, and so is what waits in a project that does not run.
        """
        if not self.recover_store():
            return (f"[RECORD_CHANGED] {FORGED}",)
        done: list[str] = []
        for mission in self.world().missions:
            project = self.world().portfolio.project(mission.scope)
            if mission.in_place or (project is not None and not project.running):
                continue
            with contextlib.suppress(LockedError), self.hold(mission):
                done.append(self.recover_mission(mission))
        return tuple(done)

    def recover_store(self) -> bool:
        """Documents and orphaned slots; False when the record of missions is not ours."""
        self.workspace.store.recover()
        if self._forged(self.workspace.store.read(MISSIONS)):
            return False
        self._close_orphans()
        return True

    def recover_mission(self, mission: Mission) -> str:
        """Finish its merge, or make sure of its slot; says which. Whoever asks holds the mission."""
        if self._proved_and_moved(mission):
            self._move_base(mission)
            decision = self._finish(mission, mission.candidate, 0, 0.0)
            return str(decision) if isinstance(decision, Refusal) else f"finished the merge of {mission.name}"
        self.work.ensure_slot(mission, self._files(mission))
        return f"{mission.name} goes on"

    def _proved_and_moved(self, mission: Mission) -> bool:
        """Whether nothing is left to do but to move the base, or to write that it moved."""
        if mission.phase != "merging" or not mission.candidate:
            return False
        repository, expected = self.workspace.repository, self.baseline.expected(self.starts())
        head = repository.head(self.workspace.branch)
        if head == mission.candidate_base:
            return self.baseline.problem(expected, head) is None
        return repository.is_ancestor(mission.candidate, head)

    def _close_orphans(self) -> None:
        """A slot whose mission is over was about to be closed when a process died: its work is kept, as always.

        Also its branch, when the process died between the two: of a delivered item, nothing is kept that is merged.
        """
        if not (self.workspace.state / "slots").is_dir():
            return
        slots, world = self.work.slots, self.world()
        known = {mission.slot for mission in world.missions}
        opened = {slot.id for slot in slots.open_slots()}
        done = {slot_of(key) for key in delivered(world)} & set(slots.branches())
        # Those of missions are not even held for a moment: whoever works on them must not find them busy.
        for name in sorted((opened | done) - known):
            # looked at again inside: whoever holds it may be about to close it, or has just started it
            with contextlib.suppress(LockedError), self._held(name):
                if name not in {mission.slot for mission in self.world().missions}:
                    slots.close(name, merged_into=self.workspace.repository.head(self.workspace.branch))

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
        found = next((mission for mission in self.world().missions if mission.item == item), None)
        assert found is not None, f"{item} was just started and has no mission"
        return found

    def _files(self, mission: Mission) -> dict[str, str]:
        from_world = self.work.files_for(self.world(mission.scope), mission)
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
            store.commit(Change(fresh("record"), self.actor, request, content, snapshots))
