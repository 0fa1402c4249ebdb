"""The consoles that look at what happens inside OpenCode: told of desks and events, and asking through desks.

A console is a second kind of client on the brain's socket. Nothing waits for one: what it does not read is kept up to a
limit, and then it is dropped, and has to come again.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from echelon.bridge import rework
from echelon.bridge.wire import Refused, Wire
from echelon.core.decide import refuse
from echelon.errors import HostError

if TYPE_CHECKING:
    from echelon.bridge.desk import Desk

Key = tuple[int, str]  # process and directory
CONSOLES_MAX = 16
BEHIND_BYTES_MAX = 8 * 1024 * 1024  # that a console may leave unread
WAIT_SECONDS_MAX = 24 * 3600.0  # for an answer of OpenCode's: a command's comes when its turn is over
EVENTS_REMEMBERED = 500  # ids, and parts that grow, where two instances of the bridge tell the same


class Audience:
    def __init__(self, desks: Mapping[Key, Desk]) -> None:
        self._desks = desks
        self._consoles: set[Wire] = set()
        self._heard: dict[str, Wire] = {}

    def __contains__(self, wire: Wire) -> bool:
        return wire in self._consoles

    # --------------------------------------------------------------------------------------- who looks

    def admit(self, wire: Wire) -> dict[str, Any]:
        """A console says hello, and is told what there is to see. Raises Refused when there are too many."""
        if len(self._consoles) >= CONSOLES_MAX:
            raise Refused(refuse("BRIDGE_CONFUSED", f"more than {CONSOLES_MAX} consoles"))
        self._consoles.add(wire)
        self._watch()
        wire.tell("desks", {"desks": self._rows()})
        return {}

    def left(self, wire: Wire) -> None:
        if wire in self._consoles:
            self._consoles.discard(wire)
            self._watch()

    def changed(self) -> None:
        """A desk came, went, or found its workspace."""
        self._watch()
        self._tell("desks", {"desks": self._rows()})

    def _watch(self) -> None:
        for desk in self._desks.values():
            for wire in desk.wires:
                wire.tell("watch", {"on": bool(self._consoles)})

    def _rows(self) -> list[dict[str, Any]]:
        return [desk.row() for desk in self._desks.values()]

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        for wire in list(self._consoles):
            if wire.unread > BEHIND_BYTES_MAX:
                self.left(wire)
                wire.close()
            else:
                wire.tell(method, params)

    # ------------------------------------------------------------------------------------ what is said

    def hear(self, desk: Desk, wire: Wire, event: Mapping[str, Any]) -> None:
        """An event of a desk's, once: two instances of the bridge for a directory may both tell it."""
        properties = event.get("properties") or {}
        grows = event.get("type") == "message.part.delta"
        mark = str(event.get("id") or "") or (str(properties.get("partID") or "") if grows else "")
        if mark:
            first = self._heard.setdefault(mark, wire)
            if len(self._heard) > EVENTS_REMEMBERED:
                self._heard.pop(next(iter(self._heard)))
            if first is not wire and (not grows or first in desk.wires):
                return
            self._heard[mark] = wire
        told = {"type": event.get("type"), "properties": properties}
        self._tell("event", {"directory": desk.directory, "pid": desk.pid, "event": told})

    # ----------------------------------------------------------------------------------- what is asked

    async def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """A request of a console's. Raises Refused, and HostError when the desk or its OpenCode is gone."""
        answers: dict[str, Callable[[Desk, Mapping[str, Any]], Awaitable[Any]]] = {
            "api": _api,
            "abort": _abort,
            "loops": _loops,
            "stop": _stop,
        }
        if method == "rework":  # of a workspace: only one of its OpenCodes has the session
            return await self._rework(params)
        if method not in answers:
            raise Refused(refuse("BRIDGE_CONFUSED", "unknown request"))
        desk = self._desks.get((int(params.get("pid") or 0), str(params.get("directory") or "")))
        if desk is None:
            raise HostError("HOST_GONE", "OpenCode closed the connection.", "start it again")
        return await answers[method](desk, params)

    async def _rework(self, params: Mapping[str, Any]) -> dict[str, str]:
        root = os.path.realpath(str(params["workspace"]))
        desks = [desk for desk in self._desks.values() if desk.row()["workspace"] == root]
        return await rework.tell(desks, str(params["item"]), int(params["attempt"]), str(params["said"]))


async def _api(desk: Desk, params: Mapping[str, Any]) -> Any:
    """As OpenCode answered, errors too; `denied` says what Echelon itself had against it."""
    session = str(params.get("session") or "")
    desk.denial(session)  # an old one is not about this
    seconds = min(float(params.get("seconds") or 20.0), WAIT_SECONDS_MAX)
    asked = {name: params.get(name) for name in ("method", "path", "body")}
    answer = dict(await desk.relay({**asked, "query": params.get("query") or {}}, seconds))
    denied = desk.denial(session)
    return {**answer, "denied": denied} if denied else answer


async def _abort(desk: Desk, params: Mapping[str, Any]) -> Any:
    return await desk.halt(str(params["session"]))


async def _loops(desk: Desk, _params: Mapping[str, Any]) -> Any:
    return {
        "loops": [dataclasses.asdict(loop) for loop in desk.looping.keeper.loops().values()] if desk.looping else []
    }


async def _stop(desk: Desk, _params: Mapping[str, Any]) -> Any:
    return {"text": await desk.stop()}
