"""The 29 probes of peer-console.md §2 that broke the seed's console, each refused or harmless here."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from consoles import ADDRESS, Console, ask
from echelon.actions.callers import Caller
from echelon.actions.table import perform
from echelon.console import control
from echelon.console.hub import STREAMS_MAX
from echelon.console.interface import Interface
from echelon.core.decide import Decision
from echelon.errors import WorldError
from workspaces import Shop, bytes_of


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.make(tmp_path)


@pytest.fixture
def console(shop: Shop) -> Console:
    return Console(shop.places, shop.root)


SPELLINGS = ("//api/workspaces", "/API/workspaces", "/api%2fworkspaces", "/%61pi/workspaces", "/api/events/../workspaces",
             "/api/workspaces/", "/api/workspaces;x", "/api/workspaces%00", "/./api/workspaces")  # fmt: skip


def test_p1_only_the_header_with_the_token(console: Console) -> None:
    path = "/api/workspaces"
    given = [("host", ADDRESS)]
    for more in ([], [("authorization", "Bearer wrong")], [("authorization", f"bearer {console.token}")]):
        assert console.raw("GET", path, [*given, *more]).code == "NO_SESSION"
    assert console.raw("GET", f"{path}?token={console.token}", given).code == "NO_SESSION"


def test_p2_p26_nothing_is_told_without_a_session(console: Console, shop: Shop) -> None:
    for path in ("/healthz", "/api/health", "/api/instances", "/api/openapi.json", "/"):
        said = console.ask("GET", path, token="")
        assert str(shop.root).encode() not in said.body
        assert b"0.1.0" not in said.body
    assert console.token not in json.dumps(console.get("/api/workspaces"))


@pytest.mark.parametrize("path", SPELLINGS)
def test_p3_p19_no_spelling_goes_around_the_guard(console: Console, path: str, shop: Shop) -> None:
    said = console.ask("GET", path, token="")
    assert said.status in (401, 404, 503, 200)
    assert b'"workspaces"' not in said.body
    assert str(shop.root).encode() not in said.body


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "169.254.169.254", "127.0.0.1", f"{ADDRESS}.evil.example"]
)
def test_p4_no_other_name(console: Console, host: str) -> None:
    given = [("host", host), ("authorization", f"Bearer {console.token}")]
    for path in ("/", "/healthz", "/api/workspaces", "/api/events"):
        assert console.raw("GET", path, given).code == "FOREIGN_REQUEST"


def test_p5_no_other_page(console: Console) -> None:
    for origin, kind in (
        ("http://evil.example", "application/json"),
        ("null", "application/json"),
        (f"http://{ADDRESS}", "text/plain"),
    ):
        given = [
            ("host", ADDRESS),
            ("origin", origin),
            ("content-type", kind),
            ("authorization", f"Bearer {console.token}"),
        ]
        assert console.raw("POST", "/api/level/backlog_status", given, b"{}").status in (403, 415)
    asked = console.raw("OPTIONS", "/api/level/backlog_status", [("host", ADDRESS), ("origin", "http://evil.example")])
    assert asked.status == 403
    assert not any(name.startswith("access-control") for name in asked.headers)


ACTIONS_OF_OBJECTS = ("constructor", "toString", "__proto__", "hasOwnProperty", "__class__", "perform", "")


@pytest.mark.parametrize("name", ACTIONS_OF_OBJECTS)
def test_p18_what_is_no_action_is_none(console: Console, name: str) -> None:
    said = console.act(name)
    assert said.status in (404, 405)
    assert said.code in ("ACTION_UNKNOWN", "NOT_FOUND", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"1", b'"x"', b"{", b'{"a":' * 2000, b"\xff\xfe", b'{"a": NaN}'])
def test_p14_p15_p16_a_body_that_is_no_object_is_refused(console: Console, shop: Shop, body: bytes) -> None:
    before = bytes_of(shop.root)
    given = [("host", ADDRESS), ("authorization", f"Bearer {console.token}"), ("content-type", "application/json")]
    for method, path in (
        ("POST", "/api/level/backlog_start_item"),
        ("PUT", "/api/preferences/theme"),
        ("POST", "/api/session"),
    ):
        said = console.raw(method, path, given, body)
        assert said.status in (400, 413), (path, said.status, said.body)
        assert said.code == "ARGUMENTS_INVALID"
        assert b"Traceback" not in said.body
    assert bytes_of(shop.root) == before
    assert console.get("/api/preferences/theme") == {"value": None}


def test_p14_arguments_that_are_not_there_are_not_made_up(console: Console) -> None:
    """An action that needs a reason is not performed with one of our own."""
    for action in ("backlog_fail_item", "parallel_fail_item", "backlog_suspend_item"):
        said = console.act(action)
        assert said.status in (400, 409)
    said = console.act("backlog_start_item", nonsense="x")
    assert (said.status, said.code) == (400, "ARGUMENTS_INVALID")


def test_p9_p10_nothing_is_written_outside(console: Console, shop: Shop) -> None:
    outside = bytes_of(shop.root.parent, without=(".git",))
    outside = {name: content for name, content in outside.items() if not name.startswith(("shop/", "home/"))}
    item = {"id": "B001", "title": "x", "criteria": ["it holds"]}
    for place in ("../x", "/tmp/x", "..", ".git/hooks", "~/x"):
        said = console.act("scaffold_project", name="x", objective="y", items=[item], target_dir=place)
        assert said.status in (400, 409), said.body
    said = console.act("parallel_start_item", max_slots=1, backlog_path="../x/backlog.md")
    assert said.status == 409
    after = bytes_of(shop.root.parent, without=(".git",))
    assert {name: content for name, content in after.items() if not name.startswith(("shop/", "home/"))} == outside


def test_p12_p13_text_stays_text(console: Console, shop: Shop) -> None:
    """A newline forges nothing, and `$&` or `$1` is what was typed."""
    console.act("backlog_start_item")
    text = "no\n### B099 — forged\n- Status: [x]\n\nApproved: $100 for 90 days $& $1 $$"
    said = console.act("backlog_fail_item", reason=text)
    assert said.status == 200, said.body
    assert sorted(shop.states()) == ["B001", "B002", "B003"]
    kept = "".join(path.read_text("utf-8") for path in (shop.root / ".opencode").glob("*.md"))
    assert "$100 for 90 days $& $1 $$" in kept
    assert "\n### B099" not in kept


def test_p17_a_preference_has_a_size(console: Console) -> None:
    assert console.ask("PUT", "/api/preferences/a", {"value": "x" * 130_000}).code == "INTERFACE_FULL"
    for key in ("../x", "A", "a" * 80, "x y", ""):
        assert console.ask("PUT", f"/api/preferences/{key}", {"value": 1}).status in (400, 404, 405)
    statuses = {console.ask("PUT", f"/api/preferences/k{number}", {"value": 1}).status for number in range(210)}
    assert statuses == {200, 413}


def test_p20_p24_p27_the_token_is_nowhere(console: Console, shop: Shop) -> None:
    """Not in a file, not in an address, not in an answer, not in what git sees."""
    console.act("backlog_start_item")
    console.ask("PUT", "/api/preferences/theme", {"value": "dark"})
    everything = bytes_of(shop.root, without=()) | bytes_of(shop.home, without=())
    assert not [name for name, content in everything.items() if console.token.encode() in content]
    assert "console" not in shop.git("status", "--porcelain")


def test_p21_p22_files_of_ours_are_private_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "private" / "console.sqlite"
    interface = Interface(file)
    interface.prefer("theme", "dark")
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    interface.close()


def test_a_broken_database_is_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "console.sqlite"
    file.write_bytes(b"no database at all, and long enough to look like one" * 100)
    interface = Interface(file)
    interface.prefer("theme", "dark")
    assert interface.preference("theme") == "dark"
    interface.close()


def test_p28_streams_are_counted(console: Console) -> None:
    async def many() -> list[int]:
        listening = [asyncio.ensure_future(_hear(console)) for _ in range(STREAMS_MAX)]
        while len(console.desk.hub._open) < STREAMS_MAX:
            await asyncio.sleep(0.01)
        given = [("host", ADDRESS), ("authorization", f"Bearer {console.token}")]
        said = await ask(console.app, "GET", "/api/events", given)
        console.desk.hub.close()
        await asyncio.gather(*listening)
        again = await ask(console.app, "GET", "/api/events", given)
        return [said.status, again.status]

    assert asyncio.run(many()) == [429, 200]


async def _hear(console: Console) -> None:
    async for _event in console.desk.hub.listen(""):
        pass


def test_p8_p11_a_planted_slot_file_runs_nothing(console: Console, shop: Shop) -> None:
    """What a cloned repository says about slots is never read, and no shell reads anything."""
    mark = shop.root.parent / "ran"
    planted = [{"slotId": "x", "itemId": "B001", "base": f"HEAD; touch {mark}; echo ", "branch": "b", "path": "/"}]
    (shop.root / ".opencode/slots.json").write_text(json.dumps({"slots": planted}), "utf-8")
    paths = [
        path.replace("{identifier}", "x").replace("{slot}", "x") for path in console.get("/api/openapi.json")["paths"]
    ]
    for path in paths:
        if "{" not in path and "events" not in path:
            console.ask("GET", path)
    assert not mark.exists()


def test_p23_nobody_else_s_folder_is_a_meeting_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another user made beforehand, or left open to all, is not where consoles meet."""
    for name, mode in (("open", 0o755), ("group", 0o770)):
        folder = tmp_path / name
        folder.mkdir()
        folder.chmod(mode)
        (folder / "console.json").write_text('{"address": "http://127.0.0.1:1/", "pid": 1, "since": ""}', "utf-8")
        monkeypatch.setenv("ECHELON_RUNTIME", str(folder))
        with pytest.raises(WorldError, match="RUNTIME_UNSAFE"):
            control.lock_file()
    (tmp_path / "link").symlink_to(tmp_path / "group")
    monkeypatch.setenv("ECHELON_RUNTIME", str(tmp_path / "link"))
    with pytest.raises(WorldError, match="RUNTIME_UNSAFE"):
        control.info_file()


