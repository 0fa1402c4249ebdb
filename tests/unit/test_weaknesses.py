"""Each weakness of the peer (reference peer-levels.md §12, peer-slots-steering.md §7) that the pure core decides: a test.

| covered here | about |
|---|---|
| W1 W2 W3 W4 W5 W53 w11 | evidence is bound to item, attempt, tree and spec; boxes and checklists never replace it |
| W6 W7 W8 W54 W57 | what is read, what is said about what is not, what "complete" means |
| W21 W44 W46 W49 | double requests, one transaction per decision, the spec alarm, ways out |
| W28 W29 W30 W31 | journals: rotation loses nothing, entries stand under their heading |
| W32 W33 W34 W35 | free text is no structure, escalations have one id each, nothing is recorded as empty |
| W38 W39 W42 W47 | cycles, bullets after criteria, dependencies in other projects, the injected block |
| W-C13 W-E2 W-E3 W-E6 | flips that do nothing, contracts that lose lines, bytes, configuration |

| elsewhere | where |
|---|---|
| W22 W23 W24 W25 W26 W43 W61, W-A10 W-A11, symlinks and modes of w11 | store: tests/crash, tests/race |
| W-A1..A9 W-A12 W-B1..B14 W-C1 W-C5..C11 W-C15 W-D1..D9 | slots: tests/unit/test_slots_*, tests/adversarial, tests/e2e |
| W45 W51 and repair | doctor: tests/e2e |
| W8 W18 W19 W32 W35 W38 W41 W42b W42c W45 W49 W51, W-A5 W-A9 W-A12 W-B9 W-B11 W-B12 W-C2 W-C14 W-G4 | upper levels: test_weaknesses_levels.py |
| W10..W17 W20 W55 W56 W59 W60, W-C3 | working copies: test_storage.py, test_levels.py |
| W21, W-B13 W-C1 | the budget between processes: tests/race/test_budget.py |
| W-A2 W-A6 W-B2 W-B4 W-B7 W-C4 W-C6 W-C9..C12 W-G10 W-G11 | on real git: tests/e2e/test_weaknesses_levels.py |
| W36 W37 W38 W39 W40 | planning and scaffolding: test_planning.py, tests/property/test_planning.py, tests/e2e/test_planning.py |
| W-E1 W-E4 W-E5 W-E6 | the read guard: test_steering_guard.py, test_bridge_steering.py, opencode/test_tools.py |
| W-E7 W-F* W-G* | charter: tests/property/test_steering.py; the OpenCode host: tests/opencode |
"""

from __future__ import annotations

import itertools

import pytest

import worlds
from echelon.core import eligibility
from echelon.core import requests as ask
from echelon.core.config import Config
from echelon.core.config import parse as parse_config
from echelon.core.decide import Decision
from echelon.core.documents import criteria, entries, graph, render, sections, todo
from echelon.core.documents.entries import Kind
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Option
from echelon.core.levels import decide
from echelon.core.model import ACTIVE, ATTEMPTS, BACKLOG, CONTEXT, MISSIONS, PROJECT, SPEC, TODO

T = [f"2026-01-05T09:00:{second:02d}.000Z" for second in range(60)]


@pytest.fixture
def started() -> worlds.Files:
    """B001 in flight, its criterion without a check attested, so that only what a test changes stands in the way."""
    files = worlds.ask(worlds.two_items(), ask.StartItem(worlds.BASE, "B001"), T[0])
    return worlds.ask(files, ask.Attest("w" * 40, "person", "read"), T[1])


def refusal_codes(files: worlds.Files, request: ask.Request) -> set[str]:
    """Every code in the reasons of a refused close."""
    found = worlds.refused(files, request, T[9])
    return {row.split("]")[0].lstrip("[") for row in found.reasons} | {found.code}


# ------------------------------------------------------------------------------------------------ evidence


