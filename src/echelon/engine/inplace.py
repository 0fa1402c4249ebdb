"""Working without git: no slot, no merge, no tree to bind proof to. Weaker evidence, and recorded as such.

Checks run in the workspace itself: once when the item starts (they must be red then), and again to close. What is
recorded is a digest of the files, which nobody can check out again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from echelon.checks.runner import run_check
from echelon.core import canonical
from echelon.core.evidence import CheckResult, Problem, Run
from echelon.core.model import CHECKLIST, SYNC, TODO, BaseFacts, Mission
from echelon.core.requests import Findings
from echelon.engine.running import recorded
from echelon.engine.work import Examination
from echelon.engine.workspace import Workspace
from echelon.errors import LimitError

FILES_MAX = 50_000
IGNORED = frozenset({".git", ".opencode", ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache"})


class InPlace:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def begin(self, mission: Mission) -> None:
        """Run the checks before the work: what they say now is the base."""
        runs = {check.command: self._run(check.command) for check in mission.definition.checks}
        shown = {command: _to_json(run) for command, run in runs.items()}
        file = self._file(mission)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(json.dumps({"tree": self.tree(), "runs": shown}), "utf-8")

    def examine(self, mission: Mission) -> Examination:
        base = (
            json.loads(self._file(mission).read_text("utf-8"))
            if self._file(mission).is_file()
            else {"tree": "", "runs": {}}
        )
        tree = self.tree()
        changed = ("the workspace",) if tree != base["tree"] else ()
        results = tuple(
            CheckResult(check, Run(**base["runs"][check.command]), self._run(check.command))
            for check in mission.definition.checks
            if changed and check.command in base["runs"]
        )
        findings = Findings(
            base=BaseFacts("", in_place=True),
            tree=tree,
            work_tree=tree,
            changed=changed,
            results=results,
            problems=() if base["tree"] else (Problem("CHECK_NOT_RUN", "the checks were not run before the work"),),
            todo=self.text(TODO),
            checklist=self.text(CHECKLIST),
            sync_issues=self.text(SYNC),
            environment=canonical.digest({"inPlace": True}),
        )
        return Examination(findings, str(base["tree"]))

    def text(self, path: str) -> str | None:
        content = self._workspace.store.read(path).content
        return None if content is None else content.decode("utf-8", "replace")

    def tree(self) -> str:
        """sha256 over the paths and contents of the workspace's files, dependencies and state aside."""
        whole = hashlib.sha256()
        for path in self._files():
            whole.update(f"{path.relative_to(self._workspace.root)}\0".encode("utf-8", "surrogateescape"))
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        return whole.hexdigest()

    def _files(self) -> Iterator[Path]:
        count = 0
        for folder, folders, files in os.walk(self._workspace.root):
            folders[:] = sorted(name for name in folders if name not in IGNORED)
            for name in sorted(files):
                path = Path(folder) / name
                if path.is_symlink() or not path.is_file():
                    continue
                count += 1
                if count > FILES_MAX:
                    what = f"more than {FILES_MAX} files in {self._workspace.root}."
                    raise LimitError("IN_PLACE_TOO_MANY_FILES", what, "make it a git repository.")
                yield path

    def _run(self, command: str) -> Run:
        workspace = self._workspace
        execution = run_check(
            command,
            workspace.root,
            sandbox=workspace.sandbox,
            limits=workspace.check_limits,
            environment=dict(workspace.config["checks.environment"]),
            network=bool(workspace.config["checks.network"]),
            stopped=workspace.stopped,
        )
        return recorded(execution)

    def _file(self, mission: Mission) -> Path:
        return self._workspace.state / "in-place" / f"{mission.name}.json"


def _to_json(run: Run) -> dict[str, object]:
    return {name: getattr(run, name) for name in Run.__slots__}
