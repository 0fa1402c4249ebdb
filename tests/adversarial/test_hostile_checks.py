"""Checks run an agent's code. Each of these tries something; none may hang us, survive, escape or learn a secret.

Where the sandbox is what prevents it the test says so by asking for it, and is skipped where there is none.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from echelon.checks import supervise
from echelon.checks.runner import run_check
from echelon.checks.sandbox import NO_SANDBOX, Sandbox, find_sandbox
from echelon.ports import CheckLimits, Execution

BUBBLEWRAP = find_sandbox("auto")
NO_BUBBLEWRAP = pytest.mark.skipif(BUBBLEWRAP.name == "none", reason="bubblewrap does not work on this machine")
BOXES = [pytest.param(NO_SANDBOX, id="none"), pytest.param(BUBBLEWRAP, id="bubblewrap", marks=NO_BUBBLEWRAP)]
both = pytest.mark.parametrize("box", BOXES)
PYTEST = f"{sys.executable} -m pytest -q"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    place = tmp_path / "checkout"
    place.mkdir()
    return place


@pytest.fixture
def tag() -> Iterator[str]:
    """An argument of `sleep` that no other process on this machine has; what is left with it afterwards is killed."""
    number = f"3{secrets.randbelow(10**9):09d}.5"
    yield number
    for pid in alive(number):
        os.kill(pid, signal.SIGKILL)


def alive(number: str) -> list[int]:
    listed = subprocess.run(["ps", "-axo", "pid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = (line.split(None, 2) for line in listed.splitlines())
    return [int(pid) for pid, state, args in rows if args == f"sleep {number}" and not state.startswith("Z")]


def check(command: str, place: Path, box: Sandbox, seconds: float = 30.0, **limits: int) -> Execution:
    return run_check(command, place, sandbox=box, limits=CheckLimits(seconds=seconds, **limits))


# ------------------------------------------------------------------------------------------ ends, and ends whole


@both
@pytest.mark.parametrize(
    "command",
    [
        "sleep {}",
        "trap '' TERM INT HUP; sleep {} & wait",
        "sleep {} | cat",
        "exec 1>&- 2>&-; sleep {}",
        "kill -STOP $$",
    ],
)
def test_hanging_ends_at_the_limit(checkout: Path, box: Sandbox, command: str, tag: str) -> None:
    seen = check(command.format(tag), checkout, box, seconds=0.4)
    assert (seen.outcome, seen.why, seen.exit_code) == ("could_not_run", "timed_out", None)
    assert alive(tag) == []


@both
@pytest.mark.parametrize(
    "leave",
    [
        "sleep {} &",
        "nohup sleep {} >/dev/null 2>&1 &",
        "setsid sleep {} >/dev/null 2>&1 < /dev/null & sleep 0.2",
        "(setsid setsid env -i sleep {} >/dev/null 2>&1 &) ; sleep 0.2",
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="orphans are found by Linux's child subreaper")
def test_a_daemon_left_behind_is_gone(checkout: Path, box: Sandbox, leave: str, tag: str) -> None:
    seen = check(leave.format(tag) + "\necho ready", checkout, box)
    assert (seen.outcome, seen.output_tail) == ("green", "ready")
    assert alive(tag) == []


@both
@pytest.mark.parametrize("how", ["kill -9 $PPID", "kill -STOP $PPID", "kill -9 0", "kill -9 -- -$$"])
def test_killing_the_parent_is_survived(checkout: Path, box: Sandbox, how: str, tag: str) -> None:
    seen = check(f"setsid sleep {tag} & sleep 0.1; {how}; sleep 0.2; exit 1", checkout, box, seconds=2)
    assert seen.outcome != "green"
    assert alive(tag) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_killing_every_ancestor_it_can_find_leaves_nothing(checkout: Path, tag: str) -> None:
    """Without a sandbox a check may kill its launcher too; its mark and session are then what we go by."""
    climb = "p=$(cut -d' ' -f4 /proc/$PPID/stat); kill -9 $p; kill -9 $PPID"
    seen = check(f"setsid sleep {tag} & sleep 0.1; {climb}; sleep {tag}", checkout, NO_SANDBOX, seconds=10)
    assert (seen.outcome, seen.why) == ("could_not_run", "killed")
    assert alive(tag) == []


@NO_BUBBLEWRAP
def test_killing_everybody_reaches_only_the_sandbox(checkout: Path) -> None:
    # The condition keeps a broken sandbox from taking the machine down with it.
    seen = check('test "$PPID" = 1 || exit 0; kill -9 -1; exit 1', checkout, BUBBLEWRAP)
    assert seen.outcome != "green", seen


@both
@pytest.mark.parametrize(
    "bomb",
    [
        "b() {{ if [ $1 -gt 0 ]; then b $(($1-1)) | b $(($1-1)) & fi; sleep {}; }}; b 8",
        "for i in $(seq 400); do setsid sleep {} & done; wait",
    ],
    ids=["one group", "a session each"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")
def test_a_fork_bomb_is_stopped(checkout: Path, box: Sandbox, bomb: str, tag: str) -> None:
    """The bombs have an end of their own, at some hundred processes: if we fail, the machine is shared."""
    seen = check(bomb.format(tag), checkout, box, processes=60)
    assert (seen.outcome, seen.why) == ("could_not_run", "killed"), seen
    assert "more than 60 processes" in seen.output_tail
    assert alive(tag) == []


@both
def test_memory_is_limited(checkout: Path, box: Sandbox) -> None:
    if sys.platform != "linux":
        pytest.skip("macOS does not enforce RLIMIT_DATA")
    seen = check(f"{sys.executable} -c 'bytearray(2**30)'", checkout, box, memory_bytes=256 * 1024**2)
    assert seen.outcome == "red" and "MemoryError" in seen.output_tail


@both
def test_file_size_is_limited(checkout: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FILE_BYTES", 1024 * 1024)
    seen = check("head -c 3000000 /dev/zero > big", checkout, box)
    assert seen.outcome != "green"
    assert (checkout / "big").stat().st_size == 1024 * 1024


@both
@pytest.mark.parametrize("command", ["yes", "cat /dev/zero", "while :; do echo x >&2; done", "(yes &) ; sleep 20"])
def test_a_flood_is_cut_off(checkout: Path, box: Sandbox, command: str) -> None:
    seen = check(command, checkout, box, output_bytes=200_000)
    assert (seen.outcome, seen.why) == ("could_not_run", "output_flood")
    assert len(seen.output_tail) < 20 * 600


@both
def test_standard_input_is_empty(checkout: Path, box: Sandbox) -> None:
    assert check("cat; read -r line", checkout, box).outcome == "red"


# ------------------------------------------------------------------------------------------ what it may touch


@both
def test_deleting_the_checkout_is_its_own_affair(checkout: Path, box: Sandbox) -> None:
    (checkout / "file").touch()
    seen = check('rm -rf "$PWD" "$HOME" "$TMPDIR" 2>/dev/null; echo done', checkout, box)
    assert seen.output_tail.endswith("done")
    assert not (checkout / "file").exists()


@NO_BUBBLEWRAP
@pytest.mark.parametrize(
    "attempt",
    [
        "echo x > ../outside/file",
        "rm -rf ../outside",
        "ln -s ../outside link && echo x > link/file",
        "mv ../outside ../moved",
        "chmod 777 ../outside/file",
        "mount -o remount,rw / ; echo x > ../outside/file",
        "unshare -r sh -c 'mount -o remount,rw / ; echo x > ../outside/file'",
    ],
)
def test_nothing_outside_is_written(checkout: Path, tmp_path: Path, attempt: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    check(f"{attempt}; true", checkout, BUBBLEWRAP)
    assert (tmp_path / "outside" / "file").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path != checkout] == ["outside"]


@NO_BUBBLEWRAP
@pytest.mark.parametrize(
    "place", ["/", "/etc", "/usr/bin", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys"]
)
def test_the_system_is_not_writable_even_for_root(checkout: Path, place: str) -> None:
    """Asked, not tried: a broken sandbox would let the attempt through to this machine."""
    assert check(f"test -w {place}", checkout, BUBBLEWRAP).outcome == "red"


@NO_BUBBLEWRAP
def test_the_network_is_closed(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"{sys.executable} -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 2)'"
        assert check(connect, checkout, BUBBLEWRAP).outcome == "red"
        opened = run_check(connect, checkout, sandbox=BUBBLEWRAP, network=True)
        assert opened.outcome == "green", opened


@NO_BUBBLEWRAP
def test_abstract_and_path_sockets_are_closed(checkout: Path, tmp_path: Path) -> None:
    name = f"\0echelon-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect(chr(0) + {name[1:]!r})"
        assert check(f'{sys.executable} -c "{code}"', checkout, BUBBLEWRAP).outcome == "red"


@both
def test_a_secret_in_the_environment_is_not_there(
    checkout: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_hex(16)
    for name in ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ECHELON_SECRET", "LD_PRELOAD_NOT"):
        monkeypatch.setenv(name, secret)
    looked = check(f"env; cat /proc/self/environ; ! env | grep -q {secret}", checkout, box)
    assert looked.outcome == "green" and secret not in looked.output_tail


@NO_BUBBLEWRAP
def test_a_secret_in_a_process_is_not_there(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own environment is in /proc, where any process of the same user could read it."""
    secret = secrets.token_hex(16)
    holder = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "TOKEN": secret})
    try:
        seen = check(f"cat /proc/*/environ | grep -c TOKEN={secret}", checkout, BUBBLEWRAP)
    finally:
        holder.kill()
        holder.wait()
    assert seen.output_tail == "0"


