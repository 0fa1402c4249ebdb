"""The charter follows the grammar; the contract carries every criterion and check unchanged. (Issue 5, parts 3 and 4.)"""

from __future__ import annotations

import dataclasses
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import texts
from echelon.core import layout, posts, prompts
from echelon.core.documents import criteria, entries, grammar, sections, spec, todo
from echelon.core.documents.grammar import Label, Language
from echelon.core.steering import charter as module
from echelon.core.steering.charter import charter

LANGUAGES: tuple[Language, ...] = ("en", "fr")
BOTH = pytest.mark.parametrize("language", LANGUAGES)
# What each level's charter names, by key of the grammar's tables.
FIELDS = {"mission": ("priority", "depends", "status", "criteria"), "program": ("priority", "depends", "status", "path"),
          "enterprise": ("priority", "depends", "status", "budget", "strategy", "parallelism")}  # fmt: skip
HEADINGS = {"mission": ("objective", "in_scope", "out_of_scope", "constraints", "done", "interfaces", "glossary",
                        "record", "journal"), "program": ("journal",), "enterprise": ("journal",)}  # fmt: skip
CHANGED = "Zqx"


def cases() -> list[tuple[posts.LevelName, str, str]]:
    rows: list[Any] = [(level, "field", key) for level, keys in FIELDS.items() for key in keys]
    rows += [(level, "heading", key) for level, keys in HEADINGS.items() for key in keys]
    return [*rows, ("mission", "check", "check"), ("mission", "check", "guard")]


