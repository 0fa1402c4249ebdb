"""The three settings of enterprise.md: capacity budget, strategy, parallelism. They stand before the first program.

A value that is not one of the format's is an error finding and has no effect (the peer reads `on hold` as on, and a
misspelt strategy as proportional: peer-levels.md §3.9, W6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from echelon.core.documents import grammar, lines
from echelon.core.documents.entries import EntriesDocument
from echelon.core.documents.findings import Finding
from echelon.core.documents.grammar import Strategy

BUDGET_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    budget: int = 1
    strategy: Strategy = "proportional"
    parallel: bool = False


def read(document: EntriesDocument) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings and what was odd about them. Total."""
    found: dict[str, lines.Labelled] = {}
    places: dict[str, int] = {}
    findings: list[Finding] = []
    for line in lines.split(document.text, 0, document.preamble_end):
        labelled = None if line.opaque else lines.labelled(line.text)
        key = grammar.CONFIGURATION_KEYS.get(grammar.fold(labelled.label)) if labelled else None
        if labelled is None or key is None:
            continue
        if key in found:
            findings.append(Finding("FIELD_DUPLICATE", "warning", line.start, f"{key} is said twice; the last counts"))
        found[key], places[key] = labelled, line.start
    budget = _budget(found.get("budget"), places, findings)
    strategy = _strategy(found.get("strategy"), places, findings)
    return Settings(budget, strategy, _parallel(found.get("parallelism"), places, findings)), tuple(findings)


def _budget(value: lines.Labelled | None, places: dict[str, int], findings: list[Finding]) -> int:
    if value is None:
        return 1
    number = re.match(r"(\d{1,9})(?![\w.,])", value.value)
    if number is None or not 1 <= int(number[1]) <= BUDGET_MAX:
        message = f'the capacity budget "{value.value[:40]}" is no whole number from 1; 1 is used'
        findings.append(Finding("BAD_SETTING", "error", places["budget"], message))
        return 1
    return int(number[1])


def _strategy(value: lines.Labelled | None, places: dict[str, int], findings: list[Finding]) -> Strategy:
    word = grammar.fold(value.value) if value else "proportional"
    for strategy in ("proportional", "equal", "priority-first"):
        if word.split(" ", 1)[0] == strategy:
            return strategy
    message = f'the strategy "{word[:40]}" is none of {", ".join(grammar.STRATEGIES)}; proportional is used'
    findings.append(Finding("BAD_SETTING", "error", places["strategy"], message))
    return "proportional"


def _parallel(value: lines.Labelled | None, places: dict[str, int], findings: list[Finding]) -> bool:
    word = grammar.fold(value.value) if value else "off"
    if word not in grammar.ON_WORDS | grammar.OFF_WORDS:
        message = f'parallelism "{word[:40]}" is neither on nor off; it stays off'
        findings.append(Finding("BAD_SETTING", "error", places["parallelism"], message))
    return word in grammar.ON_WORDS


def with_budget(document: EntriesDocument, budget: int) -> str:
    """The text of enterprise.md with another budget: the number changes, or a line comes below the title."""
    text = document.text
    for line in reversed(lines.split(text, 0, document.preamble_end)):
        labelled = None if line.opaque else lines.labelled(line.text)
        if labelled and grammar.CONFIGURATION_KEYS.get(grammar.fold(labelled.label)) == "budget":
            start = line.start + labelled.value_start
            return text[:start] + str(budget) + text[start + len(labelled.value) :]
    newline = lines.newline_of(text)
    after = next((line.end for line in lines.split(text, 0, document.preamble_end) if lines.heading(line)), 0)
    row = f"- {grammar.field('budget', document.language)} {budget}{newline}"
    return text[:after] + row + text[after:]