def test_W1_a_todo_of_another_item_proves_nothing(started: worlds.Files) -> None:
    closed = worlds.ask(started, worlds.closing(started, "B001"), T[2])
    record = "<!-- echelon:mission B001.1 -->\n- [x] a\n\n## Completion record\n- Notes: notes of B001\n"
    delivered = worlds.ask(closed, ask.Merged("B001", worlds.CANDIDATE, record), T[3])
    second = worlds.ask(delivered, ask.StartItem(worlds.BASE), T[4])
    stale = worlds.closing(second, "B002", todo=record)
    assert "TODO_STALE" in refusal_codes(second, stale)
    fresh = worlds.ask(second, worlds.closing(second, "B002"), T[5])
    done = worlds.ask(fresh, ask.Merged("B002", worlds.CANDIDATE, None), T[6])
    last = sections.read_journal(done[PROJECT])[-1]
    assert last.message.startswith("B002")
    assert "notes of B001" not in last.message
    assert "absent" in last.message


def test_W1_a_todo_in_place_is_written_anew_and_the_old_one_kept() -> None:
    files = worlds.two_items() | {TODO: "- [x] somebody else's\n"}
    base = ask.BaseFacts("", in_place=True)
    after = worlds.ask(files, ask.StartItem(base), T[0])
    assert todo.parse(after[TODO]).mission == "B001.1"
    assert [text for name, text in after.items() if "archive/todos" in name] == ["- [x] somebody else's\n"]


@pytest.mark.parametrize(
    "line",
    ["- [/] a", "- [-] a", "- [~] a", "- [?] a", "- [ ] a", "- [] a", "1. [ ] a", "2) [/] a", "+ [ ] a", "* [ ] a", "\t- [ ] a",
     "      - [ ] a", "-\t[ ] a", "- [ ]", "- [\u00a0] a", "-[ ] a"],
)  # fmt: skip
def test_W2_every_open_task_counts_at_any_depth_with_any_bullet(started: worlds.Files, line: str) -> None:
    text = f"- [x] parent\n{line}\n- [x] done\n"
    found = todo.parse(text)
    assert (found.progress, len(found.open)) == ("2/3", 1)
    assert "TASKS_OPEN" in refusal_codes(started, worlds.closing(started, "B001", todo=text))


def test_W2_boxes_in_fences_and_comments_are_no_tasks() -> None:
    assert todo.parse("- [x] a\n```\n- [ ] b\n```\n<!--\n- [ ] c\n-->\n").progress == "1/1"


def test_W3_a_ticked_checklist_cannot_replace_evidence_nor_an_open_todo(started: worlds.Files) -> None:
    ticked = "# Verification\n- [x] **A**: all good\n"
    mission = worlds.world(started).missions[0]
    red = tuple(
        ask.CheckResult(one.check, one.base, worlds.run("red", tail="E 1 != 2")) for one in worlds.results(mission)
    )
    assert "CHECK_RED" in refusal_codes(started, worlds.closing(started, "B001", checklist=ticked, results=red))
    assert "TASKS_OPEN" in refusal_codes(started, worlds.closing(started, "B001", checklist=ticked, todo="- [ ] a\n"))
    assert "CHECK_NOT_RUN" in refusal_codes(started, worlds.closing(started, "B001", checklist=ticked, results=()))
    assert "CHECKLIST_OPEN" in refusal_codes(started, worlds.closing(started, "B001", checklist="- [ ] a\n"))
    worlds.ask(started, worlds.closing(started, "B001", checklist=ticked), T[2])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "# Sync Issues\n",
        "# Sync Issues\n\nNone.\n",
        "aucune",
        "- none\n",
        "---\n# A\n---\n",
        "Rien.\r\n",
        "\ufeff# X",
    ],
)
def test_W4_nothing_is_nothing_in_sync_issues(started: worlds.Files, text: str) -> None:
    assert todo.is_quiet(text)
    worlds.ask(started, worlds.closing(started, "B001", sync_issues=text), T[2])


@pytest.mark.parametrize("text", ["- ERROR in a", "none of it works", "# Sync\nCONFLICT\n"])
def test_W4_an_issue_is_one(started: worlds.Files, text: str) -> None:
    assert "SYNC_ISSUES" in refusal_codes(started, worlds.closing(started, "B001", sync_issues=text))


def test_W5_of_two_records_the_last_one_speaks() -> None:
    text = (
        "- [x] a\n\n## Compte-rendu\n- Fichiers : old.py\n- Notes : old\n\n## Compte-rendu de mission\n"
        "- Fichiers : new.py, `b.py`\n  - c.py\n- Notes : new\n  and more\n\n## Autre\n- Notes : no\n"
    )
    record = todo.parse(text).record
    assert record == todo.Record(("new.py", "b.py", "c.py"), "new and more", "")


