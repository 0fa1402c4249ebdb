"""What a parser noticed about a file: never an exception, never silence."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Finding(NamedTuple):
    """`offset` is where in the text; the doors turn it into line and column with `lines.Places`.

    `subject` is the entry it belongs to ("" for the file). `repair` says what `doctor --repair` would do, "" when
    only a person can decide.
    """

    code: str
    severity: Severity
    offset: int
    message: str
    subject: str = ""
    repair: str = ""
