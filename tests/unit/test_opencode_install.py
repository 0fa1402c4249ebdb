"""Into a person's OpenCode and out again: every byte comes back, whatever happened between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.core.jsonc import read as read_jsonc
from echelon.errors import HostError, InputError, WorldError
from echelon.hosts.opencode import binary, jsonc, seed
from echelon.hosts.opencode.install import bridge_source, perform, plan_install, private_config, status
from echelon.hosts.opencode.peer import is_peer
from echelon.hosts.opencode.record import RECORD, load
from echelon.hosts.opencode.removal import uninstall

BRIDGE = b"// Echelon's bridge, a stand-in\nexport default {}\n"
CONFIG = b"""{
  // mine
  "plugin": [
    "one", "open-codining@1.0.6", // the one
    ["opencode-orchestrator", { "x": 1 /* why */ }],
  ],
  "model": "a/b",
}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "config" / "opencode"
    folder.mkdir(parents=True)
    return folder


def install(home: Path, **options: bool) -> None:
    perform(plan_install(home, bridge=BRIDGE, **options))


def picture(root: Path) -> dict[str, object]:
    """Everything below: content and mode of files, targets of links, names of folders."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink()
        else (path.read_bytes(), path.stat().st_mode) if path.is_file() else "folder"
        for path in sorted(root.rglob("*"))
    }  # fmt: skip


# ------------------------------------------------------------------------------------------ configurations

_PEERS = [
    '"open-codining"', '"open-codining@1.0.6"', '["opencode-orchestrator", {"a": [1, {"b": "]"}]}]',
    '"file:///x/open-codining.js"', '["open-codining@latest",\n  {"deep": true, // why\n }]',
]  # fmt: skip
_OTHERS = ['"one"', '"@me/open-codining"', '["two", {"open-codining": true}]', '"open-codining-extras"', '"{env:X}"']
_GAPS = ["", " ", "\n    ", "\t", ' // open-codining, "a"\n  ', " /* , ] */ ", "\n\n  /* x\n */\n"]


@st.composite
def configs(draw: st.DrawFn) -> str:
    """JSONC as people write it, with none, some or only entries of the peers."""
    gap = st.sampled_from(_GAPS)
    elements = draw(st.lists(st.sampled_from(_PEERS + _OTHERS), max_size=5))
    items = ",".join(f"{draw(gap)}{element}{draw(gap)}" for element in elements)
    items += "," + draw(gap) if elements and draw(st.booleans()) else draw(gap)
    members = [
        f'{draw(gap)}"plugin"{draw(gap)}:{draw(gap)}[{items}]',
        '"model": "open-codining"',
        '"x": {"plugin": [1]}',
    ]
    chosen = draw(st.permutations(members).map(lambda all_of_them: all_of_them[: draw(st.integers(1, 3))]))
    text = f"{draw(gap)}{{{','.join(chosen)}{draw(st.sampled_from(['', ',']))}{draw(gap)}}}{draw(gap)}"
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return ("\ufeff" if draw(st.booleans()) else "") + text


def plugins(text: str) -> list[object]:
    return read_jsonc(text).value.get("plugin", [])


@given(configs())
def test_only_the_peers_entries_go_and_the_cuts_give_every_byte_back(text: str) -> None:
    removal = jsonc.remove_entries(text, "x", is_peer)
    kept = [entry for entry in plugins(text) if not is_peer(entry[0] if isinstance(entry, list) else str(entry))]
    assert plugins(removal.text) == kept
    assert jsonc.put_back(removal.text, removal.cuts) == text
    comments = [word for word in ("/* , ] */", "/* x") for _ in range(text.count(word))]
    assert all(removal.text.count(word) == text.count(word) for word in comments)


@given(configs())
def test_an_entry_is_written_back_into_a_text_that_was_changed(text: str) -> None:
    removal = jsonc.remove_entries(text, "x", is_peer)
    back = jsonc.insert_entries(removal.text, "x", removal.entries)
    assert sorted(map(str, plugins(back))) == sorted(map(str, plugins(text)))


@settings(max_examples=25, deadline=None)
@given(configs())
def test_installing_and_uninstalling_gives_every_byte_back(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "opencode")
        home.mkdir()
        (home / "opencode.jsonc").write_bytes(text.encode())
        before = picture(home)
        install(home)
        uninstall(home, BRIDGE)
        assert picture(home) == before


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("open-codining", True), ("opencode-orchestrator@1.7.22", True), ("npm:open-codining@2", True),
        ("./plugins/open-codining.js", True), ("file:///x/opencode-orchestrator", True),
        ("git+https://host/a/opencode-orchestrator.git#v1", True), ("github:a/opencode-orchestrator", True),
        ("/x/node_modules/open-codining/dist/index.js", True), ("C:\\x\\open-codining", True),
        ("open-codining-extras", False), ("@me/open-codining", False), ("file:///open-codining/mine.js", False),
        ("", False),
    ],
)  # fmt: skip
def test_who_is_a_peer(spec: str, expected: bool) -> None:
    assert is_peer(spec) is expected


@pytest.mark.parametrize(
    ("content", "place"),
    [(b'{\n  "plugin": ["a" "b"]\n}', ":2:18:"), (b"{", ":1:1:"), (b"[]", ":1:1:"), (b'{"a": "\xff"}', "byte 7")],
)
def test_a_broken_configuration_is_shown_with_its_place_and_nothing_is_written(
    home: Path, content: bytes, place: str
) -> None:
    (home / "opencode.json").write_bytes(content)
    before = picture(home)
    with pytest.raises(InputError) as caught:
        install(home)
    assert caught.value.code == "OPENCODE_CONFIG_BROKEN"
    assert place in caught.value.message
    assert picture(home) == before


# ------------------------------------------------------------------------------------------- installing


def test_what_is_installed(home: Path) -> None:
    install(home)
    record = json.loads((home / RECORD).read_bytes())
    assert (home / "plugin/echelon.js").read_bytes() == BRIDGE
    assert record["command"][0] == sys.executable
    assert record["command"][-2:] == ["echelon", "serve"]
    assert list((home / "node_modules").iterdir()) == []
    lock = json.loads((home / "package-lock.json").read_bytes())
    assert lock["packages"][""] == json.loads((home / "package.json").read_bytes())
    assert status(home, BRIDGE).up_to_date


def test_a_second_installation_touches_nothing(home: Path) -> None:
    (home / "opencode.jsonc").write_bytes(CONFIG)
    install(home)
    times = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    plan = plan_install(home, bridge=BRIDGE)
    perform(plan)
    assert plan.up_to_date
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == times


def test_a_new_version_takes_the_place_of_the_old_one(home: Path) -> None:
    before = picture(home)
    perform(plan_install(home, bridge=b"// Echelon's bridge, older\n"))
    assert not status(home, BRIDGE).up_to_date
    install(home)
    assert status(home, BRIDGE).up_to_date
    uninstall(home, BRIDGE)
    assert picture(home) == before


def test_nothing_is_left_where_there_was_no_folder_at_all(tmp_path: Path) -> None:
    home = tmp_path / "a" / "b" / "opencode"
    install(home)
    assert uninstall(home, BRIDGE)
    assert list(tmp_path.iterdir()) == []
    assert uninstall(home, BRIDGE) == ()


def test_a_link_to_a_configuration_stays_a_link(home: Path, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "oc.json").write_bytes(CONFIG)
    (home / "opencode.json").symlink_to(dotfiles / "oc.json")
    before = picture(tmp_path)
    install(home)
    assert (home / "opencode.json").is_symlink()
    assert plugins((dotfiles / "oc.json").read_text()) == ["one"]
    uninstall(home, BRIDGE)
    assert picture(tmp_path) == before


def test_the_peer_stays_when_a_person_says_so(home: Path) -> None:
    (home / "opencode.json").write_bytes(CONFIG)
    install(home, keep_peers=True)
    assert (home / "opencode.json").read_bytes() == CONFIG
    assert len(status(home, BRIDGE).peers) == 2


def test_files_of_the_peer_move_only_with_consent_and_come_back(home: Path) -> None:
    (home / "plugins").mkdir()
    (home / "plugins/open-codining.js").write_text("peer")
    before = picture(home)
    install(home)
    assert (home / "plugins/open-codining.js").exists()
    install(home, move_files=True)
    assert not (home / "plugins/open-codining.js").exists()
    assert status(home, BRIDGE).peers == ()
    assert plan_install(home, bridge=BRIDGE, move_files=True).up_to_date
    uninstall(home, BRIDGE)
    assert picture(home) == before


def test_somebody_elses_file_under_our_name_is_kept_and_comes_back(home: Path) -> None:
    (home / "plugin").mkdir()
    (home / "plugin/echelon.js").write_text("export default 'mine'")
    before = picture(home)
    install(home)
    assert (home / "plugin/echelon.js").read_bytes() == BRIDGE
    uninstall(home, BRIDGE)
    assert picture(home) == before


def test_a_place_that_cannot_be_written_is_said_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError) as caught:
        install(tmp_path / "file" / "opencode")
    assert caught.value.code == "FILE_FAILED"
    assert caught.value.next_step


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said_with_a_next_step(home: Path) -> None:
    home.chmod(0o500)
    with pytest.raises(WorldError) as caught:
        install(home)
    assert caught.value.code == "NOT_PERMITTED"
    assert list(home.iterdir()) == []


# --------------------------------------------------------------------------------- changed in the meantime


def test_what_a_person_wrote_meanwhile_stays_and_the_entries_come_back_where_they_were(home: Path) -> None:
    (home / "opencode.jsonc").write_bytes(CONFIG)
    install(home)
    edited = (home / "opencode.jsonc").read_bytes().replace(b'"a/b"', b'"c/d"')
    (home / "opencode.jsonc").write_bytes(edited)
    uninstall(home, BRIDGE)
    assert (home / "opencode.jsonc").read_bytes() == CONFIG.replace(b'"a/b"', b'"c/d"')


def test_the_entries_come_back_also_when_their_place_was_written_anew(home: Path) -> None:
    (home / "opencode.jsonc").write_bytes(CONFIG)
    install(home)
    (home / "opencode.jsonc").write_text('{"$schema": "s"}\n')
    uninstall(home, BRIDGE)
    text = (home / "opencode.jsonc").read_text()
    assert plugins(text) == ["open-codining@1.0.6", ["opencode-orchestrator", {"x": 1}]]
    assert '"$schema": "s"' in text


def test_an_entry_that_a_person_put_back_is_not_doubled(home: Path) -> None:
    (home / "opencode.json").write_text('{"plugin": ["open-codining"]}')
    install(home)
    (home / "opencode.json").write_text('{"plugin": ["new", "open-codining"]}')
    uninstall(home, BRIDGE)
    assert (home / "opencode.json").read_text() == '{"plugin": ["new", "open-codining"]}'


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("{ broken"), lambda path: path.unlink()])
def test_what_cannot_be_put_back_is_said_and_kept(home: Path, spoil: Callable[[Path], object]) -> None:
    (home / "opencode.json").write_bytes(CONFIG)
    install(home)
    spoil(home / "opencode.json")
    says = "\n".join(uninstall(home, BRIDGE))
    assert "echelon.json.saved" in says
    assert "open-codining@1.0.6" in (home / "echelon.json.saved").read_text()
    assert not (home / "plugin").exists()


def test_a_bridge_that_a_person_changed_is_kept_beside(home: Path) -> None:
    install(home)
    (home / "plugin/echelon.js").write_text("changed")
    assert status(home, BRIDGE).modified == ("plugin/echelon.js",)
    install(home)
    assert (home / "plugin/echelon.js.saved").read_text() == "changed"
    (home / "plugin/echelon.js").write_text("changed again")
    says = uninstall(home, BRIDGE)
    assert "echelon.js.saved-2" in says[0]
    assert (home / "plugin/echelon.js.saved-2").read_text() == "changed again"
    assert not (home / "plugin/echelon.js").exists()


def test_a_record_that_is_damaged_stops_both_ways(home: Path) -> None:
    install(home)
    (home / RECORD).write_text('{"version": 1}')
    for run in (lambda: install(home), lambda: uninstall(home, BRIDGE)):
        with pytest.raises(WorldError) as caught:
            run()
        assert caught.value.code == "INSTALL_RECORD_BROKEN"


# ------------------------------------------------------------------------------------------------- killed

_CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}


def killed_at(step: int, run: Callable[[], object]) -> bool:
    """Run in a child process that dies just before its `step`-th change of the disk; False when it came to its end."""
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if event in _CHANGES or writes:
                left -= 1
                if left == 0:
                    os._exit(9)

        sys.addaudithook(count)
        try:
            run()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _start(tmp_path: Path, step: int) -> Path:
    home = tmp_path / f"{step}"
    (home / "plugin").mkdir(parents=True)
    (home / "plugin/echelon.js").write_text("export default 'mine'")
    (home / "plugin/open-codining.js").write_text("peer")
    (home / "opencode.json").write_bytes(CONFIG)
    (home / "opencode.jsonc").write_bytes(CONFIG)
    return home


def _without_empty_folders(seen: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in seen.items() if value != "folder"}


@pytest.mark.parametrize("mend", ["install", "uninstall"])
@pytest.mark.parametrize("cut", ["install", "uninstall"])
def test_a_run_killed_at_any_write_is_mended_by_the_next(tmp_path: Path, cut: str, mend: str) -> None:
    def into(home: Path) -> None:
        install(home, move_files=True)

    for step in range(1, 100):
        home = _start(tmp_path, step)
        before = picture(home)
        if cut == "uninstall":
            into(home)
        died = killed_at(step, lambda: into(home) if cut == "install" else uninstall(home, BRIDGE))  # noqa: B023
        if mend == "install":
            into(home)
            now = status(home, BRIDGE)
            assert (now.up_to_date, now.modified, now.peers) == (True, (), ()), step
            assert not list(home.rglob("*.echelon-tmp")), step
        uninstall(home, BRIDGE)
        assert _without_empty_folders(picture(home)) == _without_empty_folders(before), step
        if not died:
            assert step > 10
            return
    raise AssertionError("it never came to its end")


# ------------------------------------------------------------------------------------- the npm seed, our servers


def test_a_seed_never_touches_what_is_a_persons(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"left": "1"}}')
    before = picture(tmp_path)
    assert "package.json" in seed.seed(tmp_path, "1.18.33").kept
    assert picture(tmp_path) == before


def test_a_seed_is_written_once_and_completed(tmp_path: Path) -> None:
    assert len(seed.seed(tmp_path, "1.18.33").written) == 4
    assert seed.seed(tmp_path, "1.17.11") == seed.Seeded()
    (tmp_path / "package-lock.json").unlink()
    assert seed.seed(tmp_path).written == (tmp_path / "package-lock.json",)


def test_a_folder_with_a_tool_that_may_need_npm_gets_no_seed_and_loses_ours(home: Path) -> None:
    install(home)
    (home / "tool").mkdir()
    (home / "tool/mine.ts").write_text('import { tool } from "@opencode-ai/plugin"')
    assert "mine.ts" in status(home, BRIDGE).npm
    install(home)
    assert not (home / "package.json").exists()
    assert not (home / "node_modules").exists()
    assert status(home, BRIDGE).up_to_date
    assert plan_install(home, bridge=BRIDGE).up_to_date


def test_what_npm_did_meanwhile_stays(home: Path) -> None:
    install(home)
    (home / "node_modules/zod").mkdir()
    uninstall(home, BRIDGE)
    assert (home / "package.json").exists()
    assert (home / "node_modules/zod").exists()


def test_a_private_configuration_is_closed_complete_and_made_once(tmp_path: Path) -> None:
    folder = private_config(tmp_path / "state" / "opencode", BRIDGE)
    assert folder.stat().st_mode & 0o077 == 0
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert {"plugin", "echelon.json", "package.json", "node_modules"} <= {path.name for path in before}
    assert private_config(folder, BRIDGE) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


# ----------------------------------------------------------------------------------------------- the binary


def program(folder: Path, script: str) -> str:
    path = folder / "opencode"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_version_of_the_program_is_read(tmp_path: Path) -> None:
    path = program(tmp_path, "echo 1.18.33")
    assert binary.find_opencode(path) == binary.OpenCode(path, "1.18.33")
    assert binary.require_opencode(path).version == "1.18.33"


@pytest.mark.parametrize(
    ("script", "code"),
    [("echo hello", "OPENCODE_FAILED"), ("exec 1>&-", "OPENCODE_FAILED"), ("echo 2.0.3", "OPENCODE_UNSUPPORTED")],
)
def test_a_program_that_is_no_good_is_said(tmp_path: Path, script: str, code: str) -> None:
    with pytest.raises(HostError) as caught:
        binary.require_opencode(program(tmp_path, script))
    assert caught.value.code == code


def is_gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether the process ends soon: kill(2) returns before the kernel has ended it (seen on a busy machine)."""
    stat = Path(f"/proc/{pid}/stat")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if stat.read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except OSError:  # no such process any more
            return True
        time.sleep(0.02)  # polled: it is no child of ours, so there is nothing to wait on
    return False


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "VERSION_SECONDS", 0.3)
    path = program(tmp_path, f"sh -c 'echo $$ > {tmp_path}/pid; exec sleep 100' & wait")
    with pytest.raises(HostError, match="OPENCODE_FAILED"):
        binary.find_opencode(path)
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_missing_program_says_how_to_get_it_and_what_goes_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert binary.find_opencode() is None or binary.find_opencode()  # a machine may have one in a usual place
    with pytest.raises(HostError) as caught:
        binary.require_opencode(str(tmp_path / "nothing"))
    assert caught.value.code == "OPENCODE_MISSING"
    assert "npm install -g opencode-ai" in caught.value.next_step
    assert "--host scripted" in caught.value.next_step


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("1.14.9", "refuse"), ("1.15.0", "warn"), ("1.17.11", "ok"), ("1.18.33", "ok"), ("1.18.34", "warn"),
        ("1.19.0", "warn"), ("2.0.3", "refuse"), ("0.0.0-dev", "warn"), ("?", "warn"),
    ],
)  # fmt: skip
def test_which_versions_are_served(version: str, verdict: str) -> None:
    assert binary.judge_version(version).verdict == verdict


# ---------------------------------------------------------------------------------------------- the commands


def echelon(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(config.parent), "XDG_CONFIG_HOME": str(config)}
    command = [sys.executable, "-m", "echelon", *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=60
    )


def test_the_commands_say_what_they_do_and_give_everything_back(home: Path) -> None:
    (home / "opencode.jsonc").write_bytes(CONFIG)
    before = picture(home)
    first = echelon(home.parent, "install", "opencode")
    assert first.returncode == 0, first.stderr
    assert "open-codining@1.0.6 in ~/config/opencode/opencode.jsonc (line 4) is replaced" in first.stdout
    assert "written: ~/config/opencode/plugin/echelon.js" in first.stdout
    assert (home / "plugin/echelon.js").read_bytes() == bridge_source()
    assert "up to date" in echelon(home.parent, "install", "opencode").stdout
    assert load(home) is not None
    assert echelon(home.parent, "uninstall", "opencode").returncode == 0
    assert picture(home) == before


def test_a_host_that_is_not_there_is_a_usage_error_that_names_what_is(home: Path) -> None:
    done = echelon(home.parent, "install", "emacs")
    assert done.returncode == 2
    assert "opencode" in done.stderr
