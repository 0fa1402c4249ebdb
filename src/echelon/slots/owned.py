"""The git directories we make: our own, and the throw-away one an agent gets.

Ours is shared by all commands and holds nothing that changes: a clean configuration and links to the user's
references. Objects are named by the environment, indexes too. No hooks/, no info/, nothing of the user's
configuration, so nothing an agent writes there or in its slot is a program to us; a change of this directory is
noticed before every command. The links are the layout of git's own contrib/workdir/git-new-workdir.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from echelon.errors import TamperError
from echelon.slots.places import fresh_name, read_small, remove_tree

_HEAD = b"ref: refs/heads/none-of-ours\n"
_LINKS = ("refs", "packed-refs", "logs", "shallow", "reftable")
_CONFIG = {
    "sha1": b"[core]\n\trepositoryformatversion = 0\n",
    "sha256": b"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n",
}


def config_of(object_format: str, reftable: bool) -> bytes:
    if not reftable:
        return _CONFIG[object_format]
    return (
        b"[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefStorage = reftable\n\tobjectFormat = "
        + object_format.encode()
        + b"\n"
    )


def make_owned(path: Path, common: Path, config: bytes) -> None:
    """Make our git directory for the repository whose common directory is `common`; nothing when it is there."""
    wanted = _wanted_links(common)
    if path.is_dir():
        have = _links_of(path)
        if all(wanted.get(name, target) == target for name, target in have.items()) and _reads(path, config):
            for name in wanted.keys() - have.keys():  # the repository got its first reflog or became shallow
                with contextlib.suppress(FileExistsError):
                    (path / name).symlink_to(wanted[name])
            return
        remove_tree(path)  # the repository moved
    scratch = fresh_name(path.parent, ".owned-")
    scratch.mkdir(mode=0o700)
    try:
        (scratch / "HEAD").write_bytes(_HEAD)
        (scratch / "config").write_bytes(config)
        for name, target in wanted.items():
            (scratch / name).symlink_to(target)
        scratch.replace(path)
    except OSError:
        if not path.is_dir():  # else another process was first, with the same content
            raise
    finally:
        remove_tree(scratch)


def check_owned(path: Path, common: Path, config: bytes) -> None:
    """Raise TamperError OWNED_GIT_CHANGED unless the directory is exactly what `make_owned` makes."""
    # Asked before every command: names are put together as texts, which costs a third of what Path does.
    place, target = str(path), str(common)
    names = set(os.listdir(place)) if os.path.isdir(place) else set()  # noqa: PTH112, PTH208 - as above
    links = {name: found for name in names.intersection(_LINKS) if (found := _link(f"{place}{os.sep}{name}"))}
    good = (
        "refs" in links
        and names <= links.keys() | {"HEAD", "config"}
        and all(found == f"{target}{os.sep}{name}" for name, found in links.items())
        and _reads(path, config)
    )
    if not good:
        raise TamperError(
            "OWNED_GIT_CHANGED", f"{path} was changed by somebody else.", f"Look at it, then remove {path}."
        )


def _reads(path: Path, config: bytes) -> bool:
    return _whole(path / "config", config) and _whole(path / "HEAD", _HEAD)


def _whole(file: Path, content: bytes) -> bool:
    return read_small(file, len(content) + 1) == content


def _link(place: str) -> str:
    try:
        return os.readlink(place)  # noqa: PTH115 - a text, for check_owned
    except OSError:
        return ""


def _wanted_links(common: Path) -> dict[str, str]:
    # packed-refs and shallow may come to exist later: a dangling link reads as absent. logs must exist to be a link.
    names = [name for name in _LINKS if name in ("refs", "packed-refs", "shallow") or (common / name).exists()]
    return {name: str(common / name) for name in names}


def _links_of(path: Path) -> dict[str, str]:
    links = {}
    for name in _LINKS:
        try:
            links[name] = str((path / name).readlink())
        except OSError:
            continue
    return links


def make_throwaway(
    work: Path,
    *,
    objects: Path,
    index: Path,
    commit: str,
    branch: str | None,
    ignore: bytes,
    config: bytes,
    shallow: Path,
) -> None:
    """Give the work tree a small real repository of its own, so that `git status` and `git commit` work in it.

    It borrows the objects, and no command of ours ever reads its configuration.
    """
    git = work / ".git"
    remove_tree(git)
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (git / name).mkdir(parents=True)
    if branch is None:
        (git / "HEAD").write_bytes(commit.encode() + b"\n")
    else:
        (git / "HEAD").write_bytes(b"ref: refs/heads/" + branch.encode() + b"\n")
        ref = git / "refs/heads" / branch
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_bytes(commit.encode() + b"\n")
    (git / "objects/info/alternates").write_bytes(os.fsencode(objects) + b"\n")
    (git / "info/exclude").write_bytes(ignore)
    settings = b"[core]\n\tautocrlf = false\n\tlogAllRefUpdates = true\n[gc]\n\tauto = 0\n[commit]\n\tgpgSign = false\n"
    user = b"[user]\n\tname = Slot\n\temail = slot@localhost\n"
    (git / "config").write_bytes(config + settings + user)
    if shallow.exists():
        shutil.copyfile(shallow, git / "shallow")
    shutil.copyfile(index, git / "index")
