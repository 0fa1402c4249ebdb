"""A Draft to a Plan, or every gap in it at once: what both doors, a filled form and an agent's arguments, are held to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from echelon.core.config import Policy
from echelon.core.documents import grammar, lines
from echelon.core.documents.criteria import COMMAND_LENGTH_MAX, split_check
from echelon.core.documents.grammar import Language
from echelon.core.documents.graph import rings
from echelon.core.documents.render import LINE_MAX, clean, one_line
from echelon.core.planning import questions
from echelon.core.planning.model import TOLD, Draft, DraftItem, Gap, Plan, PlannedItem, Promise, Said
from echelon.core.planning.reading import unboxed
from echelon.core.planning.words import say

ITEMS_MAX = 1_000
CRITERIA_MAX = 100
OBJECTIVE_MAX = 4_000
CRITERION_MAX = LINE_MAX + COMMAND_LENGTH_MAX + 100  # with its check
_FORMS = sorted((questions.ATTEST.en, questions.ATTEST.fr, *questions.ATTEST.also), key=len, reverse=True)
_ATTEST_WORDS = "|".join(map(re.escape, _FORMS))
_ATTEST = re.compile(
    rf"[{grammar.DASHES}][ \t\u00a0]*(?:{_ATTEST_WORDS})[ \u00a0]*(?::[ \t\u00a0]*(.*))?", re.IGNORECASE
)
_PRIORITY = re.compile(r"[pP]?([1-4])(?:[ \t\u00a0]*\(.*\))?")
_BRACKETS = re.compile(r"[ \t\u00a0]*\(.*\)")
_QUOTED = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_LEFT = re.compile(r"(?<![\w<])<[^\W\d_][^<>]{0,120}(?<=\S)>(?![\w>])")
# A shell reads `<name>` as two redirections, so words in it were meant for a person.
_LEFT_IN_COMMAND = re.compile(r"<[^\W\d_][^<>]{0,120}(?<=\S)>(?=[\s'\"./]|$)")
_SPACES = re.compile(r"[^\S\n\t]")  # every kind of blank; in a command none but the plain one is meant
_DOTS = re.compile(r"[.…?\s]+|-+|_+|x{3,}", re.IGNORECASE)
_LATER = frozenset(
    map(
        grammar.fold,
        ("todo", "to do", "tbd", "tba", "tbc", "fixme", "à définir", "à compléter", "à faire", "à remplir"),
    )
)


def check(draft: Draft, policy: Policy) -> tuple[Plan | None, tuple[Gap, ...]]:
    """The plan, or None and every gap in the order of their places."""
    checker = _Checker(draft, policy)
    plan = checker.plan()
    gaps = tuple(sorted(dict.fromkeys((*draft.gaps, *checker.gaps)), key=lambda gap: gap.at))
    return (None if gaps else plan), gaps


def leftover(text: str, *, command: bool = False) -> str:
    """The placeholder that a text still holds, "" for none; what stands in backquotes is text."""
    bare = text if command else _QUOTED.sub("", text)
    found = (_LEFT_IN_COMMAND if command else _LEFT).search(bare)
    if found:
        return found[0]
    whole = text.strip()
    later = grammar.fold(whole).rstrip(" .:!") in _LATER
    return whole if whole and (later or _DOTS.fullmatch(whole)) else ""


def priority_of(text: str) -> int:
    """1 to 4, of `P2` or `2`, with a word in brackets behind it or not; 0 for anything else."""
    found = _PRIORITY.fullmatch(text.strip())
    return int(found[1]) if found else 0


def size_of(text: str) -> str:
    """One of the sizes, of its letter in any case or its word; "" for anything else."""
    word = _BRACKETS.sub("", text).strip()
    return grammar.SIZE_WORDS.get(grammar.fold(word)) or (word.upper() if word.upper() in grammar.SIZES else "")


class _Checker:
    def __init__(self, draft: Draft, policy: Policy) -> None:
        self.draft, self.language, self.policy = draft, draft.language, policy
        self.gaps: list[Gap] = []
        self.notes: list[str] = []
        self.outside: dict[str, int] = {}

    def plan(self) -> Plan:
        draft = self.draft
        lists = {row.key: self._list(row) for row in questions.QUESTIONS if row.kind == "bullets" and row.key != "done"}
        done = tuple(self._promise(said, self._heading("done")) for said in draft.lists.get("done", ()))
        name, objective = self._name(), self._objective()
        items = self._items()
        return Plan(
            draft.language,
            name,
            objective,
            lists["in_scope"],
            lists["out_of_scope"],
            items,
            lists["constraints"],
            lists["risks"],
            done,
            tuple(self.notes),
            self.outside,
        )

    def _gap(self, at: int, key: str, **fields: object) -> None:
        self.gaps.append(Gap(at, say(key, self.language, **fields)))

    def _heading(self, key: str) -> str:
        return questions.BY_KEY[key].heading.text(self.language)

    # ------------------------------------------------------------------------------------------------ the spec

    def _name(self) -> str:
        name = _title(self.draft.name.text)
        if not name:
            self._gap(self.draft.places.get("title", 0), "title")
        return self._line(Said(name, self.draft.name.at))

    def _objective(self) -> str:
        rows = [
            said._replace(text=one_line(said.text, OBJECTIVE_MAX + 1)) for said in self.draft.lists.get("objective", ())
        ]
        for said in rows:
            if left := leftover(said.text):
                self._gap(said.at, "placeholder", shown=left)
        text = "\n".join(said.text for said in rows if said.text)
        if not text:
            self._missing("objective")
        elif len(text) > OBJECTIVE_MAX:
            self._gap(rows[0].at, "too_long", most=OBJECTIVE_MAX)
        elif not re.search(r"\d", text):
            self.notes.append(say("objective_number", self.language))
        return text

    def _missing(self, key: str) -> None:
        """No answer at all. A heading that is there is empty, another is missing."""
        there = "section_empty" if key in self.draft.headed else "section_missing"
        self._gap(self.draft.places[key], there, shown=self._heading(key))

    def _list(self, question: questions.Question) -> tuple[str, ...]:
        rows = self.draft.lists.get(question.key, ())
        if question.required and not rows:
            self._missing(question.key)
        kept: list[str] = []
        for said in rows:
            kept.append(self._line(said))
            if not kept[-1]:
                self._gap(said.at, "section_empty", shown=self._heading(question.key))
        return tuple(kept)

    def _line(self, said: Said) -> str:
        """A text as one line; what is left to fill in, or would be cut, is a gap."""
        text = one_line(said.text, 10 * LINE_MAX)
        if len(text) > LINE_MAX:
            self._gap(said.at, "too_long", most=LINE_MAX)
        elif left := leftover(text):
            self._gap(said.at, "placeholder", shown=left)
        return text

    # ------------------------------------------------------------------------------------------------ the items

    def _items(self) -> tuple[PlannedItem, ...]:
        rows = self.draft.items
        if not rows and not any(gap.at >= self.draft.places["breakdown"] for gap in self.draft.gaps):
            self._gap(self.draft.places["breakdown"], "items_none")
        if len(rows) > ITEMS_MAX:
            self._gap(rows[ITEMS_MAX].id.at, "items_many", most=ITEMS_MAX)
            return ()
        seen: set[str] = set()
        for row in rows:
            if row.id.text in seen and row.id.text != TOLD:
                self._gap(row.id.at, "item_twice", item=row.id.text)
            seen.add(row.id.text)
        made = tuple(self._item(row, seen) for row in rows)
        self._cycles(rows, made)
        return made

    def _item(self, row: DraftItem, known: set[str]) -> PlannedItem:
        name = row.id.text
        if name != TOLD and not grammar.ITEM_ID.fullmatch(name):
            self._gap(row.id.at, "item_id", shown=name)
        title = self._line(row.title._replace(text=_title(row.title.text)))
        if not title and row.title.text != TOLD:
            self._gap(row.title.at, "item_title", item=name)
        optional = {key: self._optional(row, key) for key in ("description", "touches", "notes")}
        return PlannedItem(
            name,
            title,
            self._priority(row),
            self._size(row),
            optional["description"] or title,
            self._criteria(row),
            self._depends(row, known),
            optional["touches"],
            optional["notes"],
        )

    def _optional(self, row: DraftItem, key: str) -> str:
        said = row.fields.get(key)
        return self._line(said) if said and said.text != TOLD else ""

    def _value(self, row: DraftItem, key: str) -> Said | None:
        """A field that an item must have; None when its gap has been told."""
        said = row.fields.get(key, Said("", row.id.at))
        if not said.text.strip():
            label = grammar.field(key, self.language).rstrip(" :").lower()
            self._gap(said.at, "field_missing", item=row.id.text, label=label)
        elif said.text != TOLD:
            return said
        return None

    def _priority(self, row: DraftItem) -> int:
        said = self._value(row, "priority")
        found = priority_of(said.text) if said else 4
        if said and not found:
            self._gap(said.at, "priority", item=row.id.text, shown=said.text)
        return found or 4

    def _size(self, row: DraftItem) -> str:
        said = self._value(row, "size")
        found = size_of(said.text) if said else "M"
        if said and not found:
            self._gap(said.at, "size", item=row.id.text, shown=said.text)
        return found or "M"

    def _depends(self, row: DraftItem, known: set[str]) -> tuple[str, ...]:
        waits: list[str] = []
        for said in row.depends:
            token = said.text
            if token == row.id.text:
                self._gap(said.at, "depends_self", item=token)
            elif grammar.EXTERNAL_ID.fullmatch(token):
                self.outside.setdefault(token, said.at)
                waits.append(token)
            elif not grammar.ITEM_ID.fullmatch(token):
                if token != TOLD:
                    self._gap(said.at, "depends_bad", item=row.id.text, shown=token)
            elif token not in known:
                self._gap(said.at, "depends_unknown", item=row.id.text, shown=token)
            else:
                waits.append(token)
        return tuple(dict.fromkeys(waits))

    def _cycles(self, rows: Sequence[DraftItem], made: Iterable[PlannedItem]) -> None:
        waits: Mapping[str, Sequence[str]] = {item.id: item.depends for item in made}
        places = {row.id.text: row.depends[0].at for row in rows if row.depends}
        for ring in rings(waits):
            self._gap(places[ring[0]], "depends_cycle", shown=" → ".join((*ring, ring[0])))

    # ------------------------------------------------------------------------------------------------ criteria

    def _criteria(self, row: DraftItem) -> tuple[Promise, ...]:
        name = row.id.text
        if not row.criteria:
            self._gap(row.fields.get("criteria", row.id).at, "criteria_none", item=name)
        if len(row.criteria) > CRITERIA_MAX:
            self._gap(row.criteria[CRITERIA_MAX].at, "criteria_many", item=name, most=CRITERIA_MAX)
            return ()
        before = len(self.gaps)
        found: list[Promise] = []
        for said in row.criteria:
            promise = self._promise(said, name)
            if promise.words and promise.words in (other.words for other in found):
                self._gap(said.at, "criterion_twice", item=name)
            found.append(promise)
        kinds = {promise.check.kind for promise in found if promise.check}
        if found and not kinds and self.policy == "proved" and len(self.gaps) == before:
            self._gap(row.fields.get("criteria", row.id).at, "check_none", item=name)
        if kinds == {"guard"}:
            self.notes.append(say("guarded", self.language, item=name))
        return tuple(found)

    def _promise(self, said: Said, owner: str) -> Promise:
        if said.text == TOLD:
            return Promise("", None)
        if len(said.text) > CRITERION_MAX:
            self._gap(said.at, "too_long", most=CRITERION_MAX)
            return Promise("", None)
        plain = _SPACES.sub(" ", clean(said.text))
        text, attested = _attestation(unboxed(plain), self.language)
        words, check, problem = split_check(text)
        words = one_line(words, 10 * LINE_MAX)
        if problem:
            self._gap(said.at, "check_bad", item=owner, shown=problem)
        elif not words:
            self._gap(said.at, "criterion_empty", item=owner)
        elif len(words) > LINE_MAX:
            self._gap(said.at, "too_long", most=LINE_MAX)
        elif left := leftover(words) or (leftover(check.command, command=True) if check else ""):
            self._gap(said.at, "placeholder", shown=left)
        elif check and check.command not in said.text:  # what cannot be seen would be run, or silently not
            self._gap(said.at, "check_control", item=owner)
        elif check is None and not attested and self.policy == "proved":
            self._gap(said.at, "check_missing", item=owner, shown=words)
        return Promise(words, check)


def _title(text: str) -> str:
    """As a heading says it: without closing signs, however many."""
    title, bare = "", one_line(text, 10 * LINE_MAX)
    while title != bare:
        title, bare = bare, lines.closed(bare)
    return title


def _attestation(text: str, language: Language) -> tuple[str, bool]:
    """The criterion without the word that it is to be attested, and whether it was there; how to look is kept."""
    for found in _ATTEST.finditer(text):
        how = (found[1] or "").strip(lines.BLANKS)
        if text[found.end() :].strip(" .\t"):
            continue
        words = text[: found.start()].rstrip(lines.BLANKS)
        return (f"{words} ({questions.ATTEST.text(language)}: {how})" if words and how else words), True
    return text, False
