"""A portfolio in the middle of its delivery, on a real repository: what a person sees of it is worth looking at.

Three programs: one that is delivered in part and running, one that waits for a decision, one that waits for the first.
Times are days before now, so that charts have something to draw.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from echelon.actions.table import perform
from echelon.core.decide import Decision
from slots_world import plain, write
from workspaces import Shop

BUDGET = 4
_MARKERS = {"delivered": "x", "pending": " ", "failed": "-", "suspended": "~", "active": "/"}
# project -> (title, state, priority, waits for, its items in order)
PROGRAMS = {
    "PGM-001": ("Quay side", "active", 1, "—"),
    "PGM-002": ("Harbour office", "active", 2, "—"),
    "PGM-003": ("Visitors", "pending", 3, "PGM-001"),
}
PROJECTS: dict[str, tuple[str, str, int, str, str]] = {
    "PGM-001/PRJ-001": ("Berths", "delivered", 1, "—", "dddddd"),
    "PGM-001/PRJ-002": ("The board at the quay", "active", 1, "—", "dddd----"),
    "PGM-001/PRJ-003": ("Tides", "pending", 2, "PRJ-002", "-----"),
    "PGM-002/PRJ-004": ("Tariff", "active", 1, "—", "dddfs---"),
    "PGM-002/PRJ-005": ("Desk", "suspended", 3, "—", "d-----"),
    "PGM-003/PRJ-006": ("Website", "pending", 4, "—", "----"),
}
_STATES = {"d": "delivered", "f": "failed", "s": "suspended", "-": "pending"}
_TITLES = ("Which berth fits", "A logbook", "Clashes of two stays", "Ships that are late", "What is free", "Water at the berth", "Signs", "Lights")  # fmt: skip
_PROVED = ("proved", "proved", "guarded", "proved", "attested")


def _entry(name: str, title: str, state: str, priority: int, depends: str, more: str = "") -> str:
    head = f"### {name} — {title}\n- Priority: P{priority}\n"
    return f"{head}- Status: [{_MARKERS[state]}]\n- Depends on: {depends}\n{more}\n"


def texts(*, parallel: bool = True) -> dict[str, str]:
    on = "on" if parallel else "off"
    top = f"# Enterprise — Northhaven\n\n- Capacity budget: {BUDGET}\n- Strategy: proportional\n- Parallelism: {on}\n\n"
    found = {".opencode/enterprise.md": top + "".join(_entry(key, *row) for key, row in PROGRAMS.items())}
    for key, (title, *_) in PROGRAMS.items():
        inner = [_entry(name.rpartition("/")[2], *row[:4]) for name, row in PROJECTS.items() if name.startswith(key)]
        found[f".opencode/programs/{key}/program.md"] = f"# Program — {title}\n\n{''.join(inner)}"
    for key, (title, *_, items) in PROJECTS.items():
        program, _, project = key.partition("/")
        folder = f".opencode/programs/{program}/projects/{project}"
        rows = "".join(_item(place, letter) for place, letter in enumerate(items, 1))
        found[f"{folder}/spec.md"] = f"# Spec — {title}\n\n## Objective\nIts part of the harbour.\n"
        found[f"{folder}/backlog.md"] = f"# Backlog — {title}\n\n---\n\n{rows}"
    return found


def _item(place: int, letter: str) -> str:
    name = f"B{place:03}"
    depends = f"B{place - 1:03}" if place in (3, 6) else "—"
    head = f"### {name} — {_TITLES[place - 1]}\n- Priority: P{1 + place % 3}\n- Size: {'SML'[place % 3]}\n"
    check = f"  - [ ] it holds — check: `test -f {name}.txt`\n"
    return f"{head}- Status: [{_MARKERS[_STATES[letter]]}]\n- Depends on: {depends}\n- Acceptance criteria:\n{check}\n"


def attempts(now: datetime) -> str:
    """Of nine days, a working day each."""
    rows = []
    for lane, (key, (*_, items)) in enumerate(PROJECTS.items()):
        at = now - timedelta(days=9, hours=5 - lane)
        for place, letter in enumerate(items, 1):
            if letter == "-":
                continue
            kinds = {"f": ["checks_red", "checks_red", "gave_up"], "s": ["asked"], "d": ["delivered"]}[letter]
            if letter == "d" and (place + lane) % 3 == 0:
                kinds = ["checks_red" if lane else "conflict", *kinds]
            for number, reason in enumerate(kinds, 1):
                end = at + timedelta(minutes=50 + 37 * ((place * 7 + lane * 3 + number) % 5))
                rows.append(_attempt(f"{key}/B{place:03}", number, reason, at, end, _PROVED[(place + lane) % 5]))
                at = end + timedelta(minutes=8)
            at += timedelta(hours=18 if place % 2 else 30)
    rows.sort(key=lambda row: str(row["ended"]))
    return "".join(json.dumps(row) + "\n" for row in rows)


def _attempt(key: str, number: int, reason: str, start: datetime, end: datetime, coverage: str) -> dict[str, object]:
    done = reason == "delivered"
    return {
        "item": key, "attempt": number, "reason": reason, "detail": "[CHECK_RED] 2 tests fail" if not done else "closed",
        "started": _iso(start), "ended": _iso(end), "tokens": 90_000 + 1_000 * number, "cost": 0.42, "checks": 2 if done else 0,
        "commit": "", "coverage": coverage if done else "", "evidence": "", "files": [], "in_place": False, "record": None,
    }  # fmt: skip


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make(folder: Path, *, parallel: bool = True, running: bool = True, home: Path | None = None) -> Shop:
    """The workspace in `folder`; two items are in flight and a question waits, where it is `running`."""
    shop = Shop(folder / "shop", home or folder / "home")
    shop.root.mkdir(parents=True)
    shop.home.mkdir(exist_ok=True)
    write(shop.root, {"README.md": "harbour\n", ".gitignore": ".opencode/echelon/\n", **texts(parallel=parallel)})
    plain(shop.root, "init", "-q", "-b", "main")
    plain(shop.root, "config", "user.name", "Una")
    plain(shop.root, "config", "user.email", "una@example.org")
    shop.commit("the harbour as it starts")
    write(shop.root, {".opencode/echelon/attempts.jsonl": attempts(datetime.now(UTC))})
    if running:
        engine = shop.engine()
        for project in ("PGM-001/projects/PRJ-002", "PGM-002/projects/PRJ-004"):
            path = f".opencode/programs/{project}/backlog.md"
            done = perform(engine, "parallel_start_item", {"max_slots": 2, "backlog_path": path})
            assert isinstance(done, Decision), done
        asked = {
            "context": "Is the desk open at night?", "attempts": "none", "option1_label": "Yes", "option2_label": "No",
            "expected_decision": "One of the two.", "level": "program", "scope": "PGM-002", "item": "PRJ-005",
        }  # fmt: skip
        done = perform(engine, "record_escalation", asked)
        assert isinstance(done, Decision), done
    return shop
