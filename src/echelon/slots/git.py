"""The one room that starts git.

What it must never do: read configuration, hooks, attributes or environment that somebody else can write, wait for
ever, or ask a question. The git directory it is given is ours (see repository.py), so what remains of the user's is
objects and references, which are data. Source: measured in 13 x 13 plantings, tests/adversarial/test_plantings.py.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from echelon.errors import GitError, LimitError, WorldError

MINIMUM_VERSION = (2, 38)  # merge-tree --write-tree, cat-file --batch-command -z
SECONDS = 120.0  # a checkout of a large tree on a busy disk; every call may name its own
OUTPUT_BYTES = 256 * 1024 * 1024  # a listing of two million paths
STDERR_TAIL = 2000

# Fixed for every call. The directory's own configuration is clean already; these hold should git grow new defaults.
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.logAllRefUpdates=true",
    "core.fsync=committed,reference",  # indexes are derived, objects and references are not
    "core.fsyncMethod=batch",  # one flush for all the loose objects of a snapshot
    "core.filesRefLockTimeout=10000",
    "core.packedRefsTimeout=10000",
    "core.pager=cat",
    "core.askPass=",
    "credential.helper=",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "diff.ignoreSubmodules=all",
)
_INHERITED = ("PATH", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH")
_USERS_HOME = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME")  # only where the user's own settings are asked for
_FIXED = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # refs/replace can be written from a slot
    "GIT_OPTIONAL_LOCKS": "0",
}
_NO_USER_CONFIG = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a commit says made it."""

    name: str
    email: str


ECHELON = Identity("Echelon", "echelon@localhost")


@dataclass(frozen=True, slots=True)
class Output:
    code: int
    stdout: bytes

    def fields(self) -> list[str]:
        """The NUL-terminated fields of a `-z` answer; bytes that are not UTF-8 survive as surrogates."""
        return [text(part) for part in self.stdout.split(b"\0")[:-1]]

    def lines(self) -> list[str]:
        return text(self.stdout).split("\n")[:-1]

    def line(self) -> str:
        return text(self.stdout.rstrip(b"\n"))


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def raw(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def run(
    args: Sequence[str],
    *,
    git_dir: Path | None,
    work_tree: Path | None = None,
    objects: Path | None = None,
    more_objects: Path | None = None,
    index: Path | None = None,
    input: bytes | None = None,  # noqa: A002 - subprocess's own word
    seconds: float = SECONDS,
    accept: tuple[int, ...] = (0,),
    settings: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    user_config: bool = False,
    hold: tuple[int, ...] = (),
) -> Output:
    """Run git once and return its exit code and standard output.

    `objects` is where objects are read and written, `more_objects` is only read. `hold` are lock descriptors the
    child keeps open, so that a place stays locked while git still writes after we were killed.
    Raises: WorldError GIT_MISSING, GIT_TOO_OLD; GitError GIT_FAILED, GIT_TIMEOUT; LimitError GIT_OUTPUT_LIMIT.
    """
    env = _environment(git_dir, work_tree, objects, more_objects, index, user_config) | dict(environment or {})
    with tempfile.TemporaryFile() as errors, _source(input) as source:
        process = _start(args, settings, env, work_tree or git_dir, source, errors, hold)
        code, stdout, why = _wait(process, seconds)
        if why or code not in accept:
            _fail(args, code, why, seconds, _tail(errors))
        return Output(code, stdout)


def begin(args: Sequence[str], *, git_dir: Path, objects: Path) -> subprocess.Popen[bytes]:
    """Start git and leave it running, to be talked to through its standard input and output; see batch.py.

    It ends when its standard input is closed, which the kernel does for a process of ours that dies.
    Raises: WorldError GIT_MISSING, GIT_TOO_OLD, GIT_FAILED_TO_START.
    """
    env = _environment(git_dir, None, objects, None, None, False)
    return _start(args, (), env, git_dir, subprocess.PIPE, subprocess.DEVNULL, ())


def _start(
    args: Sequence[str],
    settings: Sequence[str],
    env: Mapping[str, str],
    where: Path | None,
    source: IO[bytes] | int,
    errors: IO[bytes] | int,
    hold: tuple[int, ...],
) -> subprocess.Popen[bytes]:
    program = _program(os.environ.get("PATH", ""))
    options = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    command = [program, "--no-pager", *options, *args]
    try:
        return subprocess.Popen(
            [raw(part) for part in command] if sys.platform != "win32" else command,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=where,
            env=env,
            start_new_session=True,  # Ctrl-C must not stop git between two renames
            pass_fds=hold if sys.platform != "win32" else (),
        )
    except OSError as error:
        raise WorldError("GIT_FAILED_TO_START", f"git could not be started: {error}.", "Look at the path.") from error


def _fail(args: Sequence[str], code: int, why: str, seconds: float, stderr: str) -> None:
    shown = " ".join(args)
    shown = "git " + (shown if len(shown) <= 300 else shown[:300] + " …")
    if why == "timeout":
        raise GitError(
            "GIT_TIMEOUT", f"`{shown}` did not end within {seconds:g} s.", "Look for a slow disk; try again."
        )
    if why == "output":
        raise LimitError(
            "GIT_OUTPUT_LIMIT", f"`{shown}` wrote more than {OUTPUT_BYTES} bytes.", "Ignore generated files."
        )
    raise GitError("GIT_FAILED", f"`{shown}` answered {code}: {stderr or 'nothing on stderr'}", "Nothing was lost.")


def _wait(process: subprocess.Popen[bytes], seconds: float) -> tuple[int, bytes, str]:
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        with process:
            stdout, whole = _read(process)
            if not whole:
                _kill(process)
            code = process.wait()
    finally:
        timer.cancel()
    return code, stdout, "timeout" if late.is_set() else "" if whole else "output"


def _read(process: subprocess.Popen[bytes]) -> tuple[bytes, bool]:
    assert process.stdout is not None
    parts: list[bytes] = []
    size = 0
    while part := process.stdout.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > OUTPUT_BYTES:
            return b"", False
    return b"".join(parts), True


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@contextmanager
def _source(content: bytes | None) -> Iterator[IO[bytes] | int]:
    if content is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:  # a file, not a pipe: nobody has to feed it while we read
        file.write(content)
        file.seek(0)
        yield file


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - STDERR_TAIL))
    shown = errors.read().decode("utf-8", "replace").strip()
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in shown)


