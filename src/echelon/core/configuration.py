"""The settings of a workspace from everything that says some: its files, then the environment; and a change of one.

Of the two files the first one that is there counts, whole, as for open-codining; the other is warned of. An environment
variable goes before both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from echelon.core import config, jsonc
from echelon.core.config import PATHS, WRAPPER, Config, Said
from echelon.core.decide import Refusal, refuse
from echelon.core.documents import lines
from echelon.core.documents.findings import Finding
from echelon.core.documents.render import one_line
from echelon.core.placed import Placed, place

# Where open-codining looks too, after its own two files: they are OpenCode's.
OPENCODE_FILES = ("opencode.jsonc", "opencode.json", ".opencode.jsonc", ".opencode.json")
PEER_GROUPS = ("steering", "webConsole")


@dataclass(frozen=True, slots=True)
class Configured:
    """The effective settings, and every finding about what said them, with its place."""

    config: Config
    findings: tuple[Placed, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(
            f"{row.path}:{row.line}:{row.column}: {row.message}" if row.line else row.message
            for row in self.findings
            if row.severity == "error"
        )


def configured(texts: Mapping[str, str | None], environment: Mapping[str, str]) -> Configured:
    """From the texts of PATHS, None for a file that is not there, and the environment."""
    there = [path for path in PATHS if texts.get(path) is not None]
    found: list[Placed] = []
    read = Config({})
    if there:
        text = texts[there[0]] or ""
        read, findings = config.parse(text, there[0])
        places = lines.Places(text)
        found += [place(there[0], places, finding) for finding in findings]
    if len(there) > 1:
        message = f"{there[1]} is not read, because {there[0]} is there"
        found.append(Placed(there[1], 0, 0, "CONFIG_SHADOWED", "warning", message))
    effective, wrong = config.overridden(read, environment)
    found += [Placed(f"${name}", 0, 0, "CONFIG_VALUE", "error", words) for name, words in wrong]
    return Configured(effective, tuple(found))


def elsewhere(path: str, text: str) -> tuple[Placed, ...]:
    """Settings that open-codining would read in OpenCode's own file, and Echelon does not: told, not passed over."""
    try:
        root = jsonc.read(text)
    except jsonc.BrokenTextError:  # OpenCode's matter; it also knows more than JSON
        return ()
    members = root.members if root else ()
    inner = [below for member in members if member.key == WRAPPER for below in member.node.members]
    places = lines.Places(text)
    return tuple(
        place(path, places, Finding("CONFIG_ELSEWHERE", "warning", row.at, f'"{row.key}" has no effect in {path}'))
        for row in (*members, *inner)
        if row.key in PEER_GROUPS
    )


# ------------------------------------------------------------------------------------------------- a change


@dataclass(frozen=True, slots=True)
class Edit:
    """A file with one setting changed. `before` is None when the file did not say it."""

    text: str
    key: str
    value: Any
    before: Any
    line: int
    column: int

    @property
    def changes(self) -> bool:
        return self.before is None or json.dumps(self.before) != json.dumps(self.value)


def change(text: str, source: str, key: str, word: str) -> Edit | Refusal:
    """Say `key` with the value that `word` stands for; every other byte of the file stays."""
    known = config.setting(key)
    if known is None:
        return refuse("SETTING_UNKNOWN", config.unknown(key))
    value = config.value_of(known, word)
    wrong = [one_line(f'"{config.named(key, at)}" {words}') for at, words in known.shape.problems(value)]
    if wrong:
        return refuse("SETTING_VALUE", *wrong)
    try:
        root = config.read_file(text)
    except jsonc.BrokenTextError as broken:
        line, column = lines.Places(text)(broken.offset)
        return refuse("CONFIG_INVALID", f"{source}:{line}:{column}: not valid JSON: {broken.message}")
    said = [row for row in config.settings_in(root) if row.key == key] if root else []
    if len(said) > 1:
        rows = " and ".join(str(lines.Places(text)(row.at)[0]) for row in said)
        return refuse("CONFIG_INVALID", f'{source}: "{key}" is said twice, on lines {rows}: take one out')
    return _edited(text, root, key, value, said[0] if said else None)


def _edited(text: str, root: jsonc.Node | None, key: str, value: Any, said: Said | None) -> Edit | Refusal:
    shown = json.dumps(value, ensure_ascii=False)
    if said is not None:
        new = jsonc.replaced(text, said.node, shown)
    elif root is None:
        new = _begun(text, key, shown)
    else:
        new = _added(text, root, key, value)
    checked, findings = config.parse(new, "")
    if key not in checked.values or len(findings) > len(config.parse(text, "")[1]):
        return refuse("CONFIG_INVALID", *(finding.message for finding in findings))
    if json.dumps(checked.values[key]) != json.dumps(value):
        raise AssertionError("an edit of a setting wrote something else")
    at = checked.said_at[key]
    return Edit(new, key, value, said.node.value if said else None, at.line, at.column)


def _begun(text: str, key: str, shown: str) -> str:
    """A file that held nothing but comments, or was not there."""
    head = text if not text or text.endswith("\n") else text + "\n"
    group, _, leaf = key.rpartition(".")
    member = f"{json.dumps(leaf)}: {shown}"
    body = f'  "{group}": {{\n    {member}\n  }}' if group else f"  {member}"
    return f"{head}{{\n{body}\n}}\n"


def _added(text: str, root: jsonc.Node, key: str, value: Any) -> str:
    """In its group where there is one; below `orchestrator` when everything else is there too."""
    group, _, leaf = key.rpartition(".")
    wrapped = [row.node for row in root.members if row.key == WRAPPER and row.node.kind == "object"]
    objects = (root, *wrapped)
    groups = [row.node for one in objects for row in one.members if row.key == group and row.node.kind == "object"]
    if groups:
        return jsonc.with_member(text, groups[0], leaf, json.dumps(value, ensure_ascii=False))
    only = wrapped and all(row.key in (WRAPPER, config.SCHEMA) for row in root.members)
    said = {leaf: value} if group else value
    return jsonc.with_member(text, wrapped[0] if only else root, group or leaf, json.dumps(said, ensure_ascii=False))
