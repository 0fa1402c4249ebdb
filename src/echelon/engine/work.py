"""The work of a mission as git and the checks see it: slot, candidate, runs, merge commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from echelon.core import briefing, canonical, evidence, records
from echelon.core.documents import todo
from echelon.core.evidence import CheckResult, Coverage, Problem
from echelon.core.exam import find_exam_changes
from echelon.core.merge_queue import Verdict
from echelon.core.model import CHECKLIST, SPEC, SYNC, TODO, BaseFacts, Mission, World
from echelon.core.requests import Findings
from echelon.core.weakening import Weakening, find_weakenings
from echelon.engine.running import Results, TreeRunner
from echelon.engine.workspace import Workspace
from echelon.errors import TamperError
from echelon.ports import Candidate, Slot
from echelon.slots import checkout, guard, merge
from echelon.slots.git import ECHELON
from echelon.slots.worktrees import Slots, SlotSnapshot

STATE_FILE_BYTES_MAX = 1_000_000  # of what an agent leaves in a slot's .opencode
WEAKENING_FILE_BYTES_MAX = 1_000_000
WEAKENING_FILES_MAX = 2_000
LOG_COMMITS_MAX = 10_000
LOG_COMMITS_NEAR = 20
SHOWN_MAX = 20

_Texts = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Examination:
    """What looking at a mission's work gave: facts for the verdict, and what a merge would be made from."""

    findings: Findings
    base_tree: str
    candidate: Candidate | None = None
    weakenings: tuple[Weakening, ...] = ()
    conflicts: tuple[str, ...] = ()

    def statement(self, mission: Mission, coverage: str, previous: str) -> dict[str, Any]:
        found = self.findings
        return evidence.statement(
            mission.definition,
            tree=found.tree,
            base_commit=found.base.commit,
            base_tree=self.base_tree,
            results=found.results,
            attestations=[entry for entry in mission.attestations if entry.tree == found.work_tree],
            coverage=cast(Coverage, coverage),
            environment=found.environment,
            mission=mission.name,
            previous=previous,
            in_place=mission.in_place,
            record=records.as_json(records.kept(todo.parse(found.todo or "").record)),
        )

    def as_json(self) -> dict[str, Any]:
        """For the evidence log: what was run and what stood in the way; output tails included, capped by the runner."""
        found = self.findings
        return {
            "base": self.base_tree,
            "tree": found.tree,
            "changed": list(found.changed[:SHOWN_MAX]),
            "problems": [[problem.code, problem.message] for problem in found.problems],
            "runs": [_run_json(result) for result in found.results],
        }


def _run_json(result: CheckResult) -> dict[str, Any]:
    shown = {"base": result.base, "candidate": result.candidate}
    runs = {side: {**run.as_json(), "why": run.why, "tail": run.output_tail} for side, run in shown.items()}
    return {"kind": result.check.kind, "command": result.check.command, **runs}


