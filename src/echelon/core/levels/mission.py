"""The mission level: one item in flight, attempt after attempt, until evidence closes it or a person must decide.

The recovery ladder is decompose, re-plan, escalate: the second attempt is told to break the work down, further ones
to plan it anew, and after `limits.attempts` the item is escalated and suspended.
"""

from __future__ import annotations

from dataclasses import replace

from echelon.core import briefing, evidence, evidence_log, records, states
from echelon.core.decide import Decision, Effect, Refusal, refuse
from echelon.core.documents import render, sections, todo
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.sections import Escalation, Option
from echelon.core.levels import ending, journals
from echelon.core.levels.binding import bind
from echelon.core.levels.holding import DECISION_NEEDED
from echelon.core.levels.journals import Writes
from echelon.core.model import ATTEMPTS, CONTEXT, EVIDENCE, TODO, Attempt, Mission, World, with_mission
from echelon.core.requests import AcceptWeakening, Attest, CloseItem, EndAttempt, Findings, SuspendItem

# ----------------------------------------------------------------------------------------------------- closing


def close(world: World, request: CloseItem) -> Decision | Refusal:
    """The verdict; with a candidate, the decision to merge it. Every reason is given at once."""
    found = ending.in_flight(world, request.item, "close" if request.record else "verify")
    if isinstance(found, Refusal):
        return found
    _, entry, running = found
    if running is None:
        return refuse("NOTHING_IN_PROGRESS", f"{entry.id} is marked [/] and no mission runs for it: echelon doctor")
    verdict = judge(world, running, request.findings)
    if not verdict.closes:
        codes = {problem.code for problem in verdict.problems}
        code = verdict.problems[0].code if len(codes) == 1 else "NOT_PROVED"
        prefix = "CONFLICT" if "MERGE_CONFLICT" in codes else "REFUSED"
        return refuse(code, *(f"[{problem.code}] {problem.message}" for problem in verdict.problems), prefix=prefix)
    if not request.record:
        warned = records.warnings(todo.parse(request.findings.todo or "").oddities, world.language)
        message = "\n".join((f"PROVED {entry.id}: {verdict.coverage}, ready to close.", *warned))
        return Decision({}, message, data={"coverage": verdict.coverage, "warnings": list(warned)})
    phase = states.MISSION.get((running.phase, "proved"))
    if phase is None:
        return refuse("TRANSITION_REFUSED", f"{running.name} is {running.phase}; nothing can be proved in that phase")
    record, digest = evidence_log.following(world.text(EVIDENCE), request.record)
    ready = replace(
        running,
        phase="merging" if phase == "merging" else running.phase,
        candidate=request.candidate,
        candidate_base=request.findings.base.commit,
        evidence=digest,
        coverage=verdict.coverage,
        conflicts=(),
    )
    writes: Writes = {
        **world.recorded(with_mission(world.missions, ready)),
        **evidence_log.appended(world.text(EVIDENCE), record),
    }
    moving = {"item": entry.id, "candidate": request.candidate, "base": request.findings.base.commit}
    effects = (Effect("move_base", moving),) if request.candidate else ()
    message = f"PROVED {entry.id}: {verdict.coverage}; merging."
    return Decision(writes, message, effects, {"coverage": verdict.coverage})


def judge(world: World, running: Mission, findings: Findings) -> evidence.Verdict:
    """Everything that must hold before an item closes: claim, definition, work, evidence."""
    verdict = evidence.judge(
        running.definition,
        findings.results,
        [entry for entry in running.attestations if entry.tree == findings.work_tree],
        changed=bool(findings.changed),
        policy=world.config.policy,
    )
    own = [
        problem
        for problem in findings.problems
        if problem.code != "WEAKENED" or running.accepted != findings.weakenings
    ]
    blocked = any(problem.code in ("MERGE_CONFLICT", "CONFLICT_MARKERS", "SLOT_PROBLEM") for problem in own)
    runs = () if blocked else verdict.problems  # what was not run for want of a candidate is not a reason of its own
    if not findings.changed:  # nothing was run on a candidate that changes nothing
        runs = tuple(problem for problem in runs if problem.code != "CHECK_NOT_RUN")
    problems = (*_bound(world, running, findings), *_claim(running, findings), *own, *runs)
    return replace(verdict, problems=problems)


