"""echelon verify"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from echelon.cli import opening, render
from echelon.core.levels.escalations import every
from echelon.engine.verification import Verification, verify
from echelon.engine.workspace import Workspace
from echelon.engine.world import Loader


@click.command(name="verify", help="Run the proof again: of all items or those named, here or in any plain clone.")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--from", "clone", type=click.Path(exists=True, file_okay=False), help="A clone of the repository.")
@click.option("--no-run", is_flag=True, help="Check records, chain and trees only; run no check.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(items: tuple[str, ...], clone: str | None, no_run: bool, as_json: bool) -> int:
    workspace = Workspace(Path(clone)) if clone else opening.workspace()
    found = verify(workspace, items, rerun=not no_run, tell=(lambda _line: None) if as_json else render.say)
    pending = waiting(workspace)
    if as_json:
        render.document({**verification_json(found), "escalations": pending})
    else:
        show(found, no_run)
        for identifier in pending:
            render.say(f"? {identifier} waits for a decision; what it concerns is not delivered")
    return 0 if found.holds else 1


def waiting(workspace: Workspace) -> list[str]:
    """Ids of the pending escalations of every level."""
    world = Loader(workspace.store, workspace.config).load().world
    return [row.escalation.id for row in every(world) if row.escalation.pending]


def show(found: Verification, no_run: bool = False) -> None:
    word = "holds on record" if no_run else "holds"
    for proof in found.proofs:
        if proof.holds:
            render.say(f"✓ {proof.item}  {proof.commit[:12]}  {proof.coverage}: {word}")
        else:
            render.complain(f"✗ {proof.item}  {proof.commit[:12]}")
            for problem in proof.problems:
                render.complain(f"    [{problem.code}] {problem.message}")
    for problem in found.problems:
        render.complain(f"✗ [{problem.code}] {problem.message}")
    good = sum(1 for proof in found.proofs if proof.holds)
    render.say(f"{good} of {len(found.proofs)} statement(s) hold")


def verification_json(found: Verification) -> dict[str, Any]:
    return {
        "ok": found.holds,
        "proofs": [
            {
                "item": proof.item,
                "mission": proof.mission,
                "commit": proof.commit,
                "coverage": proof.coverage,
                "holds": proof.holds,
                "problems": [{"code": row.code, "message": row.message} for row in proof.problems],
                "runs": {command: list(outcomes) for command, outcomes in proof.runs.items()},
            }
            for proof in found.proofs
        ],
        "problems": [{"code": row.code, "message": row.message} for row in found.problems],
    }
