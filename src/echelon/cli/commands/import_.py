"""echelon import"""

from __future__ import annotations

from pathlib import Path

import click

from echelon.cli import opening, render
from echelon.core.decide import Refusal
from echelon.core.importing import formats
from echelon.core.importing.model import Imported, Row
from echelon.engine.gathering import gather
from echelon.engine.importing import Brought, bring_in, workspace_of

NOTES_SHOWN_MAX = 40
ROWS_SHOWN_MAX = 100


@click.command(
    name="import",
    help="Read tasks of another tool into a spec and a backlog: Backlog.md, Spec Kit, Task Master, OpenSpec, BMAD, GitHub "
    "issues, or a Markdown list. Nothing is overwritten, and what could not be taken over is said with its place.",
)
@click.argument("path")
@click.option(
    "--format",
    "name",
    type=click.Choice(list(formats.FORMATS)),
    help="The format, where it is not recognised by itself.",
)
@click.option(
    "--to", metavar="FOLDER", default="", help="Folder for spec.md and backlog.md inside the workspace; .opencode else."
)
@click.option("--all", "everything", is_flag=True, help="Take what is done, archived or dropped there too, as pending.")
@click.option("--dry-run", is_flag=True, help="Say what would be read and written, and write nothing.")
@click.option(
    "--language", type=click.Choice(["en", "fr"]), help="Language of the new files; that of the settings else."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    path: str, name: str | None, to: str, everything: bool, dry_run: bool, language: str | None, as_json: bool
) -> int:
    workspace = workspace_of(Path.cwd())
    tongue = workspace.config.language if language is None else "fr" if language == "fr" else "en"
    imported = formats.read(gather(path), tongue, workspace.root.name, name or "", everything=everything)
    brought = bring_in(workspace, imported, to, tongue, dry=dry_run)
    if isinstance(brought, Refusal):
        if dry_run and not as_json:  # what was read is worth seeing all the same
            for line in report(imported, Brought((), ()), dry=True)[:-1]:
                render.say(line)
        return opening.refused(brought, as_json=as_json)
    if as_json:
        render.document(report_json(imported, brought, dry=dry_run))
        return 0
    for line in report(imported, brought, dry=dry_run):
        render.say(line)
    return 0


def report(imported: Imported, brought: Brought, *, dry: bool) -> list[str]:
    """What happened, or would: the items, what was left out, the notes, the files, the next step."""
    total = len(imported.rows) + len(imported.left_out)
    lines = [f"read as {imported.format}: {_count(total, 'task')}, {len(imported.rows)} to do"]
    lines += [_row(row) for row in imported.rows[:ROWS_SHOWN_MAX]]
    lines += [f"  … and {len(imported.rows) - ROWS_SHOWN_MAX} more"] if len(imported.rows) > ROWS_SHOWN_MAX else []
    if imported.left_out:
        lines.append(
            f"left out {_count(len(imported.left_out), 'task')}, because only proof makes an item delivered here:"
        )
        lines += [
            f"  {row.origin or row.path}  {row.title}  ({row.why})" for row in imported.left_out[:NOTES_SHOWN_MAX]
        ]
        hidden = len(imported.left_out) - NOTES_SHOWN_MAX
        lines += [f"  … and {hidden} more"] if hidden > 0 else []
        lines.append("  --all takes them as pending")
    if imported.notes:
        lines.append(f"{_count(len(imported.notes), 'note')} about what could not be taken over as it was:")
        lines += [f"  {note}" for note in imported.notes[:NOTES_SHOWN_MAX]]
        hidden = len(imported.notes) - NOTES_SHOWN_MAX
        lines += [f"  … and {hidden} more; --json shows all"] if hidden > 0 else []
    lines += [f"{'would write' if dry else 'wrote'} {path}" for path in brought.written]
    lines += [f"{'would keep' if dry else 'kept'} {path}" for path in brought.kept]
    if brought.unlisted:
        lines.append(
            f"no program.md lists {brought.unlisted}, so nothing of it starts: add `### PRJ-001 — …` with `- Path: {brought.unlisted}`"
        )
    return [*lines, f"Next: {_next(imported, dry=dry)}"]


def _row(row: Row) -> str:
    waits = f", after {', '.join(row.depends)}" if row.depends else ""
    return f"  {row.id}  {row.title}  [{row.origin}]  {_count(row.criteria, 'criterion', 'criteria')}{waits}"


def _count(number: int, word: str, several: str = "") -> str:
    return f"{number} {word if number == 1 else several or word + 's'}"


def _next(imported: Imported, *, dry: bool) -> str:
    if dry:
        return "the same without --dry-run"
    if not imported.rows:
        return "nothing is left to do there; --all takes what is done as pending"
    return (
        "give each item a check (— check: `command`), look with echelon doctor, commit .opencode, then echelon deliver"
    )


def report_json(imported: Imported, brought: Brought, *, dry: bool) -> dict[str, object]:
    return {
        "ok": True,
        "format": imported.format,
        "dryRun": dry,
        "items": [row.as_json() for row in imported.rows],
        "leftOut": [row.as_json() for row in imported.left_out],
        "notes": [{"path": note.path, "line": note.line, "text": note.text} for note in imported.notes],
        "written": list(brought.written),
        "kept": list(brought.kept),
    }
