"""The `plugin` list of an OpenCode configuration: entries taken out and put back, every other byte left alone.

JSON with comments and trailing commas, as OpenCode reads it. Reading is the configuration's own (comments become
blanks of the same length, then json); editing is by spans. No library for Python keeps comments, order and blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from echelon.core.config import without_comments as without_comments
from echelon.errors import InputError

CONTEXTS = (32, 16, 8)  # characters on each side by which a cut's place is found again in a text that changed
_GAP = re.compile(r"(?:\s|//[^\n]*+|(?>/\*.*?\*/))*+", re.DOTALL)
_SPACE = re.compile(r"\s*")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n)")
_BLANKS = re.compile(r"[ \t]*")
# OpenCode replaces {env:NAME} and {file:path} before it parses, also outside of strings.
_SUBSTITUTED = re.compile(r"\{(?:env|file):[^}\n]*\}")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Cut:
    """`text` stood at offset `at` of the old text; `before` and `after` surround its place in the new one."""

    at: int
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of the plugin list: `spec` is its name, path or URL, also of `[name, options]`."""

    spec: str
    index: int  # in its list
    start: int  # offsets in the text
    end: int


@dataclass(frozen=True, slots=True)
class Removal:
    text: str
    cuts: tuple[Cut, ...]  # by place; put_back undoes them
    entries: tuple[tuple[int, str], ...]  # index in the list, text of the element


def read_entries(text: str, source: str) -> list[Entry]:
    """The elements of the top-level `plugin` lists. InputError OPENCODE_CONFIG_BROKEN with line and column."""
    return [entry for entries in _lists(_plain(text, source)) for entry in entries]


def remove_entries(text: str, source: str, wanted: Callable[[str], bool]) -> Removal:
    """Take the entries out whose spec is `wanted`: comments stay, a line that held nothing else goes."""
    cuts: list[tuple[int, int]] = []
    removed: list[tuple[int, str]] = []
    for entries in _lists(_plain(text, source)):
        out = [entry for entry in entries if wanted(entry.spec)]
        removed += [(entry.index, text[entry.start : entry.end]) for entry in out]
        cuts += _ranges(text, entries, out)
    merged = _merge(cuts)
    kept, place = "", 0
    pieces: list[tuple[int, int, int]] = []
    for start, end in merged:
        kept += text[place:start]
        pieces.append((start, end, len(kept)))
        place = end
    kept += text[place:]
    if [entry.spec for entry in read_entries(text, source) if not wanted(entry.spec)] != [
        entry.spec for entry in read_entries(kept, source)
    ]:
        raise AssertionError("an edit of the plugin list changed something else")
    return Removal(
        kept,
        tuple(
            Cut(start, text[start:end], kept[max(0, at - CONTEXTS[0]) : at], kept[at : at + CONTEXTS[0]])
            for start, end, at in pieces
        ),
        tuple(removed),
    )


def put_back(text: str, cuts: tuple[Cut, ...]) -> str:
    """Undo remove_entries on the very text it gave."""
    for cut in cuts:
        text = text[: cut.at] + cut.text + text[cut.at :]
    return text


def put_back_by_context(text: str, source: str, cuts: tuple[Cut, ...], specs: list[str]) -> str | None:
    """Undo the cuts in a text that was changed elsewhere; None when a place is gone or not the only one like it."""
    for size in CONTEXTS:
        places = _places(text, cuts, size)
        if places is None:
            continue
        new = text
        for cut, place in reversed(list(zip(cuts, places, strict=True))):
            new = new[:place] + cut.text + new[place:]
        try:
            found = [entry.spec for entry in read_entries(new, source)]
        except InputError:
            continue
        if all(spec in found for spec in specs):
            return new
    return None


def _places(text: str, cuts: tuple[Cut, ...], size: int) -> list[int] | None:
    places: list[int] = []
    for cut in cuts:
        before, after = cut.before[-size:], cut.after[:size]
        if text.count(before + after) != 1:
            return None
        places.append(text.index(before + after) + len(before))
    return places if places == sorted(places) else None


def spec_of(element: str) -> str:
    """The spec that an element's text holds."""
    return read_entries(f'{{"plugin": [{element}]}}', "the record")[0].spec


def insert_entries(text: str, source: str, entries: tuple[tuple[int, str], ...]) -> str:
    """Write each element into the plugin list at its index, or as near as the list allows; the list is made if gone."""
    for index, element in entries:
        text = _insert(text, source, index, element)
    return text


