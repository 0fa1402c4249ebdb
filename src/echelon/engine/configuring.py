"""The one place that reads the settings: the files, and the environment of this process. And the one that writes them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

from echelon.core import configuration
from echelon.core.config import PATHS
from echelon.core.configuration import Configured, Edit
from echelon.core.decide import Refusal
from echelon.core.placed import Placed
from echelon.engine.world import decode, encode
from echelon.errors import EchelonError
from echelon.ports import Change
from echelon.store.transaction import Store


def read(store: Store, environment: Mapping[str, str] | None = None) -> Configured:
    """The effective settings. `environment`: None for that of this process. Raises what the store raises."""
    texts = {path: decode(store.read(path).content) for path in PATHS}
    return configuration.configured(texts, os.environ if environment is None else environment)


def elsewhere(store: Store) -> tuple[Placed, ...]:
    """Settings in OpenCode's own files, which have no effect there."""
    found: list[Placed] = []
    for path in configuration.OPENCODE_FILES:
        try:
            text = decode(store.read(path).content)
        except EchelonError:  # too large, a folder, a link: OpenCode's matter
            continue
        found += configuration.elsewhere(path, text or "")
    return tuple(found)


def change(store: Store, key: str, word: str) -> tuple[str, Edit] | Refusal:
    """Write one setting into the file that counts, as one operation; (the file, what changed). Nothing is written when
    the file says it already.

    Raises what the store raises: ConflictError when somebody else wrote the file meanwhile.
    """
    with store.locked("config set"):
        snapshots = {path: store.read(path) for path in PATHS}
        path = next((path for path in PATHS if snapshots[path].content is not None), PATHS[0])
        edit = configuration.change(decode(snapshots[path].content) or "", path, key, word)
        if isinstance(edit, Refusal):
            return edit
        if edit.changes:
            request = {"action": "config", "arguments": {"key": key, "value": edit.value}}
            content = {path: encode(edit.text)}
            note = f"config set {key}"
            store.commit(
                Change(f"config-{secrets.token_hex(8)}", "person", request, content, {path: snapshots[path]}, note=note)
            )
    return path, edit
