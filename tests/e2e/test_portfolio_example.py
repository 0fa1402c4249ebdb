"""Goal: the example portfolio is real work with the surprises it promises, whatever order its items land in. Method: its
state files through our parsers, its playbook through the scripted host, its commands through the runner of checks; no
engine, so that an error of the example is not looked for there. ECHELON_PROOFS=long also looks at each item's own base.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from importlib.resources import files
from pathlib import Path

import pytest

from echelon.checks.runner import run_check
from echelon.checks.sandbox import Sandbox
from echelon.core.config import PATHS
from echelon.core.config import parse as parse_config
from echelon.core.documents import criteria, spec
from echelon.core.documents.criteria import Check
from echelon.core.documents.entries import EntriesDocument, Entry, parse
from echelon.core.documents.findings import Finding
from echelon.core.documents.graph import cycles, graph_findings
from echelon.core.weakening import find_weakenings
from echelon.hosts import playbook
from echelon.hosts.scripted import ScriptedHost
from echelon.ports import Assignment, CheckLimits, TurnEnd
from proofs import LONG

EXAMPLE = Path(str(files("echelon"))) / "examples" / "harbour"
STATE = EXAMPLE / ".opencode"
PLAYBOOK = STATE / "playbook"
SETTINGS = "packages/quay/settings.py"
CONFLICT = ("PGM-001/PRJ-001/B001", "PGM-002/PRJ-003/B001")
LIAR = "PGM-001/PRJ-002/B003"
ASKS = "PGM-002/PRJ-003/B004"
DONE = TurnEnd("claimed_done")


@dataclass(frozen=True)
class Item:
    key: str  # PGM-001/PRJ-001/B001
    entry: Entry
    waits: frozenset[str]
    checks: tuple[Check, ...]
    files: tuple[str, ...]  # what it declares to write

    @property
    def name(self) -> str:
        return self.key.replace("/", "-")


class Portfolio:
    """All state files, read as `doctor` reads them."""

    def __init__(self) -> None:
        self.findings: list[tuple[str, Finding]] = []
        self.done: dict[str, tuple[Check, ...]] = {}  # project -> its definition of done
        self.enterprise = self._read(STATE / "enterprise.md", "enterprise")
        self.programs = {
            entry.id: self._read(STATE / f"programs/{entry.id}/program.md", "program")
            for entry in self.enterprise.entries
        }
        self.backlogs = {
            (program, entry.id): self._backlog(program, entry.id)
            for program, document in self.programs.items()
            for entry in document.entries
        }
        self.items = {item.key: item for item in self._items()}

    def _read(self, path: Path, kind: str) -> EntriesDocument:
        document = parse(path.read_text("utf-8"), kind, quick=False)
        self.findings += [(path.name, finding) for finding in (*document.findings, *graph_findings(document))]
        return document

    def _backlog(self, program: str, project: str) -> EntriesDocument:
        folder = STATE / f"programs/{program}/projects/{project}"
        read = spec.parse((folder / "spec.md").read_text("utf-8"))
        self.findings += [("spec.md", finding) for finding in read.findings]
        self.done[project] = tuple(check for _, check in read.done if check)
        return self._read(folder / "backlog.md", "backlog")

    def _items(self) -> Iterator[Item]:
        """An item waits for those it names, and for all of the projects and programs its own ones wait for."""
        home = {project: program for program, project in self.backlogs}
        for (program, project), backlog in self.backlogs.items():
            before = {home[name] + f"/{name}" for name in self._waits(self.programs[program], project)}
            before |= set(self._waits(self.enterprise, program))
            whole = {key for key in self._keys() if any(key.startswith(f"{name}/") for name in before)}
            for entry in backlog.entries:
                named = [name if "/" in name else f"{project}/{name}" for name in entry.depends]
                waits = whole | {f"{home[name.partition('/')[0]]}/{name}" for name in named}
                found, findings = criteria.read(backlog.text, *backlog.span(entry.id))
                self.findings += [("backlog.md", finding) for finding in findings]
                checks = tuple(row.check for row in found if row.check)
                assert len(checks) == len(found)
                yield Item(
                    f"{program}/{project}/{entry.id}",
                    entry,
                    frozenset(waits),
                    checks,
                    declared(backlog.section(entry.id)),
                )

    def _waits(self, document: EntriesDocument, name: str) -> tuple[str, ...]:
        entry = document.find(name)
        return entry.depends if entry else ()

    def _keys(self) -> Iterator[str]:
        return (
            f"{program}/{project}/{row.id}"
            for (program, project), book in self.backlogs.items()
            for row in book.entries
        )

    def order(self) -> list[Item]:
        return [
            self.items[key]
            for key in TopologicalSorter({key: item.waits for key, item in self.items.items()}).static_order()
        ]


def declared(section: str) -> tuple[str, ...]:
    found = re.search(r"^- Files: (.+)$", section, re.MULTILINE)
    return tuple(found[1].split(", ")) if found else ()


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    return Portfolio()


def copy(target: Path) -> Path:
    shutil.copytree(EXAMPLE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def play(item: Item, attempt: int, slot: Path, answers: dict[str, str] | None = None) -> TurnEnd:
    """One attempt by the scripted host."""
    work = Assignment(item.name, f"{item.name}.{attempt}", attempt, "worker", str(slot), "", "", answers or {})
    return ScriptedHost(PLAYBOOK, slot).work(work, lambda line: None, lambda: False)


def last(item: Item) -> int:
    return len(playbook.load(PLAYBOOK).acts[item.name])


def answers(item: Item) -> dict[str, str]:
    rows = tomllib.loads((PLAYBOOK / "answers.toml").read_text("utf-8"))["answers"]
    return {row["question"]: row["decision"] for row in rows if row["item"] == item.key}


def outcomes(place: Path, checks: Iterable[Check]) -> dict[Check, str]:
    """Our own interpreter, the whole one and not the environment's: a version manager's detour costs more than a check."""
    path = f"{Path(sys.executable).resolve().parent}{os.pathsep}{os.defpath}"

    def run(check: Check) -> str:
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "PATH": path}
        return run_check(
            check.command, place, sandbox=Sandbox("none"), limits=CheckLimits(seconds=60), environment=environment
        ).outcome

    rows = list(dict.fromkeys(checks))
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(rows, pool.map(run, rows), strict=True))


# ------------------------------------------------------------------------------------------------ state files


def test_the_state_files_say_what_they_mean(portfolio: Portfolio) -> None:
    assert not [row for row in portfolio.findings if row[1].severity != "info" or row[1].code not in _NEWER]
    assert (len(portfolio.programs), len(portfolio.backlogs)) == (2, 4)
    assert len({project for _, project in portfolio.backlogs}) == 4
    assert len(portfolio.items) >= 20
    (configuration,) = [STATE.parent / path for path in PATHS if (STATE.parent / path).exists()]
    config, findings = parse_config(configuration.read_text("utf-8"), configuration.name)
    assert not findings and config


_NEWER = {"FIELD_UNKNOWN"}  # `Files:` is text for a parser that does not know it


def test_the_items_wait_for_each_other_across_projects_and_programs_and_in_no_circle(portfolio: Portfolio) -> None:
    waiting = [item.entry._replace(id=item.key, depends=tuple(item.waits)) for item in portfolio.items.values()]
    assert cycles(waiting) == ()
    assert all(item.waits <= portfolio.items.keys() for item in portfolio.items.values())
    named = [(item.key, name) for item in portfolio.items.values() for name in item.waits]
    assert {key[:7] + name[:7] for key, name in named if key[:7] != name[:7]} == {"PGM-001PGM-002", "PGM-002PGM-001"}
    assert not any(entry.depends for entry in portfolio.enterprise.entries)
    assert [row.id for book in portfolio.programs.values() for row in book.entries if row.depends] == ["PRJ-004"]
    ready = [item.key for item in portfolio.items.values() if not item.waits]
    assert len(ready) >= 4 and set(CONFLICT) <= set(ready)


# ------------------------------------------------------------------------------------------------ checks


def test_every_check_is_red_before_the_work_and_green_after_it(portfolio: Portfolio, tmp_path: Path) -> None:
    place = copy(tmp_path / "work")
    done = [check for rows in portfolio.done.values() for check in rows]
    every = [check for item in portfolio.items.values() for check in item.checks]
    assert {check.kind for check in done} == {"guard"} and len(done) == 4
    assert all(any(check.kind == "check" for check in item.checks) for item in portfolio.items.values())
    assert len({check.command for check in every if check.kind == "check"}) == sum(row.kind == "check" for row in every)
    for check, outcome in outcomes(place, (*every, *done)).items():
        assert outcome == ("green" if check.kind == "guard" else "red"), check
    for item in portfolio.order():
        project = item.key.split("/")[1]
        if LONG:
            assert "green" not in outcomes(place, [row for row in item.checks if row.kind == "check"]).values(), (
                item.key
            )
        assert play(item, last(item), place, answers(item)) == DONE
        if LONG:
            assert set(outcomes(place, (*item.checks, *portfolio.done[project])).values()) == {"green"}, item.key
    assert set(outcomes(place, (*every, *done)).values()) == {"green"}


# ------------------------------------------------------------------------------------------------ the story


def test_two_items_meet_in_one_file_and_its_end_does_not_depend_on_who_was_first(
    portfolio: Portfolio, tmp_path: Path
) -> None:
    slots = {key: copy(tmp_path / key.replace("/", "-")) for key in CONFLICT}
    for key, slot in slots.items():
        assert play(portfolio.items[key], 1, slot) == DONE
    ours, theirs = [str(slot / SETTINGS) for slot in slots.values()]
    for sides in ((ours, theirs), (theirs, ours)):
        merge = ["git", "merge-file", "-p", sides[0], str(EXAMPLE / SETTINGS), sides[1]]
        assert b"<<<<<<<" in subprocess.run(merge, capture_output=True).stdout
    meant = (PLAYBOOK / "PGM-001-PRJ-001-B001/settings.py").read_bytes()
    for key, slot in slots.items():  # the other one has landed first: the second attempt, or the first on its base
        (other,) = set(CONFLICT) - {key}
        assert (PLAYBOOK / key.replace("/", "-") / "settings.py").read_bytes() == meant
        assert play(portfolio.items[other], 1, slot) == DONE
        assert (slot / SETTINGS).read_bytes() == meant
        assert not portfolio.items[key].files  # what it does not declare, nobody can keep apart


def test_the_liar_is_caught_by_its_check_and_weakens_nothing(portfolio: Portfolio, tmp_path: Path) -> None:
    place, liar = copy(tmp_path / "work"), portfolio.items[LIAR]
    for item in portfolio.order():
        if item.key != LIAR:
            play(item, last(item), place, answers(item))
    for attempt, outcome in ((1, "red"), (2, "green")):
        assert play(liar, attempt, place) == DONE
        assert set(outcomes(place, liar.checks).values()) == {outcome}
    assert find_weakenings(_texts(EXAMPLE), _texts(place)) == ()


def _texts(root: Path) -> dict[str, str | None]:
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for path in root.rglob("*.py")
        if ".opencode" not in path.parts
    }


def test_the_question_has_its_answer_in_a_file(portfolio: Portfolio, tmp_path: Path) -> None:
    place, item = copy(tmp_path / "work"), portfolio.items[ASKS]
    end = play(item, 1, place)
    assert end.reason == "asked" and end.text in answers(item)
    assert play(item, 2, place).reason == "asked"
    assert play(item, 2, place, answers(item)) == DONE


# ------------------------------------------------------------------------------------------------ the playbook


def test_a_killed_attempt_can_be_played_again_from_its_first_step(portfolio: Portfolio, tmp_path: Path) -> None:
    place = copy(tmp_path / "work")
    for item in portfolio.order():
        for attempt in range(1, last(item) + 1):
            play(item, attempt, place, answers(item))
            before = _texts(place)
            assert play(item, attempt, place, answers(item)) == DONE
            assert _texts(place) == before


def test_what_the_playbook_names_is_there_and_everything_there_is_named(portfolio: Portfolio) -> None:
    acts = playbook.load(PLAYBOOK).acts
    assert set(acts) == {item.name for item in portfolio.items.values()}
    assert {name for name in acts if len(acts[name]) > 1} == {key.replace("/", "-") for key in (*CONFLICT, LIAR, ASKS)}
    named: set[str] = set()
    for item in portfolio.items.values():
        for act in acts[item.name]:
            written = {str(step.value) for step in act.steps if step.verb in ("write", "replace")}
            assert act.claim == "done" and set(act.record["files"]) == written
            assert not item.files or all(any(fnmatch(path, row) for row in item.files) for path in written)
            sources = {str(step.options["from"]) for step in act.steps if step.verb == "write"}
            assert {source.partition("/")[0] for source in sources} == {item.name}
            named |= sources
    assert named == {path.relative_to(PLAYBOOK).as_posix() for path in PLAYBOOK.rglob("*.py")}
