"""How many lines of its input a program passes on, as far as its arguments say so plainly.

Read are the forms in which agents print a part of a file: `head -n 40`, `sed -n '10,20p'`, `awk 'NR>=10 && NR<=20'`.
A search is no reading of a file; what is not understood is none either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

CHARS_PER_LINE = 80  # what `head -c` is converted with
CONTEXT_MAX = 50  # lines around a match; more of them is reading, and no search
_TEN = 10  # lines that head and tail give when nobody says how many

_PRINTERS = frozenset({
    "cat", "tac", "nl", "less", "more", "most", "pg", "bat", "batcat", "glow", "mdcat", "sort", "uniq", "fold", "fmt", "column",
    "rev", "expand", "unexpand", "pr", "strings", "paste", "cut", "iconv", "tee", "xxd", "hexdump", "od", "base64",
})  # fmt: skip
_AWKS = frozenset({"awk", "gawk", "mawk", "nawk"})
_GREPS = frozenset({"grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack"})
_EVERY_LINE = frozenset({"", ".", ".*", "^", "$", "^.*", ".*$", "^.*$", "(.*)", "\\n"})
_LISTING = re.compile(r"-[a-zA-Z]*[clLq][a-zA-Z]*|--(?:count|files.*|quiet|silent)")
_SED_STEP = re.compile(r"\s*(\d+|\$)(?:,(\d+|\$|\+\d+))?\s*\{?\s*([pqd])\s*\}?\s*")
_NUMBER_OF_RECORD = re.compile(r"\bF?NR\s*(>=|<=|==|>|<)\s*(\d+)")
_BOUND = re.compile(r"\+?(\d+):(\d*)|:(\d+)")


@dataclass(frozen=True, slots=True)
class Span:
    """`count` lines from line `first` on; None: to the end."""

    first: int = 1
    count: int | None = None

    def of(self, inner: Span) -> Span:
        """This span of what `inner` passes on."""
        left = None if inner.count is None else max(0, inner.count - self.first + 1)
        counts = [number for number in (left, self.count) if number is not None]
        return Span(inner.first + self.first - 1, min(counts) if counts else None)


WHOLE = Span()


def passed(program: str, texts: list[str]) -> Span | None:
    """What a program gives of each of its inputs; None for a search, and for what is not understood."""
    if program in ("bat", "batcat"):
        return _between(texts)
    if program in _PRINTERS:
        return WHOLE
    if program == "head":
        return _head(texts)
    if program == "tail":
        return _tail(texts)
    if program in ("sed", "gsed"):
        return _sed(texts)
    if program in _AWKS:
        return _awk(texts)
    return _grep(texts) if program in _GREPS else None


def _between(texts: list[str]) -> Span:
    """bat's `-r 10:20`."""
    given = _value(texts, ("-r", "--line-range"))
    found = _BOUND.fullmatch(given)
    if not found:
        return WHOLE
    first, last = int(found[1] or 1), found[2] or found[3]
    return Span(first, max(0, int(last) - first + 1) if last else None)


