"""An action called by an agent: who calls is the host's word, what may run is the person's, what happens is the table's."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any

from echelon.actions.callers import Caller
from echelon.actions.table import ACTIONS, Action, perform
from echelon.bridge import permissions
from echelon.bridge.keeping import workspace_of
from echelon.bridge.roles import CHECKS, ROLES, offered
from echelon.bridge.wire import Refused
from echelon.core.decide import Decision, Refusal, refuse
from echelon.core.documents.render import clean
from echelon.core.levels import capacity
from echelon.core.posts import Post
from echelon.engine.engine import Engine
from echelon.engine.workspace import Places, Workspace
from echelon.errors import EchelonError

WAITS = "parallel_start_item"
WAITING = frozenset({"CAPACITY_REACHED", "NOTHING_ELIGIBLE"})  # what items of other projects may change by their end
WAIT_SECONDS = 900.0  # that such a start waits
QUIET_SECONDS = 8.0  # in which no item elsewhere moves and nobody works there: one that is left lying would never end
POLL_SECONDS = 0.5
GRANTS_MAX = 1_000
SHOWN_MAX = 300

Answer = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool as the host tells it."""

    name: str
    arguments: Mapping[str, Any]
    session: str
    agent: str
    directory: str
    granted: str = ""  # a grant of ours that came back after the person agreed


class Tools:
    def __init__(self, places: Places) -> None:
        self._places = places
        self._grants: dict[str, tuple[str, ...]] = {}  # token -> the call it was given for, and what was agreed to
        self.waits: set[str] = set()  # sessions whose start waits for others

    async def run(
        self,
        call: Call,
        post: Post | None,
        rules: Mapping[str, Any],
        tell: Callable[[str], Coroutine[Any, Any, None]],
        at_work: Callable[[], Coroutine[Any, Any, Collection[str]]],
    ) -> tuple[Answer, Decision | Refusal | None]:
        """The answer for the bridge, and the decision when there is one. `post`: what its session is about.
        `at_work`: keys of the projects in which a session works that does not wait itself.

        Raises Refused.
        """
        action = _allowed(call)
        engine = _engine(call, self._places)
        # The person agrees in the host's own dialog, so a person's action is theirs then.
        who, item = ("person" if action.who == "person" else "agent"), post.item if post else ""
        caller = Caller(who, ROLES[call.agent].level, post.scope if post else None, item or None)
        ask = self._ask(action, call, caller, engine, rules)
        if ask is not None:
            return ask, None
        stop = threading.Event()
        engine.workspace.stopped = stop.is_set
        loop, told = asyncio.get_running_loop(), list[Future[None]]()
        engine.workspace.tell = lambda line: told.append(asyncio.run_coroutine_threadsafe(tell(line), loop))
        try:
            decision = await asyncio.to_thread(_perform, engine, call, caller)
            if call.name == WAITS and isinstance(decision, Refusal):
                decision = await self._waited(engine, call, caller, decision, tell, at_work)
        except asyncio.CancelledError:
            stop.set()  # the person stopped the turn: the thread ends at its next look
            engine.workspace.tell = lambda _line: None
            for line in told:
                line.cancel()
            raise
        finally:  # a line that came after the answer would make a call that has ended run again, without its output
            await asyncio.gather(*map(asyncio.wrap_future, told), return_exceptions=True)
        if isinstance(decision, Refusal):
            raise Refused(decision)
        return {"title": decision.message.split("\n", 1)[0][:120], "output": decision.message, "metadata": {}}, decision

    async def _waited(
        self,
        engine: Engine,
        call: Call,
        caller: Caller,
        refusal: Refusal,
        tell: Callable[[str], Coroutine[Any, Any, None]],
        at_work: Callable[[], Coroutine[Any, Any, Collection[str]]],
    ) -> Decision | Refusal:
        """A parallel start that only items of other projects stand in the way of, while they are in flight.

        A model that was told "no room" would ask again and again; a call that waits costs nothing. Nobody may wait for
        what nobody does: whoever could see to such an item may be waiting for this very call.
        """
        if refusal.code not in WAITING or not _elsewhere(engine, caller, refusal):
            return refusal
        await tell(f"waits: {refusal.reasons[0]}")
        decision: Decision | Refusal = refusal
        seen: tuple[tuple[str, str, str], ...] | None = None
        until, quiet = time.monotonic() + WAIT_SECONDS, time.monotonic() + QUIET_SECONDS
        self.waits.add(call.session)
        try:
            while isinstance(decision, Refusal) and decision.code in WAITING and time.monotonic() < min(until, quiet):
                now = await asyncio.to_thread(_elsewhere, engine, caller, decision)
                if now and (now != seen or not {scope for scope, _, _ in now}.isdisjoint(await at_work())):
                    quiet = time.monotonic() + QUIET_SECONDS
                if now != seen:
                    seen, decision = now, await asyncio.to_thread(_perform, engine, call, caller)
                else:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            self.waits.discard(call.session)
        return decision

    def _ask(
        self, action: Action, call: Call, caller: Caller, engine: Engine, rules: Mapping[str, Any]
    ) -> Answer | None:
        """What the person has to agree to before the action is run; None when nothing is left to ask."""
        agreed = self._grants.pop(call.granted, ())
        key = f"{call.session} {call.name} {sorted(call.arguments.items())!r}"
        agreed = agreed[1:] if agreed[:1] == (key,) else ()
        if action.who == "person" and "person" not in agreed:
            shown = [clean(f"{name}: {value}")[:SHOWN_MAX] for name, value in call.arguments.items()]
            return self._grant(key, (*agreed, "person"), call.name, shown or [call.name])
        if action.runs and "runs" not in agreed:
            commands = _commands(engine, call, caller)
            said = permissions.ruling(rules, call.agent, commands)
            if said == "deny":
                shown = "; ".join(commands)[:SHOWN_MAX]
                denied = f"the person's rules for bash deny a command of this item's checks: {shown}"
                step = f"the person may allow it, or run echelon call {call.name}"
                raise Refused(refuse("PERMISSION_DENIED", denied, next_step=step))
            if said == "ask":
                return self._grant(key, (*agreed, "runs"), CHECKS, [command[:SHOWN_MAX] for command in commands])
        return None

    def _grant(self, key: str, agreed: tuple[str, ...], permission: str, patterns: list[str]) -> Answer:
        while len(self._grants) >= GRANTS_MAX:
            self._grants.pop(next(iter(self._grants)))
        token = secrets.token_hex(8)
        self._grants[token] = (key, *agreed)
        return {"ask": {"permission": permission, "patterns": patterns}, "granted": token}


