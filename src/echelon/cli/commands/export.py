"""echelon export"""

from __future__ import annotations

import json
from importlib import resources

import click

from echelon.cli import opening, render
from echelon.core.exporting import data, mermaid


@click.command(
    name="export",
    help="The whole portfolio for other programs: JSON with criteria, checks, dependencies, states and evidence, or a "
    "Mermaid graph of what waits for what.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["json", "mermaid", "schema"]),
    default="json",
    show_default=True,
    help="`schema` is the JSON Schema of the JSON.",
)
@click.option("--out", metavar="FILE", help="Write it there instead of to standard output.")
@click.option("--force", is_flag=True, help="Replace FILE even when it is not an export of Echelon.")
def command(kind: str, out: str | None, force: bool) -> int:
    if force and out is None:
        raise click.UsageError("--force belongs to --out FILE.")
    text = schema() if kind == "schema" else _text(kind)
    if out is None:
        render.say(text.rstrip("\n"))
        return 0
    from echelon.cli.saving import save_text

    render.say(f"wrote {save_text(text, out, ours=is_ours, force=force)}")
    return 0


def _text(kind: str) -> str:
    value = data.export(opening.world())
    if kind == "json":  # bytes that are not UTF-8 are kept in the files, and are no text for others
        written = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return json.dumps(json.loads(written), indent=2, ensure_ascii=True) + "\n"
    text = mermaid.mermaid(value)
    drawn = mermaid.edges(text)
    if drawn > mermaid.EDGES_DRAWN_MAX:
        render.complain(
            f"note: {drawn} arrows; Mermaid draws {mermaid.EDGES_DRAWN_MAX} unless maxEdges is raised where it is shown"
        )
    return text


def schema() -> str:
    """The JSON Schema of an export, as the package holds it."""
    return (resources.files("echelon") / "schemas" / "export-1.json").read_text("utf-8")


def is_ours(start: str) -> bool:
    """Whether a file begins as an export does."""
    return start.startswith(
        (
            mermaid.MARK,
            f'{{\n  "$schema": "{data.SCHEMA}"',
            '{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "$id": "' + data.SCHEMA,
        )
    )
