"""`.opencode/orchestrator.jsonc`: every setting, its default, its meaning, and a parser that points at mistakes.

A wrong key or value is an error with its position, never ignored. The keys of open-codining (`webConsole`,
`steering`) are accepted as they are.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any, Literal, cast

from echelon.core.documents.findings import Finding
from echelon.core.documents.grammar import Language

NUMBER_MAX = 2**53  # above it a JSON number is no longer exact
PATHS = (".opencode/orchestrator.jsonc", ".opencode/orchestrator.json")

Policy = Literal["proved", "attested"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. `choices` for words, `least`/`most` for numbers; kind "json" is checked by the room that uses it."""

    key: str  # dotted for nested ones
    kind: Literal["text", "choice", "number", "boolean", "json"]
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = float("inf")


SETTINGS = (
    Setting(
        "language", "choice", "en", "Language of new files and messages; a file is edited in its own.", ("en", "fr")
    ),
    Setting(
        "policy",
        "choice",
        "proved",
        "`proved`: an item needs a check; `attested`: attestations are enough.",
        ("proved", "attested"),
    ),
    Setting("baseBranch", "text", "", "Branch that items merge into; the checked-out one when empty."),
    Setting(
        "host",
        "choice",
        "auto",
        "Where agents run; `auto` is opencode when it is found, and scripted where a playbook lies.",
        ("auto", "opencode", "scripted"),
    ),
    Setting("opencode.path", "text", "", "The opencode program; found on the PATH when empty."),
    Setting("opencode.models", "json", {}, 'Model per role for `deliver`, such as {"Worker": "provider/model"}.'),
    Setting("setup", "json", (), "Steps that prepare a clean checkout: link, copy, command (see docs/reference)."),
    Setting(
        "checks.sandbox",
        "choice",
        "auto",
        "`auto` uses bubblewrap when present, `required` refuses without, `off`.",
        ("auto", "required", "off"),
    ),
    Setting("checks.network", "boolean", False, "Whether checks may use the network."),
    Setting("checks.environment", "json", {}, "Variables that checks get besides the small fixed set."),
    Setting("limits.attempts", "number", 3, "Attempts at one item before it is escalated.", least=1, most=20),
    Setting("limits.attemptSeconds", "number", 3600, "Wall time of one attempt.", least=1, most=604800),
    Setting("limits.checkSeconds", "number", 600, "Wall time of one check.", least=1, most=86400),
    Setting(
        "limits.checkOutputBytes", "number", 4194304, "Output of one check; more stops it.", least=1024, most=1073741824
    ),
    Setting("limits.checkMemoryBytes", "number", 8589934592, "Memory of one check's process.", least=67108864),
    Setting("limits.checkProcesses", "number", 1024, "Processes of one check.", least=8, most=65536),
    Setting(
        "limits.lockSeconds",
        "number",
        10,
        "How long to wait for another Echelon in this workspace.",
        least=0,
        most=3600,
    ),
    Setting(
        "limits.baseMoves",
        "number",
        5,
        "How often a close starts again because the base branch moved.",
        least=1,
        most=100,
    ),
    Setting("limits.slots", "number", 8, "Items of one backlog that may be in flight at once.", least=1, most=256),
    Setting("limits.warmSlots", "number", 1, "Work trees kept ready in the pool.", least=0, most=64),
    Setting(
        "limits.hostMemoryBytes",
        "number",
        2147483648,
        "Memory of the OpenCode that `deliver` started; above it the program is renewed between two turns.",
        least=536870912,
    ),
    Setting(
        "limits.loopTurns", "number", 200, "Turns that a commander's session goes on by itself.", least=1, most=10000
    ),
    Setting(
        "limits.loopStillTurns", "number", 3, "Turns in a row without a change that code can see.", least=1, most=100
    ),
    Setting("limits.loopFailedTurns", "number", 2, "Turns in a row that end in an error.", least=1, most=20),
    Setting(
        "limits.loopTokens", "number", 20000000, "Tokens of a loop's session and of all sessions below it.", least=1000
    ),
    Setting(
        "limits.loopCost",
        "number",
        50,
        "Money that a loop's session and those below it may cost, as the host counts it.",
        least=0.01,
    ),
    Setting("limits.loopSeconds", "number", 43200, "Wall time of a loop.", least=1, most=604800),
    Setting(
        "steering.readGuard", "boolean", True, "Guard whole-file reads of steering files (used by the OpenCode host)."
    ),
    Setting("steering.lineThreshold", "number", 150, "Lines above which a read is guarded.", least=1),
    Setting("webConsole.enabled", "boolean", False, "Start the web console with the host."),
    Setting("webConsole.port", "number", 0, "Port of the web console; 0 lets the system choose.", least=0, most=65535),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}
