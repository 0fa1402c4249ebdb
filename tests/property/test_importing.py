"""Laws of imports: any files give documents or a clear InputError; what is written reads back; no text becomes a check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import importable
import proofs
import texts
from echelon.core.documents import criteria, entries, graph, spec
from echelon.core.importing import formats, front, located, markdown
from echelon.core.importing.model import Files, Imported, natural
from echelon.errors import InputError, LimitError

FORMATS = sorted(formats.FORMATS)
ALLOWED = {"DEPENDENCY_CYCLE"}  # a circle of the origin stays one, and doctor explains it


def check_imported(imported: Imported) -> None:
    """The documents are sound: as many items as rows, in the canonical form, with nothing to find and nothing to run."""
    for quick in (True, False):
        document = entries.parse(imported.backlog, quick=quick)
        assert [(entry.id, entry.title, entry.depends) for entry in document.entries] == [
            (row.id, row.title, row.depends) for row in imported.rows
        ]
        assert document.findings == ()
    assert {finding.code for finding in graph.graph_findings(document)} <= ALLOWED
    for entry, row in zip(document.entries, imported.rows, strict=True):
        promises, odd = criteria.read(imported.backlog, *document.span(entry.id), entry.id)
        assert odd == ()
        assert len(promises) == row.criteria
        assert all(promise.check is None and not promise.ticked for promise in promises)
        assert entry.state.value in ("pending", "suspended")
    rules = spec.parse(imported.spec)
    assert rules.findings == ()
    assert all(check is None for _, check in rules.done)
    assert rules.section("objective") or any(section.key == "objective" for section in rules.sections)
    for text in (imported.spec, imported.backlog):
        text.encode("utf-8")  # no lone surrogates
        assert "\x1b" not in text and "\0" not in text
    for note in imported.notes:
        assert note.text and (note.path or not note.line)


def read(files: Files, name: str = "") -> Imported | None:
    try:
        imported = formats.read(files, "en", "Shop", name, everything=False)
        formats.read(files, "fr", "Atelier", name, everything=True)
    except (InputError, LimitError) as error:
        assert error.code.startswith("IMPORT_") and error.next_step
        return None
    check_imported(imported)
    return imported


# ----------------------------------------------------------------------------------------------------- totality

NAMES = ("a.md", "backlog/tasks/task-1 - a.md", "specs/001-a/tasks.md", "specs/001-a/spec.md", "openspec/changes/a/tasks.md",
         "openspec/changes/a/specs/b/spec.md", "docs/stories/1.1.a.md", "epics.md", "tasks.json", "issues.json", "sprint-status.yaml",
         "backlog/config.yml")  # fmt: skip
_PIECES = (
    "---", "id: TASK-1", "title: x", "status: Done", "dependencies:", "  - TASK-2", "dependencies: [a, 'b", "priority: high", "key: >-", "## Description",
    "## Acceptance Criteria", "<!-- AC:BEGIN -->", "- [ ] #1 a", "- [x] done", "- [ ] T001 [P] [US1] a (depends on T002)", "- [ ] T002 b", "## Phase 1: Setup",
    "## Phase 3: User Story 1 - a (Priority: P1)", "### User Story 1 - a (Priority: P2)", "**Acceptance Scenarios**:", "1. **Given** a, **When** b, **Then** c",
    "# Story 1.1: a", "### Story 1.2: b", "Status: done", "**Prerequisites:** Story 1.1", "**Given** x", "**Then** y", "# Epic 1: c", "## 1. Group", "- [ ] 1.1 a",
    "### Requirement: a", "#### Scenario: b", "- **WHEN** c", "## ADDED Requirements", "  1-1-a: done", "development_status:", "    - deeper", "### B001 — a", "```",
    "project_name: x", "definition_of_done: [a]", "- [ ] a — check: `rm -rf ~`", "- a — guard: b", "## Definition of done",
)  # fmt: skip
_text = st.one_of(
    texts.documents,
    st.lists(st.one_of(st.sampled_from(_PIECES), st.sampled_from(_PIECES), st.text(max_size=8)), max_size=25).map(
        "\n".join
    ),
    st.lists(st.sampled_from(_PIECES), max_size=25).map("\r\n".join),
)
_plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(_PIECES)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)),
    max_leaves=12,
)
_FIELDS = ("id", "number", "title", "description", "details", "status", "state", "priority", "dependencies", "subtasks", "testStrategy",
           "acceptanceCriteria", "body", "labels", "blockedBy", "url", "closed", "stateReason", "nodes", "name", "milestone", "pull_request")  # fmt: skip
_row: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(_FIELDS), st.one_of(_plain, st.integers(0, 9), st.sampled_from(_PIECES)), max_size=9
)
_rows = st.lists(st.one_of(_row, _row.map(lambda row: {"number": 1, "title": "t", "id": 1, **row}), _plain), max_size=5)
_json = st.one_of(
    _plain,
    _rows,
    _rows.map(lambda rows: {"tasks": rows}),
    _rows.map(lambda rows: {"master": {"tasks": rows}}),
    _rows.map(lambda rows: {"items": rows}),
).map(json.dumps)
_files = st.dictionaries(st.sampled_from(NAMES), st.one_of(_text, _json), max_size=4)


@proofs.examples(200, 20_000)
@given(_files, st.sampled_from(["", *FORMATS]))
def test_any_files_are_documents_or_a_clear_error(files: Files, name: str) -> None:
    read(files, name)


@given(st.one_of(_json, st.text(max_size=40), texts.anything))
def test_any_json_is_a_value_or_a_place(text: str) -> None:
    try:
        found = located.parse(text, "x.json")
    except InputError as error:
        assert error.code == "IMPORT_BROKEN" and error.message.startswith("x.json")
        return
    plain = json.loads(text.removeprefix("\ufeff"))
    assert json.dumps(found) == json.dumps(plain)


@pytest.mark.parametrize("name", FORMATS)
@given(st.data())
@proofs.examples(40, 3_000)
def test_a_real_file_after_accidents_is_still_read(name: str, data: st.DataObject) -> None:
    files = dict(data.draw(st.sampled_from((importable.TIDY[name], importable.MESSY[name]))))
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(sorted(files)))
        text = files[path]
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from((0, 1, 3, 30)))
        files[path] = (
            text[:at] + data.draw(st.one_of(st.sampled_from(_PIECES), st.text(max_size=3))) + text[at + length :]
        )
    read(files, name)
    read(files)


# ---------------------------------------------------------------------------------------------------- the parts


@given(st.text(max_size=200))
def test_comments_become_blanks_and_lines_keep_their_numbers(text: str) -> None:
    assert markdown.without_comments(text).count("\n") == text.count("\n")


@given(_text)
def test_every_line_of_a_text_stands_in_one_section(text: str) -> None:
    scanned = markdown.scan(text)
    found = markdown.sections(scanned)
    assert sum(len(section.lines) for section in found) + len(found) - 1 == len(scanned)
    flat = markdown.every(markdown.bullets(scanned))
    assert [entry.line for entry in flat] == sorted(entry.line for entry in flat)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.one_of(st.text(max_size=12), st.lists(st.text(max_size=8), min_size=1, max_size=3)),
    )
)
def test_front_matter_in_quotes_reads_back(values: dict[str, str | list[str]]) -> None:
    rows = ["---"]
    for key, value in values.items():
        rows += (
            [f"{key}:", *(f"  - {_quoted(item)}" for item in value)]
            if isinstance(value, list)
            else [f"{key}: {_quoted(value)}"]
        )
    found, below, above = front.split("\n".join([*rows, "---", "body"]))
    assert below == "body" and above == len(rows) + 1
    for key, value in values.items():
        assert (
            found[key].items == tuple(item for item in value if item)
            if isinstance(value, list)
            else found[key].text == value
        )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r") + '"'


@given(st.lists(st.text(max_size=6), max_size=8))
def test_natural_order_is_an_order(words: Sequence[str]) -> None:
    ordered = sorted(words, key=natural)
    assert sorted(ordered, key=natural) == ordered
    assert sorted(["T10", "T9", "T1"], key=natural) == ["T1", "T9", "T10"]
