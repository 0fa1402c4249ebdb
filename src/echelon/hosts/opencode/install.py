"""Echelon into a person's OpenCode: one bridge file, one record, the npm seed; the peers out of the configuration.

`plan_install` only reads, `perform` only writes what the plan holds, in an order that can be killed anywhere: the
record first. Running it again mends what is missing and changes nothing that is right. `removal.uninstall` is the
way back.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from echelon import __version__
from echelon.errors import WorldError
from echelon.hosts.opencode import peer, seed, writing
from echelon.hosts.opencode.record import BRIDGE_PROTOCOL, RECORD, RECORD_MODE, Edit, Move, Record, dump, load

# -P: the folder in which OpenCode was started is a stranger's and must not be where Python looks for modules.
COMMAND = (sys.executable, "-P", "-m", "echelon", "serve")
HEADER = b"// Echelon's bridge"  # how our file begins, whatever its version


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation will do. `replaces` is what is the peers' and goes; `says` are sentences."""

    home: Path
    record: Record
    record_changed: bool = False
    folders: tuple[Path, ...] = ()  # to be made, outermost first
    writes: tuple[tuple[str, bytes], ...] = ()  # relative name, content
    edits: tuple[tuple[Edit, bytes], ...] = ()
    moves: tuple[Move, ...] = ()
    drops: tuple[str, ...] = ()  # files of ours that are in the way
    replaces: tuple[str, ...] = ()
    says: tuple[str, ...] = ()

    @property
    def up_to_date(self) -> bool:
        return not (self.folders or self.record_changed or self.writes or self.edits or self.moves or self.drops)


@dataclass(frozen=True, slots=True)
class Installed:
    """What is in a configuration folder. `version` is "" when Echelon is not installed there."""

    version: str
    up_to_date: bool
    modified: tuple[str, ...] = ()  # files of ours that somebody changed or removed
    peers: tuple[str, ...] = ()  # entries and files of the peers
    npm: str = ""  # why the npm seed is not there or is in the way, "" when all is well


def config_home() -> Path:
    """The person's OpenCode configuration folder, as OpenCode finds it."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser()) / "opencode"


def bridge_source() -> bytes:
    """The bridge of this version of the package."""
    return resources.files("echelon.hosts.opencode").joinpath("plugin", seed.BRIDGE).read_bytes()


def plan_install(
    home: Path,
    opencode_version: str = "",
    *,
    bridge: bytes | None = None,
    command: tuple[str, ...] = COMMAND,
    keep_peers: bool = False,
    move_files: bool = False,
) -> Plan:
    """What would have to change in `home` so that OpenCode loads this Echelon, and the peers no longer.

    `move_files`: a person agreed that the peers' files in plugin folders are put aside. Raises InputError
    OPENCODE_CONFIG_BROKEN, WorldError for a folder that cannot be read, OPENCODE_PLUGIN_LINKED, INSTALL_RECORD_BROKEN.
    """
    content = bridge_source() if bridge is None else bridge
    old = load(home) or Record("", BRIDGE_PROTOCOL, command)
    found = peer.Found() if keep_peers else peer.find_peers(home)
    moves = found.moves if move_files else ()
    name = f"{plugin_folder(home).name}/{seed.BRIDGE}"
    current = writing.read(home / name)
    aside, saved = _aside(home, name, current, content, old)
    npm = _seeding(home, opencode_version, tuple(home / move.source for move in moves))
    drops = _drops(home, old)
    files = {key: value for key, value in old.files.items() if key not in drops}
    files |= {key: writing.digest(value) for key, value in {name: content, **npm}.items()}
    folders = _folders(home, [home / name, *(home / move.target for move in (*moves, *aside))], bool(npm))
    record = Record(
        version=__version__,
        bridge=BRIDGE_PROTOCOL,
        command=command,
        files=files,
        earlier=tuple(sorted({*old.earlier, *old.files.values()} - set(files.values()))),
        made=tuple(dict.fromkeys([*old.made, *map(str, folders)])),
        edits=_standing(home, old) + tuple(edit for edit, _ in found.edits),
        moves=tuple(move for move in old.moves if (home / move.target).exists()) + moves + aside,
    )
    record_changed = writing.read(home / RECORD) != dump(record)
    writes = [(name, content)] if current != content else []
    says = (
        [f"written: {writing.shown(home / name)} (Echelon {__version__}, bridge {BRIDGE_PROTOCOL})"] if writes else []
    )
    return Plan(
        home=home, record=record, record_changed=record_changed, folders=folders, writes=(*writes, *npm.items()),
        edits=found.edits, moves=(*moves, *aside, *saved), drops=drops, replaces=(*found.entries, *(found.files if move_files else ())),
        says=(*says, *_sentences(home, found, (*moves, *aside, *saved))),
    )  # fmt: skip


def perform(plan: Plan) -> None:
    """Do what the plan says. Raises WorldError, or ConflictError DOCUMENT_CHANGED when a person wrote meanwhile;
    in both cases asking again goes on, and uninstalling goes back."""
    sweep(plan.home)
    for folder in plan.folders:
        writing.make_folder(folder)
    if plan.record_changed:
        writing.put(plan.home / RECORD, dump(plan.record), RECORD_MODE)
    for move in plan.moves:
        writing.move(plan.home / move.source, plan.home / move.target)
    for name, content in plan.writes:
        writing.put(plan.home / name, content)
    for edit, content in plan.edits:
        writing.change(plan.home / edit.path, edit.before, content)
    for name in plan.drops:
        writing.remove(plan.home / name)
    if plan.drops:
        writing.remove_folder_if_empty(plan.home / seed.MODULES)


def sweep(home: Path) -> None:
    """Remove what a killed run left half written; links are followed, for there it lies beside the target."""
    bridges = [f"{folder}/{seed.BRIDGE}" for folder in seed.PLUGIN_FOLDERS]
    for name in (RECORD, *peer.CONFIGS, *seed.seed_files(), *bridges):
        scratch = writing.temporary((home / name).resolve())
        if os.path.lexists(scratch):
            writing.remove(scratch)


def private_config(
    folder: Path, bridge: bytes | None = None, command: tuple[str, ...] = COMMAND, opencode_version: str = ""
) -> Path:
    """A configuration folder for servers that Echelon starts itself (OPENCODE_CONFIG_DIR): bridge, record, seed.

    Made when it is missing, closed to others, brought up to date otherwise; nothing is written when all is right.
    """
    for place in writing.missing_folders(folder):
        writing.make_folder(place, 0o700)
    plan = plan_install(folder, opencode_version, bridge=bridge, command=command, keep_peers=True)
    perform(plan)
    return folder


def status(home: Path, bridge: bytes | None = None) -> Installed:
    """What is installed in `home`; never changes anything. Raises as plan_install does."""
    found = peer.find_peers(home)
    peers = (*found.entries, *found.files)
    record = load(home)
    if record is None:
        return Installed("", up_to_date=False, peers=peers)
    names = [name for name in record.files if name.endswith(seed.BRIDGE)]
    contents = {name: writing.read(home / name) for name in names}
    modified = tuple(name for name, now in contents.items() if writing.digest(now or b"") != record.files[name])
    source = bridge_source() if bridge is None else bridge
    fresh = record.version == __version__ and source in contents.values() and Path(record.command[0]).exists()
    npm = seed.why_not(home) if not (home / seed.MODULES).is_dir() or _drops(home, record) else ""
    return Installed(record.version, fresh and not modified, modified, peers, npm)


# ----------------------------------------------------------------------------------------------- planning


def plugin_folder(home: Path) -> Path:
    """Where the bridge goes. OpenCode resolves links, and the record must be beside the folder the bridge is in."""
    for name in seed.PLUGIN_FOLDERS:
        if not (home / name).is_symlink():
            return home / name
    raise WorldError(
        "OPENCODE_PLUGIN_LINKED", f"plugin and plugins in {home} are both links.", "make one of them a folder"
    )


def intact_seed(home: Path, record: Record) -> tuple[str, ...]:
    """The seed's files, when they are as we wrote them and npm has put nothing beside them."""
    modules = home / seed.MODULES
    names = [name for name in seed.seed_files() if name in record.files]
    known = {*record.earlier, *record.files.values()}
    there = {name: now for name in names if (now := writing.read(home / name)) is not None}
    with writing.failing_as("list", modules):
        filled = modules.is_dir() and any(modules.iterdir())
    untouched = all(writing.digest(now) in known for now in there.values())
    return tuple(there) if untouched and not filled else ()


