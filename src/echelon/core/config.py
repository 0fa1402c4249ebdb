"""`.opencode/orchestrator.jsonc`: every setting, its default, its meaning, and a parser that points at mistakes.

A wrong key or value is an error with its position, never ignored, and so is a key that is said twice. The keys of
open-codining (`webConsole`, `steering`) are accepted as they are, below `orchestrator` too.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast

from echelon.core import jsonc, setup_shapes
from echelon.core.documents import lines
from echelon.core.documents.findings import Finding
from echelon.core.documents.grammar import Language
from echelon.core.documents.render import one_line
from echelon.core.shapes import ANYTHING, Choice, Flag, Number, Shape, Text, named

CHARACTERS_MAX = 1_000_000  # of the file
PATHS = (".opencode/orchestrator.jsonc", ".opencode/orchestrator.json")

Policy = Literal["proved", "attested"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. `choices` for words, `least`/`most` for numbers, `of` for what is more than one value; a count is a whole
    number. `variable` names the environment variable that goes before the file.
    """

    key: str  # dotted for nested ones
    kind: Literal["text", "choice", "number", "count", "boolean", "json"]
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = float("inf")
    of: Shape = ANYTHING
    variable: str = ""

    @property
    def shape(self) -> Shape:
        if self.kind in ("number", "count"):
            return Number(self.least, self.most, whole=self.kind == "count")
        if self.kind == "choice":
            return Choice(self.choices)
        return {"text": Text(), "boolean": Flag(), "json": self.of}[self.kind]


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
    Setting(
        "opencode.models",
        "json",
        {},
        'Model per role for `deliver`, such as {"Worker": "provider/model"}.',
        of=setup_shapes.MODELS,
    ),
    Setting(
        "setup",
        "json",
        (),
        "Steps that prepare a clean checkout: link, copy, command (see docs/reference).",
        of=setup_shapes.SETUP,
    ),
    Setting(
        "checks.sandbox",
        "choice",
        "auto",
        "`auto` uses bubblewrap when present, `required` refuses without, `off`.",
        ("auto", "required", "off"),
    ),
    Setting("checks.network", "boolean", False, "Whether checks may use the network."),
    Setting(
        "checks.environment",
        "json",
        {},
        "Variables that checks get besides the small fixed set.",
        of=setup_shapes.ENVIRONMENT,
    ),
    Setting("limits.attempts", "count", 3, "Attempts at one item before it is escalated.", least=1, most=20),
    Setting("limits.attemptSeconds", "number", 3600, "Wall time of one attempt.", least=1, most=604800),
    Setting(
        "limits.outageSeconds",
        "number",
        14400,
        "How long work waits for a model's provider, or for OpenCode, that is not there. No attempt is counted.",
        least=0,
        most=604800,
    ),
    Setting("limits.checkSeconds", "number", 600, "Wall time of one check.", least=1, most=86400),
    Setting(
        "limits.checkOutputBytes", "count", 4194304, "Output of one check; more stops it.", least=1024, most=1073741824
    ),
    Setting("limits.checkMemoryBytes", "count", 8589934592, "Memory of one check's process.", least=67108864),
    Setting("limits.checkProcesses", "count", 1024, "Processes of one check.", least=8, most=65536),
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
        "count",
        5,
        "How often a close starts again because the base branch moved.",
        least=1,
        most=100,
    ),
    Setting("limits.slots", "count", 8, "Items of one backlog that may be in flight at once.", least=1, most=256),
    Setting("limits.warmSlots", "count", 1, "Work trees kept ready in the pool.", least=0, most=64),
    Setting(
        "limits.hostMemoryBytes",
        "count",
        2147483648,
        "Memory of the OpenCode that `deliver` started; above it the program is renewed between two turns.",
        least=536870912,
    ),
    Setting(
        "limits.loopTurns", "count", 200, "Turns that a commander's session goes on by itself.", least=1, most=10000
    ),
    Setting(
        "limits.loopStillTurns", "count", 3, "Turns in a row without a change that code can see.", least=1, most=100
    ),
    Setting("limits.loopFailedTurns", "count", 2, "Turns in a row that end in an error.", least=1, most=20),
    Setting(
        "limits.loopTokens", "count", 20000000, "Tokens of a loop's session and of all sessions below it.", least=1000
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
        "steering.readGuard",
        "boolean",
        True,
        "Guard whole-file reads of steering files (used by the OpenCode host).",
        variable="ORCHESTRATOR_STEERING_GUARD",
    ),
    Setting("steering.lineThreshold", "count", 150, "Lines above which a read is guarded.", least=1),
    Setting(
        "webConsole.enabled",
        "boolean",
        False,
        "Start the web console with the host.",
        variable="ORCHESTRATOR_WEB_CONSOLE",
    ),
    Setting(
        "webConsole.port",
        "count",
        0,
        "Port of the web console; 0 lets the system choose.",
        least=0,
        most=65535,
        variable="ORCHESTRATOR_WEB_PORT",
    ),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}
