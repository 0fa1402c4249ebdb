"""Merging aside: a candidate is a tree computed from two commits, with no file of anybody touched; the base branch
then moves by compare-and-swap to exactly the commit that was checked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from echelon.errors import GitError
from echelon.ports import Candidate
from echelon.slots.git import ECHELON, Identity
from echelon.slots.objects import checked_branch, checked_object
from echelon.slots.repository import Repository

STACK_HEADS_MAX = 64  # each costs a merge; the merge queue looks ahead much less far
STACK_MESSAGE, STACK_DATE = "echelon: tested ahead\n", "@0 +0000"  # fixed, so that the ids are


@dataclass(frozen=True, slots=True)
class Stacked:
    """Heads merged one after another: a commit without a reference, and its tree; or the files that conflict."""

    commit: str
    tree: str
    conflicts: tuple[str, ...] = ()


def merge_trees(repository: Repository, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The merge of two commits: its tree, and the paths that conflict (then the tree holds files with markers).

    Built-in drivers of the top .gitattributes (`union`, `binary`) are honoured; configured ones are programs and are not.
    Raises: GitError GIT_FAILED, also for histories with no common commit.
    """
    if repository.known_ancestor(checked_object(ours), checked_object(theirs)):
        return repository.tree_of(theirs), ()  # one side has changes only: that side is what git would answer
    command = ("merge-tree", "--write-tree", "-z", "--name-only", checked_object(ours), checked_object(theirs))
    with _attributes(repository, ours) as work:
        answer = repository.git(*command, accept=(0, 1), work_tree=work)
    tree, *rest = answer.fields()
    if answer.code == 0:
        return tree, ()
    return tree, tuple(dict.fromkeys(rest[: rest.index("")]))


def candidate(repository: Repository, base_commit: str, head_commit: str) -> Candidate:
    """What merging the slot's head into the base would give."""
    tree, conflicts = merge_trees(repository, base_commit, head_commit)
    return Candidate(base_commit, head_commit, tree, conflicts)


def commit_candidate(
    repository: Repository, found: Candidate, message: str, author: Identity, date: str, committer: Identity = ECHELON
) -> str:
    """The merge commit of a candidate without conflicts; the same arguments give the same id, so it can be repeated."""
    if found.conflicts:
        raise GitError(
            "CANDIDATE_CONFLICTS", f"{found.conflicts[0]!r} conflicts.", "Bring the base into the slot first."
        )
    parents = (found.base, found.head)
    return repository.commit(found.tree, parents, message, author=author, committer=committer, date=date)


def move_base(repository: Repository, branch: str, new: str, old: str, why: str = "echelon: merge") -> bool:
    """Move the branch from `old` to `new`; False when it is somewhere else by now. Repeating a done move is True."""
    name = f"refs/heads/{checked_branch(branch)}"
    return repository.set_ref(name, checked_object(new), checked_object(old), why)


def stack(repository: Repository, base_commit: str, heads: Sequence[str]) -> Stacked:
    """What the base would be after these heads, merged in this order, to test on. The same arguments give the same ids.

    The parents are those that landing gives its commits, so what is merged on top finds the same common ancestors, and
    gives the same trees. Ends at the first conflict; commit and tree are then those below it.
    Raises: GitError.
    """
    assert len(heads) <= STACK_HEADS_MAX, f"{len(heads)} heads in one stack"
    top, tree = base_commit, repository.tree_of(base_commit)
    for head in heads:
        merged, conflicts = merge_trees(repository, top, head)
        if conflicts:
            return Stacked(top, tree, conflicts)
        top, tree = repository.commit(merged, (top, head), STACK_MESSAGE, date=STACK_DATE), merged
    return Stacked(top, tree)


@contextmanager
def _attributes(repository: Repository, commit: str) -> Iterator[Path | None]:
    """Let git see the top .gitattributes of `commit` while it merges: alone in a work tree, where git looks for it."""
    rules = repository.read_file(commit, ".gitattributes") or b""
    if b"merge" not in rules and b"binary" not in rules:
        yield None
        return
    with tempfile.TemporaryDirectory() as work:
        Path(work, ".gitattributes").write_bytes(rules)
        yield Path(work)