def _environment(
    git_dir: Path | None,
    work_tree: Path | None,
    objects: Path | None,
    more_objects: Path | None,
    index: Path | None,
    user_config: bool,
) -> dict[str, str]:
    names = _INHERITED + _USERS_HOME if user_config else _INHERITED
    env = {name: os.environ[name] for name in names if name in os.environ}
    env["PATH"] = _absolute_only(env.get("PATH", ""))
    env |= _FIXED if user_config else _FIXED | _NO_USER_CONFIG
    places = {"GIT_DIR": git_dir, "GIT_WORK_TREE": work_tree, "GIT_OBJECT_DIRECTORY": objects, "GIT_INDEX_FILE": index}
    # Absolute: git looks a relative one up in the work tree it is started in.
    env |= {name: str(place.absolute()) for name, place in places.items() if place is not None}
    if more_objects is not None:  # a list like PATH: quoted, a path may hold the separator
        quoted = str(more_objects.absolute()).replace("\\", "\\\\").replace('"', '\\"')
        env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{quoted}"'
    return env


def _absolute_only(path: str) -> str:
    # A relative entry would be looked up in the slot.
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if Path(entry).is_absolute())


@lru_cache(maxsize=8)
def _program(path: str) -> str:
    found = shutil.which("git", path=_absolute_only(path))
    if found is None:
        raise WorldError("GIT_MISSING", "git was not found on PATH.", "Install git 2.38 or newer: https://git-scm.com.")
    answer = subprocess.run(
        [found, "version"], check=False, capture_output=True, timeout=SECONDS, env=_FIXED | _NO_USER_CONFIG
    )
    version = re.search(rb"(\d+)\.(\d+)", answer.stdout)
    if version is None or (int(version[1]), int(version[2])) < MINIMUM_VERSION:
        seen = answer.stdout.decode("utf-8", "replace").strip() or "no version"
        raise WorldError("GIT_TOO_OLD", f"{found} says {seen!r}; 2.38 is needed.", "Install git 2.38 or newer.")
    return found
