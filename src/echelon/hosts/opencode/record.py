"""`echelon.json` beside the plugin folder: how the bridge starts the brain, and how everything done is undone.

Written before anything else is changed, so that a run killed anywhere leaves a record of all it may have done; each
step says by digests whether it happened. Private (0600): it holds text taken out of the person's configuration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from echelon.errors import WorldError
from echelon.hosts.opencode import writing
from echelon.hosts.opencode.jsonc import Cut

RECORD = "echelon.json"
BRIDGE_PROTOCOL = 1  # as PROTOCOL in plugin/echelon.js
RECORD_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Edit:
    """Entries taken out of one configuration: digest of the file before and after, and what was cut."""

    path: str  # name in the configuration folder
    before: str
    after: str
    cuts: tuple[Cut, ...]
    entries: tuple[tuple[int, str], ...]  # index in the list, text


@dataclass(frozen=True, slots=True)
class Move:
    """A file of somebody else's, put aside; names relative to the configuration folder."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Record:
    version: str
    bridge: int
    command: tuple[str, ...]  # starts the brain
    files: Mapping[str, str] = field(default_factory=dict)  # relative name -> sha256 of what we wrote
    earlier: tuple[str, ...] = ()  # sha256 of what we wrote under these names before
    made: tuple[str, ...] = ()  # folders we made, absolute, outermost first
    edits: tuple[Edit, ...] = ()  # oldest first
    moves: tuple[Move, ...] = ()


def dump(record: Record) -> bytes:
    undo = {"made": record.made, "edits": [asdict(edit) for edit in record.edits],
            "moves": [asdict(move) for move in record.moves]}  # fmt: skip
    content = {
        "version": record.version, "bridge": record.bridge, "command": record.command, "files": dict(record.files),
        "earlier": record.earlier, "undo": undo,
    }  # fmt: skip
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"


def load(home: Path) -> Record | None:
    """The record, None when there is none; WorldError INSTALL_RECORD_BROKEN when it is not what we write."""
    path = home / RECORD
    content = writing.read(path)
    if content is None:
        return None
    try:
        return _read(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WorldError(
            "INSTALL_RECORD_BROKEN",
            f"{path} is not what Echelon wrote, so it is not known what to undo.",
            "mend it from a copy, or move it away and install again",
        ) from error


def _read(found: dict[str, Any]) -> Record:
    undo = found["undo"]
    edits = tuple(
        Edit(
            str(edit["path"]), str(edit["before"]), str(edit["after"]),
            tuple(Cut(int(cut["at"]), str(cut["text"]), str(cut["before"]), str(cut["after"])) for cut in edit["cuts"]),
            tuple((int(index), str(text)) for index, text in edit["entries"]),
        )
        for edit in undo["edits"]
    )  # fmt: skip
    return Record(
        version=str(found["version"]),
        bridge=int(found["bridge"]),
        command=tuple(str(word) for word in found["command"]),
        files={str(name): str(known) for name, known in found["files"].items()},
        earlier=tuple(str(known) for known in found["earlier"]),
        made=tuple(str(folder) for folder in undo["made"]),
        edits=edits,
        moves=tuple(Move(str(move["source"]), str(move["target"])) for move in undo["moves"]),
    )
