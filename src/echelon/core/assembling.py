"""From texts to a World: the whole portfolio, every level, with the copies that must say the same.

Pure: a `Source` reads. The engine reads files; tests and the simulation read a dict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from echelon.core import canonical, layout, portfolio
from echelon.core.config import Config
from echelon.core.copies import settle
from echelon.core.documents import entries, sections, settings, spec
from echelon.core.documents.entries import EntriesDocument, Entry
from echelon.core.documents.grammar import State
from echelon.core.layout import ENTERPRISE, PROJECT_NAMES, STATE, WORKING_PROGRAM, ProgramFiles, ProjectFiles
from echelon.core.model import ATTEMPTS, DOCUMENTS, MISSIONS, Record, World, read_attempts, read_record
from echelon.core.portfolio import Portfolio, Program, Project

T = TypeVar("T")


class Source(Protocol):
    """Where texts come from. Paths are relative to the workspace."""

    def text(self, path: str) -> str | None:
        """What the file says; None when there is none, or when it may not be read (`problem` says why)."""
        ...

    def problem(self, path: str) -> str: ...

    def digest(self, path: str) -> str:
        """Of the file's bytes; "absent" when there is none."""
        ...

    def written(self, path: str) -> str:
        """Digest of what Echelon wrote there last, "" when it never did."""
        ...

    def parsed(self, kind: str, digest: str, text: str, parser: Callable[[str], T]) -> T:
        """`parser(text)`, or what it gave for the same kind and digest before."""
        ...


@dataclass(frozen=True, slots=True)
class Assembled:
    """`copies`: stored path -> its working copies, for every document that has some."""

    world: World
    copies: Mapping[str, tuple[str, ...]]


def assemble(source: Source, config: Config, scope: str | None = None, slots_root: str = "") -> Assembled:
    """The world, with the project `scope` in front; None: the one the sequential tools work on, else the first.

    Raises ValueError, KeyError or TypeError, with the path in its notes, when a record of our own is damaged.
    """
    assembler = _Assembler(source)
    for path in DOCUMENTS:
        assembler.read(path)
    record = assembler.own(MISSIONS, read_record) or Record()
    assembler.front = record.front
    whole = assembler.portfolio()
    attempts = assembler.own(ATTEMPTS, read_attempts) or ()
    if source.written(ATTEMPTS) != source.digest(ATTEMPTS):  # coverage counts only while the file is what we wrote
        attempts = tuple(replace(attempt, coverage="") for attempt in attempts)
    world = World(
        config=config,
        spec=None,
        backlog=None,
        missions=record.missions,
        attempts=attempts,
        escalations=(),
        texts=assembler.texts,
        portfolio=whole,
        scope="\0",  # nothing is in front yet
        record=record,
        slots_root=slots_root,
        diverged=assembler.diverged,
        unreadable=assembler.unreadable,
    )
    front = _in_front(whole) if scope is None else scope
    world = world.at(front)
    if whole.depth == "project":
        world = replace(world, external=assembler.beside(world.backlog))
    return Assembled(world, assembler.copies)


