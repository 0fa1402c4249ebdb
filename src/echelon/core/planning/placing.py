"""Where a plan goes, and whether it may be written there: never over what somebody wrote, never outside of the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import entries, render
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.grammar import Language
from echelon.core.documents.graph import rings
from echelon.core.layout import STATE, ProjectFiles, overlaps, path_problem
from echelon.core.model import World
from echelon.core.planning import writing
from echelon.core.planning.model import Gap, Plan
from echelon.core.planning.words import say
from echelon.core.portfolio import Portfolio, Project, local, scope_of

PLACES_SHOWN_MAX = 20
Held = Mapping[str, str | None]  # path -> what is there now


@dataclass(frozen=True, slots=True)
class Place:
    """`key`: of the project that is planned; None for a folder that no program.md lists yet."""

    files: ProjectFiles
    key: str | None = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that would say the plan, working copies included."""
        folders = (self.files.folder, *self.files.working)
        return tuple(f"{folder}/{name}" for folder in folders for name in ("spec.md", "backlog.md"))


def find(portfolio: Portfolio, target: str, scope: str | None = None) -> Place | Refusal:
    """The place that `target` means: a folder, a project's key or id, or "" for the one there is.

    `scope`: key of the project or program that the session who asks is about; it plans nothing else.
    """
    wanted = "/".join(part for part in target.strip().split("/") if part not in ("", "."))
    rows = [row for row in portfolio.projects() if scope in (None, "", row.key, row.program)]
    if target.startswith(("/", "~")) or (wanted and ".." in wanted.split("/")):
        return refuse("STORAGE_PATH_INVALID", f"{target[:120]!r} lies outside the workspace")
    if not wanted:
        return _only(portfolio, rows)
    meant = [row for row in rows if wanted in (row.key, row.id, row.files.folder, *row.files.working)]
    if len(meant) > 1:
        return refuse("ITEM_AMBIGUOUS", *(row.key for row in meant))
    for row in meant:
        return refuse("STORAGE_PATH_INVALID", row.refused) if row.refused else Place(row.files, row.key)
    if scope:
        return refuse("WRONG_LEVEL", f"this session is about {scope}, not about {target[:120]!r}")
    return _unlisted(portfolio, wanted, target)


def _only(portfolio: Portfolio, rows: list[Project]) -> Place | Refusal:
    """Without a word on where: the standalone project, or the only one that has no plan yet."""
    if portfolio.depth == "project":
        return Place(ProjectFiles())
    bare = [row for row in rows if row.backlog is None and not row.refused]
    if len(bare) == 1 or len(rows) == 1:
        row = (bare or rows)[0]
        return Place(row.files, row.key)
    shown = [
        f"{row.key} — {row.entry.title if row.entry else ''} ({row.files.folder})" for row in bare[:PLACES_SHOWN_MAX]
    ]
    if not shown:
        return refuse("PLAN_EXISTS", "every project that is listed has a backlog")
    return refuse("PLAN_PLACE", *shown)


def _unlisted(portfolio: Portfolio, wanted: str, target: str) -> Place | Refusal:
    if "/" not in wanted and (wanted.startswith(("PRJ-", "PGM-"))):
        return refuse("PROJECT_UNKNOWN", f"there is no project {wanted[:80]}")
    problem = path_problem(target.strip())
    taken = overlaps([("", wanted), *((row.key, row.files.folder) for row in portfolio.projects() if row.entry)]).get(
        ""
    )
    if problem or taken:
        return refuse("STORAGE_PATH_INVALID", f"{target[:120]!r} {problem or f'overlaps the folder of {taken}'}")
    return Place(ProjectFiles(wanted), None)


def taken(place: Place, held: Held) -> Refusal | None:
    """Whether a backlog stands there that somebody wrote."""
    there = [path for path in place.paths if path.endswith("/backlog.md") and not _unwritten(held.get(path))]
    return (
        refuse("PLAN_EXISTS", *(f"{path} is there; a plan is never written over it" for path in there))
        if there
        else None
    )


def _unwritten(text: str | None) -> bool:
    """Not there, empty, or exactly what `echelon init` writes to be filled in: nobody's words."""
    if text is None or not text.strip():
        return True
    plain = text.replace("\r\n", "\n").removeprefix("\ufeff")
    name = plain.partition("\n")[0].partition(" — ")[2]
    languages: tuple[Language, ...] = ("en", "fr")
    made = [make(name, language) for language in languages for make in (render.spec_skeleton, render.backlog_skeleton)]
    return plain.strip() in [row.strip() for row in made]


