"""echelon init"""

from __future__ import annotations

from pathlib import Path

import click

from echelon.cli import render
from echelon.engine.adopt import adopt
from echelon.engine.workspace import FOLDER
from echelon.hosts.opencode import install, seed


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
    if _bridge_is_installed():
        # Else OpenCode installs 63 MB of npm packages here, and waits for them whenever there is no network.
        kept = seed.seed(Path.cwd() / FOLDER).kept
        render.say(f"OpenCode may wait for npm here: {kept}" if kept else "OpenCode does not wait for npm here")
    render.say(f"Next: {made.next_step}")
    return 0


def _bridge_is_installed() -> bool:
    return (install.config_home() / "echelon.json").is_file()