def test_W53_a_resumed_item_has_a_new_attempt_and_an_old_todo_proves_nothing(started: worlds.Files) -> None:
    parked = worlds.ask(started, ask.SuspendItem("later"), T[2])
    back = worlds.ask(worlds.ask(parked, ask.ResumeItem("B001"), T[3]), ask.StartItem(worlds.BASE, "B001"), T[4])
    mission = worlds.world(back).missions[0]
    assert (mission.name, mission.attestations) == ("B001.2", ())
    stale = worlds.closing(back, "B001", todo="<!-- echelon:mission B001.1 -->\n- [x] a\n")
    assert {"TODO_STALE", "NOT_ATTESTED"} <= refusal_codes(back, stale)


def test_w11_a_spec_that_is_deleted_or_changed_stops_the_close(started: worlds.Files) -> None:
    request = worlds.closing(started, "B001")
    gone = {path: text for path, text in started.items() if path != SPEC}
    for files in (gone, started | {SPEC: "# other\n"}):
        assert "SPEC_CHANGED" in refusal_codes(files, request)


def test_an_item_whose_agent_ticks_every_box_and_changes_nothing_cannot_close(started: worlds.Files) -> None:
    request = worlds.closing(started, "B001", changed=(), results=(), todo="- [x] all\n", checklist="- [x] all\n")
    assert refusal_codes(started, request) == {"NOTHING_CHANGED"}


# -------------------------------------------------------------------------------------------- what is read


def one(text: str, kind: Kind = "backlog") -> entries.Entry:
    found = entries.parse(text, kind).entries
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("dash", ["—", "–", "-"])
@pytest.mark.parametrize("quick", [True, False])
def test_W6_W57_a_header_with_another_dash_is_an_item_of_its_own(dash: str, quick: bool) -> None:
    text = f"### B001 — A\n- Statut : [x]\n\n### B002 {dash} B\n- Statut : [ ]\n"
    document = entries.parse(text, quick=quick)
    assert [(entry.id, entry.state) for entry in document.entries] == [
        ("B001", State.DELIVERED),
        ("B002", State.PENDING),
    ]
    assert [finding.code for finding in document.findings] == ([] if dash == "—" else ["HEADER_DASH"])


