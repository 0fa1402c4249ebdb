"""echelon install"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from echelon.cli import render
from echelon.errors import HostError
from echelon.hosts.opencode import binary, install
from echelon.hosts.opencode.writing import shown


@click.command(
    name="install",
    help="Put Echelon into OpenCode for all your projects: one file, and what it replaces. uninstall takes it back.",
)
@click.argument("host", type=click.Choice(["opencode"]), expose_value=False)
@click.option("--yes", is_flag=True, help="Do not ask: replace open-codining and opencode-orchestrator.")
@click.option("--keep-peer", is_flag=True, help="Leave open-codining and opencode-orchestrator where they are.")
def command(yes: bool, keep_peer: bool) -> int:
    version = _look_for_opencode()
    home = install.config_home()
    asks = not yes and not keep_peer and sys.stdin.isatty() and sys.stdout.isatty()
    plan = install.plan_install(home, version, keep_peers=keep_peer, move_files=yes or asks)
    for thing in plan.replaces:
        render.say(f"{thing} is replaced: Echelon reads the same files")
    if plan.replaces and asks and not click.confirm("Go on? echelon uninstall opencode puts it back", default=True):
        plan = install.plan_install(home, version, keep_peers=True)
        render.say("It stays; two orchestrators will answer in the same projects.")
    install.perform(plan)
    for line in plan.says:
        render.say(line)
    if plan.up_to_date:
        render.say(f"up to date: {shown(home)} (Echelon {plan.record.version})")
    render.say("Next: start opencode and choose ProjectCommander, or echelon deliver --host opencode.")
    return 0


def _look_for_opencode() -> str:
    """The version found, "" when there is none: what is installed here waits for it. A refused version is refused."""
    try:
        found = binary.find_opencode()
    except HostError as error:
        render.complain(str(error))
        return ""
    if found is None:
        render.say(f"OpenCode is not found; {binary.HOW_TO_GET_IT} brings it. Installing goes on, it is user-wide.")
        return ""
    judged = binary.judge_version(found.version)
    if judged.verdict == "refuse":
        raise HostError("OPENCODE_UNSUPPORTED", f"{found.path}: {judged.text}", binary.HOW_TO_GET_IT)
    render.say(f"OpenCode {found.version} found: {shown(Path(found.path))}")
    if judged.text:
        render.say(judged.text)
    return found.version
