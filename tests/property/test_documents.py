"""Laws of the document parsers: total, lossless, the quick reader agrees with the slow one, an edit touches its span."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import backlogs
import proofs
import texts
from echelon.core import config
from echelon.core.documents import criteria, entries, graph, lines, plain, sections, spec, todo
from echelon.core.documents.entries import ID_OF, EntriesDocument, Kind
from echelon.core.documents.grammar import MARKER_OF, State

KINDS: tuple[Kind, ...] = ("backlog", "program", "enterprise")


def check_document(document: EntriesDocument) -> None:
    """Spans are true, in order, disjoint, and each begins with the header of its entry."""
    text, position = document.text, 0
    assert len(document.entries) == len(document.spans)
    for at, (entry, (start, end)) in enumerate(zip(document.entries, document.spans, strict=True)):
        assert entry.order == at
        assert position <= start < end <= len(text)
        assert start == 0 or text[start - 1] == "\n"
        assert entry.id in text[start:end].split("\n", 1)[0]
        position = end
    assert document.preamble_end <= (document.spans[0][0] if document.spans else len(text))
    for finding in document.findings:
        assert 0 <= finding.offset <= len(text)


# ------------------------------------------------------------------------------------------------- totality


@given(texts.documents, st.sampled_from(KINDS), st.booleans())
def test_every_text_is_a_document(text: str, kind: Kind, quick: bool) -> None:
    document = entries.parse(text, kind, quick=quick)
    assert document.text == text
    check_document(document)
    graph.graph_findings(document)
    assert document.language in ("en", "fr")
    for entry in document.entries:
        found, findings = criteria.read(text, *document.span(entry.id), entry.id)
        assert all(0 <= one.offset <= len(text) for one in (*found, *findings))


@given(texts.documents)
def test_every_text_is_a_spec_a_todo_and_has_sections(text: str) -> None:
    held = spec.parse(text)
    assert held.text == text
    for section in held.sections:
        assert 0 <= section.start < section.end <= len(text)
    for task in todo.parse(text).tasks:
        assert text[task.box - 1] == "["
    todo.is_quiet(text)
    for entry in sections.read_journal(text):
        assert text[entry.start : entry.end].startswith("- [")
    for one in sections.read_escalations(text):
        assert one.id in text[one.start : one.end].split("\n", 1)[0]


@given(texts.documents)
def test_lines_join_to_the_text(text: str) -> None:
    scanned = lines.split(text)
    assert "".join(text[line.start : line.end] for line in scanned) == text
    assert all("\n" not in line.text for line in scanned)
    places = lines.Places(text)
    for line in scanned:
        assert places(line.start) == (text.count("\n", 0, line.start) + 1, 1)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
_PIECES = st.sampled_from(
    ('"', "{", "}", "[", "]", ":", ",", "//", "/*", "*/", "\n", " ", '"limits"', '"limits.attempts"', "1e999", "NaN", "9" * 5000, "-1",
     '"language"', '"fr"', "\\", "true", '{"orchestrator": 1}', "\ufeff")
)  # fmt: skip


@given(
    st.one_of(
        st.lists(_PIECES, max_size=15).map("".join),
        texts.anything,
        _JSON.map(lambda value: __import__("json").dumps(value)),
    )
)
@example('{"orchestrator": []}')
@example('{"limits": {"attempts": ' + "9" * 5000 + "}}")
@example('{"limits": {"checkMemoryBytes": 1e999}}')
@example("[" * 100_000)
def test_every_text_is_a_configuration(text: str) -> None:
    found, findings = config.parse(text, "file")
    assert all(0 <= one.offset <= len(text) for one in findings)
    for setting in config.SETTINGS:
        value = found[setting.key]
        if setting.kind in ("number", "count"):
            assert setting.least <= found.count(setting.key) <= setting.most
        elif setting.choices:
            assert value in setting.choices


# --------------------------------------------------------------------------------------- quick equals slow


def same(text: str, kind: Kind = "backlog") -> None:
    quick, slow = entries.parse(text, kind), entries.parse(text, kind, quick=False)
    assert quick.entries == slow.entries
    assert quick.spans == slow.spans
    assert quick.preamble_end == slow.preamble_end
    errors = [[one for one in document.findings if one.severity == "error"] for document in (quick, slow)]
    assert errors[0] == errors[1]
    assert plain.thorough(quick).findings == slow.findings
    for start, end in slow.spans:
        if plain.plain_criteria(text, start, end):
            promises, odd = criteria.read(text, start, end)
            assert not odd and promises and all(promise.check for promise in promises)


@given(texts.documents, st.sampled_from(KINDS))
def test_quick_equals_slow(text: str, kind: Kind) -> None:
    same(text, kind)


@proofs.examples(400, 20_000)
@given(texts.mutated())
def test_quick_equals_slow_on_mutated_backlogs(text: str) -> None:
    same(text)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("count", backlogs.SIZES)
def test_generated_backlogs_are_read_as_they_were_meant(count: int, language: backlogs.Language) -> None:
    rows = backlogs.rows(count, language)
    text = backlogs.text(rows, language)
    for variant in (text, text.replace("\n", "\r\n"), "\ufeff" + text, text.rstrip("\n")):
        document = entries.parse(variant)
        same(variant)
        assert not [one for one in document.findings if one.severity == "error"]
        assert document.language == language
        pieces = [variant[: document.preamble_end], *(variant[a:b] for a, b in document.spans)]
        assert "".join(pieces) == variant
        for row, entry in zip(rows, document.entries, strict=True):
            assert (row.id, row.title, row.priority, row.size) == (entry.id, entry.title, entry.priority, entry.size)
            assert (row.marker, row.depends) == (MARKER_OF[entry.state], entry.depends)
            read, findings = criteria.read(variant, *document.span(row.id), row.id)
            shown = [
                (one.text, one.check.kind if one.check else "", one.check.command if one.check else "") for one in read
            ]
            assert not findings
            assert shown == list(row.criteria)


# -------------------------------------------------------------------------------------------------- edits


@proofs.examples(300, 20_000)
@given(texts.documents, st.data())
def test_set_state_changes_one_marker(text: str, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    before = entries.parse(text, kind, quick=data.draw(st.booleans()))
    if not before.entries:
        return
    entry = before.find(data.draw(st.sampled_from([one.id for one in before.entries])))
    assert entry is not None
    state = data.draw(st.sampled_from(State))
    after = entries.set_state(before, entry.id, state)
    start, end = before.spans[entry.order]
    assert after.text[:start] == before.text[:start]
    assert after.text.endswith(before.text[end:])
    own = before.text[start:end], after.text[after.spans[entry.order][0] : after.spans[entry.order][1]]
    assert _only_a_marker(*own)
    again = entries.parse(after.text, kind)
    expected = [one._replace(state=state) if one.order == entry.order else one for one in before.entries]
    assert [one._replace(broken=False) for one in again.entries] == [one._replace(broken=False) for one in expected]
    assert again.entries == after.entries
    assert again.spans == after.spans
    assert sorted(one for one in again.findings if one.severity == "error") == sorted(
        one for one in after.findings if one.severity == "error"
    )


_ADDED = re.compile(
    r"\[[ x/~-]\] ?|[ \t\u00a0]*- (Status:|Statut :) \[[ x/~-]\]\r?\n|\r?\n[ \t\u00a0]*- (Status:|Statut :) \[[ x/~-]\]"
)


def _only_a_marker(old: str, new: str) -> bool:
    """`new` is `old` with a box replaced or put in, or with one status line more."""
    if old == new:
        return True
    for cut in range(4):
        more = len(new) - len(old) + cut
        for at in range(len(old) - cut + 1) if more > 0 else ():
            if new[at + more :] == old[at + cut :] and new[:at] == old[:at] and _ADDED.fullmatch(new[at : at + more]):
                return cut == 0 or old[at] == "["
    return False


@given(texts.documents, st.sampled_from(("en", "fr")))
def test_journal_append_is_an_insertion_that_is_read_back(text: str, language: backlogs.Language) -> None:
    before = sections.read_journal(text)
    line = sections.journal_line("2026-01-05T09:00:00.000Z", "item_failed", "B001 — because", language)
    after = sections.append_journal(text, line, "Project", language)
    inserted(text, after)
    read = sections.read_journal(after)
    assert [(one.time, one.kind, one.message) for one in read[:-1]] == [
        (one.time, one.kind, one.message) for one in before
    ]
    assert (read[-1].kind, read[-1].message) == ("item_failed", "B001 — because")
    assert len(sections.read_escalations(after)) == len(sections.read_escalations(text))


@given(texts.documents, st.sampled_from(("en", "fr")))
def test_escalation_append_is_an_insertion_and_resolving_changes_its_status_line(
    text: str, language: backlogs.Language
) -> None:
    before = sections.read_escalations(text)
    options = (sections.Option("a", "b", "c"), sections.Option("d", "e", "f"))
    block = sections.Escalation("ESC-x", "B001 — why", "tried", options, "what?")
    after = sections.append_escalation(text, block, "Project", language)
    inserted(text, after)
    read = sections.read_escalations(after)
    assert len(read) == len(before) + 1
    found = next(one for one in reversed(read) if one.id == "ESC-x")
    assert (found.context, found.attempts, found.options, found.expected) == ("B001 — why", "tried", options, "what?")
    assert found.pending
    decided = sections.resolve_escalation(after, found, "do $1 (soon)", "2026-01-05T09:00:00.000Z", language)
    assert [one.id for one in sections.read_escalations(decided)] == [one.id for one in read]
    assert (
        next(one for one in sections.read_escalations(decided) if one.start == found.start).decision == "do $1 (soon)"
    )
    changed = [(a, b) for a, b in zip(after.split("\n"), decided.split("\n"), strict=True) if a != b]
    assert len(changed) == 1
    assert changed[0][0].startswith("Stat")


def inserted(before: str, after: str) -> None:
    """`after` is `before` with one piece put in."""
    more = len(after) - len(before)
    at = next((at for at in range(len(before)) if before[at] != after[at]), len(before))
    # what was put in may begin with what follows it: then it stands up to its own length further left
    assert any(
        before[: at - back] + after[at - back : at - back + more] + before[at - back :] == after
        for back in range(min(at, more) + 1)
    )


@given(texts.documents, texts.anything)
def test_the_injected_block_comes_out_byte_for_byte(context: str, block: str) -> None:
    there = sections.inject_block(context, block)
    rest = sections.eject_block(context)  # one that we put there before is replaced
    assert sections.eject_block(there) == rest
    assert rest == context or context.startswith("<!-- ORCHESTRATOR")
    assert sections.inject_block(there, block) == there
    assert sections.eject_block(rest) == rest


@given(texts.documents)
def test_tick_all_changes_boxes_and_nothing_else(text: str) -> None:
    before = todo.parse(text)
    ticked = todo.tick_all(text)
    after = todo.parse(ticked)
    assert not after.open
    assert [task.text for task in after.tasks] == [task.text for task in before.tasks]
    assert (after.record, after.mission) == (before.record, before.mission)
    bare = re.compile(r"\[[^\]\n]?\]")
    assert bare.sub("[]", ticked) == bare.sub("[]", text)


@given(st.integers(150, 330), st.booleans(), st.data())
def test_rotation_loses_nothing(count: int, crlf: bool, data: st.DataObject) -> None:
    text = "# Project\n\nnotes of a person\n\n## Journal\n"
    for number in range(count):
        text += sections.journal_line("2026-01-05T09:00:00.000Z", "item_failed", f"entry {number}", "fr")
        if data.draw(st.integers(0, 30)) == 0:
            text += "  a person's remark\n\n"
    text += "\n## Escalations\n"
    text = text.replace("\n", "\r\n") if crlf else text
    moved = sections.rotate_journal(text, ".opencode/project.md")
    if count <= sections.JOURNAL_ENTRIES_MAX:
        assert (moved.text, moved.archive) == (text, "")
        return
    assert len(sections.read_journal(moved.text)) == sections.JOURNAL_ENTRIES_KEPT
    assert sections.rotate_journal(moved.text, ".opencode/project.md").archive == ""
    head = moved.archive.split("\n\n", 1)[1]
    rows = sorted(row for row in (*head.splitlines(), *moved.text.splitlines()) if row.strip())
    assert rows == sorted(row for row in text.splitlines() if row.strip())


# ------------------------------------------------------------------------------------------------- oracle

_ORACLE = MarkdownIt("commonmark")
# where the grammars agree: blocks at the margin, no lazy continuation, fences that close, comments on their own line
_BLOCKS = st.one_of(
    st.tuples(st.integers(1, 6), st.sampled_from(("One", "Two words", "B001 — Login", "closing ##"))).map(lambda b: "#" * b[0] + " " + b[1]),
    st.sampled_from(
        ("```\n# not one\n- [ ] not a task\n```", "~~~ py\n### B001 — no\n~~~", "````\n```\n# in\n````", "<!--\n# hidden\n- [ ] hidden\n-->",
         "plain words", "#hashtag", "####### seven")
    ),
    st.lists(st.sampled_from(("- [ ] open", "- [x] done", "- plain", "  - [ ] nested", "  - deeper")), min_size=1, max_size=4).map(
        lambda rows: "\n".join(["- [ ] first", *rows])
    ),
)  # fmt: skip


@proofs.examples(200, 20_000)
@given(st.lists(_BLOCKS, max_size=12).map("\n\n".join))
def test_headings_fences_and_tasks_are_those_of_commonmark(text: str) -> None:
    tokens = _ORACLE.parse(text)
    headings = [
        (int(token.tag[1]), tokens[at + 1].content, token.map[0])
        for at, token in enumerate(tokens)
        if token.type == "heading_open" and token.map
    ]
    opaque = {
        row for token in tokens if token.type in ("fence", "html_block") and token.map for row in range(*token.map)
    }
    items = [tokens[at + 2].content for at, token in enumerate(tokens) if token.type == "list_item_open"]
    scanned = lines.split(text)
    ours = [(*title, row) for row, line in enumerate(scanned) if (title := lines.heading(line))]
    assert ours == headings
    assert {row for row, line in enumerate(scanned) if line.opaque and line.text} == {
        row for row in opaque if scanned[row].text
    }
    tasks = todo.parse(text).tasks
    assert [task.text for task in tasks] == [words[4:] for words in items if words.startswith("[")]


def test_identifiers_of_the_kinds_do_not_overlap() -> None:
    names = {"backlog": "B1", "program": "PRJ-1", "enterprise": "PGM-1"}
    assert {kind: [other for other in KINDS if re.fullmatch(ID_OF[other], name)] for kind, name in names.items()} == {
        kind: [kind] for kind in KINDS
    }
