"""Where Echelon left the base branch, by its own record: main is judged by that, never by asking the repository alone.

An agent that can run git somewhere can move any reference (reliability.md §3.5). A base that no longer contains what was
merged last, or what a mission in flight started from, was moved back or replaced; nothing merges into it before a person
has looked (a merge would bring back what was taken away). What stands there is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from echelon.core.evidence import Problem
from echelon.engine.workspace import Workspace
from echelon.slots import checkout, merge, rescue

ACCEPTED, ACCEPTED_MAX = "accepted starts", 1_000  # beside the branches: no branch has a blank in its name
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
        return str(self._read().get(self._workspace.branch, ""))

    def record(self, commit: str) -> None:
        """Remember it. A crash before this leaves an older commit of the same history, which is as good."""
        self._write({**self._read(), self._workspace.branch: commit})

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self, value: Mapping[str, object]) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(value), "utf-8")
        fresh.replace(self._file)

    def expected(self, starts: Iterable[str] = ()) -> tuple[str, ...]:
        """What the base branch has to contain: what we merged last, and what missions started from.

        Ask before the head is read that is judged by it: what others merge in between is in a newer head, and not in that.
        """
        return (self.recorded(), *starts)

    def problem(self, expected: tuple[str, ...], at: str = "") -> Problem | None:
        """BASE_REWOUND, when the base branch does not contain what is `expected` of it.

        `at`: the commit that is looked at instead of the branch as it is, for who will compare and swap with it.
        """
        head = at or self._workspace.repository.head(self._workspace.branch)
        gone = self._gone(head, expected)
        if not gone:
            return None
        what = "merged last" if gone == expected[0] else "which a mission in flight started from"
        said = f"{self._workspace.branch} is at {head[:12]}, which does not contain {gone[:12]}, {what}"
        return Problem("BASE_REWOUND", said)

    def _gone(self, head: str, expected: Iterable[str]) -> str:
        """The newest of them that `head` does not contain; "" when it contains all."""
        repository, accepted = self._workspace.repository, self._read().get(ACCEPTED, [])
        let_go = set(accepted) if isinstance(accepted, list) else set[object]()
        found = ""
        for commit in dict.fromkeys(expected):
            if commit in ("", head) or commit in let_go or repository.ref(commit) is None:
                continue
            newer = not found or repository.is_ancestor(found, commit)
            if newer and not repository.is_ancestor(commit, head):
                found = commit
        return found

    def restore(self, starts: Iterable[str] = ()) -> str:
        """Put the branch back where it was; what stands there is kept. The name of the rescue reference, "" for none."""
        repository, branch = self._workspace.repository, self._workspace.branch
        expected = self.expected(starts)
        head = repository.head(branch)
        was = self._gone(head, expected)
        if not was:
            return ""
        kept = rescue.keep(repository, NAME, head)
        if merge.move_base(repository, branch, was, head, "echelon: base put back"):
            checkout.update_checkout(repository, branch, head, was)
        return kept

    def accept(self, starts: Iterable[str] = ()) -> str:
        """A person says that the base is right as it is, without what missions in flight started from; its commit."""
        head = self._workspace.repository.head(self._workspace.branch)
        self._write({**self._read(), self._workspace.branch: head, ACCEPTED: sorted(set(starts))[:ACCEPTED_MAX]})
        return head
