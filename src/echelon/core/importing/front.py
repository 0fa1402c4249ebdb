"""Front matter and small YAML files, as the tools write them: keys with a word, a list or a text below.

A part of YAML on purpose: people write `title: Fix: the login`, which YAML refuses and everybody reads. No anchors, no
types: every value is text or a list of texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_KEY = re.compile(r"([A-Za-z_][\w-]{0,60})[ \t]*:(?:[ \t]+(.*)|[ \t]*)$")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)$")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}


class Value(NamedTuple):
    """`items` is the list where it is one, else empty; `text` is the word, or the items with commas."""

    text: str
    items: tuple[str, ...]
    line: int


def split(text: str) -> tuple[Mapping[str, Value], str, int]:
    """(front matter, the text below it, how many lines stand above that). Empty where there is none."""
    rows = text.removeprefix("\ufeff").split("\n")
    if rows[0].rstrip() != "---":
        return {}, text, 0
    end = next((at for at, row in enumerate(rows[1:], 1) if row.rstrip() in ("---", "...")), 0)
    if not end:
        return {}, text, 0
    return mapping(rows[1:end], 1), "\n".join(rows[end + 1 :]), end + 1


def mapping(rows: Sequence[str], above: int = 0) -> Mapping[str, Value]:
    """The keys at the left margin. The first of two equal keys counts."""
    found: dict[str, Value] = {}
    at = 0
    while at < len(rows):
        key = _KEY.match(rows[at].rstrip())
        below = at + 1
        while below < len(rows) and (rows[below][:1] in (" ", "\t", "\r", "") or _ITEM.match(rows[below])):
            below += 1
        if key:
            value = _value((key[2] or "").strip(), rows[at + 1 : below])
            found.setdefault(key[1], Value(*value, above + at + 1))
        at = below
    return found


def _value(word: str, below: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if re.fullmatch(r"[|>][+-]?\d?", word):
        folded = [row.strip() for row in below]
        return ("\n" if word[0] == "|" else " ").join(folded).strip(), ()
    if word.startswith("["):
        whole = " ".join((word, *(row.strip() for row in below)))
        items = tuple(part for part in map(scalar, _flow(whole[1 : _closing(whole)])) if part)
        return ", ".join(items), items
    listed = tuple(_listed(below))
    if not word and listed:
        return ", ".join(listed), listed
    return scalar(" ".join((word, *(row.strip() for row in below)))), ()


def _closing(text: str) -> int:
    """Where a flow list ends; its last character where it never does."""
    end = text.rfind("]")
    return end if end > 0 else len(text)


def _flow(text: str) -> list[str]:
    """The parts between commas that do not stand in quotes."""
    parts, quote = [""], ""
    for ch in text:
        if ch == "," and not quote:
            parts.append("")
            continue
        if ch in "'\"" and (quote == ch or (not quote and not parts[-1].strip())):
            quote = "" if quote else ch
        parts[-1] += ch
    return parts


def _listed(rows: Sequence[str]) -> list[str]:
    found: list[str] = []
    for row in rows:
        item = _ITEM.match(row.rstrip())
        if item:
            found.append(item[1])
        elif row.strip() and found:
            found[-1] += f" {row.strip()}"
    return [words for words in (scalar(re.sub(r"^[|>][+-]?\s", "", entry)) for entry in found) if words]


def scalar(word: str) -> str:
    """A plain or quoted word. What only looks quoted stays as it is."""
    word = word.strip()
    if len(word) >= 2 and word[0] == word[-1] == "'":
        return word[1:-1].replace("''", "'")
    if len(word) >= 2 and word[0] == word[-1] == '"':
        return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), word[1:-1])
    bare = re.sub(r"(?:^|\s)#\s.*$", "", word)  # `# comment`; `#42` is none
    return "" if bare in ("~", "null", "[]", "{}") else bare.strip()
