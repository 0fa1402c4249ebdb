"""The decision about one tool call: which of its arguments are paths, and what becomes of them.

Names and arguments of the built-in tools: OpenCode 1.18.33, read in its binary. Tools that are not listed, of other
plugins and of MCP servers, pass untouched; so do arguments of a wrong type, which the host refuses itself.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from echelon.core.decide import Refusal, refuse
from echelon.core.fence.commands import judge_command
from echelon.core.fence.rooms import TEMPORARY, Ground, Room, clean, inside, read_only, shown

PROMPT_CHARS_MAX = 400_000
MENTIONS_MAX = 1_000
PATCH_FILES_MAX = 2_000

_READERS = {"read": "filePath", "lsp": "filePath"}
_SEARCHERS = frozenset({"glob", "grep", "list"})
_WRITERS = frozenset({"write", "edit", "multiedit"})
_PATCHERS = frozenset({"apply_patch", "patch"})
_JS_SPACE = "\t\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"  # fmt: skip
_HEADER = re.compile(r"^(\*\*\* (?:Add File|Delete File|Update File|Move to):)([^\n]*)", re.MULTILINE)
# The host's own expression for what a prompt attaches; it is resolved against the work tree of the session.
MENTION = re.compile(r"(?<![A-Za-z0-9_`])@(\.?[^\s`,.]*(?:\.[^\s`,.]+)*)")


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a call. `arguments`: to be used instead; None: as they are."""

    refusal: Refusal | None = None
    arguments: Mapping[str, Any] | None = None


def rule(
    room: Room,
    tool: str,
    arguments: Mapping[str, Any],
    real: Callable[[str], str],
    temporary: tuple[str, ...] = TEMPORARY,
) -> Ruling:
    """May this call happen? `real` is os.path.realpath; `temporary` are the machine's folders for scratch files.

    Never raises, whatever the arguments. Ruling what a ruling gave changes nothing.
    Refuses: OUTSIDE_SLOT, STATE_FILE, GIT_NOT_YOURS, READ_ONLY_ROLE, PATH_INVALID.
    """
    if not isinstance(arguments, Mapping) or not isinstance(tool, str):
        return Ruling()
    ground = Ground(room, real, temporary)
    if tool in _READERS:
        return _reader(ground, _READERS[tool], arguments)
    if tool in _SEARCHERS:
        return _searcher(ground, arguments)
    if tool in _WRITERS:
        return _writer(ground, arguments)
    if tool in _PATCHERS:
        return _patcher(ground, arguments)
    if tool == "bash":
        return _shell(ground, arguments)
    if tool == "task":
        return _task(ground, arguments)
    return Ruling()


def _placed(ground: Ground, given: str, target: str) -> str:
    """The path to hand on: as given where the host makes the same of it, else the clean absolute one."""
    if not given.startswith("/") and clean(f"{ground.home}/{given}") == target:
        return given
    return target


def _with(arguments: Mapping[str, Any], key: str, value: str) -> Ruling:
    return Ruling(None, None if arguments.get(key) == value else {**arguments, key: value})


def _reader(ground: Ground, key: str, arguments: Mapping[str, Any]) -> Ruling:
    given = arguments.get(key)
    if not isinstance(given, str):
        return Ruling()
    target = ground.locate(given)
    if isinstance(target, Refusal):
        return Ruling(target)
    if refusal := ground.may_read(target):
        return Ruling(refusal)
    return _with(arguments, key, _placed(ground, given, target))


def _searcher(ground: Ground, arguments: Mapping[str, Any]) -> Ruling:
    given, pattern = arguments.get("path"), arguments.get("pattern")
    if given is not None and not isinstance(given, str):
        return Ruling()
    target = ground.locate(given or ".")
    if isinstance(target, Refusal):
        return Ruling(target)
    if refusal := ground.may_read(target):
        return Ruling(refusal)
    if isinstance(pattern, str) and "include" not in arguments and (refusal := _climbing(ground, target, pattern)):
        return Ruling(refusal)
    if not given and inside(ground.home, ground.root):
        return Ruling()
    return _with(arguments, "path", _placed(ground, given, target) if given else target)


