"""echelon uninstall"""

from __future__ import annotations

import click

from echelon.cli import render
from echelon.hosts.opencode import install, removal
from echelon.hosts.opencode.writing import shown


@click.command(name="uninstall", help="Take Echelon out of OpenCode, and put back what install replaced.")
@click.argument("host", type=click.Choice(["opencode"]), expose_value=False)
def command() -> int:
    home = install.config_home()
    for line in removal.uninstall(home) or (f"Echelon is not installed in {shown(home)}",):
        render.say(line)
    return 0
