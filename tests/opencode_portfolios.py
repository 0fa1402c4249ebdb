"""A small portfolio: two programs, three projects, six items, budget 3, and a dependency across projects.

    PGM-001  PRJ-001  B001, B002 (after B001)        PGM-002  PRJ-001  B001, B002
             PRJ-002  B001 (after PRJ-001/B001), B002

Ids repeat on purpose: only keys tell them apart. Each item is proved by a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echelon.core.portfolio import item_key
from slots_world import plain, write
from workspaces import CONFIG, QUIET_SPEC, Shop, backlog, check, item

PROJECTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "PGM-001/PRJ-001": (("B001", "—"), ("B002", "B001")),
    "PGM-001/PRJ-002": (("B001", "PRJ-001/B001"), ("B002", "—")),
    "PGM-002/PRJ-001": (("B001", "—"), ("B002", "—")),
}
KEYS = tuple(item_key(project, name) for project, rows in PROJECTS.items() for name, _ in rows)


def file_of(key: str) -> str:
    """The file whose word "done" proves the item."""
    return f"{key.replace('/', '-')}.txt"


def folder(project: str) -> str:
    program, _, name = project.partition("/")
    return f".opencode/programs/{program}/projects/{name}"


def entry(name: str, title: str, state: str = " ", depends: str = "—") -> str:
    return f"### {name} — {title}\n- Priority: P2\n- Status: [{state}]\n- Depends on: {depends}\n\n"


def files(parallel: bool = False, budget: int = 3, states: Mapping[str, str] | None = None) -> dict[str, str]:
    """Path -> text. `states`: marker of a program or project by key, " " for the others."""
    marks = states or {}
    switch = "- Parallelism: on\n" if parallel else ""
    programs = "".join(entry(name, f"Title of {name}", marks.get(name, " ")) for name in ("PGM-001", "PGM-002"))
    found = {".opencode/enterprise.md": f"# Enterprise — Shop\n\n- Capacity budget: {budget}\n{switch}\n{programs}"}
    for program in ("PGM-001", "PGM-002"):
        rows = [key for key in PROJECTS if key.startswith(program)]
        text = "".join(entry(key.partition("/")[2], f"Title of {key}", marks.get(key, " ")) for key in rows)
        found[f".opencode/programs/{program}/program.md"] = f"# Program — {program}\n\n{text}"
    for key, rows in PROJECTS.items():
        items = [item(name, check(f"grep -qx done {file_of(f'{key}/{name}')}"), depends=after) for name, after in rows]
        found[f"{folder(key)}/spec.md"] = QUIET_SPEC
        found[f"{folder(key)}/backlog.md"] = backlog(*items)
    return found


def shop(
    where: Path, parallel: bool = False, states: Mapping[str, str] | None = None, config: Mapping[str, Any] = CONFIG
) -> Shop:
    made = Shop.make(where, "", {}, config=config, git=False)
    for name in ("spec.md", "backlog.md"):
        (made.root / ".opencode" / name).unlink()
    write(made.root, files(parallel, states=states))
    plain(made.root, "init", "-q", "-b", "main")
    plain(made.root, "config", "user.name", "Una")
    plain(made.root, "config", "user.email", "una@example.org")
    made.commit("the portfolio as it starts")
    return made


def delivered(made: Shop) -> list[str]:
    """Keys of the delivered items."""
    world = made.engine().world()
    return [
        item_key(project.key, row.id)
        for project in world.portfolio.projects()
        for row in (project.backlog.entries if project.backlog else ())
        if row.state.value == "delivered"
    ]
