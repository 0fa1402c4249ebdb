"""The playbook of the scripted host: what the pretended agent does, attempt by attempt. TOML, read with places.

    [[B001]]                                   # the first attempt at B001; repeat the table for the next ones
    steps = [ { write = "src/a.py", from = "B001/a.py" }, { run = "python -m pytest -q" } ]
    claim = "done"                             # done | gave_up | nothing
    tick = true                                # tick every box of todo.md
    review = "attest"                          # what a reviewer session says of this attempt: attest | refuse
    record = { files = ["src/a.py"], notes = "…", follow_up = "…" }

Steps, one verb each (`VERBS`), are done in order inside the slot; `person_*` steps happen in the person's workspace.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from echelon.core.documents import render, todo
from echelon.core.documents.entries import language_of
from echelon.errors import InputError

NAME = "playbook.toml"
BYTES_MAX = 1_000_000
STEPS_MAX = 500

# verb -> the other keys it takes
VERBS: dict[str, frozenset[str]] = {
    "write": frozenset({"from", "text", "executable"}),
    "append": frozenset({"text"}),
    "delete": frozenset(),
    "replace": frozenset({"old", "new"}),
    "run": frozenset({"seconds"}),
    "say": frozenset(),
    "ask": frozenset(),
    "sleep": frozenset(),
    "loop": frozenset(),
    "crash": frozenset(),
    "outside": frozenset({"text"}),
    "commit": frozenset(),
    "person_edits": frozenset({"append", "text"}),
    "person_commits": frozenset({"from", "text", "append", "message"}),
}
_NUMBERS = frozenset({"sleep", "loop"})
# Steps that write to a path; to leave the slot there is `outside`, which says so.
_PATHS = frozenset({"write", "append", "delete", "replace", "outside", "person_edits", "person_commits"})
NUMBER_MAX = 1e6
CLAIMS = ("done", "gave_up", "nothing")


@dataclass(frozen=True, slots=True)
class Step:
    verb: str
    value: Any
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One attempt at one item."""

    steps: tuple[Step, ...] = ()
    claim: str = "done"
    tick: bool = True
    review: str = "attest"
    record: Mapping[str, Any] = field(default_factory=dict)
    tokens: int = 0

    def finished(self, text: str) -> str:
        """todo.md as the agent leaves it: boxes ticked, a completion record at its end."""
        text = todo.tick_all(text) if self.tick else text
        if self.record:
            files = [str(name) for name in self.record.get("files", [])]
            notes, follow = str(self.record.get("notes", "")), str(self.record.get("follow_up", ""))
            text += render.completion_record(files, notes, follow, language_of(text))
        return text


@dataclass(frozen=True, slots=True)
class Playbook:
    folder: Path
    acts: Mapping[str, tuple[Act, ...]]

    def act(self, item: str, attempt: int) -> Act | None:
        """The act of an attempt (counted from 1); None when the playbook does not go that far."""
        acts = self.acts.get(item, ())
        return acts[attempt - 1] if attempt <= len(acts) else None

    def content(self, step: Step, before: str = "") -> str:
        """What a step writes into a file that holds `before`. Raises InputError PLAYBOOK_INVALID."""
        if "from" in step.options:
            source = self.folder / str(step.options["from"])
            try:
                return source.read_text("utf-8")
            except OSError as error:
                message = f"{source} cannot be read: {error.strerror}"
                raise InputError("PLAYBOOK_INVALID", message, "add the file") from error
        return before + str(step.options["append"]) if "append" in step.options else str(step.options.get("text", ""))


def load(folder: Path) -> Playbook:
    """Raises InputError PLAYBOOK_MISSING or PLAYBOOK_INVALID with the place."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise InputError("PLAYBOOK_MISSING", f"{path} cannot be read: {error.strerror}", _NEXT) from error
    if len(content) > BYTES_MAX:
        raise _invalid(path, f"larger than {BYTES_MAX} bytes")
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _invalid(path, str(error)) from error
    acts: dict[str, tuple[Act, ...]] = {}
    for item, tables in document.items():
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise _invalid(path, f"{item} must be written as [[{item}]] tables")
        acts[item] = tuple(_act(path, f"{item}[{at}]", table) for at, table in enumerate(tables, 1))
    return Playbook(folder, acts)


_NEXT = "write .opencode/playbook/playbook.toml, see src/echelon/examples/README.md, or choose another host"


def _invalid(path: Path, detail: str) -> InputError:
    return InputError("PLAYBOOK_INVALID", f"{path}: {detail}", "mend the playbook")


def _act(path: Path, place: str, table: Mapping[str, Any]) -> Act:
    known = {"steps", "claim", "tick", "review", "record", "tokens"}
    extra = sorted(set(table) - known)
    if extra:
        raise _invalid(path, f"{place}: unknown key {extra[0]!r}; known are {', '.join(sorted(known))}")
    steps, record, tokens = table.get("steps", []), table.get("record", {}), table.get("tokens", 0)
    if not isinstance(steps, list) or len(steps) > STEPS_MAX:
        raise _invalid(path, f"{place}.steps must be a list of at most {STEPS_MAX}")
    if table.get("claim", "done") not in CLAIMS:
        raise _invalid(path, f"{place}.claim must be one of {', '.join(CLAIMS)}")
    if not isinstance(record, dict) or not isinstance(record.get("files", []), list):
        raise _invalid(path, f"{place}.record must be a table, and its files a list")
    if type(tokens) is not int or tokens < 0:
        raise _invalid(path, f"{place}.tokens must be a number, 0 or more")
    return Act(
        tuple(_step(path, f"{place}.steps[{at}]", step) for at, step in enumerate(steps, 1)),
        table.get("claim", "done"),
        bool(table.get("tick", table.get("claim", "done") == "done")),
        str(table.get("review", "attest")),
        record,
        tokens,
    )


def _step(path: Path, place: str, step: Any) -> Step:
    verbs = [verb for verb in VERBS if isinstance(step, dict) and verb in step]
    # `append` is a verb of its own and an option of the person's steps
    verb = next((name for name in verbs if name.startswith("person_")), verbs[0] if verbs else "")
    if not verb:
        raise _invalid(path, f"{place} has none of the verbs {', '.join(VERBS)}")
    options = {key: value for key, value in step.items() if key != verb}
    extra = sorted(set(options) - VERBS[verb])
    if extra:
        raise _invalid(path, f"{place}: {verb} does not take {extra[0]!r}")
    problem = _problem(path.parent, verb, step[verb], options)
    if problem:
        raise _invalid(path, f"{place}: {problem}")
    return Step(verb, step[verb], options)


def _problem(folder: Path, verb: str, value: Any, options: Mapping[str, Any]) -> str:
    """What is wrong with the values of a step, "" when nothing is."""
    for name, number in ((verb, value if verb in _NUMBERS else 0), ("seconds", options.get("seconds", 0))):
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= NUMBER_MAX:
            return f"{name} must be a number from 0 to {NUMBER_MAX:g}"
    if verb in _PATHS and not _inside(value):
        return f"{verb} takes a path inside its folder, without .."
    source = options.get("from")
    if source is not None and not (_inside(source) and (folder / source).is_file()):
        return f"there is no file {str(source)[:80]!r} in the playbook's folder"
    return ""


def _inside(value: Any) -> bool:
    parts = PurePosixPath(value).parts if isinstance(value, str) and "\0" not in value else ()
    return bool(parts) and not value.startswith("/") and ".." not in parts
