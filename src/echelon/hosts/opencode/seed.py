"""The npm seed: the files that keep OpenCode from waiting for npm in a configuration folder with a plugin in it.

OpenCode installs @opencode-ai/plugin into every such folder and waits for it before the first session: 70 s without a
registry, 63 MB with one. It looks only at whether `node_modules` exists and whether every *name* in package.json, and
its own, is in the root entry of package-lock.json (1.15.0, 1.17.11, 1.18.33: read in their code and tried). Versions
are never compared, so one seed serves every OpenCode. The price: a plugin or tool that does import the package finds
nothing there and OpenCode answers every request for tools with an error. So a folder with such files gets no seed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from echelon.hosts.opencode import writing

PACKAGE = "@opencode-ai/plugin"
MODULES = "node_modules"
PLUGIN_FOLDERS = ("plugin", "plugins")
CODE_SUFFIXES = (".js", ".ts")  # what OpenCode loads from plugin and tool folders
BRIDGE = "echelon.js"
_OURS = re.compile(rb'\{"dependencies": \{"@opencode-ai/plugin": "[^"\n]*"\}\}\n')
# The same words that OpenCode writes when there is none, so that git sees the same with and without a first start.
_IGNORED = "node_modules\npackage.json\npackage-lock.json\nbun.lock\n.gitignore"


@dataclass(frozen=True, slots=True)
class Seeded:
    """`written` are the files and the folder that were missing; `kept` says why nothing was, "" otherwise."""

    written: tuple[Path, ...] = ()
    kept: str = ""


def seed_files(version: str = "") -> dict[str, bytes]:
    """Name to content of the files beside the empty `node_modules`; the version is only for whoever runs npm there."""
    dependencies = {"dependencies": {PACKAGE: version or "*"}}
    lock = {"name": "opencode", "lockfileVersion": 3, "packages": {"": dependencies}}
    return {
        "package-lock.json": json.dumps(lock).encode() + b"\n",
        "package.json": json.dumps(dependencies).encode() + b"\n",
        ".gitignore": _IGNORED.encode(),
    }


def why_not(directory: Path, leaving: Collection[Path] = ()) -> str:
    """Why a seed must not be put there, "" when it may: what is a person's is never touched.

    `leaving` are files that are about to go.
    """
    package = writing.read(directory / "package.json")
    if package is not None and not _OURS.fullmatch(package):
        return f"{directory / 'package.json'} is there already"
    modules = directory / MODULES
    if package is None and modules.is_dir() and any(modules.iterdir()):
        return f"{modules} is filled already"
    others = [path for path in code_of_others(directory) if path not in leaving]
    return f"{others[0]} may need {PACKAGE}, which OpenCode installs" if others else ""


def code_of_others(directory: Path) -> tuple[Path, ...]:
    """Plugins and tools in the folder that are not Echelon's bridge, by name."""
    with writing.failing_as("list", directory):
        return tuple(
            path
            for name in (*PLUGIN_FOLDERS, "tool", "tools")
            if (directory / name).is_dir()
            for path in sorted((directory / name).iterdir())
            if path.suffix in CODE_SUFFIXES and not (name in PLUGIN_FOLDERS and path.name == BRIDGE)
        )


def seed(directory: Path, version: str = "") -> Seeded:
    """Write what is missing of the seed in `directory`, which exists. Raises WorldError when it cannot be written."""
    kept = why_not(directory)
    if kept:
        return Seeded(kept=kept)
    written: list[Path] = []
    modules = directory / MODULES
    if not modules.is_dir():
        writing.make_folder(modules)
        written.append(modules)
    for name, content in seed_files(version).items():
        if writing.read(directory / name) is None:
            writing.put(directory / name, content)
            written.append(directory / name)
    return Seeded(tuple(written))
