"""Puts dependencies into a checkout: links and copies. The checkout's tree was written by an agent, so nothing that
already stands in the way is used, followed or overwritten.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from echelon.errors import LimitError, WorldError

COPY_BYTES = 2 * 1024**3
ENTRIES = 20_000
_FICLONE = 0x40049409  # <linux/fs.h>: the copy shares blocks with the original until one of them is written


def link(checkout: Path, path: str, source: Path, root: Path) -> None:
    """`checkout/path` becomes a link to `source`, which lies in `root`. Twice is once.

    A `node_modules` with workspace packages (links from inside it to `root`'s own sources) is rebuilt as a directory
    of links, where those packages lead to the checkout's sources: a check must not test another tree's code.
    """
    target = _target(checkout, path)
    plan = _node_plan(source, root, checkout) if target.name == "node_modules" and source.is_dir() else {}
    if not plan:
        if target.is_symlink() and target.readlink() == source:
            return
        _refuse_existing(target, checkout)
        target.symlink_to(source)
        return
    if _stands(target, plan):
        return
    _refuse_existing(target, checkout)
    for name, goal in plan.items():
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(goal)


def copy(checkout: Path, path: str, source: Path) -> None:
    """`checkout/path` becomes a copy of `source`; links stay links. Raises LimitError PREPARE_COPY_TOO_LARGE."""
    target = _target(checkout, path)
    if target.is_file() and not target.is_symlink() and source.is_file() and same_content(target, source):
        return
    _refuse_existing(target, checkout)
    clone = _cloner()
    try:
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, copy_function=clone)
        else:
            clone(str(source), str(target))
    except OSError as error:  # unreadable, a socket, a full disk
        raise WorldError("PREPARE_FAILED", f"{source} could not be copied into a checkout: {error}") from error


def same_content(one: Path, other: Path) -> bool:
    """Whether two regular files hold the same bytes; large ones are not compared."""
    sizes = {one.stat().st_size, other.stat().st_size}
    return len(sizes) == 1 and max(sizes) <= COPY_BYTES // 1024 and one.read_bytes() == other.read_bytes()


def _target(checkout: Path, path: str) -> Path:
    """The place, its parents made. A parent that is a link would lead the write out of the checkout."""
    place = checkout
    for part in path.split("/")[:-1]:
        place = place / part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            _refuse_existing(place, checkout)
        place.mkdir(exist_ok=True)
    return place / path.split("/")[-1]


def _refuse_existing(target: Path, checkout: Path) -> None:
    if target.is_symlink() or target.exists():
        raise WorldError(
            "PREPARE_TARGET_EXISTS",
            f"{target.relative_to(checkout)} is part of the tree, where a prepared dependency was to be put.",
            "remove it from the tree, or remove its step from `setup`.",
        )


def _node_plan(source: Path, root: Path, checkout: Path) -> Mapping[str, Path]:
    """{name below node_modules: where its link leads}; empty when nothing in it leads to the root's own sources."""
    plan: dict[str, Path] = {}
    inward = False
    for entry in sorted(source.iterdir()):
        grouped = (entry.name.startswith("@") or entry.name == ".bin") and entry.is_dir() and not entry.is_symlink()
        for place in sorted(entry.iterdir()) if grouped else [entry]:
            if len(plan) >= ENTRIES:
                raise LimitError("PREPARE_COPY_TOO_LARGE", f"{source} has more than {ENTRIES} entries.")
            real = place.resolve() if place.is_symlink() else place
            own = real.is_relative_to(root) and not real.is_relative_to(source)
            plan[str(place.relative_to(source))] = checkout / real.relative_to(root) if own else place
            inward = inward or own
    return plan if inward else {}


def _stands(target: Path, plan: Mapping[str, Path]) -> bool:
    """Whether an earlier preparation of this checkout put exactly this there."""
    if target.is_symlink() or not target.is_dir():
        return False
    return all((place := target / name).is_symlink() and place.readlink() == goal for name, goal in plan.items())


def _cloner() -> Callable[[str, str], str]:
    """A copy function for shutil that shares blocks where the file system can, and counts bytes."""
    left = COPY_BYTES

    def clone(source: str, target: str) -> str:
        nonlocal left
        left -= Path(source).lstat().st_size
        if left < 0:
            raise LimitError("PREPARE_COPY_TOO_LARGE", f"a copy step copies more than {COPY_BYTES} bytes.", "link it.")
        if not _reflink(source, target):
            shutil.copyfile(source, target)
        shutil.copystat(source, target)
        return target

    return clone


def _reflink(source: str, target: str) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import fcntl  # here because Windows has none

    try:
        with Path(source).open("rb") as old, Path(target).open("xb") as new:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    except OSError:
        Path(target).unlink(missing_ok=True)
        return False
    return True
