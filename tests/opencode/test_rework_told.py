"""A person's comments on an item reach the session that works on it, in the real OpenCode: once, there, or nowhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from echelon.console.hosting import Hosting
from echelon.console.talk import Told
from echelon.core import requests
from echelon.core.decide import Decision
from echelon.engine.engine import Engine
from echelon.engine.workspace import Places, Workspace
from echelon.testing.model import Asked, Reply, call, say
from opencode_chain import GO, Chain, House, Stage, headless, item_in, role
from workspaces import CONFIG, Shop, backlog, wants

WORDS = "name it\n## Contract\n- [x] done \x1b[31m"


def said_again(root: Path, places: Places, attempt: int = 0) -> tuple[int, str]:
    """The person sends B001 back; the attempt that begins with it, and what they said."""
    engine = Engine(Workspace(root, places))
    answer = engine.end(requests.ReworkItem((requests.Remark("B001.txt", 1, WORDS, "old"),), "", "B001"))
    assert isinstance(answer, Decision), answer
    return int(str(answer.data["mission"]).rpartition(".")[2]), str(answer.data["said"])


def told(root: Path, attempt: int, said: str, item: str = "B001") -> Told:
    """What a console that has just come hears: it waits until it knows who is there."""

    async def scene() -> Told:
        hosting = Hosting()
        running = asyncio.ensure_future(hosting.run())
        try:
            async with asyncio.timeout(30):
                while not hosting.present(root):
                    await asyncio.sleep(0.05)
            return await hosting.rework(root, item, attempt, said)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return asyncio.run(scene())


class Play(Chain):
    """The Worker waits for the test; the ProjectCommander closes nothing; whoever is told of a rework says so."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.at = threading.Event()

    def __call__(self, asked: Asked) -> Reply:
        if "comes back" in asked.last_user:
            return say("I do it again.")
        if role(asked) == "Worker":
            self.at.set()
            return say("written", delay=self.go)
        if role(asked) == "ProjectCommander" and len(asked.tool_results) >= 2:
            return say("I talk.", delay=0.5)
        if "[Echelon, project" in asked.last_user:
            return say("I talk.", delay=0.5)
        return super().__call__(asked)


@pytest.fixture
def here(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stage, Play, str, str]]:
    """A Commander that has called its Worker, for B001: the stage, the play, the root and the Commander's session."""
    config = {**CONFIG, "limits": {"loopStillTurns": 100}}
    shop, play = Shop.make(tmp_path, backlog(wants("B001")), {}, config=config), Play()
    try:
        with house.stage(shop, play) as made:
            monkeypatch.setenv("ECHELON_RUNTIME", str(made.runtime))
            root = made.server.create(title="t")
            made.server.prompt(root, GO, "ProjectCommander")
            assert play.at.wait(60), [(role(a), a.last_user[-200:], a.tool_results[-1:]) for a in made.model.turns()][
                -6:
            ]
            commander = next(asked.session for asked in made.model.turns() if role(asked) == "Commander")
            yield made, play, root, commander
    finally:
        play.go.set()


def heard(stage: Stage, session: str) -> list[str]:
    return [text for text in stage.texts(session) if "comes back" in text]


def test_one_that_works_reads_it_as_its_next_message(here: tuple[Stage, Play, str, str]) -> None:
    stage, play, root, commander = here
    attempt, said = said_again(stage.shop.root, stage.places)
    assert told(stage.shop.root, attempt, said) == Told(how="queued", session=commander)
    play.go.set()
    stage.until(lambda: any("comes back" in asked.last_user for asked in stage.model.turns(commander)), 60)
    (message,) = heard(stage, commander)
    assert "[Echelon, mission B001.2]" in message
    assert (
        "> B001.txt, removed line 1 of the base — name it ## Contract - [x] done" in message and "\x1b" not in message
    )
    assert not heard(stage, root) and stage.loop(root) is not None
    workers = {asked.session for asked in stage.model.turns() if role(asked) == "Worker"}
    assert not any(heard(stage, worker) for worker in workers), "the Commander leads its staff"


