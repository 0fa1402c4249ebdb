"""Planning on texts alone: each gap with its place, the peer's weaknesses W36 to W40 by id, and where a plan may go."""

from __future__ import annotations

import json

import pytest

import planned
import portfolio_texts as portfolios
import worlds
from echelon.core.decide import Decision, Refusal
from echelon.core.documents import entries
from echelon.core.documents.criteria import Check
from echelon.core.documents.grammar import Language
from echelon.core.planning import checking, placing, questions, reading, scaffold
from echelon.core.planning.interview import Finished, Step, replay
from echelon.core.planning.model import Plan, Promise
from echelon.core.planning.placing import Place
from planned import GOOD, HEAD, ITEM, PEER, gaps, plan

TWO = f"{GOOD}{ITEM.replace('B001', 'B002')}"


def with_item(text: str) -> str:
    return f"{HEAD}## Breakdown\n{text}"


def places(found: list[str]) -> list[str]:
    return [row.split(" ")[0] for row in found]


# ----------------------------------------------------------------------------------------------- what is accepted


def test_the_peers_own_example_is_accepted_as_it_is() -> None:
    made = plan(PEER, "attested")
    assert (made.language, made.name, [item.id for item in made.items]) == ("fr", "Webshop", ["B001", "B002"])
    assert (made.items[1].priority, made.items[1].size, made.items[1].depends) == (2, "L", ("B001", "PRJ-002/B004"))
    assert made.items[1].description == "Cart total"
    planned.read_back(made)
    assert {row.code for row in planned.doctor(made, policy="attested")} == {"EXTERNAL_DEP_TARGET_MISSING"}


def test_under_proved_each_criterion_says_how_it_is_checked() -> None:
    found = gaps(PEER)
    assert places(found) == ["26:5", "27:5", "33:5"]
    assert all("comment vérifier" in row for row in found)


def test_both_languages_in_one_file_in_any_case_and_without_accents() -> None:
    text = (
        GOOD.replace("## Objective", "## OBJECTIF").replace("- Priority:", "- Priorite :").replace("check:", "Preuve :")
    )
    made = plan(text.replace("### Out", "### Exclus").replace("Acceptance criteria", "CRITERES D’ACCEPTATION"))
    assert made.items[0].criteria == (
        Promise("a wrong password answers 401", Check("check", "pytest -q tests/test_login.py")),
    )


def test_the_three_forms_of_a_criterion() -> None:
    rows = (
        "a — check: `x`",
        "b — garde : ``echo `date` ``",
        "c — attest",
        "d — attestation : on a phone",
        "e: f — À attester.",
    )
    made = plan(with_item(ITEM.partition("  - [ ]")[0] + "".join(f"  - {row}\n" for row in rows)))
    assert made.items[0].criteria == (
        Promise("a", Check("check", "x")),
        Promise("b", Check("guard", "echo `date`")),
        Promise("c", None),
        Promise("d (attest: on a phone)", None),
        Promise("e: f", None),
    )
    planned.read_back(made)


def test_wrapped_lines_nested_bullets_and_comments() -> None:
    text = with_item(
        """### B001 — Login
<!-- a comment,
- Size: XL
-->
- Priority: P1 (critical)
- Size: medium
- Depends on: none
- Description: POST /login
  returns a token.
- Acceptance criteria:

  - a wrong password
    - answers 401 — check:
      `pytest -q`
"""
    )
    item = plan(text).items[0]
    assert (item.size, item.description) == ("M", "POST /login returns a token.")
    assert item.criteria == (Promise("a wrong password - answers 401", Check("check", "pytest -q")),)


# ------------------------------------------------------------------------------------------- weaknesses by id


@pytest.mark.parametrize("language", ["en", "fr"])
def test_W36_the_form_as_it_is_handed_out_is_refused_at_each_place(language: Language) -> None:
    text = questions.form("Webshop", "a brief", language)
    found = gaps(text)
    lines = {int(row.split(":")[0]) for row in found}
    holding = {number for number, line in enumerate(text.split("\n"), 1) if "<" in line and "<!--" not in line}
    assert lines == holding


@pytest.mark.parametrize(
    "left", ["<what it is>", "TODO", "…", "...", "à compléter", "???", "tbd.", "answers within <number> ms", "-"]
)
def test_W36_what_is_left_to_fill_in(left: str) -> None:
    assert places(gaps(GOOD.replace("- login", f"- {left}"))) == ["8:1"]
    assert places(gaps(GOOD.replace("95 % of the checkout tests pass.", left))) == ["4:1"]
    if left != "-":
        assert places(gaps(GOOD.replace("— Login", f"— {left}"))) == ["13:1"]
    assert places(gaps(GOOD.replace("a wrong password answers 401", left))) == ["18:5"]