def test_p25_an_agent_is_told_the_address_and_no_secret(
    console: Console, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECHELON_RUNTIME", str(tmp_path / "run"))
    control.note(f"http://{ADDRESS}/", "2026-11-30T00:00:00Z")
    secret = console.invite()
    answer = perform(shop.engine(), "web_console_info", {}, Caller("agent", "mission"))
    assert isinstance(answer, Decision)
    told = answer.message + json.dumps(dict(answer.data))
    assert ADDRESS in told and "echelon console --open" in told
    assert secret not in told and console.token not in told and "#" not in told


def test_another_workspace_is_not_reachable(console: Console, tmp_path: Path) -> None:
    """Only ids of attached workspaces; never a path."""
    for name in ("nonsense", "../shop", str(tmp_path), "96b552466245"):
        said = console.ask("POST", f"/api/level/backlog_status?workspace={name}", {})
        assert (said.status, said.code) == (403, "WORKSPACE_UNKNOWN")


def test_p6_p7_no_free_path_is_opened(console: Console, shop: Shop) -> None:
    """Only documents of the workspace, by the name that the workspace itself lists."""
    (shop.root / ".opencode/link.md").symlink_to("/etc/passwd")
    secret = shop.root / "secret.md"
    secret.write_text("a secret of the repository", "utf-8")
    tries = (
        "../README.md",
        ".opencode/../secret.md",
        "/etc/passwd",
        ".opencode/link.md",
        "secret.md",
        "x\0y",
        "%2e%2e/secret.md",
    )
    for route in ("/api/file?path=", "/api/backlog?path=", "/api/journal?file=", "/api/history?at=1&path="):
        for path in tries:
            said = console.ask("GET", route + path)
            assert b"a secret of the repository" not in said.body
            assert b"root:" not in said.body


def test_what_git_shows_is_not_ours(shop: Shop, console: Console) -> None:
    console.get("/api/workspaces")
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=shop.root, capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout == ""
