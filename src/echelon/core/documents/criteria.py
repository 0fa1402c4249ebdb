"""Acceptance criteria and the checks they carry: one bullet, one criterion, nothing between two of them lost.

A criterion is the bullet with all its wrapped lines and nested bullets. A check stands at the end of it:
`— check: `command`` (French `preuve`), or `guard:` (`garde`) for what is already green and must stay so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from echelon.core.documents import grammar, lines
from echelon.core.documents.findings import Finding
from echelon.core.documents.grammar import Language

CheckKind = Literal["check", "guard"]
COMMAND_LENGTH_MAX = 2_000

_WORDS = "|".join(grammar.CHECK_WORDS)
_CHECK = re.compile(rf"[{grammar.DASHES}][ \t\u00a0]*({_WORDS})[ \u00a0]*:[ \t\u00a0]*(`+)", re.IGNORECASE)
_BEFORE = grammar.DASHES + " \t\r\n\u00a0"
# A dash before the word, or a backquote behind it, says that a check was meant; "health check: answers 200" is prose.
_CHECK_ALMOST = re.compile(
    rf"[{grammar.DASHES}][ \t\u00a0]*({_WORDS})[ \u00a0]*:\s*\S|(?:^|\s)({_WORDS})[ \u00a0]*:[ \t\u00a0]*`",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Check:
    """A command that decides. `check` must be red on the base, `guard` green; both green on the candidate."""

    kind: CheckKind
    command: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """`text` is one line without the check; `source` is the bullet verbatim, all its lines."""

    text: str
    check: Check | None
    ticked: bool
    source: str
    offset: int


def read(text: str, start: int, end: int, owner: str = "") -> tuple[tuple[Criterion, ...], tuple[Finding, ...]]:
    """The criteria of the entry that stands at `text[start:end]`."""
    scanned = lines.split(text, start, end)
    for at, line in enumerate(scanned[1:], 1):
        found = None if line.opaque else lines.labelled(line.text)
        if found and grammar.FIELD_KEYS.get(grammar.fold(found.label)) == "criteria":
            return _collect(scanned, at, found, owner)
    return (), ()


def _collect(
    scanned: list[lines.Line], at: int, label: lines.Labelled, owner: str
) -> tuple[tuple[Criterion, ...], tuple[Finding, ...]]:
    findings: list[Finding] = []
    blocks: list[list[lines.Line]] = []
    first_indent = -1
    for line in _without_comments(scanned[at + 1 :]):
        if not line.text.strip(" \t\u00a0"):
            continue
        indent = lines.indent_of(line.text)
        bullet = None if line.opaque else lines.BULLET.match(line.text)
        boxed = bool(bullet and lines.BOX.match(bullet[4]))
        if lines.heading(line) or (indent <= label.indent and not line.opaque and not (boxed and bullet)):
            break
        if bullet and (first_indent < 0 or indent <= first_indent):
            first_indent = indent if first_indent < 0 else first_indent
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
        else:
            message = "text before the first criterion bullet is not a criterion"
            findings.append(Finding("CRITERION_NO_BULLET", "warning", line.start, message, owner))
    found = [_criterion(block, owner, findings) for block in blocks]
    if label.value:
        found.insert(0, _from_text(label.value, label.value, scanned[at].start, False, owner, findings))
    return tuple(found), tuple(findings)


def _without_comments(scanned: list[lines.Line]) -> list[lines.Line]:
    """Comments between or inside criteria say nothing."""
    kept: list[lines.Line] = []
    inside = False
    for line in scanned:
        inside = inside or (line.opaque and line.text.lstrip().startswith("<!--"))
        if not inside:
            kept.append(line)
        inside = inside and "-->" not in line.text
    return kept


def _criterion(block: list[lines.Line], owner: str, findings: list[Finding]) -> Criterion:
    bullet = lines.BULLET.match(block[0].text)
    content = bullet[4] if bullet else block[0].text
    box = lines.BOX.match(content)
    ticked = bool(box and box[1] in "xX")
    parts = [content[box.end() :] if box else content, *(line.text.strip() for line in block[1:])]
    source = "\n".join(line.text for line in block)
    return _from_text(" ".join(part.strip() for part in parts), source, block[0].start, ticked, owner, findings)


def _from_text(joined: str, source: str, offset: int, ticked: bool, owner: str, findings: list[Finding]) -> Criterion:
    text, check, problem = split_check(joined)
    if problem:
        findings.append(Finding("CHECK_MALFORMED", "error", offset, problem, owner))
    if not text:
        findings.append(Finding("CRITERION_EMPTY", "error", offset, "a criterion without text", owner))
    return Criterion(text, check, ticked, source, offset)


def split_check(text: str) -> tuple[str, Check | None, str]:
    """Part a criterion into its words and its check; the third value says what is wrong, "" when nothing is."""
    body = text.rstrip().removesuffix(".").rstrip()
    closing = len(body) - len(body.rstrip("`"))
    for found in _CHECK.finditer(body) if closing else ():
        ticks = min(len(found[2]), closing)
        command = body[found.start(2) + ticks : len(body) - ticks].strip()
        words = text[: found.start()].rstrip(_BEFORE).lstrip()
        if not command or len(command) > COMMAND_LENGTH_MAX or "\x00" in command:
            return words, None, f"the command of a check has 1 to {COMMAND_LENGTH_MAX} characters"
        if ticks in (len(run) for run in re.findall(r"`+", command)):
            return words, None, "more than one command in backquotes: a criterion carries one check"
        kind = grammar.CHECK_WORDS[found[1].casefold()]
        return words, Check("guard" if kind == "guard" else "check", command), ""
    almost = _CHECK_ALMOST.search(text)
    if almost:
        word = almost[1] or almost[2]
        return text.strip(), None, f'"{word}:" has no command in backquotes at the end: write — {word}: `command`'
    return text.strip(), None, ""


def render_check(check: Check | None, language: Language) -> str:
    """` — check: `command``, with enough backquotes; "" for None."""
    if check is None:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", check.command)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if check.command[:1] == "`" or check.command[-1:] == "`" else ""
    label = grammar.CHECK_LABELS[check.kind].text(language)
    return f" — {label}{grammar.colon(language)} {ticks}{pad}{check.command}{pad}{ticks}"