@dataclass(slots=True)
class _Assembler:
    source: Source
    texts: dict[str, str | None] = field(default_factory=dict)
    copies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    diverged: dict[str, str] = field(default_factory=dict)
    front: Mapping[str, str] = field(default_factory=dict)  # of our record
    unreadable: dict[str, str] = field(default_factory=dict)

    def portfolio(self) -> Portfolio:
        document = self._entries(ENTERPRISE, "enterprise")
        if document is not None and (document.entries or document.findings):
            return self._enterprise(document)
        program = self._entries(WORKING_PROGRAM, "program")
        if program is not None and (program.entries or program.findings):
            return Portfolio("program", _checked((self._program(None, ProgramFiles()),)))
        project = self._project("", None, ProjectFiles(), running=True)
        return Portfolio("project", (Program("", None, ProgramFiles(), projects=(project,)),))

    def _enterprise(self, document: EntriesDocument) -> Portfolio:
        chosen, findings = settings.read(document)
        active = [entry.id for entry in document.entries if entry.state is State.ACTIVE]
        working = self.texts[WORKING_PROGRAM] is not None and len(active) == 1 and self.front.get("program") != ""
        programs = tuple(
            self._program(entry, layout.program_files(entry, working and entry.id in active))
            for entry in document.entries
            if entry.id not in document.duplicates
        )
        held = self._escalations(ENTERPRISE)
        if not active:  # a sequential start would lay working copies out: what is there already is nobody's
            rows = [row.id for program in programs for row in program.projects if row.entry and not row.entry.path]
            self._look([f"{STATE}/projects/{row}/{name}" for row in dict.fromkeys(rows) for name in PROJECT_NAMES])
        return Portfolio("enterprise", _checked(programs), document, chosen, findings, held)

    def _program(self, entry: Entry | None, files: ProgramFiles) -> Program:
        key = entry.id if entry else ""
        refused = layout.path_problem(entry.path) if entry and entry.path else ""
        if refused:
            return Program(key, entry, files, refused=f"{key}: its path {entry.path[:80] if entry else ''!r} {refused}")
        self.read(files.document)
        certain = self.front.get("program", key) == key
        self._settle(files.copies(), certain=certain)
        refused = self._unreadable(key, (files.document,))
        document = self._entries(files.document, "program")
        running = entry is None or entry.state is State.ACTIVE
        rows = document.entries if document else ()
        active = [row.id for row in rows if row.state is State.ACTIVE]
        front = len(active) == 1 and running and (files.working or entry is None) and self._worked_on()
        front = front and self.front.get("project") != ""  # we know that what lies there is nobody's
        projects = tuple(
            self._project(
                portfolio.item_key(key, row.id),
                row,
                layout.project_files(files, row, front and row.id in active),
                running=running and row.state is State.ACTIVE,
                certain=certain,
            )
            for row in rows
            if document and row.id not in document.duplicates
        )
        return Program(key, entry, files, document, projects, self._escalations(files.document), refused)

    def _look(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.read(path)
            problem = self.source.problem(path)
            if problem:
                self.unreadable[path] = problem

    def _unreadable(self, key: str, paths: Iterable[str]) -> str:
        said = [self.source.problem(path) for path in paths]
        return "; ".join(f"{key}: {row}" for row in said if row)

    def _worked_on(self) -> bool:
        return any(self.texts[f"{STATE}/{name}"] is not None for name in PROJECT_NAMES[:2])

    def _project(
        self, key: str, entry: Entry | None, files: ProjectFiles, *, running: bool, certain: bool = True
    ) -> Project:
        problem = layout.path_problem(entry.path) if entry and entry.path else ""
        if problem:
            said = f"{key}: its path {entry.path[:80] if entry else ''!r} {problem}"
            return Project(key, entry, files, running=running, refused=said)
        for name in PROJECT_NAMES:
            self.read(f"{files.folder}/{name}")
        recorded = self.front.get("project", key) == key or STATE not in files.working
        self._settle(files.copies(), certain=certain and recorded)
        return Project(
            key,
            entry,
            files,
            self._parsed("spec", files.spec, spec.parse),
            self._entries(files.backlog, "backlog"),
            self._escalations(files.journal),
            running,
            self._unreadable(key, [f"{files.folder}/{name}" for name in PROJECT_NAMES]),
        )

    def _settle(self, copies: Mapping[str, tuple[str, ...]], *, certain: bool) -> None:
        """What a document says that has working copies; a difference that only a person can settle is kept apart.

        Not `certain`: our record names another one. Markers may have been changed by hand, or by the peer, so what lies
        in front is perhaps still of that one.
        """
        source = self.source
        for stored, others in copies.items():
            for path in others:
                self.read(path)
            rows = [(path, source.digest(path), source.written(path)) for path in (*others, stored)]
            said = settle([row for row in rows if source.text(row[0]) is not None], certain=certain)
            self.copies[stored] = others
            if said.problem:
                self.diverged[stored] = said.problem
            if said.truth:
                self.texts[stored] = source.text(said.truth)

    # ------------------------------------------------------------------------------------------------ documents

    def read(self, path: str) -> None:
        if path not in self.texts:
            self.texts[path] = self.source.text(path)

    def _entries(self, path: str, kind: entries.Kind) -> EntriesDocument | None:
        return self._parsed(kind, path, lambda text: entries.parse(text, kind))

    def _escalations(self, path: str) -> tuple[sections.Escalation, ...]:
        return self._parsed("escalations", path, sections.read_escalations) or ()

    def _parsed(self, kind: str, path: str, parser: Callable[[str], T]) -> T | None:
        """The document at `path`; `texts` may say something more lately than its own file (working copies)."""
        text = self.texts.get(path)
        if text is None:
            return None
        digest = canonical.text_digest(text) if path in self.copies else self.source.digest(path)
        return self.source.parsed(kind, digest, text, parser)

    def own(self, path: str, parser: Callable[[str], T]) -> T | None:
        """A record of our own."""
        try:
            return self._parsed(path, path, parser)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            error.add_note(path)
            raise

    def beside(self, backlog: EntriesDocument | None) -> Mapping[str, Entry]:
        """Items of other projects that a standalone backlog waits for, from where the peer would keep them."""
        found: dict[str, Entry] = {}
        for project in sorted({name.partition("/")[0] for name in _external_ids(backlog.entries if backlog else ())}):
            path = f"{STATE}/projects/{project}/backlog.md"
            self.read(path)
            other = self._entries(path, "backlog")
            for entry in other.entries if other else ():
                found[f"{project}/{entry.id}"] = entry
        return found


def _external_ids(items: Iterable[Entry]) -> set[str]:
    known = re.compile(r"PRJ-\d{1,9}/B\d{1,9}")
    return {name for entry in items for name in entry.depends if "/" in name and known.fullmatch(name)}


def _checked(programs: tuple[Program, ...]) -> tuple[Program, ...]:
    """Programs and projects whose folders may not be used say so."""
    said = portfolio.refusals(programs)
    if not said:
        return programs
    return tuple(
        replace(
            program,
            refused=program.refused or said.get(program.key, ""),
            projects=tuple(replace(row, refused=row.refused or said.get(row.key, "")) for row in program.projects),
        )
        for program in programs
    )


def _in_front(whole: Portfolio) -> str:
    """The project the sequential tools work on; else the first that runs, else the first."""
    rows = list(whole.projects())
    running = [row.key for row in rows if row.running]
    front = [row.key for row in rows if row.running and row.files.in_front]
    return next(iter((*front, *running, *(row.key for row in rows))), "")
