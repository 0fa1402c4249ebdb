"""One item of the breakdown, line by line: its fields, its criteria, and whatever of it is neither."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from echelon.core.documents import grammar, lines
from echelon.core.documents.grammar import Language
from echelon.core.documents.lines import Line
from echelon.core.planning.model import TOLD, DraftItem, Gap, Said
from echelon.core.planning.questions import ITEM_FIELDS
from echelon.core.planning.words import say

_VALUES = ("priority", "size", "depends", "criteria", "status")  # a nested one of these was meant as a field
JOINED_MAX = 10_000  # characters of a text on several lines


def joined(said: Said, line: str) -> Said:
    """With a further line; what is far beyond any limit already is not made longer, and is a gap as it is."""
    words = line.strip(lines.BLANKS)
    return said if len(said.text) > JOINED_MAX else said._replace(text=f"{said.text} {words}".strip(lines.BLANKS))


class ItemReader:
    """`mute`: below a heading that is a gap already; only its lines are taken, and nothing is said about them."""

    def __init__(self, identifier: Said, title: Said, level: int, language: Language, *, mute: bool = False) -> None:
        self.id, self.level = identifier, level
        self._title, self._language, self._mute = title, language, mute
        self._gaps: list[Gap] = []
        self._fields: dict[str, Said] = {}
        self._criteria: list[Said] = []
        self._base = -1  # indent of the first bullet: fields stand there
        self._nested = -1  # indent of the first criterion
        self._now = ""  # the field whose further lines would follow

    def item(self) -> tuple[DraftItem | None, Sequence[Gap]]:
        if self._mute:
            return None, ()
        depends = self._fields.get("depends", Said("", self.id.at))
        if len(depends.text) > JOINED_MAX:
            self._gaps.append(Gap(depends.at, say("too_long", self._language, most=JOINED_MAX)))
        tokens = tuple(Said(token, depends.at) for token in grammar.dependencies(depends.text)[0])
        return DraftItem(self.id, self._title, self._fields, tokens, tuple(self._criteria)), self._gaps

    def _gap(self, line: Line, key: str, **fields: object) -> None:
        at = line.start + len(line.text) - len(line.text.lstrip(lines.BLANKS + "\ufeff"))
        self._gaps.append(Gap(at, say(key, self._language, **fields)))

    def line(self, line: Line, *, blank_before: bool) -> None:
        """A line that is not blank."""
        bullet, indent = lines.BULLET.match(line.text), lines.indent_of(line.text)
        boxed = bool(bullet and lines.BOX.match(bullet[4]))
        labelled = None if boxed else lines.labelled(line.text)
        if (bullet or labelled) and self._base < 0 and not boxed:
            self._base = indent
        if self._now == "criteria" and bullet and (indent > self._base or boxed):
            self._criterion(line, bullet, indent, labelled)
        elif indent > self._base >= 0 or (
            self._now and self._now != "criteria" and not (bullet or labelled or blank_before)
        ):
            self._further(line, labelled)
        elif labelled is not None:
            self._field(line, labelled)
        elif self._now == "criteria":
            self._gap(line, "criteria_after", shown=line.text, item=self.id.text)
        else:
            self._gap(line, "field_unknown", shown=line.text)

    def _field(self, line: Line, labelled: lines.Labelled) -> None:
        key = grammar.FIELD_KEYS.get(grammar.fold(labelled.label), "")
        after, self._now = self._now == "criteria", key
        at = line.start + labelled.value_start
        if key == "status":
            if grammar.fold(labelled.value) not in ("", "[ ]", "[]"):
                self._gap(line, "field_status")
        elif key in self._fields:
            self._gap(line, "field_twice", item=self.id.text, label=labelled.label)
        elif key in ITEM_FIELDS:
            self._fields[key] = Said(labelled.value, at)
            if key == "criteria":
                self._nested = -1
                self._criteria += [Said(labelled.value, at)] if labelled.value else []
        elif key:
            self._gap(line, "field_here", shown=labelled.label)
        else:
            self._odd_field(line, labelled.label, after=after)

    def _odd_field(self, line: Line, label: str, *, after: bool) -> None:
        forms = {grammar.fold(form): key for form, key in grammar.FIELD_KEYS.items() if key in ITEM_FIELDS}
        close = difflib.get_close_matches(grammar.fold(label), list(forms), n=1, cutoff=0.75)
        if close:
            meant = grammar.field(forms[close[0]], self._language).rstrip(" :")
            self._gap(line, "field_almost", shown=label, meant=meant)
            self._now = forms[close[0]]
            self._fields.setdefault(self._now, Said(TOLD, line.start))  # told once, not as missing too
        elif after:
            self._now = "criteria"
            self._gap(line, "criteria_after", shown=line.text, item=self.id.text)
        else:
            self._gap(line, "field_unknown", shown=label)

    def _criterion(self, line: Line, bullet: re.Match[str], indent: int, labelled: lines.Labelled | None) -> None:
        if self._nested >= 0 and indent > self._nested:
            self._further(line, labelled)
            return
        self._nested = indent if self._nested < 0 else self._nested
        if labelled is not None and grammar.FIELD_KEYS.get(grammar.fold(labelled.label)) in _VALUES:
            self._gap(line, "field_nested", shown=line.text)
            return
        self._criteria.append(Said(bullet[4].strip(lines.BLANKS), line.start + bullet.start(4)))

    def _further(self, line: Line, labelled: lines.Labelled | None) -> None:
        """A further line of what stands above it."""
        words = line.text.strip(lines.BLANKS)
        if labelled is not None and grammar.FIELD_KEYS.get(grammar.fold(labelled.label)) in _VALUES:
            self._gap(line, "field_nested", shown=line.text)
        elif self._now == "criteria" and self._criteria:
            self._criteria[-1] = joined(self._criteria[-1], words)
        elif self._now in self._fields and self._now != "criteria":
            self._fields[self._now] = joined(self._fields[self._now], words)
        elif self._now != "status":
            self._gap(line, "field_unknown", shown=line.text)
