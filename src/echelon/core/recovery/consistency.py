"""Markers, missions, working files, slots and branches must tell one story."""

from __future__ import annotations

from echelon.core.documents import lines
from echelon.core.documents.grammar import State
from echelon.core.layout import ENTERPRISE, ROLE_BYTES_MAX, WORKING_PROGRAM
from echelon.core.levels.ending import is_active_file
from echelon.core.model import ACTIVE, BACKLOG, MISSIONS, SLOTS, Mission, World
from echelon.core.placed import Placed
from echelon.core.portfolio import Project, item_key, slot_of
from echelon.core.recovery.observed import Observed


def consistency(world: World, observed: Observed) -> list[Placed]:
    closed = delivered(world)
    found = [
        row for project in world.portfolio.projects() for row in (*_items(world, project), *_unmarked(project, closed))
    ]
    found += [*_orphans(world), *_active_file(world), *_working(world), *_capacity(world), *_slots_file(world)]
    return found + _machine(world, observed)


def _items(world: World, project: Project) -> list[Placed]:
    """Items marked [/] against missions."""
    running = project.active_items
    if not running or project.backlog is None:
        return []
    missions = {row.local: row for row in world.missions if row.scope == project.key}
    where, text = lines.Places(project.backlog.text), project.backlog
    path = project.files.backlog
    found: list[Placed] = []
    several = [entry for entry in running if entry.id not in missions]
    if len(running) > 1 and several:  # with a mission each they run in parallel, which is no fault (W-C4)
        names = ", ".join(entry.id for entry in running)
        line, column = where(text.span(running[1].id)[0])
        found.append(Placed(path, line, column, "MULTIPLE_IN_PROGRESS", "error", f"in progress at once: {names}"))
    for entry in several:
        line, column = where(text.span(entry.id)[0])
        message = f"{entry.id} is marked [/] and no mission runs for it"
        subject = f"{project.key}/{entry.id}" if project.key else entry.id
        found.append(Placed(path, line, column, "ITEM_WITHOUT_SLOT", "error", message, "set it to [ ]", subject))
    return found


def delivered(world: World) -> frozenset[str]:
    """Keys of the items that were delivered with evidence, by our own record."""
    return frozenset(attempt.item for attempt in world.attempts if attempt.coverage)


def _unmarked(project: Project, closed: frozenset[str]) -> list[Placed]:
    """Delivered with evidence and marked otherwise: a `git reset` brings old state files back (W-A8)."""
    found: list[Placed] = []
    for entry in project.backlog.entries if project.backlog else ():
        key = item_key(project.key, entry.id)
        if key in closed and entry.state is not State.DELIVERED and project.backlog:
            line, column = lines.Places(project.backlog.text)(project.backlog.span(entry.id)[0])
            message = f"{entry.id} was delivered with evidence and is marked {entry.state.value}"
            path = project.files.backlog
            found.append(Placed(path, line, column, "DELIVERED_NOT_MARKED", "warning", message, "mark it [x]", key))
    return found


def judgeable(world: World, mission: Mission) -> bool:
    """Whether the files that say if this mission's item is in flight can be read and are clear.

    A list that is missing, that names its item or project twice or in a broken way, or whose copies differ says
    nothing: the mission stays.
    """
    portfolio = world.portfolio
    project = portfolio.project(mission.scope)
    if project is not None:
        clear = project.backlog is not None and not project.refused and project.files.backlog not in world.diverged
        return clear and _said_clearly(project, mission.local)
    owner, _, name = mission.scope.rpartition("/")
    program = portfolio.program(owner)
    if program is not None:
        listed = program.document is not None and program.document.find(name) is not None
        return program.document is not None and not program.refused and not listed
    return portfolio.document is not None and portfolio.document.find(owner) is None