_GROUPS = {setting.key.split(".")[0] for setting in SETTINGS if "." in setting.key}


@dataclass(frozen=True, slots=True)
class Config:
    """Effective settings; `source` is the file they came from, "" for the defaults."""

    values: dict[str, Any]
    source: str = ""

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key, _BY_KEY[key].default)

    @property
    def language(self) -> Language:
        return cast(Language, self["language"])

    @property
    def policy(self) -> Policy:
        return cast(Policy, self["policy"])

    def number(self, key: str) -> float:
        return float(self[key])

    def count(self, key: str) -> int:
        return int(self[key])


def parse(text: str, source: str) -> tuple[Config, tuple[Finding, ...]]:
    """Read the file. With an error finding the values are the defaults for what is wrong; callers refuse to go on."""
    plain = without_comments(" " + text[1:] if text.startswith("\ufeff") else text)
    if not plain.strip():
        return Config({}, source), ()
    try:
        document = json.loads(plain, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        return Config({}, source), (Finding("CONFIG_SYNTAX", "error", error.pos, f"not valid JSON: {error.msg}"),)
    except ValueError:  # NaN, Infinity, or an integer of thousands of digits
        return Config({}, source), (Finding("CONFIG_SYNTAX", "error", 0, "a number in it is none that can be used"),)
    except RecursionError:
        return Config({}, source), (Finding("CONFIG_SYNTAX", "error", 0, "nested too deep"),)
    if isinstance(document, dict) and set(document) == {"orchestrator"}:
        document = document["orchestrator"]
    if not isinstance(document, dict):
        return Config({}, source), (Finding("CONFIG_SYNTAX", "error", 0, "the file holds one JSON object"),)
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for key, value in _flatten(document):
        problem = _problem(key, value)
        if problem:
            findings.append(Finding("CONFIG_VALUE", "error", _position(plain, key), problem))
        elif key != "$schema":
            values[key] = value
    return Config(values, source), tuple(findings)


def _no_number(word: str) -> float:
    raise ValueError(word)


def _flatten(document: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in document.items():
        if key in _GROUPS and isinstance(value, dict):
            found.extend((f"{key}.{inner}", leaf) for inner, leaf in value.items())
        else:
            found.append((key, value))
    return found


def _problem(key: str, value: Any) -> str:
    setting = _BY_KEY.get(key)
    if setting is None:
        if key == "$schema":
            return ""
        close = difflib.get_close_matches(key, list(_BY_KEY), n=1)
        return f'"{key[:60]}" is not a setting' + (f'; did you mean "{close[0]}"?' if close else "")
    if setting.kind == "json":
        return "" if isinstance(value, (dict, list)) else f'"{key}" must be an object or a list'
    if setting.kind == "boolean":
        return "" if isinstance(value, bool) else f'"{key}" must be true or false'
    if setting.kind == "number":
        fits = (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and setting.least <= value <= min(setting.most, NUMBER_MAX)
        )
        top = "" if setting.most == float("inf") else f" and at most {setting.most:g}"
        return "" if fits else f'"{key}" must be a number, at least {setting.least:g}{top}'
    if not isinstance(value, str) or "\n" in value:
        return f'"{key}" must be a text of one line'
    if setting.choices and value not in setting.choices:
        return f'"{key}" is "{value[:40]}"; it can be {", ".join(setting.choices)}'
    return ""


def _position(text: str, key: str) -> int:
    found = re.search(rf'"{re.escape(key.rsplit(".", maxsplit=1)[-1])}"\s*:', text)
    return found.start() if found else 0


# Possessive and atomic where a comment is inside a repetition: it has one reading, however the rest goes on.
_COMMENT = r"//[^\n]*+|(?>/\*.*?\*/)"
_TOKEN = re.compile(rf'"(?:\\.|[^"\\\n])*"|{_COMMENT}|,(?=(?:\s|{_COMMENT})*+[}}\]])', re.DOTALL)


def without_comments(text: str) -> str:
    """Comments and trailing commas become blanks of the same length, so that positions stay true."""

    def blank(found: re.Match[str]) -> str:
        token = found[0]
        return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)

    return _TOKEN.sub(blank, text)
