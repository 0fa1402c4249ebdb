"""Arguments from outside: checked against the action's dataclass, with all mistakes named at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from echelon.errors import InputError


def validated(name: str, arguments: type, given: Mapping[str, Any]) -> Any:
    """An instance of the dataclass. Raises InputError ARGUMENTS_INVALID; unknown keys are mistakes."""
    try:
        return _adapter(arguments).validate_python(dict(given))
    except ValidationError as error:
        gaps = "; ".join(f"{'.'.join(map(str, row['loc'])) or 'arguments'}: {row['msg']}" for row in error.errors())
        raise InputError("ARGUMENTS_INVALID", f"{name}: {gaps}.", "echelon call --list shows what it takes.") from error


def schema(arguments: type) -> dict[str, Any]:
    """JSON Schema of an action's arguments, for agents and for the reference."""
    return _adapter(arguments).json_schema()


def _adapter(arguments: type) -> TypeAdapter[Any]:
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(arguments))