def test_one_that_rests_begins_at_once_and_one_that_was_stopped_does_not(here: tuple[Stage, Play, str, str]) -> None:
    stage, play, root, commander = here
    play.go.set()
    stage.until(lambda: not stage.server.is_busy(commander) and len(stage.model.turns(root)) >= 3, 60)
    attempt, said = said_again(stage.shop.root, stage.places)
    assert told(stage.shop.root, attempt - 1, said).why == "over", "the words of another attempt are another's"
    assert told(stage.shop.root, attempt, said) == Told(how="begun", session=commander)
    stage.until(lambda: "I do it again." in stage.texts(commander, "assistant"), 60)
    assert len(heard(stage, commander)) == 1
    before = len(stage.model.turns(root))
    stage.until(lambda: len(stage.model.turns(root)) > before, 25)  # the loop above goes on after it

    stage.server.post(f"/session/{root}/abort", directory=str(stage.shop.root))
    stage.until(lambda: (loop := stage.loop(root)) and loop.code == "LOOP_STOPPED")
    turns = len(stage.model.turns(commander))
    attempt, said = said_again(stage.shop.root, stage.places)
    assert told(stage.shop.root, attempt, said) == Told(how="none", session=commander, why="stopped")
    assert len(heard(stage, commander)) == 1 and len(stage.model.turns(commander)) == turns

    Engine(Workspace(stage.shop.root, stage.places)).end(requests.SuspendItem("enough", "B001"))
    assert told(stage.shop.root, attempt, said) == Told(how="none", why="over")
    assert len(heard(stage, commander)) == 1 and not heard(stage, root)


def test_an_item_that_no_session_has_is_nobodys(here: tuple[Stage, Play, str, str]) -> None:
    stage, _, root, commander = here
    posts = Workspace(stage.shop.root, stage.places).state / "posts.json"  # the house has had other guests
    posts.write_text("{}", "utf-8")
    attempt, said = said_again(stage.shop.root, stage.places)
    assert told(stage.shop.root, attempt, said) == Told(how="none", why="no_session")
    assert not heard(stage, commander) and not heard(stage, root)


def test_a_delivery_s_session_reads_it_while_it_works_and_the_next_one_from_its_briefing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code is above it: nothing begins in a slot but by its delivery."""
    shop = Shop.make(tmp_path, backlog(wants("B001")), {})
    go, at, chain = threading.Event(), threading.Event(), Chain()

    def scenario(asked: Asked) -> Reply:
        if "comes back" in asked.last_user:
            return say("I heard it.")
        if role(asked) == "Worker" and item_in(asked.last_user) and not asked.tool_results and not at.is_set():
            at.set()
            return call("bash", {"command": "true", "description": "t"}, delay=go)
        return chain(asked)

    with headless(tmp_path, shop, scenario) as made:
        monkeypatch.setenv("ECHELON_RUNTIME", made.environment["ECHELON_RUNTIME"])
        state, cache = (Path(made.environment[name]) / "echelon" for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"))
        process = made.popen("deliver", "--host", "opencode", "--json")
        try:
            assert at.wait(90), process.poll()
            attempt, said = said_again(shop.root, Places(state, cache))
            first = made.model.turns()[0].session
            assert told(shop.root, attempt, said) == Told(how="queued", session=first)
        finally:
            go.set()
        out, err = process.communicate(timeout=120)
        assert '"ok": true' in out, out + err
        turns: list[Any] = made.model.turns()
        assert any("comes back" in asked.last_user for asked in turns if asked.session == first)
        later = [asked for asked in turns if asked.session != first]
        assert later and "name it" in later[0].last_user, "the next attempt's briefing"
        assert not any("comes back" in asked.last_user for asked in later)
        assert shop.delivered() == ["B001"]
