"""What JavaScript and TypeScript tests assert, read off their tokens: chai, jest, node's assert, helpers by name or body."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from echelon.core.weakening.model import Count
from echelon.core.weakening.tokens import Token, ends_of, tokens_of

SHAPE_TOKENS = 200
TYPE_TOKENS = 20  # of a function's generics or result
HELPER_DEPTH = 2  # helpers that call helpers

_EXACT = re.compile(r"^(toBe|toEqual|toStrictEqual|toMatchObject|toHaveLength|toBeNull|toHaveBeenCalled.*|toThrow.*"
                    r"|toMatch.*Snapshot|equals?|eql|strictEqual|deep\w*|is)$")  # fmt: skip
_HELPER = re.compile(r"^(assert|check|verify|expect|ensure)[A-Z_]\w*$")
_SAME = re.compile(r"(?:expect \( (.+?) \) \. (?:to \. )?(?:be|equal|toBe|toEqual|toStrictEqual|eql) \( (.+) \)"
                   r"|assert \. \w*[eE]qual \( (.+?) , (.+?) \))$")  # fmt: skip
_STARTS = frozenset({";", "const", "let", "function", "describe", "it", "test", "export"})
_TRUE = re.compile(r"^(?:assert(?: \. ok)?|expect) \( (?:true|1|! false) [),]")
_SAYS_TRUE = re.compile(r"^assert|toBeTruthy|toBeDefined|to \. be \. (true|ok)")


@dataclass(slots=True)
class Source:
    """One file as tokens. `helpers` are functions of all changed files that hold assertions: name -> how many run."""

    text: str
    tokens: list[Token] = field(init=False)
    ends: dict[int, int] = field(init=False)
    helpers: Mapping[str, Count] = field(default_factory=dict[str, Count])
    found: dict[int, tuple[int, Count]] = field(default_factory=dict[int, tuple[int, Count]])  # see `assertion`
    asserting: list[int] = field(default_factory=list[int])  # indexes at which assertions begin

    def __post_init__(self) -> None:
        self.tokens = tokens_of(self.text)
        self.ends = ends_of(self.tokens)

    def at(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def know(self, helpers: Mapping[str, Count]) -> None:
        """Find all assertions; again when more is known about helpers."""
        self.helpers = helpers
        self.found = {
            index: read
            for index, token in enumerate(self.tokens)
            if token.kind == "id" and (read := self._read(index))[0] > index
        }
        self.asserting = list(self.found)

    def holds(self, start: int, end: int) -> bool:
        place = bisect.bisect_right(self.asserting, start)
        return place < len(self.asserting) and self.asserting[place] < end

    def never(self, index: int) -> bool:
        """`if (false)`."""
        if self.tokens[index].text != "if":
            return False
        return self.at(index + 1) == "(" and self.at(index + 2) in ("false", "0")

    def assertion(self, index: int) -> tuple[int, Count]:
        """(index of the last token of the assertion that begins here, what it counts); (index, _) if none begins."""
        return self.found.get(index, (index, Count()))

    def _read(self, index: int) -> tuple[int, Count]:
        word, after, before = self.at(index), self.at(index + 1), self.at(index - 1)
        if after not in ("(", ".") or before == "function":
            return index, Count()
        if before == ".":
            return (self.ends[index + 1], Count(1)) if word == "should" and after == "(" else (index, Count())
        if word == "expect" and after == "(":
            return self._expect(index)
        if word in ("assert", "t") and after == "." and self.at(index + 3) == "(":
            return self.ends[index + 3], Count(1, int(bool(_EXACT.match(self.at(index + 2)))))
        if after == "(" and (word in self.helpers or word in ("assert", "should") or _HELPER.match(word)):
            count = self.helpers.get(word, Count(1))
            return (self.ends[index + 1] if count.total else index), count
        return index, Count()

    def _expect(self, index: int) -> tuple[int, Count]:
        """`expect(x).not.toBe(y)`; without a matcher it asserts nothing."""
        place, names = self.ends[index + 1] + 1, list[str]()
        while self.at(place) == ".":
            names.append(self.at(place + 1))
            place += 2
            if self.at(place) == "(":
                place = self.ends[place] + 1
        exact = bool(names) and "not" not in names and bool(_EXACT.match(names[-1]))
        return (place - 1 if names else index), Count(1, int(exact))

    def asserted(self, start: int, end: int) -> tuple[Count, Counter[str], Counter[str]]:
        """What is between the two indexes: how many assertions, their shapes, and those without constants."""
        total, strict, loose = Count(), Counter[str](), Counter[str]()
        index = start
        while index < min(end, len(self.tokens)):
            if self.never(index):
                index = min(self.ends.get(self.ends[index + 1] + 1, index), len(self.tokens) - 1)
            last, count = self.assertion(index)
            if last > index:
                total = total.plus(count if self.always(index, last) is None else Count(count.total, 0))
                self._shapes(index, last, strict, loose)
            elif self.tokens[index].kind == "id" and len(self.at(index)) > 3 and self.at(index + 1) == "(":
                loose[f"calls {self.at(index)}"] += 1
            index += 1
        return total, strict, loose

    def _shapes(self, index: int, last: int, strict: Counter[str], loose: Counter[str]) -> None:
        """Names are left out but for those of members."""
        exactly, sort = list[str](), list[str]()
        for place, part in enumerate(self.tokens[index : min(last + 1, index + SHAPE_TOKENS)], index):
            word = part.text if part.kind != "id" or self.at(place - 1) == "." else "n"
            exactly.append(word)
            sort.append("c" if part.kind in ("text", "number") else word)
        strict["".join(exactly)] += 1
        loose["".join(sort)] += 1

    def always(self, index: int, last: int) -> str | None:
        """Why this assertion cannot fail, None when it can."""
        if last - index > SHAPE_TOKENS:
            return None
        words = [token.text for token in self.tokens[index : last + 1]]
        text = " ".join(words)
        same = _SAME.match(text)
        pair = [part for part in same.groups() if part] if same else []
        weak = "|| true )" in text or (_TRUE.match(text) and _SAYS_TRUE.search(text))
        if weak or (len(pair) == 2 and pair[0] == pair[1] and "(" not in pair[0]):
            return f"`{''.join(words)[:60]}` cannot fail"
        return None


def helpers_of(sources: Mapping[str, Source]) -> dict[str, Count]:
    """Functions by name with the assertions in them, of `function same(…) {…}` and `const same = (…) => {…}`."""
    bodies = {name: (source, *span) for source in sources.values() for name, span in functions_of(source).items()}
    known: dict[str, Count] = {}
    for _ in range(HELPER_DEPTH if bodies else 0):
        for source in sources.values():
            source.know(known)
        counts = {name: source.asserted(start, end)[0] for name, (source, start, end) in bodies.items()}
        # A function by another name that asserts nothing is no helper of tests.
        known = {name: count for name, count in counts.items() if count.total or _HELPER.match(name)}
    return known


def functions_of(source: Source) -> dict[str, tuple[int, int]]:
    """Name -> indexes between which its body stands."""
    found: dict[str, tuple[int, int]] = {}
    for index, token in enumerate(source.tokens):
        name = source.at(index + 1)
        if token.text == "function":
            start = _after_parameters(source, index + 2)
            body = _find(source, start, "{") if start else 0
        elif token.text == "const" and source.at(index + 2) == "=":
            start = _after_parameters(source, index + 3 + (source.at(index + 3) == "async"))
            body = _find(source, start, "=>") + 1 if start else 0
        else:
            continue
        if source.at(body) == "{":
            found[name] = body, source.ends[body]
        elif body > 1:
            found[name] = body, _line_end(source, body)
    return found


def _after_parameters(source: Source, start: int) -> int:
    """Past `(a, b)`, `<T>(a)` or `a`; 0 where none of them stands."""
    if source.at(start) == "<":
        start = _find(source, start, "(")
    if source.at(start) == "(":
        return source.ends[start] + 1
    return start + 1 if source.at(start + 1) == "=>" else 0


def _find(source: Source, start: int, wanted: str) -> int:
    """The first `wanted` at or soon after `start`: the type of a result may stand between. -1 if there is none."""
    return next((place for place in range(start, start + TYPE_TOKENS) if source.at(place) == wanted), -1)


def _line_end(source: Source, start: int) -> int:
    """The end of an expression: the next `;` or statement outside of its brackets."""
    index = start
    while index < len(source.tokens) and source.at(index) not in _STARTS:
        index = source.ends.get(index, index) + 1
    return index
