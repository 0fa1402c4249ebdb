"""Loops: what happens when a commander's session falls idle. Pure; one row per level, and one rule for all of them.

A loop belongs to one root session and starts by an explicit word only (a command, or an action that starts work). It
goes on once per finished turn, while the level is not done, nothing waits for a person, the turns change something
code can see, and no limit is reached. A person's stop is final: only an explicit word starts it again.
Facts about turns: reference host-opencode.md §5.2. Failures it must not repeat: peer-engine.md W1-W3, W19;
peer-slots-steering.md W-G1 to W-G8.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from echelon.core import canonical, requests
from echelon.core.config import Config
from echelon.core.decide import Refusal
from echelon.core.documents import todo
from echelon.core.documents.grammar import State
from echelon.core.levels import decide
from echelon.core.model import TODO, BaseFacts, World

LOOPS_MAX = 200  # kept; the oldest ended ones go first
SHOWN_MAX = 5  # reasons in one prompt
OBJECTIVE_MAX = 2_000

LoopState = Literal["running", "paused", "done"]
LevelName = Literal["mission", "project"]


@dataclass(frozen=True, slots=True)
class Loop:
    """A session that goes on by itself. `handled` is the id of the last assistant message that was answered."""

    session: str
    level: LevelName
    agent: str
    objective: str
    since: float  # seconds since the epoch
    host: int  # process id of the OpenCode it runs in
    item: str = ""  # only this item, when the person named one
    todo: str = ""  # digest of todo.md when the loop began: a plan of somebody else's is none of ours
    state: LoopState = "running"
    code: str = ""  # why it is not running
    reason: str = ""
    turns: int = 0
    still: int = 0  # turns in a row that changed nothing
    failed: int = 0  # turns in a row that ended in an error
    handled: str = ""
    seen: str = ""  # fingerprint of what code could see after the last turn
    tokens: int = 0
    cost: float = 0.0

    def ended(self, state: LoopState, code: str, reason: str = "") -> Loop:
        return dataclasses.replace(self, state=state, code=code, reason=reason)


@dataclass(frozen=True, slots=True)
class Turn:
    """The last message of a session that fell idle. `error` is the host's name of what ended the turn, "" for none.

    `tokens` and `cost` are what the session and all below it have used so far.
    """

    message: str
    role: Literal["assistant", "user"]
    finished: bool
    error: str = ""
    detail: str = ""
    text: str = ""
    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the files say of a level: done, open with what comes next, or waiting for a person."""

    state: Literal["done", "open", "waits"]
    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do: `loop` is the new record; `prompt` the text to send, "" when nothing is sent."""

    loop: Loop
    prompt: str = ""


ABORTED = "MessageAbortedError"


def step(loop: Loop, turn: Turn, verdict: Verdict, seen: str, now: float, config: Config) -> Step | None:
    """The answer to an idle session; None when this turn was answered already or is none of the loop's."""
    if loop.state != "running" or turn.message == loop.handled:
        return None
    counted = dataclasses.replace(
        loop,
        handled=turn.message,
        turns=loop.turns + 1,
        tokens=max(loop.tokens, turn.tokens),
        cost=max(loop.cost, turn.cost),
        still=0 if seen != loop.seen else loop.still + 1,
        failed=loop.failed + 1 if turn.error else 0,
        seen=seen,
    )
    if turn.error == ABORTED or turn.role == "user" or not (turn.finished or turn.error):
        return Step(counted.ended("paused", "LOOP_STOPPED", "the turn was stopped"))
    if verdict.state == "done":
        return Step(counted.ended("done", verdict.code or "LOOP_DONE", verdict.text))
    if verdict.state == "waits":
        return Step(counted.ended("paused", verdict.code or "LOOP_WAITS", verdict.text))
    if halted := _halt(turn.text):
        return Step(counted.ended("paused", "LOOP_HALTED", halted))
    if turn.error and counted.failed >= config.count("limits.loopFailedTurns"):
        return Step(counted.ended("paused", "LOOP_TURN_FAILED", f"{turn.error}: {turn.detail}"))
    if reached := _limit(counted, now, config):
        return Step(counted.ended("paused", "LOOP_LIMIT", reached))
    return Step(counted, _prompt(counted, verdict))


def _halt(text: str) -> str:
    """The words after a line that begins with HALT: the agent says that only a person can go on."""
    for line in reversed(text.strip().split("\n")[-5:]):
        word, _, rest = line.strip().lstrip("*#> ").partition(" ")
        if word.rstrip(":-—.*") == "HALT":
            return rest.strip(" :-—*")[:OBJECTIVE_MAX] or "the agent stopped"
    return ""


