"""Which project, program or item a commander's call of the level below is about. Pure.

Code says it: by what was started and not given out yet, or by the first line of the call that names something. What is
named has to run, directly below the caller; it is refused otherwise, never guessed (peer-slots-steering.md §5.6,
Appendix D, W-G2, W-G10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from echelon.core.decide import Refusal, refuse
from echelon.core.documents.grammar import State
from echelon.core.model import World
from echelon.core.portfolio import Program, Project, item_key, scope_of
from echelon.core.posts import LISTED_MAX, LevelName, Post

LINES_MAX = 2_000  # of a call that are looked at

_PROJECT = r"(?:PGM-\d{1,9}/)?PRJ-\d{1,9}"
_KEYS: Mapping[LevelName, re.Pattern[str]] = {  # of what a level calls for; not inside a path or a longer key
    level: re.compile(rf"(?<![\w/.-]){key}(?![\w/-]|\.\w)")
    for level, key in (("enterprise", r"PGM-\d{1,9}"), ("program", _PROJECT), ("project", rf"(?:{_PROJECT}/)?B\d{{1,9}}"))
}  # fmt: skip
_LABEL = re.compile(r"^\s*(?:[-*]\s*)?(backlog_path|spec_path|project_file|program_file)\s*:\s*`?([^\s`]+)`?\s*$")


def call(world: World, caller: Post, text: str) -> str | Refusal:
    """The key of what a call of the level below is about. `text` is what the caller wants to be said there."""
    running = dict(_running(world, caller))
    labelled = _labelled(world, caller, text)
    if isinstance(labelled, Refusal):
        return labelled
    named = labelled or _first_named(caller.level, text)
    if named:
        return _named(world, caller, running, named)
    waiting = [key for key in caller.started if key in running] or list(running)
    if len(waiting) == 1:
        return waiting[0]
    if waiting:
        listed = [f"{key} — {running[key]}" for key in waiting[:LISTED_MAX]]
        return refuse("ITEM_AMBIGUOUS", *listed, next_step="name one in the first line of the prompt")
    return _idle(caller, "nothing was started")


def still(world: World, caller: Post, called: Post, text: str) -> Refusal | None:
    """Whether a session that was called before may be called again with this text."""
    running = dict(_running(world, caller))
    if called.about not in running:
        return _idle(caller, f"that session is about {called.about}, which does not run")
    labelled = _labelled(world, caller, text)
    named = labelled if isinstance(labelled, Refusal) else labelled or _first_named(caller.level, text)
    if isinstance(named, Refusal):
        return named
    if named and not any(_means(called.about, word) for word in named):
        said = f"that session is about {called.about}, not about {named[0]}"
        return refuse("WRONG_LEVEL", said, next_step="leave task_id out: another session is called")
    return None


def _running(world: World, caller: Post) -> Iterator[tuple[str, str]]:
    """(key, title) of what runs directly below."""
    for key, title, state in _all(world, caller.level):
        if state == "runs" and _is_below(caller, key):
            yield key, title


def _all(world: World, level: LevelName) -> Iterator[tuple[str, str, str]]:
    """(key, title, "runs" or its state) of everything that the level calls for, running or not."""
    for program in world.portfolio.programs:
        if level == "enterprise" and program.entry is not None:
            yield program.key, program.title, _state(program)
        for project in program.projects if level != "enterprise" else ():
            if level == "program" and project.entry is not None:
                yield project.key, project.entry.title, _state(project)
            elif level == "project":
                yield from _items(world, project)


def _state(node: Program | Project) -> str:
    going = node.running if isinstance(node, Project) else node.state is State.ACTIVE
    return "runs" if going else node.state.value if node.state is not State.ACTIVE else "in a program that does not run"


def _items(world: World, project: Project) -> Iterator[tuple[str, str, str]]:
    flying = {row.item for row in world.missions} if project.running else frozenset[str]()
    for entry in project.backlog.entries if project.backlog else ():
        key = item_key(project.key, entry.id)
        yield key, entry.title, "runs" if key in flying else entry.state.value


def _is_below(caller: Post, key: str) -> bool:
    return caller.scope is None or caller.level == "enterprise" or scope_of(key) == caller.scope


def _means(key: str, word: str) -> bool:
    return key == word or key.endswith(f"/{word}")


def _first_named(level: LevelName, text: str) -> list[str]:
    """The names in the first line that has one."""
    rows = (_KEYS[level].findall(line) for line in text.splitlines()[:LINES_MAX])
    return next((list(dict.fromkeys(row)) for row in rows if row), [])


def _labelled(world: World, caller: Post, text: str) -> list[str] | Refusal:
    """Keys named by the labelled lines that a start answers with (peer-slots-steering.md Appendix D)."""
    found: list[str] = []
    for line in text.splitlines()[:LINES_MAX]:
        match = _LABEL.match(line)
        if match is None or (match[1] == "program_file") != (caller.level == "enterprise"):
            continue
        key = _owner(world, caller.level, match[2])
        if key is None:
            noun = "program" if caller.level == "enterprise" else "project"
            return refuse(f"{noun.upper()}_UNKNOWN", f"no {noun} has a file at {match[2][:120]}")
        if caller.level == "project" and caller.scope not in (None, key):
            return refuse("WRONG_LEVEL", f"this session is about {caller.scope or 'the project'}, not about {key}")
        found += [key] if caller.level != "project" else []
    return list(dict.fromkeys(found))


def _owner(world: World, level: LevelName, path: str) -> str | None:
    if level == "enterprise":
        rows = {row.key: (row.files.document, *_copies(row.files.copies())) for row in world.portfolio.programs}
    else:
        rows = {
            row.key: (row.files.backlog, row.files.spec, row.files.journal, *_copies(row.files.copies()))
            for row in world.portfolio.projects()
        }
    return next((key for key, paths in rows.items() if path in paths), None)


def _copies(copies: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(path for paths in copies.values() for path in paths)


def _named(world: World, caller: Post, running: Mapping[str, str], words: list[str]) -> str | Refusal:
    found = [key for key in running if any(_means(key, word) for word in words)]
    fresh = [key for key in found if key in caller.started]
    if len(found) == 1 or len(fresh) == 1:
        return found[0] if len(found) == 1 else fresh[0]
    if found:
        listed = [f"{key} — {running[key]}" for key in found[:LISTED_MAX]]
        return refuse("ITEM_AMBIGUOUS", *listed, next_step="name one in the first line of the prompt")
    known = [row for row in _all(world, caller.level) if any(_means(row[0], word) for word in words)]
    inside = [row for row in known if _is_below(caller, row[0])]
    if not known:
        return _unknown(caller.level, words[0])
    if not inside:
        owner = caller.scope or f"the {caller.level}"
        return refuse("WRONG_LEVEL", f"{known[0][0]} is not below {owner}, which this session is about")
    return _idle(caller, *(f"{key} is {state}" for key, _, state in inside[:LISTED_MAX]))


def _unknown(level: LevelName, word: str) -> Refusal:
    noun = {"enterprise": "program", "program": "project", "project": "item"}[level]
    return refuse(f"{noun.upper()}_UNKNOWN", f"there is no {noun} {word}")


def _idle(caller: Post, *reasons: str) -> Refusal:
    code, starts = {
        "enterprise": ("PROGRAM_NOT_ACTIVE", "enterprise_start_program"),
        "program": ("PROJECT_NOT_ACTIVE", "program_start_project"),
        "project": ("NOTHING_IN_PROGRESS", "backlog_start_item"),
    }[caller.level]
    return refuse(code, *reasons, next_step=f"{starts} starts one; then call")
