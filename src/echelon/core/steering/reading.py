"""Which lines of which files a tool call gives to a model, as far as it says so plainly.

Tools and arguments are those of OpenCode 1.18 (host-opencode.md §9). A shell line is read by `fence.shell`: words,
quotes, pipes, redirections, `cd`, substitutions. Not understood, and let through: variables, what a script does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from echelon.core.fence import programs, shell
from echelon.core.fence.calls import MENTION, MENTIONS_MAX, PROMPT_CHARS_MAX
from echelon.core.fence.commands import COMMAND_CHARS_MAX
from echelon.core.fence.rooms import PATH_CHARS_MAX, clean
from echelon.core.fence.shell import OPAQUE, Command
from echelon.core.steering.spans import WHOLE, Span, passed

READINGS_MAX = 200  # of one call
NESTING_MAX = 4  # `sh -c` in `sh -c`
BRACES_MAX = 64  # words that `{a,b}` becomes

_AWAY = frozenset({">", ">>", ">|", "&>", "&>>", "1>", "1>>", "1>|"})  # what is said goes into a file
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_BRACES = re.compile(r"\{([^{},]*(?:,[^{},]*)+)\}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A clean absolute path, which may be a glob of the shell's, and what is read of each file it names."""

    path: str
    span: Span = WHOLE


def readings(tool: str, arguments: Mapping[str, Any], directory: str) -> tuple[Reading, ...]:
    """Of one call. `directory` is absolute: what the host resolves relative paths against. Never raises."""
    if tool == "read":
        given = arguments.get("filePath")
        path = _absolute(given, directory) if isinstance(given, str) else None
        return (Reading(path, _asked(arguments)),) if path else ()
    if tool == "bash":
        command, folder = arguments.get("command"), arguments.get("workdir")
        if not isinstance(command, str):
            return ()
        start = _absolute(folder, directory) if isinstance(folder, str) and folder else clean(directory)
        return tuple(_Line(start).script(command[:COMMAND_CHARS_MAX], 0)[:READINGS_MAX])
    return ()


def mentions(prompt: str) -> Iterator[tuple[int, str]]:
    """Where a prompt attaches files, and what it names there: `@path`, by the host's own expression."""
    for number, found in enumerate(MENTION.finditer(prompt[:PROMPT_CHARS_MAX])):
        if number >= MENTIONS_MAX:
            return
        if found[1]:
            yield found.start(), found[1]


def _asked(arguments: Mapping[str, Any]) -> Span:
    """`offset` and `limit` of the host's `read`; what is no number above zero means nothing to it, or all."""
    first, count = _whole(arguments.get("offset")), _whole(arguments.get("limit"))
    return Span(first or 1, count)


def _whole(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number > 0 else None


def _absolute(text: str, folder: str | None) -> str | None:
    if not text or len(text) > PATH_CHARS_MAX or OPAQUE in text:
        return None
    if text.startswith("/"):
        return clean(text)
    return None if folder is None or text.startswith("~") else clean(f"{folder}/{text}")


@dataclass(slots=True)
class _Line:
    """A shell line, command by command. What a pipe carries is what the commands before it read, narrowed."""

    folder: str | None  # None after a `cd` that is not understood

    def script(self, text: str, nesting: int) -> list[Reading]:
        found: list[Reading] = []
        carried: list[Reading] = []
        outer: list[tuple[str | None, list[Reading]]] = []
        for item in shell.parse(text):
            if item == "(":
                outer.append((self.folder, carried))
                carried = []
            elif item == ")":
                self.folder, carried = outer.pop() if outer else (self.folder, [])
            elif isinstance(item, Command):
                given = self._command(item, carried, nesting)
                kept = any(operator in _AWAY for operator, _ in item.redirects)
                carried = given if item.piped else []
                found += [] if item.piped or kept else given
        return found

    def _command(self, command: Command, carried: list[Reading], nesting: int) -> list[Reading]:
        texts = [word.text for word in command.words]
        while texts and (texts[0] in programs.RESERVED or _ASSIGNMENT.match(texts[0])):
            texts.pop(0)
        while texts and (skipped := programs.unwrap(texts)):
            texts = texts[skipped:]
        if not texts:
            return []
        program, rest = posixpath.basename(texts[0]), texts[1:]
        if program in ("cd", "pushd"):
            named = [text for text in rest if text[:1] not in ("-", "+")]
            self.folder = _absolute(named[0], self.folder) if named else None
            return []
        if program in programs.SHELLS and nesting < NESTING_MAX:
            inner = (*programs.code_of(program, rest), *command.bodies)
            return [row for code in inner for row in _Line(self.folder).script(code, nesting + 1)]
        span = passed(program, rest)
        if span is None:
            return []
        named = [rest[at] for at in programs.read(program, rest) if rest[at][:1] not in ("-", "")]
        named += [target.text for operator, target in command.redirects if operator == "<"]
        paths = [path for text in named for word in _braced(text) if (path := _absolute(word, self.folder))]
        return [*(Reading(path, span) for path in paths), *(Reading(row.path, span.of(row.span)) for row in carried)]


def _braced(text: str) -> list[str]:
    """`a/{b,c}.md` as the shell writes it out."""
    words = [text]
    while len(words) < BRACES_MAX and (found := _BRACES.search(words[0])):
        word = words.pop(0)
        words += [f"{word[: found.start()]}{part}{word[found.end() :]}" for part in found[1].split(",")]
    return words[:BRACES_MAX]