def _said_clearly(project: Project, item: str) -> bool:
    """Whether the backlog tells one way or the other what state an item is in that it does not show as active."""
    backlog = project.backlog
    if backlog is None or item in backlog.duplicates:
        return False
    entry = backlog.find(item)
    if entry is not None:
        return entry.state is State.ACTIVE or not entry.broken
    return not any(row.code == "HEADER_ALMOST" and item in row.message for row in backlog.findings)


def _orphans(world: World) -> list[Placed]:
    """Missions whose item is not marked [/]."""
    found: list[Placed] = []
    for mission in world.missions:
        project = world.portfolio.project(mission.scope)
        entry = project.backlog.find(mission.local) if project and project.backlog else None
        if not judgeable(world, mission):
            message = f"a mission is recorded for {mission.item}, whose backlog cannot be read as things are"
            found.append(Placed(MISSIONS, 0, 0, "SLOT_WITHOUT_ITEM", "error", message, subject=mission.item))
        elif entry is None or entry.state is not State.ACTIVE:
            message = f"a mission is recorded for {mission.item}, which is not marked [/]"
            repair = "end the mission; its slot is saved under a rescue ref"
            found.append(Placed(MISSIONS, 0, 0, "SLOT_WITHOUT_ITEM", "error", message, repair, mission.item))
        elif mission.conflicts:
            listed = ", ".join(mission.conflicts[:5])
            message = f"{mission.item} conflicts with the base branch in {listed}"
            found.append(Placed("", 0, 0, "SLOT_IN_CONFLICT", "info", message, subject=mission.item))
    return found


def _active_file(world: World) -> list[Placed]:
    """backlog-item-active.md is about the one item in flight in the project in front, in sequential mode."""
    text, front = world.texts.get(ACTIVE), world.project
    if program_gone(world):  # nothing lies in front for us, and everything does for the person
        return []
    missions = [row for row in world.own_missions if not front.entry or front.files.in_front]
    if text is None:
        alone = len(missions) == 1 and len(world.missions) == 1 and front.files.in_front
        known = {entry.id for entry in front.active_items}
        if alone and missions[0].local in known:
            message = f"{missions[0].local} is in progress"
            return [Placed(ACTIVE, 0, 0, "ACTIVE_FILE_MISSING", "warning", message, "write it again")]
        return []
    if any(is_active_file(text, row.local) for row in missions):
        return []
    return [
        Placed(
            ACTIVE, 0, 0, "ACTIVE_FILE_ORPHANED", "warning", "no item in progress is the one it is about", "archive it"
        )
    ]


def program_gone(world: World) -> str:
    """Key of the program whose working program.md is gone while the files of its project lie in front; "" for none.

    By our record; in a workspace that only the peer wrote, by the files in front (peer-slots-steering.md W-C4).
    """
    active = [row.key for row in world.portfolio.programs if row.state is State.ACTIVE]
    if world.portfolio.depth != "enterprise" or world.texts.get(WORKING_PROGRAM) is not None or len(active) != 1:
        return ""
    recorded = world.record.front.get("program")
    laid = world.texts.get(BACKLOG) is not None if recorded is None else recorded == active[0]
    return active[0] if laid else ""


def _working(world: World) -> list[Placed]:
    """Working copies: whose they are, and whether they and the stored files agree."""
    portfolio = world.portfolio
    found = [
        Placed(path, 0, 0, "COPIES_DIVERGED", "error", f"{path}: {detail}") for path, detail in world.diverged.items()
    ]
    if portfolio.depth != "enterprise":
        return found
    here = world.texts.get(WORKING_PROGRAM) is not None
    if here and not any(row.files.working for row in portfolio.programs):
        message = f"{WORKING_PROGRAM} belongs to no active program"
        found.append(Placed(WORKING_PROGRAM, 0, 0, "WORKING_PROGRAM_ORPHANED", "warning", message))
    gone = program_gone(world)
    if gone:
        message = f"{gone} is active and {WORKING_PROGRAM} is gone; the stored program.md counts"
        found.append(Placed(ENTERPRISE, 0, 0, "WORKING_PROGRAM_MISSING", "warning", message))
    return found