def _seeding(home: Path, version: str, leaving: tuple[Path, ...]) -> dict[str, bytes]:
    """The files of the seed that are missing and may be written."""
    if seed.why_not(home, leaving):
        return {}
    return {name: content for name, content in seed.seed_files(version).items() if writing.read(home / name) is None}


def _drops(home: Path, record: Record) -> tuple[str, ...]:
    """The seed, once a plugin or tool of somebody else is there that may need what it keeps OpenCode from installing."""
    return intact_seed(home, record) if seed.code_of_others(home) else ()


def _standing(home: Path, old: Record) -> tuple[Edit, ...]:
    """The edits of earlier runs, without those that were recorded and never came to be."""
    return tuple(edit for edit in old.edits if writing.digest(writing.read(home / edit.path) or b"") != edit.before)


def _aside(
    home: Path, name: str, current: bytes | None, content: bytes, old: Record
) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """A file under the bridge's name that is not as we wrote it is somebody's work, and moves away.

    First the move that uninstalling takes back (the file was there before us), then one that it does not (ours, changed).
    """
    if current is None or current == content or writing.digest(current) in {*old.files.values(), *old.earlier}:
        return (), ()
    if not old.version and current.startswith(HEADER):  # ours, its record lost
        return (), ()
    pending = tuple(move for move in old.moves if move.source == name and not (home / move.target).exists())
    if pending or name not in old.files:
        return pending or (Move(name, writing.free_name(home, f"{peer.BACKUP}/{name}")),), ()
    return (), (Move(name, writing.free_name(home, f"{name}.saved")),)


def _folders(home: Path, files: list[Path], seeded: bool) -> tuple[Path, ...]:
    places = [file.parent for file in files] + ([home / seed.MODULES] if seeded else [])
    return tuple(sorted({missing for place in places for missing in writing.missing_folders(place)}))


def _sentences(home: Path, found: peer.Found, moves: tuple[Move, ...]) -> list[str]:
    says = [f"{move.source} is put aside: {writing.shown(home / move.target)}" for move in moves]
    stays = [source for source in found.files if source not in {move.source for move in moves}]
    return says + [f"{source} stays and is loaded beside Echelon; --yes puts it aside" for source in stays]
