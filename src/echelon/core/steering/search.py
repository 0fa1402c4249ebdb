"""The steering search: the lines that answer a question, with their place, within a fixed size. Pure.

Ranking is by coverage: which of the question's words a passage knows, the rarer the more, and more where its heading
says them. What is shown is the best passages' blocks in the order of the file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from echelon.core.documents import entries, grammar
from echelon.core.documents.render import clean, one_line
from echelon.core.steering import words
from echelon.core.steering.outline import headings
from echelon.core.steering.passages import Block, Document, Passage, passages

# What one answer may cost: characters, where digits and what is outside of ASCII count twice, as they do about in tokens.
# On the fixture set the dearest answer is then some 450 tokens of o200k or cl100k (docs/STEERING.md).
COST_MAX = 1_400
PASSAGES_MAX = 8  # shown in one answer
POINTERS_MAX = 4  # further ones, named with their place
NEAR = 0.5  # of the best score: what is shown
FAINT = 0.35  # what is named
CLOSE = 0.6  # of a passage's best block: which of its blocks are shown
TITLE_CHARS_MAX = 80
LISTED_CHARS_MAX = 400  # of the headings of one file that a failed search lists
_OWN, _AROUND, _BODY, _PART = 2.0, 1.2, 1.0, 0.6
_IDENTIFIED = 4.0  # a heading that is the item which was asked for
_PART_LEAST = 4


@dataclass(frozen=True, slots=True)
class Found:
    """`places`: (path, first line, last line) of what is shown."""

    message: str
    places: tuple[tuple[str, int, int], ...] = ()


def find(documents: Sequence[Document], question: str, section: str = "") -> Found:
    """Never raises. `section`: only below headings that say this."""
    parts = [row for document in documents for row in passages(document)]
    if section.strip():
        parts = [row for row in parts if _within(row, words.asked(section))]
        if not parts:
            return _nothing(documents, f"No heading says {one_line(section, TITLE_CHARS_MAX)!r}")
    terms = words.asked(question)
    overview = _overview(documents) if "=progress" in terms and not any(map(words.identifier, terms)) else []
    ranked = (
        _ranked(parts, terms) if terms else [_Hit(part, 1.0, tuple(part.blocks)) for part in parts if section.strip()]
    )
    if overview:
        ranked = [hit for hit in ranked if hit.terms - {"=progress"}]
    if not ranked and not overview:
        return _nothing(documents, f"Nothing matches {one_line(question, TITLE_CHARS_MAX)!r}")
    return _Page(overview).filled(ranked)


# ------------------------------------------------------------------------------------------------------- ranking


@dataclass(slots=True)
class _Hit:
    """A passage that answers. `wanted` are its blocks in the order in which they should be shown, `also` if there is room."""

    passage: Passage
    score: float
    wanted: tuple[Block, ...]
    also: tuple[Block, ...] = ()
    terms: frozenset[str] = frozenset()
    shown: list[Block] = field(default_factory=list)


def _ranked(parts: Sequence[Passage], terms: Sequence[str]) -> list[_Hit]:
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


def _hit(part: Passage, forms: dict[str, dict[str, float]], rare: dict[str, float]) -> _Hit | None:
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
    return _Hit(part, score, *blocks, frozenset(known | heading))


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


# -------------------------------------------------------------------------------------------------------- showing


def cost(text: str) -> int:
    return len(text) + sum(not sign.isascii() or sign.isdigit() for sign in text)


class _Page:
    """An answer as it is filled: never above COST_MAX."""

    def __init__(self, overview: list[str]) -> None:
        self._overview = overview
        self._left = COST_MAX - sum(cost(row) + 1 for row in overview)
        self._cut: dict[int, tuple[str, ...]] = {}  # a block that was too long -> the rows of it that are shown

    def filled(self, ranked: list[_Hit]) -> Found:
        best = ranked[0].score if ranked else 0.0
        near = [hit for hit in ranked if hit.score >= NEAR * best][:PASSAGES_MAX]
        for hit in near:
            self._show(hit, hit.wanted)
        for hit in near[:1]:
            self._show(hit, hit.also)
        shown = [hit for hit in near if hit.shown]
        places: list[tuple[str, int, int]] = []
        body: list[str] = []
        for hit in shown:
            for group in _groups(hit.shown):
                last = group[-1].first + len(self._rows(group[-1])) - 1
                places.append((hit.passage.path, group[0].first, last))
                title = f" {_title(hit.passage)}" if group[0] is min(hit.shown, key=lambda block: block.first) else ""
                body.append(f"{_place(*places[-1])}{title}")
                body += [f"|{row}" for block in group for row in self._rows(block)]
        faint = [hit for hit in ranked if hit not in shown and hit.score >= FAINT * best]
        left = [
            hit
            for hit in shown
            if len(hit.shown) < len(hit.wanted) or any(id(block) in self._cut for block in hit.shown)
        ]
        return Found("\n".join((*self._overview, *body, *self._pointers(left, faint))), tuple(places))

    def _show(self, hit: _Hit, blocks: Sequence[Block]) -> None:
        """As many of the blocks as there is room for; the first one of an answer is cut rather than left out."""
        for block in blocks:
            rows_ = self._clean(block.rows)
            place = cost(f"{_place(hit.passage.path, block.first, block.last)}\n")
            head = place + (0 if hit.shown else cost(f" {_title(hit.passage)}"))
            beside = any(block.first == other.last + 1 or other.first == block.last + 1 for other in hit.shown)
            need = sum(cost(row) + 2 for row in rows_) + (0 if beside else head)
            if need > self._left:
                if hit.shown or self._left < COST_MAX // 2:
                    continue
                rows_ = _fitting(rows_, self._left - head)
                if not rows_:
                    continue
                need = sum(cost(row) + 2 for row in rows_) + head
                self._cut[id(block)] = rows_
            self._left -= need
            hit.shown.append(block)

    def _rows(self, block: Block) -> tuple[str, ...]:
        return self._cut.get(id(block)) or self._clean(block.rows)

    @staticmethod
    def _clean(rows_: Sequence[str]) -> tuple[str, ...]:
        return tuple(clean(row).rstrip() for row in rows_)

    def _pointers(self, left: Sequence[_Hit], faint: Sequence[_Hit]) -> Iterator[str]:
        """Where more is, in what is left of the room."""
        for hit in (*left, *faint)[:POINTERS_MAX]:
            passage = hit.passage
            row = f"more: {_place(passage.path, passage.first, passage.last)} {_title(passage)}"
            if cost(row) + 1 <= self._left:
                self._left -= cost(row) + 1
                yield row


def _fitting(rows_: Sequence[str], room: int) -> tuple[str, ...]:
    """The first rows that fit; of one that is too long by itself, its beginning."""
    kept: list[str] = []
    for row in rows_:
        if cost(row) + 2 > room:
            break
        room -= cost(row) + 2
        kept.append(row)
    if not kept and room > TITLE_CHARS_MAX:
        kept.append(rows_[0][: room // 2 - 2] + "…")
    return tuple(kept)


def _groups(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks in the order of the file, those that follow each other together."""
    found: list[list[Block]] = []
    for block in sorted(blocks, key=lambda block: block.first):
        if found and block.first == found[-1][-1].last + 1:
            found[-1].append(block)
        else:
            found.append([block])
    return found


def _place(path: str, first: int, last: int) -> str:
    return f"{path}:{first}-{last}" if last > first else f"{path}:{first}"


def _title(passage: Passage) -> str:
    return one_line(" > ".join(passage.titles), TITLE_CHARS_MAX)


# -------------------------------------------------------------------------------------------------- other answers


def _overview(documents: Sequence[Document]) -> list[str]:
    """How far each list of items, projects or programs is: counted, not searched."""
    found: list[str] = []
    for document in documents:
        name = document.path.rpartition("/")[2].removesuffix(".md")
        kind = next((kind for kind in ("backlog", "program", "enterprise") if kind == name), None)
        states = (
            Counter(entry.state for entry in entries.parse(document.text, kind).entries)
            if kind
            else Counter[grammar.State]()
        )
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
