"""JSON whose objects know the line they begin on, so that a note about one of two hundred issues has a place."""

from __future__ import annotations

import json
import re
from typing import Any

from echelon.core.documents.lines import Places
from echelon.errors import InputError

DEPTH_MAX = 100
_GAP = re.compile(r"[ \t\r\n]*")
_SCALAR = json.JSONDecoder()


class Located(dict[str, Any]):
    """An object of a JSON document."""

    line: int = 0


def parse(text: str, source: str) -> Any:
    """The value. Raises InputError IMPORT_BROKEN with the place of the mistake."""
    body = text.removeprefix("\ufeff")
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        where = f"{source}:{error.lineno}:{error.colno}"
        raise InputError(
            "IMPORT_BROKEN", f"{where}: not valid JSON: {error.msg}.", "mend it, or export it again"
        ) from error
    except RecursionError as error:
        raise _too_deep(source) from error
    except ValueError as error:  # a number with thousands of digits
        raise InputError("IMPORT_BROKEN", f"{source}: {str(error)[:100]}", "mend it, or export it again") from error
    return _Reader(body, source).value(0, 0)[0]


def _too_deep(source: str) -> InputError:
    return InputError("IMPORT_BROKEN", f"{source}: nested deeper than {DEPTH_MAX} levels.", "import a flatter file")


class _Reader:
    """Walks a text that json has accepted: only where things begin is to be found out."""

    def __init__(self, text: str, source: str) -> None:
        self.text, self.source, self.places = text, source, Places(text)

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > DEPTH_MAX:
            raise _too_deep(self.source)
        at = self._after_gap(at)
        if self.text[at] == "{":
            return self._object(at, depth)
        if self.text[at] == "[":
            return self._array(at, depth)
        return _SCALAR.raw_decode(self.text, at)

    def _object(self, at: int, depth: int) -> tuple[Located, int]:
        found = Located()
        found.line = self.places(at)[0]
        at = self._after_gap(at + 1)
        while self.text[at] != "}":
            key, at = _SCALAR.raw_decode(self.text, at)
            found[key], at = self.value(self._after_gap(at) + 1, depth + 1)
            at = self._after_gap(at)
            at = self._after_gap(at + 1) if self.text[at] == "," else at
        return found, at + 1

    def _array(self, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self._after_gap(at + 1)
        while self.text[at] != "]":
            item, at = self.value(at, depth + 1)
            found.append(item)
            at = self._after_gap(at)
            at = self._after_gap(at + 1) if self.text[at] == "," else at
        return found, at + 1

    def _after_gap(self, at: int) -> int:
        found = _GAP.match(self.text, at)
        return found.end() if found else at


def text_of(value: Any) -> str:
    """A field as text: a number is one, a list is a list of bullets; anything else is nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.15g}" if isinstance(value, float) else str(value)[:40]
    if isinstance(value, list):
        return "\n".join(f"- {text_of(entry)}" for entry in value if text_of(entry))
    return ""


def list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
