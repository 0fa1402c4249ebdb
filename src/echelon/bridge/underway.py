"""Prompts on their way into a session, ours and others', and those of ours that a stop called back.

OpenCode calls a session busy only when its prompt runs, and may save a prompt and never run it (host-opencode.md §15
"prompt races"): in between, this is all there is to know it by.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from echelon.core.decide import refuse

SENT_SECONDS = 5.0  # within which a prompt must have begun to run, ours or another's


@dataclass(slots=True, eq=False)
class Sent:
    """A prompt of ours that has not begun to run; each is itself only."""

    text: str
    again: bool = False


class UnderWay:
    """Of one OpenCode directory; a session has at most one prompt of ours."""

    def __init__(self) -> None:
        self._sent: dict[str, Sent] = {}
        self._read: dict[str, float] = {}  # session -> since when a prompt of it is being read
        self._barred: dict[str, str] = {}  # session -> a prompt of ours that was stopped under way: no model may see it

    def send(self, session: str, sent: Sent) -> Sent:
        self._sent[session] = sent
        return sent

    def sent(self, session: str) -> Sent | None:
        return self._sent.get(session)

    def take(self, session: str) -> Sent | None:
        """It is not under way any more."""
        return self._sent.pop(session, None)

    def message(self, session: str, text: str) -> str:
        """A message is about to be saved: "" or why it may not be."""
        if session in self._barred:
            if text and self._barred[session] == text:  # "" was never a prompt of ours: it is a file without words
                return str(refuse("LOOP_STOPPED", "stopped before it began"))
            del self._barred[session]  # the person speaks: they may always
        self._read[session] = time.monotonic()
        return ""

    def over(self, session: str) -> None:
        """Its message was not let in, or its turn has ended."""
        self._read.pop(session, None)

    def runs(self, session: str) -> None:
        self._read.pop(session, None)
        self._sent.pop(session, None)

    def bar(self, session: str, text: str = "") -> None:
        """A stop: nothing of ours is under way, and `text` may reach no model if it comes yet."""
        self._sent.pop(session, None)
        self._barred[session] = text

    def barred(self, session: str) -> bool:
        return session in self._barred

    def read(self) -> frozenset[str]:
        """The sessions whose prompt is being read: about to be busy."""
        recent = time.monotonic() - SENT_SECONDS
        self._read = {name: at for name, at in self._read.items() if at > recent}
        return frozenset(self._read)

    def coming(self, session: str) -> bool:
        return session in self._sent or session in self.read()