class Work:
    """Slots and evidence of one workspace with a repository."""

    def __init__(self, workspace: Workspace, *, fresh: bool = False) -> None:
        """`fresh`: no run is taken from the cache."""
        self._workspace = workspace
        self._fresh = fresh

    @cached_property
    def slots(self) -> Slots:
        return Slots(self._workspace.repository, exclude=self._workspace.prepared_paths)

    @cached_property
    def runner(self) -> TreeRunner:
        workspace = self._workspace
        return TreeRunner(
            workspace.repository,
            workspace.root,
            workspace.places.cache,
            steps=workspace.steps,
            sandbox=workspace.sandbox,
            limits=workspace.check_limits,
            network=bool(workspace.config["checks.network"]),
            environment=cast("dict[str, str]", dict(workspace.config["checks.environment"])),
            fresh=self._fresh,
            # asked late: whoever acts sets both after this is made
            stopped=lambda: workspace.stopped(),  # noqa: PLW0108
            tell=lambda line: workspace.tell(line),  # noqa: PLW0108
        )

    # -------------------------------------------------------------------------------------------------- slots

    def begin_slot(self, slot_id: str, base: str, files: Mapping[str, str]) -> None:
        """Open the slot of a new mission, and remember what the person's repository is steered by before it."""
        self.open_slot(slot_id, base, files)
        self._remember_guard(slot_id)

    def open_slot(self, slot_id: str, base: str, files: Mapping[str, str]) -> Slot:
        slot = self.slots.open(slot_id, base)
        self._write(slot, files)
        tree = self._workspace.repository.tree_of(base)
        self.runner.prepare_in(Path(slot.path), tree, tree)
        return slot

    def ensure_slot(self, mission: Mission, files: Mapping[str, str]) -> Slot:
        """The slot of a mission, opened again from its branch or base when it is gone; what it holds stays."""
        try:
            slot = self.slots.open(mission.slot, mission.base)
        except TamperError:  # its directory is gone
            slot = self.renew_slot(mission, files)
        held = self.slot_text(mission, TODO)
        if held is None:
            slot = self.open_slot(mission.slot, mission.base, files)
        elif todo.parse(held).mission != mission.name:  # the briefing of this attempt did not get through
            self._write(slot, files)
        if not self._guard_file(mission.slot).is_file():
            self._remember_guard(mission.slot)
        return slot

    def renew_slot(self, mission: Mission, files: Mapping[str, str]) -> Slot:
        """A new slot in place of one whose directory was removed or replaced; what can be kept is, as at every close."""
        self.slots.close(mission.slot, keep_branch=True)
        return self.open_slot(mission.slot, mission.base, files)

    def brief(self, slot_id: str, files: Mapping[str, str]) -> None:
        """New state files for the next attempt; the work itself stays as it is."""
        for slot in self.slots.open_slots():
            if slot.id == slot_id:
                self._write(slot, files)

    def files_for(self, world: World, mission: Mission) -> Mapping[str, str]:
        """The state files of its slot; the mission's project is in front."""
        if world.backlog is None or world.backlog.find(mission.local) is None:
            return {}
        return briefing.files(world, world.backlog, mission)

    def close_slot(self, slot_id: str, *, delivered: bool) -> None:
        repository = self._workspace.repository
        head = repository.head(self._workspace.branch)
        self.slots.close(slot_id, keep_branch=not delivered, merged_into=head)
        self._guard_file(slot_id).unlink(missing_ok=True)
        self.slots.warm(self._workspace.config.count("limits.warmSlots"), head)

    def slot_text(self, mission: Mission, path: str) -> str | None:
        """A state file that the agent keeps in its slot, read with a limit; None when there is none."""
        file = Path(self.slots.open(mission.slot, mission.base).path) / path
        if file.is_symlink() or not file.is_file() or file.stat().st_size > STATE_FILE_BYTES_MAX:
            return None
        return file.read_bytes().decode("utf-8", "replace")

    def _write(self, slot: Slot, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            target = Path(slot.path) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)  # whatever stands there: a link of the agent's is not followed
            target.write_bytes(text.encode("utf-8", "surrogateescape"))

    def snapshot(self, mission: Mission) -> SlotSnapshot:
        slot = self.slots.open(mission.slot, mission.base)
        return self.slots.snapshot(slot, f"{mission.name}: work of the attempt")

    def bring_base(self, mission: Mission, base: str) -> tuple[str, ...]:
        """Merge the moved base into the slot, so that the next attempt finds the conflict in its files."""
        return self.slots.bring_base(self.slots.open(mission.slot, mission.base), base)

    # ------------------------------------------------------------------------------------------------ evidence

    def examine(self, mission: Mission, base: BaseFacts) -> Examination:
        repository = self._workspace.repository
        snapshot = self.snapshot(mission)
        base_tree = repository.tree_of(base.commit)
        found = merge.candidate(repository, base.commit, snapshot.commit or mission.base)
        if found.conflicts:
            return self._conflicted(mission, base, base_tree, snapshot, found)
        changes = repository.changed(base_tree, found.tree)
        before, after = self._texts(base_tree, found.tree)
        exam = find_exam_changes(mission.definition.checks, before, after)
        weakenings = (*find_weakenings(before, after), *exam)
        problems = [
            *_slot_problems(snapshot),
            *_marker_problems(before, after),
            *self.escapes(mission),
            *_weakening_problems(weakenings),
            *self._obstacles(base.commit, found.tree),
        ]
        blocked = any(problem.code in ("SLOT_PROBLEM", "CONFLICT_MARKERS") for problem in problems)
        checks = mission.definition.checks if changes and not blocked else ()
        results = self.runner.results(checks, base_tree, found.tree)
        findings = self._findings(mission, base, found.tree, snapshot, problems, results, weakenings)
        return Examination(findings, base_tree, found, weakenings)

    def unexamined(self, mission: Mission, base: BaseFacts, problem: Problem) -> Examination:
        """What is known of the work when nothing may be merged with the base, not even aside, and nothing be run."""
        snapshot = self.snapshot(mission)
        base_tree = self._workspace.repository.tree_of(base.commit)
        findings = self._findings(mission, base, snapshot.tree, snapshot, [problem], Results(), ())
        return Examination(findings, base_tree)

    def speculate(
        self,
        mission: Mission,
        base: BaseFacts,
        heads_ahead: Sequence[str],
        obsolete: Callable[[], bool] = lambda: False,
    ) -> Verdict:
        """Run the mission's checks as if these heads had landed before it, so that the cache knows when it is its turn.

        It decides nothing. "green": the checks say what they must; "conflict": this work or one ahead does not merge.
        Raises: StoppedError soon after `obsolete()` says True; what the rooms raise.
        """
        repository = self._workspace.repository
        snapshot = self.snapshot(mission)
        below = merge.stack(repository, base.commit, heads_ahead)
        if below.conflicts:
            return "conflict"
        found = merge.candidate(repository, below.commit, snapshot.commit or mission.base)
        if found.conflicts:
            return "conflict"
        if found.tree == below.tree:
            return "red"  # nothing is left to land: refused without a run
        checks, runner = mission.definition.checks, self.runner.until(obsolete)
        commands = [check.command for check in checks]
        before = runner.run(below.tree, commands, below.tree)
        after = runner.run(found.tree, commands, below.tree)
        wrong = any(evidence.judge_base(mission.definition, check, before[check.command]) for check in checks)
        return "red" if wrong or any(run.outcome != "green" for run in after.values()) else "green"

    def _conflicted(
        self, mission: Mission, base: BaseFacts, base_tree: str, snapshot: SlotSnapshot, found: Candidate
    ) -> Examination:
        listed = ", ".join(found.conflicts[:SHOWN_MAX])
        problem = Problem("MERGE_CONFLICT", f"these files conflict with the base branch: {listed}")
        findings = self._findings(mission, base, snapshot.tree, snapshot, [problem], Results(), ())
        return Examination(findings, base_tree, found, (), found.conflicts)

    def _findings(
        self,
        mission: Mission,
        base: BaseFacts,
        tree: str,
        snapshot: SlotSnapshot,
        problems: list[Problem],
        run: Results,
        weakenings: tuple[Weakening, ...],
    ) -> Findings:
        changed = self._workspace.repository.changed(base.commit, tree)
        return Findings(
            base=base,
            tree=tree,
            work_tree=snapshot.tree,
            changed=tuple(change.path for change in changed),
            results=run.results,
            problems=tuple(problems),
            weakenings=_digest(weakenings),
            todo=self.slot_text(mission, TODO),
            checklist=self.slot_text(mission, CHECKLIST),
            sync_issues=self.slot_text(mission, SYNC),
            environment=run.environment,
        )

    def _obstacles(self, base: str, tree: str) -> list[Problem]:
        paths = checkout.checkout_obstacles(self._workspace.repository, self._workspace.branch, base, tree)
        if not paths:
            return []
        return [Problem("CHECKOUT_OVERLAP", f"your checkout has changes in {', '.join(paths[:SHOWN_MAX])}")]

    def _texts(self, base_tree: str, tree: str) -> tuple[_Texts, _Texts]:
        """The files that differ, before and after: path -> text, None where it is absent, binary or too large."""
        repository = self._workspace.repository
        changes = repository.changed(base_tree, tree)[:WEAKENING_FILES_MAX]
        sides = [entry for change in changes for entry in (change.old, change.new)]
        blobs = repository.blobs({entry.blob for entry in sides if entry and entry.mode.startswith("100")})

        def text(blob: str | None) -> str | None:
            content = blobs.get(blob) if blob else None
            if content is None or len(content) > WEAKENING_FILE_BYTES_MAX or b"\0" in content:
                return None
            return content.decode("utf-8", "replace")

        before = {change.path: text(change.old.blob if change.old else None) for change in changes}
        after = {change.path: text(change.new.blob if change.new else None) for change in changes}
        return before, after

    def preflight(self, mission: Mission, base: BaseFacts) -> tuple[Problem, ...]:
        """What the checks say before anybody is paid: a check that is green already, a guard that is red, a tool
        that is missing. The runs are remembered, so the verdict does not repeat them."""
        tree = self._workspace.repository.tree_of(base.commit)
        checks = mission.definition.checks
        runs = self.runner.run(tree, [check.command for check in checks], tree)
        return tuple(
            problem
            for check in checks
            for problem in evidence.judge_base(mission.definition, check, runs[check.command])
        )

    # --------------------------------------------------------------------------------------------------- guard

    def _guard_file(self, slot_id: str) -> Path:
        return self._workspace.state / "guards" / f"{slot_id}.json"

    def _remember_guard(self, slot_id: str) -> None:
        """What the person's repository can be steered by, before the mission."""
        file = self._guard_file(slot_id)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(json.dumps(dict(guard.fingerprint(self._workspace.repository))), "utf-8")

    def escapes(self, mission: Mission) -> list[Problem]:
        """Hooks, configuration and attributes of the repository that changed while the mission ran.

        Branches are not judged here: a person may commit meanwhile, and the base moves by compare-and-swap only.
        """
        try:
            before = json.loads(self._guard_file(mission.slot).read_text("utf-8"))
        except (OSError, ValueError):
            return []
        now = guard.fingerprint(self._workspace.repository, references=False)
        changed = guard.compare(_steering(before), _steering(now))
        if not changed:
            return []
        return [Problem("ESCAPED", f"changed in the repository's git folder: {', '.join(changed[:SHOWN_MAX])}")]

    def noticed(self, mission: Mission) -> tuple[str, ...]:
        """References (tags, notes, branches) that moved and reflogs that shrank while the mission ran.

        A person may do that at any time, so nothing is refused for it; it is told.
        """
        try:
            before = json.loads(self._guard_file(mission.slot).read_text("utf-8"))
        except (OSError, ValueError):
            return ()
        base = f"refs/heads/{self._workspace.branch}"
        changed = guard.compare(before, guard.fingerprint(self._workspace.repository))
        return tuple(name for name in changed if name.startswith(("refs/", "logs/")) and name != base)[:SHOWN_MAX]

    # --------------------------------------------------------------------------------------------------- merge

    def last_statement(self) -> str:
        """Digest of the newest statement on the base branch, or GENESIS."""
        repository = self._workspace.repository
        head = repository.head(self._workspace.branch)
        known = repository.reader.memory.known(("statement", head))
        return str(known) if known else self._newest_statement(head)

    def _newest_statement(self, head: str) -> str:
        for limit in (LOG_COMMITS_NEAR, LOG_COMMITS_MAX):  # as a rule it is the newest commit or close to it
            commits = self._workspace.repository.log_messages(head, limit)
            for commit in commits:
                value, _ = evidence.read_message(commit.message)
                if value is not None:
                    return canonical.digest(value)
            if len(commits) < limit:
                break
        return evidence.GENESIS

    def merge_commit(self, mission: Mission, found: Examination, statement: Mapping[str, Any]) -> str:
        """The commit that would become the base: the candidate's tree and the statement that speaks of it."""
        assert found.candidate is not None
        message = evidence.merge_message(statement, mission.definition.title, len(found.findings.changed))
        repository = self._workspace.repository
        author = repository.user_identity() or ECHELON
        date = f"@{_epoch(self._workspace.clock.now())} +0000"
        made = merge.commit_candidate(repository, found.candidate, message, author, date)
        repository.reader.memory.put(("statement", made), canonical.digest(statement))
        return made