def _bound(world: World, running: Mission, findings: Findings) -> tuple[evidence.Problem, ...]:
    """The exam must still be the one the item started with."""
    found: list[evidence.Problem] = []
    if world.spec_digest != running.spec:
        found.append(evidence.Problem("SPEC_CHANGED", "spec.md is not what it was when the item started"))
    if world.backlog is None:
        return tuple(found)
    entry = world.backlog.find(running.local)
    now = bind(world, world.backlog, entry, findings.base) if entry else None
    if isinstance(now, Refusal) or now is None or now.digest != running.definition.digest:
        detail = "; ".join(now.reasons) if isinstance(now, Refusal) else "its criteria, checks or title are others now"
        found.append(evidence.Problem("DEFINITION_CHANGED", f"{running.item}: {detail}"))
    return tuple(found)


def _claim(running: Mission, findings: Findings) -> tuple[evidence.Problem, ...]:
    """The agent's own word: needed, and never enough."""
    found: list[evidence.Problem] = []
    held = todo.parse(findings.todo or "")
    if held.mission and held.mission != running.name:
        found.append(evidence.Problem("TODO_STALE", f"todo.md is of mission {held.mission}, this is {running.name}"))
    elif held.open:
        names = ", ".join(f'"{render.one_line(task.text, 60)}"' for task in held.open[:5])
        found.append(evidence.Problem("TASKS_OPEN", f"{held.progress} tasks done; open: {names}"))
    if todo.parse(findings.checklist or "").open:
        found.append(evidence.Problem("CHECKLIST_OPEN", "verification-checklist.md has open points"))
    if not todo.is_quiet(findings.sync_issues or ""):
        found.append(evidence.Problem("SYNC_ISSUES", "sync-issues.md names open issues"))
    return tuple(found)


# -------------------------------------------------------------------------------------------------- attempts


def end_attempt(world: World, request: EndAttempt, now: str) -> Decision | Refusal:
    """An attempt is over without closing: try again with its lesson, or escalate when the ladder ends."""
    found = ending.in_flight(world, request.item, "end_attempt")
    if isinstance(found, Refusal):
        return found
    backlog, entry, running = found
    if running is None:
        return refuse("NOTHING_IN_PROGRESS", f"no mission runs for {entry.id}")
    if request.attempt not in (0, running.attempt):
        said = f"{running.item}.{request.attempt} is over; {running.name} is in flight"
        return refuse("ATTEMPT_OVER", said)
    ended = Attempt(
        running.item, running.attempt, request.reason, render.clean(request.detail)[:2000], running.started, now,
        request.tokens, request.cost, files=request.conflicts,
    )  # fmt: skip
    log = world.text(ATTEMPTS) + ended.as_line()
    after = replace(world, attempts=(*world.attempts, ended), texts={**world.texts, ATTEMPTS: log})
    if briefing.tries(after, entry.id) >= world.config.count("limits.attempts"):
        return _escalate(after, backlog, running, request, log, now)
    event = "conflicted" if request.reason == "conflict" else "refused"
    phase = states.MISSION[(running.phase, event)]
    following = replace(
        running,
        attempt=running.attempt + 1,
        phase="conflict" if phase == "conflict" else "working",
        started=now,
        feedback=request.detail,
        conflicts=request.conflicts,
        base=request.base or running.base,
        candidate="",
        candidate_base="",
    )
    step = briefing.ladder_step(briefing.tries(after, entry.id))
    message = f"{running.name} ended ({request.reason}); {following.name} follows: {step}"
    return follow(after, backlog, ended, following, message, now)


def follow(
    after: World, backlog: EntriesDocument, ended: Attempt, following: Mission, message: str, now: str
) -> Decision:
    """One attempt ends and the next begins in the same slot, briefed anew. `after` knows the ended one already."""
    writes: Writes = {**after.recorded(with_mission(after.missions, following)), ATTEMPTS: after.text(ATTEMPTS)}
    said = f"{ended.item}.{ended.attempt} — {ended.reason}: {render.one_line(ended.detail, 300)}"
    journals.add(writes, after, after.files.journal, "attempt_ended", said, now, after.language)
    files = briefing.files(after, backlog, following)
    if following.in_place:
        writes.update({path: files[path] for path in (CONTEXT, TODO)})
    effects = () if following.in_place else (Effect("brief_slot", {"slot": following.slot, "files": files}),)
    data = {"item": following.item, "mission": following.name, "prompt": briefing.prompt(after, backlog, following)}
    return Decision(writes, message, effects, data)


