"""What a shell line would touch, as far as it says so plainly.

Understood are words, quotes, redirections, here-documents, substitutions, `cd`, and the programs of the tables below.
Not understood, and let through: variables, `eval` of them, encoded text, what a script or a build does. This is a fence
against mistakes; evidence in a clean checkout and the slot guard are the wall. So reading is refused only where it
leads to the person's files, another slot or Echelon's state, or climbs out of the slot, and an ordinary word is no path.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from echelon.core.decide import Refusal
from echelon.core.fence import git, programs, shell
from echelon.core.fence.rooms import NOBODY, PATH_CHARS_MAX, Ground, Place, clean, inside, read_only
from echelon.core.fence.shell import OPAQUE, Command, Word

COMMAND_CHARS_MAX = 100_000
PATHS_MAX = 2_000  # looked at in one line; each costs a look at the disk
NESTING_MAX = 6  # `sh -c` in `sh -c`, programs that run programs

_FOREIGN: frozenset[Place] = frozenset({"checkout", "state", "person"})
_NARROW: frozenset[Place] = frozenset({"checkout", "state"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_GLUED = re.compile(r"-[ILCoBfr](?=[/.~])")
_TILDE = re.compile(r"~(?:$|/|[a-z_][\w-]*(?:/|$))")
_SPACE = re.compile(r"\s")
_PIECES_MAX = 20
_CHARS_PER_LOOK = 256  # a deep path costs the disk a look per folder
_CODE_PATH = re.compile(r"(?<![\w.~])/[^\s'\"`;:,()<>|&]+")


def judge_command(ground: Ground, text: str, folder: str) -> Refusal | None:
    """Whether a line may run in a folder (absolute). Of a longer one the first COMMAND_CHARS_MAX are read."""
    return _Line(ground).script(text[:COMMAND_CHARS_MAX], folder, 0)


@dataclass(slots=True)
class _Line:
    ground: Ground
    folder: str | None = None  # None after a `cd` that is not understood
    seen: int = 0
    nesting: int = 0

    # ------------------------------------------------------------------------------------------------- structure

    def script(self, text: str, folder: str | None, nesting: int) -> Refusal | None:
        if nesting > NESTING_MAX:
            return None
        before = self.folder, self.nesting
        self.folder, self.nesting = folder, nesting
        folders: list[str | None] = []
        try:
            for item in shell.parse(text):
                if item == "(":
                    folders.append(self.folder)
                elif item == ")":
                    self.folder = folders.pop() if folders else self.folder
                elif isinstance(item, Command) and (refusal := self._command(item)):
                    return refusal
        finally:
            self.folder, self.nesting = before
        return None

    def _command(self, command: Command) -> Refusal | None:
        for operator, target in command.redirects:
            judge = self._read if operator.startswith("<") and operator != "<>" else self._write
            if not target.text.startswith(OPAQUE) and (refusal := judge(target.text)):
                return refusal
        words = list(command.words)
        while words and (words[0].text in programs.RESERVED and not words[0].quoted):
            words.pop(0)
        while words and _ASSIGNMENT.match(words[0].text):
            if refusal := self._read_all([words.pop(0)], _NARROW):
                return refusal
        return self._call(words, command.bodies)

    def _call(self, words: list[Word], bodies: Sequence[str] = ()) -> Refusal | None:
        """A program and its arguments, after what only runs another (`env`, `xargs`, `uv run`) is taken off."""
        for _ in range(NESTING_MAX):
            rest = programs.unwrap([word.text for word in words])
            if rest == 0:
                break
            words = words[rest:]
        if not words or words[0].text.startswith(OPAQUE):
            return self._read_all(words[1:], _FOREIGN)
        program, arguments = posixpath.basename(words[0].text), words[1:]
        return (
            self._read_as_written(words[0].text, _NARROW)
            or self._code(program, arguments, bodies)
            or self._changes(program, arguments)
            or self._reads(program, arguments)
        )

    # --------------------------------------------------------------------------------------------------- programs

    def _code(self, program: str, arguments: list[Word], bodies: Sequence[str]) -> Refusal | None:
        """Scripts within the line are read as lines; code of other languages only for the paths it names."""
        texts = [word.text for word in arguments]
        if program in programs.SHELLS:
            for script in (*programs.code_of(program, texts), *bodies):
                if refusal := self.script(script, self.folder, self.nesting + 1):
                    return refusal
        elif program == "eval":
            return self.script(" ".join(texts), self.folder, self.nesting + 1)
        elif programs.is_interpreter(program):
            for code in (*programs.code_of(program, texts), *bodies):
                for found in _CODE_PATH.finditer(code):
                    if refusal := self._read_as_written(found[0], _NARROW):
                        return refusal
        elif program == "find":
            for start, end in programs.executed(texts):
                if refusal := self._call(arguments[start:end]):
                    return refusal
        return None

    def _changes(self, program: str, arguments: list[Word]) -> Refusal | None:
        """`cd`, git, and the programs that write what their arguments name."""
        texts = [word.text for word in arguments]
        if program in ("cd", "pushd"):
            return self._enter(texts)
        if program == "popd":
            self.folder = None
        if program == "git":
            return self._git(texts)
        paths = programs.written(program, texts)
        for path in paths:
            if program == "mkdir" and path.rstrip("/").removeprefix("./") == ".opencode" and self.ground.room.writes:
                continue  # it is there, and `mkdir -p` says so
            if refusal := self._write(path, follow=programs.follows(program, path, paths)):
                return refusal
        if program == "ln" and (linked := programs.link(texts)):
            return self._read(f"{linked[1]}/{texts[linked[0]]}")
        if program == "rm" and any(self._expand(path) == self.ground.root for path in paths):
            return self.ground.whole()
        return None

    def _enter(self, texts: list[str]) -> Refusal | None:
        named = [text for text in texts if not text.startswith("-") or text == "-"]
        if named and (named[0] == "-" or OPAQUE in named[0] or named[0].startswith("+")):
            self.folder = None
            return None
        path = self._expand(named[0] if named else "~")
        if path is None:
            self.folder = None
            return None
        for way in (path, self.ground.true(path) or path):
            if self.ground.place(way) not in ("root", "readable", "temporary"):
                return self.ground.outside(way)
        self.folder = path
        return None

    def _git(self, texts: list[str]) -> Refusal | None:
        call = git.read(texts)
        folder = self.folder
        for step in call.folders:
            folder = self._expand(step, folder)
        if folder is not None and not inside(folder, self.ground.root):
            return self._read_all([Word(step) for step in call.folders], _FOREIGN)  # a repository of its own, elsewhere
        if refusal := git.judge(call):
            return refusal
        if not self.ground.room.writes and git.changes(call):
            return read_only(f"git {call.verb}")
        outer, self.folder = self.folder, folder
        try:
            for path in git.written(call):
                if refusal := self._write(path, follow=False):
                    return refusal
        finally:
            self.folder = outer
        return None

    def _reads(self, program: str, arguments: list[Word]) -> Refusal | None:
        if program in programs.SAYING:
            return None
        texts = [word.text for word in arguments]
        kept = [arguments[at] for at in programs.read(program, texts)]
        if program in programs.LOOKING:
            return self._read_all(kept, _NARROW, climbing=False)
        return self._read_all(kept, _FOREIGN)

    # ------------------------------------------------------------------------------------------------------ paths

    def _read_all(self, words: Sequence[Word], places: frozenset[Place], *, climbing: bool = True) -> Refusal | None:
        for word in words:
            for path in _named(word.text):
                if refusal := self._read(path, places, climbing=climbing):
                    return refusal
        return None

    def _read_as_written(self, text: str, places: frozenset[Place]) -> Refusal | None:
        """A program, or a path in code: what its links lead to is the machine's affair."""
        path = self._expand(text)
        if path is None or "/" not in text:
            return None
        place = self.ground.place(path)
        return self.ground.outside(path, place) if place in places else None

    def _read(self, text: str, places: frozenset[Place] = _FOREIGN, *, climbing: bool = True) -> Refusal | None:
        path = self._expand(text)
        if path is None:
            return None
        climbs = climbing and ".." in text.split("/") and not text.startswith(("/", "~"))
        written = self._joined(text) if climbs and OPAQUE not in text else None
        physical = self.ground.true(written) if written else None
        for way in (path, self.ground.true(path) or path, physical or path):
            place = self.ground.place(way)
            if place == "device":
                break
            if place in places or (climbs and place not in ("root", "readable") and not self._is_elsewhere()):
                return self.ground.outside(way, place)
            if place == "root" and (hidden := self.ground.hidden(self.ground.inner(way), git=False)):
                return hidden
        return None

    def _write(self, text: str, *, follow: bool = True) -> Refusal | None:
        """`follow` False: the link itself is removed or replaced, not what it leads to."""
        path = self._expand(text)
        if path is None:
            return None
        ground = self.ground
        parent, name = posixpath.split(path)
        followed = follow or text.endswith("/")
        true = ground.true(path) if followed else clean(f"{ground.true(parent) or parent}/{name}")
        for way in (path, true or path):
            place = ground.place(way)
            if place == "device":
                break
            if place == "temporary":
                continue
            if place != "root":
                return ground.outside(way, place)
            if not ground.room.writes:
                return read_only(f"write to {ground.inner(way)}")
            if kept := ground.kept(ground.inner(way)):
                return kept
        return None

    def _is_elsewhere(self) -> bool:
        """In a scratch folder `..` is as good as any other path."""
        return self.folder is not None and self.ground.place(self.folder) in ("temporary", "readable")

    def _expand(self, text: str, folder: str | None = "") -> str | None:
        """The clean absolute path a word names ("" is the line's folder), None when it cannot be known."""
        self.seen += 1
        fixed, opaque, _ = text.partition(OPAQUE)
        if opaque:
            fixed = fixed[: fixed.rfind("/") + 1]
        if not fixed or self.seen > PATHS_MAX or len(fixed) > PATH_CHARS_MAX:
            return None
        full = self._joined(fixed, folder)
        if full is None or len(full) > PATH_CHARS_MAX:
            return None
        self.seen += len(full) // _CHARS_PER_LOOK
        return clean(full)

    def _joined(self, text: str, folder: str | None = "") -> str | None:
        folder = self.folder if folder == "" else folder
        if text.startswith("/"):
            return text
        if _TILDE.match(text):
            own = text[1:2] in ("", "/")
            return f"{self.ground.person or NOBODY}{text[1:]}" if own else f"{NOBODY}/{text[1:]}"
        return None if folder is None else f"{folder}/{text}"


def _named(text: str) -> Iterator[str]:
    """The paths a word may name: itself, what stands after `=`, the parts of a list, a file after `@`."""
    if text.startswith("-"):
        glued = _GLUED.match(text)
        text = text[2:] if glued else text.partition("=")[2]
    elif _ASSIGNMENT.match(text):
        text = text.partition("=")[2]
    if not text or "\n" in text or "://" in text.removeprefix("file://"):
        return
    if text.startswith("file://"):
        yield text[7:]
    elif not _SPACE.search(text):
        yield from (piece for piece in text.removeprefix("@").split(":")[:_PIECES_MAX] if piece)
    elif text.startswith(("/", "~/")):
        yield text
