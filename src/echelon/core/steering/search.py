"""The steering search: the lines that answer a question, with their place, within a fixed size. Pure.

Ranking is by coverage: which of the question's words a passage knows, the rarer the more, and more where its heading
says them. What is shown is the best passages' blocks in the order of the file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from echelon.core.documents import entries, grammar
from echelon.core.documents.render import one_line
from echelon.core.steering import words
from echelon.core.steering.outline import headings
from echelon.core.steering.page import PASSAGES_MAX, TITLE_CHARS_MAX, Found, Hit, page
from echelon.core.steering.passages import Block, Document, Passage, passages

CLOSE = 0.6  # of a passage's best block: which of its blocks are shown
LISTED_CHARS_MAX = 400  # of the headings of one file that a failed search lists
_OWN, _AROUND, _BODY, _PART = 2.0, 1.2, 1.0, 0.6
_IDENTIFIED = 4.0  # a heading that is the item which was asked for
_PART_LEAST = 4
_LISTS: tuple[entries.Kind, ...] = ("backlog", "program", "enterprise")


def find(documents: Sequence[Document], question: str, section: str = "") -> Found:
    """Never raises. `section`: only below headings that say this."""
    parts = [row for document in documents for row in passages(document)]
    if section.strip():
        parts = [row for row in parts if _within(row, words.asked(section))]
        if not parts:
            return _nothing(documents, f"No heading says {one_line(section, TITLE_CHARS_MAX)!r}")
    terms = words.asked(question)
    if not terms:
        whole = [Hit(part, 1.0, part.blocks) for part in parts] if section.strip() else []
        return page(whole) if whole else _nothing(documents, "No word to look for")
    overview = _overview(documents) if "=progress" in terms and not any(map(words.identifier, terms)) else []
    ranked = _ranked(parts, terms)
    if overview:  # every item has a status: they are counted, not listed
        ranked = [hit for hit in ranked if hit.terms - {"=progress"}]
    if not ranked and not overview:
        return _nothing(documents, f"Nothing matches {one_line(question, TITLE_CHARS_MAX)!r}")
    return page(ranked, overview)


# ------------------------------------------------------------------------------------------------------- ranking


def _ranked(parts: Sequence[Passage], terms: Sequence[str]) -> list[Hit]:
    seen: Counter[str] = Counter()
    for part in parts:
        seen.update(part.own | part.around | part.body)
    forms = {term: _forms(term, seen) for term in terms}
    rare = {
        term: math.log(1 + len(parts) / (1 + max((seen[form] for form in forms[term]), default=0))) for term in terms
    }
    hits = [hit for part in parts if (hit := _hit(part, forms, rare))]
    return sorted(hits, key=lambda hit: -hit.score)  # stable: equal ones stay in the order of the files


def _forms(term: str, vocabulary: Counter[str]) -> dict[str, float]:
    """Words that are the term, or begin alike: `refund` and `refunded`."""
    if term in vocabulary or term.startswith("=") or len(term) < _PART_LEAST:
        return {term: 1.0} if term in vocabulary else {}
    alike = (word for word in vocabulary if len(word) >= _PART_LEAST and not word.startswith("="))
    return {word: _PART for word in alike if word.startswith(term) or term.startswith(word)}


def _hit(part: Passage, forms: dict[str, dict[str, float]], rare: dict[str, float]) -> Hit | None:
    score, known, heading = 0.0, set[str](), set[str]()
    for term, words_ in forms.items():
        identified = bool(words.identifier(term)) and "=depends" not in forms  # who waits for it is asked then, too
        best = 0.0
        for word, share in words_.items():
            weight = _IDENTIFIED if identified else _OWN
            if word in part.own:
                best = max(best, share * weight)
                heading.add(term)
            elif word in part.around:
                best = max(best, share * _AROUND)
                heading.add(term)
            if word in part.body:
                best = max(best, share * _BODY)
                known.add(term)
        score += best * rare[term]
    if score == 0.0:
        return None
    blocks = _blocks(part, {term: set(words_) for term, words_ in forms.items()}, rare, heading)
    return Hit(part, score, *blocks, frozenset(known | heading))


def _blocks(
    part: Passage, forms: dict[str, set[str]], rare: dict[str, float], heading: set[str]
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """(wanted, also): what the heading does not say itself is looked for in its blocks; if nothing is, all are wanted."""
    newest = -1 if part.heading and part.heading.key == "journal" else 1
    scores = {
        block: sum(
            rare[term] for term, words_ in forms.items() if term not in heading and not words_.isdisjoint(block.words)
        )
        for block in part.blocks
    }
    least = CLOSE * max(scores.values(), default=0.0)
    matched = [block for block in part.blocks if scores[block] and scores[block] >= least]
    matched.sort(key=lambda block: (-scores[block], newest * block.first))
    if not heading:
        return tuple(matched), ()
    rest = [block for block in part.blocks if not scores[block]][::newest]
    if not matched:
        return tuple(rest), ()
    asked_for = any(
        term.startswith("=") for term in forms if term not in heading
    )  # a kind was found: that is the answer
    return tuple(matched), () if asked_for else tuple(rest)


def _within(part: Passage, terms: tuple[str, ...]) -> bool:
    """Below a heading that knows all of the words, by their beginnings."""
    titles = [words.said(row.title, row.key) for row in (*part.above, *((part.heading,) if part.heading else ()))]
    return bool(terms) and any(all(any(_alike(term, word) for word in title) for term in terms) for title in titles)


def _alike(term: str, word: str) -> bool:
    return term == word or (len(term) >= _PART_LEAST and term[0] != "=" and word.startswith(term))


# -------------------------------------------------------------------------------------------------- other answers


def _overview(documents: Sequence[Document]) -> list[str]:
    """How far each list of items, projects or programs is: counted, not searched."""
    found: list[str] = []
    for document in documents:
        kind = next((kind for kind in _LISTS if document.path.endswith(f"/{kind}.md")), None)
        listed = entries.parse(document.text, kind).entries if kind else ()
        states = Counter(entry.state for entry in listed)
        if states:
            counts = ", ".join(
                f"[{grammar.MARKER_OF[state]}] {states[state]}" for state in grammar.MARKER_OF if states[state]
            )
            found.append(f"{document.path}: {states.total()} entries: {counts}")
    return found[:PASSAGES_MAX]


def _nothing(documents: Sequence[Document], said: str) -> Found:
    """What was not found, and what there is instead."""
    listed = [f"{said} in the steering files. Their headings:"]
    for document in documents[:PASSAGES_MAX]:
        found = [head for head in headings(document.text) if head.level > 1 and head.key != "legend"]
        upper = [head for head in found if head.level == min(row.level for row in found)]
        listed.append(f"{document.path}: {one_line(' · '.join(head.title for head in upper), LISTED_CHARS_MAX)}")
    return Found("\n".join(listed))
