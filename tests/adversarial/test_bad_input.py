"""What people's disks, editors and habits do to us (issue 2, "Bad input, faults"): each gets a sentence with a code,
an exit code that says whose fault it is, and every byte of theirs is still there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slots_world import plain, write
from workspaces import THREE, Shop, backlog, bytes_of, check, command, does, item, wants

BACKLOG, SPEC = ".opencode/backlog.md", ".opencode/spec.md"
ROOT = os.geteuid() == 0


def told(shop: Shop, *words: str, code: str, exit_code: int = 1) -> str:
    """Run a command that must say no with a code and lose nothing; its stderr."""
    before = bytes_of(shop.root, without=(".git",))
    done = shop.cli(*words)
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert code in done.stderr, done.stderr
    after = bytes_of(shop.root, without=(".git",))
    assert {name: content for name, content in after.items() if name in before} == before
    return done.stderr


# ------------------------------------------------------------------------------------------------ documents


DOCUMENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "NOTHING_ELIGIBLE"),
    "no item": (b"# Backlog\n", "NOTHING_ELIGIBLE"),
    "no criteria": (backlog(item("B001")).encode(), "add criteria below"),
    "no check": (backlog(item("B001", "it is nice")).encode(), "add — check:"),
    "duplicate ids": (backlog(wants("B001"), wants("B001")).encode(), "B001 has errors"),
    "a cycle": (backlog(wants("B001", depends="B002"), wants("B002", depends="B001")).encode(), "B001 → B002 → B001"),
    "its own dependency": (backlog(wants("B001", depends="B001")).encode(), "B001 → B001"),
    "an unknown dependency": (backlog(wants("B001", depends="B077")).encode(), "B077, which does not exist"),
    "another project's item": (backlog(wants("B001", depends="PRJ-001/B001")).encode(), "PRJ-001/B001"),
    "a failed dependency": (backlog(wants("B001", marker="-"), wants("B002", depends="B001")).encode(), "is failed"),
    "a marker nobody knows": (backlog(wants("B001", marker="?")).encode(), "B001"),
    "a priority nobody knows": (backlog(wants("B001", priority=9)).encode(), "B001"),
    "a check without a command": (
        backlog(item("B001", "it holds — check: grep x")).encode(),
        "no command in backquotes",
    ),
    "an item in progress without a mission": (backlog(wants("B001", marker="/")).encode(), "ITEM_IN_PROGRESS"),
    "NUL bytes only": (b"\0" * 1000, "NOTHING_ELIGIBLE"),
    "noise": (bytes(range(256)) * 40, "NOTHING_ELIGIBLE"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_odd_backlog_is_explained(tmp_path: Path, name: str) -> None:
    content, code = DOCUMENTS[name]
    shop = Shop.make(tmp_path)
    shop.commit("odd", {BACKLOG: content})
    shop.play({"B001": [does("B001")]})
    if name == "a priority nobody knows":  # read as the lowest, and reported: the item can still be worked on
        assert shop.cli("deliver").returncode in (0, 1)
    else:
        told(shop, "deliver", code=code)
    for words in (("status",), ("doctor", "--json")):
        assert shop.cli(*words).returncode in (0, 1)


def test_bytes_that_are_not_utf8_survive_a_delivery(tmp_path: Path) -> None:
    odd = THREE.encode() + "Prose: café\n".encode("latin-1")
    shop = Shop.make(tmp_path)
    shop.commit("latin", {BACKLOG: odd, SPEC: "# Spec\n\nCaf\xe9\n".encode("latin-1")})
    assert shop.cli("deliver").returncode == 0
    assert (shop.root / BACKLOG).read_bytes() == odd.replace(b"Status: [ ]", b"Status: [x]")
    assert "INVALID_UTF8" in shop.cli("doctor").stdout


def test_a_backlog_of_ten_megabytes_is_delivered_or_refused_in_one_piece(tmp_path: Path) -> None:
    filler = "prose " * 150 + "\n"
    big = THREE + "\n## Notes\n\n" + filler * (10_000_000 // len(filler))
    shop = Shop.make(tmp_path)
    shop.commit("big", {BACKLOG: big})
    done = shop.cli("deliver", "--item", "B001")
    held = (shop.root / BACKLOG).read_text("utf-8")
    if done.returncode:
        assert "TOO_LARGE" in done.stderr and held == big
    else:
        assert held == big.replace("Status: [ ]", "Status: [x]", 1)
    assert shop.cli("status").returncode in (0, 1)


def test_missing_documents_are_named(tmp_path: Path) -> None:
    for path in (SPEC, BACKLOG):
        shop = Shop.make(tmp_path / path.replace("/", "-"))
        (shop.root / path).unlink()
        assert path in told(shop, "deliver", code="MODE_INACTIVE")
        assert "echelon init" in shop.cli("status").stdout


def test_no_workspace_is_said(tmp_path: Path) -> None:
    for words in (("deliver",), ("status",), ("doctor",), ("log",), ("undo",), ("verify",), ("call", "backlog_status")):
        done = command(tmp_path, tmp_path / "home", *words)
        assert done.returncode == 1 and "NO_WORKSPACE" in done.stderr and "echelon init" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"home"}


def test_a_command_finds_the_workspace_from_below(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, files={"a/b/c.txt": "x"})
    assert "B001" in shop.cli("status", cwd=shop.root / "a/b").stdout


# ------------------------------------------------------------------------------------------------ configuration


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"polcy": "proved"}', '{"policy": "lax"}', '{"limits": {"attempts": "many"}}', "[" * 100_000],
)
def test_a_broken_configuration_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    shop = Shop.make(tmp_path)
    write(shop.root, {".opencode/orchestrator.jsonc": text})
    told(shop, "deliver", code="CONFIG_INVALID")
    found = shop.cli("doctor")
    assert found.returncode == 1 and ".opencode/orchestrator.jsonc:" in found.stdout


def test_a_broken_setup_step_is_refused(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, config={"setup": [{"dance": "x"}]})
    done = shop.cli("deliver")
    assert done.returncode == 1 and "setup" in done.stderr


def test_a_setup_step_that_fails_shows_its_output(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, config={"setup": [{"run": "echo the reason; exit 3", "produces": ["made"], "key": []}]})
    done = shop.cli("deliver")
    assert done.returncode == 1 and "the reason" in done.stderr


def test_an_unknown_base_branch_is_said(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, config={"baseBranch": "nowhere"})
    told(shop, "deliver", code="BRANCH_MISSING")


# ------------------------------------------------------------------------------------------------ playbook


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "PLAYBOOK_MISSING"),
        ("[[B001", "PLAYBOOK_INVALID"),
        ("B001 = 3\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = 3\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [3]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ dance = 1 }]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nclaim = 'perhaps'\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nclaim = ['done']\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\ntokens = 'many'\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nrecord = 3\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nrecord = { files = 3 }\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ sleep = 'long' }]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ loop = 'x' }]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ run = 'true', seconds = 'x' }]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ write = '../../x', text = '' }]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ write = '/x', text = '' }]\n", "PLAYBOOK_INVALID"),
        ("[[B001]]\nsteps = [{ write = 'x', from = 'no/such' }]\n", "PLAYBOOK_INVALID"),
    ],
)
def test_a_broken_playbook_is_refused_with_its_place(tmp_path: Path, text: str | None, code: str) -> None:
    shop = Shop.make(tmp_path)
    path = shop.root / ".opencode/playbook/playbook.toml"
    path.unlink() if text is None else path.write_text(text, "utf-8")
    done = shop.cli("deliver", "--host", "scripted")
    assert done.returncode == 1 and code in done.stderr and "playbook.toml" in done.stderr


def test_a_playbook_that_cannot_act_ends_the_attempt(tmp_path: Path) -> None:
    """A directory where a file is written, a file where a directory is: the host says so, and a person is asked."""
    for number, step in enumerate(
        ({"write": "src", "text": ""}, {"write": "README.md/x", "text": ""}, {"delete": "src"})
    ):
        shop = Shop.make(
            tmp_path / str(number),
            backlog(wants("B001")),
            {"B001": [{"steps": [step]}]},
            {"src/app.py": "x = 1\n"},
            config={"limits": {"attempts": 1}},
        )
        seen = shop.deliver()
        assert seen.outcome.status == "blocked" and "B001" in "\n".join(seen.outcome.reasons)


# ------------------------------------------------------------------------------------------------ git


def test_an_empty_repository_is_said(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    plain(shop.root, "init", "-q", "-b", "main")
    told(shop, "deliver", code="NO_COMMIT")


def test_a_detached_head_is_said(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    shop.git("checkout", "-q", "--detach")
    told(shop, "deliver", code="HEAD_DETACHED")
    write(shop.root, {".opencode/orchestrator.jsonc": '{"baseBranch": "main"}'})
    assert shop.cli("deliver").returncode == 0  # said once in the settings, the checkout may stand where it will
    assert shop.merges() == ["B001", "B002", "B003"]


def test_uncommitted_criteria_are_not_worked_on(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    write(shop.root, {BACKLOG: THREE.replace("grep -qx done", "test -f")})
    assert "git add .opencode && git commit" in told(shop, "deliver", code="committed backlog")
    told(shop, "deliver", "--item", "B001", code="DEFINITION_NOT_COMMITTED")


def test_state_that_git_does_not_track_is_fine(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, git=False)
    write(shop.root, {".gitignore": ".opencode/\n"})
    plain(shop.root, "init", "-q", "-b", "main")
    plain(shop.root, "config", "user.name", "Una")
    plain(shop.root, "config", "user.email", "una@example.org")
    shop.commit("start")
    assert shop.cli("deliver").returncode == 0
    assert shop.cli("verify").returncode == 0


def test_a_dirty_checkout_keeps_every_change(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, files={"mine.txt": "one\n"})
    write(shop.root, {"mine.txt": "one\ntwo\n", "new.txt": "untracked\n"})
    write(shop.root, {"staged.txt": "staged\n"})
    shop.git("add", "staged.txt")
    assert shop.cli("deliver").returncode == 0
    assert (shop.root / "mine.txt").read_text("utf-8") == "one\ntwo\n"
    status = shop.git("status", "--porcelain", "--", "*.txt").splitlines()
    assert status == [" M mine.txt", "A  staged.txt", "?? new.txt"]
    assert (shop.root / "B003.txt").exists()


def test_a_change_in_the_way_of_a_merge_is_not_written_over(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    write(shop.root, {"B001.txt": "my draft\n"})
    said = shop.cli("deliver")
    assert said.returncode == 1 and "CHECKOUT_OVERLAP" in said.stderr
    assert "B001.txt" in said.stderr and (shop.root / "B001.txt").read_text("utf-8") == "my draft\n"
    (shop.root / "B001.txt").unlink()
    assert shop.cli("deliver").returncode == 0
    assert shop.merges() == ["B001", "B002", "B003"]


def test_a_repository_with_a_submodule_is_delivered(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    plain(other, "init", "-q", "-b", "main")
    write(other, {"lib.txt": "lib\n"})
    plain(other, "add", "-A")
    plain(other, "-c", "user.name=U", "-c", "user.email=u@example.org", "commit", "-q", "-m", "lib")
    shop = Shop.make(tmp_path)
    shop.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "lib")
    shop.commit("feat: lib")
    link = shop.git("rev-parse", "main:lib")
    done = shop.cli("deliver")
    assert done.returncode == 0, done.stderr
    assert shop.git("rev-parse", "main:lib") == link and (shop.root / "lib/lib.txt").read_text("utf-8") == "lib\n"


def fake_git(folder: Path, version: str) -> Path:
    folder.mkdir()
    program = folder / "git"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo "git version {version}" && exit\nexec {shutil.which("git")} "$@"\n'
    )
    program.chmod(0o755)
    return folder


def test_an_old_git_is_said(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    folder = fake_git(tmp_path / "bin", "2.30.1")
    done = shop.cli("deliver", PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 1 and "GIT_TOO_OLD" in done.stderr and "2.38" in done.stderr


def test_a_missing_git_is_said(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    empty = tmp_path / "bin"
    empty.mkdir()
    for words in (("deliver",), ("verify",)):
        done = shop.cli(*words, PATH=str(empty))
        assert done.returncode == 1 and "GIT_MISSING" in done.stderr
    assert shop.cli("status", PATH=str(empty)).returncode == 0


# ------------------------------------------------------------------------------------------------ disk


def _link_state(shop: Shop, outside: Path) -> None:
    shutil.move(shop.root / BACKLOG, outside / "backlog.md")
    (shop.root / BACKLOG).symlink_to(outside / "backlog.md")


def _link_folder(shop: Shop, outside: Path) -> None:
    shutil.move(shop.root / ".opencode", outside / "state")
    (shop.root / ".opencode").symlink_to(outside / "state")


def _link_own(shop: Shop, outside: Path) -> None:
    (shop.root / ".opencode/echelon").symlink_to(outside)


def _directory(shop: Shop, outside: Path) -> None:
    (shop.root / BACKLOG).unlink()
    (shop.root / BACKLOG).mkdir()


def _fifo(shop: Shop, outside: Path) -> None:
    (shop.root / BACKLOG).unlink()
    os.mkfifo(shop.root / BACKLOG)


@pytest.mark.parametrize("plant", [_link_state, _link_folder, _link_own, _directory, _fifo])
def test_what_is_no_plain_file_is_refused_and_never_written_through(
    tmp_path: Path, plant: Callable[[Shop, Path], None]
) -> None:
    shop = Shop.make(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    plant(shop, outside)
    held = bytes_of(outside)
    for words in (("deliver",), ("status",), ("call", "backlog_start_item")):
        done = shop.cli(*words)
        if words[0] != "status" or plant is not _link_own:
            assert done.returncode == 1 and "[" not in done.stderr[:1] and ": " in done.stderr, done.stdout
            assert done.stderr.split(":")[0].isupper() or "REFUSED" in done.stderr or "BLOCKED" in done.stderr
    assert bytes_of(outside) == held


def test_a_read_only_state_folder_is_said(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    if ROOT:  # root may write everywhere; what even root cannot write below stands in the way instead
        write(shop.root, {".opencode/echelon": "in the way\n"})
    else:
        (shop.root / ".opencode").chmod(0o555)
    try:
        done = shop.cli("deliver")
        assert done.returncode == 1 and ".opencode" in done.stderr and "BUG" not in done.stderr
        assert shop.cli("status").returncode in (0, 1)
    finally:
        (shop.root / ".opencode").chmod(0o755)


def test_a_read_only_state_place_is_said(tmp_path: Path) -> None:
    """The user's state directory cannot be made: a file stands where it must be."""
    shop = Shop.make(tmp_path)
    (shop.home / "state").write_text("in the way\n", "utf-8")
    done = shop.cli("deliver")
    assert done.returncode == 1 and "state" in done.stderr and "BUG" not in done.stderr
    assert shop.delivered() == []