def _escalate(
    world: World, backlog: EntriesDocument, running: Mission, request: EndAttempt, log: str, now: str
) -> Decision | Refusal:
    made = [
        f"- {entry.attempt}: {entry.reason} — {render.one_line(entry.detail, 300)}"
        for entry in world.attempts_of(running.item)
    ]
    french = world.language == "fr"
    options = (
        (Option("Préciser", "l'agent réessaie avec votre réponse", "coûte d'autres tentatives"),
         Option("Abandonner", "le reste avance", "ce qui en dépend ne démarre jamais"))
        if french
        else (Option("Clarify", "the agent tries again with your answer", "costs further attempts"),
              Option("Give up", "the rest goes on", "what depends on it never starts"))
    )  # fmt: skip
    title = backlog.find(running.local)
    words = "ne se ferme pas" if french else "does not close"
    escalation = Escalation(
        f"ESC-{render.stamp(now)}-{running.slot}",
        f"{running.local} — {title.title if title else ''} {words}: {request.reason}\n{request.detail[:2000]}",
        "\n".join(made),
        options,
        "Que faire ?" if french else "What shall be done?",
    )
    path = world.files.journal
    text = sections.append_escalation(world.text(path), escalation, journals.title_of(path), world.language)
    escalated = replace(world, texts={**world.texts, path: text, ATTEMPTS: log})
    tried = briefing.tries(world, running.item)
    reason = f"{tried} attempts, {DECISION_NEEDED}{escalation.id}"
    decided = ending.suspend(escalated, SuspendItem(reason, running.item), now)
    if isinstance(decided, Refusal):
        return decided
    message = f"ESCALATION {escalation.id}: {running.item} waits for a person after {tried} attempts."
    return replace(decided, message=message, data={"item": running.item, "escalation": escalation.id})


# --------------------------------------------------------------------------------------------- a person's word


def attest(world: World, request: Attest) -> Decision | Refusal:
    found = ending.in_flight(world, request.item, "attest")
    if isinstance(found, Refusal):
        return found
    _, entry, running = found
    if running is None:
        return refuse("NOTHING_IN_PROGRESS", f"no mission runs for {entry.id}")
    if not render.one_line(request.note):
        return refuse("ARGUMENT_MISSING", "say what was looked at: note")
    numbered = list(enumerate(running.definition.criteria, 1))
    chosen = [promise for number, promise in numbered if promise.check is None and request.criterion in (0, number)]
    if not chosen:
        open_ones = [f"{number}: {promise.text}" for number, promise in numbered if promise.check is None]
        return refuse("CRITERION_UNKNOWN", *(open_ones or ["every criterion carries a check"]))
    note = render.one_line(request.note)
    added = tuple(evidence.Attestation(promise.text, request.by, note, request.tree) for promise in chosen)
    names = {promise.text for promise in chosen}
    kept = tuple(entry for entry in running.attestations if entry.criterion not in names)
    attested = replace(running, attestations=(*kept, *added))
    writes = world.recorded(with_mission(world.missions, attested))
    return Decision(writes, f"ATTESTED {entry.id}: {len(added)} criteria by {request.by}.", data={"item": entry.id})


def accept_weakening(world: World, request: AcceptWeakening, now: str) -> Decision | Refusal:
    found = ending.in_flight(world, request.item, "attest")
    if isinstance(found, Refusal):
        return found
    _, entry, running = found
    if running is None:
        return refuse("NOTHING_IN_PROGRESS", f"no mission runs for {entry.id}")
    if not render.one_line(request.note):
        return refuse("ARGUMENT_MISSING", "say why it is right: note")
    accepted = replace(running, accepted=request.weakenings)
    writes: Writes = world.recorded(with_mission(world.missions, accepted))
    said = f"{running.name} — accepted: {request.note}"
    journals.add(writes, world, world.files.journal, "decision", said, now, world.language)
    return Decision(writes, f"ACCEPTED {entry.id}: this change to the tests may pass.", data={"item": entry.id})