@pytest.mark.parametrize(("level", "kind", "key"), cases())
@BOTH
def test_a_changed_label_changes_the_charter(
    level: posts.LevelName, kind: str, key: str, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(label: Label) -> Label:
        return dataclasses.replace(label, en=CHANGED, fr=CHANGED) if label.key == key else label

    assert CHANGED not in charter(level, language)
    if kind == "check":
        labels = {name: other(label) for name, label in grammar.CHECK_LABELS.items()}
        monkeypatch.setattr(grammar, "CHECK_LABELS", labels)
    else:
        for table in ("FIELDS", "CONFIGURATION") if kind == "field" else ("HEADINGS",):
            monkeypatch.setattr(grammar, table, tuple(other(label) for label in getattr(grammar, table)))
    assert CHANGED in charter(level, language)


@pytest.mark.parametrize("level", posts.LEVELS)
@BOTH
def test_changed_marks_paths_and_dashes_change_the_charter(
    level: posts.LevelName, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = charter(level, language)
    monkeypatch.setattr(grammar, "MARKERS", {"!": grammar.State.PENDING})
    marked = charter(level, language)
    monkeypatch.setattr(grammar, "DASHES", "=")
    dashed = charter(level, language)
    monkeypatch.setattr(layout, "STATE", ".zqx")
    placed = charter(level, language)
    assert "[!] pending" in marked and "[/]" not in marked
    assert len({before, marked, dashed, placed}) == 4


@BOTH
def test_what_the_charter_shows_is_what_the_parsers_read(language: Language) -> None:
    """The anchors, put together to files, are understood: nothing of the charter is only ours to believe."""
    text = charter("mission", language)
    heading = re.search(r"`(### B001 —)`", text)
    labels = {key: re.search(re.escape(f"`- {grammar.field(key, language)}`"), text) for key in FIELDS["mission"]}
    assert heading and all(labels.values())
    criterion = next(f"`{label.text(language)}{grammar.colon(language)}`" for label in grammar.CHECK_LABELS.values())
    assert criterion in text and "`  - [ ]`" in text
    item = (
        f"{heading[1]} T\n- {grammar.field('priority', language)} P2\n- {grammar.field('status', language)} [ ]\n"
        f"- {grammar.field('depends', language)} B002\n- {grammar.field('criteria', language)}\n"
        f"  - [ ] it holds — {criterion.strip('`')} `true`\n"
    )
    read = entries.parse(f"# B\n\n{item}")
    assert [(row.id, row.priority, row.depends) for row in read.entries] == [("B001", 2, ("B002",))]
    found, problems = criteria.read(read.text, *read.span("B001"), "B001")
    assert [(row.text, row.check) for row in found] == [("it holds", criteria.Check("check", "true"))]
    assert not problems
    headings = re.search(r"spec `([^`]+)`", text)
    assert headings
    wanted = {"objective", "in_scope", "out_of_scope", "constraints", "done", "interfaces", "glossary"}
    assert {row.key for row in spec.parse(headings[1].replace(" · ", "\n\n")).sections} == wanted
    record = re.search(r"`## (?!Journal)([^`]+)`", text.rpartition("\n")[2])
    assert record
    assert todo.parse(f"# T\n\n## {record[1]}\n- {grammar.field('files', language)} a.py\n").record is not None


def test_the_ids_it_shows_are_ids() -> None:
    assert grammar.ITEM_ID.fullmatch(module.ITEM)
    assert grammar.PROJECT_ID.fullmatch(module.PROJECT)
    assert grammar.PROGRAM_ID.fullmatch(module.PROGRAM)
    assert grammar.ESCALATION_ID.fullmatch(f"{module.ESCALATION}1")


# --------------------------------------------------------------------------------------------- the contract

words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=60).map(str.strip)
bullets = st.sampled_from(["- [ ] ", "- [x] ", "- ", "* ", "1. "])


@st.composite
def items(draw: st.DrawFn) -> str:
    """An item with criteria as people write them: wrapped lines, nested bullets, checks, any bullet; both languages."""
    french = draw(st.booleans())
    label = draw(st.sampled_from(["Critères d'acceptation :", "Critères d’acceptation :"] if french else ["Acceptance criteria:"]))  # fmt: skip
    head = "- Priorité : P2\n- Taille : M\n- Statut : [/]\n- Dépend de : —\n" if french else "- Priority: P2\n- Size: M\n- Status: [/]\n- Depends on: —\n"  # fmt: skip
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        row = f"  {draw(bullets)}{draw(words)}"
        if draw(st.booleans()):
            row += f"\n    {draw(words)}"
        if draw(st.booleans()):
            row += f"\n    - {draw(words)}"
        if draw(st.booleans()):
            row += f" — {'preuve :' if french else 'check:'} `pytest -k {draw(st.integers(0, 99))}`"
        rows.append(row)
    notes = draw(st.sampled_from(["", "- Notes: Status: is not a field here\n", "- Description : pourquoi\n"]))
    return f"### B001 — {draw(words)}\n{head}- {label}\n" + "\n".join(rows) + f"\n{notes}"


@given(items(), st.sampled_from(LANGUAGES), texts.documents)
def test_every_criterion_and_check_reaches_the_block_unchanged(item: str, language: Language, context: str) -> None:
    mission: Any = SimpleNamespace(definition=SimpleNamespace(done=()))
    block = prompts.block(mission, item.rstrip(), language)
    there = sections.inject_block(context, block)
    read, _ = criteria.read(f"# B\n\n{item}", 5, 5 + len(item), "B001")
    for criterion in read:
        assert criterion.source.strip("\n") in block
    for line in item.splitlines()[5:]:  # the heading, and all below the four lines of bookkeeping, to the letter
        assert line.rstrip() in block
    assert item.splitlines()[0].rstrip() in block
    assert "Status: [/]" not in block.partition(charter("mission", language))[0]
    assert block.endswith(charter("mission", language))
    rest = sections.eject_block(there)
    assert rest == sections.eject_block(context)
    assert sections.inject_block(there, block) == there


@pytest.mark.parametrize("weakness", ["W-E2"])
def test_a_wrapped_criterion_ends_nothing(weakness: str) -> None:
    """Three criteria, the first on two lines, other bullets, another apostrophe, a description: all of it is there."""
    item = (
        "### B001 — T\n- Priorité : P1\n- Description : pourquoi\n- Critères d’acceptation :\n  - [ ] un\n    et la suite\n"
        "  * [ ] deux\n  - [ ] trois — preuve : `true`"
    )
    mission: Any = SimpleNamespace(definition=SimpleNamespace(done=()))
    block = prompts.block(mission, item, "fr")
    for line in (
        "- Description : pourquoi",
        "  - [ ] un\n    et la suite\n",
        "  * [ ] deux\n",
        "  - [ ] trois — preuve : `true`",
    ):
        assert line in block
