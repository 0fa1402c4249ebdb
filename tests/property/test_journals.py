"""Journals of all three levels rotate without loss (reliability.md R18): archive and live file together are the original,
whatever a person wrote between the entries, and at every moment of the write.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portfolio_texts as portfolio
import proofs
import worlds
from crash.disks import ROOT, Clock, ModelDisk
from crash.test_power_cut import State, crash_states, documents, sample, wrong
from echelon.core.documents import entries, sections
from echelon.core.levels import journals
from echelon.store.transaction import Store
from proofs import LONG

NOW = "2026-01-05T09:00:00.000Z"
LISTS: dict[str, str] = {
    ".opencode/projects/PRJ-001/project.md": "# Project — P\n\nnotes of a person\n",
    ".opencode/programs/PGM-001/program.md": portfolio.program(portfolio.node("PRJ-001"), portfolio.node("PRJ-002")),
    ".opencode/enterprise.md": portfolio.enterprise(portfolio.node("PGM-001"), portfolio.node("PGM-002")),
}
KINDS: Mapping[str, entries.Kind] = {"program.md": "program", "enterprise.md": "enterprise"}
# What a person, or an agent's words, may have left behind an entry: it belongs to it, and goes where it goes.
REMARKS = (
    "", "", "", "  and more of it\n", "  - [ ] a box\n  - [2026-01-01T00:00:00.000Z] nested, no entry\n", "\n  after a blank line\n",
    "> quoted\n", "plain words at the margin\n", "```\n- [2026-01-01T00:00:00.000Z] fenced, no entry\n```\n", "<!-- a comment -->\n",
)  # fmt: skip


def kind_of(path: str) -> entries.Kind:
    return KINDS.get(path.rpartition("/")[2], "backlog")


def rows(*texts: str) -> list[str]:
    """The entries with all that belongs to them, in the order of the texts; an archive has no heading of a journal."""
    found: list[str] = []
    for text in texts:
        body = text if "\n## Journal\n" in text or text.startswith("## Journal\n") else f"## Journal\n{text}"
        found += [body[row.start : row.end] for row in sections.read_journal(body)]
    return found


@proofs.examples(100, 50_000)
@given(
    st.sampled_from(list(LISTS)),
    st.integers(0, 260),
    st.lists(st.sampled_from(REMARKS), min_size=1, max_size=8),
    st.booleans(),
    st.integers(1, 60),
    st.booleans(),
)
def test_archives_and_live_file_are_the_original(
    path: str, count: int, remarks: list[str], below: bool, added: int, crlf: bool
) -> None:
    text = f"{LISTS[path]}\n## Journal\n"
    for number, remark in zip(range(count), itertools.cycle(remarks)):
        text += sections.journal_line(NOW, "item_failed", f"entry {number}", "en") + remark
    text += "\n## Notes\nmine\n" if below else ""
    text = text.replace("\n", "\r\n") if crlf else text
    before, world = rows(text.replace("\r\n", "\n")), worlds.world({})
    writes: journals.Writes = {path: text}
    for number in range(added):
        journals.add(writes, replace(world, texts={}), path, "item_delivered", f"later {number}", NOW, "en")
    archives = [name for name in writes if "/archive/journals/" in name]
    after = [str(writes[name]).replace("\r\n", "\n") for name in (*archives, path)]
    held = rows(*(text.split("\n\n", 1)[1] for text in after[:-1]), after[-1])
    assert [row.strip() for row in held] == [
        *(row.strip() for row in before),
        *(sections.journal_line(NOW, "item_delivered", f"later {number}", "en").strip() for number in range(added)),
    ]
    live = len(sections.read_journal(str(writes[path])))
    assert live <= sections.JOURNAL_ENTRIES_MAX and bool(archives) == (count + added > sections.JOURNAL_ENTRIES_MAX)
    assert live == count + added or live >= sections.JOURNAL_ENTRIES_KEPT
    if path.endswith(("program.md", "enterprise.md")):  # the lists above the journal are what they were
        listed = [entries.parse(one, kind_of(path)).entries for one in (text, str(writes[path]))]
        assert listed[0] == listed[1] and len(listed[0]) == 2
    assert ("mine" in str(writes[path])) == below


def _rotation(path: str) -> tuple[dict[str, bytes | None], dict[str, bytes | None]]:
    """The file before, and all that one more entry makes of it."""
    text = f"{LISTS[path]}\n## Journal\n"
    text += "".join(sections.journal_line(NOW, "item_failed", f"entry {number}", "en") for number in range(200))
    writes: journals.Writes = {path: text}
    journals.add(writes, worlds.world({}), path, "item_delivered", "the last", NOW, "en")
    assert len(writes) == 2
    return {path: text.encode()}, {name: str(body).encode() for name, body in writes.items()}


def _lost(states: list[State], path: str, first: int) -> bool:
    """Whether an entry that was once acknowledged is in no file of one of these states, after recovery."""
    for tree, acknowledged in states:
        if acknowledged < first:
            continue
        disk = ModelDisk(tree)
        Store(ROOT, Clock(), disk).recover()
        said = b"".join(documents(disk.tree()).values())
        if any(f"entry {number}\n".encode() not in said for number in (0, 49, 50, 199)):
            return True
    return False


@pytest.mark.parametrize("path", list(LISTS))
def test_at_every_moment_of_a_rotation_nothing_is_lost(path: str) -> None:
    before, after = _rotation(path)
    points, states = crash_states((before, after), ModelDisk())
    chosen = states if LONG else sample(states, 120)
    assert wrong(chosen, (before, after)) == "" and not _lost(chosen, path, 1)
    assert points > 30 and len(chosen) >= 100


def test_the_proof_sees_a_live_file_that_shrinks_before_its_archive_is_there() -> None:
    path = next(iter(LISTS))
    before, after = _rotation(path)
    archive = {name: body for name, body in after.items() if name != path}
    _, states = crash_states((before, {path: after[path]}, archive), ModelDisk())
    assert _lost(states, path, 1)
