"""A host, or the provider of its model, that is not there: nobody's attempt. Wait, and go on in the same attempt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from echelon.core import outages
from echelon.errors import HostError
from echelon.ports import TurnEnd, Usage

POLL_SECONDS = 0.2  # how soon a stop is seen

# Codes of HostErrors. What is in neither set is for a person to mend: "denied".
_LATER = frozenset({"HOST_SILENT", "OPENCODE_REFUSED", "OPENCODE_GONE", "AGENT_MISSING"})
_CRASHES = frozenset({"HOST_FAILED"})  # the agent's own program died


def _told(turn: Callable[[], TurnEnd]) -> TurnEnd:
    """A turn whose host may fail, as its end."""
    try:
        return turn()
    except HostError as error:
        if error.code in _CRASHES:
            return TurnEnd("crashed", error.message)
        reason = "unavailable" if error.code in _LATER else "denied"
        return TurnEnd(reason, f"[{error.code}] {error.message} {error.next_step}")


def patiently(
    turn: Callable[[], TurnEnd], seconds: float, stopped: Callable[[], bool], tell: Callable[[str], None]
) -> TurnEnd:
    """Turn after turn until one does not end as "unavailable"; with what all of them used.

    Gives up, with the last end, when `seconds` went by in turns that got nowhere and in the waits after them.
    """
    used, spent, dark = Usage(), 0.0, 0.0  # dark: the part of `spent` since it was last there
    while True:
        begun = time.monotonic()
        end = _told(turn)
        used = _sum(used, end.usage)
        lost = time.monotonic() - begun
        if end.usage.tokens_out:  # it was there meanwhile
            lost = dark = 0.0
        spent, dark = spent + lost, dark + lost
        pause = outages.pause(dark)
        if end.reason != "unavailable" or spent + pause > seconds or stopped():
            return replace(end, usage=used)
        tell(f"tried again in {pause:.0f} s, and no attempt is counted: {end.text}")
        _rest(pause, stopped)
        spent, dark = spent + pause, dark + pause


def _rest(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not stopped() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, POLL_SECONDS))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(one.tokens_in + other.tokens_in, one.tokens_out + other.tokens_out, one.cost + other.cost)