@pytest.mark.parametrize(
    "header",
    [
        "### B002",
        "## B002 — B",
        "#### B002 — B",
        "###B002 — B",
        "### b002 — B",
        "### B002: B",
        "### **B002** — B",
        "### B002 — ",
    ],
)
def test_W6_W57_a_header_that_does_not_match_is_said_and_leaves_the_item_before_alone(header: str) -> None:
    document = entries.parse(f"### B001 — A\n- Statut : [x]\n\n{header}\n- Statut : [ ]\n- Priorité : P1\n")
    assert [(entry.id, entry.state, entry.priority) for entry in document.entries] == [("B001", State.DELIVERED, 4)]
    assert [finding.code for finding in document.findings if finding.severity == "error"] == ["HEADER_ALMOST"]
    files = worlds.two_items() | {BACKLOG: document.text}
    refused = worlds.refused(files, ask.StartItem(worlds.BASE), T[0])
    assert refused.code == "NOTHING_ELIGIBLE"  # never "complete" while an item is lost
    assert "looks like an entry" in refused.reasons[0]


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("- Priorite\u0301 : P2", "priority", 2), ("- Priorite : P2", "priority", 2), ("- PRIORITÉ: P2", "priority", 2), ("- Priority: p2", "priority", 2),
        ("* Priorité : P2", "priority", 2), ("- **Priorité** : P2", "priority", 2), ("- **Priority:** P2", "priority", 2), ("-Priorité:P2", "priority", 2),
        ("- Priorité : 2", "priority", 2), ("- Priorité\u00a0: P2 (urgent)", "priority", 2), ("- Prio: P2", "priority", 2),
        ("- Taille : Small", "size", "S"), ("- Size: xl", "size", "XL"), ("- Taille : moyen (2h)", "size", "M"),
        ("- Statut : [X]", "state", State.DELIVERED), ("- Status: [~] waits", "state", State.SUSPENDED), ("- État : [-]", "state", State.FAILED),
        ("- De\u0301pend de : B002", "depends", ("B002",)), ("- Dépend de : B002 et B003", "depends", ("B002", "B003")),
        ("- Dépend de : B002; B003", "depends", ("B002", "B003")), ("- Depends on: `B002`, B003", "depends", ("B002", "B003")),
        ("- Dépend de : aucune", "depends", ()), ("- Dépend de : –", "depends", ()), ("- Depends on: none", "depends", ()), ("- Depends on: n/a", "depends", ()),
        ("- Dépend de : PRJ-002/B004, B002", "depends", ("PRJ-002/B004", "B002")), ("- Dépend de :", "depends", ()),
    ],
)  # fmt: skip
def test_W6_what_people_write_is_understood(line: str, key: str, value: object) -> None:
    found = one(f"### B001 — A\n{line}\n")
    assert getattr(found, key) == value
    assert not found.broken


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("- Priorité : P9", "BAD_PRIORITY"), ("- Priorité : P12", "BAD_PRIORITY"), ("- Priorité : high", "BAD_PRIORITY"), ("- Taille : huge", "BAD_SIZE"),
        ("- Taille : XXL", "BAD_SIZE"), ("- Statut : [?]", "UNKNOWN_MARKER"), ("- Statut : done", "UNKNOWN_MARKER"), ("- Statut :", "UNKNOWN_MARKER"),
        ("- Dépend de : the login", "BAD_DEPENDENCY"), ("- Depnds on: B002", "FIELD_ALMOST"), ("- Prioritee : P1", "FIELD_ALMOST"),
        ("- Statut : [ ]\n- Statut : [x]", "FIELD_DUPLICATE"),
    ],
)  # fmt: skip
def test_W6_what_cannot_be_understood_is_said_and_the_item_does_not_start(line: str, code: str) -> None:
    text = f"### B001 — A\n{line}\n- Acceptance criteria:\n  - [ ] a — check: `true`\n"
    document = entries.parse(text)
    assert [finding.code for finding in document.findings if finding.severity == "error"] == [code]
    assert document.entries[0].broken
    refused = worlds.refused(worlds.two_items() | {BACKLOG: text}, ask.StartItem(worlds.BASE, "B001"), T[0])
    assert refused.code in ("ENTRY_BROKEN", "TRANSITION_REFUSED", "ITEM_NOT_ELIGIBLE")


@pytest.mark.parametrize(
    "more",
    ["```\n- Statut : [x]\n- Priorité : P1\n```", "- Notes : n\n  - Statut : [x]\n  - Priorité : P1", "#### Détails\n- Statut : [x]\n- Priorité : P1",
     "## Suite\n- Statut : [x]\n- Priorité : P1", "<!--\n- Statut : [x]\n- Priorité : P1\n-->", "> - Statut : [x]\n> - Priorité : P1"],
)  # fmt: skip
def test_W6_fields_count_in_the_head_of_their_item_only(more: str) -> None:
    found = one(f"### B001 — A\n- Statut : [ ]\n\n{more}\n")
    assert (found.state, found.priority, found.broken) == (State.PENDING, 4, False)


def test_W6_the_reader_and_the_editor_mean_the_same_status() -> None:
    document = entries.parse("### B001 — A\n- Statut : [ ]\n- Statut : [x]\n")
    for state in State:
        assert one(entries.set_state(document, "B001", state).text).state is state


@pytest.mark.parametrize("marker", ["X", "x"])
def test_W6_a_capital_x_is_delivered(marker: str) -> None:
    files = worlds.two_items()
    text = files[BACKLOG].replace("[ ]", f"[{marker}]", 1)
    after = worlds.ask(files | {BACKLOG: text}, ask.StartItem(worlds.BASE), T[0])
    assert worlds.world(after).missions[0].item == "B002"


def test_W7_W_C13_an_item_without_a_status_line_gets_one_at_the_start() -> None:
    text = "### B001 — A\n- Acceptance criteria:\n  - [ ] a — check: `true`\n"
    files = worlds.ask(worlds.two_items() | {BACKLOG: text}, ask.StartItem(worlds.BASE), T[0])
    assert files[BACKLOG] == text.replace("— A\n", "— A\n- Status: [/]\n")
    assert worlds.refused(files, ask.StartItem(worlds.BASE), T[1]).code == "ITEM_IN_PROGRESS"


