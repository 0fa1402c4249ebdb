"""The user's repository: where it is, what it contains, read without running anything of it.

Discovery is done here and not by git, and contents are read through our own git directory (owned.py). The user's
git directory is asked three things only: its settings, its HEAD and its work trees. What is said about objects named
by full ids is remembered (reader.py). One Repository serves all threads of a process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from echelon.errors import GitError, WorldError
from echelon.slots.discovery import copy_excludes, find, named_by_head, read_settings
from echelon.slots.git import ECHELON, SECONDS, Identity, Output, raw, run
from echelon.slots.objects import (
    Changed,
    Entry,
    LoggedCommit,
    checked_branch,
    checked_object,
    is_object,
    parse_log,
    parse_raw,
    parse_tree,
    parse_tree_object,
)
from echelon.slots.owned import check_owned, config_of, make_owned
from echelon.slots.places import private_directory
from echelon.slots.reader import Reader

BRANCH_PREFIX = "orchestrator/"
RESCUE_PREFIX = "refs/orchestrator/rescue/"
STATE_DIRECTORY = ".opencode"
LOG_LIMIT = 100_000
_CHANGED_BYTES, _ENTRY_BYTES = 600, 300  # what a Changed and an Entry take in memory, about

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
    reader: Reader = field(repr=False, compare=False)

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
        owned = state / "owned.git"
        make_owned(owned, common, config)
        reader = Reader(owned, common / "objects", lambda: check_owned(owned, common, config))
        repository = cls(top, git_dir, common, state, owned, config, settings, reader)
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
        name = named_by_head(self.git_dir, self.common)
        if name is None:
            name = run(["symbolic-ref", "-q", "HEAD"], git_dir=self.git_dir, accept=(0, 1)).line()
        return name.removeprefix("refs/heads/") or None

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
        asked = f"{name}^{{commit}}"
        found = self.reader.find([asked]).get(asked)
        return found.id if found else None

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
        return self.reader.memory.get(("tree", commit), lambda: self._tree_of(checked_object(commit)))

    def _tree_of(self, treeish: str) -> str:
        asked = f"{treeish}^{{tree}}"
        found = self.reader.find([asked]).get(asked)
        if found is None:
            raise GitError("GIT_FAILED", f"{treeish} is no commit of this repository.", "Nothing was lost.")
        return found.id

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        key = ("ancestor", checked_object(ancestor), checked_object(descendant))
        if (self.common / "shallow").exists():  # more history may come
            return self._is_ancestor(ancestor, descendant)
        return self.reader.memory.get(key, lambda: self._is_ancestor(ancestor, descendant))

    def known_ancestor(self, ancestor: str, descendant: str) -> bool:
        """True when `is_ancestor` was answered so, or the one was made from the other, here; costs nothing."""
        return self.reader.memory.known(("ancestor", ancestor, descendant)) is True

    def _is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return self.git("merge-base", "--is-ancestor", ancestor, descendant, accept=(0, 1)).code == 0

    def files(self, treeish: str) -> dict[str, Entry]:
        """Every file of a tree by path, sorted by git."""
        return parse_tree(self.git("ls-tree", "-r", "-z", "--full-tree", checked_object(treeish)).fields())

    def changed(self, old: str, new: str) -> tuple[Changed, ...]:
        """What differs between two trees or commits, renames shown as removal and addition."""
        trees = (self.tree_of(old), self.tree_of(new))
        return self.reader.memory.get(("changed", *trees), lambda: self._changed(*trees), _weight)

    def _changed(self, old: str, new: str) -> tuple[Changed, ...]:
        if old == new:
            return ()
        command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new)
        return tuple(parse_raw(self.git(*command).fields()))

    def entry(self, treeish: str, path: str) -> Entry | None:
        """What a tree or commit has at a path; None for nothing."""
        folder = self.tree_of(treeish)
        *above, name = path.split("/")
        for part in above:
            found = self._entries(folder).get(part)
            if found is None or found.mode != "040000":
                return None
            folder = found.blob
        return self._entries(folder).get(name)

    def _entries(self, tree: str) -> Mapping[str, Entry]:
        def read() -> Mapping[str, Entry]:
            return MappingProxyType(parse_tree_object(self.reader.tree(tree), len(self.zero) // 2))

        return self.reader.memory.get(("entries", tree), read, lambda found: _ENTRY_BYTES * len(found))

    def read_file(self, treeish: str, path: str) -> bytes | None:
        """The content of a file (a link's target for a link), None when the tree has no such file."""
        found = self.entry(treeish, path)
        if found is None or not found.mode.startswith("1") or found.mode == "160000":
            return None
        return self.reader.memory.get(("blob", found.blob), lambda: self._blob(found.blob), len)

    def _blob(self, identifier: str) -> bytes:
        content = self.blobs([identifier]).get(identifier)
        if content is None:
            raise GitError("GIT_FAILED", f"The object {identifier} is missing or damaged.", "Look with `git fsck`.")
        return content

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Contents by blob id; LimitError BLOBS_TOO_LARGE beyond 256 MiB together."""
        return self.reader.contents(checked_object(item) for item in ids)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of the full ids that name an object here."""
        return set(self.reader.find([checked_object(item) for item in ids]))

    def log_messages(self, start: str, limit: int = 1000) -> tuple[LoggedCommit, ...]:
        """The commits from a branch, or from a commit by its full id, along first parents, newest first."""
        start = start if is_object(start) else self.head(start)
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
        made = self.git(*command, input=raw(message), environment=environment).line()
        self.reader.memory.put(("tree", made), tree)
        for parent in parents:
            self.reader.memory.put(("ancestor", parent, made), True)
        return made


def _weight(changes: tuple[Changed, ...]) -> int:
    return _CHANGED_BYTES * len(changes)