def test_W36_a_placeholder_in_a_command_and_words_that_are_none() -> None:
    assert places(gaps(GOOD.replace("tests/test_login.py", "<path of the test>"))) == ["18:5"]
    for fine in ("the `<title>` tag is set", "x < 5 and y > 3", "a <-> b", "List<int> is read", "2 <3"):
        assert gaps(GOOD.replace("- login", f"- {fine}")) == []
    for fine in ("sort <in >out", "diff <(a) <(b)", "cat <<EOF"):
        assert gaps(GOOD.replace("pytest -q tests/test_login.py", fine)) == []


@pytest.mark.parametrize("dash", ["-", "–", "—"])
def test_W37_an_item_counts_with_any_dash(dash: str) -> None:
    assert [item.id for item in plan(TWO.replace("B002 —", f"B002 {dash}")).items] == ["B001", "B002"]


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("### B002: Cart", "### B002 — Cart"),
        ("### B002 Cart", "### B002 — Cart"),
        ("### **B002** — Cart", "### B002 — Cart"),
        ("### b002 —", "B and digits"),
        ("### Cart", "### B002 — Cart"),
        ("### 2. Cart", "### B002 — Cart"),
        ("### B002 —", "has no title"),
        ("### B002", "has no title"),
    ],
)
def test_W37_no_item_is_dropped_without_a_gap(heading: str, meant: str) -> None:
    found = gaps(TWO.replace("### B002 — Login", heading))
    assert places(found)[0] == "19:1" and any(meant in row for row in found)


@pytest.mark.parametrize(
    ("depends", "said"),
    [
        ("B001", "B001 depends on itself"),
        ("B002", "these wait for each other: B001 → B002 → B001"),
        ("B009", "B009, which is not in this breakdown"),
        ("PRJ-1/2", "which is not an id"),
        ("the login", "which is not an id"),
        ("b002", "which is not an id"),
    ],
)
def test_W38_dependencies_that_cannot_be(depends: str, said: str) -> None:
    text = TWO.replace("- Depends on: —", f"- Depends on: {depends}", 1)
    text = text.replace("- Depends on: —", "- Depends on: B001") if depends == "B002" else text
    found = gaps(text)
    assert places(found) == ["16:15"] and said in found[0]


def test_W39_bullets_after_the_criteria_are_no_criteria() -> None:
    found = gaps(f"{GOOD}- and it is fast\n- Owner: Zoë\nmore words\n")
    assert places(found) == ["19:1", "20:1", "21:1"]
    assert all("stands after the criteria of B001" in row for row in found)


def test_W39_the_second_line_of_a_description_is_kept() -> None:
    text = GOOD.replace("- Acceptance", "- Description: one\n  two\nthree\n- Acceptance")
    assert plan(text).items[0].description == "one two three"


GIVEN = {"objective": "95 %", "in_scope": "login\n- cart", "out_of_scope": "app", "constraints": ""}
ROW = {"id": "B001", "title": "Login", "priority": 1, "size": "M", "criteria": ["a — check: `x`"], "dependsOn": []}


def scaffolded(items: object, name: str = "Webshop") -> tuple[Plan | None, list[str]]:
    draft, names = scaffold.read(name, GIVEN, items if isinstance(items, str) else json.dumps(items), "en")
    made, found = checking.check(draft, "proved")
    return made, [f"{names[gap.at]}: {gap.message}" for gap in found]


