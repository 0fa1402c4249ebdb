"""echelon init"""

from __future__ import annotations

from pathlib import Path

import click

from echelon.cli import render
from echelon.engine.adopt import adopt


@click.command(
    name="init",
    help="Adopt the repository you stand in: write the .opencode files that are missing, never overwrite one.",
)
@click.option(
    "--language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Language of new files."
)
def command(language: str) -> int:
    made = adopt(Path.cwd(), "fr" if language == "fr" else "en")
    for line in made.lines:
        render.say(line)
    render.say(f"Next: {made.next_step}")
    return 0
