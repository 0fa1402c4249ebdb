"""Starts a check's processes, reads what they print, and sees to it that all of them end. It judges nothing.

Theory of operation: Echelon -> launcher (limits, last rites) -> sandbox or a shell -> the command's own shell.
The launcher sits at the other end of a socket: it tells the exit there, and a closed socket tells it to end all.
Where the launcher itself was stopped or killed, its descendants and every process with our mark are looked for.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from echelon.checks import launcher
from echelon.checks.output import Output
from echelon.errors import WorldError
from echelon.ports import CheckLimits

FILE_BYTES = 4 * 1024**3  # one file written by a check
STOP_SECONDS = 5.0  # for the launcher to kill and go
DRAIN_SECONDS = 2.0  # for the last output after everything was killed
SWEEPS = 200
CHUNK_BYTES = 64 * 1024
LISTEN_SECONDS = 0.2  # how long a person's stop may go unheard

MARK = "ECHELON_CHECK_ID"  # in the environment of every process of one check


@dataclass(slots=True)
class _Run:
    """A check under way."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    output: Output
    token: str
    said: bytes = b""  # the launcher's lines

    def word(self, name: bytes) -> int | None:
        """The number after `start` or `exit`, once the launcher has said it."""
        for line in self.said.splitlines(keepends=True):
            if line.startswith(name + b" ") and line.endswith(b"\n"):
                return int(line.split()[1])
        return None


def supervise(
    argv: list[str], directory: Path, variables: dict[str, str], limits: CheckLimits, stopped: Callable[[], bool]
) -> tuple[str, int | None, Output]:
    """(why it could not run or "", exit code, output). The reason is `stopped` when `stopped()` said so."""
    run = _start(argv, directory, variables, limits)
    try:
        why = _follow(run, limits, stopped)
    finally:
        _stop(run)
        flooded = not _drain(run)
        assert run.process.stdout is not None
        run.process.stdout.close()
        run.control.close()
    code = run.word(b"exit")
    if run.word(b"crowd") is not None:
        run.output.add(f"\n[echelon] more than {limits.processes} processes\n".encode())
        why = why or "killed"
    if flooded:
        why = why or "output_flood"
    return why, None if why else code, run.output


def _start(argv: list[str], directory: Path, variables: dict[str, str], limits: CheckLimits) -> _Run:
    token = secrets.token_hex(16)
    wanted = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": FILE_BYTES}
    if sys.platform.startswith("linux"):
        # Not the address space: V8 and others reserve far more than they use, and node would not start. The limit
        # on processes counts all of the user's, so what runs already is added.
        wanted |= {"RLIMIT_DATA": limits.memory_bytes, "RLIMIT_NPROC": launcher.threads() + limits.processes}
    spelled = ",".join(f"{name}={value}" for name, value in wanted.items())
    ours, theirs = socket.socketpair()
    command = [
        sys.executable,
        "-I",
        "-S",
        launcher.__file__,
        str(theirs.fileno()),
        str(limits.processes),
        spelled,
        *argv,
    ]
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**variables, MARK: token},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        ours.close()
        raise WorldError("CHECK_START_FAILED", f"a check in {directory} could not be started: {error}") from error
    finally:
        theirs.close()
    return _Run(process, ours, Output(limits.output_bytes), token)


def _follow(run: _Run, limits: CheckLimits, stopped: Callable[[], bool]) -> str:
    """Read until the launcher is gone or a limit is passed; the reason for stopping it, or ""."""
    deadline = time.monotonic() + limits.seconds
    assert run.process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(run.process.stdout, selectors.EVENT_READ)
        selector.register(run.control, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "timed_out"
            if stopped():
                return "stopped"
            for key, _ in selector.select(min(left, LISTEN_SECONDS)):
                data = os.read(key.fd, CHUNK_BYTES)
                if key.fileobj is run.control:
                    if not data:
                        return ""
                    run.said += data
                elif not data:
                    selector.unregister(key.fileobj)  # the command closed its output and goes on
                elif not run.output.add(data):
                    return "output_flood"


def _stop(run: _Run) -> None:
    """Nothing of the check is alive after this, as far as this machine lets us see it."""
    with contextlib.suppress(OSError):
        run.control.shutdown(socket.SHUT_WR)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.process.wait(STOP_SECONDS)
    told = run.word(b"exit") is not None or run.word(b"crowd") is not None
    if told and run.process.returncode == 0:
        return  # the launcher saw to it
    # The launcher was stopped, killed, or told to end early: look ourselves, by parentage, session and mark.
    session = run.word(b"start")
    if session is not None and run.process.returncode != 0:
        launcher.kill(session, group=True)
    for _ in range(SWEEPS):
        below = launcher.descendants(run.process.pid) if run.process.poll() is None else {}
        alive = {**below, **_marked(run.token)}
        alive.pop(run.process.pid, None)
        launcher.kill_all(alive)
        if not alive:
            break
    if run.process.poll() is None:
        run.process.kill()
    run.process.wait()


def _marked(token: str) -> dict[int, int]:
    """Processes that carry the check's mark in their first environment, as {pid: process group}."""
    needle = f"{MARK}={token}".encode()
    found: dict[int, int] = {}
    for pid, (_, group) in launcher.processes().items():
        with contextlib.suppress(OSError):
            if needle in Path(f"/proc/{pid}/environ").read_bytes():
                found[pid] = group
    return found


def _drain(run: _Run) -> bool:
    """Take what is still in the pipe; False when that passes the limit. Bounded: a survivor may hold it open."""
    deadline = time.monotonic() + DRAIN_SECONDS
    assert run.process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(run.process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and selector.select(left):
            data = os.read(run.process.stdout.fileno(), CHUNK_BYTES)
            if not data:
                break
            if not run.output.add(data):
                return False
    return True
