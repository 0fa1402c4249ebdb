"""The example workspaces of the package: copied, made a repository, ready to deliver."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from echelon.errors import InputError, WorldError
from echelon.slots.git import run

EXAMPLES = ("linkshelf", "harbour")
PORTFOLIO = "harbour"


def lay_out(name: str, target: Path) -> None:
    """Copy an example to `target`, which must not exist or be empty, and commit it there.

    Raises: InputError FOLDER_NOT_EMPTY; WorldError NOT_PERMITTED, GIT_MISSING; GitError.
    """
    if target.exists() and any(target.iterdir()):
        raise InputError("FOLDER_NOT_EMPTY", f"{target} is not empty.", "name another folder.")
    try:
        with resources.as_file(resources.files("echelon") / "examples" / name) as source:
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=ignored)
    except OSError as error:
        raise WorldError(
            "NOT_PERMITTED", f"{target} cannot be written: {error.strerror}.", "name another folder."
        ) from error
    git(target, "init", "-q", "-b", "main", ".")
    git(target, "add", "-A")
    git(target, "commit", "-q", "-m", "feat: as it starts")


def git(folder: Path, *words: str) -> None:
    """The person's own git, in the person's own repository. Raises WorldError GIT_MISSING, GitError."""
    identity = ("user.name=Person", "user.email=person@example.invalid", "commit.gpgsign=false")
    run(list(words), git_dir=folder / ".git", work_tree=folder, settings=identity)
