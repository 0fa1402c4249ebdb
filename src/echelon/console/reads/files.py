"""The documents of the workspace: a list, and the text of one that stands in it. No other path is ever read."""

from __future__ import annotations

from collections.abc import Iterator

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, View, view
from echelon.core.config import PATHS
from echelon.core.decide import Refusal, refuse
from echelon.core.documents.render import one_line
from echelon.core.layout import ENTERPRISE
from echelon.core.model import ACTIVE, CONTEXT, TODO
from echelon.engine.world import decode

DOCUMENTS_MAX = 2_000
ARCHIVES = ".opencode/archive/"
ARCHIVES_MAX = 500  # the newest
TEXT_MAX = 4_000_000  # characters


class DocumentRow(Answer):
    """`scope`: the key of the program or project it is of. `copies`: working copies that say the same."""

    path: str
    kind: str
    scope: str
    exists: bool
    characters: int
    copies: list[str]


class Documents(Answer):
    files: list[DocumentRow]
    left_out: int


class DocumentText(Answer):
    """`cut`: there is more than is shown."""

    path: str
    exists: bool
    text: str
    cut: bool


def documents(mirror: Mirror) -> Documents:
    """What people and agents write and read: specs, backlogs, journals, the settings, the archives."""
    rows = list(_known(mirror, view(mirror)))
    return Documents(files=rows[:DOCUMENTS_MAX], left_out=max(0, len(rows) - DOCUMENTS_MAX))


def document(mirror: Mirror, path: str) -> DocumentText | Refusal:
    """The text of one document of the list. Refuses DOCUMENT_UNKNOWN."""
    seen = view(mirror)
    if path not in seen.once(
        "paths", lambda: {name for row in _known(mirror, seen) for name in (row.path, *row.copies)}
    ):
        return refuse("DOCUMENT_UNKNOWN", f"no document of this workspace is at {one_line(path, 120)}")
    text = seen.world.texts.get(path)
    if text is None:
        text = decode(mirror.workspace.store.read(path).content)
    shown = "" if text is None else text.encode("utf-8", "replace").decode("utf-8")
    return DocumentText(path=path, exists=text is not None, text=shown[:TEXT_MAX], cut=len(shown) > TEXT_MAX)


def _known(mirror: Mirror, seen: View) -> Iterator[DocumentRow]:
    portfolio = seen.world.portfolio
    if portfolio.document is not None:
        yield _row(seen, ENTERPRISE, "enterprise", "")
    for program in portfolio.programs:
        if program.document is not None:
            copies = program.files.copies().get(program.files.document, ())
            yield _row(seen, program.files.document, "program", program.key, copies)
        for project in program.projects:
            copies_of = project.files.copies()
            places = (
                ("spec", project.files.spec),
                ("backlog", project.files.backlog),
                ("journal", project.files.journal),
            )
            for kind, path in places:
                yield _row(seen, path, kind, project.key, copies_of.get(path, ()))
    for path, kind in ((ACTIVE, "active item"), (CONTEXT, "context"), (TODO, "todo")):
        if seen.world.texts.get(path) is not None:
            yield _row(seen, path, kind, seen.world.scope)
    for path in PATHS:
        if path == mirror.workspace.config.source:
            yield DocumentRow(path=path, kind="settings", scope="", exists=True, characters=0, copies=[])
    written = sorted(path for path in mirror.workspace.store.documents() if path.startswith(ARCHIVES))
    for path in written[-ARCHIVES_MAX:]:
        yield DocumentRow(path=path, kind="archive", scope="", exists=True, characters=0, copies=[])


def _row(seen: View, path: str, kind: str, scope: str, copies: tuple[str, ...] = ()) -> DocumentRow:
    text = seen.world.texts.get(path)
    return DocumentRow(
        path=path, kind=kind, scope=scope, exists=text is not None, characters=len(text or ""), copies=list(copies)
    )
