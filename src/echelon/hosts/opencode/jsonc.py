"""The `plugin` list of an OpenCode configuration: entries taken out and put back, every other byte left alone.

JSON with comments and trailing commas, as OpenCode reads it (core/jsonc.py); editing is by spans.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from echelon.core import jsonc
from echelon.errors import InputError

CONTEXTS = (32, 16, 8)  # characters on each side by which a cut's place is found again in a text that changed
_GAP = re.compile(r"(?:\s|//[^\n]*+|(?>/\*.*?\*/))*+", re.DOTALL)
_LINE_END = re.compile(r"[ \t]*(?:\r?\n)")
_BLANKS = re.compile(r"[ \t]*")
# OpenCode replaces {env:NAME} and {file:path} before it parses, also outside of strings.
_SUBSTITUTED = re.compile(r"\{(?:env|file):[^}\n]*\}")


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
    return [entry for plugins in _lists(_root(text, source)) for entry in _entries(plugins)]


def remove_entries(text: str, source: str, wanted: Callable[[str], bool]) -> Removal:
    """Take the entries out whose spec is `wanted`: comments stay, a line that held nothing else goes."""
    cuts: list[tuple[int, int]] = []
    removed: list[tuple[int, str]] = []
    for plugins in _lists(_root(text, source)):
        entries = _entries(plugins)
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
    root = _root(text, source)
    lists = _lists(root)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if root is None:
        return f'{text}{{"plugin": [{element}]}}{line_end}'
    if not lists:
        more = "," if root.members else line_end
        at = root.start + 1
        return f'{text[:at]}{line_end}  "plugin": [{element}]{more}{text[at:]}'
    entries = _entries(lists[-1])
    if entries:
        near = entries[min(index, len(entries) - 1)]
        lead = text[text.rfind("\n", 0, near.start) + 1 : near.start]
        joint = ", " if lead.strip() else f",{line_end}{lead}"
        if index < len(entries):
            return text[: near.start] + element + joint + text[near.start :]
        return text[: near.end] + joint + element + text[near.end :]
    at = lists[-1].start + 1
    return text[:at] + element + text[at:]


# ------------------------------------------------------------------------------------------------ reading


def _root(text: str, source: str) -> jsonc.Node | None:
    """The configuration with OpenCode's substitutions neutral; None for a file that holds nothing."""
    try:
        root = jsonc.read(_SUBSTITUTED.sub(lambda found: "1" * len(found[0]), text))
    except jsonc.BrokenTextError as error:
        raise _broken(source, text, error.offset, f"{error.message}.") from error
    if root is not None and root.kind != "object":
        raise _broken(source, text, root.start, "it holds no object.")
    return root


def _broken(source: str, text: str, offset: int, why: str) -> InputError:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return InputError(
        "OPENCODE_CONFIG_BROKEN", f"{source}:{line}:{column}: {why}", "mend it and ask again; nothing was changed"
    )


def _lists(root: jsonc.Node | None) -> list[jsonc.Node]:
    """The top-level `plugin` lists: two, when a file says it twice."""
    members = root.members if root else ()
    return [member.node for member in members if member.key == "plugin" and member.node.kind == "list"]


def _entries(plugins: jsonc.Node) -> list[Entry]:
    return [Entry(_spec(element), index, element.start, element.end) for index, element in enumerate(plugins.elements)]


def _spec(element: jsonc.Node) -> str:
    spec = element.elements[0].scalar if element.elements else element.scalar
    return spec if isinstance(spec, str) else ""


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