def test_a_read_only_workspace_on_a_real_mount(tmp_path: Path) -> None:
    """bubblewrap gives a read-only view where it works; a person's write-protected disk is no different."""
    shop = Shop.make(tmp_path)
    view = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(shop.root), str(shop.root)]
    try:
        works = subprocess.run([*view, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        works = False
    if not works:
        pytest.skip("no bubblewrap that works here")
    import sys

    for words in (["deliver"], ["status"], ["call", "backlog_start_item"], ["doctor"]):
        done = subprocess.run(
            [*view, sys.executable, "-m", "echelon", *words],
            cwd=shop.root,
            env=shop.env(),
            capture_output=True,
            text=True,
        )
        assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
        assert done.returncode == 1 or words[0] in ("status", "doctor")


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One item delivered of two; what was made of it lies beside it."""
    folder = tmp_path_factory.mktemp("worked") / "now"
    shop = Shop.make(folder, backlog(wants("B001"), wants("B002")), {"B001": [does("B001")]})
    shop.deliver("B001")
    shutil.copytree(folder, folder.with_name("then"), symlinks=True)
    return shop


@pytest.mark.parametrize("name", ["missions.json", "attempts.jsonl", "evidence.jsonl", "operations.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\0\xff{" * 50, b'{"a": null}\n'])
def test_a_damaged_record_of_ours_is_a_sentence(worked: Shop, name: str, content: bytes) -> None:
    shop, folder = worked, worked.root.parent
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name("then"), folder, symlinks=True)
    write(shop.root, {f".opencode/echelon/{name}": content})
    for words in (("status", "--json"), ("doctor",), ("log",), ("verify", "--no-run"), ("deliver",)):
        done = shop.cli(*words)
        assert done.returncode in (0, 1), done.stderr
    assert (shop.root / "B001.txt").exists()


def test_words_from_outside_cannot_steer_a_terminal(tmp_path: Path) -> None:
    red = "\x1b[31mred\x1b]0;title\x07\u202e"
    text = backlog(item("B001", check("false", f"it {red} holds"))).replace("Title of B001", f"Title {red}")
    plays = {"B001": [{"steps": [{"say": red}, {"ask": f"May I {red}?"}]}]}
    shop = Shop.make(tmp_path, text, plays, config={"limits": {"attempts": 1}})
    for words in (("deliver",), ("status",), ("report",), ("doctor",), ("log",)):
        done = shop.cli(*words)
        assert not set("\x1b\x07\u202e") & set(done.stdout + done.stderr), words
