"""`make screens`: docs/img/console-*.png, each view of the page on the example portfolio, killed in the middle of its delivery.

Real things all of them: the example, a delivery, kill -9, the console, Debian's Chromium.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from echelon.console.control import Heir, StandBy
from echelon.engine.example import PORTFOLIO, lay_out

TARGET = Path(__file__).resolve().parent.parent / "docs" / "img"
PROGRAM = os.environ.get("ECHELON_CHROMIUM") or shutil.which("chromium") or "chromium"
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
DELIVERED = 9  # items, and then the delivery is killed
VIEWS = {
    "now": "/now", "portfolio": "/portfolio", "backlog": "/backlog", "board": "/backlog?as=board",
    "graph": "/backlog?as=graph", "item": "", "mission": "/mission", "slots": "/slots", "chat": "/chat",
    "evidence": "/evidence", "journal": "/journal", "report": "/report", "validation": "/validation", "settings": "/settings",
}  # fmt: skip
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"}
NIGHT: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}
READY = "() => document.querySelector('main h1') && ![...document.querySelectorAll('main .animate-pulse')].some(one => one.checkVisibility())"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="echelon-screens-") as folder:
        os.environ["ECHELON_RUNTIME"] = str(Path(folder, "run"))
        os.environ["XDG_STATE_HOME"] = str(Path(folder, "state"))
        root = Path(folder, PORTFOLIO)
        _half_delivered(root)
        with _served(root) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
            for suffix, options, names in (
                ("", DESK, VIEWS),
                ("-dark", NIGHT, ("now", "portfolio", "item")),
                ("-phone", PHONE, ("now", "backlog", "item")),
            ):
                context = browser.new_context(locale="en-GB", **options)
                page = context.new_page()
                page.goto(f"{address}now{_secret(root)}")
                page.wait_for_function("() => !location.hash")
                for name in names:
                    _picture(page, VIEWS[name] or _item(), TARGET / f"console-{name}{suffix}.png")
                context.close()
            browser.close()
    return 0


def _half_delivered(root: Path) -> None:
    lay_out(PORTFOLIO, root)
    child = subprocess.Popen(
        [sys.executable, "-m", "echelon", "deliver"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    assert child.stdout, "it was asked for"
    done = 0
    for line in child.stdout:
        done += line.startswith("✓")
        if done >= DELIVERED:
            break
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextmanager
def _served(root: Path) -> Iterator[str]:
    words = [sys.executable, "-m", "echelon", "console", "--until-closed"]
    child = subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout, "it was asked for"
    try:
        yield str(json.loads(child.stdout.readline())["address"])
    finally:
        child.kill()
        child.wait()


def _secret(root: Path) -> str:
    """The fragment that lets a browser in, asked for as another terminal would; in a thread, beside the driver's loop."""

    async def ask() -> str:
        standing = StandBy(root, lambda _code, _why: True, Heir())
        gone = await standing.connect()
        assert gone is not None, "the console is gone"
        await standing.attach()
        made = await standing.invite()
        gone.cancel()
        return "#" + made.partition("#")[2]

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(ask())).result()


def _item() -> str:
    """The address of an item that did not go straight."""
    return "/item/PGM-001/PRJ-001/B002"


def _picture(page: Page, path: str, target: Path) -> None:
    page.evaluate("path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
    page.wait_for_function(READY)
    page.wait_for_timeout(600)  # pictures are drawn after their data has come
    page.screenshot(path=str(target))


if __name__ == "__main__":
    sys.exit(main())
