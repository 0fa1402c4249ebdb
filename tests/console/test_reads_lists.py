"""Overview, backlog, portfolio, graph, journal, settings and documents, on workspaces that lie on a disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from echelon.console.answers import Answer
from echelon.console.reads import (
    backlog,
    evidence,
    files,
    graph,
    item,
    journal,
    mission,
    overview,
    portfolio,
    reporting,
    settings,
    slots,
    source,
    validation,
)  # fmt: skip
from echelon.core.decide import Refusal
from mirrors import Still, entry, still
from mirrors import portfolio as texts_of

HOSTILE = (
    "x\x1b[2J\u202e <img src=x onerror=alert(1)> \x00 $& $1 \udced\udca0\udcbd `rm -rf`"  # also bytes that are no UTF-8
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Still:
    """Three programs of two projects of nine items."""
    return still(tmp_path_factory.mktemp("fleet"), texts_of(3, 2, 9))


def plain(folder: Path, *items: str, **more: str) -> Still:
    texts = {
        ".opencode/spec.md": "# Spec — W\n\n## Objective\nOne.\n",
        ".opencode/backlog.md": "# Backlog — W\n\n" + "".join(items),
    }
    return still(folder, {**texts, **more})


def one(answer: Answer | Refusal) -> dict[str, object]:
    """As the page gets it; it must be JSON that any reader takes."""
    assert isinstance(answer, Answer), answer
    sent = answer.model_dump_json()
    sent.encode("utf-8")
    return json.loads(sent)


# ------------------------------------------------------------------------------------------------ backlog


def test_the_backlog_is_a_page_of_a_query(fleet: Still) -> None:
    found = backlog.backlog(fleet, scope="PGM-002/PRJ-001", limit=4, offset=1)
    assert isinstance(found, backlog.Backlog)
    assert [row.id for row in found.items] == ["B002", "B003", "B004", "B005"]
    assert (found.total, found.matched, found.counts["delivered"]) == (9, 9, 3)
    assert found.path == ".opencode/programs/PGM-002/projects/PRJ-001/backlog.md"
    ready = {row.id: row for row in found.items}
    assert ready["B004"].eligible and not ready["B005"].eligible
    assert [row.code for row in ready["B005"].blocked_by] == ["DEPENDENCY_UNMET"]
    assert ready["B002"].coverage == "none" and ready["B004"].coverage == ""


def test_words_states_and_scopes_narrow_it(fleet: Still) -> None:
    found = backlog.backlog(fleet, q="ELAN word7 prj-002", state="pending", sort="priority")
    assert isinstance(found, backlog.Backlog)
    assert {row.key for row in found.items} == {f"PGM-00{n}/PRJ-002/B007" for n in (1, 2, 3)}
    assert found.total == 54 and found.matched == 3
    below = backlog.backlog(fleet, scope="PGM-001", coverage="none", limit=500)
    assert isinstance(below, backlog.Backlog) and below.total == 18 and below.matched == 6
    by_path = backlog.backlog(fleet, path=".opencode/programs/PGM-001/projects/PRJ-002/backlog.md")
    assert isinstance(by_path, backlog.Backlog) and by_path.scope == "PGM-001/PRJ-002"


@pytest.mark.parametrize(
    "query", [{"scope": "PGM-009"}, {"scope": "../x"}, {"path": "/etc/passwd"}, {"path": "../backlog.md"}]
)
def test_another_place_is_refused(fleet: Still, query: dict[str, str]) -> None:
    """Peer-console.md §2 rows 8 and 10: no path of a request is ever opened."""
    found = backlog.backlog(fleet, **query)  # type: ignore[arg-type]
    assert isinstance(found, Refusal) and found.code == "PROJECT_UNKNOWN"


def test_pages_are_bounded_and_odd_offsets_are_none(fleet: Still) -> None:
    for offset, limit, count in ((0, 10**9, 54), (-5, 3, 3), (10**9, 10, 0), (0, -1, 0)):
        found = backlog.backlog(fleet, offset=offset, limit=limit)
        assert isinstance(found, backlog.Backlog) and len(found.items) == count
    assert source.page_of(0, 10**6) == slice(0, source.PAGE_MAX)


def test_no_backlog_is_an_answer_with_every_field(tmp_path: Path) -> None:
    """Peer-console.md §5.1: the blank page."""
    bare = still(tmp_path, {".opencode/context.md": "nothing\n"})
    found = one(backlog.backlog(bare))
    assert found["exists"] is False and found["items"] == [] and found["validation"] == []
    assert one(overview.overview(bare))["inbox"] == []
    assert one(portfolio.portfolio(bare))["programs"] is not None
    assert one(graph.graph(bare))["nodes"] == []


def test_what_the_parser_found_stands_beside_the_backlog(tmp_path: Path) -> None:
    bad = plain(tmp_path, entry("B001", "One"), "### B002 no dash\n- Priority: P9\n")
    found = backlog.backlog(bad)
    assert isinstance(found, backlog.Backlog) and found.validation
    assert all(row.path == ".opencode/backlog.md" and row.line > 0 for row in found.validation)


# --------------------------------------------------------------------------------------- the whole portfolio


def test_the_portfolio_has_its_tree_shares_and_charts(fleet: Still) -> None:
    found = portfolio.portfolio(fleet)
    assert found.depth == "enterprise" and [row.key for row in found.programs] == ["PGM-001", "PGM-002", "PGM-003"]
    assert [row.key for row in found.programs[1].projects] == ["PGM-002/PRJ-001", "PGM-002/PRJ-002"]
    assert found.programs[0].counts["total"] == 18 and found.programs[0].projects[0].evidence["none"] == 3
    assert sum(row.slots for row in found.allocation) <= found.budget
    assert all(row.why is not None and row.why.levers for row in found.allocation)
    assert not found.forecast.enough and found.forecast.left == 36
    assert "list" not in json.dumps(one(found)), "a project has no item lists"


def test_the_graph_marks_the_longest_chain_of_what_is_left(fleet: Still) -> None:
    found = graph.graph(fleet, "PGM-001/PRJ-001")
    assert isinstance(found, graph.Graph)
    shown = one(found)
    assert shown["edges"][0] == {"from": "PGM-001/PRJ-001/B001", "to": "PGM-001/PRJ-001/B002"}  # type: ignore[index]
    whole = graph.graph(fleet)
    assert isinstance(whole, graph.Graph)
    critical = [row.key for row in whole.nodes if row.critical]
    assert len(critical) == 6 and critical == sorted(critical)


def test_a_large_graph_leaves_the_settled_out_first(tmp_path: Path) -> None:
    rows = [entry(f"B{n:03}", "t", marker="x" if n <= 300 else " ") for n in range(1, 601)]
    found = graph.graph(plain(tmp_path, *rows))
    assert isinstance(found, graph.Graph)
    assert len(found.nodes) == graph.NODES_MAX and found.left_out == 200
    assert sum(1 for row in found.nodes if row.state == "pending") == 300


def test_what_waits_elsewhere_is_in_the_graph_of_a_project(tmp_path: Path) -> None:
    texts = texts_of(1, 2, 2)
    place = ".opencode/programs/PGM-001/projects/PRJ-002/backlog.md"
    texts[place] = "# Backlog — P\n\n" + entry("B001", "Waits", "PRJ-001/B002")
    found = graph.graph(still(tmp_path, texts), "PGM-001/PRJ-002")
    assert isinstance(found, graph.Graph)
    assert [(row.key, row.outside) for row in found.nodes] == [
        ("PGM-001/PRJ-002/B001", False),
        ("PGM-001/PRJ-001/B002", True),
    ]


def test_the_overview_says_what_waits_with_its_action(tmp_path: Path) -> None:
    escalation = (
        "# Project\n\n## Escalations\n\n### ESC-2026-01-05T09-00-00-000Z\nStatus: PENDING DECISION\n\n#### Context\n"
        "B003 — which $1 colour?\n\n#### Options\n1. **red**\n   - For: warm\n   - Against: loud\n2. **blue**\n\n#### Expected decision\nA colour.\n"
    )
    here = plain(
        tmp_path, entry("B001", "One", marker="-"), entry("B002", "Two", marker="~"), entry("B003", "Three"),
        **{".opencode/project.md": escalation},
    )  # fmt: skip
    found = overview.overview(here)
    kinds = {row.kind: row for row in found.inbox}
    assert set(kinds) == {"escalation", "failed", "suspended"}
    held = kinds["escalation"]
    assert (held.key, held.action, held.since) == ("B003", "resolve_escalation", "2026-01-05T09:00:00.000Z")
    assert [row.label for row in held.options] == ["red", "blue"] and "$1" in held.text
    assert (kinds["failed"].action, kinds["failed"].arguments) == ("backlog_reopen_item", {"item_id": "B001"})
    assert (kinds["suspended"].action, kinds["suspended"].arguments) == ("backlog_resume_item", {"itemId": "B002"})
    assert len({row.id for row in found.inbox}) == 3


def test_a_broken_setting_waits_for_a_hand(tmp_path: Path) -> None:
    here = plain(tmp_path, entry("B001", "One"), **{".opencode/orchestrator.jsonc": '{"limits": {"attempts": 0}}'})
    found = overview.overview(here)
    assert [(row.kind, row.title) for row in found.inbox] == [("finding", "CONFIG_INVALID")]
    assert settings.settings(here).problems


def test_a_damaged_log_does_not_hide_what_runs(tmp_path: Path) -> None:
    here = plain(tmp_path, entry("B001", "One", marker="-"))
    assert not isinstance(here.engine.write("test", lambda _w, _n: {".opencode/context.md": "x\n"}), Refusal)
    log = here.workspace.root / ".opencode/echelon/operations.jsonl"
    log.write_bytes(log.read_bytes().replace(b"test", b"tEst"))
    fresh = Still(type(here.engine)(type(here.workspace)(here.workspace.root, here.workspace.places, {})))
    found = overview.overview(fresh)
    assert "OPERATION_LOG_BROKEN" in found.trouble and found.changes == []
    assert [row.kind for row in found.inbox] == ["failed"]


# ------------------------------------------------------------------------------------------- smaller views


def test_every_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    here = plain(tmp_path, entry("B001", "One"), **{".opencode/orchestrator.jsonc": '{\n  "language": "fr"\n}'})
    rows = {row.key: row for row in settings.settings(here).settings}
    assert rows["language"].value == "fr" and rows["language"].source == ".opencode/orchestrator.jsonc:2:3"
    assert rows["policy"].source == "default"
    sent = one(settings.settings(here))["settings"]
    assert sent[0]["from"] == ".opencode/orchestrator.jsonc:2:3"  # type: ignore[index]


def test_the_table_of_actions_is_told_with_schemas() -> None:
    rows = {row.name: row for row in settings.actions().actions}
    shape = rows["backlog_fail_item"].arguments
    assert shape["required"] == ["reason"] and shape["properties"]["reason"]["description"]
    assert rows["backlog_rework_item"].callers == "persons only"


def test_only_documents_of_the_list_are_read(tmp_path: Path) -> None:
    """Peer-console.md §2 rows 6 and 7."""
    here = plain(tmp_path, entry("B001", "One"), **{"README.md": "mine\n"})
    (here.workspace.root / ".opencode/leak.md").symlink_to("/etc/passwd")
    listed = [row.path for row in files.documents(here).files]
    assert ".opencode/spec.md" in listed and all(path.startswith(".opencode/") for path in listed)
    text = files.document(here, ".opencode/backlog.md")
    assert isinstance(text, files.DocumentText) and text.text.startswith("# Backlog")
    for path in (
        "README.md",
        ".opencode/leak.md",
        ".opencode/../README.md",
        "/etc/passwd",
        "",
        "\0",
        ".opencode/echelon/missions.json",
    ):
        found = files.document(here, path)
        assert isinstance(found, Refusal) and found.code == "DOCUMENT_UNKNOWN", path


def test_a_journal_is_shown_from_its_end(tmp_path: Path) -> None:
    lines = "".join(f"- [2026-01-01T00:00:0{n}.000Z] ITEM STARTED — B00{n} — t\n" for n in range(1, 6))
    here = plain(tmp_path, entry("B001", "One"), **{".opencode/project.md": f"# Project\n\n## Journal\n{lines}"})
    found = journal.journal(here)
    assert isinstance(found, journal.Journal)
    assert [row.text[:4] for row in found.entries] == ["B005", "B004", "B003", "B002", "B001"]
    assert found.entries[0].type == "item_started" and found.exists and found.left_out == 0
    for file in ("program", "enterprise"):
        assert isinstance(journal.journal(here, file), Refusal)  # type: ignore[arg-type]
    assert isinstance(journal.journal(here, "project", "PRJ-404"), Refusal)


def test_the_report_comes_in_three_forms(fleet: Still) -> None:
    assert reporting.report(fleet).content.startswith("# Report")
    assert json.loads(reporting.report(fleet, "json").content)["depth"] == "enterprise"
    page = reporting.report(fleet, "html")
    assert page.content.startswith("<!doctype html>") and page.filename == "report.html"


def test_the_validation_has_places_and_a_plan(tmp_path: Path) -> None:
    bad = plain(
        tmp_path, entry("B001", "One", "B777"), "### B002 — Two\n- Priority: P2\n- Status: [X]\n- Depends on: —\n"
    )
    found = validation.validation(bad)
    assert found.counts["error"] + found.counts["warning"] == len(
        [row for row in found.findings if row.severity != "info"]
    )
    assert {row.code for row in found.findings} >= {"UNKNOWN_DEPENDENCY"}
    assert all(row.meaning and row.next_step for row in found.findings)
    assert found.plan and all(row.repair for row in found.plan)


def test_the_same_world_is_looked_at_once(fleet: Still) -> None:
    assert source.view(fleet) is source.view(fleet)
    before = source.view(fleet)
    assert source.view(fleet.look()) is not before
    assert portfolio.portfolio(fleet).programs == portfolio.portfolio(fleet).programs


# ------------------------------------------------------------------------------------------------- hostile


def test_hostile_texts_are_data_everywhere(tmp_path: Path) -> None:
    """In titles, descriptions, journals, specs and names: no control character, no broken JSON, nothing interpreted."""
    raw = HOSTILE
    item_text = entry("B001", raw.replace("\x00", ""), more=f"- Description: {raw}\n")
    here = plain(
        tmp_path,
        item_text,
        **{".opencode/project.md": f"# P\n\n## Journal\n- [2026-01-01T00:00:00.000Z] {raw} — B001 {raw}\n"},
    )
    key = here.world.backlog.entries[0].id if here.world.backlog else ""
    answers = [
        overview.overview(here), backlog.backlog(here), portfolio.portfolio(here), graph.graph(here), item.item(here, key),
        journal.journal(here), settings.settings(here), files.documents(here), files.document(here, ".opencode/backlog.md"),
        evidence.evidence(here), mission.missions(here), slots.slots(here), validation.validation(here), reporting.report(here),
        reporting.report(here, "json"), reporting.report(here, "html"),
    ]  # fmt: skip
    for answer in answers:
        sent = json.dumps(one(answer), ensure_ascii=False)
        if not isinstance(answer, (files.DocumentText, reporting.Report)):
            assert "\\u001b" not in sent and "\\u0000" not in sent and "\u202e" not in sent, type(answer)
    assert isinstance(item.item(here, "B404"), Refusal) and isinstance(evidence.statement(here, HOSTILE), Refusal)
