"""Laws of planning: what is accepted reads back the same and is clean, whatever was drawn; anything else is gaps, in their places."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

import planned
import texts
from echelon.core.documents import grammar, lines
from echelon.core.documents.criteria import Check, render_check
from echelon.core.documents.grammar import Language
from echelon.core.planning import checking, questions, reading, scaffold
from echelon.core.planning.interview import Finished, replay
from echelon.core.planning.questions import BY_KEY, QUESTIONS

LANGUAGES: tuple[Language, ...] = ("en", "fr")
# Whatever has power somewhere in the format, in the middle of words.
POWER = (
    "—", "–", "-", "#", "##", "`", "``", ":", "[ ]", "[x]", "<!--", "-->", "```", "~~~", "check:", "— guard:", "— attest", "Status: [x]",
    "B002", "PRJ-001/B003", "### B009 — x", "\u202e", "\u200b", "\u00a0", "\u2028", "é", "e\u0301", "|", ">", "*", "…", ".", "(", ")",
)  # fmt: skip
words = st.lists(
    st.one_of(st.sampled_from(POWER), st.text(max_size=8), st.sampled_from(("login", "401", "a"))), max_size=8
).map(" ".join)
said = st.one_of(words.map(lambda drawn: f"go {drawn}"), words.map(lambda drawn: f"{drawn} end"))  # never empty
commands = st.one_of(
    st.sampled_from(("pytest -q", "printf 'a  b'", "sh -c 'echo `date`'", "test -f x && ! grep y z")), words
)


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Items as an agent gives them: mostly sound in shape, with any words."""
    count = draw(st.integers(1, 4))
    made: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        rows: list[str] = []
        for _ in range(draw(st.integers(1, 3))):
            check = Check(draw(st.sampled_from(("check", "guard"))), draw(commands))
            tail = draw(st.sampled_from((render_check(check, draw(st.sampled_from(LANGUAGES))), " — attest", "")))
            rows.append(draw(said) + tail)
        others = [f"B{other:03}" for other in range(1, number)] + ["PRJ-007/B001"]
        made.append({
            "id": f"B{number:03}", "title": draw(said), "priority": draw(st.integers(1, 4)), "size": draw(st.sampled_from(("S", "m", "XL"))),
            "description": draw(words), "criteria": rows, "dependsOn": draw(st.lists(st.sampled_from(others), max_size=2)),
            "notes": draw(words), "files": draw(st.sampled_from(("", "src/*.py", "a, b/c"))),
        })  # fmt: skip
    return made


texts_of = st.fixed_dictionaries(
    {**dict.fromkeys(("objective", "in_scope", "out_of_scope"), said), "constraints": words}
)


@given(said, texts_of, items(), st.sampled_from(LANGUAGES), st.sampled_from(("proved", "attested")))
def test_what_is_scaffolded_reads_back_the_same(
    name: str, given_: dict[str, str], rows: list[dict[str, Any]], language: Language, policy: Any
) -> None:
    draft, places = scaffold.read(name, given_, json.dumps(rows), language)
    made, found = checking.check(draft, policy)
    assert (made is None) == bool(found)
    assert all(0 <= gap.at < len(places) and gap.message for gap in found)
    if made is not None:
        planned.read_back(made)
        assert {row.code for row in planned.doctor(made, policy=policy)} <= {"EXTERNAL_DEP_TARGET_MISSING"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(scaffold.KEYS) | st.text(max_size=4), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(st.one_of(json_values.map(json.dumps), texts.anything), words)
@example('[{"id": "B001", "id": "B002"}]', "x")
@example("[" * 100_000, "x")
def test_W40_any_json_is_items_or_gaps(items_json: str, name: str) -> None:
    draft, places = scaffold.read(name, {"objective": "a"}, items_json, "en")
    made, found = checking.check(draft, "attested")
    assert (made is None) == bool(found) and all(0 <= gap.at < len(places) for gap in found)


@st.composite
def forms(draw: st.DrawFn) -> str:
    """A filled form after some small accidents."""
    text = draw(
        st.sampled_from(
            (planned.GOOD, planned.PEER, *(questions.form("Shop", "a", language) for language in LANGUAGES))
        )
    )
    text = text.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(text)))
        new = draw(
            st.one_of(words, st.sampled_from(texts.HEADERS + texts.FIELDS + texts.PARTS).map(lambda row: f"\n{row}\n"))
        )
        text = text[:at] + new + text[at + draw(st.sampled_from((0, 0, 1, 5, 40))) :]
    return text