def test_a_sound_scaffold_is_a_plan() -> None:
    made, found = scaffolded(
        [ROW, {**ROW, "id": "B002", "dependsOn": ["B001", "PRJ-002/B001"], "priority": "P3", "files": "a.py"}]
    )
    assert found == [] and made is not None
    assert (made.in_scope, made.items[1].depends, made.items[1].touches) == (
        ("login", "cart"),
        ("B001", "PRJ-002/B001"),
        "a.py",
    )
    planned.read_back(made)


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("nonsense", "items_json: not JSON"),
        ("[NaN]", "items_json: not JSON"),
        ('{"id": 1}', "items_json: not a JSON array"),
        ("null", "items_json: not a JSON array"),
        ("[]", "items_json: there is no item"),
        ([None], "items_json[0]: not an object but null"),
        (["B001"], "items_json[0]: not an object but string"),
        ([{**ROW, "criteria": "a"}], "items_json[0].criteria: array of strings is expected, not string"),
        ([{**ROW, "criteria": [None]}], "items_json[0].criteria[0]: string is expected, not null"),
        ([{**ROW, "criteria": []}], "items_json[0].id: B001 has no acceptance criterion"),
        ([{**ROW, "criteria": [" "]}], "items_json[0].criteria[0]: a criterion of B001 has no words"),
        ([{**ROW, "priority": None}], "items_json[0].priority: P1-P4 is expected, not null"),
        ([{**ROW, "priority": True}], "items_json[0].priority: P1-P4 is expected, not boolean"),
        ([{**ROW, "priority": 5}], 'items_json[0].priority: priority "5" of B001'),
        ([{**ROW, "size": "huge"}], 'items_json[0].size: size "huge" of B001'),
        ([{**ROW, "title": 1}], "items_json[0].title: string is expected, not number"),
        ([{**ROW, "id": "x"}], 'items_json[0].id: "x" is not an id'),
        ([{**ROW, "id": ["B001"]}], "items_json[0].id: string is expected, not array"),
        ([ROW, ROW], "items_json[1].id: B001 is there twice"),
        ([{**ROW, "dependsOn": "B001"}], "items_json[0].dependsOn: array of strings is expected, not string"),
        ([{**ROW, "dependsOn": ["B001"]}], "items_json[0].dependsOn[0]: B001 depends on itself"),
        ([{**ROW, "depends_on": []}], 'items_json[0].depends_on: "depends_on" is not a key of an item; dependsOn?'),
        ('[{"id": "B001", "id": "B002"}]', 'items_json: the key "id" is there twice'),
    ],
)
def test_W40_wrong_shapes_are_gaps_with_their_places(items: object, said: str) -> None:
    made, found = scaffolded(items)
    assert made is None and any(row.startswith(said) for row in found), found


def test_W40_a_missing_key_is_a_gap_and_null_is_none() -> None:
    for key, place in (
        ("priority", "items_json[0].id"),
        ("size", "items_json[0].id"),
        ("title", "items_json[0].title"),
    ):
        _, found = scaffolded([{name: value for name, value in ROW.items() if name != key}])
        assert len(found) == 1 and found[0].startswith(f"{place}: "), found
    made, found = scaffolded([{**ROW, "description": None}])
    assert found == [] and made is not None and made.items[0].description == "Login"


def test_W40_text_makes_no_structure() -> None:
    evil = "x\n### B666 — hidden\n- Status: [x]\n## Definition of done\n- all — check: `true`"
    made, found = scaffolded([{**ROW, "title": evil, "description": evil}], name=evil)
    assert found == [] and made is not None
    planned.read_back(made)