@pytest.mark.parametrize("marker", ["-", "~", " "])
def test_W8_complete_is_said_only_when_everything_is_delivered(marker: str) -> None:
    files = worlds.two_items()
    text = files[BACKLOG].replace("[ ]", "[x]", 1)
    head, tail = text.split("### B002")
    waiting = tail.replace("Status: [ ]", f"Status: [{marker}]").replace("Depends on: B001", "Depends on: B009")
    refused = worlds.refused(files | {BACKLOG: f"{head}### B002{waiting}"}, ask.StartItem(worlds.BASE), T[0])
    assert refused.code == "NOTHING_ELIGIBLE"
    assert "B002" in " ".join(refused.reasons)
    done = f"{head}### B002{tail.replace('Status: [ ]', 'Status: [x]')}"
    assert worlds.refused(files | {BACKLOG: done}, ask.StartItem(worlds.BASE), T[0]).code == "BACKLOG_COMPLETE"


@pytest.mark.parametrize(
    "label",
    [
        "Critères d'acceptation :",
        "Critères d’acceptation:",
        "Criteres d'acceptation :",
        "Acceptance criteria:",
        "**Acceptance criteria**:",
    ],
)
@pytest.mark.parametrize("bullet", ["  - [ ]", "  * [ ]", "  1. [ ]", "\t- [ ]", "- [ ]", "  -", "    - [ ]"])
def test_W54_W_E2_no_criterion_is_lost(label: str, bullet: str) -> None:
    text = (
        f"### B001 — A\n- Statut : [ ]\n- Description : d\n- {label}\n{bullet} first is\n      wrapped — check: `a`\n\n{bullet} second\n"
        f"{bullet} third — preuve : `c`\n- Notes techniques : n\n"
    )
    if not bullet.startswith("-"):
        text = text.replace("      wrapped", "        wrapped")
    found, findings = criteria.read(text, 0, len(text))
    assert [entry.text for entry in found] == ["first is wrapped", "second", "third"]
    assert not findings
    files = worlds.ask(worlds.two_items() | {BACKLOG: text}, ask.StartItem(ask.BaseFacts("", in_place=True)), T[0])
    for word in ("first is", "wrapped — check: `a`", "second", "third — preuve : `c`"):
        assert word in files[CONTEXT]
    assert len(todo.parse(files[TODO]).tasks) == 3


def test_W39_what_follows_the_criteria_is_no_criterion() -> None:
    text = (
        "### B001 — A\n- Description : one\n  two\n- Acceptance criteria:\n  - [ ] a\n    - detail\n- Technical notes: n\n  - [ ] not one\n\n"
        "#### More\n- [ ] not one\n"
    )
    found, _ = criteria.read(text, 0, len(text))
    assert [entry.text for entry in found] == ["a - detail"]
    assert "one\n  two" in entries.parse(text).section("B001")


# ------------------------------------------------------------------------------- selection and transitions


def test_W38_cycles_and_self_dependencies_are_named() -> None:
    text = "### B001 — A\n- Depends on: B002\n\n### B002 — B\n- Depends on: B003\n\n### B003 — C\n- Depends on: B001\n\n### B004 — D\n- Depends on: B004, B777\n"
    document = entries.parse(text)
    found = [(finding.code, finding.subject) for finding in graph.graph_findings(document)]
    assert sorted(found) == [("DEPENDENCY_CYCLE", "B001"), ("DEPENDENCY_CYCLE", "B004"), ("UNKNOWN_DEPENDENCY", "B004")]
    refused = worlds.refused(worlds.two_items() | {BACKLOG: text}, ask.StartItem(worlds.BASE), T[0])
    shown = "\n".join(refused.reasons)
    assert "B001 → B002 → B003 → B001" in shown
    assert "B777" in shown


def test_W42_a_dependency_in_another_project_counts_when_it_is_delivered() -> None:
    text = "### B001 — A\n- Depends on: PRJ-002/B004\n- Acceptance criteria:\n  - [ ] a — check: `true`\n"
    files = worlds.two_items() | {BACKLOG: text}
    assert worlds.refused(files, ask.StartItem(worlds.BASE, "B001"), T[0]).code == "UNKNOWN_DEPENDENCY"
    other = ".opencode/projects/PRJ-002/backlog.md"
    waiting = files | {other: "### B004 — X\n- Status: [/]\n"}
    assert worlds.refused(waiting, ask.StartItem(worlds.BASE, "B001"), T[0]).code == "DEPENDENCY_UNMET"
    worlds.ask(files | {other: "### B004 — X\n- Status: [x]\n"}, ask.StartItem(worlds.BASE), T[0])


