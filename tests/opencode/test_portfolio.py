"""All four levels on the real OpenCode: a small portfolio delivered by code, by one prompt, and in parallel."""

from __future__ import annotations

import json
from pathlib import Path

import opencode_portfolios as portfolios
from echelon.testing.model import Asked
from opencode_chain import Stage, Tree, file_in, headless, role, stage

GO = "deliver everything"


def workers(asked: list[Asked]) -> dict[str, str]:
    """Session of each Worker -> the file that its contract names."""
    return {one.session: file_in(one.system) for one in asked if role(one) == "Worker"}


def test_deliver_works_on_as_many_items_as_there_are_slots(tmp_path: Path) -> None:
    """One session in each slot, in one OpenCode; a model for missions only."""
    shop = portfolios.shop(tmp_path, parallel=True)
    tree = Tree(together=3)
    with headless(tmp_path, shop, tree) as here:
        done = here.run("deliver", "--host", "opencode", "--slots", "3", "--json")
        assert json.loads(done.stdout)["ok"], done
        assert sorted(portfolios.delivered(shop)) == sorted(portfolios.KEYS)
        assert tree.ready.is_set(), "three Workers were at work at once"
        found = workers(here.model.turns())
        assert sorted(found.values()) == sorted(map(portfolios.file_of, portfolios.KEYS)), "a session for each item"
        assert {role(asked) for asked in here.model.turns()} == {"Worker"}
        assert here.run("verify").returncode == 0


def _descends(here: Stage, tree: Tree, seconds: float) -> str:
    session = here.ask(GO, "EnterpriseCommander", seconds=seconds)
    loop = here.loop(session)
    assert loop and (loop.state, loop.code) == ("done", "ENTERPRISE_COMPLETE"), (loop, here.texts(session, "assistant"))
    assert set(here.loops()) == {session}, "only the root session has a loop"
    assert sorted(portfolios.delivered(here.shop)) == sorted(portfolios.KEYS)
    turns = here.model.turns()
    for name, above in zip(LEVELS[1:], LEVELS, strict=False):
        parents = {asked.parent for asked in turns if role(asked) == name}
        assert parents <= {asked.session for asked in turns if role(asked) == above}, f"{above} calls {name}"
    return session


LEVELS = ("EnterpriseCommander", "ProgramCommander", "ProjectCommander", "Commander", "Worker")


def test_W_G2_one_prompt_to_the_enterprise_descends_to_the_workers(tmp_path: Path) -> None:
    """W-G1 (the loop outlives the first program), W-G3 (no child takes it), W-G5 (one prompt for one turn)."""
    shop, tree = portfolios.shop(tmp_path), Tree()
    with stage(tmp_path / "w", shop, tree) as here:
        session = _descends(here, tree, 120)
        prompts = [text for text in here.texts(session) if text != GO]
        assert len(prompts) == len(set(prompts)) <= 3, prompts
        assert "Next is PGM-002: enterprise_start_program." in prompts[0]
        found = workers(here.model.turns())
        assert sorted(found.values()) == sorted(map(portfolios.file_of, portfolios.KEYS)), "each has its own contract"
    assert shop.verify().holds


def test_W_G8_in_parallel_each_session_is_fenced_into_its_own_slot(tmp_path: Path) -> None:
    """W-G3: many missions in one OpenCode at once, and one loop."""
    shop, tree = portfolios.shop(tmp_path, parallel=True), Tree(parallel=True, together=3)
    with stage(tmp_path / "w", shop, tree) as here:
        _descends(here, tree, 120)
        assert tree.ready.is_set(), "three Workers were at work at once"
        assert all(shop.shown(portfolios.file_of(key)) == "done" for key in portfolios.KEYS)
        assert shop.git("status", "--porcelain", "*.txt") == ""
    assert shop.verify().holds
