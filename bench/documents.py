"""The state of a large backlog: parsing, one item's start and close, the journal."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import materials
from bench.timing import Samples, process, scratch, several, timed, timed_with_cpu
from echelon.core import evidence_log, requests
from echelon.core.decide import Decision
from echelon.core.documents import entries, sections
from echelon.core.evidence import CheckResult, Run
from echelon.core.model import EVIDENCE, PROJECT, BaseFacts
from echelon.engine.engine import Engine
from echelon.engine.workspace import SystemClock
from echelon.engine.world import decode
from echelon.ports import Change
from echelon.store.transaction import Store

ITEMS = 10_000
RUNS = 9
STATES = 25  # many: fsync on a shared disk scatters
APPENDS = 500
RED = Run("red", "", 1, 0.01, "", "0" * 64, "none")
GREEN = Run("green", "", 0, 0.01, "", "0" * 64, "none")
IN_PLACE = BaseFacts("", in_place=True)  # decide and commit all documents; no slot


def measure() -> Samples:
    found: Samples = {}
    text = materials.items(ITEMS)
    found["parse"] = several(lambda: entries.parse(text), RUNS + 6)
    with scratch() as folder:
        found |= _states(folder, text)
    with scratch() as folder:
        both = [timed_with_cpu(lambda at=at: _journal(folder / str(at))) for at in range(4)]
        found["journal"], found["journal_cpu"] = [wall for wall, _ in both], [cpu for _, cpu in both]
    return found


def _states(folder: Path, text: str) -> Samples:
    engine = materials.engine(materials.workspace(folder / "ws", text), folder / "home")
    found: Samples = {
        "start": [],
        "start_close": [],
        "start_close_cpu": [],
        "start_tracked": [],
        "start_close_cold": [],
    }
    _close(engine, _ends(engine, _start(engine, IN_PLACE)))
    for _ in range(STATES):
        opened: list[str] = []
        start, start_cpu = timed_with_cpu(lambda opened=opened: opened.append(_start(engine, IN_PLACE)))
        asked = _ends(engine, opened[0])
        close, close_cpu = timed_with_cpu(lambda asked=asked: _close(engine, asked))
        found["start"].append(start)
        found["start_close"].append(start + close)
        found["start_close_cpu"].append(start_cpu + close_cpu)
    for _ in range(5):
        # A new text object each time, as git would hand it over.
        base = BaseFacts("0" * 40, text.encode().decode(), materials.SPEC)
        opened = []
        found["start_tracked"].append(timed(lambda base=base, opened=opened: opened.append(_start(engine, base))))
        _close(engine, _ends(engine, opened[0]))
    words = [sys.executable, "-m", "bench.documents", str(folder / "ws"), str(folder / "home")]
    here = Path(__file__).parent.parent
    found["start_close_cold"] = several(lambda: process(words, here, folder / "home"), 5)
    return found


def _start(engine: Engine, base: BaseFacts) -> str:
    decision = engine.ask(requests.StartItem(base))
    assert isinstance(decision, Decision), decision
    return str(decision.data["item"])


def _ends(engine: Engine, item: str) -> tuple[requests.Request, ...]:
    """The verdict on given results with its record, then the end: what follows a real run of the checks."""
    mission = engine.world().mission(item)
    assert mission is not None
    results = tuple(CheckResult(check, RED, GREEN) for check in mission.definition.checks)
    base = BaseFacts(mission.base, in_place=mission.in_place)
    findings = requests.Findings(base, "0" * 40, "0" * 40, ("a.txt",), results, todo="- [x] fait\n")
    log = decode(engine.workspace.store.read(EVIDENCE).content)
    record, digest = evidence_log.line(log, "closing", "2026-01-05T09:00:00.000Z", {"item": item})
    proved = requests.CloseItem(findings, item, "", record, digest)
    return proved, requests.Merged(item, "", findings.todo)


def _close(engine: Engine, asked: tuple[requests.Request, ...]) -> None:
    for request in asked:
        decision = engine.ask(request)
        assert isinstance(decision, Decision), decision


def _journal(root: Path) -> None:
    """Each append is read, edited, rotated when due, and committed with its operation record and fsync."""
    root.mkdir(parents=True)
    store = Store(root, SystemClock())
    for number in range(APPENDS):
        before = store.read(PROJECT)
        time = f"2026-01-05T09:00:{number % 60:02d}.{number:03d}Z"
        line = sections.journal_line(time, "item_delivered", f"B{number:03d} — mesure de l'ajout", "fr")
        text = sections.append_journal((before.content or b"").decode(), line, "Project", "fr")
        rotation = sections.rotate_journal(text, PROJECT)
        writes: dict[str, bytes | None] = {PROJECT: rotation.text.encode()}
        expected = {PROJECT: before}
        if rotation.archive:
            name = sections.archive_name(PROJECT, time)
            writes[name], expected[name] = rotation.archive.encode(), store.read(name)
        store.commit(Change(f"append-{number}", "bench", {"action": "journal"}, writes, expected))


def cold(root: Path, home: Path) -> None:
    """What the cold run does in its own process."""
    engine = materials.engine(root, home)
    _close(engine, _ends(engine, _start(engine, IN_PLACE)))


if __name__ == "__main__":
    cold(Path(sys.argv[1]), Path(sys.argv[2]))
