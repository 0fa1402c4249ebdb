"""Rework: a person looked at the work of an item in flight and sends it back with comments on its lines.

The attempt ends by their word, and what they said is the feedback of the next one; slot and work stay. It counts for no
step of the recovery ladder: a person who says what to do is no reason to ask a person. But it has a limit of its own, so
that no agent that calls it in a person's name goes on for ever.
"""

from __future__ import annotations

from dataclasses import replace

from echelon.core import briefing, states
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents import render
from echelon.core.documents.grammar import Language
from echelon.core.levels import ending, mission
from echelon.core.model import ATTEMPTS, Attempt, World
from echelon.core.requests import Remark, ReworkItem

REWORKS_MAX = 20  # of one item, until it is suspended, failed or delivered
REMARKS_MAX = 50
REMARK_MAX = 1_000  # characters of one
PATH_MAX = 300
NOTE_MAX = 2_000
SAID_MAX = 4_000  # characters of all of them: what a prompt quotes (core/prompts.FEEDBACK_MAX)
KEPT_MAX = 8_000  # with what was said before
DETAIL_MAX = 2_000
_WORDS: dict[Language, tuple[str, str, str]] = {
    "en": (
        "A person looked at the work and asks for this:",
        "Said before:",
        "{path}, removed line {line} of the base",
    ),
    "fr": (
        "Une personne a regardé le travail et demande ceci :",
        "Dit auparavant :",
        "{path}, ligne {line} de la base, retirée",
    ),
}


def rework(world: World, request: ReworkItem, now: str) -> Decision | Refusal:
    found = ending.in_flight(world, request.item, "rework")
    if isinstance(found, Refusal):
        return found
    backlog, entry, running = found
    if running is None:
        return refuse("NOTHING_IN_PROGRESS", f"no mission runs for {entry.id}")
    gaps = _gaps(request)
    if gaps:
        return refuse("ARGUMENT_MISSING", *gaps)
    phase = states.MISSION.get((running.phase, "reworked"))
    if phase is None:
        return refuse("TRANSITION_REFUSED", f"{running.name} is {running.phase}: what was proved is about to be merged")
    if briefing.reworks(world, running.item) >= REWORKS_MAX:
        said = f"{running.item} was sent back {REWORKS_MAX} times: suspend it, and sharpen its criteria"
        return refuse("TRANSITION_REFUSED", said)
    opening, before, _ = _WORDS[world.language]
    lines = told(request, world.language)
    said = "\n".join((opening, *lines))
    if len(said) > SAID_MAX:
        return refuse("ARGUMENT_MISSING", f"{len(said)} characters are said, at most {SAID_MAX}: say the rest later")
    feedback = f"{said}\n\n{before}\n{running.feedback}"[:KEPT_MAX] if running.feedback else said
    ended = Attempt(running.item, running.attempt, "rework", "; ".join(lines)[:DETAIL_MAX], running.started, now)
    log = world.text(ATTEMPTS) + ended.as_line()
    after = replace(world, attempts=(*world.attempts, ended), texts={**world.texts, ATTEMPTS: log})
    following = replace(
        running,
        attempt=running.attempt + 1,
        phase="conflict" if phase == "conflict" else "working",
        started=now,
        feedback=feedback,
        candidate="",
        candidate_base="",
    )
    count = len(request.remarks)
    message = f"REWORK {entry.id}: {count} comment(s); {following.name} follows with them, in the same slot."
    decided = mission.follow(after, backlog, ended, following, message, now)
    return replace(decided, data={**decided.data, "said": said})


def told(request: ReworkItem, language: Language = "en") -> tuple[str, ...]:
    """One line for each remark, `path:line — words`, then the note: data, in which no line is structure of ours."""
    rows = [f"{_place(remark, language)} — {render.one_line(remark.text, REMARK_MAX)}" for remark in request.remarks]
    note = render.one_line(request.note, NOTE_MAX)
    return (*rows, note) if note else tuple(rows)


def _place(remark: Remark, language: Language) -> str:
    path = render.one_line(remark.path, PATH_MAX)
    if remark.side == "old":  # the slot has no such line any more: its number would point at another one
        return _WORDS[language][2].format(path=path, line=remark.line)
    return f"{path}:{remark.line}" if remark.line else path


def _gaps(request: ReworkItem) -> list[str]:
    gaps = [] if request.remarks or render.one_line(request.note) else ["say what has to change: comments, or note"]
    if len(request.remarks) > REMARKS_MAX:
        gaps.append(f"{len(request.remarks)} comments, at most {REMARKS_MAX} at once")
    for number, remark in enumerate(request.remarks[:REMARKS_MAX], 1):
        if not render.one_line(remark.path) or not render.one_line(remark.text):
            gaps.append(f"comment {number} needs a path and a text")
        if not 0 <= remark.line <= 10**9:
            gaps.append(f"comment {number}: line {str(remark.line)[:20]} is no line of a file")
        elif remark.side == "old" and not remark.line:
            gaps.append(f"comment {number}: say which line was removed")
    return gaps
