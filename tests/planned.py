"""Answers to the questions of a plan, as people and agents write them, and what must be read in the files they become."""

from __future__ import annotations

from collections.abc import Mapping

import worlds
from echelon.core import recovery
from echelon.core.config import Config
from echelon.core.documents import criteria, entries, lines, spec
from echelon.core.documents.entries import head_fields
from echelon.core.documents.grammar import State
from echelon.core.documents.render import quote
from echelon.core.model import BACKLOG, SPEC
from echelon.core.planning import checking, reading, writing
from echelon.core.planning.model import Plan, Promise
from echelon.core.planning.questions import RISK, pick
from echelon.core.recovery import Observed, Placed

BRIEF = "A small task-management API, token auth, Docker"
ITEM = """### B001 — Login
- Priority: P1
- Size: M
- Depends on: —
- Acceptance criteria:
  - [ ] a wrong password answers 401 — check: `pytest -q tests/test_login.py`
"""
HEAD = """# Plan — Webshop

## Objective
95 % of the checkout tests pass.

## Scope
### In
- login
### Out
- a mobile app

"""
GOOD = f"{HEAD}## Breakdown\n{ITEM}"
# peer-levels.md §8.2: what open-codining 1.0.6 accepts, as it stands there.
PEER = """# Élicitation — Webshop

## Objectif
95 % of the checkout tests pass in CI.

## Périmètre
### Inclus
- login
- cart
### Exclus
- mobile app

## Contraintes
- Python 3.12

## Risques (optionnel)
- payment sandbox is slow

## Découpage
### B001 — Login endpoint
- Priorité : P1
- Taille : M
- Dépend de : —
- Description : POST /login returns a signed token
- Critères d'acceptation :
  - a valid password answers 200
  - a wrong password answers 401
### B002 — Cart total
- Priorité : 2
- Taille : l
- Dépend de : B001, PRJ-002/B004
- Critères d'acceptation :
  - [ ] totals match the fixture
"""


def gaps(text: str, policy: str = "proved") -> list[str]:
    """`line:column message`, as the command line says them."""
    _, found = checking.check(reading.read(text), "attested" if policy == "attested" else "proved")
    places = lines.Places(text)
    return [f"{':'.join(map(str, places(gap.at)))} {gap.message}" for gap in found]


def plan(text: str, policy: str = "proved") -> Plan:
    made, found = checking.check(reading.read(text), "attested" if policy == "attested" else "proved")
    assert made is not None, found
    return made


def read_back(made: Plan) -> None:
    """What is written says the same as the plan, and nothing in it is odd."""
    text = writing.backlog(made)
    for document in (entries.parse(text), entries.parse(text, quick=False)):
        assert document.findings == ()
        assert document.language == made.language
        assert [
            (row.id, row.title, row.priority, row.size, row.state, row.depends, row.broken, row.touches)
            for row in document.entries
        ] == [
            (item.id, item.title, item.priority, item.size, State.PENDING, item.depends, False, _paths(item.touches))
            for item in made.items
        ]
        for item in made.items:
            start, end = document.span(item.id)
            found, odd = criteria.read(text, start, end, item.id)
            assert odd == () and tuple(Promise(row.text, row.check) for row in found) == item.criteria
            fields = {row.key: row.value for row in head_fields(lines.split(text, start, end))[0]}
            assert (fields["description"], fields.get("notes", "")) == (item.description, "".join(item.notes))
    held = spec.parse(writing.spec(made))
    assert held.findings == () and held.sections[0].title == f"Spec — {made.name}"
    assert held.section("objective") == quote(made.objective)
    assert (_bullets(held, "in_scope"), _bullets(held, "out_of_scope")) == (made.in_scope, made.out_of_scope)
    risks = tuple(pick(RISK, made.language) + risk for risk in made.risks)
    assert _bullets(held, "constraints") == (*made.constraints, *risks)
    assert tuple(Promise(*row) for row in held.done) == made.done


def _paths(touches: str) -> tuple[str, ...]:
    return tuple(part for raw in touches.split(",") if (part := raw.strip().strip("`")))


def _bullets(held: spec.Spec, key: str) -> tuple[str, ...]:
    rows = (lines.BULLET.match(row) for row in held.section(key).split("\n"))
    return tuple(row[4] for row in rows if row)


def doctor(made: Plan, more: Mapping[str, str] | None = None, policy: str = "proved") -> tuple[Placed, ...]:
    """The findings in a workspace that holds the plan."""
    files = {SPEC: writing.spec(made), BACKLOG: writing.backlog(made), **(more or {})}
    found = recovery.examine(worlds.world(files, Config({"policy": policy})), Observed(sandbox="bubblewrap"))
    return tuple(row for row in found if row.severity != "info")