def _head(texts: list[str]) -> Span:
    if characters := _value(texts, ("-c", "--bytes")):
        size = re.fullmatch(r"(\d+)([kKmM]?)\w*", characters)
        scale = {"": 1, "k": 1_000, "m": 1_000_000}[size[2].lower()] if size else 1
        return Span(1, int(size[1]) * scale // CHARS_PER_LINE + 1) if size else WHOLE
    number = _value(texts, ("-n", "--lines")) or _glued(texts)
    return Span(1, int(number) if number.isdigit() else _TEN if not number else None)


def _tail(texts: list[str]) -> Span:
    number = _value(texts, ("-n", "--lines")) or _glued(texts) or next((row for row in texts if row[:1] == "+"), "")
    if number.startswith("+") and number[1:].isdigit():
        return Span(max(1, int(number[1:])))
    if characters := _value(texts, ("-c", "--bytes")):
        return Span(1, int(characters) // CHARS_PER_LINE + 1) if characters.isdigit() else WHOLE
    number = number.removeprefix("-")
    return Span(1, int(number) if number.isdigit() else _TEN)


def _value(texts: list[str], names: tuple[str, str]) -> str:
    """What an option is given: `-n 5`, `-n5`, `--lines=5`, `--lines 5`."""
    short, long = names
    for text, after in pairwise((*texts, "")):
        if text in names:
            return after
        if text.startswith(f"{long}="):
            return text.partition("=")[2]
        if text.startswith(short) and not text.startswith("--"):
            return text[len(short) :]
    return ""


def _glued(texts: list[str]) -> str:
    """`-40`, the old form."""
    return next((text[1:] for text in texts if re.fullmatch(r"-\d+", text)), "")


def _sed(texts: list[str]) -> Span | None:
    options = [text for text in texts if re.fullmatch(r"-[a-zA-Z]+(?:\..*)?|--[a-z-]+(?:=.*)?", text)]
    if any(text.startswith(("-i", "--in-place")) or re.fullmatch(r"-[nErsuz]+i.*", text) for text in options):
        return None  # it writes
    quiet = any(text in ("--quiet", "--silent") or (text[1:2] != "-" and "n" in text) for text in options)
    given = [after for text, after in pairwise(texts) if re.fullmatch(r"-[a-zA-Z]*e|--expression", text)]
    given += [text.partition("=")[2] for text in texts if text.startswith("--expression=")]
    script = "\n".join(given) or next((text for text in texts if not text.startswith("-")), "")
    steps = [row for row in re.split(r"[;\n]", script) if row.strip(" {}")]
    found = [_SED_STEP.fullmatch(row) for row in steps]
    read = [(row[1], row[2] or "", row[3]) for row in found if row]
    if quiet:
        return _sed_quiet(steps, read)
    if len(read) == len(steps) == 1:
        return _sed_loud(*read[0])
    return next((Span(1, int(row[0])) for row in read if row[2] == "q" and row[0] != "$"), WHOLE)


def _sed_quiet(steps: list[str], read: list[tuple[str, str, str]]) -> Span | None:
    """With `-n`: the ranges that are printed; `p` alone prints all, and a step with an expression is a search."""
    if any(row.strip(" {}") == "p" for row in steps):
        return WHOLE
    if len(read) < len(steps):
        return None
    printed = [(start, end) for start, end, letter in read if letter == "p"]
    total: int | None = 0
    for start, end in printed:
        number = _sed_lines(start, end)
        total = None if number is None or total is None else total + number
    first = [int(start) for start, _ in printed if start != "$"]
    return Span(max(1, min(first)) if first else 1, total)


def _sed_lines(start: str, end: str) -> int | None:
    if not end:
        return 1
    if end == "$":
        return None
    if end.startswith("+"):
        return int(end) + 1
    return 1 if start == "$" else max(1, int(end) - int(start) + 1)


def _sed_loud(start: str, end: str, letter: str) -> Span:
    if letter == "q":
        return Span(1, None if start == "$" else int(start))
    if letter == "d" and end == "$" and start != "$":
        return Span(1, int(start) - 1)
    if letter == "d" and start == "1" and end.isdigit():
        return Span(int(end) + 1)
    return WHOLE


def _awk(texts: list[str]) -> Span | None:
    code = _script(texts, ("-v", "-F", "-f"))
    bounds = [(sign, int(number)) for sign, number in _NUMBER_OF_RECORD.findall(code)]
    if not bounds:
        plain = re.fullmatch(r"\s*[1-9]\s*;?\s*", code) or re.match(r"\s*\{[^}]*\bprint", code)
        return WHOLE if plain else None
    if re.search(r"/[^/]+/|~", code):
        return None  # a search
    if re.search(r"\bexit\b", code):
        return Span(1, max(1, min(number for _, number in bounds)))
    least = [number + (sign == ">") for sign, number in bounds if sign in (">", ">=")]
    most = [number - (sign == "<") for sign, number in bounds if sign in ("<", "<=")]
    equal = [number for sign, number in bounds if sign == "=="]
    if equal:
        between = len(equal) == 2 and re.search(r"==\s*\d+\s*,", code)
        return Span(equal[0], equal[1] - equal[0] + 1) if between else Span(equal[0], len(equal))
    first = max(1, *least) if least else 1
    return Span(first, max(0, min(most) - first + 1) if most else None)


def _grep(texts: list[str]) -> Span | None:
    if any(_LISTING.fullmatch(text) for text in texts):
        return None
    given = [after for text, after in pairwise(texts) if re.fullmatch(r"-[a-zA-Z]*e|--regexp", text)]
    pattern = given[0] if given else _script(texts, ("-A", "-B", "-C", "-m", "-g", "-t"))
    inverted = any(re.fullmatch(r"-[a-zA-Z]*v[a-zA-Z]*|--invert-match", text) for text in texts)
    around = [
        _value(texts, names) for names in (("-A", "--after-context"), ("-B", "--before-context"), ("-C", "--context"))
    ]
    wide = max((int(number) for number in (*around, _glued(texts)) if number.isdigit()), default=0)
    if pattern not in _EVERY_LINE and not inverted and wide <= CONTEXT_MAX:
        return None
    most = _value(texts, ("-m", "--max-count"))
    return Span(1, int(most) * (2 * wide + 1) if most.isdigit() else None)


def _script(texts: list[str], valued: tuple[str, ...]) -> str:
    """The first argument that is no option and no option's value."""
    before = ""
    for text in texts:
        if (not text.startswith("-") or text == "-") and before not in valued:
            return text
        before = text
    return ""
