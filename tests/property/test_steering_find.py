"""Laws of steering search and read guard: what is asked for is found within the cap, whatever else the files say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import proofs
from echelon.core.documents import criteria, entries, grammar
from echelon.core.documents.criteria import render_check
from echelon.core.fence import Ruling
from echelon.core.steering import guard
from echelon.core.steering.charter import charter
from echelon.core.steering.outline import count, headings
from echelon.core.steering.page import COST_MAX, Found, cost
from echelon.core.steering.passages import Document, passages
from echelon.core.steering.search import find
from steering_texts import LANGUAGES, documents, text

assert proofs.settings, "imported for its profile"
languages = st.sampled_from(LANGUAGES)
BACKLOGS = {language: entries.parse(text(language, "backlog.md"), "backlog") for language in LANGUAGES}
numbers = st.integers(0, 39)
BULLETS = {
    language: [
        (part, block)
        for part in passages(documents(language)[0])
        for block in part.blocks
        if block.rows[0].startswith("- ")
    ]
    for language in LANGUAGES
}
# kind of question -> how it is asked, and words that only its answer has, in each language
KINDS = {
    "constraint": {"en": ("constraint security", "argon2id"), "fr": ("contrainte sécurité", "argon2id")},
    "constraints": {"en": ("technical constraints", "PostgreSQL 16"), "fr": ("contraintes techniques", "PostgreSQL 16")},
    "scope": {"en": ("scope", "timetable of sailings"), "fr": ("périmètre", "horaires des départs")},
    "out of scope": {"en": ("out of scope", "loyalty points"), "fr": ("périmètre exclus", "points de fidélité")},
    "done": {"en": ("definition of done", "at level AA"), "fr": ("définition de fait", "au niveau AA")},
    "progress": {"en": ("progress", "40 entries"), "fr": ("avancement", "40 entries")},
    "past deliveries": {"en": ("past deliveries", "ITEM DELIVERED — B012"), "fr": ("livraisons passées", "ITEM LIVRÉ — B012")},
    "decisions": {"en": ("decisions", "PostgreSQL rather than SQLite"), "fr": ("décisions", "PostgreSQL plutôt que SQLite")},
    "decided": {"en": ("decision B013", "DECIDED — give up"), "fr": ("décision B013", "DÉCIDÉ — abandonner")},
}  # fmt: skip


def _is_within(found: Found) -> None:
    assert cost(found.message) <= COST_MAX


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_question_is_answered_in_one_call(kind: str, language: str) -> None:
    question, answer = KINDS[kind][language]
    found = find(documents(language), question)
    assert answer in found.message
    _is_within(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_charter_names_is_found_in_the_file_that_it_names(language: grammar.Language) -> None:
    """Its map of where things are, asked kind by kind: the answer has lines of that file, and for deliveries no legend."""
    held = re.findall(r"`(\w+\.md)` ([^;]+?)(?=[;.(]|, `)", charter("project", language).rpartition("\n")[2])
    asked = [(name, kind.strip()) for name, kinds in held for kind in kinds.split(",") if kind.strip()]
    assert len(asked) == 7, asked  # three in the backlog, two in the spec, two in the journal
    for name, kind in asked:
        found = find(documents(language), kind)
        rows = [row for row in found.message.split("\n") if row.startswith(f".opencode/{name}:")]
        assert rows and not found.message.startswith("Nothing matches"), (kind, name, found.message)
        assert not re.search(r":\d+-\d+ (?:Legend|Légende)", found.message)  # it explains the signs, it answers nothing
        _is_within(found)


@given(
    languages,
    numbers,
    st.sampled_from(["criteria {}", "critères {}", "{}", "{} acceptance criteria", "Critères d'acceptation de {}"]),
)
def test_every_criterion_of_an_item_is_found_word_for_word_with_its_check(
    language: str, number: int, asked: str
) -> None:
    backlog = BACKLOGS[language]
    entry = backlog.entries[number]
    found = find(documents(language), asked.format(entry.id))
    listed, _ = criteria.read(backlog.text, *backlog.span(entry.id), entry.id)
    assert listed
    for row in listed:
        assert f"{row.text}{render_check(row.check, 'fr' if language == 'fr' else 'en')}" in found.message
    _is_within(found)


@given(languages, numbers, st.sampled_from(["dependencies of {}", "dépendances de {}", "what does {} depend on"]))
def test_what_an_item_waits_for_is_found(language: str, number: int, asked: str) -> None:
    entry = BACKLOGS[language].entries[number]
    found = find(documents(language), asked.format(entry.id))
    label = "Dépend de : " if language == "fr" else "Depends on: "
    assert f"|- {label}{', '.join(entry.depends) or '—'}" in found.message
    _is_within(found)


@given(languages, numbers)
def test_the_state_of_an_item_is_found(language: str, number: int) -> None:
    entry = BACKLOGS[language].entries[number]
    found = find(documents(language), f"status {entry.id}")
    assert f"[{text(language, 'backlog.md').split(entry.id + ' — ', 1)[1].split('[', 1)[1][0]}]" in found.message
    _is_within(found)


@given(languages, st.data())
def test_a_line_of_the_spec_is_found_by_its_rarest_words(language: str, data: st.DataObject) -> None:
    """One access: whoever asks with a few words of a line sees it, and where it stands."""
    part, block = data.draw(st.sampled_from(BULLETS[language]))
    words = sorted(set(re.findall(r"[^\W\d_]{5,}", " ".join(block.rows))), key=lambda word: (-len(word), word))[:4]
    found = find(documents(language), " ".join((*words, *part.titles[-1:])))
    rows = found.message.split("\n")
    assert all(f"|{row.rstrip()}" in rows for row in block.rows), (words, part.titles)
    assert any(path.endswith("spec.md") and first <= block.first <= last for path, first, last in found.places)
    _is_within(found)


scraps = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["## A", "### B001 — x", "- b", "  - c", "```", "<!--", "-->", "- Status: [x]", "", "# T", "\r", "\ud800", "1. x"]),
)  # fmt: skip
texts = st.lists(scraps, max_size=30).map("\n".join)
questions = st.one_of(
    st.text(max_size=40), st.sampled_from(["B001", "progress", "a b c", "=done", "x" * 5_000, "\ud800"])
)


@given(st.lists(texts, max_size=3), questions, st.one_of(st.just(""), questions))
def test_the_search_is_total_and_within_its_cap(contents: list[str], question: str, section: str) -> None:
    files = [Document(f"{at}.md", content) for at, content in enumerate(contents)]
    found = find(files, question, section)
    _is_within(found) if found.places else None
    for path, first, last in found.places:
        rows = contents[int(path[0])].split("\n")
        assert 1 <= first <= last <= len(rows)
    assert find(files, question, section) == found


@given(texts)
def test_the_ranges_of_an_outline_are_lines_of_the_file(content: str) -> None:
    rows = content.split("\n")
    for heading in headings(content):
        assert 1 <= heading.first <= heading.last <= count(content)
        assert "#" * heading.level in rows[heading.first - 1]


json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
shells = st.lists(
    st.sampled_from(["cat", "sed", "-n", "'1,9p'", "head", "-n", "9", "tail", "+3", "awk", "'NR>3'", "grep", "''", "|", "<", ">", ";",
                     "(", ")", "$(", "`", "cd", ".opencode", ".opencode/spec.md", "spec.md", "{a,b}", "*", "bash", "-c", "'", '"',
                     "-e", "--", "bat", "-r", "1:", "-c", "5k", "{,", "\n", "<<E", "E"]), max_size=20,
).map(" ".join)  # fmt: skip
names = st.sampled_from(["filePath", "offset", "limit", "command", "workdir", "prompt"])
calls = st.one_of(
    st.dictionaries(names, json, max_size=4), st.fixed_dictionaries({"command": shells, "prompt": shells})
)


@given(st.sampled_from(["read", "bash", "task", "edit", ""]), calls, st.integers(1, 300))
def test_the_guard_is_total_and_content_with_what_it_made(
    tool: str, arguments: dict[str, object], threshold: int
) -> None:
    def look(path: str) -> list[guard.Facts]:
        return [guard.Facts(".opencode/spec.md", text("en", "spec.md"))] if path.endswith("spec.md") else []

    ruling = guard.judge(tool, arguments, "/w", look, threshold)
    assert ruling.refusal is None or (tool in ("read", "bash") and threshold < 276)
    if ruling.arguments is not None:
        assert tool == "task" and guard.judge(tool, ruling.arguments, "/w", look, threshold) == Ruling()


@given(st.integers(-5, 400), st.integers(-5, 400))
def test_a_read_is_guarded_exactly_when_it_gives_more_than_the_threshold(offset: int, limit: int) -> None:
    def look(_path: str) -> list[guard.Facts]:
        return [guard.Facts("a", text("en", "spec.md"))]

    rows = text("en", "spec.md").split("\n")[:-1]
    start = max(offset, 1) - 1
    gives = len(rows[start : start + limit] if limit > 0 else rows[start:])
    ruling = guard.judge("read", {"filePath": "a", "offset": offset, "limit": limit}, "/w", look, 150)
    assert (ruling.refusal is not None) == (gives > 150)
