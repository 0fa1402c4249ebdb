"""Disorder is found and repaired without loss (reliability.md R19): each finding on purpose, then two at once.

Method: a small portfolio as texts, in parallel and in sequential mode; each case breaks one thing in it. After a
repair, whatever stood in a file stands somewhere still, and a second repair has nothing to do. The machine's own
findings (slots, branches, refs) are made on real workspaces in tests/e2e/test_doctor_portfolio.py.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

import fleets
from echelon.core import canonical, copies, recovery
from echelon.core import requests as ask_
from echelon.core.assembling import Assembled, assemble
from echelon.core.codes import CODES
from echelon.core.config import PATHS, Config
from echelon.core.configuration import configured
from echelon.core.decide import Decision
from echelon.core.documents import entries
from echelon.core.levels import decide
from echelon.core.model import ACTIVE, ATTEMPTS, BACKLOG, EVIDENCE, MISSIONS, SLOTS, SPEC, Attempt, BaseFacts
from echelon.core.recovery import Observed, Placed
from proofs import LONG
from repo_sources import modules
from worlds import Texts

NOW = "2026-03-04T05:06:07.890Z"
LATER = "2026-03-04T05:06:08.000Z"
P1, P2 = ".opencode/programs/PGM-001", ".opencode/programs/PGM-002"
B1, B2, B3 = (f"{folder}/backlog.md" for folder in (f"{P1}/projects/PRJ-001", f"{P1}/projects/PRJ-002", f"{P2}/projects/PRJ-003"))  # fmt: skip
ENTERPRISE, PROGRAM = ".opencode/enterprise.md", f"{P1}/program.md"
SLOT = "PGM-001-PRJ-001-B001"
SLOTS_OPEN = (SLOT, "PGM-001-PRJ-002-B001")
SEED = 19
PAIRS = 20_000 if LONG else 500

Files = dict[str, str]


@dataclass
class Scene:
    """Texts, what Echelon wrote where they differ from that, and what the shell saw."""

    files: Files
    ours: dict[str, str] = field(default_factory=dict)  # path -> what we wrote there, where somebody changed it
    seen: Observed = field(default_factory=Observed)
    config: str = "{}"

    def edit(self, path: str, old: str, new: str) -> None:
        assert old in self.files[path], (path, old)
        self.files[path] = self.files[path].replace(old, new, 1)

    def assembled(self) -> Assembled:
        return assemble(_Source(self.files, self.ours), Config({}))

    def found(self) -> tuple[Placed, ...]:
        findings = configured({PATHS[0]: self.config}, {}).findings
        return recovery.examine(self.assembled().world, self.seen, findings)

    def codes(self) -> set[str]:
        return {row.code for row in self.found()}

    def repaired(self, now: str) -> Scene:
        """After the repair of the documents, working copies too; what the shell does with slots is not in here."""
        made = self.assembled()
        files = _written(_Source(self.files, self.ours), made, recovery.repairs(made.world, now), now)
        return replace(self, files=files, ours={path: text for path, text in self.ours.items() if path in files})


class _Source(Texts):
    def __init__(self, files: Mapping[str, str], ours: Mapping[str, str]) -> None:
        super().__init__(files)
        self.files = files
        self._ours = ours

    def written(self, path: str) -> str:
        known = self._ours.get(path)
        return canonical.text_digest(known) if known is not None else super().written(path)


def _written(source: _Source, made: Assembled, writes: Mapping[str, str | None], now: str) -> Files:
    """As the engine writes: with the working copies, and what is not ours kept first."""
    paths = {path for stored, others in made.copies.items() for path in (stored, *others)}
    held = {path: copies.Held(source.text(path), source.digest(path), source.written(path)) for path in paths}
    after: dict[str, str | None] = dict(source.files)
    after.update(copies.mirrored(writes, made.copies, held, made.world.texts, now))
    return {path: text for path, text in after.items() if text is not None}


def _ask(files: Files, request: ask_.Request) -> Files:
    source = _Source(files, {})
    made = assemble(source, Config({}))
    decided = decide(made.world, request, "2026-03-04T05:06:00.000Z")
    assert isinstance(decided, Decision), decided
    return _written(source, made, decided.writes, "2026-03-04T05:06:00.000Z")


def parallel() -> Scene:
    """Two items in flight in a portfolio that runs in parallel."""
    files = _ask(fleets.texts(parallel=True), ask_.MoveProgram("start", "PGM-001", parallel=True))
    for name in ("PRJ-001", "PRJ-002"):
        files = _ask(files, ask_.MoveProject("start", name, "PGM-001", parallel=True))
    for name in ("PRJ-001", "PRJ-002"):
        files = _ask(files, ask_.StartItem(BaseFacts("b" * 40), "B001", f"PGM-001/{name}", parallel=True))
    return Scene(files, seen=Observed(SLOTS_OPEN, branches=SLOTS_OPEN, sandbox="bubblewrap"))


def sequential() -> Scene:
    """One item in flight where the sequential tools work: working copies, an active file."""
    files = _ask(fleets.texts(parallel=False), ask_.MoveProgram("start", None))
    files = _ask(files, ask_.MoveProject("start", None, "PGM-001"))
    files = _ask(files, ask_.StartItem(BaseFacts("b" * 40), None, "PGM-001/PRJ-001"))
    return Scene(files, seen=Observed((SLOT,), branches=(SLOT,), sandbox="bubblewrap"))


PARALLEL, SEQUENTIAL = parallel(), sequential()


def copy(scene: Scene) -> Scene:
    return replace(scene, files=dict(scene.files), ours=dict(scene.ours))


Break = Callable[[Scene], None]


def _edit(path: str, old: str, new: str) -> Break:
    return lambda scene: scene.edit(path, old, new)


def _put(path: str, text: str | None) -> Break:
    def put(scene: Scene) -> None:
        scene.files.pop(path, None)
        if text is not None:
            scene.files[path] = text

    return put


def _seen(**changes: object) -> Break:
    def see(scene: Scene) -> None:
        scene.seen = replace(scene.seen, **changes)  # type: ignore[arg-type]

    return see


def _config(text: str) -> Break:
    def configure(scene: Scene) -> None:
        scene.config = text

    return configure


def _both_sides(scene: Scene) -> None:
    """The working copy and the stored file of the same backlog, edited differently."""
    front = scene.files[BACKLOG]
    for path, words in ((BACKLOG, "mine"), (B1, "theirs")):
        scene.ours[path] = front
        scene.files[path] = f"{front}\n{words}\n"


def _conflict(scene: Scene) -> None:
    assert '"conflicts": []' in scene.files[MISSIONS]
    scene.edit(MISSIONS, '"conflicts": []', '"conflicts": ["a.py"]')


def _nobodys_program(scene: Scene) -> None:
    """Two programs run, so none of them has a working copy."""
    scene.edit(ENTERPRISE, "- Status: [ ]", "- Status: [/]")
    scene.files[".opencode/program.md"] = "# Program — nobody's\n\n### PRJ-009 — x\n- Status: [ ]\n"


def _delivered(scene: Scene) -> None:
    row = Attempt("PGM-002/PRJ-003/B001", 1, "delivered", "d", NOW, NOW, coverage="proved", evidence="e")
    scene.files[ATTEMPTS] = row.as_line()


ITEM = "### B002 — Title of B002\n- Priority: P2\n- Size: S\n- Status: [ ]\n- Depends on: —\n"
# Of what a case breaks, a code must come; everything is in the parallel scene but what only the sequential one has.
CASES: dict[str, Break] = {
    # the peer's seventeen (peer-slots-steering.md §3)
    "DUPLICATE_ID": _edit(B3, "### B002", "### B001"),
    "UNKNOWN_DEPENDENCY": _edit(B3, ITEM, ITEM.replace("—\n", "B099\n").replace("### B002 B099", "### B002 —")),
    "DEPENDENCY_CYCLE": _edit(B3, "- Depends on: —", "- Depends on: B001"),
    "MULTIPLE_IN_PROGRESS": _edit(B1, ITEM, ITEM.replace("[ ]", "[/]")),
    "ITEM_WITHOUT_SLOT": _edit(B2, "- Status: [ ]", "- Status: [/]"),
    "SLOT_WITHOUT_ITEM": _edit(B1, "- Status: [/]", "- Status: [ ]"),
    "ACTIVE_FILE_ORPHANED": _put(ACTIVE, "# B077 — another\n"),
    "WORKING_PROJECT_FILES_MISSING": _put(f"{P1}/projects/PRJ-002/spec.md", None),
    "WORKING_PROGRAM_ORPHANED": _nobodys_program,
    "STORED_PROGRAM_MISSING": _put(f"{P2}/program.md", None),
    "STORED_PROJECT_MISSING": _put(f"{P2}/projects/PRJ-003/spec.md", None),
    "SLOT_WORKTREE_MISSING": _seen(slots=(SLOT,)),
    "UNREGISTERED_WORKTREE": _seen(slots=(*SLOTS_OPEN, "B077")),
    "EXTERNAL_DEP_TARGET_MISSING": _edit(B2, "PRJ-001/B001", "PRJ-088/B001"),
    "EXTERNAL_DEP_ITEM_MISSING": _edit(B2, "PRJ-001/B001", "PRJ-001/B088"),
    # ours
    "STORAGE_PATH_INVALID": _edit(PROGRAM, "### PRJ-002 — a project\n", "### PRJ-002 — a project\n- Path: ../away\n"),
    "BAD_SETTING": _edit(ENTERPRISE, "Strategy: equal", "Strategy: mine"),
    "BUDGET_EXCEEDED": _edit(ENTERPRISE, "Capacity budget: 4", "Capacity budget: 1"),
    "SLOT_IN_CONFLICT": _conflict,
    "SLOT_BRANCH_MOVED": _seen(moved_slots=(SLOT,)),
    "BRANCH_LEFT_OVER": _seen(branches=(*SLOTS_OPEN, "B077")),
    "SLOTS_FILE_CHANGED": _put(SLOTS, "[]"),
    "MERGE_UNFINISHED": _seen(unfinished_merge="rebase"),
    "BASE_REWOUND": _seen(rewound="main is at aaaa, which does not contain bbbb, merged last"),
    "DELIVERED_NOT_MARKED": _delivered,
    "RECORD_CHANGED": _seen(changed_records=(EVIDENCE,)),
    "SANDBOX_ABSENT": _seen(sandbox="none"),
    "ROLE_TOO_LONG": _seen(long_roles=(".opencode/roles/Worker.md",)),
    # what a document says by itself
    "INVALID_UTF8": _edit(B3, "Title", "T\udcfftle"),
    "NUL_BYTE": _edit(B3, "Title", "T\0tle"),
    "BAD_DEPENDENCY": _edit(B3, "- Depends on: —", "- Depends on: later"),
    "BAD_PRIORITY": _edit(B3, "Priority: P2", "Priority: P9"),
    "BAD_SIZE": _edit(B3, "Size: S", "Size: huge"),
    "CHECK_MALFORMED": _edit(B3, "check: `test", "check: test"),
    "CRITERION_EMPTY": _edit(B3, "it holds — check", "— check"),
    "CRITERION_NO_BULLET": _edit(B3, "- Acceptance criteria:\n", "- Acceptance criteria:\n    words without a bullet\n"),
    "DEPENDENCY_SPELLING": _edit(B3, ITEM, ITEM.replace("on: —", "on: B001 and B001")),
    "FIELD_ALMOST": _edit(B3, "- Priority: P2", "- Prioritee: P2"),
    "FIELD_DUPLICATE": _edit(B3, "- Priority: P2\n", "- Priority: P2\n- Priority: P3\n"),
    "FIELD_NESTED": _edit(B3, "- Size: S\n", "- Size: S\n  - Priority: P1\n"),
    "FIELD_UNKNOWN": _edit(B3, "- Size: S\n", "- Size: S\n- Mood: good\n"),
    "HEADER_ALMOST": _edit(B3, "### B002 — Title of B002", "### B002: Title of B002"),
    "HEADER_DASH": _edit(B3, "### B002 — ", "### B002 - "),
    "MARKER_SPELLING": _edit(f"{P2}/program.md", "- Status: [ ]", "- Status: [X]"),
    "PRIORITY_SPELLING": _edit(B3, "Priority: P2", "Priority: 2"),
    "STATUS_MISSING": _edit(B3, "- Status: [ ]\n", ""),
    "UNKNOWN_MARKER": _edit(B3, "Status: [ ]", "Status: [?]"),
    "NO_CRITERIA": _edit(B3, "- Acceptance criteria:", "- Notes:"),
    "NO_CHECK": _edit(B3, " — check: `test -f PGM-002-PRJ-003-B002.txt`", ""),
    "CONFIG_SYNTAX": _config("{"),
    "CONFIG_VALUE": _config('{"limits": {"attempts": "many"}}'),
}  # fmt: skip
IN_SEQUENCE: dict[str, Break] = {
    "ACTIVE_FILE_MISSING": _put(ACTIVE, None),
    "COPIES_DIVERGED": _both_sides,
    "WORKING_PROGRAM_MISSING": _put(".opencode/program.md", None),
}
STANDALONE: dict[str, Break] = {"SPEC_MISSING": _put(SPEC, None), "BACKLOG_MISSING": _put(BACKLOG, None)}
EVERY = {**dict.fromkeys(CASES, PARALLEL), **dict.fromkeys(IN_SEQUENCE, SEQUENTIAL)}
BREAKS = {**CASES, **IN_SEQUENCE}


@pytest.mark.parametrize("scene", [PARALLEL, SEQUENTIAL], ids=["parallel", "sequential"])
def test_a_healthy_portfolio_gives_no_finding_and_repair_writes_nothing(scene: Scene) -> None:
    assert scene.found() == ()
    assert recovery.repairs(scene.assembled().world, NOW) == {}


@pytest.mark.parametrize("code", list(BREAKS))
def test_each_finding_on_purpose(code: str) -> None:
    scene = copy(EVERY[code])
    BREAKS[code](scene)
    assert code in scene.codes()
    for row in scene.found():
        assert (row.line > 0) == (row.column > 0) and row.message and row.meaning and row.next_step
        assert not row.line or row.path in scene.files or row.path == PATHS[0]
    _mended(scene)


@pytest.mark.parametrize("code", list(STANDALONE))
def test_findings_of_a_standalone_project(code: str) -> None:
    scene = Scene({SPEC: "# Spec — W\n", BACKLOG: scene_backlog()}, seen=Observed())
    assert code not in scene.codes()
    STANDALONE[code](scene)
    assert code in scene.codes()


def scene_backlog() -> str:
    return PARALLEL.files[B3]


def test_a_fault_of_the_machine_is_told_and_its_slots_are_not_judged() -> None:
    scene = copy(PARALLEL)
    scene.seen = Observed(faults=(("GIT_MISSING", "git was not found"),))
    assert scene.codes() == {"GIT_MISSING"}


UNCLEAR: dict[str, Break] = {
    "its program.md is gone": _put(PROGRAM, None),
    "its backlog is gone": _put(B1, None),
    "its header is nearly one": _edit(B1, "### B001 — ", "### B001: "),
    "its marker is none": _edit(B1, "- Status: [/]", "- Status: [?]"),
    "its id is there twice": lambda scene: scene.edit(B1, "### B002 — ", "### B001 — ") or scene.edit(B1, "[/]", "[ ]"),
    "its project is listed twice": _edit(PROGRAM, "### PRJ-002 — ", "### PRJ-001 — "),
    "its program is listed twice": _edit(ENTERPRISE, "### PGM-002 — ", "### PGM-001 — "),
    "its project may not be read": _edit(PROGRAM, "### PRJ-001 — a project\n", "### PRJ-001 — a project\n- Path: ../x\n"),
    "enterprise.md is gone": _put(ENTERPRISE, None),
}  # fmt: skip


@pytest.mark.parametrize("what", list(UNCLEAR))
def test_a_mission_is_never_ended_by_what_cannot_be_read(what: str) -> None:
    scene = copy(PARALLEL)
    UNCLEAR[what](scene)
    assert "PGM-001/PRJ-001/B001" in scene.repaired(NOW).files[MISSIONS]
    assert scene.repaired(NOW).repaired(LATER).files == scene.repaired(NOW).files


def test_two_at_once() -> None:
    """Both are found, one repair mends what can be mended, a second has nothing left to do, and nothing is lost."""
    pairs = [pair for pair in itertools.combinations(BREAKS, 2) if EVERY[pair[0]] is EVERY[pair[1]]]
    pairs += [(one, other) for one in CASES for other in IN_SEQUENCE]
    random.Random(SEED).shuffle(pairs)
    tried = both = 0
    for one, other in pairs[:PAIRS]:
        scene = copy(EVERY[other])
        try:
            BREAKS[one](scene)
            BREAKS[other](scene)
        except (AssertionError, KeyError):
            continue  # the first took away what the second would break
        tried += 1
        both += {one, other} <= scene.codes()
        _mended(scene)
    assert tried >= min(len(pairs), PAIRS) * 8 // 10
    assert both >= tried * 8 // 10, f"{both} of {tried}"  # some hide others: a file that is gone has no bad field


def _mended(scene: Scene) -> None:
    first = scene.repaired(NOW)
    assert first.repaired(LATER).files == first.files
    _nothing_lost(scene.files, first.files)
    for row in first.found():
        assert not row.repair or row.code in _SHELL or _left_to_a_person(scene, row), row


# Repaired by the shell after the documents, so a second look at the same `seen` still names them.
_SHELL = frozenset(
    {"SLOT_WORKTREE_MISSING", "UNREGISTERED_WORKTREE", "SLOT_BRANCH_MOVED", "BASE_REWOUND", "BRANCH_LEFT_OVER"}
)


def _left_to_a_person(scene: Scene, row: Placed) -> bool:
    """A duplicate id, or copies that differ: which one is meant is not for a machine to say."""
    return bool(scene.codes() & {"DUPLICATE_ID", "COPIES_DIVERGED"})


def _nothing_lost(before: Files, after: Files) -> None:
    """Each text stands somewhere still, or is a list in which the same entries say the same words with other marks."""
    kept = set(after.values())
    for path, text in before.items():
        if text in kept or path in (MISSIONS, SLOTS):  # records of ours: the operation log holds each version
            continue
        assert path in after, f"{path} is gone"
        assert path.rpartition("/")[2] in ("backlog.md", "program.md", "enterprise.md"), path
        assert _words(after[path], path) == _words(text, path)


def _words(text: str, path: str) -> object:
    kind: entries.Kind = {"program.md": "program", "enterprise.md": "enterprise"}.get(
        path.rpartition("/")[2], "backlog"
    )  # type: ignore[assignment]
    read = entries.parse(text, kind, quick=False)
    rows = [(row.id, row.title, row.priority, row.size, row.depends, row.path) for row in read.entries]
    return rows, text[: read.preamble_end], text.count("check:")


def test_every_finding_that_recovery_can_give_has_a_case() -> None:
    """A new finding needs a case here: the codes in the modules that find, and nothing else."""
    finders = [name for name in modules() if name.startswith("core/recovery/")]
    finders += [f"core/documents/{name}.py" for name in ("entries", "graph", "criteria", "settings", "spec")]
    said = {
        node.value
        for name in (*finders, "core/config.py")
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in CODES
    }
    assert said == {*BREAKS, *STANDALONE}
