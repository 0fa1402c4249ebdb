"""Edges of the document grammar that were wrong once, each with the smallest text that shows it."""

from __future__ import annotations

import pytest

from echelon.core import config
from echelon.core.documents import criteria, entries, lines, render, sections, spec, todo
from echelon.core.documents.grammar import State


def codes(text: str) -> list[str]:
    return [finding.code for finding in entries.parse(text).findings if finding.severity == "error"]


# ---------------------------------------------------------------------------------- fences and comments


def test_a_comment_sign_in_the_middle_of_a_line_hides_nothing() -> None:
    text = "### B001 — A\n- Status: [ ]\n- Description: writes `<!--` first\n\n### B002 — B\n- Status: [ ]\n"
    assert [entry.id for entry in entries.parse(text).entries] == ["B001", "B002"]


@pytest.mark.parametrize(("opening", "closing"), [("```", "```"), ("~~~~ py", "~~~~"), ("<!--", "-->")])
def test_an_item_lost_in_a_fence_or_comment_that_is_never_closed_is_said(opening: str, closing: str) -> None:
    text = f"### B001 — A\n- Status: [x]\n\n{opening}\n### B002 — B\n- Status: [ ]\n"
    assert lines.left_open(text) == closing
    assert codes(text) == ["HEADER_ALMOST"]
    assert codes(f"{text}{closing}\n") == []


@pytest.mark.parametrize("opening", ["```\nlog", "~~~", "<!-- todo"])
def test_a_journal_entry_after_an_open_fence_or_comment_can_be_read_again(opening: str) -> None:
    text = f"# Project\n\n{opening}"
    for number in range(3):
        text = sections.append_journal(
            text, sections.journal_line("2026-01-05T09:00:00.000Z", "item_failed", f"{number}", "en"), "P", "en"
        )
    assert [entry.message for entry in sections.read_journal(text)] == ["0", "1", "2"]
    assert text.count("## Journal") == 1


def test_a_dated_line_inside_a_fence_is_no_journal_entry() -> None:
    text = "## Journal\n- [2026-01-05T09:00:00.000Z] ITEM FAILED — a\n```\n- [2026-01-05T09:00:00.000Z] ITEM DELIVERED — b\n```\n"
    assert [entry.kind for entry in sections.read_journal(text)] == ["item_failed"]


def test_a_comment_between_criteria_is_not_part_of_one() -> None:
    text = "### B001 — A\n- Acceptance criteria:\n  - [ ] one — check: `a`\n  <!-- old:\n  - [ ] two — check: `b` -->\n  - [ ] three — check: `c`\n"
    found, findings = criteria.read(text, 0, len(text))
    assert [one.text for one in found] == ["one", "three"]
    assert not findings


# ------------------------------------------------------------------------------------------- entries


def test_a_field_without_a_blank_after_its_bullet_counts_as_for_the_peer() -> None:
    found = entries.parse("### B001 — A\n-Priorité:P2\n-Statut:[x]\n").entries[0]
    assert (found.priority, found.state) == (2, State.DELIVERED)
    flipped = entries.set_state(entries.parse("### B001 — A\n-Statut:[x]\n"), "B001", State.PENDING)
    assert flipped.text == "### B001 — A\n-Statut:[ ]\n"


def test_a_status_line_that_is_added_stands_where_the_other_fields_stand() -> None:
    document = entries.parse("### B001 — A\n  - Depends on: B002\n\n### B002 — B\n- Status: [ ]\n")
    flipped = entries.set_state(document, "B001", State.ACTIVE)
    assert flipped.text.startswith("### B001 — A\n  - Status: [/]\n  - Depends on: B002\n")
    assert entries.parse(flipped.text).entries == flipped.entries


def test_the_findings_of_an_edited_document_stand_where_they_belong() -> None:
    document = entries.parse("### B001 — A\n\n### B002 — B\n- Status: [ ]\n- Status: [x]\n")
    flipped = entries.set_state(document, "B001", State.ACTIVE)
    again = entries.parse(flipped.text)
    assert [(one.code, one.offset) for one in flipped.findings] == [(one.code, one.offset) for one in again.findings]
    assert flipped.entries == again.entries


def test_a_heading_inside_an_item_ends_it_only_at_level_one_or_two() -> None:
    body = "- Priority: P1\n- Size: S\n- Status: [ ]\n- Depends on: —\n"
    inside = entries.parse(f"### B001 — A\n{body}\n#### Details\nprose\n\n## Notes\nmore\n")
    assert inside.section("B001").endswith("prose")
    indented = entries.parse(f"### B001 — A\n{body}  ### B002 — B\n{body}")
    assert [entry.id for entry in indented.entries] == ["B001", "B002"]


def test_a_dependency_written_twice_is_one() -> None:
    canonical = "### B001 — A\n- Priority: P1\n- Size: S\n- Status: [ ]\n- Depends on: B002, B002\n"
    assert entries.parse(canonical).entries[0].depends == ("B002",)


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("### B001 — C#", "C#"),
        ("### B001 — A ##", "A"),
        ("### B001 — #5 first", "#5 first"),
        ("###  B001 —  A \r", "A"),
    ],
)
def test_titles(header: str, title: str) -> None:
    assert entries.parse(header + "\n").entries[0].title == title


def test_a_header_without_a_title_is_said() -> None:
    assert codes("### B001 — ##\n") == ["HEADER_ALMOST"]
    assert codes("### B001 —\n") == ["HEADER_ALMOST"]


# ------------------------------------------------------------------------------------------- criteria