def test_selection_is_by_priority_then_place() -> None:
    rows = "".join(
        f"### B{n:03d} — t\n- Priority: P{p}\n- Size: {s}\n\n"
        for n, p, s in ((1, 3, "S"), (2, 1, "XL"), (3, 1, "S"), (4, 2, "M"))
    )
    eligible, obstacles = eligibility.select(entries.parse(rows), {}, {})
    assert [entry.id for entry in eligible] == ["B002", "B003", "B004", "B001"]
    assert not obstacles


def test_W21_the_second_of_two_equal_requests_is_refused(started: worlds.Files) -> None:
    assert worlds.refused(started, ask.StartItem(worlds.BASE), T[2]).code == "ITEM_IN_PROGRESS"
    closed = worlds.ask(started, worlds.closing(started, "B001"), T[2])
    merged = worlds.ask(closed, ask.Merged("B001", worlds.CANDIDATE, None), T[3])
    for again in (
        ask.Merged("B001", worlds.CANDIDATE, None),
        ask.FailItem("no", "B001"),
        ask.SuspendItem("no", "B001"),
    ):
        assert worlds.refused(merged, again, T[4]).code == "TRANSITION_REFUSED"
    assert len([entry for entry in sections.read_journal(merged[PROJECT]) if entry.kind == "item_delivered"]) == 1


def test_nothing_is_delivered_without_the_evidence_for_exactly_that_commit(started: worlds.Files) -> None:
    assert worlds.refused(started, ask.Merged("B001", "", None), T[2]).code == "NOT_PROVED"
    closed = worlds.ask(started, worlds.closing(started, "B001"), T[2])
    assert worlds.refused(closed, ask.Merged("B001", "d" * 40, None), T[3]).code == "NOT_PROVED"
    by_hand = {path: text for path, text in closed.items() if path != MISSIONS}
    assert worlds.refused(by_hand, ask.Merged("B001", worlds.CANDIDATE, None), T[3]).code == "NOTHING_IN_PROGRESS"


def test_W44_one_decision_writes_marker_archive_journal_attempt_and_mission(started: worlds.Files) -> None:
    decided = decide(worlds.world(started), ask.FailItem("no way"), T[2])
    assert isinstance(decided, Decision)
    archive = f".opencode/archive/backlog-items/{render.stamp(T[2])}-B001-failed.md"
    assert set(decided.writes) == {BACKLOG, ACTIVE, PROJECT, MISSIONS, ATTEMPTS, archive}
    assert decided.writes[ACTIVE] is None
    assert "Reason of failure: no way" in (decided.writes[archive] or "")


def test_W46_the_spec_alarm_does_not_depend_on_the_active_file(started: worlds.Files) -> None:
    request = worlds.closing(started, "B001")
    without = {path: text for path, text in started.items() if path != ACTIVE} | {SPEC: "# other\n"}
    assert "SPEC_CHANGED" in refusal_codes(without, request)


def test_W49_a_failed_item_can_be_opened_again_by_a_person_and_says_whom_it_blocks(started: worlds.Files) -> None:
    failed = worlds.ask(started, ask.FailItem("no"), T[2])
    refused = worlds.refused(failed, ask.StartItem(worlds.BASE, "B002"), T[3])
    assert (refused.code, "B001" in refused.reasons[0]) == ("DEPENDENCY_FAILED", True)
    assert "[ ]" in refused.step
    reopened = failed | {BACKLOG: failed[BACKLOG].replace("[-]", "[ ]")}
    again = worlds.ask(reopened, ask.StartItem(worlds.BASE), T[4])
    assert worlds.world(again).missions[0].name == "B001.2"


# ------------------------------------------------------------------------------- journals and escalations


