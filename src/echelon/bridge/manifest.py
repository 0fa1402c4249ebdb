"""What the bridge registers in OpenCode: tools, agents, commands, rules. Made from the tables, the same for everybody."""

from __future__ import annotations

from functools import cache
from typing import Any

from echelon.actions.arguments import quiet
from echelon.actions.schema import schema
from echelon.actions.table import ACTIONS, Action
from echelon.bridge.commands import COMMANDS
from echelon.bridge.roles import DEPTH, MARK, ROLES, Role, offered, prompt
from echelon.checks.environment import ALLOWED, NETWORK
from echelon.core.documents.grammar import Language

# Milliseconds that OpenCode waits for an answer before it goes on as if nothing were installed.
LIMITS = {"before": 2000, "system": 2000, "message": 2000, "command": 30000}
# Tools whose calls are looked at before they run.
FENCED = (
    "read", "write", "edit", "bash", "task", "glob", "grep", "list", "apply_patch", "patch", "multiedit", "question",
)  # fmt: skip
# `session.created` is the bridge's own: by it the sessions below ours are known.
EVENTS = (
    "session.idle", "session.status", "session.created", "session.deleted", "permission.replied", "question.rejected",
)  # fmt: skip
# What is told of every session while a console looks, and never otherwise.
WATCHED = (
    "message.updated", "message.removed", "message.part.updated", "message.part.removed", "message.part.delta",
    "session.created", "session.updated", "session.deleted", "session.status", "session.idle", "session.error",
    "question.asked", "question.replied", "question.rejected", "permission.asked", "permission.replied", "todo.updated",
)  # fmt: skip
# What an agent's shell keeps of OpenCode's environment in a server that Echelon started: never a provider's key.
ENVIRONMENT = (
    *ALLOWED, *NETWORK,
    "HOME", "TERM", "TMPDIR", "TMP", "TEMP", "SHELL", "USER", "LOGNAME", "PWD", "OLDPWD", "SHLVL", "_",
    "ECHELON_SERVER",  # by which what a killed server left behind is found; no secret
)  # fmt: skip

_UNSAID = ("title", "default", "additionalProperties")  # of a JSON Schema


@cache
def manifest(slots: str, language: Language = "en") -> dict[str, Any]:
    """Everything but what greeting adds; JSON values. `slots`: the folder of all slots."""
    tools = sorted({action.name for role in ROLES.values() for action in offered(role)})
    return {
        "tools": [_tool(ACTIONS[name]) for name in tools],
        "agent": {role.name: _agent(role, slots, language) for role in ROLES.values()},
        "command": {name: command.as_json() for name, command in COMMANDS.items()},
        # Hidden from every agent that does not name them itself: a denied tool is not shown to its model.
        "permission": dict.fromkeys(tools, "deny"),
        "subagent_depth": DEPTH,
        "mark": MARK,
        "fenced": list(FENCED),
        "events": list(EVENTS),
        "watched": list(WATCHED),
        "limits": dict(LIMITS),
    }


def _tool(action: Action) -> dict[str, Any]:
    """As models are shown it. Quiet arguments and unknown ones are looked at when a call comes: nothing checks before."""
    shown = _slim(schema(action.arguments))
    hidden = quiet(action.arguments)
    shown["properties"] = {name: value for name, value in shown["properties"].items() if name not in hidden}
    return {"name": action.name, "description": action.doc, "schema": shown}


def _slim(value: Any) -> Any:
    """A schema without what no model needs."""
    if isinstance(value, dict):
        return {key: _slim(inner) for key, inner in value.items() if key not in _UNSAID}
    return value


def _agent(role: Role, slots: str, language: Language) -> dict[str, Any]:
    rules: dict[str, Any] = {
        "task": {"*": "deny", **dict.fromkeys(role.calls, "allow")},
        "question": "allow",
        **role.rules,
    }
    if role.commands in (None, "mission"):
        rules["external_directory"] = {f"{slots}/*": "allow"}  # the work of a mission lies outside the checkout
    for action in offered(role):
        rules[action.name] = "ask" if action.who == "person" else "allow"
    made = {
        "description": role.description,
        "mode": "primary",
        "prompt": prompt(role.name, language),
        "permission": rules,
    }
    return {**made, "hidden": True} if role.hidden else made
