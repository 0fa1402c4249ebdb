"""Where two pieces of work would write the same files: declared as paths and globs, or learned from what they changed.

A forecast: it orders what starts, and forbids nothing. In doubt two patterns meet. Patterns are those of .gitignore
as far as people write them: `*` and `?` within a name, `[...]` as any letter, `**` over folders, a folder for all below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

PATTERNS_MAX = 50  # globs of one write set that are compared; those after them meet nothing
PATTERN_CHARACTERS_MAX = 400  # of one entry; a longer one is cut, and meets what its beginning meets
_WILD = frozenset("*?[")
_Parts = tuple[str, ...]


def overlapping(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    """The entries of `first` that may name a file which `second` names too, sorted, each once."""
    named = {_parts(one): one.strip() for one in first}
    mine, my_globs = _sorted_out(named)
    theirs, their_globs = _sorted_out(map(_parts, second))
    below = {one[:length] for one in theirs for length in range(1, len(one))}
    met = {one for one in mine if one in below or any(one[:end] in theirs for end in range(1, len(one) + 1))}
    met |= {one for one in mine - met if any(_meet(one, glob) for glob in their_globs)}
    met |= {one for one in my_globs if any(_meet(one, other) for other in (*theirs, *their_globs))}
    return tuple(sorted(named[one] for one in met))


def _sorted_out(entries: Iterable[_Parts]) -> tuple[set[_Parts], list[_Parts]]:
    """(plain paths, globs), the empty ones left out."""
    found = {one for one in entries if one}
    globs = {one for one in found if any(_WILD & set(part) for part in one)}
    return found - globs, sorted(globs)[:PATTERNS_MAX]


def prefer(eligible: Mapping[str, Sequence[str]], running: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The ids of `eligible` in order, those last whose write set meets one that is being written.

    Both are id -> write set; an empty one meets nothing. None is dropped: with nothing else ready, it may start.
    """
    writing = [path for paths in running.values() for path in paths]
    late = {name for name, paths in eligible.items() if paths and overlapping(paths, writing)}
    return (*(name for name in eligible if name not in late), *(name for name in eligible if name in late))


def _parts(entry: str) -> _Parts:
    text = entry.strip().replace("\\", "/")[:PATTERN_CHARACTERS_MAX]
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    return (*parts, "**") if parts and text.endswith("/") else parts


def _meet(first: _Parts, second: _Parts) -> bool:
    """Whether some path matches both, or lies in a folder that one of them names."""
    todo, seen = [(0, 0)], set[tuple[int, int]]()
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        at, to = place
        if at == len(first) or to == len(second):
            if _holds(first, second[to:]) if at == len(first) else _holds(second, first[at:]):
                return True
            continue
        mine, other = first[at], second[to]
        if "**" in (mine, other):
            todo += [(at + 1, to), (at, to + 1)]
        elif _names_meet(_letters(mine), _letters(other)):
            todo.append((at + 1, to + 1))
    return False


def _holds(whole: _Parts, rest: _Parts) -> bool:
    """Whether what is left of the other pattern can be below this one: a name with a dot is taken for a file."""
    return all(part == "**" for part in rest) or "." not in whole[-1][1:]


def _letters(name: str) -> tuple[str, ...]:
    """The letters of a name; `?` and `[...]` are "?", a run of stars is one."""
    found: list[str] = []
    rest = name
    while rest:
        letter, rest = rest[0], rest[1:]
        if letter == "[" and "]" in rest[1:]:
            letter, rest = "?", rest[rest.index("]", 1) + 1 :]
        if letter != "*" or found[-1:] != ["*"]:
            found.append(letter)
    return tuple(found)


def _names_meet(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether one name matches both, by the table of all pairs of rests."""
    row = [True, *(False for _ in second)]
    for place, letter in enumerate(second):
        row[place + 1] = row[place] and letter == "*"
    for mine in first:
        above, row = row, [row[0] and mine == "*"]
        for place, letter in enumerate(second):
            if mine == "*" or letter == "*":
                row.append(above[place + 1] or row[place])
            else:
                row.append(above[place] and (mine == letter or "?" in (mine, letter)))
    return row[-1]
