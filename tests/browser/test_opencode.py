"""The console that opens with OpenCode: there because the settings say so, told when OpenCode goes and when it is back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

import houses
from echelon.testing import opencode
from echelon.testing.model import say
from echelon.testing.opencode import Server
from opencode_chain import Stage, stage
from workspaces import CONFIG, Shop

SLOW_MS = 60_000


@pytest.fixture
def open_stage(tmp_path: Path) -> Iterator[Stage]:
    if opencode.binary() is None:
        pytest.skip(opencode.missing())
    shop = Shop.make(tmp_path / "open", config={**CONFIG, "webConsole": {"enabled": True}})
    with stage(tmp_path / "world", shop, lambda _asked: say("I am here.")) as made:
        yield made


def test_it_opens_with_opencode_and_says_when_that_goes_and_comes_back(
    open_stage: Stage, visitor: Callable[..., Any], house: houses.House, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = open_stage
    here.server.get("/session", directory=str(here.shop.root))  # OpenCode makes the instance, and the bridge comes
    info = here.runtime / "console.json"
    here.until(info.exists, 60)
    told = json.loads(info.read_bytes())
    here.until(lambda: told["address"] in here.shown(), 30)  # the person is told where; nothing in it lets anybody in
    assert "#" not in here.shown()
    assert "echelon console --open" in here.shown()

    monkeypatch.setenv("ECHELON_RUNTIME", str(here.runtime))
    house.env |= {"ECHELON_RUNTIME": str(here.runtime), "XDG_STATE_HOME": str(here.places.state.parent)}
    beside = house.start(here.shop.root)  # the person's terminal: it stands by
    assert beside.address == told["address"]
    visit = visitor(beside, here.shop.root)
    page = visit.page("/chat")
    expect(page.get_by_role("combobox", name=re.compile("Agent"))).to_be_visible(timeout=SLOW_MS)

    here.server.__exit__(
        None, None, None
    )  # the console that it started goes with it; the terminal's takes over, with the page open
    expect(page.get_by_text("OpenCode has ended, or cannot be reached.")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("textbox", name="Message")).to_be_disabled()
    assert beside.said()["address"] == told["address"]

    with Server(here.world, here.shop.root) as again:
        again.get("/session", directory=str(here.shop.root))
        expect(page.get_by_role("combobox", name=re.compile("Agent"))).to_be_visible(timeout=SLOW_MS)
        expect(page.get_by_role("textbox", name="Message")).to_be_enabled(timeout=SLOW_MS)
        page.get_by_role("textbox", name="Message").fill("hello")
        page.keyboard.press("Enter")
        expect(page.get_by_text("I am here.").first).to_be_visible(timeout=SLOW_MS)
    visit.close()
    assert visit.complaints == []
