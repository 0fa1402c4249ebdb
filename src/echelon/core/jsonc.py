"""JSON with comments and trailing commas: read with the place of every key and value, edited by spans.

A key that is said twice is kept twice, so that whoever reads can say where. An edit changes its span and no other byte.
No library for Python keeps comments, order and places.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

DEPTH_MAX = 64  # brackets inside brackets
NUMBER_CHARACTERS_MAX = 400  # more is no number that anybody means

_GAP = re.compile(r"(?:[ \t\r\n]|//[^\r\n]*+|(?>/\*.*?\*/))*+", re.DOTALL)
_REST_OF_LINE = re.compile(r"(?:[ \t]|//[^\r\n]*+|(?>/\*.*?\*/))*+", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.+-])")
_WORD = re.compile(r"[A-Za-z]{1,20}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")
_DECODER = json.JSONDecoder()


class BrokenTextError(ValueError):
    """The text is not JSON with comments. `offset` is where, `message` why."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(offset, message)
        self.offset = offset
        self.message = message


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its span. An object has `members`, a list `elements`; `scalar` is any other value."""

    kind: str  # "object", "list" or "scalar"
    start: int
    end: int
    scalar: Any = None
    members: tuple[Member, ...] = ()
    elements: tuple[Node, ...] = ()

    @property
    def value(self) -> Any:
        """The value as json gives it; of keys that are said twice the last one counts."""
        if self.kind == "object":
            return {member.key: member.node.value for member in self.members}
        return [element.value for element in self.elements] if self.kind == "list" else self.scalar

    def at(self, path: tuple[str | int, ...]) -> int:
        """Where what is at `path` below this one is said: its key, or the element; as near as the path leads."""
        node, at = self, self.start
        for step in path:
            if isinstance(step, int) and step < len(node.elements):
                node = node.elements[step]
                at = node.start
            elif found := next((row for row in reversed(node.members) if row.key == step), None):
                node, at = found.node, found.at
            else:
                break
        return at


@dataclass(frozen=True, slots=True)
class Member:
    """One `"key": value` of an object; `at` is where the key starts."""

    key: str
    at: int
    node: Node


def repeated(node: Node) -> Iterator[tuple[Member, Member]]:
    """(first, again) for each key that an object says more than once, at any depth."""
    known: dict[str, Member] = {}
    for member in node.members:
        first = known.setdefault(member.key, member)
        if first is not member:
            yield first, member
        yield from repeated(member.node)
    for element in node.elements:
        yield from repeated(element)


def read(text: str) -> Node | None:
    """The document; None for a text without any value. Raises BrokenTextError."""
    reader = _Reader(text)
    reader.skip()
    if reader.position == len(text):
        return None
    node = reader.value(0)
    reader.skip()
    if reader.position < len(text):
        raise BrokenTextError(reader.position, "something follows after the end of the value")
    return node


@dataclass(slots=True)
class _Reader:
    text: str
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.position = 1 if self.text.startswith("\ufeff") else 0

    def skip(self) -> str:
        """Go over blanks and comments; the character that comes then, "" at the end."""
        found = _GAP.match(self.text, self.position)
        self.position = found.end() if found else self.position
        if self.text.startswith("/*", self.position):
            raise BrokenTextError(self.position, "this comment is not closed")
        return self.text[self.position : self.position + 1]

    def value(self, depth: int) -> Node:
        sign, start = self.skip(), self.position
        if depth >= DEPTH_MAX:
            raise BrokenTextError(start, f"nested deeper than {DEPTH_MAX}")
        if sign == "{":
            return Node("object", start, *self._members(depth))
        if sign == "[":
            elements = self._elements(depth)
            return Node("list", start, self.position, elements=elements)
        if sign == '"':
            scalar: Any = self._string()
        elif sign in tuple("-0123456789"):
            scalar = self._number()
        else:
            scalar = self._word(sign)
        return Node("scalar", start, self.position, scalar)

    def _members(self, depth: int) -> tuple[int, None, tuple[Member, ...]]:
        members: list[Member] = []
        opened = self.position
        self.position += 1
        while self._goes_on("}", opened):
            at = self.position
            if self.text[at] != '"':
                raise BrokenTextError(at, "a key in double quotes is expected here")
            key = self._string()
            if self.skip() != ":":
                raise BrokenTextError(self.position, f'a colon is missing after the key "{key[:60]}"')
            self.position += 1
            members.append(Member(key, at, self.value(depth + 1)))
            self._separated("}")
        self.position += 1
        return self.position, None, tuple(members)

    def _elements(self, depth: int) -> tuple[Node, ...]:
        elements: list[Node] = []
        opened = self.position
        self.position += 1
        while self._goes_on("]", opened):
            elements.append(self.value(depth + 1))
            self._separated("]")
        self.position += 1
        return tuple(elements)

    def _goes_on(self, closing: str, opened: int) -> bool:
        sign = self.skip()
        if not sign:
            raise BrokenTextError(opened, f'this "{self.text[opened]}" is never closed')
        return sign != closing

    def _separated(self, closing: str) -> None:
        """After a member or element: over the comma, which may be left out before the end alone."""
        sign = self.skip()
        if sign == ",":
            self.position += 1
        elif sign and sign != closing:
            raise BrokenTextError(self.position, "a comma is missing before this")

    def _string(self) -> str:
        start = self.position
        try:
            found, self.position = _DECODER.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            raise BrokenTextError(error.pos, f"in a text: {error.msg[:1].lower()}{error.msg[1:]}") from error
        if _SURROGATE.search(found):
            raise BrokenTextError(start, "this text has bytes that are not UTF-8, or half of a character")
        return found

    def _number(self) -> float:
        found = _NUMBER.match(self.text, self.position)
        if not found or len(found[0]) > NUMBER_CHARACTERS_MAX:
            raise BrokenTextError(self.position, "this is no number that can be used")
        self.position = found.end()
        number: float = json.loads(found[0])
        return number

    def _word(self, sign: str) -> bool | None:
        found = _WORD.match(self.text, self.position)
        if found and found[0] in _WORDS:
            self.position = found.end()
            return _WORDS[found[0]]
        if not sign:
            raise BrokenTextError(self.position, "the text ends where a value is expected")
        if found:
            raise BrokenTextError(self.position, f"{found[0]} is no value of JSON; a text is in double quotes")
        raise BrokenTextError(
            self.position, "texts are in double quotes" if sign == "'" else "a value is expected here"
        )


# ------------------------------------------------------------------------------------------------ editing


def replaced(text: str, node: Node, value: str) -> str:
    """The text with another value, JSON already, in place of `node`."""
    return text[: node.start] + value + text[node.end :]


def with_member(text: str, owner: Node, key: str, value: str) -> str:
    """The text with one more member at the end of the object `owner`; comments stay where they are."""
    member = f"{json.dumps(key, ensure_ascii=False)}: {value}"
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not owner.members:
        return _first(text, owner, member, line_end)
    last, closing = owner.members[-1].node.end, owner.end - 1
    after = _comma_after(text, last)
    rest = _REST_OF_LINE.match(text, after or last, closing)
    line = rest.end() if rest else closing  # behind the comment that belongs to the last member
    if line < closing:
        comma = "" if after else ","
        at = owner.members[-1].at
        alone = not text[text.rfind("\n", 0, at) + 1 : at].strip()
        lead = _indent(text, at) if alone else _indent(text, owner.start) + "  "
        return f"{text[:last]}{comma}{text[last:line]}{line_end}{lead}{member}{text[line:]}"
    body = text[:closing].rstrip(" \t")
    return f"{body}{'' if after else ','} {member}{text[len(body) :]}"


def _first(text: str, owner: Node, member: str, line_end: str) -> str:
    """Before the line of the closing bracket, or before the bracket where something else is on its line."""
    closing, lead = owner.end - 1, _indent(text, owner.start)
    line = text.rfind("\n", owner.start, closing)
    if line >= 0 and not text[line:closing].strip():
        line -= text[line - 1] == "\r"
        return f"{text[:line]}{line_end}{lead}  {member}{text[line:]}"
    return f"{text[:closing]}{line_end}{lead}  {member}{line_end}{lead}{text[closing:]}"


def _comma_after(text: str, at: int) -> int:
    """Where the comma after a value ends; 0 when there is none."""
    gap = _GAP.match(text, at)
    return gap.end() + 1 if gap and text[gap.end() : gap.end() + 1] == "," else 0


def _indent(text: str, at: int) -> str:
    """The blanks at the start of the line on which `at` lies."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start:at].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]
