"""JavaScript and TypeScript as tokens, without comments and without what a formatter decides."""

from __future__ import annotations

import re
from typing import NamedTuple, cast


class Token(NamedTuple):
    kind: str  # id, text (strings and templates), number, op
    text: str
    line: int


_JS = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?(?:\*/|\Z))
    |(?P<text>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)
    |(?P<id>[A-Za-z_$\u0080-\uffff][\w$]*)
    |(?P<number>\d[\w.]*)
    |(?P<op>=>|\|\||&&|.)""",
    re.DOTALL | re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_START = Token("op", "(", 1)


def tokens_of(text: str) -> list[Token]:
    found: list[Token] = []
    place, line = 0, 1
    while place < len(text):
        kind, end = "text", place
        if text[place] == "`":
            end = _template_end(text, place)
        elif text[place] == "/" and _may_start_regex(found[-1] if found else _START):
            pattern = _REGEX.match(text, place)
            end = pattern.end() if pattern and text[place + 1 : place + 2] not in ("/", "*") else place
        if end == place:
            match = cast("re.Match[str]", _JS.match(text, place))
            kind, end = match.lastgroup or "op", match.end()
        part = text[place:end]
        if kind != "skip":
            _append(found, Token(kind, part, line))
        line += part.count("\n")
        place = end
    return found


def _append(found: list[Token], token: Token) -> None:
    """Trailing commas, the kind of quotes and parentheses of a single parameter are a formatter's."""
    before = found[-1].text if found else ""
    if token.text in (")", "]", "}") and before == ",":
        # `[a, , ]` keeps its hole, which is a case of its own
        if len(found) > 1 and found[-2].text not in (",", "[", "("):
            found.pop()
    elif token.text == "=>" and before == ")" and len(found) > 2 and found[-3].text == "(" and found[-2].kind == "id":
        found[-3:] = [found[-2]]
    elif token.text[0] == "'" and len(token.text) > 1 and not {'"', "\\"} & set(token.text):
        token = token._replace(text=f'"{token.text[1:-1]}"' if token.text[-1] == "'" else token.text)
    found.append(token)


def _may_start_regex(before: Token) -> bool:
    value = before.kind in ("id", "text", "number") or before.text in (")", "]", "}")
    return not value or before.text in ("return", "typeof", "case")


def _template_end(text: str, place: int) -> int:
    """The index after the closing back-tick; `${…}` may hold strings and templates again."""
    stack = ["`"]
    place += 1
    while place < len(text) and stack:
        mark = text[place]
        if stack[-1] == "`":
            if mark == "\\":
                place += 1
            elif mark == "`":
                stack.pop()
            elif text.startswith("${", place):
                stack.append("{")
                place += 1
        elif mark in "`{":
            stack.append(mark)
        elif mark == "}":
            stack.pop()
        elif mark in "'\"":
            place = cast("re.Match[str]", _JS.match(text, place)).end() - 1
        place += 1
    return min(place, len(text))


def ends_of(tokens: list[Token]) -> dict[int, int]:
    """Index of an opening bracket -> of its closing one, of the end of the file where there is none."""
    ends: dict[int, int] = {}
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.text in ("(", "[", "{"):
            stack.append(index)
        elif token.text in (")", "]", "}") and stack:
            ends[stack.pop()] = index
    return ends | dict.fromkeys(stack, len(tokens))


def words_of(tokens: list[Token]) -> list[str]:
    """What is left of a text that a formatter has no say in: two files with the same words differ in nothing."""
    return [token.text for token in tokens if token.text != ";"]