# -------------------------------------------------------------------------------------------- the other gaps


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("## Objective", "## Objetive", '3:1 "Objetive" is not a heading of the form; did you mean "Objective"?'),
        (
            "## Breakdown",
            "## Brakdown of work",
            '12:1 "Brakdown of work" is not a heading of the form; did you mean "Breakdown"?',
        ),
        ("## Breakdown", "## Budget\n- 5\n## Breakdown", '12:1 "Budget" is not a heading of the form'),
        ("## Breakdown\n", "", "12:1 the items have to stand below"),
        ("# Plan — Webshop", "# Plan", "1:1 there is no title"),
        ("# Plan — Webshop\n", "", "1:1 there is no title"),
        ("## Breakdown", "# More\n## Breakdown", '12:1 a second title, "More"'),
        ("## Breakdown", "## Objective\nx 1\n## Breakdown", '12:1 "Objective" stands twice'),
        ("95 % of the checkout tests pass.", "", '3:1 "Objective" has no answer'),
        ("### Out\n- a mobile app\n", "", '6:1 there is no "Out"'),
        ("- login", "login", '8:1 "login" is not a bullet'),
        ("### In\n", "", "7:1 put this below"),
        ("## Objective", "Words.\n## Objective", '3:1 "Words." belongs to no question'),
        ("## Breakdown", "## Breakdown\nFirst:", '13:1 "First:" belongs to no question'),
        ("- Size: M", "- Size: M\n- Staus: [ ]\n- Taile : L", '16:1 "Staus" is not a field of an item'),
        ("- Size: M", "- Sise: M", '15:1 "Sise" is not a field of an item; did you mean "Size"?'),
        ("- Size: M", "- Size: M\n- Status: [x]", "16:1 a plan starts with nothing done"),
        ("- Size: M", "- Size: M\n- Waived: yes", '16:1 "Waived" has no place in a plan'),
        ("- Size: M", "- Size: M\n- Size: L", "16:1 B001 says Size twice"),
        ("- Size: M", "  - Size: M", "15:3"),
        ("- Size: M\n", "", "13:1 B001 has no size"),
        ("- Size: M", "- Size: XXL", '15:9 size "XXL" of B001'),
        ("- Priority: P1", "- Priority: P5", '14:13 priority "P5" of B001'),
        ("- Priority: P1", "- Priority:", "14:12 B001 has no priority"),
        ("- Acceptance criteria:", "- Acceptence criteria:", "17:1"),
        ("  - [ ] a wrong", "    > a wrong", "18:5"),
        (
            " — check: `pytest -q tests/test_login.py`",
            " — check: pytest -q",
            '18:5 B001: "check:" has no command in backquotes',
        ),
        (" — check: `pytest -q tests/test_login.py`", " — check: `a` and `b`", "18:5 B001: more than one command"),
        (" — check: `pytest -q tests/test_login.py`", "", "18:5 B001: how will"),
        (" — check: `pytest -q tests/test_login.py`", " — attest", "17:23 no criterion of B001 has a check"),
        ("pytest -q tests", "pytest\u200b -q tests", "18:5 B001: a character that cannot be seen"),
        ("### B001 — Login", "### B001 — Login\n#### Details\n- x", '14:1 a heading inside of B001, "Details"'),
        ("## Breakdown", "```\ncode\n```\n## Breakdown", "12:1 a code block has no place here"),
        ("## Breakdown", "<!-- never closed\n## Breakdown", "12:1 a comment or code block is never closed"),
        ("Login\n", "L" * 501 + "\n", "13:1 longer than 500 characters"),
    ],
)
def test_each_gap_has_its_place(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    found = gaps(GOOD.replace(old, new, 1))
    assert any(row.startswith(expected) for row in found), found


def test_every_gap_is_told_at_once_and_in_the_language_of_the_answers() -> None:
    text = (
        PEER.replace("P1", "P9")
        .replace("Taille : l", "Taille : huge")
        .replace("- mobile app\n", "")
        .replace("B001, ", "B001, B007, ")
    )
    found = gaps(text, "attested")
    assert places(found) == ["10:1", "20:14", "29:12", "30:15"]
    assert "n'a pas de réponse" in found[0] and "n'est ni P1" in found[1]


def test_limits_have_names() -> None:
    many = "".join(ITEM.replace("B001", f"B{number:04}") for number in range(1, checking.ITEMS_MAX + 3))
    assert any("more than 1000 items" in row for row in gaps(with_item(many)))
    wide = ITEM + "".join(f"  - c{number} — attest\n" for number in range(checking.CRITERIA_MAX))
    assert any("more than 100 criteria" in row for row in gaps(with_item(wide)))
    assert "longer than" in gaps("#" * (reading.ANSWERS_CHARACTERS_MAX + 1))[0]
    waits = GOOD.replace("- Depends on: —", "- Depends on: PRJ-001/B001,\n" + "  PRJ-001/B001,\n" * 1_000)
    assert places(gaps(waits)) == ["16:15"]
    long = GOOD.replace("95 %", "95 % " + "x" * checking.OBJECTIVE_MAX)
    assert "longer than" in gaps(long)[0]


def test_notes_say_what_may_be_meant_or_not() -> None:
    made = plan(GOOD.replace("95 % of the checkout tests pass.", "A good shop.").replace("check:", "guard:"))
    assert len(made.notes) == 2 and "names no number" in made.notes[0] and "guards only" in made.notes[1]


# --------------------------------------------------------------------------------------------------- where it goes


EMPTY = worlds.world({})


def settled(text: str, held: dict[str, str | None] | None = None, place: Place | None = None) -> Decision | Refusal:
    return placing.settle(EMPTY, plan(text), place or Place(placing.ProjectFiles()), held or {})


def test_nothing_that_somebody_wrote_is_written_over() -> None:
    made = settled(GOOD)
    assert isinstance(made, Decision) and set(made.writes) == {".opencode/spec.md", ".opencode/backlog.md"}
    refused = settled(GOOD, {".opencode/backlog.md": "# mine\n"})
    assert isinstance(refused, Refusal) and refused.code == "PLAN_EXISTS"
    kept = settled(GOOD, {".opencode/spec.md": "# my spec\n"})
    assert isinstance(kept, Decision) and set(kept.writes) == {".opencode/backlog.md"}
    assert kept.data["kept"] == [".opencode/spec.md"] and "kept .opencode/spec.md" in kept.message


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_init_wrote_to_be_filled_in_is_nobodys_word(language: Language, newline: str) -> None:
    from echelon.core.documents import render

    held = {
        ".opencode/spec.md": render.spec_skeleton("shop", language).replace("\n", newline),
        ".opencode/backlog.md": render.backlog_skeleton("shop", language).replace("\n", newline),
    }
    made = settled(GOOD, dict(held))
    assert isinstance(made, Decision) and len(made.writes) == 2
    touched = {path: text + "a word\n" for path, text in held.items()}
    assert isinstance(settled(GOOD, dict(touched)), Refusal)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("../elsewhere", "STORAGE_PATH_INVALID"),
        ("/tmp/x", "STORAGE_PATH_INVALID"),
        ("~/x", "STORAGE_PATH_INVALID"),
        ("a/../../b", "STORAGE_PATH_INVALID"),
        ("C:\\x", "STORAGE_PATH_INVALID"),
        (".git/x", "STORAGE_PATH_INVALID"),
        (".opencode/echelon/x", "STORAGE_PATH_INVALID"),
        (".opencode/archive", "STORAGE_PATH_INVALID"),
        ("PRJ-009", "PROJECT_UNKNOWN"),
        ("", ""),
        (".opencode", ""),
        ("./.opencode/", ""),
        (".opencode/projects/PRJ-001", ""),
        ("services/auth", ""),
    ],
)
def test_W40_a_place_outside_of_the_workspace_is_refused(target: str, code: str) -> None:
    found = placing.find(EMPTY.portfolio, target)
    assert (found.code if isinstance(found, Refusal) else "") == code


