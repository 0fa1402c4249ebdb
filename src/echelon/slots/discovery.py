"""Where a workspace's repository is, and the few settings of the user that we respect. Nothing here runs a hook."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from echelon.errors import WorldError
from echelon.slots import git
from echelon.slots.git import text
from echelon.slots.places import read_small, write_whole

EXCLUDES_BYTES = 1 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def find(top: Path) -> tuple[Path, Path]:
    """The git directory and the common directory of the work tree at `top`."""
    pointer = top / ".git"
    if not os.path.lexists(pointer):
        _refuse(top)
    git_dir = pointer
    if pointer.is_file():
        named = text(read_small(pointer, 4096)).removeprefix("gitdir:").strip()
        git_dir = top / named
    git_dir = git_dir.resolve()
    shared = text(read_small(git_dir / "commondir", 4096)).strip()
    common = (git_dir / shared).resolve() if shared else git_dir
    if not (common / "objects").is_dir() or not (git_dir / "HEAD").is_file():
        raise WorldError("NO_REPOSITORY", f"{pointer} is not a git directory.", "Repair it, or run `git init`.")
    return git_dir, common


def _refuse(top: Path) -> None:
    for place in (top, *top.parents):
        if (place / "objects").is_dir() and (place / "refs").is_dir() and (place / "HEAD").is_file():
            raise WorldError(
                "WORKSPACE_IN_BARE_REPOSITORY", f"{place} is a bare repository.", "Use a clone with files."
            )
        if os.path.lexists(place / ".git"):
            raise WorldError(
                "WORKSPACE_NOT_TOP_LEVEL", f"{top} is a folder of the repository {place}.", f"Use {place}."
            )
    raise WorldError("NO_REPOSITORY", f"{top} is not in a git repository.", "Run `git init` there and commit.")


def named_by_head(git_dir: Path, common: Path) -> str | None:
    """The full name of the branch a plain HEAD file names, "" when it holds a commit; None when git has to be asked."""
    said = text(read_small(git_dir / "HEAD", 4096)).removesuffix("\n")
    if _COMMIT.fullmatch(said):
        return ""
    name = said.removeprefix("ref: ")
    if name == said or not name.startswith("refs/heads/") or name != name.strip() or "\n" in name:
        return None
    if (common / "reftable").exists() or (common / name).is_symlink() or read_small(common / name, 4) == b"ref:":
        return None  # what stands there is no name, or the name of another name
    return name


def read_settings(git_dir: Path) -> dict[str, str]:
    """The user's effective settings that we use; `git config` reads files and runs nothing."""
    pattern = (
        r"^(core\.(excludesfile|sparsecheckout|autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode|longpaths)"
    )
    pattern += r"|user\.(name|email)|extensions\..*|remote\..*\.promisor)$"
    command = ["config", "-z", "--get-regexp", pattern]
    answer = git.run(command, git_dir=git_dir, user_config=True, accept=(0, 1)).fields()
    pairs = (entry.partition("\n") for entry in answer)
    return {name: value if there else "true" for name, there, value in pairs}


def copy_excludes(settings: Mapping[str, str], common: Path, copy: Path) -> None:
    """Copy the user's own ignore rules, of all repositories and of this one, to a file of ours."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())
    named = settings.get("core.excludesfile")
    everywhere = Path(named).expanduser() if named else home / "git/ignore"
    rules = [_rules(place) for place in (everywhere, common / "info/exclude")]
    content = b"\n".join(rules) + b"\n"
    if read_small(copy) != content:
        write_whole(copy, content)


def _rules(path: Path) -> bytes:
    try:
        with path.open("rb") as file:  # may well be a link: people keep their dot files elsewhere
            return file.read(EXCLUDES_BYTES // 2 - 1)
    except OSError:
        return b""
