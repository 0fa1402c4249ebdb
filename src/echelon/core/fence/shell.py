"""A shell line as far as it can be read without running it: commands, their words and redirections.

One pass, linear, and total: what is not understood (arithmetic, variables, code) becomes OPAQUE in a word or ends the
reading. No expansion is made but `~`, `$HOME` and `$PWD`. It serves a fence, not a wall: see `fence.commands`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

DEPTH_MAX = 12  # substitutions and subshells in one another
WORDS_MAX = 5_000
OPAQUE = "\0"  # stands in a word for what only the shell knows

_PLAIN = re.compile(r"[^\s'\"\\$`()<>|&;\0]+")
_QUOTED = re.compile(r"[^\"\\$`\0]+")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_REDIRECT = re.compile(r"<<<|<<-|<<|<>|<&|<|&>>|&>|>>|>&|>\||>")
_NAME = re.compile(r"[A-Za-z_]\w*|[@*#?$!0-9-]")
_KNOWN = {"HOME": "~", "PWD": "."}


@dataclass(frozen=True, slots=True)
class Word:
    """A word after quotes are taken off. A leading "~" is the home folder; a quoted one reads "./~"."""

    text: str
    quoted: bool = False


@dataclass(slots=True)
class Command:
    """A simple command: words, redirections as (operator, target; `2>` of another output), bodies of its here-documents.

    `piped`: what it says goes to the next one.
    """

    words: list[Word] = field(default_factory=list)
    redirects: list[tuple[str, Word]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    piped: bool = False


Item = Command | Literal["(", ")"]


class _LostError(Exception):
    """The rest cannot be read."""


def parse(text: str) -> list[Item]:
    """Commands in the order in which they start, with "(" and ")" around those of a subshell or a substitution."""
    reader = _Reader(text)
    try:
        reader.script("")
    except _LostError:
        reader.finish()
    return reader.items


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.words = 0
        self.until = ""
        self.items: list[Item] = []
        self.command = Command()
        self.descriptor = ""  # the number right before a redirection
        self.waiting: list[tuple[Command, str, bool]] = []  # here-documents whose body begins after this line

    def finish(self) -> None:
        if self.command.words or self.command.redirects:
            self.items.append(self.command)
        self.command = Command()

    def script(self, until: str) -> None:
        """Read to the end, or past the `until` that closes this script."""
        outer, self.until = self.until, until
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == until:
                self.at += 1
                break
            self._part(sign)
        self.until = outer
        self.finish()

    def _part(self, sign: str) -> None:
        if sign == "\n":
            self.at += 1
            self._bodies()
            self.finish()
        elif sign.isspace():
            self.at += 1
        elif self.text.startswith("\\\n", self.at):  # the line goes on
            self.at += 2
        elif sign == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif self._is_redirect(sign):
            self._redirect()
        elif sign in "<>":  # a comparison in [[ ]]
            self.at += 1
        elif sign in "|&;":
            self.command.piped = sign == "|" and not self.text.startswith("||", self.at)
            self.at += 1
            self.finish()
        elif self.text.startswith("((", self.at):  # arithmetic
            end = self.text.find("))", self.at)
            self.at = len(self.text) if end < 0 else end + 2
        elif sign == "(":
            self.finish()
            self._nested(")", 1)
        elif sign == ")":  # of a case, or of nothing
            self.at += 1
            self.finish()
        else:
            self._argument()

    def _argument(self) -> None:
        word = self._word()
        follows = self.text[self.at : self.at + 1]
        if word.text.isdigit() and not word.quoted and follows in ("<", ">"):
            self.descriptor = word.text  # `2>file`
            return
        self.command.words.append(word)

    def _is_redirect(self, sign: str) -> bool:
        words = self.command.words
        if sign in "<>":
            return not (words and words[0].text == "[[")
        return self.text.startswith("&>", self.at)

    def _redirect(self) -> None:
        if self.text[self.at + 1 : self.at + 2] == "(" and self.text[self.at] in "<>":  # <(command)
            self._nested(")", 2)
            self.command.words.append(Word(OPAQUE))
            return
        found = _REDIRECT.match(self.text, self.at)
        operator = found[0] if found else self.text[self.at]
        self.at += len(operator)
        other, self.descriptor = self.descriptor if operator[0] == ">" else "", ""
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        if self.text[self.at : self.at + 1] in ("", "\n", ";", "|", ")"):
            return
        if self.text[self.at] in "<>&(":
            if self.text[self.at + 1 : self.at + 2] == "(":  # > >(command)
                self._nested(")", 2)
            else:
                self.at += 1
            return
        word = self._word()
        if operator in ("<<", "<<-"):
            self.waiting.append(
                (self.command, word.text.removeprefix("./") if word.quoted else word.text, operator == "<<-")
            )
        elif operator != "<<<" and not (operator in (">&", "<&") and re.fullmatch(r"\d+-?|-", word.text)):
            self.command.redirects.append((f"{other}{operator}", word))

    def _bodies(self) -> None:
        for command, end, tabs in self.waiting:
            rows: list[str] = []
            while self.at < len(self.text):
                stop = self.text.find("\n", self.at)
                stop = len(self.text) if stop < 0 else stop
                row = self.text[self.at : stop]
                self.at = stop + 1
                if (row.lstrip("\t") if tabs else row) == end:
                    break
                rows.append(row)
            command.bodies.append("\n".join(rows))
        self.waiting = []

    def _nested(self, until: str, skip: int) -> None:
        """A script within the script; the command around it goes on afterwards."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise _LostError
        outer, self.command = self.command, Command()
        self.at += skip
        self.items.append("(")
        self.script(until)
        self.items.append(")")
        self.command = outer
        self.depth -= 1

    def _word(self) -> Word:
        self.words += 1
        if self.words > WORDS_MAX:
            raise _LostError
        pieces: list[str] = []
        quoted = False
        while self.at < len(self.text):
            sign = self.text[self.at]
            if plain := _PLAIN.match(self.text, self.at):
                self.at = plain.end()
                pieces.append(plain[0])
            elif sign == "'":
                quoted = True
                end = self.text.find("'", self.at + 1)
                end = len(self.text) if end < 0 else end
                pieces.append(_literal(self.text[self.at + 1 : end], pieces))
                self.at = end + 1
            elif sign == '"':
                quoted = True
                self.at += 1
                self._double(pieces)
            elif sign == "\\":
                quoted = True
                pieces.append(_literal(self.text[self.at + 1 : self.at + 2].replace("\n", ""), pieces))
                self.at += 2
            elif sign in "$`\0" and sign != self.until:
                self._expansion(pieces)
            else:
                break
        return Word("".join(pieces), quoted)

    def _double(self, pieces: list[str]) -> None:
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign == self.until:
                return
            if sign == '"':
                self.at += 1
                return
            if plain := _QUOTED.match(self.text, self.at):
                self.at = plain.end()
                pieces.append(_literal(plain[0], pieces))
            elif sign == "\\":
                follows = self.text[self.at + 1 : self.at + 2]
                pieces.append("" if follows == "\n" else follows if follows in '"\\$`' else "\\" + follows)
                self.at += 2
            else:
                self._expansion(pieces)

    def _expansion(self, pieces: list[str]) -> None:
        """`$x`, `${x}`, `$(x)`, backticks, `$'x'`: opaque but for the two variables whose value we know."""
        text, at = self.text, self.at
        if text.startswith("$((", at):
            end = text.find("))", at)
            self.at = len(text) if end < 0 else end + 2
        elif text.startswith("$(", at):
            self._nested(")", 2)
        elif text[at] == "`":
            self._nested("`", 1)
        elif found := _VARIABLE.match(text, at):
            self.at = found.end()
            known = _KNOWN.get(found[1] or found[2])
            if known and (not any(pieces) or pieces[-1].endswith(("=", ":"))):
                pieces.append(known)
                return
        elif text.startswith("${", at):
            end = text.find("}", at)
            self.at = len(text) if end < 0 else end + 1
        else:
            name = _NAME.match(text, at + 1) if text[at] == "$" else None
            self.at = name.end() if name else at + 1
            if text[at] == "$" and name is None and text[at + 1 : at + 2] not in ("'", '"'):
                pieces.append("$")  # an anchor of a regular expression
                return
        pieces.append(OPAQUE)


def _literal(text: str, before: list[str]) -> str:
    return "./" + text if text.startswith("~") and not any(before) else text
