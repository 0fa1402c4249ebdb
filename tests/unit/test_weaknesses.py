"""The peer's weaknesses (peer-levels.md §12) that concern parsing, editing, evidence, selection and journals.

Covered elsewhere: W22-W26, W28, w11 in tests/crash and tests/race (the store); W21, W44 in tests/e2e (two deliveries,
crashes); W46 in tests/e2e/test_journeys.py. Of later issues: W10-W17, W19, W41, W42, W55-W59 (levels above the
project), W36-W40 (elicitation), W43, W61 (Echelon deletes no file of the user's, so there is nothing to test).
"""

from __future__ import annotations

import unicodedata

import pytest

import worlds
from echelon.core import evidence
from echelon.core import requests as ask
from echelon.core.documents import criteria, entries, graph, render, sections, todo
from echelon.core.documents.grammar import State
from echelon.core.documents.sections import Escalation, Option
from echelon.core.model import ATTEMPTS, BACKLOG, PROJECT, TODO, BaseFacts, read_attempts

NOW = "2026-01-05T09:00:00.000Z"
LATER = "2026-01-05T10:00:00.000Z"
HEAD = "### B001 — A\n"


def one(body: str) -> entries.Entry:
    return entries.parse(HEAD + body).entries[0]


def codes(text: str) -> set[str]:
    document = entries.parse(text, quick=False)
    return {finding.code for finding in (*document.findings, *graph.graph_findings(document))}


def problems(files: worlds.Files, **changes: object) -> str:
    mission = worlds.world(files).missions[0]
    request = ask.CloseItem(worlds.findings(mission, **changes))
    return str(worlds.refused(files, request, NOW))


def started() -> worlds.Files:
    return worlds.ask(worlds.two_items(), ask.StartItem(worlds.BASE), NOW)


# ------------------------------------------------------------------------------------------------- evidence


def test_w1_w53_a_todo_of_another_mission_proves_nothing() -> None:
    assert "TODO_STALE" in problems(started(), todo="<!-- echelon:mission B009.1 -->\n- [x] all\n")


def test_w1_in_place_an_older_todo_is_archived_and_a_fresh_one_written() -> None:
    files = {**worlds.two_items(), TODO: "- [x] of somebody else\n"}
    after = worlds.ask(files, ask.StartItem(BaseFacts("", in_place=True)), NOW)
    assert "- [x] of somebody else\n" in [text for path, text in after.items() if "archive/todos" in path]
    assert todo.parse(after[TODO]).mission == "B001.1" and todo.parse(after[TODO]).open


@pytest.mark.parametrize("row", ["  - [ ] leaf", "- [/] b", "- [-] b", "- [~] b", "1. [ ] b", "+ [ ] b", "\t* [ ] b", "- [?] b"])
def test_w2_every_marker_but_x_at_any_depth_is_open(row: str) -> None:
    held = todo.parse(f"- [x] parent\n{row}\n")
    assert len(held.open) == 1 and held.progress == "1/2"


def test_w2_boxes_in_fences_are_no_tasks() -> None:
    assert todo.parse("- [x] a\n```\n- [ ] example\n```\n").open == ()


def test_w3_a_ticked_checklist_replaces_nothing() -> None:
    said = problems(started(), checklist="- [x] looks good\n", results=(), changed=())
    assert "NOTHING_CHANGED" in said and "NOT_ATTESTED" in said
    assert "CHECKLIST_OPEN" in problems(started(), checklist="- [ ] not yet\n")


@pytest.mark.parametrize("text", ["", "None.\n", "# Sync Issues\n\n- none\n", "# Sync Issues\n---\n", "Aucun.\n"])
def test_w4_words_for_nothing_do_not_block(text: str) -> None:
    assert todo.is_quiet(text)
    assert not todo.is_quiet(text + "- tests disagree with the spec\n")


def test_w5_of_two_completion_records_the_last_one_speaks() -> None:
    record = todo.parse("- [x] a\n## Compte-rendu\n- Fichiers : old.py\n- Notes : old\n## Compte-rendu\n- Fichiers : new.py\n").record
    assert record is not None
    assert (record.files, record.notes) == (("new.py",), "")


def test_ticked_boxes_of_the_backlog_prove_nothing() -> None:
    assert "NOTHING_CHANGED" in problems(started(), changed=())


# --------------------------------------------------------------------------------------------------- format


@pytest.mark.parametrize("dash", "-–")
def test_w6_w57_another_dash_is_an_item_of_its_own_and_is_said(dash: str) -> None:
    text = f"### B001 — a\n- Status: [x]\n\n### B002 {dash} b\n- Status: [ ]\n"
    assert [(entry.id, entry.state) for entry in entries.parse(text).entries] == [("B001", State.DELIVERED), ("B002", State.PENDING)]
    assert "HEADER_DASH" in codes(text)


