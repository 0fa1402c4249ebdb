"""Backlogs and repositories to measure on; deterministic.

`items` is the generator of peer-levels.md section 13: ten lines for each item i of 1..n, priority 1 + 7i mod 4, size by
i mod 4, delivered below n/2, dependencies B(i-1) and B(i-3) for every third, two criteria; 2.85 MB for 10,000.
"""

from __future__ import annotations

from pathlib import Path

from bench.timing import process
from echelon.engine.engine import Engine
from echelon.engine.workspace import Places, Workspace

SIZES = ("S", "M", "L", "XL")
SPEC = "# Spec — Mesure\n\n## Objectif\nMesurer.\n"
FILES = 5_000
FOLDERS = 100


def items(count: int) -> str:
    head = "# Backlog — Mesure\n\n## Légende\nPriorité : P1 → P4\nTaille : S | M | L | XL\nStatut : [ ] [/] [x] [-] [~]\n\n---\n\n"
    return head + "".join(_item(number, count) for number in range(1, count + 1))


def _item(i: int, count: int) -> str:
    waits = f"B{i - 1:03d}, B{i - 3:03d}" if i > 3 and i % 3 == 0 else "—"
    return (
        f"### B{i:03d} — Tâche {i} du projet\n- Priorité : P{1 + 7 * i % 4}\n- Taille : {SIZES[i % 4]}\n"
        f"- Statut : [{'x' if i < count / 2 else ' '}]\n- Dépend de : {waits}\n- Description : ce que fait la tâche {i}, en bref\n"
        f"- Critères d'acceptation :\n  - [ ] cas ordinaire — preuve : `test -e a{i}`\n  - [ ] cas d'erreur — preuve : `test -e e{i}`\n\n"
    )


def checked_items(count: int) -> str:
    """Small items, each proved when the file of its name says so: for deliveries."""
    return "# Backlog — Bench\n\n---\n\n" + "".join(
        f"### B{i:03d} — Item {i}\n- Priority: P2\n- Size: S\n- Status: [ ]\n- Depends on: —\n- Acceptance criteria:\n"
        f"  - [ ] it is done — check: `grep -qx done B{i:03d}.txt`\n\n"
        for i in range(1, count + 1)
    )


def playbook(count: int) -> str:
    """One honest attempt for each of `checked_items`."""
    return "".join(
        f'[[B{i:03d}]]\nsteps = [{{ write = "B{i:03d}.txt", text = "done\\n" }}]\n\n' for i in range(1, count + 1)
    )


def workspace(root: Path, backlog: str) -> Path:
    """A folder with `.opencode/` that the peer can read too: to it, checks are words of the criteria."""
    state = root / ".opencode"
    state.mkdir(parents=True)
    (state / "spec.md").write_text(SPEC, "utf-8")
    (state / "backlog.md").write_text(backlog, "utf-8")
    return root


def repository(root: Path, home: Path, files: int = FILES) -> str:
    """Make `root` a git repository with everything in it and so many sources; the commit."""
    for number in range(files):
        source = root / f"src/part{number % FOLDERS:02d}/module{number:04d}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        body = "\n".join(f"VALUE_{line} = {number * line}  # line {line} of module {number}" for line in range(30))
        source.write_text(body + "\n", "utf-8")
    settings = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0")
    process(["git", "init", "-q", "-b", "main"], root, home)
    process(["git", "add", "-A"], root, home)
    process(["git", *settings, "commit", "-q", "-m", "as it starts"], root, home)
    return process(["git", "rev-parse", "HEAD"], root, home).strip()


def engine(root: Path, home: Path) -> Engine:
    return Engine(Workspace(root, places(home)))


def places(home: Path) -> Places:
    return Places(home / "state" / "echelon", home / "cache" / "echelon")