@pytest.mark.parametrize(
    ("text", "words", "command"),
    [
        ("a — check: `b`", "a", "b"), ("a - check: `b`.", "a", "b"), ("a –– guard : ``b ` c``", "a", "b ` c"), ("a — preuve : `b`  ", "a", "b"),
        ("a `x` — CHECK: `b`", "a `x`", "b"), ("— check: `b`", "", "b"), ("a — check: ```b`` c```", "a", "b`` c"),
    ],
)  # fmt: skip
def test_checks(text: str, words: str, command: str) -> None:
    found = criteria.split_check(text)
    assert (found[0], found[1] and found[1].command, found[2]) == (words, command, "")


@pytest.mark.parametrize(
    "text",
    ["a — check: `b` — guard: `c`", "a — check: b", "a — check: ``", "a — check: `b` and more", "a — check: `\x00`"],
)
def test_a_check_that_cannot_be_told_is_said(text: str) -> None:
    words, check, problem = criteria.split_check(text)
    assert check is None
    assert problem
    assert words


@pytest.mark.parametrize("command", ["a", "a`b", "`a`", "a``", "``a` b", " a ", "a'b\"c"])
def test_a_check_that_is_written_is_read_back(command: str) -> None:
    for language in ("en", "fr"):
        check = criteria.Check("guard", command.strip())
        written = "words" + criteria.render_check(check, language)
        assert criteria.split_check(written) == ("words", check, "")


# ----------------------------------------------------------------------------------- todo, sync, escalations


def test_boxes() -> None:
    assert [task.text for task in todo.parse("- []\n- []] x\n- [X] y\n").tasks] == ["", "y"]
    assert todo.tick_all("- []\n- [ ] a\n- [-] b\n") == "- [x]\n- [x] a\n- [x] b\n"


def test_a_sync_file_with_a_byte_order_mark_is_quiet() -> None:
    assert todo.is_quiet("\ufeff# Sync Issues\n")


PENDING = "## Escalations\n\n### ESC-1\n{status}#### Contexte\nStatut : x\n"


def test_a_block_without_a_status_line_can_be_decided() -> None:
    text = PENDING.format(status="")
    found = sections.read_escalations(text)[0]
    decided = sections.resolve_escalation(text, found, "yes", "T", "fr")
    assert decided == PENDING.format(status="Statut : DÉCIDÉ — yes (T)\n")
    assert sections.read_escalations(decided)[0].decision == "yes"


@pytest.mark.parametrize(
    ("status", "decision"),
    [
        ("Statut : DÉCIDÉ — oui (T)", "oui"), ("Statut : DE\u0301CIDE\u0301 - oui (T)", "oui"), ("status: decided – yes (really) (T)", "yes (really)"),
        ("Status: DECIDED — yes", "yes"), ("Status: DECIDED — (T)", ""), ("Statut : EN ATTENTE DE DÉCISION", ""), ("Status: DECIDED — a) b (T)", "a) b"),
    ],
)  # fmt: skip
def test_decisions(status: str, decision: str) -> None:
    assert sections.read_escalations(PENDING.format(status=status + "\n"))[0].decision == decision


# ----------------------------------------------------------------------------------- size is no danger


LONG = 65_536
BLANK = " " * LONG


@pytest.mark.parametrize(
    "text",
    [
        f"# a{BLANK}b", f"# {'# ' * (LONG // 2)}b", f"### B001 — {BLANK}", f"### B001 — a{BLANK}b", f"### B001 — {'#' * LONG}x",
        f"### B001 — a\n- Depends on: B002{BLANK}B003", f"### B001 — a\n- Acceptance criteria:\n  - [ ] a{BLANK}b",
        f"### B001 — a\n- Acceptance criteria:\n  - [ ] {'-' * LONG}b", f"### B001 — a\n- Acceptance criteria:\n  - [ ] a — check: {'`' * 4000}b",
        f"### B001 — a\n- Acceptance criteria:\n  - [ ] {'— check: `a ' * 5000}`", f"- {'*' * LONG}", f"<!--{BLANK}echelon:mission{BLANK}",
        f"### ESC-1\nStatus: DECIDED — a{BLANK}b\n", f"### ESC-1\nStatus:{BLANK}x", "### ESC-1\n" * 20_000, "## Journal\n" * 20_000,
        "### B001 — a\n" * 5000, "- [ ] a\n" * 20_000, "\n" * LONG, f"- {BLANK}:", "`" * LONG, "> " * LONG,
    ],
    ids=range(22),
)  # fmt: skip
def test_a_hostile_line_costs_no_more_than_its_length(text: str) -> None:
    """The suite's time limit is the assertion: each of these took minutes or more with a careless pattern."""
    document = entries.parse(text)
    for entry in document.entries[:1]:
        criteria.read(text, *document.span(entry.id))
    entries.parse(text, quick=False)
    spec.parse(text)
    todo.parse(text)
    todo.is_quiet(text)
    sections.read_journal(text)
    sections.read_escalations(text)
    render.one_line(text)
    render.quote(text)


@pytest.mark.parametrize(
    "text", ["{, " + "/**/" * 200 + "x", "{, " + "// " * 200 + "\nx", '{"a": 1' + "," * 5000, "/*" * 5000], ids=range(4)
)
def test_a_hostile_configuration_costs_no_more_than_its_length(text: str) -> None:
    _, findings = config.parse(text, "file")
    assert [finding.code for finding in findings] == ["CONFIG_SYNTAX"]


@pytest.mark.parametrize("words", ["health check: answers 200", "the guard: a person who looks", "preuve: un test"])
def test_prose_with_the_word_check_is_prose(words: str) -> None:
    assert criteria.split_check(words) == (words, None, "")


@pytest.mark.parametrize("words", ["a — check: pytest", "a check: `pytest`", "a - guard: make test"])
def test_a_check_that_was_meant_and_is_malformed_is_said(words: str) -> None:
    assert criteria.split_check(words)[2]
