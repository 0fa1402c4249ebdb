"""JavaScript and TypeScript test files, read: their tests, and what is suspicious in them. What each mark stands for:

- `focused`: `it.only`, `fdescribe`: all other tests of the file are left out;
- `new_skip`: `it.skip`, `xit`, `it.todo`, `it.failing`, `this.skip()`;
- `tautology`: `expect(true).toBe(true)`, `expect(x).toBe(x)`, `… || true`;
- `swallowed`: a `catch` that forgets, a return or `process.exit()` before the assertions, `if (false)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from echelon.core.weakening.assertions import Source, functions_of, helpers_of
from echelon.core.weakening.model import TEXT_CHARACTERS, Scan, Test, testish
from echelon.core.weakening.tokens import words_of

GROUPS = 16
TITLE_CHARACTERS = 200

_JAVASCRIPT = re.compile(r"\.[cm]?[jt]sx?$")
_GROUPS = frozenset({"describe", "context", "suite", "fdescribe", "ddescribe", "xdescribe", "fcontext", "xcontext"})
_TESTS = frozenset({"it", "test", "specify", "fit", "iit", "ftest", "xit", "xtest", "xspecify"})
_SKIPS = frozenset({"skip", "todo", "failing", "fails", "fixme", "skipIf", "runIf"})
_FOCUSED = frozenset({"fit", "iit", "ftest", "fdescribe", "ddescribe", "fcontext"})
_CASES = frozenset({"each", "for"})
_TELLS = frozenset({"throw", "fail", "done", "reject", "assert", "expect"})


def scan_javascript(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, Scan], dict[str, Scan]]:
    """The files of both sides that hold tests, by path; other JavaScript files as empty scans."""
    sides = _read(old), _read(new)
    for path in sides[0].keys() & sides[1].keys():
        if words_of(sides[0][path].tokens) == words_of(sides[1][path].tokens):
            del sides[0][path], sides[1][path]
    return _scan(sides[0], old), _scan(sides[1], new)


def _read(files: Mapping[str, str]) -> dict[str, Source]:
    chosen = {path: text for path, text in files.items() if _JAVASCRIPT.search(path) and len(text) <= TEXT_CHARACTERS}
    return {path: Source(text) for path, text in chosen.items() if testish(path) or "expect" in text}


def _scan(sources: Mapping[str, Source], files: Mapping[str, str]) -> dict[str, Scan]:
    helpers = helpers_of(sources)
    scans = {path: Scan() for path in files if _JAVASCRIPT.search(path)}
    for path, source in sources.items():
        source.know(helpers)
        scans[path] = _File(path, source).scan()
    return scans


@dataclass(slots=True)
class _File:
    path: str
    source: Source
    out: Scan = field(default_factory=Scan)

    def scan(self) -> Scan:
        groups: list[tuple[int, str]] = []
        inside = -1
        for index, token in enumerate(self.source.tokens):
            while groups and groups[-1][0] < index:
                groups.pop()
            known = token.text in _GROUPS or token.text in _TESTS
            if index <= inside or not known or self.source.at(index - 1) in (".", "function"):
                continue
            found = self._call(index, " > ".join(title for _, title in groups[-GROUPS:]))
            if found and token.text in _GROUPS:
                groups.append((found[0], found[1][:TITLE_CHARACTERS]))
            elif found:
                inside = found[0]
        for name, (start, end) in functions_of(self.source).items():
            if name in self.source.helpers:
                self._suspects(start, end, name)
        return self.out

    def _call(self, index: int, owner: str) -> tuple[int, str] | None:
        """Read `it.only.each([...])("title", ...)`; (index of its end, title), None when it is something else."""
        word = self.source.tokens[index]
        place, modifiers, cases = self._modifiers(index + 1)
        named = place + 1 < len(self.source.tokens) and self.source.tokens[place + 1].kind in ("text", "id")
        if self.source.at(place) != "(" or not named:
            return None
        title, end = self.source.at(place + 1).strip("'\"`"), self.source.ends[place]
        name = " > ".join(filter(None, [owner, title]))
        if modifiers & _SKIPS or word.text.startswith("x"):
            what = ".".join([word.text, *sorted(modifiers)])
            self.out.mark("new_skip", name, what, word.line)
        if "only" in modifiers or word.text in _FOCUSED:
            self.out.mark("focused", name, "all other tests of the file are left out", word.line)
        if word.text in _TESTS:
            self._suspects(place, end, name)
            count, strict, loose = self.source.asserted(place, end)
            self.out.tests[name] = Test(self.path, name, word.line, count, strict, loose, cases)
        return end, title

    def _modifiers(self, place: int) -> tuple[int, set[str], int | None]:
        """(index after `.only.each([...])`, the names, how many cases each one gives)."""
        names, cases = set[str](), cast("int | None", 1)
        while self.source.at(place) == "." and place + 1 < len(self.source.tokens):
            names.add(name := self.source.at(place + 1))
            place += 2
            table = self.source.at(place)
            if name in (*_CASES, "skipIf", "runIf") and table == "(":
                cases = self._elements(place + 1) if name in _CASES else cases
                place = self.source.ends[place] + 1
            elif name in _CASES and table.startswith("`"):
                cases = max(1, sum("${" in line for line in table.split("\n")))
                place += 1
        return place, names, cases

    def _elements(self, place: int) -> int | None:
        """The length of an array literal at `place`, None when something else stands there."""
        if self.source.at(place) != "[":
            return None
        count, index, end, pending = 0, place + 1, self.source.ends[place], False
        while index < end:
            comma = self.source.at(index) == ","
            count, pending = count + comma, not comma
            index = self.source.ends.get(index, index) + 1
        return count + pending

    def _suspects(self, start: int, end: int, owner: str) -> None:
        source = self.source
        for index in range(start, min(end, len(source.tokens))):
            kind, word, line = source.tokens[index]
            if kind != "id":
                continue
            after = source.at(index + 1)
            last, _ = source.assertion(index)
            if last > index and (why := source.always(index, last)):
                self.out.mark("tautology", owner, why, line)
            elif word == "try" and after == "{" and self._forgets(index + 1):
                self.out.mark("swallowed", owner, "a failing assertion is caught and forgotten", line)
            elif word == "process" and source.at(index + 2) in ("exit", "abort") and source.at(index + 3) == "(":
                self.out.mark("swallowed", owner, "process.exit() ends the run", line)
            elif word in ("skip", "fixme") and source.at(index - 1) == "." and after == "(":
                if source.at(index - 2) in ("this", "t", "test", "ctx", "context"):
                    self.out.mark("new_skip", owner, f"{source.at(index - 2)}.{word}()", line)
            elif word == "return" and after in (";", "}") and source.holds(index, end):
                self.out.mark("swallowed", owner, "returns before its assertions", line)
            elif source.never(index):
                self.out.mark("swallowed", owner, "assertions under a condition that is never true", line)

    def _forgets(self, block: int) -> bool:
        source = self.source
        catch = source.ends[block] + 1
        if source.at(catch) != "catch" or not source.holds(block, source.ends[block]):
            return False
        body = source.ends[catch + 1] + 1 if source.at(catch + 1) == "(" else catch + 1
        return not _TELLS & {token.text for token in source.tokens[body : source.ends.get(body, body)]}
