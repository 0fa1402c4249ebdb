"""Which OpenCode is installed, and whether its version is one that the bridge works in.

The bounds are measured: one bridge file served 1.15.0, 1.17.11, 1.18.3 and 1.18.33; OpenCode 2 loads no plugin of
the V1 shape at all.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from echelon.errors import HostError

LEAST = (1, 15)
PROMISED = ((1, 17), (1, 18))  # minor versions that the end-to-end tests run on
TESTED = (1, 18, 33)
VERSION_SECONDS = 20.0  # it takes 2 s on a busy machine; a wrapper that waits for something must not hold us
OUTPUT_BYTES = 4096
HOW_TO_GET_IT = "npm install -g opencode-ai"
_USUAL = (".opencode/bin", ".local/bin", ".npm-global/bin", ".bun/bin")  # below the home directory
_USUAL_ROOT = ("/opt/homebrew/bin", "/usr/local/bin")
_VERSION = re.compile(rb"(?<![\w.])v?(\d{1,6}\.\d{1,6}\.\d{1,6}(?:[-+][\w.+-]{1,64})?)(?![\w.])")


@dataclass(frozen=True, slots=True)
class OpenCode:
    path: str  # absolute
    version: str  # "1.18.33"; a build's suffix stays


@dataclass(frozen=True, slots=True)
class Judgement:
    """`text` says why, "" when there is nothing to say."""

    verdict: Literal["ok", "warn", "refuse"]
    text: str = ""


def find_opencode(configured: str = "") -> OpenCode | None:
    """The OpenCode that a person would start: the configured path, else the PATH, else where installers put it.

    None when there is none. Raises HostError OPENCODE_MISSING when `configured` names no program, OPENCODE_FAILED
    when a program is there and does not tell its version in VERSION_SECONDS.
    """
    path = _program(configured)
    return None if path is None else OpenCode(path, _version_of(path))


def require_opencode(configured: str = "") -> OpenCode:
    """As find_opencode; HostError OPENCODE_MISSING when there is none, OPENCODE_UNSUPPORTED for a refused version."""
    found = find_opencode(configured)
    if found is None:
        raise HostError("OPENCODE_MISSING", "OpenCode is not on the PATH.", _get_it())
    judged = judge_version(found.version)
    if judged.verdict == "refuse":
        raise HostError("OPENCODE_UNSUPPORTED", f"{found.path}: {judged.text}", _get_it())
    return found


def judge_version(version: str) -> Judgement:
    """Whether the bridge works in this version: what was tried is ok, what was not is said, what cannot is refused."""
    least, tested = _dotted(LEAST), _dotted(TESTED)
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None or version.startswith("0.0.0"):
        return Judgement("warn", f"OpenCode calls its version {version[:40]!r}, so it is not known whether this works.")
    number = (int(match[1]), int(match[2]), int(match[3]))
    if number[0] >= 2:
        return Judgement("refuse", f"OpenCode {version} does not load V1 plugins such as Echelon's; use 1.18.")
    if number[:2] < LEAST:
        return Judgement("refuse", f"OpenCode {version} is older than {least}, the first whose plugins can do this.")
    if number > TESTED:
        return Judgement("warn", f"OpenCode {version} is newer than {tested}, the last that Echelon was tried on.")
    if number[:2] not in PROMISED:
        promised = " and ".join(_dotted(minor) for minor in PROMISED)
        return Judgement("warn", f"OpenCode {version} is tolerated; Echelon is tested on {promised}.")
    return Judgement("ok")


def _dotted(number: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in number)


def _get_it() -> str:
    return f"{HOW_TO_GET_IT}, or go without it: echelon deliver --host scripted"


def _program(configured: str) -> str | None:
    if configured:
        path = shutil.which(Path(configured).expanduser())
        if path is None:
            message = f'"opencode.path" names {configured[:200]}, which is no program that can be started.'
            raise HostError("OPENCODE_MISSING", message, f"mend the path, or remove it; {_get_it()}")
        return str(Path(path).absolute())
    path = shutil.which("opencode")
    if path is None:
        home = Path("~").expanduser()
        places = [str(home / place) for place in _USUAL] + list(_USUAL_ROOT)
        path = shutil.which("opencode", path=os.pathsep.join(places))
    return None if path is None else str(Path(path).absolute())


def _version_of(path: str) -> str:
    output = _run_version(path)
    found = _VERSION.search(output)
    if found is None:
        said = output[:200].decode("utf-8", "replace").strip()
        why = f"{path} --version does not say a version" + (f", but: {said}" if said else ".")
        raise HostError("OPENCODE_FAILED", why, f"run it yourself; {HOW_TO_GET_IT} installs it anew")
    return found[1].decode()


def _run_version(path: str) -> bytes:
    """The first bytes of what it prints. The npm wrapper starts the real program, so the whole group is ended."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                [path, "--version"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            message = f"{path} cannot be started: {error.strerror or error}."
            raise HostError("OPENCODE_FAILED", message, f"{HOW_TO_GET_IT} installs it anew") from error
        try:
            process.wait(VERSION_SECONDS)
        except subprocess.TimeoutExpired as error:
            message = f"{path} --version did not end in {VERSION_SECONDS:g} seconds."
            raise HostError("OPENCODE_FAILED", message, "run it yourself and see what it waits for") from error
        finally:
            _end(process)
        output.seek(0)
        return output.read(OUTPUT_BYTES)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
