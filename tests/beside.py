"""A console beside a real OpenCode that the tests of one file share: both see the same workspace and the same records."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import houses
from echelon.testing import opencode
from echelon.testing.model import Scenario
from opencode_chain import House, Stage
from workspaces import Shop


@contextlib.contextmanager
def beside(shop: Shop, scenario: Scenario, folder: Path, visitor: Callable[..., Any]) -> Iterator[tuple[Stage, Any]]:
    """The OpenCode of `shop`, where a first turn has run already, and a person at the console: `(stage, visit)`."""
    if opencode.binary() is None:
        pytest.skip(opencode.missing())
    for name in ("opencode", "user"):
        (folder / name).mkdir()
    user = houses.House(folder / "user")
    with contextlib.ExitStack() as open_, pytest.MonkeyPatch.context() as patch:
        made = open_.enter_context(open_.enter_context(House(folder / "opencode")).stage(shop, scenario))
        made.server.get("/session", directory=str(shop.root))  # OpenCode makes the instance, and the bridge comes
        made.ask("hello", "build")  # the first turn costs seconds
        user.env |= {"ECHELON_RUNTIME": str(made.runtime), "XDG_STATE_HOME": str(made.places.state.parent)}
        patch.setenv("ECHELON_RUNTIME", str(made.runtime))
        open_.callback(user.close)
        visit = visitor(user.start(shop.root), shop.root)
        try:
            yield made, visit
        finally:
            visit.close()
        assert visit.complaints == []
