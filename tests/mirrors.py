"""The smallest mirror that is one: a workspace's world, loaded when it is asked to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from echelon.core import report
from echelon.core.model import World
from echelon.engine.engine import Engine
from echelon.engine.places import Places
from echelon.engine.workspace import Workspace
from slots_world import write


class Still:
    """One workspace as it was at the last `look`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.workspace = engine.workspace
        self.revision = 0
        self.world: World = engine.world()

    def look(self) -> Still:
        self.world = self.engine.world()
        self.__dict__.pop("data", None)
        self.revision += 1
        return self

    @cached_property
    def data(self) -> Mapping[str, Any]:
        return report.status(self.world)

    def now(self) -> str:
        return self.workspace.clock.now()


def still(folder: Path, texts: Mapping[str, str]) -> Still:
    """A workspace without a repository, with these files."""
    root = folder / "shop"
    root.mkdir(parents=True)
    write(root, {path: text.encode("utf-8", "surrogateescape") for path, text in texts.items()})
    return Still(Engine(Workspace(root, Places(folder / "state", folder / "cache"), {})))


def entry(name: str, title: str, depends: str = "—", *, marker: str = " ", priority: int = 2, more: str = "") -> str:
    head = f"### {name} — {title}\n- Priority: P{priority}\n- Size: M\n- Status: [{marker}]\n- Depends on: {depends}\n"
    return f"{head}{more}- Acceptance criteria:\n  - [ ] it holds — check: `true`\n\n"


def portfolio(programs: int, projects: int, items: int) -> dict[str, str]:
    """Texts of an enterprise: every third item is delivered by nobody, every item waits for the one before."""
    top = "# Enterprise — Fleet\n\n- Capacity budget: 8\n- Strategy: equal\n- Parallelism: on\n\n"
    found = {}
    for p in range(1, programs + 1):
        program = f"PGM-{p:03}"
        top += f"### {program} — Program {p}\n- Priority: P{1 + p % 4}\n- Status: [/]\n- Depends on: —\n\n"
        folder = f".opencode/programs/{program}"
        inner = f"# Program — {program}\n\n"
        for j in range(1, projects + 1):
            project = f"PRJ-{j:03}"
            inner += f"### {project} — Project {j}\n- Priority: P2\n- Status: [/]\n- Depends on: —\n\n"
            rows = "".join(
                entry(
                    f"B{n:03}",
                    f"Thing {n} of {program}",
                    f"B{n - 1:03}" if n > 1 else "—",
                    marker="x" if n <= items // 3 else " ",
                    priority=1 + n % 4,
                    more=f"- Description: word{n} élan {project}\n",
                )
                for n in range(1, items + 1)
            )
            found[f"{folder}/projects/{project}/backlog.md"] = f"# Backlog — {project}\n\n---\n\n{rows}"
            found[f"{folder}/projects/{project}/spec.md"] = f"# Spec — {project}\n\n## Objective\nIts part.\n"
        found[f"{folder}/program.md"] = inner
    return {".opencode/enterprise.md": top, **found}