def test_W28_W29_rotation_moves_whole_entries_in_the_same_decision(started: worlds.Files) -> None:
    journal = "# Project\n\n## Journal\n" + "".join(
        f"- [2026-01-01T00:00:00.000Z] ITEM FAILED — {n}\n  more of {n}\n\n  and still {n}\n" for n in range(200)
    )
    decided = decide(worlds.world(started | {PROJECT: journal}), ask.SuspendItem("later"), T[2])
    assert isinstance(decided, Decision)
    archives = [text for name, text in decided.writes.items() if "archive/journals" in name and text]
    live = decided.writes[PROJECT] or ""
    assert len(archives) == 1
    assert len(sections.read_journal(live)) == sections.JOURNAL_ENTRIES_KEPT
    for n in range(200):
        for row in (f"— {n}\n", f"  more of {n}\n", f"  and still {n}\n"):
            assert (archives[0] + live).count(row) == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_W30_W31_entries_go_under_their_own_heading(newline: str) -> None:
    text = newline.join(
        (
            "# Project",
            "we keep the ## Journal heading below",
            "",
            "## Journal",
            "- [2026-01-01T00:00:00.000Z] A — b",
            "",
            "## Escalations",
            "",
            "",
        )
    )
    line = sections.journal_line(T[0], "item_failed", "x", "en")
    after = sections.append_journal(text, line, "Project", "en")
    assert after == text.replace(f"A — b{newline}", f"A — b{newline}{line[:-1]}{newline}")
    options = (Option("a", "", ""), Option("b", "", ""))
    escalated = sections.append_escalation(after, sections.Escalation("ESC-1", "c", "a", options, "e"), "Project", "en")
    both = sections.append_journal(escalated, line, "Project", "en")
    assert len(sections.read_journal(both)) == 3
    assert "ITEM FAILED" not in both[both.index("### ESC-1") :]
    assert [(found.id, found.expected) for found in sections.read_escalations(both)] == [("ESC-1", "e")]


@pytest.mark.parametrize("kind", ["backlog", "program", "enterprise"])
def test_W32_what_an_escalation_or_a_reason_says_is_no_state(kind: Kind) -> None:
    name = {"backlog": "B001", "program": "PRJ-001", "enterprise": "PGM-001"}[kind]
    other = name.replace("001", "666")
    text = f"### {name} — A\n- Statut : [ ]\n\n## Journal\n"
    hostile = f"see\n- Statut : [x]\n### {other} — x\n- Statut : [x]\n#### Options\n## Journal"
    block = sections.Escalation(
        "ESC-1", hostile, hostile, (Option(hostile, hostile, hostile), Option("b", hostile, hostile)), hostile
    )
    for language in ("en", "fr"):
        after = sections.append_escalation(text, block, "Program", language)
        after = sections.append_journal(
            after, sections.journal_line(T[0], "item_failed", hostile, language), "Program", language
        )
        assert [(entry.id, entry.state) for entry in entries.parse(after, kind).entries] == [(name, State.PENDING)]
        assert (len(sections.read_escalations(after)), len(sections.read_journal(after))) == (1, 1)


def escalation(context: str = "why", item: str | None = None, **changes: str) -> ask.RecordEscalation:
    values = {"attempts": "tried", "expected": "what?", **changes}
    return ask.RecordEscalation(
        context, values["attempts"], (Option("a", "p", "c"), Option("b", "p", "c")), values["expected"], item
    )


@pytest.mark.parametrize(
    "decision", ["pay $1500", "$& $` $' $$", "\\1 \\g<0>", "yes (but later)", "DECIDED — no", "a — b"]
)
def test_W33_a_decision_is_written_as_it_is(decision: str) -> None:
    files = worlds.ask(worlds.two_items(), escalation(), T[0])
    identifier = worlds.world(files).escalations[0].id
    after = worlds.ask(files, ask.ResolveEscalation(identifier, decision), T[1])
    assert [found.decision for found in worlds.world(after).escalations] == [decision]
    assert worlds.refused(after, ask.ResolveEscalation(identifier, "again"), T[2]).code == "ESCALATION_UNKNOWN"


def test_W34_escalations_of_one_millisecond_have_an_id_each() -> None:
    files = worlds.two_items()
    for number in range(4):
        files = worlds.ask(files, escalation(f"question {number}"), T[0])
    found = worlds.world(files).escalations
    assert len({entry.id for entry in found}) == 4
    after = worlds.ask(files, ask.ResolveEscalation(found[2].id, "yes"), T[1])
    assert [entry.pending for entry in worlds.world(after).escalations] == [True, True, False, True]
    assert worlds.world(after).escalations[2].context == "question 2"


NOTHING = ("", "  ", "\n", "\u200b", "\u00a0\ufeff", "\x00")