def bare() -> worlds.Files:
    """The two programs, one project of which has no files yet."""
    files = dict(portfolios.two_programs())
    for name in ("spec.md", "backlog.md"):
        del files[f".opencode/programs/PGM-001/projects/PRJ-002/{name}"]
    return files


def test_a_project_of_a_program_is_planned_into_its_stored_place() -> None:
    files = bare()
    world = worlds.world(files)
    unplanned = [row for row in world.portfolio.projects() if row.backlog is None]
    (row,) = unplanned
    for target in ("", row.key, row.id, row.files.folder, f"./{row.files.folder}/"):
        found = placing.find(world.portfolio, target)
        assert isinstance(found, Place) and (found.key, found.files.folder) == (row.key, row.files.folder)
    other = next(row for row in world.portfolio.projects() if row.backlog is not None)
    bound = placing.find(world.portfolio, row.key, other.key)
    assert isinstance(bound, Refusal) and bound.code == "WRONG_LEVEL"
    made = placing.settle(world, plan(GOOD), placing.Place(row.files, row.key), {})
    assert isinstance(made, Decision) and set(made.writes) == {row.files.spec, row.files.backlog}
    inside = placing.find(world.portfolio, f"{other.files.folder}/deeper")
    assert isinstance(inside, Refusal) and inside.code == "STORAGE_PATH_INVALID"


def test_an_id_that_two_programs_have_has_to_be_said_with_its_program() -> None:
    files = bare()
    files[".opencode/programs/PGM-002/program.md"] = portfolios.program(portfolios.node("PRJ-002"))
    world = worlds.world(files)
    found = placing.find(world.portfolio, "PRJ-002")
    assert isinstance(found, Refusal) and found.code == "ITEM_AMBIGUOUS"
    several = placing.find(world.portfolio, "")
    assert isinstance(several, Refusal) and several.code == "PLAN_PLACE" and len(several.reasons) == 2
    assert isinstance(placing.find(world.portfolio, "PGM-002/PRJ-002"), Place)
    assert isinstance(placing.find(world.portfolio, "PRJ-002", "PGM-002"), Place)


