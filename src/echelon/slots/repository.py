"""The user's repository: where it is, what it contains, read without running anything of it.

Discovery is done here and not by git, and contents are read through our own git directory (owned.py). The user's
git directory is asked three things only: its settings, its HEAD and its work trees.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from echelon.errors import GitError, LimitError, WorldError
from echelon.slots.discovery import copy_excludes, find, read_settings
from echelon.slots.git import ECHELON, SECONDS, Identity, Output, raw, run
from echelon.slots.objects import (
    Changed,
    Entry,
    LoggedCommit,
    checked_branch,
    checked_object,
    parse_batch,
    parse_log,
    parse_raw,
    parse_tree,
)
from echelon.slots.owned import check_owned, config_of, make_owned
from echelon.slots.places import private_directory

BRANCH_PREFIX = "orchestrator/"
RESCUE_PREFIX = "refs/orchestrator/rescue/"
STATE_DIRECTORY = ".opencode"
BLOB_BYTES = 256 * 1024 * 1024
LOG_LIMIT = 100_000

# What decides how a file looks on this user's disk; values are checked, nothing else of a configuration is believed.
_FILE_SETTINGS = ("core.filemode", "core.symlinks", "core.ignorecase", "core.precomposeunicode", "core.longpaths")
_LINE_SETTINGS = ("core.autocrlf", "core.eol")
_SETTING_VALUES = frozenset({"true", "false", "input", "lf", "crlf", "native"})
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True)
class Repository:
    """`settings` are the user's effective git settings, read once, lower-case names."""

    top: Path
    git_dir: Path
    common: Path
    state: Path
    owned: Path
    config: bytes
    settings: Mapping[str, str] = field(repr=False)

    @classmethod
    def open(cls, workspace: Path, state: Path) -> Repository:
        """Open the repository whose top level is `workspace`; `state` is our private directory outside of it.

        Raises: WorldError NO_REPOSITORY, NO_COMMIT, WORKSPACE_NOT_TOP_LEVEL, WORKSPACE_IN_BARE_REPOSITORY,
        PARTIAL_CLONE, STATE_INSIDE_WORKSPACE, STATE_DIRECTORY_UNSAFE, GIT_MISSING, GIT_TOO_OLD.
        """
        top = workspace.resolve()
        git_dir, common = find(top)
        state = state.resolve()
        if state.is_relative_to(top):
            raise WorldError(
                "STATE_INSIDE_WORKSPACE", f"{state} lies inside {top}.", "Keep the state directory elsewhere."
            )
        private_directory(state)
        settings = read_settings(git_dir)
        if any(name.startswith("extensions.partialclone") or name.endswith(".promisor") for name in settings):
            raise WorldError("PARTIAL_CLONE", f"{top} is a partial clone.", "Use a full clone: objects must be local.")
        config = config_of(settings.get("extensions.objectformat", "sha1"), (common / "reftable").exists())
        repository = cls(top, git_dir, common, state, state / "owned.git", config, settings)
        make_owned(repository.owned, common, config)
        copy_excludes(settings, common, repository.excludes)
        if not repository.git("for-each-ref", "--count=1", "refs/heads").stdout and not repository._has_head():
            raise WorldError("NO_COMMIT", f"{top} has no commit yet.", "Make a first commit.")
        return repository

    # ------------------------------------------------------------------------------------------ running git

    def git(
        self,
        *args: str,
        input: bytes | None = None,  # noqa: A002 - subprocess's own word
        accept: tuple[int, ...] = (0,),
        seconds: float = SECONDS,
        work_tree: Path | None = None,
        index: Path | None = None,
        more_objects: Path | None = None,
        settings: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        hold: tuple[int, ...] = (),
    ) -> Output:
        """Run git in our own git directory on the user's objects and references."""
        check_owned(self.owned, self.common, self.config)
        return run(
            args,
            git_dir=self.owned,
            objects=self.objects,
            more_objects=more_objects,
            work_tree=work_tree,
            index=index,
            input=input,
            seconds=seconds,
            accept=accept,
            settings=(f"core.excludesFile={self.excludes}", *self._chosen(_FILE_SETTINGS), *settings),
            environment=environment,
            hold=hold,
        )

    @property
    def objects(self) -> Path:
        return self.common / "objects"

    @property
    def excludes(self) -> Path:
        """The user's own ignore rules, global and of this repository, copied."""
        return self.state / "excludes"

    @property
    def throwaway_config(self) -> bytes:
        """Configuration for a repository that borrows these objects."""
        return config_of("sha256" if b"sha256" in self.config else "sha1", reftable=False)

    @property
    def zero(self) -> str:
        return "0" * (64 if b"sha256" in self.config else 40)

    def checkout_settings(self) -> tuple[str, ...]:
        """How the user's own checkout converts line ends; slots and gates hold the exact bytes instead."""
        return self._chosen(_LINE_SETTINGS)

    def _chosen(self, names: Iterable[str]) -> tuple[str, ...]:
        chosen = {name: self.settings.get(name, "").lower() for name in names}
        return tuple(f"{name}={value}" for name, value in chosen.items() if value in _SETTING_VALUES)

    # ------------------------------------------------------------------------------------------ branches

    def base_branch(self, configured: str | None = None) -> str:
        """The branch work is merged into: the configured one, else the one checked out.

        Raises: WorldError HEAD_DETACHED, BRANCH_MISSING; InputError BRANCH_NAME_INVALID.
        """
        branch = configured or self.checked_out()
        if branch is None:
            raise WorldError(
                "HEAD_DETACHED", f"{self.top} has no branch checked out.", "Check one out or configure one."
            )
        self.head(branch)
        return branch

    def checked_out(self) -> str | None:
        """The branch of the user's checkout, None when its HEAD is detached."""
        answer = run(["symbolic-ref", "-q", "HEAD"], git_dir=self.git_dir, accept=(0, 1)).line()
        return answer.removeprefix("refs/heads/") or None

    def head(self, branch: str) -> str:
        """The commit id of a branch, or WorldError BRANCH_MISSING."""
        found = self.ref(f"refs/heads/{checked_branch(branch)}")
        if found is None:
            raise WorldError(
                "BRANCH_MISSING", f"There is no branch {branch!r} in {self.top}.", "Create it or name another."
            )
        return found

    def ref(self, name: str) -> str | None:
        """The commit id of a full reference name, None when it does not exist."""
        answer = self.git("rev-parse", "-q", "--verify", f"{name}^{{commit}}", accept=(0, 1, 128))
        return answer.line() if answer.code == 0 else None

    def set_ref(self, name: str, new: str | None, old: str | None, why: str) -> bool:
        """Compare and swap one reference; None means absent. False when it is not `old`. Asking twice is safe."""
        command = ["update-ref", "-m", why] + (["-d", name] if new is None else [name, new])
        answer = self.git(*command, old or self.zero, accept=(0, 1, 128))
        found = new if answer.code == 0 else self.ref(name)
        if found == new:
            return True
        if found == old:
            raise GitError("GIT_FAILED", f"{name} could not be moved, though nobody moved it.", self._ref_advice(name))
        return False

    def _ref_advice(self, name: str) -> str:
        for prefix in (BRANCH_PREFIX.rstrip("/"), RESCUE_PREFIX.rstrip("/")):
            if name.startswith(f"refs/heads/{prefix}") and self.ref(f"refs/heads/{prefix}"):
                return f"Rename the branch {prefix!r}: it takes the place of all {prefix}/…"
        return "Look for a *.lock file in the repository's refs that no running git owns."

    def operation_in_progress(self) -> str | None:
        """The merge, rebase, … that the user's checkout is in the middle of."""
        return next((word for name, word in _OPERATIONS.items() if os.path.lexists(self.git_dir / name)), None)

    def _has_head(self) -> bool:
        answer = run(["rev-parse", "-q", "--verify", "HEAD^{commit}"], git_dir=self.git_dir, accept=(0, 1, 128))
        return answer.code == 0

    # ------------------------------------------------------------------------------------------ contents

    def tree_of(self, commit: str) -> str:
        return self.git("rev-parse", "--verify", f"{checked_object(commit)}^{{tree}}").line()

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        command = ("merge-base", "--is-ancestor", checked_object(ancestor), checked_object(descendant))
        return self.git(*command, accept=(0, 1)).code == 0

    def files(self, treeish: str) -> dict[str, Entry]:
        """Every file of a tree by path, sorted by git."""
        return parse_tree(self.git("ls-tree", "-r", "-z", "--full-tree", checked_object(treeish)).fields())

    def changed(self, old: str, new: str) -> tuple[Changed, ...]:
        """What differs between two trees or commits, renames shown as removal and addition."""
        command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", checked_object(old))
        fields = self.git(*command, checked_object(new)).fields()
        return tuple(parse_raw(fields))

    def read_file(self, treeish: str, path: str) -> bytes | None:
        """The content of a file (a link's target for a link), None when the tree has no such file."""
        return self._objects([f"{checked_object(treeish)}:{path}"]).get(f"{treeish}:{path}")

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Contents by blob id; LimitError BLOBS_TOO_LARGE beyond 256 MiB together."""
        return self._objects([checked_object(item) for item in ids])

    def _objects(self, names: Sequence[str]) -> dict[str, bytes]:
        asked = b"".join(raw(name) + b"\0" for name in names)
        sizes = self.git("cat-file", "--batch-check=%(objecttype) %(objectsize)", "-z", input=asked).stdout
        total = sum(int(line[5:]) for line in sizes.splitlines() if line.startswith(b"blob "))
        if total > BLOB_BYTES:
            raise LimitError("BLOBS_TOO_LARGE", f"{total} bytes were asked for at once.", "Leave large files out.")
        content = self.git("cat-file", "--batch=%(objecttype) %(objectsize)", "-z", input=asked).stdout
        return parse_batch(names, content)

    def log_messages(self, branch: str, limit: int = 1000) -> tuple[LoggedCommit, ...]:
        """The branch's commits along first parents, newest first."""
        start = self.head(branch)
        form = "--format=tformat:%H%x00%T%x00%P%x00%B"
        fields = self.git("log", "--first-parent", "-z", form, f"--max-count={min(limit, LOG_LIMIT)}", start).fields()
        return tuple(parse_log(fields))

    def user_identity(self) -> Identity | None:
        """The user's configured name and mail, None when one of them is missing."""
        name, email = self.settings.get("user.name", ""), self.settings.get("user.email", "")
        return Identity(name, email) if name.strip() and email.strip() else None

    def commit(
        self,
        tree: str,
        parents: Sequence[str],
        message: str,
        *,
        author: Identity = ECHELON,
        committer: Identity = ECHELON,
        date: str,
    ) -> str:
        """Write a commit object; the same arguments give the same id. `date` is anything git reads, with a zone."""
        environment = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        for role, who in (("AUTHOR", author), ("COMMITTER", committer)):
            environment |= {f"GIT_{role}_NAME": who.name, f"GIT_{role}_EMAIL": who.email}
        options = [part for parent in parents for part in ("-p", checked_object(parent))]
        command = ("commit-tree", checked_object(tree), *options, "-F", "-")
        return self.git(*command, input=raw(message), environment=environment).line()
