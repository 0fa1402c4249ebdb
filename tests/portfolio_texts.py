"""Whole portfolios as texts: an enterprise, its programs, projects and items, on a disk that is a dict.

The dict knows what Echelon wrote last, so that a person's edits are seen as such, and a decision's writes go to the
working copies as the engine does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import worlds
from echelon.core import canonical, copies, evidence_log
from echelon.core import requests as ask_
from echelon.core.assembling import Assembled, assemble
from echelon.core.config import Config
from echelon.core.decide import Decision, Refusal
from echelon.core.documents import entries
from echelon.core.documents.grammar import State
from echelon.core.levels import decide
from echelon.core.model import EVIDENCE, World

T = TypeVar("T")
Rows = Mapping[str, tuple[str, ...]]
_PARSED: dict[tuple[str, str], Any] = {}  # the same texts come again and again
PARSED_MAX = 50_000


def item(name: str, depends: Iterable[str] = (), priority: int = 2, marker: str = " ") -> str:
    """An item that one check proves."""
    return (
        f"### {name} — Title of {name}\n- Priority: P{priority}\n- Size: S\n- Status: [{marker}]\n"
        f"- Depends on: {', '.join(depends) or '—'}\n- Acceptance criteria:\n  - [ ] holds — check: `test -f {name}`\n\n"
    )


def node(name: str, depends: Iterable[str] = (), priority: int = 2, marker: str = " ", path: str = "") -> str:
    """A project in a program.md, or a program in enterprise.md."""
    where = f"- Path: {path}\n" if path else ""
    return (
        f"### {name} — Title of {name}\n- Priority: P{priority}\n- Status: [{marker}]\n"
        f"- Depends on: {', '.join(depends) or '—'}\n{where}\n"
    )


def backlog(*items: str) -> str:
    return "# Backlog — P\n\n" + "".join(items)


def program(*projects: str) -> str:
    return "# Program — P\n\n" + "".join(projects)


def enterprise(*programs: str, budget: int = 2, parallel: bool = True, strategy: str = "proportional") -> str:
    head = f"- Capacity budget: {budget}\n- Strategy: {strategy}\n- Parallelism: {'on' if parallel else 'off'}\n"
    return f"# Enterprise — E\n{head}\n" + "".join(programs)


def stored(folder: str, *items: str, spec: str = "# Spec — S\n") -> worlds.Files:
    """The files of one project."""
    return {f"{folder}/spec.md": spec, f"{folder}/backlog.md": backlog(*items)}


def two_programs(**settings: Any) -> worlds.Files:
    """PGM-001 with PRJ-001 (B001, B002 after it) and PRJ-002 after PRJ-001 (B001); PGM-002 with PRJ-003 (B001).

    PRJ-003's B002 waits for B001 of PRJ-001, in the other program.
    """
    one, two = ".opencode/programs/PGM-001", ".opencode/programs/PGM-002"
    return {
        ".opencode/enterprise.md": enterprise(node("PGM-001", priority=1), node("PGM-002"), **settings),
        f"{one}/program.md": program(node("PRJ-001"), node("PRJ-002", ("PRJ-001",))),
        **stored(f"{one}/projects/PRJ-001", item("B001"), item("B002", ("B001",))),
        **stored(f"{one}/projects/PRJ-002", item("B001")),
        f"{two}/program.md": program(node("PRJ-003")),
        **stored(f"{two}/projects/PRJ-003", item("B001"), item("B002", ("PRJ-001/B001",))),
    }


def one_program(*projects: str) -> worlds.Files:
    """A standalone program: PRJ-001 (B001) and PRJ-002 (B002)."""
    listed = projects or (node("PRJ-001"), node("PRJ-002"))
    return {
        ".opencode/program.md": program(*listed),
        **stored(".opencode/projects/PRJ-001", item("B001")),
        **stored(".opencode/projects/PRJ-002", item("B002")),
    }


class Disk:
    """Files of a workspace as texts. `problems`: path -> why it cannot be read."""

    def __init__(self, files: Mapping[str, str], *, ours: bool = True) -> None:
        self.files = dict(files)
        self.ours = {path: canonical.text_digest(text) for path, text in files.items()} if ours else {}
        self.problems: dict[str, str] = {}
        self.clock = 0

    # ------------------------------------------------------------------------------------------- as a Source

    def text(self, path: str) -> str | None:
        return None if path in self.problems else self.files.get(path)

    def problem(self, path: str) -> str:
        return self.problems.get(path, "")

    def digest(self, path: str) -> str:
        text = self.text(path)
        return "absent" if text is None else canonical.text_digest(text)

    def written(self, path: str) -> str:
        return self.ours.get(path, "")

    def parsed(self, kind: str, digest: str, text: str, parser: Callable[[str], T]) -> T:
        if len(_PARSED) > PARSED_MAX:
            _PARSED.clear()
        if (kind, digest) not in _PARSED:
            _PARSED[kind, digest] = parser(text)
        return _PARSED[kind, digest]

    # ------------------------------------------------------------------------------------------- as an engine

    def assembled(self, scope: str | None = None) -> Assembled:
        return assemble(self, Config({}), scope)

    def world(self, scope: str | None = None) -> World:
        return self.assembled(scope).world

    def now(self) -> str:
        self.clock += 1
        return f"2026-02-01T{self.clock // 3600:02d}:{self.clock // 60 % 60:02d}:{self.clock % 60:02d}.000Z"

    def ask(self, request: ask_.Request) -> Decision | Refusal:
        """Decide and write, to the working copies too."""
        held, now = self.assembled(), self.now()
        decided = decide(held.world, request, now)
        if isinstance(decided, Decision):
            files = {
                path: self.held(path) for path in {*held.copies, *(c for row in held.copies.values() for c in row)}
            }
            for path, text in copies.mirrored(decided.writes, held.copies, files, held.world.texts, now).items():
                self._write(path, text)
        return decided

    def held(self, path: str) -> copies.Held:
        return copies.Held(self.text(path), self.digest(path), self.written(path))

    def _write(self, path: str, text: str | None) -> None:
        if text is None:
            self.files.pop(path, None)
            self.ours[path] = "absent"
        else:
            self.files[path] = text
            self.ours[path] = canonical.text_digest(text)

    # ------------------------------------------------------------------------------------------ in short words

    def done(self, request: ask_.Request) -> Decision:
        decided = self.ask(request)
        assert isinstance(decided, Decision), str(decided)
        return decided

    def refused(self, request: ask_.Request) -> Refusal:
        before = dict(self.files)
        decided = self.ask(request)
        assert isinstance(decided, Refusal), decided.message
        assert self.files == before
        return decided

    def start(self, key: str, **more: Any) -> Decision:
        return self.done(ask_.StartItem(worlds.BASE, key, parallel=more.pop("parallel", True), **more))

    def proof(self, key: str, *, record: bool = True) -> ask_.CloseItem:
        """The request that closes an item in flight on good work."""
        mission = next(row for row in self.world().missions if row.item == key)
        line, digest = evidence_log.line(self.files.get(EVIDENCE), "closing", "2026-01-01T00:00:00.000Z", {"item": key})
        candidate = (worlds.CANDIDATE, line, digest) if record else ("", "", "")
        return ask_.CloseItem(worlds.findings(mission), key, *candidate)

    def deliver(self, key: str) -> Decision:
        self.start(key)
        self.done(self.proof(key))
        return self.done(ask_.Merged(key, worlds.CANDIDATE, None))

    def project(self, verb: ask_.Verb, name: str, program: str | None = None, **more: Any) -> Decision:
        return self.done(ask_.MoveProject(verb, name, program, more.pop("reason", "so it is"), **more))

    def program(self, verb: ask_.Verb, name: str, **more: Any) -> Decision:
        return self.done(ask_.MoveProgram(verb, name, more.pop("reason", "so it is"), **more))

    def state(self, path: str, name: str) -> State:
        kind: entries.Kind = "enterprise" if path.endswith("enterprise.md") else "program"
        entry = entries.parse(self.files[path], "backlog" if path.endswith("backlog.md") else kind).find(name)
        assert entry is not None
        return entry.state