@pytest.mark.parametrize("nothing", NOTHING, ids=ascii)
def test_W35_nothing_is_recorded_as_empty(started: worlds.Files, nothing: str) -> None:
    options = (Option(nothing, "p", "c"), Option("b", "p", "c"))
    known = worlds.ask(started, escalation(), T[2])
    identifier = worlds.world(known).escalations[0].id
    for request in (
        escalation(nothing), escalation(attempts=nothing), escalation(expected=nothing), ask.RecordEscalation("c", "a", options, "e"),
        ask.RecordEscalation("c", "a", options[1:], "e"), ask.ResolveEscalation(identifier, nothing), ask.FailItem(nothing), ask.SuspendItem(nothing),
        ask.Attest("t", "person", nothing), ask.AcceptWeakening("d", nothing),
    ):  # fmt: skip
        assert worlds.refused(known, request, T[3]).code == "ARGUMENT_MISSING"
    everything = worlds.refused(known, ask.RecordEscalation(nothing, nothing, (), nothing), T[3])
    assert len(everything.reasons) == 4  # all gaps at once
    assert "undefined" not in known[PROJECT]


def test_a_pending_escalation_holds_its_item(started: worlds.Files) -> None:
    files = worlds.ask(started, escalation("cannot go on", "B001"), T[2])
    assert worlds.world(files).backlog.find("B001").state is State.SUSPENDED  # type: ignore[union-attr]
    assert worlds.refused(files, ask.ResumeItem("B001"), T[3]).code == "ESCALATION_PENDING"
    identifier = worlds.world(files).escalations[0].id
    decided = worlds.ask(files, ask.ResolveEscalation(identifier, "go on"), T[4])
    worlds.ask(worlds.ask(decided, ask.ResumeItem("B001"), T[5]), ask.StartItem(worlds.BASE, "B001"), T[6])


# ------------------------------------------------------------------------------------- context and settings

START, END = "<!-- ORCHESTRATOR:SPEC-BACKLOG:START -->", "<!-- ORCHESTRATOR:SPEC-BACKLOG:END -->"


@pytest.mark.parametrize(
    "context",
    [
        None,
        "mine\n",
        "mine, no LF",
        "\ufeffmine\r\n",
        f"mine\n{START}\nmine too\n{END}\n",
        f"a {END} b {START}",
        "\udcff\udcfe",
        "\n\n",
        f"\n{START}\nx\n{END}\n",
    ],
)
def test_W47_W_E3_context_comes_back_byte_for_byte_and_absent_stays_absent(context: str | None) -> None:
    backlog = worlds.two_items()[BACKLOG].replace("reads well", f"reads well {END} and {START}")
    files = worlds.two_items() | {BACKLOG: backlog} | ({CONTEXT: context} if context is not None else {})
    begun = worlds.ask(files, ask.StartItem(ask.BaseFacts("", in_place=True)), T[0])
    assert begun[CONTEXT].startswith(START)
    again = worlds.ask(begun, ask.EndAttempt("B001", "gave_up", f"said {END}"), T[1])
    ended = worlds.ask(again, ask.FailItem("no"), T[2])
    assert ended.get(CONTEXT) == context


def test_W_E6_a_slash_in_a_text_is_no_comment_and_a_wrong_kind_is_an_error() -> None:
    found, findings = parse_config('{"baseBranch": "a // b", "steering": {"readGuard": "false"}} // end', "f")
    assert (found["baseBranch"], [finding.code for finding in findings]) == ("a // b", ["CONFIG_VALUE"])


def test_the_ladder_ends_in_an_escalation(started: worlds.Files) -> None:
    files, config = started, Config({"limits.attempts": 3})
    reasons = ("checks_red", "conflict", "timed_out")
    for number, reason in enumerate(reasons):
        files = worlds.ask(
            files, ask.EndAttempt("B001", reason, f"- Statut : [x]\nattempt {number}"), T[2 + number], config
        )  # type: ignore[arg-type]
    world = worlds.world(files)
    assert (world.missions, len(world.escalations)) == ((), 1)
    assert [(row.attempt, row.reason) for row in world.attempts] == [
        (1, "checks_red"),
        (2, "conflict"),
        (3, "timed_out"),
        (3, "suspended"),
    ]
    for row, number in itertools.product(world.escalations, range(2)):
        assert f"attempt {number}" in row.attempts
