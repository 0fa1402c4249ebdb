"""Nothing is removed before it is kept: uncommitted files, commits an agent made for itself, branches left over.

All of it ends as commits under refs/orchestrator/rescue/<slot>/, which `git log`, `git show` and `git branch` can use.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from echelon.errors import GitError
from echelon.slots.git import Output
from echelon.slots.places import read_small
from echelon.slots.repository import RESCUE_PREFIX, Repository
from echelon.slots.staging import stage, with_state_of
from echelon.slots.worktree import WorkTree

AGENT_REFS = 1000  # references and reflog lines of an agent's own repository that are looked at
AGENT_COMMITS = 50  # of these that are kept as references, after those contained in others are left out

_HEX = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")


def now() -> str:
    """The time as git dates want it."""
    return f"@{int(time.time())} +0000"


def keep(repository: Repository, slot_id: str, commit: str) -> str:
    """Make sure a rescue reference of the slot names this commit, and return its name."""
    prefix = f"{RESCUE_PREFIX}{slot_id}"
    there = repository.git("for-each-ref", "--format=%(refname)", f"--points-at={commit}", prefix).lines()
    if there:
        return there[0]
    name = f"{prefix}/{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{commit[:12]}"
    repository.set_ref(name, commit, None, "echelon: kept")
    return name


def keep_files(
    tree: WorkTree, slot_id: str, head: str, reason: str, exclude: Sequence[str], *, state: bool
) -> str | None:
    """Commit everything of the work tree that is not ignored on top of `head`, whatever it is.

    Returns the reference, or None when nothing differs from `head` (`state`: `.opencode` counts as a difference).
    """
    repository = tree.repository
    with tree.aside() as copy:
        stage(copy, exclude, everything=True)
        found = copy.tree()
    saved = repository.tree_of(head)
    if found == saved or (not state and with_state_of(repository, found, saved) == saved):
        return None
    for line in repository.git("for-each-ref", "--format=%(tree) %(refname)", RESCUE_PREFIX + slot_id).lines():
        if line.startswith(found):
            return line.partition(" ")[2]  # the same content was kept before
    return keep(repository, slot_id, repository.commit(found, [head], f"{slot_id}: kept, {reason}\n", date=now()))


def keep_agent_commits(tree: WorkTree, slot_id: str, known: Sequence[str]) -> tuple[str, ...]:
    """Bring over commits the agent made in its own repository whose content is in none of the `known` commits.

    Its objects are read as data through our git directory; its configuration is never read. A commit on another
    branch, a stash or a discarded commit would otherwise go with the directory.
    Raises: GitError when its objects are damaged; the caller keeps the directory then.
    """
    repository = tree.repository
    named = list(dict.fromkeys(_named(tree.work / ".git")))[:AGENT_REFS]
    objects = tree.work / ".git/objects"
    if not named or not objects.is_dir() or objects.is_symlink():
        return ()
    unknown = _filter(repository, named, b" missing\n", None)
    if _filter(repository, unknown, b" missing\n", objects):
        raise GitError("GIT_FAILED", f"{objects} lacks objects that its references name.", "Look into the directory.")
    commits = _filter(repository, unknown, b" commit ", objects)
    if not commits:
        return ()
    own = _agent(repository, objects, "merge-base", "--independent", *commits).line().split()[:AGENT_COMMITS]
    trees = {repository.tree_of(commit) for commit in known}
    shown = [_agent(repository, objects, "rev-parse", "--verify", f"{commit}^{{tree}}").line() for commit in own]
    wanted = [commit for commit, content in zip(own, shown, strict=True) if content not in trees]
    if wanted:
        _copy_objects(repository, objects, wanted, known)
    return tuple(keep(repository, slot_id, commit) for commit in wanted)


def _copy_objects(repository: Repository, objects: Path, wanted: Sequence[str], known: Sequence[str]) -> None:
    listed = "".join(f"{commit}\n" for commit in (*wanted, "--not", *known)).encode()
    pack = _agent(repository, objects, "pack-objects", "--revs", "--stdout", "-q", input=listed).stdout
    repository.git("index-pack", "--stdin", "--fix-thin", "--strict", input=pack)


def _agent(repository: Repository, objects: Path, *args: str, input: bytes | None = None) -> Output:  # noqa: A002 - subprocess's own word
    return repository.git(*args, input=input, more_objects=objects)


def _filter(repository: Repository, ids: Sequence[str], answer: bytes, objects: Path | None) -> list[str]:
    asked = "".join(f"{item}\n" for item in ids).encode()
    lines = repository.git("cat-file", "--batch-check", input=asked, more_objects=objects).stdout.splitlines(
        keepends=True
    )
    return [item for item, line in zip(ids, lines, strict=True) if answer in line]


def _named(git: Path) -> Iterator[str]:
    """Object ids in the references and reflogs of a git directory nobody vouches for, read as text."""
    places = [git / "HEAD", git / "packed-refs", git / "ORIG_HEAD"]
    for top in (git / "refs", git / "logs"):
        for directory, _, files in os.walk(top):
            places += [Path(directory, name) for name in files]
            if len(places) > AGENT_REFS:
                break
    for place in places[:AGENT_REFS]:
        for found in _HEX.findall(read_small(place)):
            if found.strip(b"0"):
                yield found.decode()
