"""Requests, decisions and refusals; `decide` sends a request to the level that owns it.

`decide(world, request, now)` is pure: the engine loads the world, decides, commits the writes as one transaction, and
then performs the effects, each of which is safe to repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from echelon.core.codes import CODES

if TYPE_CHECKING:  # whoever only refuses does not pay for the parser: the brain greets before it has read it
    from echelon.core.documents.entries import EntriesDocument


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the shell must do after the writes: `open_slot`, `move_base`, `close_slot`. Arguments are JSON."""

    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen: documents to write (None removes one), effects, and what to tell the caller."""

    writes: Mapping[str, str | None]
    message: str
    effects: tuple[Effect, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    backlog: EntriesDocument | None = None  # the edited backlog, so that nobody parses it again


@dataclass(frozen=True, slots=True)
class Refusal:
    """The ordinary answer to a request that may not be: one code, all its reasons, the next step.

    `prefix` is the first word that open-codining's users know: BLOCKED from starts, CONFLICT, else REFUSED.
    """

    code: str
    reasons: tuple[str, ...]
    next_step: str = ""
    prefix: str = "REFUSED"

    @property
    def step(self) -> str:
        return self.next_step or CODES[self.code].next_step

    def __str__(self) -> str:
        if len(self.reasons) == 1 and self.reasons[0].startswith(f"[{self.code}]"):
            return f"{self.prefix}: {self.reasons[0]}\nNext: {self.step}"
        body = self.reasons[0] if len(self.reasons) == 1 else "\n" + "\n".join(f"  - {row}" for row in self.reasons)
        return f"{self.prefix}: [{self.code}] {body}\nNext: {self.step}"


def refuse(code: str, *reasons: str, next_step: str = "", prefix: str = "REFUSED") -> Refusal:
    return Refusal(code, reasons or (CODES[code].meaning,), next_step, prefix)
