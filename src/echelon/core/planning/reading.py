"""A filled form to a Draft: every line of it is an answer, a comment, or a gap. Nothing is dropped in silence.

Case, accents, the kind of dash and apostrophe and the language of a label do not matter (peer-levels.md §8.2 is a part of
what is read). Total: any text gives a Draft.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from echelon.core.documents import grammar, lines
from echelon.core.documents.grammar import Language
from echelon.core.documents.lines import Line
from echelon.core.documents.render import one_line
from echelon.core.planning import questions
from echelon.core.planning.items import ItemReader, joined
from echelon.core.planning.model import Draft, DraftItem, Gap, Said
from echelon.core.planning.questions import BY_KEY, SPELLINGS
from echelon.core.planning.words import say

ANSWERS_CHARACTERS_MAX = 400_000
_ITEM = re.compile(
    rf"[*_`\[]*([Bb]\d{{1,9}})(?![\w/])[\]*_`]*([ \t\u00a0]*)([:.{grammar.DASHES}]?)[ \t\u00a0]*(.*)", re.DOTALL
)
_NUMBER = re.compile(r"(?:item[ \t]*)?#?\d{1,9}[.):]?[ \t]*", re.IGNORECASE)
_RULE = re.compile(r"[ ]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_FRENCH = grammar.FRENCH | {grammar.fold(label.fr) for label in questions.HEADINGS}
_ENGLISH = grammar.ENGLISH | {grammar.fold(label.en) for label in questions.HEADINGS}
_BOTH = _FRENCH & _ENGLISH


def read(text: str, language: Language = "en") -> Draft:
    """`language` is that of the answers when they do not show one."""
    if len(text) > ANSWERS_CHARACTERS_MAX:
        message = say("too_long", language, most=ANSWERS_CHARACTERS_MAX)
        return Draft(
            language, Said("", 0), {}, (), dict.fromkeys((*BY_KEY, "title"), 0), frozenset(), (Gap(0, message),)
        )
    scanned = lines.split(text)
    reader = _Reader(language_of(scanned, language), len(text))
    reader.run(scanned, text)
    return reader.draft()


def language_of(scanned: list[Line], default: Language) -> Language:
    """By the headings and labels; `default` when as many are French as English."""
    words = list[str]()
    for line in scanned:
        title, labelled = lines.heading(line), lines.labelled(line.text)
        word = title[1] if title else labelled.label if labelled and not line.opaque else ""
        words.append(grammar.fold(word.partition("(")[0]))
    french = sum(word in _FRENCH - _BOTH for word in words)
    english = sum(word in _ENGLISH - _BOTH for word in words)
    return default if french == english else "fr" if french > english else "en"


def visible(scanned: list[Line]) -> Iterator[tuple[Line, bool]]:
    """The lines that are no comment; True for those of a code block."""
    comment = False
    for line in scanned:
        comment = comment or (line.opaque and line.text.lstrip(lines.BLANKS + "\ufeff").startswith("<!--"))
        if not comment:
            yield line, line.opaque
        comment = comment and "-->" not in line.text


class _Reader:
    def __init__(self, language: Language, length: int) -> None:
        self.language = language
        self.length = length
        self.gaps: list[Gap] = []
        self.name: Said | None = None
        self.lists: dict[str, list[Said]] = {}
        self.items: list[DraftItem] = []
        self.places: dict[str, int] = {}
        self._section = ""  # key of the question whose answer is being read
        self._bullet = -1  # indent of the section's first bullet
        self._blank = True  # whether the line before was
        self._item: ItemReader | None = None
        self._fenced = False

    def run(self, scanned: list[Line], text: str) -> None:
        for line, fenced in visible(scanned):
            if fenced:
                if not self._fenced:
                    self._gap(line.start, "fence")
            elif (title := lines.heading(line)) is not None:
                self._heading(line, *title)
            elif _RULE.fullmatch(line.text):
                pass
            elif line.text.strip(lines.BLANKS + "\ufeff"):
                self._text(line)
            self._fenced, self._blank = fenced, not line.text.strip(lines.BLANKS)
        self._end_item()
        if scanned and (closing := lines.left_open(text)):
            opened = next((row for row in reversed(scanned) if not row.opaque), None)
            self._gap(min(opened.end, scanned[-1].start) if opened else 0, "unclosed", shown=closing)

    def draft(self) -> Draft:
        where = {"title": 0, **{key: self.places.get("scope", self.length) for key in ("in_scope", "out_of_scope")}}
        places = {**dict.fromkeys(BY_KEY, self.length), **where, **self.places}
        lists = {key: tuple(rows) for key, rows in self.lists.items()}
        name = self.name or Said("", 0)
        return Draft(self.language, name, lists, tuple(self.items), places, frozenset(self.places), tuple(self.gaps))

    def _gap(self, at: int, key: str, **fields: object) -> None:
        self.gaps.append(Gap(at, say(key, self.language, **fields)))

    # ------------------------------------------------------------------------------------------------ headings

    def _heading(self, line: Line, level: int, title: str) -> None:
        if level == 1 and self.name is None:
            self.name = Said(_name(title), line.start)
            return
        found = _ITEM.fullmatch(title)
        if found and level > 1:
            self._begin_item(line, found)
            return
        key = _key(title)
        if key and level > 1:
            self._begin_section(line, key, title)
        elif level == 1:
            self._end_item()
            self._section = "\0"
            self._gap(line.start, "title_twice", shown=title)
        else:
            self._odd_heading(line, level, title)

    def _begin_section(self, line: Line, key: str, title: str) -> None:
        self._end_item()
        self._section, self._bullet = key, -1
        if key in self.places:
            self._gap(line.start, "heading_twice", shown=title)
        self.places.setdefault(key, line.start)

    def _odd_heading(self, line: Line, level: int, title: str) -> None:
        """None of the form: an item without its id, a heading inside of an item, or almost one of ours."""
        meant = _almost(title)
        if self._section == "breakdown" and level > 2 and not meant:
            if self._item is not None and level > self._item.level:
                self._gap(line.start, "item_subheading", item=self._item.id.text, shown=title)
            else:
                self._end_item()
                number = len(self.items) + 1
                words = title[found.end() :] if (found := _NUMBER.match(title)) else title
                self._gap(line.start, "item_heading", shown=title, meant=f"B{number:03} — {words}")
            self._item = self._item or ItemReader(
                Said("", line.start), Said("", line.start), level, self.language, mute=True
            )
            return
        self._end_item()
        self._section = "\0"
        if meant:
            self.places.setdefault(meant, line.start)  # told once, not as missing too
            shown = BY_KEY[meant].heading if meant in BY_KEY else questions.SCOPE
            self._gap(line.start, "heading_almost", shown=title, meant=shown.text(self.language))
            self._section = meant if meant in BY_KEY else "\0"
        else:
            self._gap(line.start, "heading_unknown", shown=title)

    def _begin_item(self, line: Line, found: re.Match[str]) -> None:
        self._end_item()
        if self._section != "breakdown" and "breakdown" not in self.places:
            self._gap(line.start, "item_outside", shown=questions.BREAKDOWN.text(self.language))
            self.places["breakdown"] = line.start
        self._section = "breakdown"
        identifier, blank, dash, title = found.groups()
        if title and (dash not in grammar.DASHES or not dash or not blank or found[0][:1] in "*_`["):
            self._gap(line.start, "item_heading", shown=found[0], meant=f"{identifier.upper()} — {title.strip('*_` ')}")
        level = len(line.text.lstrip("\ufeff ")) - len(line.text.lstrip("\ufeff ").lstrip("#"))
        self._item = ItemReader(
            Said(identifier, line.start), Said(one_line(title, self.length), line.start), level, self.language
        )

    def _end_item(self) -> None:
        if self._item is not None:
            item, gaps = self._item.item()
            self.gaps += gaps
            self.items += [item] if item is not None else []
        self._item = None

    # ------------------------------------------------------------------------------------------------ answers

    def _text(self, line: Line) -> None:
        question = BY_KEY.get(self._section)
        if self._item is not None:
            self._item.line(line, blank_before=self._blank)
        elif question is not None and question.kind == "text":
            self.lists.setdefault(question.key, []).append(Said(line.text.strip(lines.BLANKS), line.start))
        elif question is not None and question.kind == "bullets":
            self._answer(question.key, line)
        elif self._section == "scope":
            first, second = (BY_KEY[key].heading.text(self.language) for key in ("in_scope", "out_of_scope"))
            self._gap(line.start, "scope_text", first=f"### {first}", second=f"### {second}")
        elif self._section != "\0":  # below a heading that is a gap already
            self._gap(line.start, "stray", shown=line.text)

    def _answer(self, key: str, line: Line) -> None:
        rows = self.lists.setdefault(key, [])
        bullet, indent = lines.BULLET.match(line.text), lines.indent_of(line.text)
        if bullet and (self._bullet < 0 or indent <= self._bullet):
            self._bullet = indent if self._bullet < 0 else self._bullet
            rows.append(Said(unboxed(bullet[4]), line.start))
        elif rows and (indent > self._bullet or not self._blank):
            rows[-1] = joined(rows[-1], line.text)
        else:
            self._gap(line.start, "no_bullet", shown=line.text)


def unboxed(text: str) -> str:
    """Without the box in front (`[ ]`, `[x]`), and the blanks around."""
    words = text.strip(lines.BLANKS)
    while box := lines.BOX.match(words):
        words = words[box.end() :].strip(lines.BLANKS)
    return words


def _name(title: str) -> str:
    """The title without the word for what it is (`Plan — Webshop`)."""
    found = re.fullmatch(rf"([^:{grammar.DASHES}]*?)[ \t\u00a0]*[:{grammar.DASHES}][ \t\u00a0]*(.*)", title, re.DOTALL)
    known = {grammar.fold(form) for form in (questions.TITLE.en, *questions.TITLE.also)}
    bare = found[2] if found and grammar.fold(found[1]) in known else title
    return one_line("" if grammar.fold(bare) in known else bare, ANSWERS_CHARACTERS_MAX)


def _key(title: str) -> str:
    """The question a heading belongs to; words after its own are a comment, as in `Risks (optional)`."""
    folded = grammar.fold(title).rstrip(" :")
    bare = folded.partition("(")[0].rstrip(" :")
    if bare in SPELLINGS:
        return SPELLINGS[bare]
    longer = (form for form in SPELLINGS if len(form) > 3 and bare.startswith(f"{form} "))  # not "in" and "out"
    return SPELLINGS.get(max(longer, key=len, default=""), "")


def _almost(title: str) -> str:
    """The key of the question whose heading was probably meant, "" for none."""
    folded = grammar.fold(title).partition("(")[0].strip(" :")
    first = folded.partition(" ")[0]
    for word in (folded, first):
        close = difflib.get_close_matches(word, [form for form in SPELLINGS if len(form) > 3], n=1, cutoff=0.75)
        if close and word:
            return SPELLINGS[close[0]]
    return ""
