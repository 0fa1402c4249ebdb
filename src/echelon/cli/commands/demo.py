"""echelon demo"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import click

from echelon.cli import render
from echelon.cli.commands.deliver import deliver, show
from echelon.core import report, requests
from echelon.core.decide import Decision
from echelon.core.documents.grammar import State
from echelon.core.levels.escalations import every
from echelon.core.portfolio import item_key, local, scope_of
from echelon.engine.engine import Engine
from echelon.engine.example import EXAMPLES, PORTFOLIO, git, lay_out
from echelon.engine.workspace import Workspace
from echelon.hosts.scripted import ScriptedHost

ROUNDS_MAX = 5
KILLED_AFTER = 4  # items delivered, and then the demo kills its own delivery
ANSWERS = ".opencode/playbook/answers.toml"


@click.command(
    name="demo",
    help="Copy an example to DIR, make it a git repository, deliver it with the scripted host, and leave it there to look at.",
)
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(file_okay=False))
@click.option("--example", type=click.Choice(EXAMPLES), help=f"Which example.  [default: {EXAMPLES[0]}]")
@click.option(
    "--portfolio", is_flag=True, help="Two programs, four projects, four slots; killed once on the way, and it goes on."
)
def command(folder: str | None, example: str | None, portfolio: bool) -> int:
    name = example or (PORTFOLIO if portfolio else EXAMPLES[0])
    target = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="echelon-demo-")) / name
    lay_out(name, target)
    render.say(f"The example is in {target}\n")
    if portfolio:
        _killed(target)
    engine = Engine(Workspace(target))
    code = _rounds(engine, ScriptedHost(target / ".opencode" / "playbook", target))
    render.say("")
    render.markdown(report.markdown(report.status(engine.world())))
    render.say(f"Look around in {target}: git log, echelon report, echelon verify.")
    render.say(f"The proof needs none of this folder's state: git clone {target} copy && echelon verify --from copy")
    return code


def _rounds(engine: Engine, host: ScriptedHost) -> int:
    """Deliver, play the person where one is waited for, and deliver again."""
    code = 1
    for _ in range(ROUNDS_MAX):
        outcome = deliver(engine, host)
        show(outcome)
        code = {"done": 0, "blocked": 1, "stopped": 130}[outcome.status]
        if code != 1 or not (answer(engine) | resume(engine)):
            break
    return code


def _killed(target: Path) -> None:
    """A delivery in a process of its own, killed without warning when a few items are delivered."""
    child = subprocess.Popen(
        [sys.executable, "-m", "echelon", "deliver"], cwd=target, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    delivered = 0
    assert child.stdout is not None, "it was asked for"
    for line in child.stdout:
        render.say(line.rstrip("\n"))
        delivered += line.startswith("✓")
        if delivered >= KILLED_AFTER:
            break
    if child.poll() is None:
        _kill(child)
        render.say("\n(kill -9: the delivery is gone, in the middle of its work; the same command goes on)\n")
    child.stdout.close()
    child.wait()


def _kill(child: subprocess.Popen[str]) -> None:
    if hasattr(os, "killpg"):
        os.killpg(child.pid, signal.SIGKILL)  # its own group: with the checks it runs
    else:
        child.kill()


def answer(engine: Engine) -> bool:
    """Play the person: answer what agents asked, from a file."""
    path = engine.workspace.root / ANSWERS
    answers = tomllib.loads(path.read_text("utf-8"))["answers"] if path.is_file() else []
    decided = False
    for row in every(engine.world()):
        for given in answers:
            asked = row.escalation.pending and scope_of(given["item"]) == row.scope
            if asked and local(given["item"]) in row.escalation.context:
                render.say(f"\n(you answer {row.escalation.id}: {given['decision']})")
                said = engine.ask(requests.ResolveEscalation(row.escalation.id, given["decision"]))
                decided = decided or isinstance(said, Decision)
    return decided


def resume(engine: Engine) -> bool:
    """Play the person: look at what was suspended, commit the changed state files, and bring the items back."""
    parked = [
        item_key(project.key, entry.id)
        for project in engine.world().portfolio.projects()
        for entry in (project.backlog.entries if project.backlog else ())
        if entry.state is State.SUSPENDED
    ]
    for key in parked:
        render.say(
            f"\n(you read why {key} was suspended, commit the state files, and: echelon call backlog_resume_item)"
        )
        commit_state(engine)
        render.say(str(getattr(engine.ask(requests.ResumeItem(key)), "message", "")))
    return bool(parked)


def commit_state(engine: Engine) -> None:
    """The person's own `git add .opencode && git commit`, where there is something to commit."""
    git(engine.workspace.root, "add", ".opencode")
    git(engine.workspace.root, "commit", "-q", "--allow-empty", "-m", "docs: the state files as they are now")
