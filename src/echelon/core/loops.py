"""Loops: what happens when a commander's session falls idle. Pure; one row per level, and one rule for all of them.

A loop belongs to one root session and starts by an explicit word only (a command, or an action that starts work). It
goes on once per finished turn, while the level is not done, nothing waits for a person, the turns change something
code can see, and no limit is reached. A person's stop is final: only an explicit word starts it again. A loop that
waits for a decision is not stopped: once the files say that the level can go on, it does.
Facts about turns: reference host-opencode.md §5.2. Failures it must not repeat: peer-engine.md W1-W3, W19;
peer-slots-steering.md W-G1 to W-G8.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from echelon.core import canonical, outages, verdicts
from echelon.core.config import Config
from echelon.core.model import TODO, World
from echelon.core.posts import LevelName
from echelon.core.verdicts import Verdict

FILE = "loops.json"  # beside the workspace's slots
FILE_BYTES_MAX = 4_000_000
LOOPS_MAX = 200  # kept; the oldest ended ones go first
OBJECTIVE_MAX = 2_000

# "waiting": for a person, or for a provider that is not there, and then it goes on
LoopState = Literal["running", "waiting", "paused", "done"]


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
    scope: str | None = None  # key of the project or program it is about; None: the session has not said yet
    todo: str = ""  # digest of todo.md when the loop began: a plan of somebody else's is none of ours
    state: LoopState = "running"
    code: str = ""  # why it is not running
    reason: str = ""
    turns: int = 0
    still: int = 0  # turns in a row that changed nothing
    failed: int = 0  # turns in a row that ended in an error of their own
    dark: float = 0.0  # since when the model's provider is not there, in seconds since the epoch; 0: it is
    resumes: float = 0.0  # when it is tried again
    handled: str = ""
    seen: str = ""  # fingerprint of what code could see after the last turn
    tokens: int = 0
    cost: float = 0.0

    @property
    def unended(self) -> bool:
        """Whether it goes on by itself, now or once what it waits for is there."""
        return self.state in ("running", "waiting")

    def ended(self, state: LoopState, code: str, reason: str = "") -> Loop:
        return dataclasses.replace(self, state=state, code=code, reason=reason)


@dataclass(frozen=True, slots=True)
class Turn:
    """The last message of a session that fell idle. `error` is the host's name of what ended the turn, "" for none;
    `outage` says that it is the model's provider, which is not there for now.

    `tokens` and `cost` are what the session and all below it have used so far.
    """

    message: str
    role: Literal["assistant", "user"]
    finished: bool
    error: str = ""
    outage: bool = False
    detail: str = ""
    text: str = ""
    tokens: int = 0
    cost: float = 0.0


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
        failed=loop.failed + 1 if turn.error and not turn.outage else 0,
        dark=(loop.dark or now) if turn.outage else 0.0,
        seen=seen,
    )
    if turn.error == ABORTED or turn.role == "user" or not (turn.finished or turn.error):
        return Step(counted.ended("paused", "LOOP_STOPPED", "the turn was stopped"))
    if verdict.state == "done":
        return Step(counted.ended("done", verdict.code or "LOOP_DONE", verdict.text))
    if verdict.state == "waits":
        return Step(counted.ended("waiting", verdict.code or "LOOP_WAITS", verdict.text))
    if halted := _halt(turn.text):
        return Step(counted.ended("paused", "LOOP_HALTED", halted))
    if turn.outage and now - counted.dark < config.number("limits.outageSeconds"):
        later = dataclasses.replace(loop, handled=turn.message, dark=counted.dark)  # no turn is counted
        return Step(_outage(later, f"{turn.error}: {turn.detail}", now))
    if turn.error and (turn.outage or counted.failed >= config.count("limits.loopFailedTurns")):
        return Step(counted.ended("paused", "LOOP_TURN_FAILED", f"{turn.error}: {turn.detail}"))
    if reached := _limit(counted, now, config):
        return Step(counted.ended("paused", "LOOP_LIMIT", reached))
    return Step(counted, _prompt(counted, verdict))


def wake(loop: Loop, turn: Turn, verdict: Verdict, now: float, config: Config) -> Step | None:
    """What a loop that waits does now; None while it waits on. `turn` is the session's last message, which has ended."""
    if loop.state != "waiting" or now < loop.resumes:
        return None
    if turn.error == ABORTED and turn.message != loop.handled:
        return Step(loop.ended("paused", "LOOP_STOPPED", "the turn was stopped"))
    if verdict.state == "waits":
        return None
    if verdict.state == "done":
        return Step(loop.ended("done", verdict.code or "LOOP_DONE", verdict.text))
    again = dataclasses.replace(
        loop, state="running", code="", reason="", still=0, failed=0, resumes=0.0, handled=turn.message
    )
    if reached := _limit(again, now, config):
        return Step(again.ended("paused", "LOOP_LIMIT", reached))
    cut = "The last turn was cut off from outside: the model's provider was not there.\n"
    settled = f"What this waited for is settled: {loop.reason}\n"
    return Step(again, _prompt(again, verdict, cut if loop.resumes else settled))


def _outage(loop: Loop, error: str, now: float) -> Loop:
    pause = outages.pause(now - loop.dark)
    waiting = dataclasses.replace(loop, resumes=now + pause)
    return waiting.ended("waiting", "LOOP_OUTAGE", f"{error} - it is tried again in {pause:.0f} s")


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


def _prompt(loop: Loop, verdict: Verdict, before: str = "") -> str:
    """One short text. It names the level and what is open; the contract itself is in the system prompt."""
    still = (
        f"\nThe last {loop.still} turn(s) changed nothing. Try another way, or answer HALT: and why."
        if loop.still
        else ""
    )
    return f"[Echelon, {loop.level}, turn {loop.turns + 1}] {before}{verdict.text}{still}"


# ------------------------------------------------------------------------------------------------ the levels


VERDICTS: Mapping[LevelName, Callable[[World, Loop], Verdict]] = {
    "mission": lambda world, loop: verdicts.mission(world, loop.todo == todo_digest(world)),
    "project": lambda world, loop: verdicts.project(world, loop.scope, loop.item),
    "program": lambda world, loop: verdicts.program(world, loop.scope),
    "enterprise": lambda world, _loop: verdicts.enterprise(world),
}


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
        and row.get("state", "running") in ("running", "waiting", "paused", "done")
    )


def write(loops: Mapping[str, Loop]) -> str:
    """Those that go on, and the newest of the others."""
    running = [loop for loop in loops.values() if loop.unended]
    others = [loop for loop in loops.values() if not loop.unended][-LOOPS_MAX:]
    rows = [dataclasses.asdict(loop) for loop in (*others, *running)]
    return json.dumps({"loops": rows}, indent=1, ensure_ascii=False) + "\n"
