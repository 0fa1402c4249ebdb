"""The orchestrators that Echelon replaces: their names in a plugin list, and their files in a plugin folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from echelon.errors import InputError
from echelon.hosts.opencode import writing
from echelon.hosts.opencode.jsonc import Removal, read_entries, remove_entries
from echelon.hosts.opencode.record import Edit, Move
from echelon.hosts.opencode.seed import CODE_SUFFIXES, PLUGIN_FOLDERS

PEERS = ("open-codining", "opencode-orchestrator")
CONFIGS = ("config.json", "opencode.json", "opencode.jsonc")  # as OpenCode merges them
BACKUP = "echelon-backup"
_ENDING = re.compile(r"(?:\.(?:js|ts|mjs|cjs|git))?/*$")


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of the peers: a place and a name each, for a person, and the change that takes it out."""

    edits: tuple[tuple[Edit, bytes], ...] = ()  # with the new content
    moves: tuple[Move, ...] = ()
    entries: tuple[str, ...] = ()  # "open-codining in opencode.jsonc (line 4)"
    files: tuple[str, ...] = ()  # "plugin/open-codining.js"


def is_peer(spec: str) -> bool:
    """Whether an entry of a plugin list names a peer: by name, name@version, or a path or URL that ends in it."""
    name = spec.removeprefix("npm:")
    if not re.search(r"[/\\:]", name):
        return name.partition("@")[0] in PEERS
    if name.startswith("@"):  # another one's scope
        return False
    path = _ENDING.sub("", name.replace("\\", "/").partition("#")[0])
    inside = re.search(r"/node_modules/([^/@]+)(?:/|$)", path)
    last = re.split(r"[/:]", path)[-1].partition("@")[0]
    return last in PEERS or (inside is not None and inside[1] in PEERS)


def find_peers(home: Path) -> Found:
    """All of the peers in a configuration folder. InputError OPENCODE_CONFIG_BROKEN for one that cannot be read."""
    edits: list[tuple[Edit, bytes]] = []
    entries: list[str] = []
    for name in CONFIGS:
        content = writing.read(home / name)
        text = "" if content is None else decoded(home / name, content)
        found = [entry for entry in read_entries(text, str(home / name)) if is_peer(entry.spec)]
        if content is None or not found:
            continue
        entries += [
            f"{entry.spec} in {writing.shown(home / name)} (line {text.count(chr(10), 0, entry.start) + 1})"
            for entry in found
        ]
        edits.append(_edit(name, content, remove_entries(text, str(home / name), is_peer)))
    with writing.failing_as("list", home):
        moves = tuple(
            Move(f"{folder}/{path.name}", writing.free_name(home, f"{BACKUP}/{folder}/{path.name}"))
            for folder in PLUGIN_FOLDERS
            if (home / folder).is_dir()
            for path in sorted((home / folder).iterdir())
            if path.suffix in CODE_SUFFIXES and path.stem in PEERS
        )
    return Found(tuple(edits), moves, tuple(entries), tuple(move.source for move in moves))


def decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            "OPENCODE_CONFIG_BROKEN", f"{path}: byte {error.start} is not UTF-8.", "save it as UTF-8 and ask again"
        ) from error


def _edit(name: str, content: bytes, removal: Removal) -> tuple[Edit, bytes]:
    new = removal.text.encode()
    return Edit(name, writing.digest(content), writing.digest(new), removal.cuts, removal.entries), new