def _climbing(ground: Ground, folder: str, pattern: str) -> Refusal | None:
    """A glob such as `../**/*.py` that leaves the folder; for grep's expressions `..` between slashes is rare."""
    fixed = re.split(r"[*?\[{(\\|\0]", pattern[:PROMPT_CHARS_MAX], maxsplit=1)[0]
    if not fixed.startswith(("../", "./../")) and fixed != "..":
        return None
    path = clean(f"{folder}/{fixed}")
    return None if inside(path, ground.root) else ground.outside(path)


def _writer(ground: Ground, arguments: Mapping[str, Any]) -> Ruling:
    given = arguments.get("filePath")
    if not isinstance(given, str):
        return Ruling(None if ground.room.writes else read_only("a file"))
    target = ground.locate(given)
    if isinstance(target, Refusal):
        return Ruling(target)
    if refusal := ground.may_write(target):
        return Ruling(refusal)
    return _with(arguments, "filePath", _placed(ground, given, target))


def _patcher(ground: Ground, arguments: Mapping[str, Any]) -> Ruling:
    text = arguments.get("patchText")
    if not ground.room.writes:
        return Ruling(read_only("a patch"))
    if not isinstance(text, str):
        return Ruling()
    pieces: list[str] = []
    position = 0
    for number, header in enumerate(_HEADER.finditer(text), 1):
        given = header[2].strip(_JS_SPACE)
        if not given:
            continue
        if number > PATCH_FILES_MAX:
            step = "Make several patches."
            return Ruling(refuse("PATH_INVALID", f"The patch names more than {PATCH_FILES_MAX} files.", next_step=step))
        target = ground.locate(given)
        if isinstance(target, Refusal):
            return Ruling(target)
        if refusal := ground.may_write(target):
            return Ruling(refusal)
        placed = _placed(ground, given, target)
        if placed != given:
            pieces += [text[position : header.start(2)], " ", placed]
            position = header.end(2)
    return _with(arguments, "patchText", "".join((*pieces, text[position:])))


def _shell(ground: Ground, arguments: Mapping[str, Any]) -> Ruling:
    given, command = arguments.get("workdir"), arguments.get("command")
    if given is not None and not isinstance(given, str):
        return Ruling()
    target = ground.locate(given or ".")
    if isinstance(target, Refusal):
        return Ruling(target)
    true = ground.true(target)
    for way in (target, true or "/"):
        if ground.place(way) not in ("root", "readable", "temporary"):
            return Ruling(ground.outside(way))
    if isinstance(command, str) and (refusal := judge_command(ground, command, target)):
        return Ruling(refusal)
    if not given and inside(ground.home, ground.root):
        return Ruling()
    return _with(arguments, "workdir", _placed(ground, given, target) if given else target)


def _task(ground: Ground, arguments: Mapping[str, Any]) -> Ruling:
    """The host puts every file that the prompt mentions as `@path` into the child's first message, unasked.

    A mention that is relative is read where the host stands; what it names is judged by its place in the slot.
    """
    prompt = arguments.get("prompt")
    if not isinstance(prompt, str):
        return Ruling()
    pieces: list[str] = []
    position = 0
    for number, mention in enumerate(MENTION.finditer(prompt[:PROMPT_CHARS_MAX])):
        given = mention[1]
        if not given or number >= MENTIONS_MAX:
            continue
        target = ground.locate(given)
        refusal = target if isinstance(target, Refusal) else ground.may_read(target)
        if refusal and _is_path(given):
            step = f"Name it without @ or leave it out: {refusal.next_step}"
            return Ruling(
                refuse(refusal.code, f"The prompt attaches @{shown(given)}: {refusal.reasons[0]}", next_step=step)
            )
        if refusal or isinstance(target, Refusal):
            continue
        if given.startswith("/") and given != target and MENTION.fullmatch("@" + target):
            pieces += [prompt[position : mention.start(1)], target]
            position = mention.end(1)
    return _with(arguments, "prompt", "".join((*pieces, prompt[position:])))


def _is_path(mention: str) -> bool:
    """Not `@home`, `@~`, a name of an agent or a decorator; the file must be named as one."""
    return "/" in mention or posixpath.basename(mention).startswith(".")
