"""The read guard on a real workspace: which files a path leads to, when it is active, and that it never costs a call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from echelon.bridge import steering
from echelon.bridge.keeping import Keeper
from echelon.core.fence import Ruling
from portfolio_texts import one_program, two_programs
from slots_world import write
from steering_texts import text
from workspaces import Shop

SPEC = text("en", "spec.md")
JOURNAL = "# Journal\n" + "- [2026-01-01T00:00:00.000Z] ITEM STARTED — B001 — x\n" * 200


class Here:
    """A workspace, and what the guard says and logs in it."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.keeper, self.logged = shop, Keeper(shop.root, shop.places), list[str]()

    def judge(
        self, tool: str, arguments: Mapping[str, Any], directory: Path | None = None, variable: str = ""
    ) -> Ruling:
        async def log(line: str) -> None:
            self.logged.append(line)

        where = str(directory or self.shop.root)
        return asyncio.run(steering.judge(tool, arguments, where, self.keeper, variable, log))

    def guards(self, path: str | Path, directory: Path | None = None) -> bool:
        return self.judge("read", {"filePath": str(path)}, directory).refusal is not None


def make(folder: Path, files: Mapping[str, str], config: Mapping[str, Any] | None = None) -> Here:
    shop = Shop.make(folder, git=False)
    for name in ("spec.md", "backlog.md", "orchestrator.jsonc"):
        (shop.root / ".opencode" / name).unlink()
    write(shop.root, {**files, ".opencode/orchestrator.jsonc": json.dumps(config or {})})
    return Here(shop)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return make(tmp_path, {".opencode/spec.md": SPEC, ".opencode/backlog.md": text("en", "backlog.md")})


def test_W_E5_a_link_leads_to_what_it_leads_to(here: Here) -> None:
    root = here.shop.root
    (root / "notes.txt").symlink_to(".opencode/spec.md")
    (root / "state").symlink_to(".opencode")
    write(root, {"docs/long.md": SPEC, ".opencode/old/a.md": ""})
    (root / ".opencode/old/project.md").symlink_to("../../docs/long.md")
    assert here.guards("notes.txt") and here.guards("state/spec.md") and here.guards(".opencode/old/project.md")
    assert here.guards(root / "notes.txt") and here.guards("../.opencode/spec.md", root / "docs")
    assert not here.guards("docs/long.md") and not here.guards("README.md") and not here.guards("nowhere.md")


def test_W_E5_archives_journals_and_the_active_item_are_guarded_too(here: Here) -> None:
    long = (
        ".opencode/archive/journals/2026-01.md",
        ".opencode/archive/backlog-items/B001.md",
        ".opencode/backlog-item-active.md",
    )
    free = (".opencode/context.md", ".opencode/todo.md", ".opencode/docs/notes.md")
    write(here.shop.root, {**dict.fromkeys(long, JOURNAL), **dict.fromkeys(free, JOURNAL)})
    assert [path for path in (*long, *free) if here.guards(path)] == list(long)


def test_a_pattern_of_the_shell_is_followed(here: Here) -> None:
    for command in ("cat .opencode/*.md", "cat .opencode/s*", "cd .opencode; cat ????.md"):
        ruling = here.judge("bash", {"command": command})
        assert ruling.refusal is not None and ".opencode/spec.md has 276 lines" in ruling.refusal.reasons[0], command
    assert here.judge("bash", {"command": "cat *.md"}) == Ruling()


def test_copies_in_a_slot_are_guarded_and_other_workspaces_are_not(here: Here, tmp_path: Path) -> None:
    work = here.keeper.workspace.state / "slots" / "B001" / "work"
    write(work, {".opencode/spec.md": SPEC})
    write(tmp_path / "other", {".opencode/spec.md": SPEC, ".opencode/backlog.md": "# B\n"})
    assert here.guards(work / ".opencode/spec.md") and here.guards(".opencode/spec.md", work)
    assert not here.guards(tmp_path / "other/.opencode/spec.md")


def test_W_E4_it_is_active_in_a_portfolio_with_stored_files_only(tmp_path: Path) -> None:
    first = ".opencode/programs/PGM-001/projects/PRJ-001/spec.md"
    here = make(tmp_path, {**two_programs(), first: SPEC, ".opencode/programs/PGM-002/program.md": JOURNAL})
    assert not (here.shop.root / ".opencode/backlog.md").exists()
    assert here.guards(first) and here.guards(".opencode/programs/PGM-002/program.md")
    assert not here.guards(".opencode/enterprise.md"), "it is short"


def test_documents_in_folders_of_their_own_are_guarded(tmp_path: Path) -> None:
    files = one_program()
    listed = files[".opencode/program.md"].replace("### PRJ-002", "### PRJ-002", 1)
    head, _, tail = listed.rpartition("- Status:")
    files[".opencode/program.md"] = f"{head}- Path: apps/web\n- Status:{tail}"
    here = make(tmp_path, {**files, "apps/web/spec.md": SPEC, "apps/web/backlog.md": "# B\n", "apps/api/spec.md": SPEC})
    assert here.guards("apps/web/spec.md") and not here.guards("apps/api/spec.md")


def test_it_is_inert_outside_of_spec_and_backlog_mode(tmp_path: Path) -> None:
    here = make(tmp_path, {".opencode/spec.md": SPEC, ".opencode/archive/x.md": JOURNAL})
    assert not here.guards(".opencode/spec.md") and not here.guards(".opencode/archive/x.md")
    write(here.shop.root, {".opencode/backlog.md": "# Backlog\n"})
    assert here.guards(".opencode/spec.md")


@pytest.mark.parametrize("variable", ["0", "false", "off"])
def test_W_E6_the_variable_of_the_host_switches_it_off(here: Here, variable: str) -> None:
    assert here.judge("read", {"filePath": ".opencode/spec.md"}, variable=variable) == Ruling()
    assert here.judge("read", {"filePath": ".opencode/spec.md"}, variable="1").refusal is not None


def test_W_E6_settings_hold_from_the_next_call_on(tmp_path: Path) -> None:
    files = {".opencode/spec.md": SPEC, ".opencode/backlog.md": "# B\n"}
    here = make(tmp_path, files, {"webConsole": {"enabled": False}})
    assert here.guards(".opencode/spec.md"), "a setting of something else hides nothing"
    write(here.shop.root, {".opencode/orchestrator.jsonc": '{"steering": {"lineThreshold": 300} /* a // b */}'})
    here.keeper.world()
    assert not here.guards(".opencode/spec.md")
    write(here.shop.root, {".opencode/orchestrator.jsonc": '{"steering": {"readGuard": false, "lineThreshold": 10}}'})
    here.keeper.world()
    assert not here.guards(".opencode/spec.md")


def test_what_goes_wrong_is_logged_and_the_call_goes_on(here: Here) -> None:
    write(here.shop.root, {".opencode/echelon/missions.json": "{damaged"})
    assert here.judge("read", {"filePath": ".opencode/spec.md"}) == Ruling()
    assert len(here.logged) == 1 and "read was let through" in here.logged[0] and "missions.json" in here.logged[0]


def test_a_pipe_is_not_waited_for(here: Here) -> None:
    import os

    os.mkfifo(here.shop.root / ".opencode/project.md")
    assert not here.guards(".opencode/project.md")
