"""Where Echelon left the base branch, by its own record: main is judged by that, never by asking the repository alone.

An agent that can run git somewhere can move any reference (reliability.md §3.5). A base that no longer contains what was
merged last was moved back or replaced; nothing merges into it before a person has looked. What stands there is kept.
"""

from __future__ import annotations

import json
from pathlib import Path

from echelon.core.evidence import Problem
from echelon.engine.workspace import Workspace
from echelon.slots import checkout, merge, rescue

NAME = "base"  # under refs/orchestrator/rescue/, for what stood there instead


class Baseline:
    """The record lies in the user's state directory: no clone has it, and no agent is told of it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def _file(self) -> Path:
        return self._workspace.state / "base.json"

    def recorded(self) -> str:
        """The commit of the last merge of ours into the base branch; "" when there was none."""
        try:
            known = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return ""
        return str(known.get(self._workspace.branch, "")) if isinstance(known, dict) else ""

    def record(self, commit: str) -> None:
        """Remember it. A crash before this leaves an older commit of the same history, which is as good."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({self._workspace.branch: commit}), "utf-8")
        fresh.replace(self._file)

    def problem(self) -> Problem | None:
        """BASE_REWOUND, when the base branch does not contain what was merged last."""
        repository, recorded = self._workspace.repository, self.recorded()
        head = repository.head(self._workspace.branch)
        if recorded in ("", head) or repository.ref(recorded) is None or repository.is_ancestor(recorded, head):
            return None
        said = f"{self._workspace.branch} is at {head[:12]}, which does not contain {recorded[:12]}, merged last"
        return Problem("BASE_REWOUND", said)

    def restore(self) -> str:
        """Put the branch back where Echelon left it; what stands there is kept. The name of the rescue reference."""
        repository, branch, recorded = self._workspace.repository, self._workspace.branch, self.recorded()
        head = repository.head(branch)
        kept = rescue.keep(repository, NAME, head)
        if merge.move_base(repository, branch, recorded, head, "echelon: base put back"):
            checkout.update_checkout(repository, branch, head, recorded)
        return kept

    def accept(self) -> str:
        """A person says that the base is right as it is; its commit."""
        head = self._workspace.repository.head(self._workspace.branch)
        self.record(head)
        return head