@NO_BUBBLEWRAP
def test_a_secret_in_the_home_is_not_there(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, state = tmp_path / "home", tmp_path / "state"
    for file in (home / ".ssh" / "id_ed25519", home / ".aws" / "credentials", state / "console.token"):
        file.parent.mkdir(parents=True)
        file.write_text("planted")
    monkeypatch.setenv("HOME", str(home))
    box = find_sandbox("required", hidden=(state,))
    look = f"cat {home}/.ssh/* {home}/.aws/* {state}/*; ls -A ~; cat ~/.ssh/id_ed25519"
    seen = check(look, checkout, box)
    assert seen.outcome == "red" and "planted" not in seen.output_tail
    sibling = check(f"ls -A {home} {state} {Path.home()}", checkout, box)
    assert ".ssh" not in sibling.output_tail and "console.token" not in sibling.output_tail


@NO_BUBBLEWRAP
def test_other_processes_cannot_be_seen_or_signalled(checkout: Path) -> None:
    assert check(f"kill -0 {os.getpid()}", checkout, BUBBLEWRAP).outcome == "red"


# ------------------------------------------------------------------------------------------ forged results


@both
@pytest.mark.parametrize(
    "early",
    ["import os\nos._exit(0)\n", "import sys\nsys.exit(0)\n", "import pytest\npytest.exit('fine', returncode=0)\n"],
)
def test_an_early_exit_has_no_counts(checkout: Path, box: Sandbox, early: str) -> None:
    """The exit code is green, as the command said; that no test was counted is what refuses it later."""
    (checkout / "conftest.py").write_text(early)
    (checkout / "test_it.py").write_text("def test_it(): assert 0\n")
    seen = check(PYTEST, checkout, box)
    assert seen.counts is None or seen.counts.tests == 0, seen


@both
def test_a_planted_report_is_not_read(checkout: Path, box: Sandbox) -> None:
    report = '<testsuite tests="9"><testcase name="a"/></testsuite>'
    for name in ("junit.xml", "report.xml", "report/junit.xml"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(report)
    assert check("echo pytest; exit 0", checkout, box).counts is None


@both
def test_a_report_replaced_by_something_else_is_not_read(checkout: Path, box: Sandbox, tmp_path: Path) -> None:
    (checkout / "forged.xml").write_text("<testsuite><testcase/></testsuite>")
    find = "f=$(echo \"$PYTEST_ADDOPTS\" | sed 's/.*--junitxml=\\([^ ]*\\).*/\\1/')"
    for put in ("ln -s $PWD/forged.xml $f", "mkfifo $f", "mkdir $f", "head -c 20000000 /dev/zero > $f"):
        seen = check(f"{find}; {put} && : pytest", checkout, box)
        assert (seen.outcome, seen.counts) == ("green", None), (put, seen)


@both
def test_the_verdict_cannot_be_spoken_by_the_check(checkout: Path, box: Sandbox) -> None:
    """No descriptor of the launcher's socket reaches the command, by inheritance or through /proc."""
    code = "import os\nfor fd in range(3, 200):\n  try: os.write(fd, b'exit 0\\n')\n  except OSError: pass\n"
    ancestors = "$PPID $(cut -d' ' -f4 /proc/$PPID/stat)"
    climb = f'for p in {ancestors}; do for d in /proc/$p/fd/*; do echo exit 0 > "$d"; done; done'
    (checkout / "forge.py").write_text(code)
    seen = check(f"{sys.executable} forge.py; {climb} 2>/dev/null; exit 5", checkout, box)
    assert (seen.outcome, seen.exit_code) == ("red", 5)


def test_output_that_speaks_for_the_launcher_is_only_output(checkout: Path) -> None:
    seen = check("printf 'exit 0\\nstart 1\\n'; exit 4", checkout, NO_SANDBOX)
    assert (seen.outcome, seen.exit_code) == ("red", 4)
