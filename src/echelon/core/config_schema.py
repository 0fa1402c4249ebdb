"""The table of settings as a JSON Schema (draft 2020-12), for editors and for whoever writes the file by program.

What no schema can say, the parser alone says: a key twice in one object, or one setting in two spellings.
"""

from __future__ import annotations

import json
from typing import Any

from echelon.core.config import PATHS, SCHEMA, SETTINGS, WRAPPER, Setting

_SETTINGS = "#/$defs/settings/properties"


def schema() -> dict[str, Any]:
    """The schema as JSON values."""
    settings = _settings()
    everywhere = {name: {"$ref": f"{_SETTINGS}/{_escaped(name)}"} for name in settings["properties"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings of Echelon",
        "description": f"{PATHS[0]}. JSON with comments and trailing commas.",
        "allowComments": True,  # these two are for editors
        "allowTrailingCommas": True,
        "type": "object",
        "properties": {
            SCHEMA: {"type": "string"},
            WRAPPER: {
                "description": "The same settings, where open-codining has them too.",
                "$ref": "#/$defs/settings",
            },
            **everywhere,
        },
        "additionalProperties": False,
        "$defs": {"settings": settings},
    }


def text() -> str:
    """The schema as the file that is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=True) + "\n"


def _settings() -> dict[str, Any]:
    properties: dict[str, Any] = {}
    dotted: dict[str, Any] = {}
    for row in SETTINGS:
        group, _, leaf = row.key.rpartition(".")
        if not group:
            properties[leaf] = _one(row)
            continue
        held = properties.setdefault(group, {"type": "object", "properties": {}, "additionalProperties": False})
        held["properties"][leaf] = _one(row)
        dotted[row.key] = {"$ref": f"{_SETTINGS}/{_escaped(group)}/properties/{_escaped(leaf)}"}
    return {"type": "object", "properties": {**properties, **dotted}, "additionalProperties": False}


def _one(row: Setting) -> dict[str, Any]:
    default = list(row.default) if isinstance(row.default, tuple) else row.default
    return {"description": row.doc, "default": default, **row.shape.schema()}


def _escaped(name: str) -> str:
    """A name inside of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
