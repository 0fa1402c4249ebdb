"""What needs no second look: entries and criteria written as our own renderer writes them have no finding.

`doctor` reads every line with the scanner, which costs ten times the quick reader. Where one regular expression can say
that the scanner would find nothing, it is not asked (tests/property/test_documents.py holds both to the same answer).
"""

from __future__ import annotations

import re

from echelon.core.documents import entries, grammar
from echelon.core.documents.criteria import COMMAND_LENGTH_MAX
from echelon.core.documents.entries import CANONICAL, OPAQUE, EntriesDocument

# An indented bullet with a label may be a field in the wrong place; boxes are none.
_NESTED = re.compile(r"\n[ \t\u00a0\ufeff]+[-*+](?![ \t\u00a0]*\[)[^\n]*[:：]")
_WORD = "|".join(word for word in grammar.CHECK_WORDS if word.isascii())
_CRITERIA = re.compile(
    r"###[^\n]*\n(?:- (?:Priorité|Priority|Taille|Size|Statut|Status|Dépend de|Depends on|Description) ?:[^\n]*\n)*"
    r"- (?:Critères d'acceptation|Acceptance criteria) ?:\n"
    rf"(?:  - \[[ x]\] [^\s`:：—–-][^\n`:：—–-]*[^\s`:：—–.-] — (?:{_WORD}) ?: `[^\s`\x00][^\n`\x00\r]{{0,{COMMAND_LENGTH_MAX - 200}}}(?<! )`\n)+"
    r"(?:- (?:Notes techniques|Technical notes) ?:[^\n]*\n)?\n*(?:---\n+)?"
)


def thorough(document: EntriesDocument) -> EntriesDocument:
    """The document as the line scanner reads it, with all there is to say about it."""
    if _plain(document):
        return document
    return entries.parse(document.text, document.kind, quick=False)


def _plain(document: EntriesDocument) -> bool:
    text, match = document.text, CANONICAL[document.kind].match
    if document.findings or text.find("\ufeff", 1) >= 0 or OPAQUE.search(text) or _NESTED.search(text):
        return False
    return all((found := match(text, start)) is not None and found.end() == end for start, end in document.spans)


def plain_criteria(text: str, start: int, end: int) -> bool:
    """Whether every criterion of the entry at `text[start:end]` carries a check, one at least, and none is odd."""
    return _CRITERIA.fullmatch(text, start, end) is not None
