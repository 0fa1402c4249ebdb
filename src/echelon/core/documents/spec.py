"""spec.md: free prose with known headings. Only its digest and the definition of done decide anything."""

from __future__ import annotations

from dataclasses import dataclass

from echelon.core.documents import grammar, lines
from echelon.core.documents.criteria import Check, split_check
from echelon.core.documents.findings import Finding


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what follows it, to the next heading of its level or above. `key` is "" when not a known one."""

    level: int
    title: str
    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spec:
    text: str
    sections: tuple[Section, ...]
    done: tuple[tuple[str, Check | None], ...]  # the definition of done: words, check
    findings: tuple[Finding, ...]

    def section(self, key: str) -> str:
        """The text under a known heading, "" when it is not there."""
        for section in self.sections:
            if section.key == key:
                body = self.text[section.start : section.end]
                return body.partition("\n")[2].strip()
        return ""


def parse(text: str) -> Spec:
    """Total: any text gives a Spec."""
    scanned = lines.split(text)
    sections = _sections(scanned, len(text))
    findings: list[Finding] = []
    done = tuple(_done(text, sections, findings))
    return Spec(text, sections, done, tuple(findings))


def _sections(scanned: list[lines.Line], length: int) -> tuple[Section, ...]:
    heads = [(line.start, *title) for line in scanned if (title := lines.heading(line))]
    found: list[Section] = []
    for at, (start, level, title) in enumerate(heads):
        end = next((other[0] for other in heads[at + 1 :] if other[1] <= level), length)
        found.append(Section(level, title, _key(title), start, end))
    return tuple(found)


def _key(title: str) -> str:
    folded = grammar.fold(title)
    if folded in grammar.HEADING_KEYS:
        return grammar.HEADING_KEYS[folded]
    # the canonical French heading carries the English words in brackets; people leave them out or change them
    return grammar.HEADING_KEYS.get(folded.partition("(")[0].strip(), "")


def _done(text: str, sections: tuple[Section, ...], findings: list[Finding]) -> list[tuple[str, Check | None]]:
    section = next((section for section in sections if section.key == "done"), None)
    if section is None:
        return []
    found: list[tuple[str, Check | None]] = []
    for line in lines.split(text, section.start, section.end)[1:]:
        bullet = None if line.opaque else lines.BULLET.match(line.text)
        if not bullet:
            continue
        box = lines.BOX.match(bullet[4])
        words, check, problem = split_check(bullet[4][box.end() :] if box else bullet[4])
        if problem:
            findings.append(Finding("CHECK_MALFORMED", "error", line.start, problem, "spec"))
        found.append((words, check))
    return found
