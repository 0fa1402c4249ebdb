"""What every answer of the console is made of: typed values, in the spelling of the web."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from echelon.core.decide import Refusal


class Answer(BaseModel):
    """A frozen value; `depends_on` is spelled `dependsOn` outside."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)


class Given(BaseModel):
    """The body of a request: everything that is not known in it is a mistake."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid")


class Refused(Answer):
    """Every answer that is no: a code of the closed list, all reasons at once, and the next step."""

    ok: bool = False
    code: str
    reasons: tuple[str, ...]
    next: str


class Done(Answer):
    """What a change answers: a sentence for the person, and what the action adds to it."""

    ok: bool = True
    message: str = ""
    data: dict[str, Any] = {}


class Denial(Exception):  # noqa: N818 - an answer, not an error of ours
    """Raised by a route: the refusal that the page reads, with its status."""

    def __init__(self, refusal: Refusal, status: int = 409) -> None:
        super().__init__(str(refusal))
        self.refusal, self.status = refusal, status