def _allowed(call: Call) -> Action:
    role = ROLES.get(call.agent)
    action = ACTIONS.get(call.name)
    if action is None or role is None or action not in offered(role):
        owner = f"it is for the {action.level} level" if action else "no such action"
        raise Refused(refuse("WRONG_LEVEL", f"{call.name} is not {call.agent or 'this agent'}'s: {owner}."))
    return action


def _engine(call: Call, places: Places) -> Engine:
    try:
        return Engine(
            Workspace(workspace_of(call.directory, places), places, {}), f"{call.agent} in {call.session}"[:200]
        )
    except EchelonError as error:
        raise Refused(refuse(error.code, error.message, next_step=error.next_step)) from error


def _perform(engine: Engine, call: Call, caller: Caller) -> Decision | Refusal:
    try:
        return perform(engine, call.name, call.arguments, caller)
    except EchelonError as error:
        raise Refused(refuse(error.code, error.message, next_step=error.next_step)) from error


def _elsewhere(engine: Engine, caller: Caller, refusal: Refusal) -> tuple[tuple[str, str, str], ...]:
    """What is in flight in other projects: key of the project, mission, phase.

    () too while the caller has something to do, or waits for something else.
    """
    world = engine.world(caller.scope)
    rows = [(row.scope, row.name, row.phase) for row in world.missions if row.scope != caller.scope]
    idle = len(rows) == len(world.missions) and (refusal.code == "CAPACITY_REACHED" or capacity.waits_outside(world))
    return tuple(rows) if idle else ()


def _commands(engine: Engine, call: Call, caller: Caller) -> list[str]:
    """What the call would run: the checks of the missions that it can be about."""
    wanted = caller.item or str(call.arguments.get("item_id") or "")
    rows = [row for row in engine.world().missions if caller.scope in (None, row.scope)]
    rows = [row for row in rows if wanted in ("", row.item, row.local)]
    return list(dict.fromkeys(check.command for row in rows for check in row.definition.checks))
