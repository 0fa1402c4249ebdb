"""The documents to write so that the repairable findings are gone."""

from __future__ import annotations

from echelon.core import briefing
from echelon.core.documents import entries, render
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.grammar import State
from echelon.core.layout import ENTERPRISE
from echelon.core.levels.ending import is_active_file
from echelon.core.levels.journals import Writes
from echelon.core.model import ACTIVE, SLOTS, Mission, World, without_mission
from echelon.core.portfolio import Project, item_key
from echelon.core.recovery.consistency import delivered, judgeable, program_gone
from echelon.core.recovery.spelling import respelled


def repairs(world: World, now: str) -> Writes:
    """{} when there is nothing to do, and so after it was done. A project whose copies differ is left to a person."""
    writes: Writes = {}
    portfolio = world.portfolio
    lists = [(ENTERPRISE, portfolio.document)] if portfolio.document else []
    lists += [(row.files.document, row.document) for row in portfolio.programs if row.document is not None]
    for path, document in lists:
        if document is not None and path not in world.diverged:
            _changed(writes, path, document, respelled(document))
    kept = world.missions
    for project in portfolio.projects():
        if project.backlog is None or project.refused or project.files.backlog in world.diverged:
            continue
        spelled = _markers(world, project, respelled(project.backlog))
        _changed(writes, project.files.backlog, project.backlog, spelled)
        kept = _ended(world, kept, project, spelled)
    for mission in world.missions:
        if portfolio.project(mission.scope) is None and judgeable(world, mission):
            kept = without_mission(kept, mission.item)
    if kept != world.missions or (
        world.texts.get(SLOTS) is not None and world.recorded(kept).get(SLOTS) != world.texts.get(SLOTS)
    ):
        writes.update(world.recorded(kept))
    return {**writes, **_active_file(world, kept, now)}


def _changed(writes: Writes, path: str, before: EntriesDocument, after: EntriesDocument) -> None:
    if after.text != before.text:
        writes[path] = after.text


def _markers(world: World, project: Project, document: EntriesDocument) -> EntriesDocument:
    """An item delivered with evidence is marked so; one marked [/] that no mission runs for can start again."""
    known, closed = {row.item for row in world.missions}, delivered(world)
    for entry in document.entries:
        if item_key(project.key, entry.id) in closed and entry.id not in document.duplicates:
            if entry.state is not State.DELIVERED:
                document = entries.set_state(document, entry.id, State.DELIVERED)
            continue
        lost = entry.state is State.ACTIVE and item_key(project.key, entry.id) not in known
        if lost and entry.id not in document.duplicates:
            document = entries.set_state(document, entry.id, State.PENDING)
    return document


def _ended(
    world: World, missions: tuple[Mission, ...], project: Project, document: EntriesDocument
) -> tuple[Mission, ...]:
    """Without those whose item is not marked [/]; their slots are saved and closed by the recovery that follows."""
    for mission in missions:
        entry = document.find(mission.local) if mission.scope == project.key else None
        active = entry is not None and entry.state is State.ACTIVE
        if mission.scope == project.key and not active and judgeable(world, mission):
            missions = without_mission(missions, mission.item)
    return missions


def _active_file(world: World, kept: tuple[Mission, ...], now: str) -> Writes:
    """Archive one that is about nothing in flight; write the one that is missing in sequential mode."""
    text, front = world.texts.get(ACTIVE), world.project
    if program_gone(world):
        return {}
    own = [row for row in kept if row.scope == world.scope] if front.files.in_front else []
    if text is not None and not any(is_active_file(text, row.local) for row in own):
        name = f".opencode/archive/backlog-items/{render.stamp(now)}-orphaned.md"
        again = _again(world, own, kept)
        return {name: text, ACTIVE: again}
    return {ACTIVE: again} if text is None and (again := _again(world, own, kept)) else {}


def _again(world: World, own: list[Mission], kept: tuple[Mission, ...]) -> str | None:
    if len(own) != 1 or len(kept) != 1 or world.backlog is None:
        return None
    return briefing.active_file(world, world.backlog, own[0])
