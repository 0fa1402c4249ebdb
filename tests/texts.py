"""Hypothesis strategies for the texts of state files: made of what has power in the format, or of real files, mutated."""

from __future__ import annotations

from hypothesis import strategies as st

import backlogs

NEWLINES = ("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\u2028", "\x0c", "\x85")
BLANKS = (" ", "  ", "    ", "\t", "\u00a0", "\u202f", "\u200b", "\ufeff", "\u202e", "\x00", "\udcff")
HEADERS = (
    "### B001 — Login", "### B002 - Cart", "### B002 – Cart", "## B003 — Two", "### B1 —", "### b001 — low", "### B001 — C#",
    "#### Details", "# Title", "## Journal", "## Escalations", "## Légende", "### ESC-2026-01-05T09-00-00-000Z", "### PRJ-001 — Auth",
    "### PGM-001 — Core", "## Definition of done", "## Compte-rendu", "## Completion record", "   ### B004 — In", "   # In", "###",
    "  ### B005 — Two in", "#", "####### seven",
)  # fmt: skip
FIELDS = (
    "- Priority: P1", "- Priorité : P2", "- Priorite\u0301 : P3", "* Priority: P4", "- **Priority**: P1", "- Priority: 9", "- Size: M",
    "- Taille : XL", "- Size: huge", "- Status: [ ]", "- Statut : [/]", "- Statut : [x]", "- Status: [X]", "- Status: [?]", "- Status:",
    "-Status: [~]", "- Depends on: B001, B002", "- Dépend de : —", "- Depends on: B001, B001", "- Depends on: aucune", "- Depnds on: B1",
    "- Acceptance criteria:", "- Critères d'acceptation :", "- Technical notes: x", "- Description: y", "  - Status: [x]", "- Path: ../x",
    "Statut : EN ATTENTE DE DÉCISION", "Status: DECIDED — yes (2026-01-05T09:00:00.000Z)", "#### Options", "1. **one**", "   - For: a",
    "- [2026-01-05T09:00:00.000Z] ITEM LIVRÉ — B001", "- Files: a, b", "- Notes: n",
)  # fmt: skip
PARTS = (
    "- [ ] a task", "  - [ ] a criterion — check: `true`", "  - [x] done — garde : ``a ` b``", "- [/] going", "1. [ ] numbered",
    "+ [-] failed", "- []", "- []]", "```", "~~~", "````py", "<!--", "-->", "<!-- one line -->", "`<!--`", "---", "> quoted", "plain words",
    "<!-- echelon:mission B001.2 -->", "<!-- ORCHESTRATOR:SPEC-BACKLOG:START -->", "<!-- ORCHESTRATOR:SPEC-BACKLOG:END -->", "None.",
    "é", "e\u0301", "— check: `x`", "*", "-", "[", "]", ":",
)  # fmt: skip

_piece = st.one_of(
    st.sampled_from(NEWLINES),
    st.sampled_from(BLANKS),
    *(st.sampled_from(family).map(lambda row: row + "\n") for family in (HEADERS, FIELDS, PARTS)),
    *(st.sampled_from(family) for family in (HEADERS, FIELDS, PARTS)),
    st.text(max_size=6),
)
structured = st.lists(_piece, max_size=40).map("".join)
decoded = st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
_lines = st.lists(
    st.tuples(
        st.sampled_from(("", "", "", " ", "   ", "\t", "\ufeff")), st.sampled_from((*HEADERS, *FIELDS, *PARTS, ""))
    )
)
entry_like = st.tuples(_lines, st.sampled_from(("\n", "\n", "\r\n"))).map(
    lambda drawn: drawn[1].join(lead + row for lead, row in drawn[0])
)
anything = st.one_of(structured, entry_like, decoded, st.text(max_size=300))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real-looking file of six items after up to five small accidents."""
    language = draw(st.sampled_from(("en", "fr")))
    found = backlogs.backlog(6, language, draw(st.integers(0, 20)))
    if draw(st.booleans()):
        found = found.replace("\n", "\r\n")
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(found)))
        length = draw(st.sampled_from((0, 0, 1, 2, 5, 40)))
        new = draw(st.one_of(st.just(""), _piece))
        found = found[:at] + new + found[at + length :]
    return found


documents = st.one_of(anything, mutated())