def settle(world: World, plan: Plan, place: Place, held: Held) -> Decision | Refusal:
    """The files of the plan, or why they may not be written. The gaps of what is outside are told by `outside`."""
    refused = taken(place, held)
    if refused is not None:
        return refused
    kept = [path for path in place.paths if path.endswith("/spec.md") and not _unwritten(held.get(path))]
    writes: dict[str, str | None] = {place.files.backlog: writing.backlog(plan)}
    if not kept:
        writes[place.files.spec] = writing.spec(plan)
    notes = [*plan.notes, *_unseen(world.portfolio, plan, place, held)]
    notes += [say("spec_kept", plan.language, shown=kept[0])] if kept else []
    notes += [say("unlisted", plan.language, shown=place.files.folder)] if place.key is None else []
    where = ", ".join(sorted(writes, reverse=True))
    rows = (
        say("written", plan.language, shown=plan.name, count=len(plan.items), where=where),
        *(say("note", plan.language, shown=note) for note in notes),
        say("next", plan.language),
    )
    data = {
        "project": place.key,
        "written": sorted(writes),
        "kept": kept,
        "items": [item.id for item in plan.items],
        "notes": notes,
    }
    return Decision(writes, "\n".join(rows), data=data)


# ----------------------------------------------------------------------------------------- other projects


def outside(world: World, plan: Plan, place: Place, held: Held) -> tuple[Gap, ...]:
    """What the plan says of items of other projects that is not so, as far as they are known here."""
    found: list[Gap] = []
    whole, project = _with(world.portfolio, plan, place)
    own = project.id or place.files.folder.rpartition("/")[2]
    for name, at in plan.outside.items():
        other = whole.named(project, name)
        backlog = _beside(held, name) if whole.depth == "project" else other.backlog if other else None
        if scope_of(name) == own:
            found.append(Gap(at, say("outside_own", plan.language, shown=name, meant=local(name))))
        elif whole.depth != "project" and other is None:
            found.append(Gap(at, say("outside_project", plan.language, shown=name)))
        elif backlog is not None and backlog.find(local(name)) is None:
            found.append(Gap(at, say("outside_item", plan.language, shown=name)))
    for ring in _circles(whole, project.key) if place.key is not None else ():
        at = min(plan.outside.values(), default=0)
        found.append(Gap(at, say("outside_cycle", plan.language, shown=" → ".join((*ring, ring[0])))))
    return tuple(found)


def beside(name: str) -> str:
    """Where a standalone project looks for `PRJ-001/B003`."""
    return f"{STATE}/projects/{scope_of(name)}/backlog.md"


def _beside(held: Held, name: str) -> EntriesDocument | None:
    text = held.get(beside(name))
    return None if text is None else entries.parse(text)


def _unseen(portfolio: Portfolio, plan: Plan, place: Place, held: Held) -> Iterable[str]:
    """Dependencies that nobody can look up yet."""
    whole, project = _with(portfolio, plan, place)
    known = set(whole.external(project)) | {name for name in plan.outside if held.get(beside(name)) is not None}
    return (say("outside", plan.language, shown=name) for name in plan.outside if name not in known)


def _with(portfolio: Portfolio, plan: Plan, place: Place) -> tuple[Portfolio, Project]:
    """The portfolio as it would be with this plan in it."""
    backlog = entries.parse(writing.backlog(plan))
    listed = portfolio.project(place.key) if place.key is not None else None
    if listed is None:
        return portfolio, Project("", None, place.files, backlog=backlog)
    project = replace(listed, backlog=backlog)
    programs = tuple(
        replace(program, projects=tuple(project if row.key == project.key else row for row in program.projects))
        for program in portfolio.programs
    )
    return replace(portfolio, programs=programs), project


def _circles(whole: Portfolio, key: str) -> list[tuple[str, ...]]:
    """Items of different projects that would wait for each other, one of them planned here."""
    found = (ring for ring in rings(whole.waits()) if len({scope_of(name) for name in ring}) > 1)
    return [ring for ring in found if any(scope_of(name) == key for name in ring)]