GROUPS = tuple(dict.fromkeys(setting.key.split(".")[0] for setting in SETTINGS if "." in setting.key))
WRAPPER = "orchestrator"  # open-codining reads its keys at the top or below this one
SCHEMA = "$schema"  # for editors
_TRUE, _FALSE = ("1", "true", "on", "yes"), ("0", "false", "off", "no")


class SaidAt(NamedTuple):
    """Where a value was said: a file with line and column, or an environment variable with neither."""

    place: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.place}:{self.line}:{self.column}" if self.line else self.place


@dataclass(frozen=True, slots=True)
class Config:
    """Effective settings; `source` is the file they came from, "" for the defaults. `said_at` has what is not default."""

    values: dict[str, Any]
    source: str = ""
    said_at: Mapping[str, SaidAt] = field(default_factory=dict[str, SaidAt])

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


class Said(NamedTuple):
    """One setting as a file says it: its dotted key, where, its value, and the object that holds it."""

    key: str
    at: int
    node: jsonc.Node
    problem: str = ""  # of the key itself


def parse(text: str, source: str) -> tuple[Config, tuple[Finding, ...]]:
    """Read the file. With an error finding the values are the defaults for what is wrong; callers refuse to go on."""
    try:
        root = read_file(text)
    except jsonc.BrokenTextError as broken:
        return Config({}, source), (
            Finding("CONFIG_SYNTAX", "error", broken.offset, f"not valid JSON: {broken.message}"),
        )
    if root is None:
        return Config({}, source), ()
    places = lines.Places(text)
    wrong = {again.at: _twice(again.key, places(first.at)[0]) for first, again in jsonc.repeated(root)}
    values: dict[str, Any] = {}
    said_at: dict[str, SaidAt] = {}
    for said in settings_in(root):
        if said.key in said_at:  # spelled otherwise: dotted and nested, or below `orchestrator` too
            found = {said.at: _twice(said.key, said_at[said.key].line)}
        else:
            found = {said.at: said.problem} if said.problem else dict(_problems(said))
            said_at[said.key] = SaidAt(source, *places(said.at))
        wrong = {**found, **wrong}
        if not found:
            values[said.key] = _counted(_BY_KEY[said.key], said.node.value)
    kept = {key: at for key, at in said_at.items() if key in values}
    findings = (Finding("CONFIG_VALUE", "error", at, words) for at, words in sorted(wrong.items()))
    return Config(values, source, kept), tuple(findings)


def _twice(key: str, line: int) -> str:
    return f'"{one_line(key, 60)}" is said twice; first on line {line}'


