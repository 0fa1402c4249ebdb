"""The actions that only look: statuses, the report, and the state of the workspace."""

from __future__ import annotations

from echelon.actions import arguments as given_
from echelon.actions.callers import Caller, project_of
from echelon.core import report
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.steering.scope import documents
from echelon.core.steering.search import find
from echelon.engine import consoles, doctor
from echelon.engine.engine import Engine

Answer = Decision | Refusal


def backlog(engine: Engine, _given: object, caller: Caller) -> Answer:
    data = report.project(engine.world(caller.scope if caller.level in ("project", "mission") else None))
    return Decision({}, report.lines(data), data=data)


def program(engine: Engine, _given: object, caller: Caller) -> Answer:
    world = engine.world()
    if world.portfolio.depth == "project":
        return refuse("PROGRAM_UNKNOWN", "there is no program.md", prefix="NO PROGRAM")
    key = caller.scope if caller.level == "program" else None
    data = report.status(world)
    return Decision({}, report.program_lines(data, key), data=data)


def enterprise(engine: Engine, _given: object, _caller: Caller) -> Answer:
    world = engine.world()
    if world.portfolio.depth != "enterprise":
        return refuse("PROGRAM_UNKNOWN", "there is no enterprise.md that lists programs", prefix="NO ENTERPRISE")
    data = report.status(world)
    return Decision({}, report.enterprise_lines(data), data=data)


def portfolio(engine: Engine, _given: object, _caller: Caller) -> Answer:
    data = report.status(engine.world())
    return Decision({}, report.markdown(data), data=data)


def steering(engine: Engine, given: given_.FindArguments, caller: Caller) -> Answer:
    """Lines of the steering files of the caller's place; a person's are all."""
    scope = project_of(engine, caller, "") if caller.level == "project" else caller.scope
    if isinstance(scope, Refusal):
        return scope
    files = documents(engine.world(), caller.level, scope)
    if not files:
        return refuse("MODE_INACTIVE")
    found = find(files, given.terms, given.section)
    return Decision({}, found.message, data={"places": [list(row) for row in found.places]})


def validate(engine: Engine, given: given_.ValidateArguments, _caller: Caller) -> Answer:
    """What `echelon doctor` says, in the peer's words."""
    if given.repair and not given.dry_run:
        done = doctor.repair(engine)
        left = [row for row in done.after if row.severity == "error"]
        rows = [f"REPAIRED: {path}" for path in done.written] or ["REPAIRED: nothing had to be written"]
        rows += [f"REMAINING ISSUES ({len(done.after)}):", *(_line(row) for row in done.after)] if done.after else []
        return Decision({}, "\n".join(rows), data={"written": list(done.written), "errors": len(left)})
    found = doctor.examine(engine)
    mending = sum(1 for row in found if row.repair)
    shown = [_line(row) + (f" — would {row.repair}" if given.dry_run and row.repair else "") for row in found]
    head = f"ISSUES ({len(found)}) — {mending} repairable" if found else "WORKSPACE VALID"
    return Decision(
        {}, "\n".join((head, *shown)), data={"issues": [[row.code, row.severity, row.path] for row in found]}
    )


def console(_engine: Engine, _given: object, _caller: Caller) -> Answer:
    """Where the web console is. An agent reads this: no secret is in it, nor in the file that it comes from."""
    address = consoles.address()
    if not address:
        return Decision({}, "NO CONSOLE. A person starts one: echelon console --open", data={"address": ""})
    said = f"CONSOLE {address}\nA person is let in by: echelon console --open"
    return Decision({}, said, data={"address": address})


def _line(row: doctor.Placed) -> str:
    place = f"{row.path}:{row.line}" if row.line else row.path or "workspace"
    return f"[{row.severity.upper()}] ({place}) {row.code}: {row.message}"


def accept_base(engine: Engine, given: given_.BaseArguments, _caller: Caller) -> Answer:
    """A person moved the base branch on purpose."""
    if not given.reason.strip():
        return refuse("ARGUMENT_MISSING", "say why: reason")
    commit = engine.baseline.accept(engine.starts())
    return Decision({}, f"ACCEPTED: the base branch is right at {commit[:12]}.", data={"commit": commit})
