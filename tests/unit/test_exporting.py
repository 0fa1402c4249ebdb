"""Exports: every one is what the published schema says, and a graph whose titles are only titles."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import importable
import proofs  # noqa: F401 - the settings of all proofs
import texts
from echelon.cli.commands import export as command
from echelon.core.assembling import assemble
from echelon.core.config import Config
from echelon.core.documents.grammar import State
from echelon.core.exporting import data, mermaid
from echelon.core.importing import formats
from echelon.core.model import BACKLOG, SPEC
from worlds import Texts

SCHEMA = json.loads(command.schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

_ENTERPRISE = "# Enterprise\n\n- Capacity budget: 3\n- Strategy: equal\n- Parallelism: on\n\n"
_NODE = "### {} — {}\n- Priority: P2\n- Status: [{}]\n- Depends on: {}\n\n"
_ITEM = "### {} — {}\n- Priority: P1\n- Size: S\n- Status: [{}]\n- Depends on: {}\n- Files: `src/a.py`, b/*\n- Acceptance criteria:\n  - [ ] a — check: `true`\n  - [ ] b — guard: `make`\n  - [ ] c\n\n"
PORTFOLIO = {
    ".opencode/enterprise.md": _ENTERPRISE + _NODE.format("PGM-001", "One", " ", "—") + _NODE.format("PGM-002", "Two", " ", "PGM-001"),
    ".opencode/programs/PGM-001/program.md": _NODE.format("PRJ-001", "Uno", " ", "—") + _NODE.format("PRJ-002", "Due", " ", "PRJ-001"),
    ".opencode/programs/PGM-001/projects/PRJ-001/spec.md": "# Spec — Uno\n\n## Objective\nx\n\n## Definition of done\n- ok — guard: `ruff check`\n- prose\n",
    ".opencode/programs/PGM-001/projects/PRJ-001/backlog.md": _ITEM.format("B001", "First", "x", "—") + _ITEM.format("B002", "Second", " ", "B001, B009"),
    ".opencode/programs/PGM-001/projects/PRJ-002/spec.md": "# Spec — Due\n",
    ".opencode/programs/PGM-001/projects/PRJ-002/backlog.md": _ITEM.format("B001", "Third", "~", "PRJ-001/B002, PRJ-009/B001"),
    ".opencode/programs/PGM-002/program.md": "",
}  # fmt: skip


def exported(files: dict[str, str]) -> dict[str, Any]:
    value = data.export(assemble(Texts(files), Config({})).world)
    VALIDATOR.validate(json.loads(json.dumps(value)))
    return value


def test_the_schema_is_a_schema_and_says_its_own_name() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == data.SCHEMA == SCHEMA["properties"]["$schema"]["const"]


def test_a_schema_that_cannot_fail_would_hold_nothing() -> None:
    value = exported(PORTFOLIO)
    for spoil in (
        lambda item: item.pop("key"),
        lambda item: item.update(state="ready"),
        lambda item: item.update(priority=0),
        lambda item: item["criteria"][0]["check"].update(kind="test"),
        lambda item: item["dependsOn"].append("B001"),
        lambda item: item.update(coverage="green"),
    ):
        broken = json.loads(json.dumps(value))
        spoil(broken["items"][0])
        assert list(VALIDATOR.iter_errors(broken))


def test_a_portfolio_in_full() -> None:
    value = exported(PORTFOLIO)
    assert (value["depth"], value["capacity"]) == ("enterprise", {"budget": 3, "strategy": "equal", "parallel": True})
    assert [(row["key"], row["dependsOn"]) for row in value["programs"]] == [("PGM-001", []), ("PGM-002", ["PGM-001"])]
    first, second = value["projects"]
    assert (first["key"], first["program"], first["objective"]) == ("PGM-001/PRJ-001", "PGM-001", "x")
    assert first["definitionOfDone"] == [
        {"text": "ok", "check": {"kind": "guard", "command": "ruff check"}}, {"text": "prose", "check": None},
    ]  # fmt: skip
    assert second["dependsOn"] == ["PRJ-001"] and second["folder"] == ".opencode/programs/PGM-001/projects/PRJ-002"
    done, waiting, other = value["items"]
    assert (done["state"], done["coverage"]) == ("delivered", "none")  # marked, and nobody proved it
    assert waiting["coverage"] is None and waiting["files"] == ["src/a.py", "b/*"]
    assert waiting["dependsOn"] == [{"id": "B001", "key": "PGM-001/PRJ-001/B001"}, {"id": "B009", "key": None}]
    assert [one["check"] for one in waiting["criteria"]] == [
        {"kind": "check", "command": "true"}, {"kind": "guard", "command": "make"}, None,
    ]  # fmt: skip
    assert other["dependsOn"] == [
        {"id": "PRJ-001/B002", "key": "PGM-001/PRJ-001/B002"},
        {"id": "PRJ-009/B001", "key": None},
    ]


def test_a_single_backlog_and_an_empty_workspace() -> None:
    alone = exported({SPEC: "# Spec — Shop\n", BACKLOG: _ITEM.format("B001", "One", "/", "—")})
    assert (alone["depth"], alone["title"], alone["programs"], alone["capacity"]) == ("project", "Shop", [], None)
    assert [row["key"] for row in alone["projects"]] == [""] and alone["items"][0]["key"] == "B001"
    empty = exported({})
    assert (empty["programs"], empty["projects"], empty["items"]) == ([], [], [])


@pytest.mark.parametrize("kind", sorted(importable.TIDY))
def test_what_was_imported_is_exported(kind: str) -> None:
    imported = formats.read(importable.MESSY[kind], "en", "Shop", everything=True)
    value = exported({SPEC: imported.spec, BACKLOG: imported.backlog})
    assert [(item["id"], item["title"]) for item in value["items"]] == [(row.id, row.title) for row in imported.rows]
    assert [tuple(wanted["key"] for wanted in item["dependsOn"]) for item in value["items"]] == [
        row.depends for row in imported.rows
    ]


@given(texts.documents, texts.documents, texts.documents)
def test_every_workspace_has_an_export(first: str, second: str, third: str) -> None:
    for files in (
        {SPEC: first, BACKLOG: second},
        {".opencode/program.md": third, ".opencode/projects/PRJ-001/backlog.md": second, BACKLOG: second},
        {
            **PORTFOLIO,
            ".opencode/programs/PGM-001/projects/PRJ-001/backlog.md": second,
            ".opencode/enterprise.md": _ENTERPRISE + third,
        },
    ):
        value = exported(files)
        check_graph(mermaid.mermaid(value), value)


# -------------------------------------------------------------------------------------------------------- mermaid

_LABEL = r'"(?:[^"#\n]|#\d+;)*"'
_ROW = re.compile(
    rf"%% echelon export 1|flowchart LR| *i\d+\[{_LABEL}\]| *subgraph [pg]\d+\[{_LABEL}\]| *end|  ([ipg])\d+ --> \1\d+"
    rf"|  classDef ({'|'.join(state.value for state in State)}) fill:#\w{{6}},stroke:#\w{{6}},color:#\w{{6}}"
    rf"|  class i\d+(?:,i\d+)* ({'|'.join(state.value for state in State)})"
)


def check_graph(text: str, value: dict[str, Any]) -> None:
    """Every row is of a shape that we wrote; there is a node for each item and an arrow for each dependency of keys."""
    rows = text.rstrip("\n").split("\n")
    assert [row for row in rows if not _ROW.fullmatch(row)] == []
    nodes = re.findall(r"^ *(i\d+)\[", text, re.MULTILINE)
    keys = {item["key"] for item in value["items"]}
    assert len(nodes) == len(set(nodes)) or len(keys) < len(value["items"])  # ids may repeat in a broken file
    assert len([row for row in rows if " --> " in row and "  i" in row]) == sum(
        wanted["key"] in keys for item in value["items"] for wanted in item["dependsOn"]
    )
    assert sum(row.strip() == "end" for row in rows) == sum(
        "subgraph" in row for row in rows if "[" in row and row.strip().startswith("subgraph")
    )


@given(st.text(max_size=80))
def test_a_title_is_only_a_title(title: str) -> None:
    value = exported({BACKLOG: _ITEM.format("B001", "x", " ", "—")})
    value["items"][0]["title"] = title
    check_graph(mermaid.mermaid(value), value)


@pytest.mark.parametrize(
    "title",
    ['"]; click i0 "javascript:alert(1)"', '%%{init: {"theme": "dark"}}%%', "style a:#35; b;", "`**md**`", "<img src=x>", "a --> b", "end", "#quot;", "a\nsubgraph x"],
)  # fmt: skip
def test_signs_of_mermaid_are_written_as_codes(title: str) -> None:
    """All of these were parsed by Mermaid 11.17 as one node with this title."""
    value = exported({BACKLOG: _ITEM.format("B001", "x", " ", "—")})
    value["items"][0]["title"] = title
    row = next(row for row in mermaid.mermaid(value).split("\n") if row.startswith("  i0["))
    label = row[len('  i0["') : -len('"]')]
    assert not set('"<>&`%:[]{}|;@$\\~=') & set(re.sub(r"#\d+;", "", label))
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label) == "B001 " + " ".join(title.split()).replace(
        "-->", "--›"
    )


def test_projects_and_programs_are_frames_and_wait_too() -> None:
    text = mermaid.mermaid(exported(PORTFOLIO))
    assert '  subgraph g0["PGM-001 One"]\n    subgraph p0["PRJ-001 Uno"]\n      i0["B001 First"]\n' in text
    assert "  p0 --> p1\n" in text and "  i0 --> i1\n" in text and "  i1 --> i2\n" in text
    assert "g1" not in text  # nothing is in it
    assert "  class i0 delivered\n" in text and "  class i2 suspended\n" in text
