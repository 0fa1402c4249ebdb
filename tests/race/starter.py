"""A process that starts items when it is told to: one line in, `MODE FOLDER`, one line out, `started` or a code."""

from __future__ import annotations

import sys
from pathlib import Path

from echelon.actions.table import perform
from echelon.core.decide import Refusal
from echelon.dispatch.deliver import Delivery
from echelon.engine.engine import Engine
from echelon.engine.places import Places
from echelon.engine.workspace import Workspace
from echelon.errors import EchelonError
from echelon.hosts.scripted import ScriptedHost


def start(mode: str, folder: Path) -> str:
    engine = Engine(Workspace(folder / "shop", Places(folder / "state", folder / "cache")))
    name, _, project = mode.partition(":")
    where = {"backlog_path": f".opencode/programs/PGM-001/projects/{project}/backlog.md"}
    if name == "deliver":
        return deliver(engine)
    answer = perform(engine, name, {**where, "max_slots": 4} if name == "parallel_start_item" else where)
    return answer.code if isinstance(answer, Refusal) else "started"


def deliver(engine: Engine) -> str:
    """As `echelon deliver --slots 2`, stopped as soon as anything is in flight."""
    started: list[str] = []
    host = ScriptedHost(engine.workspace.root / "playbook", engine.workspace.root)
    run = Delivery(
        engine, host, lambda event: started.append(event.item) if event.kind == "started" else None,
        lambda: bool(engine.world().missions), slots=2,
    )  # fmt: skip
    with engine.workspace.delivering("deliver"):
        outcome = run.run()
    return "started" if started else outcome.code


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        mode, _, folder = line.rstrip("\n").partition(" ")
        try:
            said = start(mode, Path(folder))
        except EchelonError as error:
            said = error.code
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
