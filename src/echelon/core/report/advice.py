"""The one next step that a person can take."""

from __future__ import annotations

from echelon.core import eligibility
from echelon.core.documents.entries import Entry
from echelon.core.documents.grammar import State
from echelon.core.levels.escalations import Held
from echelon.core.model import World


def of_portfolio(world: World, eligible: tuple[str, ...], pending: list[Held]) -> str:
    """The one next step a person can take for the portfolio."""
    going = [row for row in world.missions if (found := world.portfolio.project(row.scope)) and found.running]
    if going:
        return f"{len(going)} in flight ({going[0].name}): echelon deliver goes on"
    if eligible:
        return f"echelon deliver; next is {eligible[0]}"
    if pending:
        first = pending[0].escalation.id
        return f'decide {first}: echelon call resolve_escalation --json \'{{"escalation_id": …, "decision": …}}\''
    tops = world.portfolio.programs if world.portfolio.depth == "enterprise" else tuple(world.portfolio.projects())
    if tops and all(row.entry and row.entry.settled for row in tops):
        return "everything is delivered; echelon verify runs the proof again"
    return "echelon deliver starts what may start; echelon doctor shows what cannot"


def of_project(world: World, eligible: tuple[Entry, ...], obstacles: tuple[eligibility.Obstacle, ...]) -> str:
    """The one next step a person can take."""
    pending = [entry for entry in world.escalations if entry.pending]
    if world.backlog is None or world.spec is None:
        return "echelon plan asks for a spec and a backlog; echelon init writes empty ones"
    if not world.backlog.entries:
        return "echelon plan, or write the first item into .opencode/backlog.md: `### B001 — title` (docs/FORMAT.md)"
    if world.own_missions:
        return f"{world.own_missions[0].name} is in flight: echelon deliver goes on with it"
    if eligible:
        return f"echelon deliver; next is {eligible[0].id}"
    if pending:
        return (
            f'decide {pending[0].id}: echelon call resolve_escalation --json \'{{"escalation_id": …, "decision": …}}\''
        )
    parked = [entry.id for entry in world.backlog.entries if entry.state is State.SUSPENDED]
    if parked:
        return f'echelon call backlog_resume_item --json \'{{"itemId": "{parked[0]}"}}\' brings {parked[0]} back'
    if obstacles:
        return "echelon doctor shows what keeps the rest from starting"
    failed = [entry.id for entry in world.backlog.entries if entry.state is State.FAILED]
    if failed:
        return f"{', '.join(failed[:5])} failed: set it to [ ] to try again, or leave it"
    return "everything is delivered; echelon verify runs the proof again"
