"""What every answer of the console is made of: typed values, in the spelling of the web."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """A frozen value; `depends_on` is spelled `dependsOn` outside."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)


class Refused(Answer):
    """Every answer that is no: a code of the closed list, all reasons at once, and the next step."""

    ok: bool = False
    code: str
    reasons: tuple[str, ...]
    next: str
