"""echelon demo"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from echelon.cli import render
from echelon.cli.commands.deliver import deliver, show
from echelon.core import report, requests
from echelon.core.documents.grammar import State
from echelon.engine.engine import Engine
from echelon.engine.example import EXAMPLES, lay_out
from echelon.engine.workspace import Workspace
from echelon.hosts.scripted import ScriptedHost

ROUNDS_MAX = 5


@click.command(
    name="demo",
    help="Copy an example to DIR, make it a git repository, deliver it with the scripted host, and leave it there to look at.",
)
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(file_okay=False))
@click.option("--example", type=click.Choice(EXAMPLES), default=EXAMPLES[0], show_default=True, help="Which example.")
def command(folder: str | None, example: str) -> int:
    target = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="echelon-demo-")) / example
    lay_out(example, target)
    render.say(f"The example is in {target}\n")
    engine = Engine(Workspace(target))
    host = ScriptedHost(target / ".opencode" / "playbook", target)
    code = 1
    for _ in range(ROUNDS_MAX):
        outcome = deliver(engine, host)
        show(outcome)
        code = {"done": 0, "blocked": 1, "stopped": 130}[outcome.status]
        if code != 1 or not _resume(engine):
            break
    render.say("")
    render.markdown(report.markdown(report.status(engine.world())))
    render.say(f"Look around in {target}: git log, echelon report, echelon verify.")
    render.say(f"The proof needs none of this folder's state: git clone {target} copy && echelon verify --from copy")
    return code


def _resume(engine: Engine) -> bool:
    """Play the person: look at what was suspended, commit the changed state files, and bring the items back."""
    backlog = engine.world().backlog
    parked = [entry.id for entry in backlog.entries if entry.state is State.SUSPENDED] if backlog else []
    for item in parked:
        render.say(f"\n(you read why {item} was suspended, commit the new spec, and: echelon call backlog_resume_item)")
        commit_state(engine)
        render.say(str(getattr(engine.ask(requests.ResumeItem(item)), "message", "")))
    return bool(parked)


def commit_state(engine: Engine) -> None:
    """The person's own `git add .opencode && git commit`."""
    from echelon.engine.example import git

    git(engine.workspace.root, "add", ".opencode/spec.md", ".opencode/backlog.md")
    git(engine.workspace.root, "commit", "-q", "-m", "docs: the spec as it is now")