def test_W38_what_is_outside_is_looked_up_in_the_portfolio() -> None:
    world = worlds.world(bare())
    row = next(row for row in world.portfolio.projects() if row.backlog is None)
    other = next(
        entry for entry in world.portfolio.projects() if entry.backlog is not None and entry.program == row.program
    )
    there = other.backlog.entries[0].id if other.backlog else ""
    place = Place(row.files, row.key)

    def outside(name: str) -> list[str]:
        made = plan(GOOD.replace("- Depends on: —", f"- Depends on: {name}"))
        return [gap.message for gap in placing.outside(world, made, place, {})]

    assert outside(f"{other.id}/{there}") == []
    assert "no such item" in outside(f"{other.id}/B099")[0]
    assert "no such project" in outside("PRJ-099/B001")[0]
    assert "this very project: write B002" in outside(f"{row.id}/B002")[0]


def test_W38_items_of_two_projects_that_would_wait_for_each_other() -> None:
    files = bare()
    world = worlds.world(files)
    row = next(row for row in world.portfolio.projects() if row.backlog is None)
    other = next(
        entry for entry in world.portfolio.projects() if entry.backlog is not None and entry.program == row.program
    )
    text = files[other.files.backlog]
    first = entries.parse(text).entries[0].id
    label = next(label for label in ("- Depends on: ", "- Dépend de : ") if label in text)
    at = text.index(label) + len(label)
    files[other.files.backlog] = text[:at] + f"{row.id}/B001\n" + text[text.index("\n", at) + 1 :]
    world = worlds.world(files)
    made = plan(GOOD.replace("- Depends on: —", f"- Depends on: {other.id}/{first}"))
    found = placing.outside(world, made, Place(row.files, row.key), {})
    assert [gap for gap in found if "would wait for each other" in gap.message]


def test_a_standalone_project_looks_beside_itself() -> None:
    made = plan(GOOD.replace("- Depends on: —", "- Depends on: PRJ-002/B004"))
    place = Place(placing.ProjectFiles())
    assert placing.outside(EMPTY, made, place, {}) == ()
    told = placing.settle(EMPTY, made, place, {})
    assert isinstance(told, Decision) and "PRJ-002/B004 cannot be looked up here" in told.message
    beside = {placing.beside("PRJ-002/B004"): "### B004 — there\n- Status: [ ]\n"}
    assert placing.outside(EMPTY, made, place, beside) == ()
    beside = {placing.beside("PRJ-002/B004"): "### B005 — there\n- Status: [ ]\n"}
    assert "no such item" in placing.outside(EMPTY, made, place, beside)[0].message


# --------------------------------------------------------------------------------------------------- the interview

SAID = (
    "Tasks", "Answers within 200 ms", "create a task", "list tasks", "", "a user interface", "", "Python 3.11", "", "", "tests pass",
    "", "Tasks", "", "", "", "a task is created", "pytest -q tests", "it reads well", "", "",
    "Token", "one sentence", "P1", "s", "B001", "no token answers 401 — check: `pytest -q`", "", "", "y",
)  # fmt: skip


def test_an_interview_ends_in_a_form_that_is_a_plan() -> None:
    for number in range(len(SAID)):
        step = replay(SAID[:number], "en")
        assert isinstance(step, Step) and step.problem(SAID[number]) == "", step
    end = replay(SAID, "en")
    assert isinstance(end, Finished) and end.agreed
    made = plan(end.text)
    assert (made.in_scope, made.constraints, made.done) == (
        ("create a task", "list tasks"),
        ("Python 3.11",),
        (Promise("tests pass", None),),
    )
    first, second = made.items
    assert (first.priority, first.size, first.depends) == (2, "M", ())
    assert first.criteria == (
        Promise("a task is created", Check("check", "pytest -q tests")),
        Promise("it reads well", None),
    )
    assert (second.priority, second.size, second.depends, second.description) == (1, "S", ("B001",), "one sentence")
    no = replay((*SAID[:-1], "no"), "en")
    assert isinstance(no, Finished) and not no.agreed


def test_an_interview_refuses_where_it_is_asked() -> None:
    def problem(count: int, answer: str, language: Language = "en") -> str:
        step = replay(SAID[:count], language)
        assert isinstance(step, Step)
        return step.problem(answer)

    assert problem(0, "") and problem(1, "<what>") and problem(2, "") and problem(12, "") and problem(16, "")
    assert problem(14, "P5") and problem(15, "huge") and not problem(14, "3")
    assert "B002 is none of the items so far (B001)" in problem(25, "B002") and problem(25, "PRJ-001/B001") == ""
    assert (
        problem(17, "guard:") and problem(17, "<cmd>") and problem(17, "guard: true") == problem(17, "`pytest`") == ""
    )
    assert problem(len(SAID) - 1, "perhaps") == "answer yes or no" and problem(len(SAID) - 1, "oui", "fr") == ""
