"""The items in flight: their tasks as a tree, their criteria with what the last look found, what refused them."""

from __future__ import annotations

from functools import lru_cache

from echelon.console.answers import Answer
from echelon.console.reads.source import Mirror, view
from echelon.console.reads.verified import Verification, last_verification
from echelon.core.documents import todo
from echelon.core.documents.criteria import Check
from echelon.core.documents.render import clean, one_line
from echelon.core.documents.todo import Todo
from echelon.core.model import TODO, Mission, World
from echelon.errors import EchelonError
from echelon.slots.places import read_small, real_directory

MISSIONS_MAX = 200
TASKS_MAX = 1_000
TODO_BYTES_MAX = 1_000_000
FEEDBACK_MAX = 8_000
PATHS_MAX = 100


class TaskRow(Answer):
    """`depth` counts from 0; a task lies below the nearest one before it that is less deep."""

    text: str
    done: bool
    state: str
    depth: int


class CriterionRow(Answer):
    """`kind`: check, guard or attest. `state`: open, green, red, could_not_run, attested; of a delivered item proved,
    guarded, attested or none. `output`: the end of what the check said when it was not green."""

    number: int
    text: str
    check: str
    kind: str
    state: str
    output: str


class VerificationRow(Answer):
    mission: str
    at: str
    passed: bool
    reasons: list[str]


class RecordRow(Answer):
    """What the agent left about its work; its word, no evidence."""

    files: list[str]
    notes: str
    follow_up: str


class MissionRow(Answer):
    """`todo_current` is false where the todo.md in the slot is of another attempt, or is gone."""

    key: str
    title: str
    attempt: int
    mission: str
    phase: str
    slot: str
    since: str
    parked: bool
    in_place: bool
    todo: list[TaskRow]
    todo_current: bool
    tasks_left_out: int
    done: int
    total: int
    criteria: list[CriterionRow]
    common: list[CriterionRow]
    verification: VerificationRow | None
    feedback: str
    record: RecordRow | None
    conflicts: list[str]
    to_attest: list[int]
    accepted_weakening: bool


class Missions(Answer):
    missions: list[MissionRow]
    left_out: int


def missions(mirror: Mirror, key: str = "") -> Missions:
    """All in flight, or the one of this item."""
    rows = [row for row in view(mirror).world.missions if key in ("", row.item)]
    return Missions(
        missions=[mission_row(mirror, row) for row in rows[:MISSIONS_MAX]], left_out=max(0, len(rows) - MISSIONS_MAX)
    )


def mission_row(mirror: Mirror, mission: Mission) -> MissionRow:
    world = view(mirror).world
    held = todo_of(mirror, world, mission)
    last = last_verification(world, mission.item)
    project = world.portfolio.project(mission.scope)
    attested = {entry.criterion for entry in mission.attestations}
    criteria = criteria_of(mission, last)
    return MissionRow(
        key=mission.item,
        title=one_line(mission.title or mission.definition.title),
        attempt=mission.attempt,
        mission=mission.name,
        phase=mission.phase,
        slot=mission.slot,
        since=mission.started,
        parked=bool(project and not project.running),
        in_place=mission.in_place,
        todo=tasks(held),
        todo_current=held.mission == mission.name,
        tasks_left_out=max(0, len(held.tasks) - TASKS_MAX),
        done=len(held.tasks) - len(held.open),
        total=len(held.tasks),
        criteria=criteria,
        common=_rows([(row.text, row.check) for row in mission.definition.done], last, set()),
        verification=_verification(last),
        feedback=clean(mission.feedback[:FEEDBACK_MAX]),
        record=record_of(held),
        conflicts=[one_line(path) for path in mission.conflicts[:PATHS_MAX]],
        to_attest=[
            number
            for number, row in enumerate(mission.definition.criteria, 1)
            if row.check is None and row.text not in attested
        ],
        accepted_weakening=bool(mission.accepted),
    )


def todo_of(mirror: Mirror, world: World, mission: Mission) -> Todo:
    """The todo.md that the agent keeps, read with a limit and through no link; an empty one where there is none."""
    if mission.in_place:
        return _parsed(world.text(TODO)[:TODO_BYTES_MAX])
    work = mirror.workspace.state / "slots" / mission.slot / "work"
    try:
        folder = real_directory(real_directory(work) / TODO.rpartition("/")[0])
    except (EchelonError, OSError):
        return _parsed("")
    content = read_small(folder / TODO.rpartition("/")[2], TODO_BYTES_MAX)
    return _parsed(content.decode("utf-8", "replace"))


@lru_cache(maxsize=512)
def _parsed(text: str) -> Todo:
    return todo.parse(text)


def tasks(held: Todo) -> list[TaskRow]:
    return [
        TaskRow(
            text=one_line(row.text),
            done=row.state is not None and row.state.value == "delivered",
            state=row.state.value if row.state else "",
            depth=row.depth,
        )
        for row in held.tasks[:TASKS_MAX]
    ]


def record_of(held: Todo) -> RecordRow | None:
    record = held.record
    if record is None:
        return None
    files = [one_line(name) for name in record.files[:PATHS_MAX]]
    return RecordRow(files=files, notes=one_line(record.notes, 2_000), follow_up=one_line(record.follow_up, 2_000))


def criteria_of(mission: Mission, last: Verification | None) -> list[CriterionRow]:
    attested = {entry.criterion for entry in mission.attestations}
    return _rows([(row.text, row.check) for row in mission.definition.criteria], last, attested)


def _rows(
    promises: list[tuple[str, Check | None]], last: Verification | None, attested: set[str]
) -> list[CriterionRow]:
    runs = {run[1]: run for run in last.runs} if last else {}
    found: list[CriterionRow] = []
    for number, (text, check) in enumerate(promises, 1):
        run = runs.get(check.command) if check else None
        state = run[3] if run else "attested" if check is None and text in attested else "open"
        found.append(
            CriterionRow(
                number=number,
                text=one_line(text, 2_000),
                check=one_line(check.command, 2_000) if check else "",
                kind=check.kind if check else "attest",
                state=state,
                output=clean(run[4]) if run and run[3] != "green" else "",
            )
        )
    return found


def _verification(last: Verification | None) -> VerificationRow | None:
    if last is None:
        return None
    return VerificationRow(
        mission=last.mission, at=last.at, passed=last.passed, reasons=[clean(reason) for reason in last.reasons]
    )
