"""What the console's reads stand on: looking through items, changes of texts, and the forecast. Pure, against oracles."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import worlds
from echelon.core import browsing, diffs
from echelon.core.browsing import Query
from echelon.core.charts import forecast as forecasts
from echelon.core.documents.grammar import State
from echelon.core.model import BACKLOG, SPEC
from mirrors import entry

# ----------------------------------------------------------------------------------------------- browsing

WORDS = ("élan", "Elan", "ÉLAN", "élan", "b002", "word", "%", "Straße", "Title")
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


def _rows(titles: list[str], markers: list[str]) -> tuple[browsing.Row, ...]:
    text = "# Backlog — W\n\n" + "".join(
        entry(f"B{n:03}", title, marker=marker, priority=1 + n % 4)
        for n, (title, marker) in enumerate(zip(titles, markers, strict=True), 1)
    )
    return browsing.rows(worlds.world({SPEC: "# Spec — W\n", BACKLOG: text}))


@given(st.data(), st.lists(TITLES, min_size=1, max_size=8), st.lists(st.sampled_from(WORDS), max_size=3))
def test_a_query_finds_what_a_naive_reader_finds(data: st.DataObject, titles: list[str], words: list[str]) -> None:
    rows = _rows(titles, [data.draw(st.sampled_from(" /x-~")) for _ in titles])
    states = data.draw(st.frozensets(st.sampled_from([state.value for state in State]), max_size=2))
    sort = data.draw(st.sampled_from(("order", "priority", "title", "state")))
    texts = [browsing.fold(f"{row.key} {row.entry.title}") for row in rows]
    found = browsing.matching(rows, Query("", " ".join(words), states, sort=sort), lambda: texts)
    naive = [
        row
        for row in rows
        if (not states or row.entry.state.value in states)
        and all(part in texts[row.order] for word in words for part in browsing.fold(word).split())
    ]
    assert sorted(row.order for row in found) == [row.order for row in naive]
    if sort == "order":
        assert found == naive
    if sort == "priority":
        assert [row.entry.priority for row in found] == sorted(row.entry.priority for row in naive)


@given(st.text(max_size=40))
def test_folding_is_blind_to_case_and_accents_and_stable(text: str) -> None:
    folded = browsing.fold(text)
    assert browsing.fold(folded) in (folded, browsing.fold(folded))
    assert browsing.fold("É" + text) == browsing.fold("e" + text) or not text.isascii()
    assert browsing.asked(text) == tuple(dict.fromkeys(browsing.asked(text)))


def test_a_scope_holds_what_is_below_it_and_not_its_namesakes() -> None:
    assert browsing.within("PGM-001/PRJ-001", "PGM-001") and browsing.within("PGM-001/PRJ-001", "")
    assert not browsing.within("PGM-0010/PRJ-001", "PGM-001") and not browsing.within("", "PGM-001")


# ------------------------------------------------------------------------------------------------ changes

LINES = st.lists(
    st.sampled_from(("a", "b", "", "+x", "-x", " x", "@@ -1 +1 @@", "diff --git a/x b/x", "\\ No")), max_size=30
)
TEXTS = st.one_of(st.none(), LINES.map(lambda rows: "".join(f"{row}\n" for row in rows)))


def _applied(before: str | None, found: diffs.FileDiff) -> list[str]:
    """The old lines with the hunks put in: what the new ones must be."""
    old = (before or "").split("\n")[:-1]
    out: list[str] = []
    at = 0
    for hunk in found.hunks:
        olds = [line for line in hunk.lines if line.kind in ("context", "removed")]
        start = olds[0].old - 1 if olds else _insertion(hunk)
        out += old[at:start]
        out += [line.text for line in hunk.lines if line.kind in ("context", "added")]
        assert [line.text for line in olds] == old[start : start + len(olds)]
        at = start + len(olds)
    return out + old[at:]


def _insertion(hunk: diffs.Hunk) -> int:
    return int(hunk.header.split("-")[1].split(",")[0])


@given(TEXTS, TEXTS)
def test_the_change_of_a_text_leads_from_one_to_the_other(before: str | None, after: str | None) -> None:
    found = diffs.between("x", before, after)
    assert _applied(before, found) == (after or "").split("\n")[:-1]
    kinds = [line.kind for hunk in found.hunks for line in hunk.lines]
    assert (found.added, found.removed) == (kinds.count("added"), kinds.count("removed"))
    assert bool(found.hunks) == ((before or "") != (after or ""))


@settings(max_examples=25, deadline=None)
@given(LINES, LINES)
def test_gits_patch_of_hostile_lines_is_read_by_its_counts(before: list[str], after: list[str]) -> None:
    """Content that looks like a patch is content."""
    one, other = ("".join(f"{row}\n" for row in rows) for rows in (before, after))
    patch = _git_diff(one, other)
    sections = diffs.sections(patch)
    if one == other:
        assert sections == ()
        return
    assert len(sections) == 1
    found = diffs.counted(diffs.FileDiff("x", "x", "modified", hunks=sections[0].hunks))
    assert _applied(one, found) == other.split("\n")[:-1]


def _git_diff(one: str, other: str) -> str:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("one", one), ("other", other)):
            Path(folder, name).write_text(text, "utf-8", newline="")
        words = ["git", "diff", "--no-index", "--no-color", "--full-index", "--no-ext-diff", "one", "other"]
        return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False).stdout


@given(st.text(max_size=200))
def test_any_text_is_a_patch_of_something_or_of_nothing(text: str) -> None:
    for section in diffs.sections(f"diff --git a/x b/x\n{text}"):
        assert all(line.text == diffs.shown(line.text) for hunk in section.hunks for line in hunk.lines)


@given(st.text(max_size=60))
def test_a_shown_line_has_nothing_that_is_not_seen(text: str) -> None:
    shown = diffs.shown(text)
    assert all(ch == "\t" or ch.isprintable() or diffs._blank(ch) for ch in shown)
    shown.encode("utf-8")


def test_the_trojan_source_is_seen() -> None:
    assert diffs.shown("if admin:\u202e return") == "if admin:\\u202e return"
    assert diffs.shown("\x1b[2J") == "\\x1b[2J" and diffs.shown("a\r") == "a" and diffs.shown("\udcff") == "\\udcff"


@given(st.lists(st.integers(0, 8), max_size=6), st.integers(0, 12))
def test_a_cap_keeps_whole_hunks_and_says_what_it_drops(sizes: list[int], cap: int) -> None:
    hunks = tuple(diffs.Hunk("@@", (diffs.Line("added", 0, 1, "x"),) * size) for size in sizes)
    files = [diffs.counted(diffs.FileDiff("x", "x", "added", hunks=(hunk,))) for hunk in hunks]
    kept, dropped = diffs.capped(files, cap)
    shown = [line for row in kept for hunk in row.hunks for line in hunk.lines]
    assert len(shown) <= cap and len(kept) == len(files)
    assert dropped == sum(1 for row in kept if not row.hunks)
    assert [row.added for row in kept] == sizes
    assert all(row.too_large for row in kept if not row.hunks)


# ----------------------------------------------------------------------------------------------- forecast

TIMES = st.lists(st.integers(0, 10**9), min_size=5, max_size=150).map(sorted)


@given(TIMES, st.integers(1, 500), st.integers(0, 2 * 10**9))
def test_a_forecast_is_an_interval_after_now_around_what_is_likely(times: list[int], left: int, now: int) -> None:
    found = forecasts.of(times, left, now)
    assert found.early is not None and found.likely is not None and found.late is not None
    assert max(now, times[-1]) <= found.early <= found.likely <= found.late
    assert found == forecasts.of(list(times), left, now)


@given(TIMES, st.integers(1, 200))
def test_more_work_ends_later(times: list[int], left: int) -> None:
    one, more = forecasts.of(times, left, 0), forecasts.of(times, left + 1, 0)
    assert (one.likely or 0) <= (more.likely or 0) and (one.late or 0) <= (more.late or 0)


@given(st.integers(1, 10**7), st.integers(5, 60), st.integers(1, 100))
def test_an_even_pace_is_a_point(gap: int, known: int, left: int) -> None:
    found = forecasts.of([gap * n for n in range(known)], left, 0)
    assert found.early == found.likely == found.late == gap * (known - 1 + left)


@given(st.lists(st.integers(0, 10**9), max_size=4).map(sorted), st.integers(0, 9))
def test_too_little_known_is_said(times: list[int], left: int) -> None:
    found = forecasts.of(times, left, 0)
    assert (found.enough, found.early, found.likely, found.late) == (False, None, None, None)


@given(TIMES)
def test_nothing_left_needs_no_date_and_a_date_can_be_written(times: list[int]) -> None:
    assert forecasts.of(times, 0, 0).likely is None
    assert (forecasts.of([n * 10**9 for n in range(9)], 10**9, 0).late or 0) <= forecasts.MOMENT_MAX