def _limit(loop: Loop, now: float, config: Config) -> str:
    used: tuple[tuple[str, float], ...] = (
        ("limits.loopTurns", loop.turns),
        ("limits.loopStillTurns", loop.still),
        ("limits.loopTokens", loop.tokens),
        ("limits.loopCost", loop.cost),
        ("limits.loopSeconds", now - loop.since),
    )
    return next((f"{key} is {config[key]:g}" for key, value in used if value >= config.number(key)), "")


def _prompt(loop: Loop, verdict: Verdict) -> str:
    """One short text. It names the level and what is open; the contract itself is in the system prompt."""
    still = (
        f"\nThe last {loop.still} turn(s) changed nothing. Try another way, or answer HALT: and why."
        if loop.still
        else ""
    )
    return f"[Echelon, {loop.level}, turn {loop.turns + 1}] {verdict.text}{still}"


# ------------------------------------------------------------------------------------------------ the levels


_ANY_BASE = BaseFacts("", in_place=True)  # what git says of the base is for the start itself to ask


def _project(world: World, loop: Loop) -> Verdict:
    if loop.item:
        entry = world.backlog.find(loop.item) if world.backlog else None
        if entry is None or entry.state not in (State.ACTIVE, State.PENDING):
            state = entry.state.value if entry else "gone"
            return Verdict("done" if entry and entry.state is State.DELIVERED else "waits", f"{loop.item} is {state}")
    mission = world.mission(loop.item or None)
    if mission is not None:
        return Verdict(
            "open",
            f"{mission.item} is in flight (attempt {mission.attempt}): have a Commander work on it, then "
            "backlog_close_item. backlog_status shows the rest.",
        )
    answer = decide(world, requests.StartItem(_ANY_BASE, loop.item or None), "")
    if not isinstance(answer, Refusal):
        return Verdict("open", f"Next is {answer.data['item']}: backlog_start_item.")
    text = "; ".join(reason.split("\n", 1)[0] for reason in answer.reasons[:SHOWN_MAX])
    return Verdict("done" if answer.code == "BACKLOG_COMPLETE" else "waits", text, answer.code)


def _mission(world: World, loop: Loop) -> Verdict:
    """A mission of its own, without an item: its plan in todo.md is all there is, and the end says so."""
    plan = todo.parse(world.text(TODO))
    if not plan.tasks or loop.todo == todo_digest(world):
        return Verdict("open", "todo.md holds no plan of this mission yet: write one, or answer HALT: and why.")
    if not plan.open:
        return Verdict(
            "done", f"todo.md is complete ({plan.progress}): claimed, nothing here proves it", "LOOP_CLAIMED"
        )
    stuck = [task.text for task in plan.open if task.state in (State.FAILED, State.SUSPENDED)]
    if len(stuck) == len(plan.open):
        return Verdict("waits", f"what is left in todo.md has failed or is suspended: {'; '.join(stuck[:SHOWN_MAX])}")
    names = "; ".join(task.text[:120] for task in plan.open[:SHOWN_MAX])
    return Verdict("open", f"todo.md: {plan.progress} done. Open: {names}")


VERDICTS: Mapping[LevelName, Callable[[World, Loop], Verdict]] = {"project": _project, "mission": _mission}


def verdict(world: World, loop: Loop) -> Verdict:
    return VERDICTS[loop.level](world, loop)


def todo_digest(world: World) -> str:
    return canonical.text_digest(world.text(TODO))


# --------------------------------------------------------------------------------------------------- on disk


def read(text: str | None) -> dict[str, Loop]:
    """Loops by session, oldest first. A damaged file or row holds no loop: nothing restarts by guessing."""
    try:
        rows = json.loads(text)["loops"] if text else []
        return {str(row["session"]): Loop(**row) for row in rows if isinstance(row, dict) and _fits(row)}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _fits(row: Mapping[str, Any]) -> bool:
    known = set(Loop.__slots__)
    return (
        set(row) <= known
        and row.get("level") in VERDICTS
        and row.get("state", "running") in ("running", "paused", "done")
    )


def write(loops: Mapping[str, Loop]) -> str:
    """The running ones, and the newest of the others."""
    running = [loop for loop in loops.values() if loop.state == "running"]
    others = [loop for loop in loops.values() if loop.state != "running"][-LOOPS_MAX:]
    rows = [dataclasses.asdict(loop) for loop in (*others, *running)]
    return json.dumps({"loops": rows}, indent=1, ensure_ascii=False) + "\n"
