"""The plan in a real browser: from nothing to a backlog, with every gap at its field."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from houses import House
from slots_world import plain, write

Visit = Callable[[Path], Any]
Look = Callable[[Page], None]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def bare(house: House) -> Path:
    root = house.folder / "tasks"
    write(root, {"README.md": "tasks\n", ".opencode/notes.md": "x\n"})
    plain(root, "init", "-q", "-b", "main")
    return root


def step(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{name}")).click()


def test_answers_become_a_spec_and_a_backlog(bare: Path, visit: Visit) -> None:
    shop = visit(bare)
    page = shop.page("/backlog")
    expect(page.get_by_label("Name")).to_have_value("tasks")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    step(page, "What")
    expect(page.get_by_text("An answer is needed here.")).to_be_visible()
    page.get_by_label("What is to be true").fill("3 of 3 items are proved.")
    expect(page.get_by_text("An answer is needed here.")).to_be_hidden()
    step(page, "Scope")
    page.get_by_label("What belongs to it?").fill("- listing\ncreating")
    page.get_by_label("What does expressly not").fill("several users")
    step(page, "Limits")
    page.get_by_label("What is fixed").fill("nothing but the standard library")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Criterion 1: What has to hold").fill("the readme stays")
    page.get_by_label("Criterion 1: Command").fill("test -f README.md")
    step(page, "Breakdown")
    page.get_by_label("Title").fill("Tasks")
    page.get_by_label("Criterion 1: What has to hold").fill("a task is listed")
    page.get_by_label("Criterion 1: Command").fill("grep -q `echo a` tasks")
    page.get_by_role("button", name="Add an item").click()
    second = page.get_by_role("group", name="Item B002").first
    second.get_by_label("Title").fill("Token")
    second.get_by_label("Depends on").fill("B007")
    second.get_by_label("Criterion 1: What has to hold").fill("it reads well")
    second.get_by_label("Criterion 1: How").select_option("attest")
    second.get_by_role("button", name="Add a criterion").click()
    second.get_by_label("Criterion 2: What has to hold").fill("a wrong token is refused")
    step(page, "Review")
    gap = page.get_by_role("button", name=re.compile("B002 depends on B007"))
    gap.click()
    expect(second.get_by_label("Depends on")).to_be_focused()
    expect(page.get_by_text(re.compile("B002 depends on B007"))).to_be_visible()
    second.get_by_label("Depends on").fill("B001")
    with page.expect_response(
        lambda answer: "test -f token" in (answer.request.post_data or "") and answer.request.method == "PUT"
    ):
        page.get_by_label("Criterion 2: Command").fill("test -f token")
    page.reload()  # what was typed is kept, by the service
    step(page, "Review")
    expect(page.get_by_text("2 items will be written to .opencode/backlog.md")).to_be_visible()
    assert not (bare / ".opencode/backlog.md").exists()
    page.get_by_role("button", name="Write spec and backlog").click()
    expect(page.get_by_role("grid")).to_contain_text("Token")
    expect(page.get_by_text("SCAFFOLDED tasks")).to_be_visible()
    text = shop.read(".opencode/backlog.md")
    assert "- Depends on: B001" in text and "grep -q `echo a` tasks" in text
    spec = shop.read(".opencode/spec.md")
    assert "3 of 3 items are proved." in spec and "guard: `test -f README.md`" in spec
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("SCAFFOLDED tasks")).to_be_hidden()


def test_a_form_can_be_taken_back(bare: Path, visit: Visit) -> None:
    page = visit(bare).page("/backlog")
    page.get_by_label("Name").fill("Other")
    step(page, "Breakdown")
    page.get_by_role("button", name="Add an item").click()
    page.get_by_role("button", name="Remove B001").click()
    page.get_by_role("button", name="Remove criterion 1").click()
    step(page, "Review")
    expect(page.get_by_text("B002 has no acceptance criterion")).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    page.get_by_role("dialog").get_by_role("button", name="Start over").click()
    expect(page.get_by_label("Name")).to_have_value("tasks")
    expect(page.get_by_role("button", name="Start over")).to_be_hidden()


def test_a_backlog_that_somebody_wrote_meanwhile_is_not_written_over(bare: Path, visit: Visit) -> None:
    page = visit(bare).page("/backlog")
    expect(page.get_by_label("Name")).to_be_visible()
    write(bare, {".opencode/backlog.md": "# Backlog — mine\n\nwords\n"})
    page.get_by_label("What is to be true").fill("3")
    expect(page.get_by_role("alert")).to_contain_text("PLAN_EXISTS")
    assert (bare / ".opencode/backlog.md").read_text() == "# Backlog — mine\n\nwords\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_is_accessible_and_its_answers_are_french(
    bare: Path, visit: Visit, accessible: Look, scheme: str
) -> None:
    page = visit(bare).page("/backlog", locale="fr-FR", color_scheme=scheme, **PHONE)
    expect(page.get_by_label("Nom")).to_be_visible()
    for name in ("Quoi", "Périmètre", "Limites", "Découpage", "Relecture"):
        step(page, name)
        expect(page.get_by_role("button", name=re.compile(f"^{name}"))).to_have_attribute("aria-current", "step")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, name
        accessible(page)
    expect(page.get_by_text("« Objectif » n'a pas de réponse")).to_be_visible()