def read_file(text: str) -> jsonc.Node | None:
    """The object that the file holds; None when it holds nothing. Raises jsonc.BrokenTextError."""
    if len(text) > CHARACTERS_MAX:
        raise jsonc.BrokenTextError(0, f"longer than {CHARACTERS_MAX} characters")
    root = jsonc.read(text)
    if root is not None and root.kind != "object":
        raise jsonc.BrokenTextError(root.start, "the file holds one JSON object")
    return root


def settings_in(root: jsonc.Node, wrapped: bool = False) -> Iterator[Said]:
    """Every setting that the object says: dotted, in its group, at the top or below `orchestrator`."""
    for member in root.members:
        key, at, node = member.key, member.at, member.node
        if key in GROUPS:
            if node.kind != "object":
                yield Said(key, at, node, f'"{key}" must be an object, such as {{"{_member_of(key)}": …}}')
            for inner in node.members:
                yield _said(f"{key}.{inner.key}", inner.at, inner.node)
        elif key == WRAPPER and not wrapped:
            if node.kind != "object":
                yield Said(key, at, node, f'"{key}" must be an object with settings')
            yield from settings_in(node, wrapped=True)
        elif key != SCHEMA or wrapped:
            yield _said(key, at, node)
        elif not isinstance(node.scalar, str):
            yield Said(key, at, node, f'"{key}" must be a text: the address of a JSON Schema')


def _member_of(group: str) -> str:
    return next(key.partition(".")[2] for key in _BY_KEY if key.startswith(f"{group}."))


def _said(key: str, at: int, node: jsonc.Node) -> Said:
    return Said(key, at, node, "" if key in _BY_KEY else unknown(key))


def setting(key: str) -> Setting | None:
    return _BY_KEY.get(key)


def default_of(key: str) -> Any:
    return _BY_KEY[key].default


def unknown(key: str) -> str:
    """That there is no such setting, and which one was probably meant."""
    if key in GROUPS:
        return f'"{key}" is a group of settings, such as "{key}.{_member_of(key)}"'
    close = difflib.get_close_matches(key[:100], (*_BY_KEY, *GROUPS), n=1)
    return f'"{one_line(key, 60)}" is not a setting' + (f'; did you mean "{close[0]}"?' if close else "")


def _problems(said: Said) -> Iterator[tuple[int, str]]:
    """What is wrong with a value, each with its place: that of the key, or of the element inside of it."""
    for place, words in _BY_KEY[said.key].shape.problems(said.node.value):
        at = said.node.at(place) if place else said.at
        yield at, one_line(f'"{named(said.key, place)}" {words}')


def _counted(known: Setting, value: Any) -> Any:
    return int(value) if known.kind == "count" else value  # 3.0 is a whole number to JSON


def overridden(config: Config, environment: Mapping[str, str]) -> tuple[Config, tuple[tuple[str, str], ...]]:
    """The settings with what environment variables say, and (variable, what is wrong) for each that cannot be read.

    An empty variable says nothing.
    """
    values, said_at = dict(config.values), dict(config.said_at)
    wrong: list[tuple[str, str]] = []
    for known in SETTINGS:
        said = environment.get(known.variable, "").strip() if known.variable else ""
        if not said:
            continue
        value = value_of(known, said)
        problem = next(known.shape.problems(value), None)
        if problem is not None:
            wrong.append((known.variable, one_line(f'{known.variable} is "{said[:40]}"; "{known.key}" {problem[1]}')))
        else:
            values[known.key] = _counted(known, value)
            said_at[known.key] = SaidAt(f"${known.variable}")
    return Config(values, config.source, said_at), tuple(wrong)


def value_of(known: Setting, said: str) -> Any:
    """A word of the environment or of a command line as the value it stands for; the word itself when it is none."""
    if known.kind in ("text", "choice") and not said.startswith('"'):
        return said
    if known.kind == "boolean" and said.lower() in (*_TRUE, *_FALSE):
        return said.lower() in _TRUE
    try:
        node = jsonc.read(said)
    except jsonc.BrokenTextError:
        return said
    return node.value if node else said