def _capacity(world: World) -> list[Placed]:
    portfolio = world.portfolio
    over = portfolio.used - portfolio.settings.budget
    if portfolio.depth != "enterprise" or over <= 0:
        return []
    message = f"{portfolio.used} items are in flight, the budget is {portfolio.settings.budget}"
    return [Placed(ENTERPRISE, 0, 0, "BUDGET_EXCEEDED", "warning", message)]


def _slots_file(world: World) -> list[Placed]:
    """slots.json is a view for open-codining's users: never read, so nothing is lost when it is wrong (W-A5)."""
    wanted = world.recorded(world.missions).get(SLOTS, world.texts.get(SLOTS))
    if world.texts.get(SLOTS) is None or world.texts.get(SLOTS) == wanted:
        return []
    return [
        Placed(SLOTS, 0, 0, "SLOTS_FILE_CHANGED", "warning", "slots.json is not what Echelon knows", "write it again")
    ]


def _machine(world: World, observed: Observed) -> list[Placed]:
    found = [
        Placed(path, 0, 0, "RECORD_CHANGED", "error", f"{path} is not what Echelon wrote")
        for path in observed.changed_records
    ]
    found += [Placed("", 0, 0, code, "error", message) for code, message in observed.faults]
    if not observed.faults:
        found += _slots(world, observed)
    if observed.rewound:
        repair = "keep what stands there under a rescue ref and put the branch back"
        found.append(Placed("", 0, 0, "BASE_REWOUND", "error", observed.rewound, repair))
    if observed.unfinished_merge:
        message = f"git is in the middle of a {observed.unfinished_merge} in your checkout"
        found.append(Placed("", 0, 0, "MERGE_UNFINISHED", "warning", message))
    for path in observed.long_roles:
        found.append(Placed(path, 0, 0, "ROLE_TOO_LONG", "warning", f"it has more than {ROLE_BYTES_MAX:,} bytes"))
    if observed.sandbox == "none":
        found.append(Placed("", 0, 0, "SANDBOX_ABSENT", "info", "checks run without a sandbox"))
    return found


def _slots(world: World, observed: Observed) -> list[Placed]:
    running = {mission.slot for mission in world.missions if not mission.in_place}
    found: list[Placed] = []
    for slot in sorted(running - set(observed.slots)):
        repair = "open it again from its branch"
        found.append(Placed(MISSIONS, 0, 0, "SLOT_WORKTREE_MISSING", "error", f"slot {slot} is gone", repair, slot))
    for slot in sorted(set(observed.slots) - running):
        repair, message = "save it under a rescue ref and close it", f"slot {slot} belongs to no mission"
        found.append(Placed("", 0, 0, "UNREGISTERED_WORKTREE", "warning", message, repair, slot))
    for slot in sorted(observed.moved_slots):
        message = f"the branch of slot {slot} is not where Echelon left it"
        repair = "keep what it points to under a rescue ref and set it back"
        found.append(Placed("", 0, 0, "SLOT_BRANCH_MOVED", "warning", message, repair, slot))
    kept, merged = _parked(world), {slot_of(key) for key in delivered(world)}
    for branch in sorted(set(observed.branches) - running - set(observed.slots) - kept):
        message = f"orchestrator/{branch} belongs to no mission; opening that slot again keeps it under a rescue ref"
        repair = "remove it; what is not merged of it is kept under a rescue ref" if branch in merged else ""
        found.append(Placed("", 0, 0, "BRANCH_LEFT_OVER", "info", message, repair, branch))
    return found


def _parked(world: World) -> set[str]:
    """Branches of items that were suspended or failed: kept for when they go on."""
    found: set[str] = set()
    for project in world.portfolio.projects():
        for entry in project.backlog.entries if project.backlog else ():
            if entry.state in (State.SUSPENDED, State.FAILED, State.PENDING):
                found.add(f"{project.key}/{entry.id}".strip("/").replace("/", "-"))
    return found