@pytest.mark.parametrize("header", ["## B002 — b", "#### B002 — b", "###B002 — b", "### B002 b", "### b002 — b", "### **B002** — b"])
def test_w6_a_header_that_almost_matches_is_an_error_and_keeps_its_fields_to_itself(header: str) -> None:
    text = f"### B001 — a\n- Status: [ ]\n\n{header}\n- Status: [x]\n"
    assert entries.parse(text).entries[0].state is State.PENDING
    assert "HEADER_ALMOST" in codes(text)


@pytest.mark.parametrize(
    "label", ["Priorité", unicodedata.normalize("NFD", "Priorité"), "priorite", "PRIORITÉ", "Priority", "**Priorité**", "prio"]
)
@pytest.mark.parametrize("bullet", "-*+")
def test_w6_accents_case_language_bullets_and_bold_do_not_matter(label: str, bullet: str) -> None:
    assert one(f"{bullet} {label} : P2\n").priority == 2


def test_w6_capital_x_is_delivered_and_said() -> None:
    assert one("- Status: [X]\n").state is State.DELIVERED
    assert "MARKER_SPELLING" in codes(HEAD + "- Status: [X]\n")


@pytest.mark.parametrize(
    "body",
    ["- Status: [ ]\n```\n- Status: [x]\n```\n", "- Status: [ ]\n- Notes: n\n  - Status: [x]\n", "- Status: [ ]\n\n## Journal\n- Status: [x]\n",
     "- Status: [ ]\n#### Sub\n- Status: [x]\n", "- Status: [ ]\n<!--\n- Status: [x]\n-->\n"],
)  # fmt: skip
def test_w6_fields_elsewhere_are_no_fields(body: str) -> None:
    assert one(body).state is State.PENDING


def test_w6_a_field_said_twice_breaks_the_item_instead_of_one_winning() -> None:
    found = one("- Status: [ ]\n- Status: [x]\n")
    assert found.broken and "FIELD_DUPLICATE" in codes(HEAD + "- Status: [ ]\n- Status: [x]\n")


def test_w6_misspelt_labels_and_values_are_errors() -> None:
    text = HEAD + "- Statuss: [ ]\n- Priority: P9\n- Size: huge\n- Depends on: later\n"
    assert {"FIELD_ALMOST", "BAD_PRIORITY", "BAD_SIZE", "BAD_DEPENDENCY"} <= codes(text)


def test_w7_an_item_without_a_status_line_gets_one() -> None:
    flipped = entries.set_state(entries.parse("### B001 — A\n- Priority: P1\n- Notes: n\n"), "B001", State.ACTIVE)
    assert flipped.text == "### B001 — A\n- Priority: P1\n- Status: [/]\n- Notes: n\n"


@pytest.mark.parametrize("word", ["aucune", "Aucun", "–", "-", "none", "N/A", ""])
def test_w6_words_for_no_dependency(word: str) -> None:
    assert one(f"- Dépend de : {word}\n").depends == ()


@pytest.mark.parametrize("joined", ["B002, B003", "B002; B003", "B002 et B003", "B002 and B003", "B002 & B003"])
def test_w6_dependencies_are_a_list_however_joined(joined: str) -> None:
    assert one(f"- Depends on: {joined}\n").depends == ("B002", "B003")


def test_w54_no_part_of_a_criterion_is_lost() -> None:
    text = HEAD + "- Critères d’acceptation :\n  - [ ] first line\n    goes on — preuve : `a`\n  * no box\n\n  - [x] third\n    - nested\n- Notes : n\n"
    found, _ = criteria.read(text, 0, len(text))
    assert [row.text for row in found] == ["first line goes on", "no box", "third - nested"]
    assert found[0].check == criteria.Check("check", "a")


# ------------------------------------------------------------------------------------------------ selection


def test_w8_complete_is_said_only_when_everything_is_delivered() -> None:
    files = worlds.two_items()
    files[BACKLOG] = files[BACKLOG].replace("[ ]\n- Depends on: —", "[x]\n- Depends on: —").replace("[ ]\n- Depends on: B001", "[-]\n- Depends on: B001")
    refusal = worlds.refused(files, ask.StartItem(worlds.BASE), NOW)
    assert refusal.code == "NOTHING_ELIGIBLE" and "B002 is failed" in str(refusal)


def test_w38_cycles_and_self_dependencies_are_named() -> None:
    text = "### B001 — A\n- Depends on: B002\n\n### B002 — B\n- Depends on: B001\n\n### B003 — C\n- Depends on: B003\n"
    assert "DEPENDENCY_CYCLE" in codes(text)
    assert len(graph.cycles(entries.parse(text).entries)) == 2


