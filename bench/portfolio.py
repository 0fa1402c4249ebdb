"""A portfolio of 100 projects with 20 items each: what it costs to look at all of it."""

from __future__ import annotations

from pathlib import Path

from bench import materials
from bench.timing import Samples, echelon, process, scratch, several, timed
from echelon.core import report
from echelon.engine import doctor

PROGRAMS, PROJECTS, ITEMS = 20, 5, 20
PEER_PROGRAMS = 100  # enterprise_status of the peer was measured on 100 programs with 5 projects
RUNS = 5


def measure() -> Samples:
    with scratch() as folder:
        home = folder / "home"
        home.mkdir()
        root = made(folder / "ws", PROGRAMS)
        found = _looked_at(root, home)
    with scratch() as folder:
        large = made(folder / "ws", PEER_PROGRAMS)
        engine = materials.engine(large, folder / "home")
        found["portfolio_large_load"] = [
            timed(lambda: materials.engine(large, folder / "home").world()) for _ in range(RUNS)
        ]
        found["portfolio_large_status"] = several(lambda: report.status(engine.world()), RUNS)
    return found


def _looked_at(root: Path, home: Path) -> Samples:
    found: Samples = {}
    found["portfolio_load"] = [timed(lambda: materials.engine(root, home).world()) for _ in range(RUNS)]
    warm = materials.engine(root, home)
    found["portfolio_load_again"] = several(warm.world, RUNS)
    found["portfolio_doctor_inside"] = several(lambda: doctor.examine(warm), RUNS)
    for key, words in (("portfolio_status", ("status", "--json")), ("portfolio_doctor", ("doctor",))):
        found[key] = [timed(lambda words=words: process(echelon(*words), root, home, (0, 1))) for _ in range(RUNS + 1)][
            1:
        ]
    return found


def made(root: Path, programs: int) -> Path:
    """Real-looking backlogs of the generator of one large one, half of each delivered."""
    state = root / ".opencode"
    names = [f"PGM-{number:03d}" for number in range(1, programs + 1)]
    text = materials.items(ITEMS)
    for program in names:
        rows = [f"PRJ-{number:03d}" for number in range(1, PROJECTS + 1)]
        for project in rows:
            place = state / f"programs/{program}/projects/{project}"
            place.mkdir(parents=True)
            (place / "spec.md").write_text(materials.SPEC, "utf-8")
            (place / "backlog.md").write_text(text.replace("Mesure", f"{program} {project}", 1), "utf-8")
        listed = "# Programme — P\n\n" + "".join(map(_entry, rows))
        (state / f"programs/{program}/program.md").write_text(listed, "utf-8")
    head = "# Entreprise — E\n\n- Budget de capacité : 8\n- Stratégie : proportional\n- Parallélisme : activé\n\n"
    (state / "enterprise.md").write_text(head + "".join(map(_entry, names)), "utf-8")
    return root


def _entry(name: str) -> str:
    return f"### {name} — Partie {name}\n- Priorité : P2\n- Statut : [/]\n- Dépend de : —\n\n"