def _insert(text: str, source: str, index: int, element: str) -> str:
    plain = _plain(text, source)
    lists = _lists(plain)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not plain:
        return f'{text}{{"plugin": [{element}]}}{line_end}'
    if not lists:
        start = _skip(plain, 0)
        more = "," if next(_members(plain, start), None) else line_end
        return f'{text[: start + 1]}{line_end}  "plugin": [{element}]{more}{text[start + 1 :]}'
    entries = lists[-1]
    if entries:
        near = entries[min(index, len(entries) - 1)]
        lead = text[text.rfind("\n", 0, near.start) + 1 : near.start]
        joint = ", " if lead.strip() else f",{line_end}{lead}"
        if index < len(entries):
            return text[: near.start] + element + joint + text[near.start :]
        return text[: near.end] + joint + element + text[near.end :]
    at = _list_starts(plain)[-1] + 1
    return text[:at] + element + text[at:]


# ------------------------------------------------------------------------------------------------ reading


def _plain(text: str, source: str) -> str:
    """The same text with comments, trailing commas and OpenCode's substitutions neutral: valid JSON, or blank."""
    plain = _SUBSTITUTED.sub(lambda found: "1" * len(found[0]), text)
    plain = without_comments(" " + plain[1:] if plain.startswith("\ufeff") else plain)
    if not plain.strip():
        return ""
    try:
        document = json.loads(plain)
    except json.JSONDecodeError as error:
        raise _broken(source, text, error.pos, f"{error.msg}.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or thousands of brackets
        raise _broken(source, text, 0, "it cannot be read.") from error
    if not isinstance(document, dict):
        raise _broken(source, text, 0, "it holds no object.")
    return plain


def _broken(source: str, text: str, offset: int, why: str) -> InputError:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return InputError(
        "OPENCODE_CONFIG_BROKEN", f"{source}:{line}:{column}: {why}", "mend it and ask again; nothing was changed"
    )


def _value(plain: str, at: int) -> tuple[Any, int, int]:
    """The value that starts at or after `at`, with its span."""
    start = _skip(plain, at)
    value, end = _DECODER.raw_decode(plain, start)
    return value, start, end


def _skip(plain: str, at: int) -> int:
    found = _SPACE.match(plain, at)
    return found.end() if found else at


def _members(plain: str, at: int) -> Iterator[tuple[str, Any, int]]:
    """Key, value and the value's start, for the object that opens at `at`."""
    at = _skip(plain, at + 1)
    while plain[at] != "}":
        key, _, end = _value(plain, at)
        value, start, end = _value(plain, _skip(plain, end) + 1)
        yield key, value, start
        at = _skip(plain, end)
        if plain[at] == ",":
            at = _skip(plain, at + 1)


def _list_starts(plain: str) -> list[int]:
    members = _members(plain, _skip(plain, 0)) if plain else iter(())
    return [start for key, value, start in members if key == "plugin" and isinstance(value, list)]


def _lists(plain: str) -> list[list[Entry]]:
    return [list(_elements(plain, start)) for start in _list_starts(plain)]


def _elements(plain: str, at: int) -> Iterator[Entry]:
    at, index = _skip(plain, at + 1), 0
    while plain[at] != "]":
        value, start, end = _value(plain, at)
        spec = value[0] if isinstance(value, list) and value else value
        yield Entry(spec if isinstance(spec, str) else "", index, start, end)
        at, index = _skip(plain, end), index + 1
        if plain[at] == ",":
            at = _skip(plain, at + 1)


# ------------------------------------------------------------------------------------------------ cutting


def _ranges(text: str, entries: list[Entry], out: list[Entry]) -> list[tuple[int, int]]:
    """What to cut for `out`: each element with its comma, and the comma before them when they end the list."""
    ranges: list[tuple[int, int]] = []
    for entry in out:
        comma = _comma(text, entry.end)
        joined = comma == entry.end
        ranges.append(_widened(text, entry.start, entry.end + 1 if joined else entry.end))
        if comma is not None and not joined:
            ranges.append((comma, comma + 1))
    kept = [entry for entry in entries if entry not in out]
    if out and kept and kept[-1].index < entries[-1].index and _comma(text, entries[-1].end) is None:
        comma = _comma(text, kept[-1].end)
        ranges += [] if comma is None else [(comma, comma + 1)]
    return ranges


def _comma(text: str, at: int) -> int | None:
    gap = _GAP.match(text, at)
    place = gap.end() if gap else at
    return place if text[place : place + 1] == "," else None


def _widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The element with the blanks that belonged to it: its whole line when nothing else is there."""
    line_start = text.rfind("\n", 0, start) + 1
    alone = not text[line_start:start].strip(" \t")
    line_end = _LINE_END.match(text, end)
    if alone and line_end:
        return line_start, line_end.end()
    blanks = _BLANKS.match(text, end)
    after = blanks.end() if blanks else end
    if text[after : after + 1] not in ("]", "\r", "\n", ","):
        return start, after
    while not alone and text[start - 1] in " \t":
        start -= 1
    return start, end


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
