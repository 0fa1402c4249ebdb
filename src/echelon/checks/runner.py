"""Runs one command of a criterion in one directory and says green, red or could not run. It judges nothing else.

It must end within the time limit whatever the command does, and leave no process and no file outside the checkout
behind. Source: design.md §5.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from echelon.checks.environment import scrubbed
from echelon.checks.junit import read_counts
from echelon.checks.output import tail
from echelon.checks.sandbox import NAME, Sandbox
from echelon.checks.supervise import supervise
from echelon.errors import InputError, StoppedError, WorldError
from echelon.ports import CheckLimits, Execution, Outcome

COMMAND_BYTES = 64 * 1024  # the kernel takes 128 KiB for one argument

SHELL_NAME = "echelon-check"  # $0 of the check's shell: the name before "command not found"

# A tool that is missing makes a base look red that was never tested, so these are "could not run".
_NOT_FOUND = re.compile(
    rf"^{SHELL_NAME}: (?:line )?\d+: .*: (?:command )?not found$"
    r"|^\S*python[\d.]*: No module named (?:pytest|coverage|tox|nox|mypy|ruff|behave|nose2)(?:\.\S+)?$"
    r"|^g?make(?:\[\d+\])?: \*\*\* .* Error 127$",
    re.MULTILINE,
)


def run_check(
    command: str,
    directory: Path,
    *,
    sandbox: Sandbox,
    limits: CheckLimits | None = None,
    environment: Mapping[str, str] | None = None,
    writable: tuple[Path, ...] = (),
    readable: tuple[Path, ...] = (),
    network: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Execution:
    """Run `command` by bash with pipefail (by sh where there is no bash; the output's tail then says so).

    `environment` is added to the scrubbed one. `writable` and `readable` are for the sandbox, see `Sandbox.wrap`.
    Raises: InputError CHECK_COMMAND_INVALID; WorldError CHECK_DIRECTORY_MISSING, CHECK_START_FAILED,
    CHECKS_UNSUPPORTED; StoppedError STOPPED soon after `stopped()` says True. Never raises for what the command does.
    """
    _refuse(command, directory)
    limits = limits or CheckLimits()
    scratch = Path(tempfile.mkdtemp(prefix="echelon-check-")).resolve()
    try:
        home, temporary, report = (scratch / name for name in ("home", "tmp", "report"))
        for path in (home, temporary, report):
            path.mkdir()
        shown = Path("/tmp") if sandbox.name == NAME else temporary  # noqa: S108 - private: `temporary` is mounted there
        variables = scrubbed(home, shown, environment or {})
        report_file = report / "junit.xml" if "pytest" in command else None
        if report_file:
            variables["PYTEST_ADDOPTS"] = _pytest_options(variables.get("PYTEST_ADDOPTS", ""), report_file)
        shell, note = _shell()
        argv = sandbox.wrap(
            [*shell, command, SHELL_NAME],
            directory,
            writable=(*writable, home, report),
            readable=readable,
            network=network,
            temporary=temporary,
        )
        started = time.monotonic()
        why, code, output = supervise(argv, directory, variables, limits, stopped)
        if why == "stopped":
            raise StoppedError("STOPPED", f"the check `{command[:60]}` was stopped; it says nothing.")
        seconds = time.monotonic() - started
        text = output.text()
        outcome, why = _judge(why, code, text, sandboxed=sandbox.name == NAME)
        counts = read_counts(report_file) if report_file else None
        return Execution(
            outcome=outcome,
            why=why,
            exit_code=code,
            seconds=round(seconds, 3),
            output_tail="\n".join(filter(None, [note, tail(text, limits.tail_lines)])),
            output_digest=output.digest(),
            sandbox=sandbox.name,
            counts=counts,
        )
    finally:
        remove_tree(scratch)


def _refuse(command: str, directory: Path) -> None:
    if os.name != "posix":
        raise WorldError("CHECKS_UNSUPPORTED", "checks run on Linux and macOS only.", "use WSL on Windows.")
    if not command.strip() or "\0" in command or len(command.encode("utf-8", "surrogatepass")) > COMMAND_BYTES:
        raise InputError(
            "CHECK_COMMAND_INVALID",
            f"a check is text of 1 to {COMMAND_BYTES} bytes without NUL; this one begins {command[:60]!r}.",
            "put long commands into a script and call that.",
        )
    if not directory.is_dir():
        raise WorldError("CHECK_DIRECTORY_MISSING", f"there is no directory {directory} to run a check in.")


def _shell() -> tuple[list[str], str]:
    """The shell up to `-c`, and a note for the record when it is not bash."""
    # The usual places first: PATH may hold a program named bash that is not one.
    bash = next((path for path in ("/bin/bash", "/usr/bin/bash") if os.access(path, os.X_OK)), shutil.which("bash"))
    if bash:
        return [bash, "-o", "pipefail", "-c"], ""
    return ["/bin/sh", "-c"], "[echelon] no bash on this machine: run by sh, where a pipe's first part may fail unseen"


def _pytest_options(existing: str, report: Path) -> str:
    """PYTEST_ADDOPTS with our options last, so that they win over the configuration's but not over the command's."""
    return f"{existing} --junitxml={shlex.quote(str(report))} -p no:cacheprovider".strip()


def _judge(why: str, code: int | None, text: str, *, sandboxed: bool) -> tuple[Outcome, str]:
    """Shells, bubblewrap and the launcher all report death by signal n as 128 + n."""
    if why:
        return "could_not_run", why
    if code is None or 128 < code <= 128 + 64:
        return "could_not_run", "killed"
    if code == 0:
        return "green", ""
    if code == 126:
        return "could_not_run", "not_executable"
    if code == 127 or _NOT_FOUND.search(text):
        return "could_not_run", "not_found"
    if sandboxed and code == 1 and text.startswith("bwrap: "):
        return "could_not_run", "no_sandbox"  # it failed before the command; nobody else prints that first
    return "red", ""


def remove_tree(root: Path) -> None:
    """Remove a private directory although a check may have taken away the right to; what stays, stays."""
    shutil.rmtree(root, ignore_errors=True)
    if not root.exists():
        return
    for path, _, _ in os.walk(root, followlinks=False):
        with contextlib.suppress(OSError):
            os.chmod(path, stat.S_IRWXU, follow_symlinks=False)  # noqa: PTH101 - Path has no follow_symlinks in 3.11 on Linux
    shutil.rmtree(root, ignore_errors=True)
