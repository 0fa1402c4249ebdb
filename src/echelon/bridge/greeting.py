"""The answer to a bridge's hello, at once: OpenCode waits for it while it starts.

The manifest is made from tables whose import takes most of a brain's start. It is the same until the package changes,
so it lies in the runtime folder under a name that says from which files it was made.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from echelon import __version__
from echelon.bridge import own_roles
from echelon.bridge.places import is_slot, runtime
from echelon.core.documents.grammar import Language
from echelon.engine.places import Places
from echelon.slots.places import read_small, write_whole

MANIFEST_BYTES_MAX = 1_000_000
_PACKAGE = Path(__file__).parents[1]
_CHARTER = (_PACKAGE / "core/steering/charter.py", _PACKAGE / "core/documents/grammar.py")  # are in the roles' texts


def greeting(directory: str, places: Places) -> dict[str, Any]:
    """The manifest in the language of the directory's workspace, with the roles that the person wrote anew; in a slot
    with the variables that an agent's shell keeps of a server that Echelon started."""
    root = own_roles.workspace_of(directory, places)
    language = own_roles.language_of(root) if root else "en"
    found = _cached(os.path.realpath(places.state / "workspaces"), language)
    for role, text in own_roles.texts(root, language).items() if root else ():
        found["agent"][role]["prompt"] = text
    environment = found.pop("environment")
    return {**found, "environment": environment} if is_slot(directory, places) else found


def _cached(slots: str, language: Language) -> dict[str, Any]:
    path = runtime() / f"manifest-{language}-{_made_from(slots)}.json"
    try:
        found: dict[str, Any] = json.loads(read_small(path, MANIFEST_BYTES_MAX))
    except ValueError:
        found = _made(slots, language)
        for old in runtime().glob(f"manifest-{language}-*.json"):
            old.unlink(missing_ok=True)
        write_whole(path, json.dumps(found).encode())
    return found


def _made(slots: str, language: Language) -> dict[str, Any]:
    from echelon.bridge.manifest import ENVIRONMENT, manifest

    return {**manifest(slots, language), "environment": list(ENVIRONMENT)}


def _made_from(slots: str) -> str:
    """A digest of what the manifest depends on: the version, and place, size and time of the tables' files."""
    bridge, actions = _PACKAGE / "bridge", _PACKAGE / "actions"
    whole = hashlib.sha256(f"{__version__} {slots}".encode("utf-8", "surrogateescape"))
    for file in sorted((*bridge.glob("*.py"), *bridge.glob("prompts/*/*.md"), *actions.glob("*.py"), *_CHARTER)):
        facts = file.stat()
        whole.update(f"{file}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()[:16]
