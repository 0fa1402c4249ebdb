"""A named project or program is started beside those that run, where the portfolio is in parallel mode."""

from __future__ import annotations

from pathlib import Path

import midway
from consoles import Console
from echelon.core.documents.grammar import State


def test_a_named_project_starts_beside_those_that_run(tmp_path: Path) -> None:
    shop = midway.make(tmp_path / "harbour", running=False)
    console = Console(shop.places, shop.root)
    world = shop.engine().world()
    program = next(row for row in world.portfolio.programs if any(one.running for one in row.projects))
    running = {row.key for row in program.projects if row.running}
    assert (
        console.act("program_suspend_project", project_id=sorted(running)[0], reason="to start it again").status == 200
    )
    others = {row.key for row in shop.engine().world().portfolio.projects() if row.running}
    done = console.act("program_start_projects_parallel", project_id=sorted(running)[0])
    if done.status != 200:  # it waits as pending only after it was resumed
        assert console.act("program_resume_project", project_id=sorted(running)[0]).status == 200
        done = console.act("program_start_projects_parallel", project_id=sorted(running)[0])
    assert done.status == 200, done.body
    (row,) = done.json()["data"]["projects"]
    assert row["project"] == sorted(running)[0]
    now = {row.key for row in shop.engine().world().portfolio.projects() if row.running}
    assert now == others | {sorted(running)[0]}, "that one, and no other that could start too"


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
