"""A real Chromium on a real console. Every page is held to this: no error in its console, nothing that its policy barred."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from houses import House, Running, Terminal
from proofs import ALL, longer

PROGRAM = os.environ.get("ECHELON_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
BUILT = (files("echelon.console") / "page" / "index.html").is_file()
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
WAIT_MS = 40_000
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
_HARMLESS = ("Failed to load resource",)  # a refusal is an answer, and the browser calls it an error

expect.set_options(timeout=WAIT_MS)  # a busy machine is no fault of the page


# The longer form: what takes long and is shown shorter by another, or is the same in the other theme or language.
LONGER = {
    "test_every_view_is_accessible[light-fr-FR]", "test_every_view_is_accessible[dark-en-GB]", "test_twenty_tabs_share_one_stream",
    "test_a_lost_line_is_said_and_found_again", "test_an_edit_from_outside_is_seen_without_a_question",
    "test_it_opens_with_opencode_and_says_when_that_goes_and_comes_back", "test_a_person_s_likes_are_kept_and_they_sign_out",
    "test_settings_say_what_counts_and_why", "test_an_item_ends_from_its_slot", "test_a_phone_in_french", "test_in_french_on_a_phone",
    "test_steps_change_the_files_or_say_why_not", "test_a_file_is_read_as_it_was", "test_nothing_yet_on_a_phone_in_french",
    "test_on_a_phone_in_french[light]", "test_the_page_is_accessible_in_french_and_on_a_phone[light]",
    "test_the_form_is_accessible_and_its_answers_are_french[light]", "test_each_way_is_accessible_in_french_and_on_a_phone[light]",
    "test_every_control_has_a_name_and_does_something[project]",
    "test_only_a_person_reopens_waives_and_sets_the_budget", "test_everything_again_and_what_does_not_hold",
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not ALL and item.name in LONGER and Path(__file__).parent in item.path.parents:
            item.add_marker(longer)
    missing = "" if PROGRAM else "no chromium on the PATH: apt-get install chromium"
    missing = missing or ("" if BUILT else "the page is not built: make web")
    if missing:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for each file: while Playwright's loop runs, no test of another file could run one of its own in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    made = House(tmp_path)
    monkeypatch.setenv("ECHELON_RUNTIME", made.env["ECHELON_RUNTIME"])
    yield made
    made.close()


class Visit:
    """A person at the console of one workspace: their browser, their terminal, the files."""

    def __init__(self, browser: Browser, running: Running, root: Path) -> None:
        self.root, self.running, self.terminal = root, running, Terminal(root)
        self._browser, self._contexts = browser, list[BrowserContext]()
        self.complaints: list[str] = []

    def page(self, path: str = "/", **options: Any) -> Page:
        """A page that was let in, in a browser of its own (`options` of a context: viewport, locale, color_scheme …)."""
        link = self.terminal.link()
        address, _, secret = link.partition("/#")
        page = self._context(options).new_page()
        page.goto(f"{address}{path}#{secret}")
        page.wait_for_function("() => !location.hash")
        return page

    def stranger(self, url: str) -> Page:
        """A page at this address, in a browser that nobody let in."""
        page = self._context({}).new_page()
        page.goto(url)
        return page

    def _context(self, options: Any) -> BrowserContext:
        context = self._browser.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1440, "height": 900}, **options}
        )
        context.set_default_timeout(WAIT_MS)
        context.on("console", lambda message: self._heard(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self._contexts.append(context)
        return context

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith(_HARMLESS):
            self.complaints.append(text)

    def confirm(self, page: Page) -> None:
        """Type the code that stands in the terminal into the dialog that asks for it."""
        dialog = page.get_by_role("dialog", name="Only a person may do this")
        dialog.get_by_label("Code").fill(self.terminal.code())
        dialog.get_by_role("button", name="Confirm").click()
        expect(dialog).to_be_hidden()

    def read(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self.terminal.close()


@pytest.fixture(scope="module")
def visitor(chromium: Browser) -> Callable[[Running, Path], Visit]:
    """For a console that many tests share: `visitor(running, root)`. Whoever asks closes it, and looks at its complaints."""
    return lambda running, root: Visit(chromium, running, root)


@pytest.fixture
def visit(chromium: Browser, house: House) -> Iterator[Callable[[Path], Visit]]:
    """`visit(root)`: a person at the console of that workspace."""
    made: list[Visit] = []

    def begin(root: Path) -> Visit:
        made.append(Visit(chromium, house.start(root), root))
        return made[-1]

    yield begin
    for one in made:
        one.close()
    assert [complaint for one in made for complaint in one.complaints] == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """`accessible(page)`: axe finds no violation of WCAG 2.2 AA, as the page stands."""

    def look(page: Page) -> None:
        # By the debugger, not by a script tag: the page's policy lets nothing of ours in, and that is right.
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate(
            "() => axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})"
        )
        assert [(row["id"], [node["target"] for node in row["nodes"]][:3]) for row in found["violations"]] == []

    return look
