"""A small portfolio on a real repository: two programs, three projects, six items, for proofs that run it often.

`shared.txt` is written by two items of different programs, so that whoever lands second meets a conflict; one item asks
and is answered; one waits for an item of another project. The end does not depend on who was first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from echelon.core import requests
from echelon.core.decide import Decision
from echelon.core.documents import entries, sections
from echelon.core.documents.grammar import State
from echelon.core.levels.escalations import every
from echelon.core.portfolio import item_key
from echelon.dispatch.attempts import Event
from echelon.dispatch.deliver import Delivery
from echelon.engine import doctor
from echelon.engine.engine import Engine
from echelon.hosts.scripted import ScriptedHost
from slots_world import plain, write
from workspaces import Play, Seen, Shop, check, item, playbook

ANSWER = "blue"
QUESTION = "Which colour?"
PROJECTS = {"PGM-001": ("PRJ-001", "PRJ-002"), "PGM-002": ("PRJ-003",)}
KEYS = tuple(f"{program}/{project}/{name}" for program, rows in PROJECTS.items() for project in rows for name in ("B001", "B002"))  # fmt: skip
# Whatever was there: both names once, sorted, no conflict markers. May be played again after a kill.
_MEET = "(cat shared.txt 2>/dev/null; echo {word}) | grep -x 'one\\|two' | sort -u > new && mv new shared.txt"
ROUNDS_MAX = 6


def _does(key: str, *more: Mapping[str, object]) -> Play:
    return {"steps": [*more, {"write": f"{key.replace('/', '-')}.txt", "text": "done\n"}]}


def _wants(key: str, *more: str, depends: str = "—") -> str:
    name = key.rpartition("/")[2]
    return item(name, check(f"test -f {key.replace('/', '-')}.txt"), *more, depends=depends)


def _plays() -> dict[str, list[Play]]:
    plays: dict[str, list[Play]] = {key.replace("/", "-"): [_does(key)] for key in KEYS}
    for key, word in ((KEYS[0], "one"), (KEYS[4], "two")):
        plays[key.replace("/", "-")] = [_does(key, {"run": _MEET.format(word=word)})] * 3
    plays[KEYS[2].replace("/", "-")] = [_does(KEYS[2], {"ask": QUESTION})] * 3
    return plays


def texts(*, parallel: bool, budget: int = 4) -> dict[str, str]:
    """Every state file of the portfolio."""
    on = "on" if parallel else "off"
    head = f"# Enterprise — Shop\n\n- Capacity budget: {budget}\n- Strategy: equal\n- Parallelism: {on}\n\n"
    found = {".opencode/enterprise.md": head + "".join(_entry(name, "the program") for name in PROJECTS)}
    for program, projects in PROJECTS.items():
        folder = f".opencode/programs/{program}"
        found[f"{folder}/program.md"] = f"# Program — {program}\n\n" + "".join(
            _entry(row, "a project") for row in projects
        )
        for row in projects:
            place = f"{folder}/projects/{row}"
            found[f"{place}/spec.md"] = f"# Spec — {row}\n\n## Objective\nIts part of the shop.\n"
            found[f"{place}/backlog.md"] = _backlog(f"{program}/{row}")
    return found


def _backlog(project: str) -> str:
    shared = [check(f"grep -qx {word} shared.txt") for key, word in ((KEYS[0], "one"), (KEYS[4], "two")) if key.startswith(project)]  # fmt: skip
    waits = "PRJ-001/B001" if project.endswith("PRJ-002") else "—"
    first = _wants(f"{project}/B001", *shared)
    return f"# Backlog — {project}\n\n---\n\n{first}{_wants(f'{project}/B002', depends=waits)}"


def _entry(name: str, words: str) -> str:
    return f"### {name} — {words}\n- Priority: P1\n- Status: [ ]\n- Depends on: —\n\n"


@dataclass(frozen=True)
class Fleet(Shop):
    """The portfolio in `root`."""

    @classmethod
    def start(cls, folder: Path, *, parallel: bool, config: Mapping[str, object] | None = None) -> Fleet:
        fleet = cls(folder / "shop", folder / "home")
        fleet.root.mkdir(parents=True)
        fleet.home.mkdir()
        write(fleet.root, {"README.md": "shop\n", **texts(parallel=parallel)})
        write(fleet.root, {".opencode/orchestrator.jsonc": json.dumps(config or {})})
        write(fleet.root, {".opencode/playbook/playbook.toml": playbook(_plays())})
        plain(fleet.root, "init", "-q", "-b", "main")
        plain(fleet.root, "config", "user.name", "Una")
        plain(fleet.root, "config", "user.email", "una@example.org")
        fleet.commit("the shop as it starts")
        return fleet

    def once(self, slots: int = 4) -> Seen:
        """One delivery in this process."""
        engine, events = self.engine(), list[Event]()
        host = ScriptedHost(self.root / ".opencode/playbook", self.root)
        parallel = engine.world().portfolio.settings.parallel
        with engine.workspace.delivering("deliver"):
            outcome = Delivery(engine, host, events.append, lambda: False, slots if parallel else 1).run()
        return Seen(outcome, events)

    def whole(self, found: Mapping[str, str] | None = None) -> None:
        """The final world, whatever happened on the way."""
        assert self.markers() == {"x"}, self.states_of_all()
        assert sorted(self.merges()) == sorted(KEYS), self.merges()
        for key in KEYS:
            assert self.shown(f"{key.replace('/', '-')}.txt") == "done"
        assert self.shown("shared.txt") == "one\ntwo"
        assert self.git("status", "--porcelain", "--", "*.txt") == ""
        engine = self.engine()
        assert engine.work.slots.open_slots() == () and engine.world().missions == ()
        assert self.git("for-each-ref", "--format=%(refname)", "refs/heads/orchestrator") == ""
        assert not list((self.root / ".opencode").glob("*.tmp"))
        for name in ("spec.md", "backlog.md", "program.md", "backlog-item-active.md"):
            assert not (self.root / ".opencode" / name).exists(), name
        self._journals()
        said = {row.code for row in doctor.examine(engine) if row.severity != "info"}
        assert said == set(), doctor.examine(engine)

    def _journals(self) -> None:
        kinds = {
            path.relative_to(self.root / ".opencode").as_posix(): [row.kind for row in sections.read_journal(path.read_text("utf-8"))]
            for path in (*self.root.glob(".opencode/**/project.md"), *self.root.glob(".opencode/**/program.md"),
                         self.root / ".opencode/enterprise.md")
        }  # fmt: skip
        for program, projects in PROJECTS.items():
            for project in projects:
                rows = kinds[f"programs/{program}/projects/{project}/project.md"]
                assert rows.count("item_delivered") == 2, rows
            above = kinds[f"programs/{program}/program.md"]
            assert above.count("project_delivered") == len(projects), above
        assert kinds["enterprise.md"].count("program_delivered") == len(PROJECTS), kinds["enterprise.md"]

    def markers(self) -> set[str]:
        return {state.value for state in self.states_of_all().values()} and {
            {State.DELIVERED: "x"}.get(state, state.value) for state in self.states_of_all().values()
        }

    def states_of_all(self) -> dict[str, State]:
        found: dict[str, State] = {}
        folder = self.root / ".opencode"
        for path in (
            folder / "enterprise.md",
            *folder.glob("programs/**/program.md"),
            *folder.glob("programs/**/backlog.md"),
        ):
            kind: entries.Kind = {"enterprise.md": "enterprise", "program.md": "program"}.get(path.name, "backlog")  # type: ignore[assignment]
            place = path.parent.relative_to(folder).as_posix()
            for entry in entries.parse(path.read_text("utf-8"), kind).entries:
                found[f"{place}:{entry.id}"] = entry.state
        return found


def person(engine: Engine, root: Path) -> bool:
    """What the person does when a delivery waits: answer, bring back, commit. Safe to be killed and done again."""
    moved = False
    for row in every(engine.world()):
        if row.escalation.pending:
            moved |= isinstance(engine.ask(requests.ResolveEscalation(row.escalation.id, ANSWER)), Decision)
    plain(root, "add", ".opencode")
    plain(root, "commit", "-q", "--allow-empty", "-m", "the state as it is")
    for project in engine.world().portfolio.projects():
        for entry in project.backlog.entries if project.backlog else ():
            if entry.state is State.SUSPENDED:
                moved |= isinstance(engine.ask(requests.ResumeItem(item_key(project.key, entry.id))), Decision)
    return moved
