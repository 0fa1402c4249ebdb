"""Free text can never become structure (reliability.md R8): each anchor of the grammar, in each field, in each dress."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portfolio_texts as portfolio
import proofs
import texts
import worlds
from echelon.core import prompts
from echelon.core import requests as ask
from echelon.core.decide import Decision
from echelon.core.documents import criteria, entries, graph, lines, render, sections, todo
from echelon.core.documents.sections import Option
from echelon.core.levels import decide
from echelon.core.model import BACKLOG, CONTEXT, PROJECT

NOW = "2026-02-03T04:05:06.789Z"

ANCHORS = {
    "header": "### B666 — hidden",
    "header of a project": "### PRJ-666 — hidden",
    "heading": "## Journal",
    "heading of the escalations": "## Escalations",
    "heading of the record": "## Compte-rendu",
    "field": "- Statut : [x]",
    "field in English": "- Status: [x]",
    "criteria": "- Acceptance criteria:",
    "box": "- [ ] a task",
    "check": "— check: `false`",
    "fence": "```",
    "tilde fence": "~~~",
    "comment": "<!--",
    "mission": "<!-- echelon:mission B666.1 -->",
    "journal line": "- [2026-01-01T00:00:00.000Z] ITEM LIVRÉ — B666",
    "escalation": "### ESC-2026-01-01T00-00-00-000Z",
    "status pending": "Statut : EN ATTENTE DE DÉCISION",
    "status decided": "Status: DECIDED — no (2026-01-01T00:00:00.000Z)",
    "part of an escalation": "#### Options",
    "option": "1. **mine**",
    "start of the block": "<!-- ORCHESTRATOR:SPEC-BACKLOG:START -->",
    "end of the block": "<!-- ORCHESTRATOR:SPEC-BACKLOG:END -->",
}
UPPER_ANCHORS = {
    "header of a program": "### PGM-666 — hidden",
    "path": "- Path: ../../etc",
    "budget": "- Capacity budget: 99",
    "strategy": "- Strategy: priority-first",
    "parallelism": "- Parallelism: off",
    "waiver": "- Waived: by nobody",
}
DRESSES: dict[str, Callable[[str], str]] = {
    "plain": lambda anchor: f"see\n{anchor}\nend",
    "alone": lambda anchor: anchor,
    "CRLF": lambda anchor: f"see\r\n{anchor}\r\nend",
    "CR": lambda anchor: f"see\r{anchor}\rend",
    "NBSP": lambda anchor: f"see\n\u00a0{anchor}\nend",
    "bidi": lambda anchor: f"see\n\u202e{anchor}\u202c\nend",
    "zero width": lambda anchor: f"see\n\u200b{anchor}\nend",
    "line separator": lambda anchor: f"see\u2028{anchor}\u2028end\x0b{anchor}\x0c{anchor}\x85{anchor}",
    "fence": lambda anchor: f"```\n{anchor}\n```\n{anchor}",
    "64 KiB": lambda anchor: f"{'w ' * 32_768}\n{anchor}\n" + "\n" * 300 + anchor,
}
FIELDS = (
    "fail", "suspend", "end_attempt", "attest", "accept_weakening", "context", "attempts", "label", "pros", "cons", "expected",
    "decision", "record", "title", "criterion",
)  # fmt: skip


def request(field: str, text: str) -> ask.Request:
    words = dict.fromkeys(("context", "attempts", "expected", "label", "pros", "cons"), "plain words") | {field: text}
    match field:
        case "fail":
            return ask.FailItem(text)
        case "suspend":
            return ask.SuspendItem(text)
        case "end_attempt":
            return ask.EndAttempt("B001", "gave_up", text)
        case "attest":
            return ask.Attest("tree", "person", text)
        case "accept_weakening":
            return ask.AcceptWeakening("digest", text)
        case "record":
            return ask.Merged(
                "B001",
                worlds.CANDIDATE,
                f"# Todo\n\n## Completion record\n- Files: {text}\n- Notes: {text}\n- Follow-up: {text}\n",
            )
        case "decision":
            return ask.ResolveEscalation("ESC-old", text)
    options = [Option(words["label"], words["pros"], words["cons"]), Option("other", "a", "b")]
    return ask.RecordEscalation(words["context"], words["attempts"], options, words["expected"], "B002")


def _upper_escalation(level: Literal["program", "enterprise"], part: str, text: str) -> ask.Request:
    words = dict.fromkeys(("context", "attempts", "expected", "label", "pros", "cons"), "plain words") | {part: text}
    options = [Option(words["label"], words["pros"], words["cons"]), Option("other", "a", "b")]
    about, scope = ("PRJ-001", "PGM-001") if level == "program" else ("PGM-002", "")
    return ask.RecordEscalation(words["context"], words["attempts"], options, words["expected"], about, level, scope)


def before(field: str, language: str) -> dict[str, str]:
    """Two items, the first in flight, with a journal and a pending escalation in project.md."""
    given_ = worlds.two_items(language)
    project = "# Project\n\nnotes\n\n## Journal\n- [2026-01-01T00:00:00.000Z] ITEM SUSPENDED — B001 — x\n"
    block = sections.Escalation(
        "ESC-old", "B002 — plain", "plain", (Option("a", "b", "c"), Option("d", "e", "f")), "plain"
    )
    given_[PROJECT] = sections.append_escalation(project, block, "Project", "fr" if language == "fr" else "en")
    started = worlds.ask(given_, ask.StartItem(worlds.BASE, "B001"), NOW)
    if field == "record":
        started = worlds.ask(started, ask.Attest("w" * 40, "person", "read it"), NOW)
        started = worlds.ask(started, worlds.closing(started, "B001"), NOW)
    return started


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("field", [name for name in FIELDS if name not in ("title", "criterion")])
def test_free_text_of_a_request_is_never_structure(field: str, language: str) -> None:
    given_ = before(field, language)
    plain = shape(worlds.ask(given_, request(field, "plain words"), NOW))
    dresses = DRESSES if language == "en" else {name: DRESSES[name] for name in ("plain", "CRLF", "zero width")}
    for (anchor, words), (dress, wear) in itertools.product(ANCHORS.items(), dresses.items()):
        after = worlds.ask(given_, request(field, wear(words)), NOW)
        assert shape(after) == plain, (anchor, dress)


@pytest.mark.parametrize(
    ("name", "field"), [("quote", "expected"), ("quote", "context"), ("one_line", "label"), ("one_line", "decision")]
)
def test_the_proof_sees_a_field_that_is_not_quoted(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = before(field, "en")
    plain = shape(worlds.ask(files, request(field, "plain words"), NOW))
    monkeypatch.setattr(sections, name, lambda text: text)
    shapes = [shape(worlds.ask(files, request(field, DRESSES["plain"](words)), NOW)) for words in ANCHORS.values()]
    assert any(found != plain for found in shapes)


def shape(files: dict[str, str]) -> object:
    """The structure that the parsers find: everything but the free words themselves."""
    world = worlds.world(files)
    assert world.backlog is not None
    project = files[PROJECT]
    contract = files.get(CONTEXT, "")
    return (
        [entry._replace(title="") for entry in world.backlog.entries],
        [(one.code, one.severity) for one in (*world.backlog.findings, *graph.graph_findings(world.backlog))],
        [
            [one.check for one in criteria.read(files[BACKLOG], *world.backlog.span(entry.id))[0]]
            for entry in world.backlog.entries
        ],
        [(one.time, one.kind) for one in sections.read_journal(project)],
        [
            (one.id, one.pending, len(one.options), one.options[-1].label if one.options else "")
            for one in world.escalations
        ],
        [
            bool(part)
            for one in world.escalations
            for part in (one.context, one.attempts, one.expected, one.options[0].label if one.options else "")
        ],
        [line.count("#") for line in project.split("\n") if line.startswith("#")],
        project.count("\n## "),
        [(mission.name, mission.phase, len(mission.attestations)) for mission in world.missions],
        [(attempt.item, attempt.attempt, attempt.reason) for attempt in world.attempts],
        sections.eject_block(contract),
        sorted(name for name in files if name != PROJECT),
        {
            name: [row[:3] for row in text.split("\n") if row.startswith("#")]
            for name, text in files.items()
            if "archive" in name
        },
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("field", ["title", "criterion"])
def test_free_text_of_an_item_is_never_structure_elsewhere(field: str, language: str) -> None:
    """What a person wrote into an item stays in it, in every file that a mission starts with."""
    for words, wear in itertools.product(ANCHORS.values(), DRESSES.values()):
        text = wear(words)
        criterion = text if field == "criterion" else "c"
        new = render.NewItem("B001", text if field == "title" else "t", 1, "S", (), "d", ((criterion, None),))
        item = render.item(new, _language(language))
        # the closing fence of a title of one word "```" is no heading; the item must be there and must be one
        document = entries.parse(render.backlog_skeleton("x", _language(language)) + item)
        assert [entry.id for entry in document.entries] == ["B001"]
        found, _ = criteria.read(document.text, *document.span("B001"))
        assert len(found) == 1
        tasks = todo.parse(render.mission_todo("B001.1", "B001", text, found, _language(language)))
        assert (tasks.mission, len(tasks.tasks), tasks.record) == ("B001.1", 1, None)


# ------------------------------------------------------------------------------------------- the upper levels

UPPER: dict[str, Callable[[str], ask.Request]] = {
    "project failed": lambda text: ask.MoveProject("fail", "PRJ-001", "PGM-001", text),
    "project suspended": lambda text: ask.MoveProject("suspend", "PRJ-001", "PGM-001", text),
    "program failed": lambda text: ask.MoveProgram("fail", "PGM-001", text),
    "program suspended": lambda text: ask.MoveProgram("suspend", "PGM-001", text),
    "project reopened": lambda text: ask.MoveProject("reopen", "PRJ-002", "PGM-001", text),
    "project waived": lambda text: ask.MoveProject("waive", "PRJ-002", "PGM-001", text),
    "budget": lambda text: ask.SetBudget(3, text),
    "item waived": lambda text: ask.WaiveItem("B001", text, "PGM-001/PRJ-002"),
    "decision of a program": lambda text: ask.ResolveEscalation("ESC-PGM", text),
    "decision of the enterprise": lambda text: ask.ResolveEscalation("ESC-ENT", text),
} | {
    f"{part} of the {level}": partial(_upper_escalation, level, part)
    for level in ("program", "enterprise")
    for part in ("context", "attempts", "label", "pros", "cons", "expected")
}


def upper_before(language: str) -> portfolio.Disk:
    """Projects that run, failed and wait, with a pending escalation in program.md and in enterprise.md."""
    files = portfolio.two_programs()
    if language == "fr":
        words = {"Priority:": "Priorité :", "Status:": "Statut :", "Depends on:": "Dépend de :", "Size:": "Taille :"}
        files = {path: _in_french(text, words) for path, text in files.items()}
    item = ".opencode/programs/PGM-001/projects/PRJ-002/backlog.md"
    listed = ".opencode/programs/PGM-001/program.md"
    status = "Statut :" if language == "fr" else "Status:"
    files[item] = files[item].replace(f"{status} [ ]", f"{status} [-]", 1)
    head, second = files[listed].split("### PRJ-002", 1)
    files[listed] = f"{head}### PRJ-002{second.replace(f'{status} [ ]', f'{status} [-]', 1)}"
    options = (Option("a", "b", "c"), Option("d", "e", "f"))
    for path, name in ((listed, "ESC-PGM"), (".opencode/enterprise.md", "ESC-ENT")):
        block = sections.Escalation(name, "plain", "plain", options, "plain")
        files[path] = sections.append_escalation(files[path], block, "T", _language(language))
    disk = portfolio.Disk(files)
    for path in (listed, ".opencode/enterprise.md"):  # running already: a pending escalation would hold the start
        disk._write(path, disk.files[path].replace(f"{status} [ ]", f"{status} [/]", 1))
    return disk


def _in_french(text: str, words: dict[str, str]) -> str:
    for english, french in words.items():
        text = text.replace(f"- {english}", f"- {french}")
    return text


def upper_shape(disk: portfolio.Disk) -> object:
    """What the parsers find in every file of the portfolio: everything but the free words themselves."""
    whole = disk.world().portfolio
    lists = [whole.document, *(row.document for row in whole.programs), *(row.backlog for row in whole.projects())]
    return (
        [[entry._replace(title="") for entry in one.entries] for one in lists if one],
        [[(row.code, row.severity) for row in one.findings] for one in lists if one],
        whole.settings,
        [(row.key, row.refused, row.running) for row in whole.projects()],
        [
            (path, [(row.time, row.kind) for row in sections.read_journal(text)], text.count("\n## "),
             [(row.id, row.pending, len(row.options)) for row in sections.read_escalations(text)])
            for path, text in sorted(disk.files.items()) if path.endswith(".md") and "/archive/" not in path
        ],
        sorted(disk.files),
    )  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("field", list(UPPER))
def test_free_text_of_programs_and_the_enterprise_is_never_structure(field: str, language: str) -> None:
    given_ = upper_before(language)

    def asked(text: str) -> object:
        disk = portfolio.Disk(given_.files)
        disk.done(UPPER[field](text))
        return upper_shape(disk)

    plain = asked("plain words")
    names = ("plain", "CRLF", "NBSP", "fence", "line separator", "64 KiB") if language == "en" else ("plain", "alone")
    for (anchor, words), dress in itertools.product((ANCHORS | UPPER_ANCHORS).items(), names):
        if dress == "64 KiB" and anchor not in ("heading", "header of a project", "fence"):
            continue  # slow, and the same for all
        assert asked(DRESSES[dress](words)) == plain, (anchor, dress)


@pytest.mark.parametrize(
    ("name", "field"), [("quote", "context of the program"), ("one_line", "decision of the enterprise")]
)
def test_the_proof_of_the_upper_levels_sees_a_field_that_is_not_quoted(
    name: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(text: str) -> object:
        disk = upper_before("en")
        disk.done(UPPER[field](text))
        return upper_shape(disk)

    plain = asked("plain words")
    monkeypatch.setattr(sections, name, lambda text, *_: text)
    assert any(asked(DRESSES["plain"](words)) != plain for words in ANCHORS.values())


def _language(name: str) -> entries.Language:
    return "fr" if name == "fr" else "en"


@pytest.mark.parametrize("words", ANCHORS.values(), ids=list(ANCHORS))
def test_the_contract_and_the_prompt_quote_feedback(words: str) -> None:
    files = before("end_attempt", "en")
    for wear in DRESSES.values():
        after = worlds.ask(files, request("end_attempt", wear(words)), NOW)
        world = worlds.world(after)
        mission = world.missions[0]
        assert world.backlog is not None
        prompt = prompts.mission(mission, world.backlog.section("B001"), "first", {}, "en")
        assert sections.eject_block(sections.inject_block("mine\n", prompt)) == "mine\n"
        feedback = prompt[prompt.index("The attempt before was refused:") :].split("\n\n")[0]
        rows = [row for row in feedback.split("\n")[1:] if row]
        assert not any(row.lstrip().startswith(("#", "```", "<!--", "- [", "- S")) for row in rows)


@proofs.examples(150, 20_000)
@given(texts.anything, st.sampled_from([name for name in FIELDS if name not in ("title", "criterion")]))
def test_any_text_in_any_field_leaves_the_shape(text: str, field: str) -> None:
    files = before(field, "en")
    asked = request(field, text)
    decided = decide(worlds.world(files), asked, NOW)
    if isinstance(decided, Decision):
        assert shape(worlds.applied(files, decided)) == shape(worlds.ask(files, request(field, "plain words"), NOW))


@given(texts.anything)
def test_quoted_text_is_no_heading_no_bullet_and_opens_nothing(text: str) -> None:
    quoted = render.quote(text)
    assert lines.left_open(quoted) == ""
    for line in lines.split(quoted):
        assert lines.heading(line) is None
        assert lines.BULLET.match(line.text) is None
        assert lines.labelled(line.text) is None
    one = render.one_line(text)
    assert "\n" not in one
    assert len(one) <= render.LINE_MAX
    assert render.one_line(one) == one
