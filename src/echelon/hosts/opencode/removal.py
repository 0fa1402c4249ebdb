"""Echelon out of a person's OpenCode again: every byte as it was, and what a person changed since kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from echelon.errors import EchelonError
from echelon.hosts.opencode import jsonc, seed, writing
from echelon.hosts.opencode.install import HEADER, bridge_source, intact_seed, sweep
from echelon.hosts.opencode.peer import decoded
from echelon.hosts.opencode.record import RECORD, Edit, Record, load
from echelon.hosts.opencode.writing import shown


@dataclass(slots=True)
class _Way:
    """One uninstallation under way: what was said, and whether the record must be kept for a person."""

    home: Path
    record: Record
    says: list[str] = field(default_factory=list)
    owes: bool = False


def uninstall(home: Path, bridge: bytes | None = None) -> tuple[str, ...]:
    """Undo what was installed in `home`; the sentences to say, none when nothing was installed.

    Every step looks whether it is still to be done, so a run that was killed is finished by the next. What cannot be
    put back is said, and stays in echelon.json.saved. Raises WorldError, INSTALL_RECORD_BROKEN.
    """
    record = load(home)
    sweep(home)
    if record is None:
        return _without_record(home, bridge_source() if bridge is None else bridge)
    way = _Way(home, record)
    for edit in reversed(record.edits):
        _undo_edit(way, edit)
    for name in record.files:
        if name.endswith(seed.BRIDGE):
            _take_bridge(way, name)
    for move in reversed(record.moves):
        _move_back(way, move.source, move.target)
    _take_seed(way)
    if way.owes:
        kept = writing.free_name(home, f"{RECORD}.saved")
        writing.move(home / RECORD, home / kept)
        way.says.append(f"what could not be put back is in {shown(home / kept)}")
    for folder in sorted(map(Path, record.made), reverse=True):
        if folder != home and not home.is_relative_to(folder):
            writing.remove_folder_if_empty(folder)
    writing.remove(home / RECORD)
    for folder in sorted(map(Path, record.made), reverse=True):
        writing.remove_folder_if_empty(folder)
    return (*way.says, f"Echelon {record.version} is out of {shown(home)}")


def _without_record(home: Path, bridge: bytes) -> tuple[str, ...]:
    """A bridge whose record is gone cannot start anything; it goes, and nothing else is known."""
    for name in (f"{folder}/{seed.BRIDGE}" for folder in seed.PLUGIN_FOLDERS):
        content = writing.read(home / name)
        if content == bridge:
            writing.remove(home / name)
            return (f"{shown(home / name)} is removed; its record was gone, so nothing else was undone",)
        if content is not None and content.startswith(HEADER):
            kept = writing.free_name(home, f"{name}.saved")
            writing.move(home / name, home / kept)
            return (f"{shown(home / name)} is kept as {shown(home / kept)}; its record was gone",)
    return ()


def _undo_edit(way: _Way, edit: Edit) -> None:
    path = way.home / edit.path
    names = ", ".join(text for _, text in edit.entries)
    content = writing.read(path)
    if content is None:
        way.owes = True
        way.says.append(f"{shown(path)} is gone, so {names} was not put back into it")
        return
    if writing.digest(content) == edit.before:
        return
    try:
        text = decoded(path, content)
        new = _restored(text, str(path), edit, exact=writing.digest(content) == edit.after)
    except EchelonError as error:
        way.owes = True
        way.says.append(f"{names} was not put back: {error.message}")
        return
    if new != text:
        writing.change(path, writing.digest(content), new.encode())
        way.says.append(f"{names} is back in {shown(path)}")


def _restored(text: str, source: str, edit: Edit, exact: bool) -> str:
    """The text with what the edit took out: its own bytes when nothing changed since, else where it stood, else near."""
    if exact:
        return jsonc.put_back(text, edit.cuts)
    there = {entry.spec for entry in jsonc.read_entries(text, source)}
    missing = tuple((index, element) for index, element in edit.entries if jsonc.spec_of(element) not in there)
    if len(missing) == len(edit.entries):
        specs = [jsonc.spec_of(element) for _, element in missing]
        found = jsonc.put_back_by_context(text, source, edit.cuts, specs)
        if found is not None:
            return found
    return jsonc.insert_entries(text, source, missing)


def _take_bridge(way: _Way, name: str) -> None:
    path = way.home / name
    content = writing.read(path)
    if content is None or any(
        move.source == name and not (way.home / move.target).exists() for move in way.record.moves
    ):
        return  # gone, or still the file that was there before us
    if writing.digest(content) in {way.record.files[name], *way.record.earlier}:
        writing.remove(path)
        return
    kept = writing.free_name(way.home, f"{name}.saved")
    writing.move(path, way.home / kept)
    way.says.append(f"{shown(path)} was changed since; it is kept as {shown(way.home / kept)}")


def _take_seed(way: _Way) -> None:
    for name in intact_seed(way.home, way.record):
        writing.remove(way.home / name)
    left = [name for name in seed.seed_files() if name in way.record.files and (way.home / name).exists()]
    if left:
        way.says.append(f"{', '.join(left)} in {shown(way.home)} stay: npm or somebody has used them since")


def _move_back(way: _Way, source: str, target: str) -> None:
    if not (way.home / target).exists():
        return
    if (way.home / source).exists():
        way.says.append(f"{shown(way.home / source)} is there again, so {shown(way.home / target)} stays")
        return
    writing.move(way.home / target, way.home / source)
    way.says.append(f"{source} is back")