@st.composite
def filled(draw: st.DrawFn) -> str:
    """A form that is filled in, each label in one of its spellings, of either language, with or without accents."""

    def spelled(label: grammar.Label) -> str:
        form = draw(st.sampled_from((label.en, label.fr, *label.also)))
        return draw(st.sampled_from((form, form.upper(), unicodedata.normalize("NFD", form), grammar.fold(form))))

    def row(key: str, value: str) -> str:
        label = spelled(next(label for label in grammar.FIELDS if label.key == key))
        colon = draw(st.sampled_from((":", " :", "\u00a0:")))
        return f"- {label}{colon} {value}"

    rows = [f"# {spelled(questions.TITLE)} {draw(st.sampled_from('—–-:'))} {draw(said)}"]
    for question in QUESTIONS:
        answered = question.required or draw(st.booleans())
        rows += [f"## {spelled(questions.SCOPE)}"] if question.key == "in_scope" else []
        rows += [f"{'#' * question.level} {spelled(question.heading)}", ""] if answered else []
        if answered and question.kind != "items":
            lead, tail = ("- " if question.kind == "bullets" else ""), (" — attest" if question.key == "done" else "")
            rows += [
                f"{lead}{grammar.fold(answer).strip('# ') or 'x'}{tail}"
                for answer in draw(st.lists(said, min_size=1, max_size=3))
            ]
    for item in draw(items()):
        rows.append(f"### {item['id']} {draw(st.sampled_from('—–-'))} {item['title']}")
        rows += [
            row("priority", f"P{item['priority']}"),
            row("size", item["size"]),
            row("depends", ", ".join(item["dependsOn"]) or "aucune"),
        ]
        rows += [row("description", item["description"])] if item["description"].strip() else []
        rows += [
            row("criteria", ""),
            *(f"  - {draw(st.sampled_from(('', '[ ] ', '[x] ')))}{text}" for text in item["criteria"]),
        ]
    return "\n".join(" ".join(line.split("\n")) for line in rows) + "\n"


@given(st.one_of(filled(), forms(), texts.documents), st.sampled_from(("proved", "attested")))
def test_any_answers_are_a_plan_that_reads_back_or_gaps_with_places(text: str, policy: Any) -> None:
    draft = reading.read(text)
    made, found = checking.check(draft, policy)
    assert (made is None) == bool(found)
    assert all(0 <= gap.at <= len(text) for gap in found)
    places = lines.Places(text)
    assert all(places(gap.at)[0] >= 1 for gap in found)
    if made is not None:
        planned.read_back(made)
        clean = {row.code for row in planned.doctor(made, policy=policy)}
        assert clean <= {"EXTERNAL_DEP_TARGET_MISSING"}


@given(st.one_of(filled(), forms()))
def test_no_line_is_dropped_in_silence(text: str) -> None:
    """Of an accepted form every visible word is in what was made of it."""
    made, _ = checking.check(reading.read(text), "attested")
    if made is None:
        return
    labels = {
        form
        for label in (*grammar.FIELDS, *questions.HEADINGS, questions.TITLE)
        for form in (label.en, label.fr, *label.also)
    }
    known = {grammar.fold(word) for label in labels for word in label.split()}
    said = grammar.fold(repr(made).replace("\\'", "'").replace("\\\\", "\\"))
    for line, fenced in reading.visible(lines.split(text)):
        assert not fenced
        for word in line.text.replace("`", " ").split():
            bare = grammar.fold(word).strip("#-*+—–:()[]<>!_~|.,;‹› \u200b\u202e\ufeff")
            if bare.isalpha() and bare.isascii() and len(bare) > 2 and bare not in known:
                assert bare in said or bare in (
                    "optional",
                    "optionnel",
                    "attest",
                    "check",
                    "guard",
                    "preuve",
                    "garde",
                    "large",
                    "small",
                    "aucune",
                )


@given(
    st.lists(st.one_of(words, st.sampled_from(("", "P1", "S", "B001", "y", "guard: true"))), max_size=60),
    st.sampled_from(LANGUAGES),
)
def test_an_interview_of_accepted_answers_ends_in_a_form_without_a_gap_of_its_own(
    drawn: list[str], language: Language
) -> None:
    """Only that no criterion of an item has a check is said at the end, for it takes all of them."""
    accepted: list[str] = []
    for answer in drawn:
        step = replay(accepted, language)
        if isinstance(step, Finished):
            break
        line = " ".join(answer.split("\n")).strip()
        if not step.problem(line):
            accepted.append(line)
    step = replay(accepted, language)
    if isinstance(step, Finished):
        _, found = checking.check(reading.read(step.text, language), "proved")
        allowed = ("has a check", "n'a de preuve", "says this criterion twice", "dit deux fois ce critère")
        assert [gap for gap in found if not any(words in gap.message for words in allowed)] == []


def test_every_question_of_the_form_is_read_in_both_languages() -> None:
    for language in LANGUAGES:
        draft = reading.read(questions.form("Shop", "brief", language))
        assert draft.language == language and draft.gaps == ()
        assert {row.key for row in QUESTIONS} <= draft.headed == {*BY_KEY, "scope"}
