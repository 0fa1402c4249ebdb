"""The command line that is built, and what is inside when it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from echelon.checks import sandbox as module
from echelon.checks.runner import run_check
from echelon.checks.sandbox import NO_SANDBOX, Sandbox, find_sandbox
from echelon.errors import InputError, WorldError
from echelon.ports import Execution

BUBBLEWRAP = find_sandbox("auto")
needs_bubblewrap = pytest.mark.skipif(BUBBLEWRAP.name == "none", reason="bubblewrap does not work on this machine")


def test_off_is_off() -> None:
    assert find_sandbox("off") is NO_SANDBOX


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(InputError, match="SANDBOX_UNKNOWN"):
        find_sandbox("maybe")  # type: ignore[arg-type]


def test_required_and_absent_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    module._probe.cache_clear()
    try:
        assert find_sandbox("auto") == NO_SANDBOX
        with pytest.raises(WorldError, match=r"SANDBOX_MISSING.*apt install bubblewrap"):
            find_sandbox("required")
    finally:
        module._probe.cache_clear()


def test_a_program_that_is_not_bubblewrap_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho no permission >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(module.shutil, "which", lambda _: str(fake))
    module._probe.cache_clear()
    try:
        with pytest.raises(WorldError, match="no permission"):
            find_sandbox("required")
    finally:
        module._probe.cache_clear()


def test_without_a_sandbox_a_shell_stands_between(tmp_path: Path) -> None:
    assert NO_SANDBOX.wrap(["prog", "arg"], tmp_path)[-2:] == ["prog", "arg"]
    assert NO_SANDBOX.wrap(["prog"], tmp_path)[0] == "/bin/sh"


def test_the_deeper_path_decides(tmp_path: Path) -> None:
    for name in ("state/slots/a", "state/cache"):
        (tmp_path / name).mkdir(parents=True)
    box = Sandbox("bubblewrap", "bwrap", hidden=(tmp_path / "state",))
    argv = box.wrap(["x"], tmp_path / "state" / "slots" / "a", readable=(tmp_path / "state" / "cache",))
    order = [argv.index(str(tmp_path / name)) for name in ("state", "state/cache", "state/slots/a")]
    assert order == sorted(order)
    assert argv[order[0] - 1] == "--tmpfs" and argv[order[1] - 1] == "--ro-bind" and argv[order[2] - 1] == "--bind"
    assert "--share-net" not in argv and "--share-net" in box.wrap(["x"], tmp_path, network=True)


def inside(command: str, directory: Path, box: Sandbox = BUBBLEWRAP, **more: tuple[Path, ...]) -> Execution:
    return run_check(command, directory, sandbox=box, **more)  # type: ignore[arg-type]


@needs_bubblewrap
def test_only_the_checkout_is_writable(tmp_path: Path) -> None:
    (checkout := tmp_path / "checkout").mkdir()
    seen = inside("touch here; touch /etc/x /usr/x /x; touch /tmp/ok ~/ok && ls -A / >/dev/null", checkout)
    assert (seen.outcome, seen.sandbox) == ("green", "bubblewrap")
    assert seen.output_tail.count("Read-only") == 3
    assert [path.name for path in tmp_path.rglob("*")] == ["checkout", "here"]


@needs_bubblewrap
def test_hidden_and_readable(tmp_path: Path) -> None:
    for name in ("work/.venv", "work/.git", "checkout", "out"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "checkout" / ".venv").symlink_to(tmp_path / "work" / ".venv")
    box = find_sandbox("required", hidden=(tmp_path / "work",))
    venv, out = (tmp_path / "work" / ".venv",), (tmp_path / "out",)
    assert inside("cat .venv/file", tmp_path / "checkout", box, readable=venv).output_tail == "work/.venv"
    assert inside("cat ../work/.git/file", tmp_path / "checkout", box, readable=venv).outcome == "red"
    assert inside("echo x > .venv/file", tmp_path / "checkout", box, readable=venv).outcome == "red"
    assert inside("echo x > ../out/file", tmp_path / "checkout", box, writable=out).outcome == "green"


@needs_bubblewrap
def test_a_sandbox_that_fails_is_not_the_command_failing(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: Creating new namespace failed' >&2\nexit 1\n")
    broken.chmod(0o755)
    seen = inside("true", tmp_path, Sandbox("bubblewrap", str(broken)))
    assert (seen.outcome, seen.why) == ("could_not_run", "no_sandbox")