def _steering(marks: Mapping[str, str]) -> dict[str, str]:
    return {name: mark for name, mark in marks.items() if not name.startswith(("refs/", "logs/")) and name != "HEAD"}


def _digest(weakenings: tuple[Weakening, ...]) -> str:
    return canonical.digest([[row.path, row.kind, row.detail] for row in weakenings]) if weakenings else ""


def _slot_problems(snapshot: SlotSnapshot) -> list[Problem]:
    return [
        Problem("SLOT_PROBLEM", f"{problem.path}: {problem.kind.replace('_', ' ')} {problem.detail}".rstrip())
        for problem in snapshot.problems
        if problem.kind != "filtered"
    ]


def _marker_problems(before: _Texts, after: _Texts) -> list[Problem]:
    """Conflict markers that the base does not have. Always looked for: a crash can leave them in a slot."""
    return [
        Problem("CONFLICT_MARKERS", f"{path} still holds conflict markers")
        for path, text in after.items()
        if text and _marked(text) and not _marked(before.get(path) or "")
    ]


def _marked(text: str) -> bool:
    rows = f"\n{text}"
    return "\n<<<<<<< " in rows and "\n>>>>>>> " in rows


def _weakening_problems(weakenings: tuple[Weakening, ...]) -> list[Problem]:
    return [
        Problem("WEAKENED", f"{row.path}:{row.line}: {row.kind.replace('_', ' ')} — {row.detail}")
        for row in weakenings[:SHOWN_MAX]
    ]


def _epoch(time: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(time).timestamp())


__all__ = ["SPEC", "Examination", "Work"]