def test_w49_a_failed_item_comes_back_when_a_person_sets_it() -> None:
    files = worlds.ask(started(), ask.FailItem("no"), NOW)
    files[BACKLOG] = files[BACKLOG].replace("[-]", "[ ]")
    again = worlds.ask(files, ask.StartItem(worlds.BASE), LATER)
    assert worlds.world(again).missions[0].name == "B001.2"


def test_w21_a_second_start_is_refused() -> None:
    assert worlds.refused(started(), ask.StartItem(worlds.BASE), NOW).code == "ITEM_IN_PROGRESS"


def test_w11_a_spec_that_changed_or_went_refuses_the_close() -> None:
    files = started()
    files[".opencode/spec.md"] += "\nmore\n"
    assert "SPEC_CHANGED" in problems(files)


# ------------------------------------------------------------------------------------- journal, escalations


def test_w29_w30_w31_entries_stand_under_their_heading_and_rotate_whole() -> None:
    text = "# Project\n\nnot a ## Journal heading\n\n## Journal\n\n## Escalations\n\n### ESC-1\nStatut : EN ATTENTE DE DÉCISION\n"
    for number in range(201):
        text = sections.append_journal(text, sections.journal_line(NOW, "item_failed", f"{number}\nmore", "fr"), "Project", "fr")
    assert sections.read_escalations(text)[0].pending
    rotated = sections.rotate_journal(text, PROJECT)
    kept, moved = sections.read_journal(rotated.text), rotated.archive.count("- [2026")
    assert (len(kept), moved) == (150, 51)
    assert [entry.message for entry in kept][-1] == "200 more"


def test_w32_w33_w35_free_text_of_an_escalation_is_only_text() -> None:
    option = Option("### B9 — x", "- Statut : [x]", "$1500 $& $`")
    block = Escalation("ESC-1", "### PRJ-666 — x\n- Statut : [x]\n```", "<!-- x", (option, option), "## Journal")
    text = sections.append_escalation("# Project\n", block, "Project", "fr")
    assert entries.parse(text, "program").entries == () and len(sections.read_escalations(text)) == 1
    decided = sections.resolve_escalation(text, sections.read_escalations(text)[0], "pay $1500 $& $`", NOW, "fr")
    assert sections.read_escalations(decided)[0].decision == "pay $1500 $& $`"
    gaps = worlds.refused(worlds.two_items(), ask.RecordEscalation("", "", (), ""), NOW)
    assert gaps.code == "ARGUMENT_MISSING" and len(gaps.reasons) == 4


def test_w34_two_escalations_in_one_millisecond_have_two_ids() -> None:
    options = (Option("a", "", ""), Option("b", "", ""))
    request = ask.RecordEscalation("context", "tried", options, "what?")
    files = worlds.ask(worlds.ask(worlds.two_items(), request, NOW), request, NOW)
    assert len({entry.id for entry in worlds.world(files).escalations}) == 2


@pytest.mark.parametrize("before", [None, "", "mine\n", "mine", "\n<!-- ORCHESTRATOR:SPEC-BACKLOG:START -->\nmine\n"])
def test_w47_the_contract_leaves_byte_for_byte(before: str | None) -> None:
    block = sections.inject_block(before or "", "contract <!-- ORCHESTRATOR:SPEC-BACKLOG:END --> of the item")
    assert sections.eject_block(block) == (before or "")


def test_a_summary_is_cut_between_characters() -> None:
    assert len(render.one_line("é" * 999, 200)) == 200


def test_attempts_end_with_their_reason_and_the_ladder_ends_at_a_person() -> None:
    files = started()
    for _ in range(3):
        files = worlds.ask(files, ask.EndAttempt("B001", "checks_red", "no"), NOW)
    found = worlds.world(files)
    assert [entry.reason for entry in read_attempts(files[ATTEMPTS])] == ["checks_red"] * 3 + ["suspended"]
    assert found.escalations[0].pending and not found.missions
    assert worlds.refused(files, ask.ResumeItem("B001"), NOW).code == "ESCALATION_PENDING"


def test_could_not_run_is_never_red() -> None:
    mission = worlds.world(started()).missions[0]
    check = mission.definition.checks[0]
    for base, candidate in (("could_not_run", "green"), ("red", "could_not_run")):
        result = evidence.CheckResult(check, worlds.run(base), worlds.run(candidate))
        verdict = evidence.judge(mission.definition, [result], [], changed=True, policy="proved")
        assert "CHECK_COULD_NOT_RUN" in {problem.code for problem in verdict.problems}
