"""A named project or program is started beside those that run, where the portfolio is in parallel mode."""

from __future__ import annotations

from pathlib import Path

import midway
from consoles import Console
from echelon.core.documents.grammar import State
from workspaces import Shop


def test_a_named_project_starts_beside_those_that_run(tmp_path: Path) -> None:
    shop = midway.make(tmp_path / "harbour", running=False)
    console = Console(shop.places, shop.root)
    named, others = "PGM-001/PRJ-001", _running(shop)
    assert any(key.startswith("PGM-001/") for key in others), "another project of its program runs"
    console.act("program_reopen_project", project_id=named, reason="one more berth")
    console.confirm()
    assert console.act("program_reopen_project", project_id=named, reason="one more berth").status == 200
    assert console.act("program_start_project", project_id=named).code == "PROJECT_IN_PROGRESS"
    done = console.act("program_start_projects_parallel", project_id=named)
    assert done.status == 200, done.body
    assert [row["project"] for row in done.json()["data"]["projects"]] == [named]
    assert _running(shop) == others | {named}, "that one, and no other that could start too"


def _running(shop: Shop) -> set[str]:
    return {row.key for row in shop.engine().world().portfolio.projects() if row.running}


def test_one_that_cannot_start_is_refused_with_its_own_reasons(tmp_path: Path) -> None:
    shop = midway.make(tmp_path / "harbour", running=False)
    console = Console(shop.places, shop.root)
    active = next(row.key for row in shop.engine().world().portfolio.projects() if row.running)
    before = (shop.root / ".opencode/enterprise.md").read_bytes()
    again = console.act("program_start_projects_parallel", project_id=active)
    assert again.status == 409 and active.rpartition("/")[2] in " ".join(again.json()["reasons"])
    program = active.partition("/")[0]
    unknown = console.act("program_start_projects_parallel", project_id=f"{program}/PRJ-099")
    assert (unknown.status, unknown.code) == (409, "PROJECT_UNKNOWN")
    nobody = console.act("enterprise_start_programs_parallel", program_id="PGM-099")
    assert (nobody.status, nobody.code) == (409, "PROGRAM_UNKNOWN")
    waits = next(row.key for row in shop.engine().world().portfolio.programs if row.state is State.PENDING)
    held = console.act("enterprise_start_programs_parallel", program_id=waits)
    assert held.status == 409 and waits in " ".join(held.json()["reasons"])
    assert (shop.root / ".opencode/enterprise.md").read_bytes() == before
