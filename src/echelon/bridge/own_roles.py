"""Which text a role reads in a workspace: Echelon's in the language of the workspace's files, or the person's own.

A file `.opencode/roles/Worker.md` takes the place of Echelon's text for Worker; the role's tools, rights and contract
stay as they are. Read when OpenCode starts. In a slot the person's workspace is asked, never the slot: what lies there
is the agent's. Imports what reads documents only where a workspace is, because OpenCode waits for the greeting.
"""

from __future__ import annotations

from pathlib import Path

from echelon.bridge.places import RECORD, below_workspaces
from echelon.core.documents.grammar import Language
from echelon.core.layout import ROLE_BYTES_MAX, ROLES
from echelon.engine.places import FOLDER, Places, nearest_workspace
from echelon.slots.places import read_record, read_small

_LOOKED_AT = 20_000  # bytes of a document by which its language is known
_SETTINGS_MAX = 1_000_000
_DOCUMENTS = ("backlog.md", "program.md", "enterprise.md")


def workspace_of(directory: str, places: Places) -> Path | None:
    """The folder that holds `.opencode`: of a slot the workspace it belongs to, else the nearest one upwards."""
    if parts := below_workspaces(directory, places):
        root = (read_record(places.state / "workspaces" / parts[0] / RECORD) or {}).get("root")
        return Path(root) if isinstance(root, str) and (Path(root) / FOLDER).is_dir() else None
    return nearest_workspace(Path(directory))


def language_of(root: Path) -> Language:
    """That of its backlog, program or portfolio, the first there is; else the setting."""
    from echelon.core.documents import entries

    for name in _DOCUMENTS:
        with_entries = _read(root / FOLDER / name, _LOOKED_AT)
        if "### " in with_entries:
            return entries.language_of(with_entries)
    return _setting(root)


def _setting(root: Path) -> Language:
    from echelon.core import config

    for path in config.PATHS:
        if (root / path).is_file():
            return config.parse(_read(root / path, _SETTINGS_MAX), path)[0].language
    return "en"


def texts(root: Path, language: Language) -> dict[str, str]:
    """Role -> the person's text for it, filled in like ours. A file that is empty or too long counts as none."""
    if not (root / ROLES).is_dir():
        return {}
    from echelon.bridge import roles

    found = {}
    for role in roles.ROLES.values():
        written = read_small(root / ROLES / f"{role.name}.md", ROLE_BYTES_MAX + 1)
        text = written.decode("utf-8", "replace").strip()
        if text and len(written) <= ROLE_BYTES_MAX:
            found[role.name] = roles.filled(role, text, language)
    return found


def _read(path: Path, most: int) -> str:
    try:
        with path.open("rb") as file:
            return file.read(most).decode("utf-8", "replace")
    except OSError:
        return ""
